/* graph.h -- the edges of a snapshot as compressed adjacency, both ways. */
#ifndef GCG_ANALYSIS_GRAPH_H
#define GCG_ANALYSIS_GRAPH_H

#include <stdbool.h>

#include "analysis/analysis.h"
#include "analysis/arena.h"

/* A directed graph in compressed form: the edges of node v lead to targets[first[v] ...
   first[v + 1]). */
struct gcg__graph
{
  const uint64_t *first; /* [n + 1] */
  const uint32_t *targets;
  uint32_t n;
};

/* Sets *GRAPH to all objects and edges of SNAPSHOT (its targets borrowed from there).
   false: out of memory. */
bool gcg__graph_new (const struct gcg__snapshot *snapshot, struct gcg__arena *arena,
                     struct gcg__graph *graph);

/* Sets *IN_FIRST and *IN_SOURCES to the same edges by target, each target's in order of source.
   false: out of memory. */
bool gcg__graph_reverse (const struct gcg__graph *graph, struct gcg__arena *arena,
                         const uint64_t **in_first, const uint32_t **in_sources);

/* A set of objects, one bit each: of 10 million it fits the processor's second cache, which the
   snapshot's words (8 bytes each) do not. */
static inline bool
gcg__bit (const uint64_t *bits, uint32_t id)
{
  return (bits[id / 64] >> (id % 64) & 1) != 0;
}

static inline void
gcg__set_bit (uint64_t *bits, uint32_t id)
{
  bits[id / 64] |= UINT64_C (1) << (id % 64);
}

/* The objects that the collector did not mark; NULL: out of memory. */
uint64_t *gcg__graph_garbage (const struct gcg__snapshot *snapshot, struct gcg__arena *arena);

#endif
