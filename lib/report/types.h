/* types.h -- what each site's objects are called.
 *
 * The name of a site's objects is, the first that is known:
 *   the type that the allocation said                       struct node
 *   the type of its size expression, by debug information   struct node
 *   where they come from                                    from new_node (list.c:12)
 *                                                           from libfoo.so.1+0x1234
 * Of a call stack, "where" is the first frame that has a name and is not the collector's or
 * gcglass's own.  Sites with one name make one group.  Groups are numbered in order of name, so
 * comparing group numbers compares names.  Names are clean (buffer.h) and at most 400 bytes.
 * Site 0 (objects without a tag) belongs to no group.
 *
 * Immutable once made.  Borrows from the snapshot and the symbols.
 */
#ifndef GCG_REPORT_TYPES_H
#define GCG_REPORT_TYPES_H

#include "snapshot/snapshot.h"
#include "symbol/symbol.h"

/* Where a site stands. */
struct gcg__place
{
  const char *function; /* never NULL, empty when unknown; as found, not clean */
  const char *file;
  uint32_t line;
  const char *text; /* clean: "list.c:12 (new_node)", "libfoo.so.1+0x1234", "0x1234", "unknown" */
};

struct gcg__type
{
  const char *name;
  const char *type; /* as the symbols know it, NULL when the site stands in its place */
  uint32_t n_sites;
};

struct gcg__types
{
  struct gcg__type *groups;  /* [n_groups] in order of name */
  uint32_t *group_of_site;   /* [n_sites]; [0] is 0 and means nothing */
  struct gcg__place *places; /* [n_sites] */
  struct gcg__pool *pool;    /* of the strings made here */
  uint32_t n_groups, n_sites;
};

/* Names the sites of SNAPSHOT.  Asks SYMBOLS once for each expression and each frame up to the
   first with a name.  On GCG_OK *TYPES is to be freed.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__types_new (const struct gcg__snapshot *snapshot, struct gcg__symbols *symbols,
                                struct gcg__types **types, struct gcg_error *error)
    __attribute__ ((warn_unused_result));
void gcg__types_free (struct gcg__types *types);

#define GCG__TYPE_SCRATCH 64

/* The name of OBJECT's type; borrowed, perhaps from SCRATCH: "untagged, 16 B" is made there. */
const char *gcg__types_of (const struct gcg__types *types, const struct gcg__object *object,
                           char scratch[GCG__TYPE_SCRATCH]);
/* The name of untagged objects of SLOT_BYTES and KIND; SLOT_BYTES 0: of all other sizes. */
void gcg__types_untagged (uint64_t slot_bytes, uint32_t kind, char scratch[GCG__TYPE_SCRATCH]);

/* True when MODULE (a base name) is the collector or gcglass itself: not where a program
   allocates. */
bool gcg__types_own_module (const char *module);

#endif
