/* reach.h -- our own trace from the roots. */
#ifndef GCG_ANALYSIS_REACH_H
#define GCG_ANALYSIS_REACH_H

#include "analysis/graph.h"

/* Returns whether the collector never reclaims objects of KIND. */
static inline bool
gcg__kind_uncollectable (uint32_t kind)
{
  return kind == GCG__KIND_UNCOLLECTABLE || kind == GCG__KIND_ATOMIC_UNCOLLECTABLE;
}

/* What roots and uncollectable objects reach: 1 or 0 for each object.  NULL: out of memory. */
const uint8_t *gcg__reach_trace (const struct gcg__snapshot *snapshot,
                                 const struct gcg__graph *graph, struct gcg__arena *arena);

/* Removes objects passed to gcg_ignore, and all that they reach, from GARBAGE: in malloc mode they
   are no leaks.  false: out of memory. */
bool gcg__reach_excuse (const struct gcg__snapshot *snapshot, const struct gcg__graph *graph,
                        uint64_t *garbage);

#endif
