/* roots.c -- see roots.h. */
#include <config.h>

#include "analysis/roots.h"

#include <stdlib.h>

#include "analysis/arena.h"

struct queue
{
  uint32_t *ids; /* [n_objects] */
  uint32_t first, end;
};

static void
reach (struct gcg__root_tree *tree, struct queue *queue, uint32_t id, uint32_t holder)
{
  if (tree->holder[id] != GCG__NONE)
    return;
  tree->holder[id] = holder;
  queue->ids[queue->end++] = id;
}

static void
start (struct gcg__root_tree *tree, struct queue *queue, const struct gcg__snapshot *snapshot)
{
  for (uint64_t i = 0; i < snapshot->n_roots; i++)
    reach (tree, queue, snapshot->roots[i].object, snapshot->roots[i].object);
  for (uint32_t b = 0; b < snapshot->n_blocks; b++)
    {
      const struct gcg__block *block = &snapshot->blocks[b];
      uint32_t end = b + 1 < snapshot->n_blocks ? block[1].first_object : snapshot->n_objects;
      if (block->kind == GCG__KIND_UNCOLLECTABLE || block->kind == GCG__KIND_ATOMIC_UNCOLLECTABLE)
        for (uint32_t id = block->first_object; id < end; id++)
          reach (tree, queue, id, id);
    }
}

enum gcg_status
gcg__root_tree_init (struct gcg__root_tree *tree, const struct gcg__analysis *analysis,
                     struct gcg_error *error)
{
  const struct gcg__snapshot *snapshot = analysis->snapshot;
  size_t bytes = (snapshot->n_objects + (size_t)1) * sizeof (uint32_t);
  struct queue queue = { .ids = malloc (bytes) };
  struct gcg__root_tree made = { .holder = malloc (bytes) };
  if (queue.ids == NULL || made.holder == NULL)
    goto fail_memory;
  for (uint32_t i = 0; i < snapshot->n_objects; i++)
    made.holder[i] = GCG__NONE;
  start (&made, &queue, snapshot);
  while (queue.first < queue.end)
    {
      uint32_t id = queue.ids[queue.first++];
      for (uint64_t e = analysis->out_first[id]; e < analysis->out_first[id + 1]; e++)
        reach (&made, &queue, snapshot->edge_targets[e], id);
    }
  free (queue.ids);
  *tree = made;
  return GCG_OK;

fail_memory:
  free (queue.ids);
  free (made.holder);
  return gcg__no_memory (error, "finding the ways from the roots");
}

void
gcg__root_tree_fini (struct gcg__root_tree *tree)
{
  free (tree->holder);
}
