/* kinds.h -- leaks and cycles by kind.
 *
 * A kind of cycle is a set of (type, site, offset, type of target) of the edges between its
 * objects; kinds that read alike have one signature (leaks.h).  In JSON a row stands for a
 * signature.
 */
#ifndef GCG_REPORT_KINDS_H
#define GCG_REPORT_KINDS_H

#include "report/json.h"
#include "report/leaks.h"
#include "report/model.h"

/* A hash of what object ID is: its type and site. */
uint64_t gcg__object_kind (const struct gcg__model *model, uint32_t id);
/* A hash of the kind of CYCLE.  Linear in its edges. */
uint64_t gcg__cycle_kind (const struct gcg__model *model, uint32_t cycle);

/* Writes member "kinds", what REPORT has by signature: the first 1,000, those that hold most first,
   and "kind_count", how many there are.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__kinds_of_leaks (const struct gcg__leak_report *report, struct gcg__json *json,
                                     struct gcg_error *error) __attribute__ ((warn_unused_result));

/* The same for all leaks and cycles of MODEL, without rules; harmless cycles come last.  Errors:
   GCG_NO_MEMORY. */
enum gcg_status gcg__kinds_of_garbage (struct gcg__model *model, struct gcg__json *json,
                                       struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Leaks and cycles of a snapshot by signature; one piece of memory, texts and all. */
struct gcg__kind_table
{
  uint64_t n_kinds; /* all */
  uint32_t n; /* those with a row: the first 1,000, those that hold most first, then harmless */
  struct gcg__kind_row
  {
    uint64_t count, objects, bytes, freed_bytes; /* as in JSON */
    uint32_t rank;                               /* of its verdict, the worst first */
    uint32_t object;                             /* id, of an example */
    uint32_t words; /* where its signature and its place stand: bytes from the table's start */
    uint32_t members, n_members; /* where its members of JSON do, without braces */
    bool leaked, harmless;       /* neither: indirectly leaked */
  } rows[];
};

/* Makes the table of MODEL, of *BYTES; the caller frees it.  Searches a way around an example of
   each kind.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__kind_table_new (struct gcg__model *model, struct gcg__kind_table **table,
                                     size_t *bytes, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

#endif
