/* path.c -- the shortest cycle of a strongly connected component.
 *
 * Breadth-first search from a node finds the shortest cycle through it (Itai and Rodeh, "Finding a
 * minimum circuit in a graph", SIAM J. Comput. 7(4), 1978), so searching from enough nodes finds
 * the shortest of all: a cycle all of whose nodes have one out-edge is the whole component, so
 * nodes with more than one are enough.  Of a finalization cycle only cycles through an object whose
 * finalizer keeps it count: cutting another one would not help.  Where there is more than one
 * object, an edge from one to itself does not count either: cutting it frees nothing.
 *
 * Searches go in rounds that look for cycles of at most 2, 4, 8, ... edges (iterative deepening),
 * so a short cycle is found before a long way is walked.  A start already searched is left out of
 * the round's later searches.  A round that found a cycle has found the shortest.  When VISIT_LIMIT
 * edges have been looked at, the best so far must do, and says that it is not proved.
 *
 * Worst case O(starts * edges) up to the limit, and one search more; memory 16 bytes per member and
 * 4 per edge.
 */
#include "config.h"

#include "analysis/analysis.h"

#include <stdlib.h>

#include "analysis/arena.h"
#include "analysis/cut.h"
#include "analysis/cycles.h"

#define VISIT_LIMIT (UINT64_C (1) << 22)
#define LEFT_OUT    UINT32_MAX

struct search
{
  const struct gcg__part *part;
  uint32_t *starts;
  uint32_t n_starts;
  uint32_t least;  /* edges that a cycle must have to count */
  uint32_t number; /* of the search */
  uint32_t *seen;  /* number of the last search that reached the node, or LEFT_OUT */
  uint32_t *from;  /* predecessor of it */
  uint32_t *queue;
  uint32_t *best; /* nodes of the shortest cycle so far */
  uint32_t n_best;
  uint64_t visits;
};

/* The component as a graph of its own.  false: out of memory. */
static bool
part_new (const struct gcg__analysis *analysis, uint32_t cycle, struct gcg__arena *scratch,
          struct gcg__part *part)
{
  const struct gcg__snapshot *snapshot = analysis->snapshot;
  const uint32_t *members = &analysis->cycle_members[analysis->cycles[cycle].first_member];
  uint32_t n = analysis->cycles[cycle].n_objects;
  uint64_t n_edges = 0;
  for (uint32_t v = 0; v < n; v++)
    n_edges += analysis->out_first[members[v] + 1] - analysis->out_first[members[v]];
  uint32_t *node_of = gcg__arena_sparse (scratch, snapshot->n_objects, sizeof *node_of);
  part->first = gcg__arena_array (scratch, (uint64_t)n + 2, sizeof *part->first);
  part->targets = gcg__arena_array (scratch, n_edges, sizeof *part->targets);
  part->members = members;
  part->n = n;
  if (node_of == NULL || part->first == NULL || part->targets == NULL)
    return false;
  for (uint32_t v = 0; v < n; v++)
    node_of[members[v]] = v;
  uint64_t sum = 0;
  for (uint32_t v = 0; v < n; v++)
    {
      uint32_t id = members[v];
      part->first[v] = sum;
      for (uint64_t e = analysis->out_first[id]; e < analysis->out_first[id + 1]; e++)
        {
          uint32_t target = snapshot->edge_targets[e];
          if (analysis->cycle_of[target] == cycle)
            part->targets[sum++] = node_of[target];
        }
    }
  part->first[n] = sum;
  part->first[(uint64_t)n + 1] = sum;
  return true;
}

uint32_t
gcg__part_node (const struct gcg__part *part, uint32_t id)
{
  uint32_t low = 0, high = part->n - 1;
  while (low < high)
    {
      uint32_t middle = low + (high - low) / 2;
      if (part->members[middle] < id)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

/* Does the finalizer of member ID keep the component? */
static bool
search_keeps (const struct gcg__analysis *analysis, uint32_t id, uint32_t n_members)
{
  const struct gcg__finalizer *finalizer = gcg__finalizer_of (analysis->snapshot, id);
  return finalizer != NULL && gcg__finalizer_keeps (finalizer, n_members);
}

/* Chooses where to search from. */
static void
search_choose_starts (struct search *search, const struct gcg__analysis *analysis, uint32_t cycle)
{
  const struct gcg__part *part = search->part;
  bool finalization = analysis->cycles[cycle].n_finalizers > 0;
  for (uint32_t v = 0; v < part->n; v++)
    if (finalization ? search_keeps (analysis, part->members[v], part->n)
                     : part->first[v + 1] - part->first[v] > 1)
      search->starts[search->n_starts++] = v;
  if (search->n_starts == 0)
    search->starts[search->n_starts++] = 0;
}

/* The shortest cycle through START, if it has at most MAX edges, becomes the best. */
static void
search_from (struct search *search, uint32_t start, uint32_t max)
{
  const struct gcg__part *part = search->part;
  uint32_t number = ++search->number;
  uint32_t head = 0, tail = 0;
  search->seen[start] = number;
  search->queue[tail++] = start;
  for (uint32_t length = 1; length <= max && head < tail; length++)
    for (uint32_t end = tail; head < end; head++)
      {
        uint32_t node = search->queue[head];
        search->visits += part->first[node + 1] - part->first[node];
        for (uint64_t e = part->first[node]; e < part->first[node + 1]; e++)
          {
            uint32_t target = part->targets[e];
            if (target == start && length >= search->least)
              {
                search->n_best = length;
                for (uint32_t i = length; i-- > 0; node = search->from[node])
                  search->best[i] = node;
                return;
              }
            if (search->seen[target] < number)
              {
                search->seen[target] = number;
                search->from[target] = node;
                search->queue[tail++] = target;
              }
          }
      }
}

static void
search_put_back (struct search *search)
{
  for (uint32_t i = 0; i < search->n_starts; i++)
    search->seen[search->starts[i]] = 0;
}

/* Sets the best cycle; returns whether it is known to be the shortest. */
static bool
search_all (struct search *search)
{
  uint32_t least = search->least; /* no cycle that counts is shorter */
  for (uint64_t round = 2; search->n_best == 0; round *= 2)
    {
      search_put_back (search);
      for (uint32_t i = 0; i < search->n_starts; i++)
        {
          uint64_t max = search->n_best == 0 ? round : search->n_best - 1;
          search_from (search, search->starts[i], max > UINT32_MAX ? UINT32_MAX : (uint32_t)max);
          if (search->n_best == least)
            return true;
          search->seen[search->starts[i]] = LEFT_OUT;
          if (search->visits > VISIT_LIMIT && i + 1 < search->n_starts)
            {
              search_put_back (search);
              if (search->n_best == 0)
                search_from (search, search->starts[0], UINT32_MAX);
              return false;
            }
        }
      least = (uint32_t)round + 1;
    }
  return true;
}

/* Turns the best cycle into steps: objects, and the first word of each that points to the next.
   false: out of memory. */
static bool
path_fill (const struct gcg__analysis *analysis, const struct search *search,
           struct gcg__cycle_path *path)
{
  const uint32_t *members = search->part->members;
  path->n = search->n_best;
  path->steps = calloc (path->n, sizeof *path->steps);
  if (path->steps == NULL)
    return false;
  for (uint32_t i = 0; i < path->n; i++)
    {
      uint32_t next = members[search->best[i + 1 < path->n ? i + 1 : 0]];
      struct gcg__step *step = &path->steps[i];
      step->object = members[search->best[i]];
      struct gcg__edge_walk walk = gcg__edges_of (analysis->snapshot, step->object);
      while (gcg__next_edge (&walk))
        if (walk.target == next)
          {
            step->offset = walk.offset;
            break;
          }
    }
  return true;
}

enum gcg_status
gcg__cycle_path (const struct gcg__analysis *analysis, uint32_t cycle, struct gcg__cycle_path *path,
                 struct gcg_error *error)
{
  struct gcg__cycle_path result = { 0 };
  struct gcg__part part;
  struct gcg__arena scratch;
  gcg__arena_init (&scratch);
  if (!part_new (analysis, cycle, &scratch, &part))
    goto fail_memory;
  struct search search = {
    .part = &part,
    .least = part.n > 1 ? 2 : 1,
    .starts = gcg__arena_array (&scratch, part.n, sizeof *search.starts),
    .seen = gcg__arena_array (&scratch, part.n, sizeof *search.seen),
    .from = gcg__arena_array (&scratch, part.n, sizeof *search.from),
    .queue = gcg__arena_array (&scratch, part.n, sizeof *search.queue),
    .best = gcg__arena_array (&scratch, part.n, sizeof *search.best),
  };
  if (search.starts == NULL || search.seen == NULL || search.from == NULL || search.queue == NULL
      || search.best == NULL)
    goto fail_memory;
  search_choose_starts (&search, analysis, cycle);
  result.shortest = search_all (&search);
  if (!path_fill (analysis, &search, &result))
    goto fail_memory;
  if (!gcg__cut_choose (analysis, cycle, &part, &result))
    goto fail_cut;
  gcg__arena_fini (&scratch);
  *path = result;
  return GCG_OK;

fail_cut:
  free (result.steps);
fail_memory:
  gcg__arena_fini (&scratch);
  return gcg__no_memory (error, "looking for the shortest cycle");
}

void
gcg__cycle_path_fini (struct gcg__cycle_path *path)
{
  free (path->steps);
  *path = (struct gcg__cycle_path){ 0 };
}
