/* strong.c -- strongly connected components.
 *
 * Tarjan's algorithm (SIAM J. Comput. 1(2), 1972) in the form of Pearce, "A space-efficient
 * algorithm for finding strongly connected components" (Inf. Process. Lett. 116, 2016), without
 * recursion.  One number per node does what Tarjan needs three for:
 *     0                     not visited
 *     1 ... index - 1       visited, component not known: the smallest index it is known to reach
 *     >= GCG__NONE - n - 1  done, or left out
 * Indices are given back when a component is complete, so every live one is smaller than every
 * number of the last line, and a plain comparison ignores edges into finished components.
 *
 * A node is on the path of the search or pending (finished, its component still open), never both,
 * so the two stacks share one array from both ends.  The path also has the next edge to look at.
 * Memory: 4 bytes per node, and 4 + 8 for each on the longest path.  O(nodes + edges).
 */
#include "config.h"

#include "analysis/strong.h"

#define NOT_ROOT  (UINT64_C (1) << 63) /* reaches a node below it on the path */
#define SELF_EDGE (UINT64_C (1) << 62) /* has an edge to itself */
#define FLAGS     (NOT_ROOT | SELF_EDGE)

struct search
{
  const struct gcg__graph *graph;
  uint32_t *strong;
  uint32_t *stack;   /* [n]: the path from below, pending nodes from above */
  uint64_t *edge;    /* [depth]: next edge of the path's node, and flags */
  uint32_t depth;    /* of the path */
  uint32_t pending;  /* stack[pending ... n) are pending */
  uint32_t index;    /* next one to give */
  uint32_t n_cyclic; /* components found so far */
};

static void
search_enter (struct search *search, uint32_t node)
{
  search->strong[node] = search->index++;
  search->stack[search->depth] = node;
  search->edge[search->depth] = search->graph->first[node];
  search->depth++;
  /* One of these nodes is entered next: fetch what that will read all at once. */
  uint64_t end = search->graph->first[node + 1];
  for (uint64_t e = search->graph->first[node]; e < end && e < search->graph->first[node] + 4; e++)
    {
      __builtin_prefetch (&search->strong[search->graph->targets[e]], 1);
      __builtin_prefetch (&search->graph->first[search->graph->targets[e]]);
    }
}

/* All edges of the path's last node have been seen. */
static void
search_leave (struct search *search)
{
  uint32_t *strong = search->strong;
  uint64_t flags = search->edge[--search->depth];
  uint32_t node = search->stack[search->depth];
  if ((flags & NOT_ROOT) != 0)
    {
      search->stack[--search->pending] = node;
      return;
    }
  uint32_t low = strong[node];
  uint32_t n = search->graph->n;
  bool alone = search->pending == n || strong[search->stack[search->pending]] < low;
  uint32_t number = GCG__NONE;
  if (!alone || (flags & SELF_EDGE) != 0)
    number = GCG__NONE - 1 - search->n_cyclic++;
  while (search->pending < n && strong[search->stack[search->pending]] >= low)
    {
      strong[search->stack[search->pending++]] = number;
      search->index--;
    }
  strong[node] = number;
  search->index--;
}

/* Follows edges of the path's last node up to one that leads to a node not visited, and enters it;
   or leaves.  An edge is looked at again after the node it leads to has been left: then it counts.
 */
static void
search_advance (struct search *search)
{
  const struct gcg__graph *graph = search->graph;
  uint32_t *strong = search->strong;
  uint32_t node = search->stack[search->depth - 1];
  uint64_t edge = search->edge[search->depth - 1];
  uint64_t flags = edge & FLAGS;
  uint64_t end = graph->first[node + 1];
  for (edge &= ~FLAGS; edge < end; edge++)
    {
      uint32_t target = graph->targets[edge];
      if (strong[target] == 0)
        {
          search->edge[search->depth - 1] = edge | flags;
          search_enter (search, target);
          return;
        }
      if (target == node)
        flags |= SELF_EDGE;
      else if (strong[target] < strong[node])
        {
          strong[node] = strong[target];
          flags |= NOT_ROOT;
        }
    }
  search->edge[search->depth - 1] = flags;
  search_leave (search);
}

bool
gcg__strong_new (const struct gcg__graph *graph, uint32_t *strong, uint32_t *n)
{
  struct gcg__arena scratch;
  gcg__arena_init (&scratch);
  struct search search = {
    .graph = graph,
    .strong = strong,
    .stack = gcg__arena_sparse (&scratch, graph->n, sizeof (uint32_t)),
    .edge = gcg__arena_sparse (&scratch, graph->n, sizeof (uint64_t)),
    .pending = graph->n,
    .index = 1,
  };
  bool ok = search.stack != NULL && search.edge != NULL;
  if (ok)
    {
      for (uint32_t start = 0; start < graph->n; start++)
        if (strong[start] == 0)
          {
            search_enter (&search, start);
            while (search.depth > 0)
              search_advance (&search);
          }
      for (uint32_t node = 0; node < graph->n; node++)
        if (strong[node] != GCG__NONE)
          strong[node] = GCG__NONE - 1 - strong[node];
      *n = search.n_cyclic;
    }
  gcg__arena_fini (&scratch);
  return ok;
}
