/* components.h -- weakly connected components of the garbage. */
#ifndef GCG_ANALYSIS_COMPONENTS_H
#define GCG_ANALYSIS_COMPONENTS_H

#include "analysis/graph.h"

struct gcg__components
{
  struct gcg__component *list; /* [n], biggest first; what concerns cycles is still 0 */
  uint32_t *of;                /* [objects] index into list or GCG__NONE */
  uint32_t *members;           /* of each, biggest first, then by id */
  uint32_t n;
};

/* Components of the subgraph of GARBAGE; BYTES[id] is what the program requested.
   false: out of memory. */
bool gcg__components_new (const struct gcg__graph *graph, const uint64_t *garbage,
                          const uint64_t *bytes, struct gcg__arena *arena,
                          struct gcg__components *components);

#endif
