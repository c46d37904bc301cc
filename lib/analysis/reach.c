/* reach.c -- our own trace from the roots.
 *
 * The collector's mark bits are the verdict; this trace follows the edges and roots that the
 * snapshot has, and where the two differ something is worth explaining: a root that the agent could
 * not see, or an object whose layout the collector knows better.
 *
 * Cheney's breadth-first order without the copying (CACM 13(11), 1970): the queue holds every
 * object once, so it needs 4 bytes per object and no recursion.  Reading ahead in the queue hides
 * most of the memory's latency.  O(objects + edges + roots).
 */
#include "config.h"

#include "analysis/reach.h"

#include "analysis/cycles.h"

#define AHEAD 12 /* objects between a fetch and its use */

static inline void
reach_visit (uint8_t *reached, uint32_t *queue, uint32_t *tail, uint32_t id)
{
  if (reached[id] == 0)
    {
      reached[id] = 1;
      queue[(*tail)++] = id;
    }
}

/* Uncollectable objects are roots of their own. */
static void
reach_uncollectable (const struct gcg__snapshot *snapshot, uint8_t *reached, uint32_t *queue,
                     uint32_t *tail)
{
  for (uint32_t b = 0; b < snapshot->n_blocks; b++)
    {
      const struct gcg__block *block = &snapshot->blocks[b];
      if (!gcg__kind_uncollectable (block->kind))
        continue;
      uint32_t end = b + 1 < snapshot->n_blocks ? block[1].first_object : snapshot->n_objects;
      for (uint32_t id = block->first_object; id < end; id++)
        reach_visit (reached, queue, tail, id);
    }
}

const uint8_t *
gcg__reach_trace (const struct gcg__snapshot *snapshot, const struct gcg__graph *graph,
                  struct gcg__arena *arena)
{
  uint8_t *reached = gcg__arena_array (arena, graph->n, sizeof *reached);
  struct gcg__arena scratch;
  gcg__arena_init (&scratch);
  uint32_t *queue = gcg__arena_array (&scratch, graph->n, sizeof *queue);
  if (reached == NULL || queue == NULL)
    {
      gcg__arena_fini (&scratch);
      return NULL;
    }

  uint32_t tail = 0;
  for (uint64_t r = 0; r < snapshot->n_roots; r++)
    reach_visit (reached, queue, &tail, snapshot->roots[r].object);
  reach_uncollectable (snapshot, reached, queue, &tail);
  for (uint32_t head = 0; head < tail; head++)
    {
      if (tail - head > 2 * AHEAD)
        {
          __builtin_prefetch (&graph->first[queue[head + 2 * AHEAD]]);
          __builtin_prefetch (&graph->targets[graph->first[queue[head + AHEAD]]]);
        }
      uint32_t id = queue[head];
      for (uint64_t e = graph->first[id]; e < graph->first[id + 1]; e++)
        reach_visit (reached, queue, &tail, graph->targets[e]);
    }
  gcg__arena_fini (&scratch);
  return reached;
}

static void
reach_excuse_one (uint64_t *garbage, uint32_t *queue, uint32_t *tail, uint32_t id)
{
  garbage[id / 64] &= ~(UINT64_C (1) << (id % 64));
  queue[(*tail)++] = id;
}

bool
gcg__reach_excuse (const struct gcg__snapshot *snapshot, const struct gcg__graph *graph,
                   uint64_t *garbage)
{
  struct gcg__arena scratch;
  gcg__arena_init (&scratch);
  uint32_t *queue = gcg__arena_sparse (&scratch, graph->n, sizeof *queue);
  uint32_t tail = 0;
  for (uint32_t id = 0; queue != NULL && id < graph->n; id++)
    if (gcg__bit (garbage, id) && gcg__ignored (snapshot, id))
      reach_excuse_one (garbage, queue, &tail, id);
  for (uint32_t head = 0; head < tail; head++)
    for (uint64_t e = graph->first[queue[head]]; e < graph->first[queue[head] + 1]; e++)
      if (gcg__bit (garbage, graph->targets[e]))
        reach_excuse_one (garbage, queue, &tail, graph->targets[e]);
  gcg__arena_fini (&scratch);
  return queue != NULL;
}
