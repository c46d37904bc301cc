/* cycles.h -- the cyclic strongly connected components of the garbage, and what they keep. */
#ifndef GCG_ANALYSIS_CYCLES_H
#define GCG_ANALYSIS_CYCLES_H

#include "analysis/components.h"

struct gcg__cycles
{
  struct gcg__cycle *list; /* [n], by component, then bytes, biggest first */
  uint32_t *of;            /* [objects] index into list or GCG__NONE */
  uint32_t *members;       /* of each, by id */
  uint32_t n;
  uint32_t n_finalization;
  struct gcg__totals kept; /* what finalization cycles keep, together */
};

/* Finds the cycles of GARBAGE and fills in what COMPONENTS say about them, verdicts included.
   false: out of memory. */
bool gcg__cycles_new (const struct gcg__snapshot *snapshot, const struct gcg__graph *graph,
                      const uint64_t *garbage, const uint64_t *bytes, struct gcg__arena *arena,
                      struct gcg__components *components, struct gcg__cycles *cycles);

/* Does FINALIZER keep the cycle of N_OBJECTS that its object lies on from ever being reclaimed?
   GC_finalize marks from each unreachable object that has one, not the object itself; when that
   marks the object, its finalizer never runs.  IGNORE_SELF leaves out its pointers to itself,
   NO_ORDER marks nothing, UNREACHABLE marks as ORDERED does. */
static inline bool
gcg__finalizer_keeps (const struct gcg__finalizer *finalizer, uint32_t n_objects)
{
  switch (finalizer->mode)
    {
    case GCG__FINALIZER_ORDERED:
    case GCG__FINALIZER_UNREACHABLE:
      return true;
    case GCG__FINALIZER_IGNORE_SELF:
      return n_objects > 1;
    default:
      return false;
    }
}

static inline bool
gcg__ignored (const struct gcg__snapshot *snapshot, uint32_t id)
{
  return (snapshot->words[id] >> GCG__WORD_FLAG_SHIFT & GCG__OBJECT_IGNORED) != 0;
}

/* The finalizer of object ID; NULL when it has none or is ignored. */
static inline const struct gcg__finalizer *
gcg__finalizer_of (const struct gcg__snapshot *snapshot, uint32_t id)
{
  /* The flag is in a column read anyway; the search in the list is not free. */
  bool has = (snapshot->words[id] >> GCG__WORD_FLAG_SHIFT & GCG__OBJECT_FINALIZER) != 0;
  return has && !gcg__ignored (snapshot, id) ? gcg__snapshot_finalizer (snapshot, id) : NULL;
}

#endif
