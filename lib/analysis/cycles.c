/* cycles.c -- the cyclic strongly connected components of the garbage, and what they keep.
 *
 * An object lies on a cycle exactly when its strongly connected component has another object or an
 * edge to itself, so these components are the "reduced" graph: nothing upstream, nothing between.
 *
 * A finalization cycle is one through an object whose finalizer keeps it (gcg__finalizer_keeps):
 * libgc neither finalizes nor reclaims it, nor anything it reaches.  What it alone keeps is found
 * by labelling: each such cycle in turn spreads its label; an object that gets a second one is
 * labelled MANY, and so is all it reaches.  No label changes more than twice, so all cycles
 * together cost O(objects + edges).  Nothing spreads through an object that the program wants
 * ignored.
 *
 * Scratch: 12 bytes per object on the longest path (strong.c), later 8 per object.
 */
#include "config.h"

#include "analysis/cycles.h"

#include "analysis/sort.h"
#include "analysis/strong.h"

/* Finds which cycle each object is on, numbered in order of first member. */
static bool
cycles_find (const struct gcg__graph *graph, const uint64_t *garbage, struct gcg__cycles *cycles)
{
  for (uint32_t id = 0; id < graph->n; id++)
    cycles->of[id] = gcg__bit (garbage, id) ? 0 : GCG__NONE;
  if (!gcg__strong_new (graph, cycles->of, &cycles->n))
    return false;
  struct gcg__arena scratch;
  gcg__arena_init (&scratch);
  uint32_t *number = gcg__arena_array (&scratch, cycles->n, sizeof *number);
  bool ok = number != NULL;
  if (ok)
    {
      for (uint32_t c = 0; c < cycles->n; c++)
        number[c] = GCG__NONE;
      uint32_t count = 0;
      for (uint32_t id = 0; id < graph->n; id++)
        if (cycles->of[id] != GCG__NONE)
          {
            uint32_t raw = cycles->of[id];
            if (number[raw] == GCG__NONE)
              number[raw] = count++;
            cycles->of[id] = number[raw];
          }
    }
  gcg__arena_fini (&scratch);
  return ok;
}

/* Renumbers them by component, then bytes, biggest first. */
static bool
cycles_renumber (const struct gcg__graph *graph, const uint64_t *bytes,
                 const struct gcg__components *components, struct gcg__cycles *cycles)
{
  uint32_t n = cycles->n;
  struct gcg__arena scratch;
  gcg__arena_init (&scratch);
  uint64_t *n_bytes = gcg__arena_array (&scratch, n, sizeof *n_bytes);
  uint64_t *component = gcg__arena_array (&scratch, n, sizeof *component);
  uint32_t *rank = gcg__arena_array (&scratch, n, sizeof *rank);
  uint32_t *order = gcg__arena_array (&scratch, n, sizeof *order);
  uint32_t *spare = gcg__arena_array (&scratch, n, sizeof *spare);
  bool ok = n_bytes != NULL && component != NULL && rank != NULL && order != NULL && spare != NULL;
  if (ok)
    {
      for (uint32_t id = 0; id < graph->n; id++)
        if (cycles->of[id] != GCG__NONE)
          {
            n_bytes[cycles->of[id]] += bytes[id];
            /* Lowest first in a sort that puts the biggest first. */
            component[cycles->of[id]] = UINT32_MAX - components->of[id];
          }
      gcg__sort_rank (n, component, n_bytes, rank, order, spare);
      for (uint32_t id = 0; id < graph->n; id++)
        if (cycles->of[id] != GCG__NONE)
          cycles->of[id] = rank[cycles->of[id]];
    }
  gcg__arena_fini (&scratch);
  return ok;
}

/* Fills list and members. */
static bool
cycles_lay_out (const struct gcg__graph *graph, const uint64_t *bytes, struct gcg__arena *arena,
                const struct gcg__components *components, struct gcg__cycles *cycles)
{
  cycles->list = gcg__arena_array (arena, cycles->n, sizeof *cycles->list);
  if (cycles->list == NULL)
    return false;
  for (uint32_t id = 0; id < graph->n; id++)
    if (cycles->of[id] != GCG__NONE)
      {
        struct gcg__cycle *cycle = &cycles->list[cycles->of[id]];
        cycle->n_objects++;
        cycle->bytes += bytes[id];
        cycle->component = components->of[id];
      }
  uint32_t sum = 0;
  for (uint32_t c = 0; c < cycles->n; c++)
    {
      cycles->list[c].first_member = sum;
      sum += cycles->list[c].n_objects;
    }
  cycles->members = gcg__arena_array (arena, sum, sizeof *cycles->members);
  if (cycles->members == NULL)
    return false;
  for (uint32_t id = 0; id < graph->n; id++)
    if (cycles->of[id] != GCG__NONE)
      cycles->members[cycles->list[cycles->of[id]].first_member++] = id;
  for (uint32_t c = 0; c < cycles->n; c++)
    cycles->list[c].first_member -= cycles->list[c].n_objects;
  return true;
}

/* Counts the finalizers that keep each cycle. */
static void
cycles_count_finalizers (const struct gcg__snapshot *snapshot, struct gcg__cycles *cycles)
{
  for (uint32_t f = 0; f < snapshot->n_finalizers; f++)
    {
      const struct gcg__finalizer *finalizer = &snapshot->finalizers[f];
      uint32_t c = cycles->of[finalizer->object];
      if (c == GCG__NONE || gcg__ignored (snapshot, finalizer->object))
        continue;
      struct gcg__cycle *cycle = &cycles->list[c];
      if (gcg__finalizer_keeps (finalizer, cycle->n_objects) && cycle->n_finalizers++ == 0)
        cycles->n_finalization++;
    }
}

/* Labels: 0 = kept by no cycle, c + 1 = by cycle c only. */
#define MANY UINT32_MAX

struct keeping
{
  const struct gcg__snapshot *snapshot;
  const uint64_t *garbage, *bytes;
  struct gcg__cycles *cycles;
  uint32_t *label; /* [objects] */
  uint32_t *queue; /* [objects]: each enters at most once for each cycle */
  uint32_t tail;
};

/* Cycle C reaches ID. */
static void
keeping_visit (struct keeping *keeping, uint32_t c, uint32_t id)
{
  uint32_t label = keeping->label[id];
  if (label == c + 1 || label == MANY || !gcg__bit (keeping->garbage, id)
      || gcg__ignored (keeping->snapshot, id))
    return;
  struct gcg__cycle *list = keeping->cycles->list;
  uint64_t bytes = keeping->bytes[id];
  if (label == 0)
    {
      keeping->label[id] = c + 1;
      list[c].kept.objects++;
      list[c].kept.bytes += bytes;
      keeping->cycles->kept.objects++;
      keeping->cycles->kept.bytes += bytes;
    }
  else
    {
      keeping->label[id] = MANY;
      list[label - 1].kept.objects--;
      list[label - 1].kept.bytes -= bytes;
    }
  keeping->queue[keeping->tail++] = id;
}

/* Finds what finalization cycles keep, each alone and all together. */
static bool
cycles_keep (const struct gcg__snapshot *snapshot, const struct gcg__graph *graph,
             const uint64_t *garbage, const uint64_t *bytes, struct gcg__cycles *cycles)
{
  struct gcg__arena scratch;
  gcg__arena_init (&scratch);
  struct keeping keeping = {
    .snapshot = snapshot,
    .garbage = garbage,
    .bytes = bytes,
    .cycles = cycles,
    .label = gcg__arena_sparse (&scratch, graph->n, sizeof (uint32_t)),
    .queue = gcg__arena_sparse (&scratch, graph->n, sizeof (uint32_t)),
  };
  bool ok = keeping.label != NULL && keeping.queue != NULL;
  for (uint32_t c = 0; ok && c < cycles->n; c++)
    {
      const struct gcg__cycle *cycle = &cycles->list[c];
      if (cycle->n_finalizers == 0)
        continue;
      keeping.tail = 0;
      for (uint32_t m = 0; m < cycle->n_objects; m++)
        keeping_visit (&keeping, c, cycles->members[cycle->first_member + m]);
      for (uint32_t head = 0; head < keeping.tail; head++)
        {
          uint32_t id = keeping.queue[head];
          for (uint64_t e = graph->first[id]; e < graph->first[id + 1]; e++)
            keeping_visit (&keeping, c, graph->targets[e]);
        }
    }
  gcg__arena_fini (&scratch);
  return ok;
}

/* What the components say about cycles. */
static void
cycles_judge (const struct gcg__snapshot *snapshot, const struct gcg__cycles *cycles,
              struct gcg__components *components)
{
  bool malloced = (snapshot->info->flags & GCG__INFO_MALLOC) != 0;
  for (uint32_t c = 0; c < components->n; c++)
    {
      struct gcg__component *component = &components->list[c];
      component->verdict = component->n_objects > 1 ? GCG__CHAIN : GCG__SINGLE;
    }
  for (uint32_t c = 0; c < cycles->n; c++)
    {
      const struct gcg__cycle *cycle = &cycles->list[c];
      struct gcg__component *component = &components->list[cycle->component];
      if (component->n_cycles++ == 0)
        {
          component->first_cycle = c;
          component->verdict = malloced ? GCG__LEAKED_CYCLE : GCG__CYCLE;
        }
      component->n_on_cycles += cycle->n_objects;
      if (cycle->n_finalizers > 0)
        component->verdict = GCG__FINALIZATION_CYCLE;
    }
}

bool
gcg__cycles_new (const struct gcg__snapshot *snapshot, const struct gcg__graph *graph,
                 const uint64_t *garbage, const uint64_t *bytes, struct gcg__arena *arena,
                 struct gcg__components *components, struct gcg__cycles *cycles)
{
  struct gcg__cycles result = { 0 };
  result.of = gcg__arena_array (arena, graph->n, sizeof *result.of);
  if (result.of == NULL || !cycles_find (graph, garbage, &result)
      || !cycles_renumber (graph, bytes, components, &result)
      || !cycles_lay_out (graph, bytes, arena, components, &result))
    return false;
  cycles_count_finalizers (snapshot, &result);
  if (result.n_finalization > 0 && !cycles_keep (snapshot, graph, garbage, bytes, &result))
    return false;
  cycles_judge (snapshot, &result, components);
  *cycles = result;
  return true;
}
