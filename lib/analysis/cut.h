/* cut.h -- which edge of a cycle to cut. */
#ifndef GCG_ANALYSIS_CUT_H
#define GCG_ANALYSIS_CUT_H

#include "analysis/graph.h"

/* The strongly connected component of a cycle as a graph of its own: node v is members[v], edges in
   order of offset.  One node more, without edges, belongs to no object. */
struct gcg__part
{
  uint64_t *first;   /* [n + 2] */
  uint32_t *targets; /* changed while an edge is tried, and changed back */
  const uint32_t *members;
  uint32_t n;
};

/* The node of object ID, which must be a member.  O(log n). */
uint32_t gcg__part_node (const struct gcg__part *part, uint32_t id);

/* Chooses the edge of PATH (steps and n are set), the cycle of PART = cycle number CYCLE, and fills
   in the rest but `shortest`.  false: out of memory. */
bool gcg__cut_choose (const struct gcg__analysis *analysis, uint32_t cycle, struct gcg__part *part,
                      struct gcg__cycle_path *path);

#endif
