/* components.c -- weakly connected components of the garbage.
 *
 * Union-find over the edges between garbage objects, by size and with path halving (Tarjan,
 * "Efficiency of a good but not linear set union algorithm", JACM 22(2), 1975; Tarjan and van
 * Leeuwen, JACM 31(2), 1984): O(edges * inverse Ackermann).  It is a real union-find: a component's
 * trees are joined whenever an edge connects them, in whatever order edges come.
 *
 * Then components are numbered by size and members laid out by counting sort.  Parents live in the
 * array that becomes `of`; scratch is 8 bytes per object and 24 per component.
 */
#include "config.h"

#include "analysis/components.h"

#include "analysis/sort.h"

#define AHEAD 16 /* edges between a fetch and its use */

/* The root of ID's tree; every other node on the way is given its grandparent. */
static inline uint32_t
components_root (uint32_t *parent, uint32_t id)
{
  while (parent[id] != id)
    {
      parent[id] = parent[parent[id]];
      id = parent[id];
    }
  return id;
}

/* Joins the trees of all garbage objects that an edge connects.  SIZE starts at 0 = one. */
static void
components_unite (const struct gcg__graph *graph, const uint64_t *garbage, uint32_t *parent,
                  uint32_t *size)
{
  uint64_t n_edges = graph->first[graph->n];
  for (uint32_t id = 0; id < graph->n; id++)
    parent[id] = gcg__bit (garbage, id) ? id : GCG__NONE;
  for (uint32_t id = 0; id < graph->n; id++)
    {
      if (!gcg__bit (garbage, id))
        continue;
      uint32_t root = components_root (parent, id);
      for (uint64_t e = graph->first[id]; e < graph->first[id + 1]; e++)
        {
          if (n_edges - e > AHEAD)
            __builtin_prefetch (&parent[graph->targets[e + AHEAD]], 1);
          if (!gcg__bit (garbage, graph->targets[e]))
            continue;
          uint32_t other = components_root (parent, graph->targets[e]);
          if (other == root)
            continue;
          if (size[root] < size[other])
            {
              uint32_t swap = root;
              root = other;
              other = swap;
            }
          parent[other] = root;
          size[root] += size[other] + 1;
        }
    }
}

/* Turns parents into numbers, in order of first member, and returns how many there are.  NUMBER is
   scratch, one for each object. */
static uint32_t
components_number (uint32_t n, uint32_t *of, uint32_t *number)
{
  for (uint32_t id = 0; id < n; id++)
    {
      number[id] = GCG__NONE;
      if (of[id] != GCG__NONE)
        of[id] = components_root (of, id);
    }
  uint32_t count = 0;
  for (uint32_t id = 0; id < n; id++)
    if (of[id] != GCG__NONE)
      {
        uint32_t root = of[id];
        if (number[root] == GCG__NONE)
          number[root] = count++;
        of[id] = number[root];
      }
  return count;
}

/* Renumbers components, which are in order of first member: by bytes, then objects, biggest first.
   RANK is scratch, N elements. */
static bool
components_renumber (const struct gcg__graph *graph, const uint64_t *bytes, uint32_t *of,
                     uint32_t n, uint32_t *rank)
{
  struct gcg__arena scratch;
  gcg__arena_init (&scratch);
  uint64_t *n_bytes = gcg__arena_array (&scratch, n, sizeof *n_bytes);
  uint64_t *n_objects = gcg__arena_array (&scratch, n, sizeof *n_objects);
  uint32_t *order = gcg__arena_array (&scratch, n, sizeof *order);
  uint32_t *spare = gcg__arena_array (&scratch, n, sizeof *spare);
  bool ok = n_bytes != NULL && n_objects != NULL && order != NULL && spare != NULL;
  if (ok)
    {
      for (uint32_t id = 0; id < graph->n; id++)
        if (of[id] != GCG__NONE)
          {
            n_bytes[of[id]] += bytes[id];
            n_objects[of[id]]++;
          }
      gcg__sort_rank (n, n_bytes, n_objects, rank, order, spare);
      for (uint32_t id = 0; id < graph->n; id++)
        if (of[id] != GCG__NONE)
          of[id] = rank[of[id]];
    }
  gcg__arena_fini (&scratch);
  return ok;
}

/* Adds up objects, bytes and edges. */
static void
components_count (const struct gcg__graph *graph, const uint64_t *garbage, const uint64_t *bytes,
                  const uint32_t *of, struct gcg__component *list)
{
  for (uint32_t id = 0; id < graph->n; id++)
    if (of[id] != GCG__NONE)
      {
        struct gcg__component *component = &list[of[id]];
        component->n_objects++;
        component->bytes += bytes[id];
        for (uint64_t e = graph->first[id]; e < graph->first[id + 1]; e++)
          component->n_edges += gcg__bit (garbage, graph->targets[e]);
      }
}

/* Lays out the members, biggest first, then by id.  SORTED and SPARE are scratch. */
static void
components_members (const struct gcg__graph *graph, const uint64_t *bytes,
                    struct gcg__components *components, uint32_t *sorted, uint32_t *spare)
{
  uint32_t n = 0;
  for (uint32_t id = 0; id < graph->n; id++)
    if (components->of[id] != GCG__NONE)
      sorted[n++] = id;
  gcg__sort_descending (sorted, n, bytes, spare);

  uint32_t sum = 0;
  for (uint32_t c = 0; c < components->n; c++)
    {
      components->list[c].first_member = sum;
      sum += components->list[c].n_objects;
    }
  for (uint32_t i = 0; i < n; i++)
    {
      struct gcg__component *component = &components->list[components->of[sorted[i]]];
      components->members[component->first_member++] = sorted[i];
    }
  for (uint32_t c = 0; c < components->n; c++)
    components->list[c].first_member -= components->list[c].n_objects;
}

bool
gcg__components_new (const struct gcg__graph *graph, const uint64_t *garbage, const uint64_t *bytes,
                     struct gcg__arena *arena, struct gcg__components *components)
{
  struct gcg__components result = { 0 };
  struct gcg__arena scratch;
  gcg__arena_init (&scratch);
  uint32_t n_garbage = 0;
  for (uint64_t word = 0; word < ((uint64_t)graph->n + 63) / 64; word++)
    n_garbage += (uint32_t)__builtin_popcountll (garbage[word]);
  result.of = gcg__arena_array (arena, graph->n, sizeof *result.of);
  result.members = gcg__arena_array (arena, n_garbage, sizeof *result.members);
  uint32_t *work = gcg__arena_array (&scratch, graph->n, sizeof *work);
  if (result.of == NULL || result.members == NULL || work == NULL)
    goto fail_memory;

  components_unite (graph, garbage, result.of, work);
  result.n = components_number (graph->n, result.of, work);
  if (!components_renumber (graph, bytes, result.of, result.n, work))
    goto fail_memory;
  result.list = gcg__arena_array (arena, result.n, sizeof *result.list);
  uint32_t *sorted = gcg__arena_array (&scratch, n_garbage, sizeof *sorted);
  if (result.list == NULL || sorted == NULL)
    goto fail_memory;
  components_count (graph, garbage, bytes, result.of, result.list);
  components_members (graph, bytes, &result, sorted, work);
  gcg__arena_fini (&scratch);
  *components = result;
  return true;

fail_memory:
  gcg__arena_fini (&scratch);
  return false;
}
