/* strong.h -- strongly connected components. */
#ifndef GCG_ANALYSIS_STRONG_H
#define GCG_ANALYSIS_STRONG_H

#include "analysis/graph.h"

/* Finds the cyclic strongly connected components of GRAPH: more than one node, or one with an edge
   to itself.  On entry STRONG[v] is 0, or GCG__NONE for nodes that are to be left out; on return
   it is the number (0 ... *N - 1, in no particular order) of v's component, or GCG__NONE when v
   is on no cycle.  GRAPH has at most 2^32 - 4 nodes.  false: out of memory. */
bool gcg__strong_new (const struct gcg__graph *graph, uint32_t *strong, uint32_t *n);

#endif
