/* model.h -- a snapshot with all that is known of it: what every report is made from.
 *
 *   snapshot ─→ analysis ─→ ┐
 *        └────→ symbols ──→ ├─ model ─→ overview, types, sites, garbage, component, text, DOT, ...
 *                types ───→ ┘
 *
 * Built once for each snapshot; immutable to its readers afterwards, so any number of threads may
 * share one.  Only the shortest cycles and the ways from the roots are found when first asked for:
 * each is published by one atomic exchange, and a slower thread discards its own copy.  What
 * pages keep has a lock of its own.
 */
#ifndef GCG_REPORT_MODEL_H
#define GCG_REPORT_MODEL_H

#include <stdatomic.h>

#include "analysis/analysis.h"
#include "analysis/roots.h"
#include "report/buffer.h"
#include "report/kept.h"
#include "report/types.h"
#include "snapshot/snapshot.h"
#include "symbol/symbol.h"

/* A row of the table of types. */
struct gcg__type_row
{
  const char *name;
  uint32_t group; /* GCG__NONE: untagged */
  uint32_t n_sites;
  struct gcg__count count;
};

#define GCG__TOP_TYPES 4

/* What most of a component's objects are. */
struct gcg__mix
{
  uint32_t component;
  uint32_t n; /* <= GCG__TOP_TYPES */
  struct
  {
    uint32_t group; /* GCG__NONE: untagged, all sizes together */
    uint32_t count;
  } top[GCG__TOP_TYPES];
};

struct gcg__model
{
  struct gcg__snapshot *snapshot;
  struct gcg__analysis *analysis;
  struct gcg__symbols *symbols;
  struct gcg__types *types;
  struct gcg__histogram *histogram;
  struct gcg__type_row *type_rows; /* those with objects, most bytes first, then by name */
  uint32_t n_type_rows;
  uint32_t n_mixes;
  struct gcg__mix *mixes; /* of the components with many objects, sorted by component */
  char (*untagged_names)[GCG__TYPE_SCRATCH];
  uint32_t leaked_cycles; /* that nothing will ever free */
  uint64_t leaked_cycle_bytes;
  _Atomic (struct gcg__cycle_path *) *paths;   /* [n_cycles]; see gcg__model_path */
  _Atomic (struct gcg__root_tree *) root_tree; /* see gcg__model_root_tree */
  struct gcg__kept *kept;                      /* what its pages keep for each other */
};

/* Analyses and names everything in SNAPSHOT.  Takes SNAPSHOT on GCG_OK only; *MODEL is to be freed.
   Errors: GCG_NO_MEMORY, GCG_UNSUPPORTED. */
enum gcg_status gcg__model_new (struct gcg__snapshot *snapshot, struct gcg__model **model,
                                struct gcg_error *error) __attribute__ ((warn_unused_result));
/* Opens, checks and models the snapshot in file PATH.  Errors: also gcg__snapshot_open's. */
enum gcg_status gcg__model_open (const char *path, struct gcg__model **model,
                                 struct gcg_error *error) __attribute__ ((warn_unused_result));
/* Takes MODEL (NULL is fine) and all it holds. */
void gcg__model_free (struct gcg__model *model);

/* The shortest cycle of CYCLE and where to cut it, found on the first call.  Borrowed from MODEL.
   Any thread.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__model_path (struct gcg__model *model, uint32_t cycle,
                                 const struct gcg__cycle_path **path, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* The shortest ways from the roots, found on the first call.  Borrowed from MODEL.  Any thread.
   Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__model_root_tree (struct gcg__model *model, const struct gcg__root_tree **tree,
                                      struct gcg_error *error) __attribute__ ((warn_unused_result));

/* Returns whether the objects are malloc's blocks: what no root reaches is leaked, and births do
   not count collections. */
static inline bool
gcg__model_is_malloc (const struct gcg__model *model)
{
  return (model->snapshot->info->flags & GCG__INFO_MALLOC) != 0;
}

/* What most of COMPONENT's objects are, most first; at most a few thousand steps.  Errors:
   GCG_NO_MEMORY. */
enum gcg_status gcg__model_mix (const struct gcg__model *model, uint32_t component,
                                struct gcg__mix *mix, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* The type's name for a mix's group. */
const char *gcg__model_group_name (const struct gcg__model *model, uint32_t group);

/* Equal for objects of one type, or untagged of one size and kind. */
uint64_t gcg__model_type_key (const struct gcg__model *model, const struct gcg__object *object);

/* "finalization cycle", "leaked cycle", "cycle", "chain", "single" */
const char *gcg__verdict_name (enum gcg__verdict verdict);
/* The function at ADDRESS, "" where none is known; borrowed from MODEL. */
const char *gcg__model_function (const struct gcg__model *model, uint64_t address);
/* A cycle's own verdict: a component's other cycles may be harmless. */
enum gcg__verdict gcg__model_cycle_verdict (const struct gcg__model *model, uint32_t cycle);
/* "ordered", "ignore self", "no order", "unreachable" */
const char *gcg__finalizer_mode_name (uint32_t mode);

/* Adds the field at OFFSET of OBJECT, as it follows the type's name: ".next", "[7].owner", "+16"
   when it is not known, "" for the whole. */
void gcg__model_field (const struct gcg__model *model, const struct gcg__object *object,
                       uint64_t offset, struct gcg__buffer *out);

#endif
