/* graph.c -- the edges of a snapshot as compressed adjacency, both ways.
 *
 * The snapshot stores how many edges each object has; their running sum is the out-adjacency.  The
 * in-adjacency is a counting sort of the edges by target (Knuth, TAOCP 3, 5.2): count, sum, place.
 * The places are kept one element ahead so that no copy of them is needed: while filling,
 * in_first[t + 1] is the next free place of target t, and ends as the first of t + 1.
 *
 * Cost: 8 bytes per object each way and 4 per edge; O(objects + edges).
 */
#include "config.h"

#include "analysis/graph.h"

bool
gcg__graph_new (const struct gcg__snapshot *snapshot, struct gcg__arena *arena,
                struct gcg__graph *graph)
{
  uint32_t n = snapshot->n_objects;
  uint64_t *first = gcg__arena_array (arena, (uint64_t)n + 1, sizeof *first);
  if (first == NULL)
    return false;
  const struct gcg__big *big = snapshot->big_counts;
  uint64_t sum = 0;
  for (uint32_t i = 0; i < n; i++)
    {
      first[i] = sum;
      uint8_t count = snapshot->edge_counts[i];
      sum += count == GCG__COUNT_BIG ? big++->value : count;
    }
  first[n] = sum;
  *graph = (struct gcg__graph){ .first = first, .targets = snapshot->edge_targets, .n = n };
  return true;
}

bool
gcg__graph_reverse (const struct gcg__graph *graph, struct gcg__arena *arena,
                    const uint64_t **in_first, const uint32_t **in_sources)
{
  uint32_t n = graph->n;
  uint64_t n_edges = graph->first[n];
  /* Two elements ahead while counting, one while placing, none at the end. */
  uint64_t *first = gcg__arena_array (arena, (uint64_t)n + 2, sizeof *first);
  uint32_t *sources = gcg__arena_array (arena, n_edges, sizeof *sources);
  if (first == NULL || sources == NULL)
    return false;
  for (uint64_t e = 0; e < n_edges; e++)
    first[(uint64_t)graph->targets[e] + 2]++;
  for (uint64_t i = 2; i <= (uint64_t)n + 1; i++)
    first[i] += first[i - 1];
  for (uint32_t source = 0; source < n; source++)
    for (uint64_t e = graph->first[source]; e < graph->first[source + 1]; e++)
      sources[first[(uint64_t)graph->targets[e] + 1]++] = source;
  *in_first = first;
  *in_sources = sources;
  return true;
}

uint64_t *
gcg__graph_garbage (const struct gcg__snapshot *snapshot, struct gcg__arena *arena)
{
  uint32_t n = snapshot->n_objects;
  uint64_t *bits = gcg__arena_array (arena, ((uint64_t)n + 63) / 64, sizeof *bits);
  if (bits == NULL)
    return NULL;
  for (uint32_t i = 0; i < n; i++)
    {
      uint64_t marked = snapshot->words[i] >> GCG__WORD_FLAG_SHIFT & GCG__OBJECT_MARKED;
      bits[i / 64] |= (uint64_t)(marked == 0) << (i % 64);
    }
  return bits;
}
