/* analysis.c -- from a snapshot to everything that analysis.h promises about it.
 *
 * The order matters only for memory: what is large and temporary (each object's requested bytes,
 * the searches' stacks) comes and goes before the reverse adjacency, the largest part of the
 * result, is made.  The result and the arena that holds it lie in that arena's first chunk.
 */
#include "config.h"

#include "analysis/analysis.h"

#include <stdio.h>

#include "analysis/arena.h"
#include "analysis/components.h"
#include "analysis/cycles.h"
#include "analysis/graph.h"
#include "analysis/reach.h"

/* Ids above it are GCG__NONE and the numbers strong.c needs. */
#define MAX_OBJECTS (UINT32_MAX - 3)

struct result
{
  struct gcg__analysis analysis; /* first: a pointer to it is a pointer to this */
  struct gcg__arena arena;
};

static void
analysis_add (struct gcg__totals *totals, uint64_t bytes)
{
  totals->objects++;
  totals->bytes += bytes;
}

/* What the program requested for each object; NULL: out of memory. */
static const uint64_t *
analysis_bytes (const struct gcg__snapshot *snapshot, struct gcg__arena *scratch)
{
  uint64_t *bytes = gcg__arena_array (scratch, snapshot->n_objects, sizeof *bytes);
  if (bytes != NULL)
    {
      struct gcg__object_walk walk = gcg__objects (snapshot);
      while (gcg__next_object (&walk))
        bytes[walk.object.id] = walk.object.requested_bytes;
    }
  return bytes;
}

/* Totals, and where our trace and the collector disagree. */
static void
analysis_sum (struct gcg__analysis *analysis, const uint64_t *garbage, const uint64_t *bytes)
{
  for (uint32_t id = 0; id < analysis->snapshot->n_objects; id++)
    {
      bool marked = (gcg__word_flags (analysis->snapshot->words[id]) & GCG__OBJECT_MARKED) != 0;
      bool reached = analysis->reached[id] != 0;
      analysis_add (&analysis->all, bytes[id]);
      analysis_add (gcg__bit (garbage, id) ? &analysis->garbage : &analysis->reachable, bytes[id]);
      if (analysis->cycle_of[id] != GCG__NONE)
        analysis_add (&analysis->on_cycles, bytes[id]);
      analysis->only_collector += marked && !reached;
      analysis->only_trace += reached && !marked;
    }
}

/* Does an object other than ID point to it? */
static bool
analysis_pointed_to (const struct gcg__analysis *analysis, uint32_t id)
{
  uint64_t e = analysis->in_first[id];
  while (e < analysis->in_first[id + 1] && analysis->in_sources[e] == id)
    e++;
  return e < analysis->in_first[id + 1];
}

/* Adds uncollectable objects that no root and no other object points to; none if malloc's memory,
   which usually holds such objects, was not scanned.  false: out of memory. */
static bool
analysis_find_lost (struct gcg__analysis *analysis, const uint64_t *garbage, const uint64_t *bytes,
                    struct gcg__arena *arena)
{
  const struct gcg__snapshot *snapshot = analysis->snapshot;
  bool in_place = (snapshot->info->flags & GCG__INFO_IN_PLACE) != 0;
  struct gcg__arena scratch;
  gcg__arena_init (&scratch);
  uint64_t *rooted
      = gcg__arena_array (&scratch, ((uint64_t)snapshot->n_objects + 63) / 64, sizeof *rooted);
  uint32_t *found = gcg__arena_sparse (&scratch, snapshot->n_objects, sizeof *found), n = 0;
  bool ok = rooted != NULL && found != NULL;
  for (uint64_t r = 0; ok && r < snapshot->n_roots; r++)
    gcg__set_bit (rooted, snapshot->roots[r].object);
  for (uint32_t b = 0; ok && b < snapshot->n_blocks; b++)
    {
      const struct gcg__block *block = &snapshot->blocks[b];
      if (!gcg__kind_uncollectable (block->kind) || in_place)
        continue;
      uint32_t end = b + 1 < snapshot->n_blocks ? block[1].first_object : snapshot->n_objects;
      for (uint32_t id = block->first_object; id < end; id++)
        if (!gcg__bit (rooted, id) && !gcg__bit (garbage, id) && !gcg__ignored (snapshot, id)
            && !analysis_pointed_to (analysis, id))
          {
            analysis_add (&analysis->leaked, bytes[id]);
            found[n++] = id;
          }
    }
  uint32_t *lost = ok ? gcg__arena_array (arena, n, sizeof *lost) : NULL;
  for (uint32_t i = 0; lost != NULL && i < n; i++)
    lost[i] = found[i];
  analysis->lost_uncollectable = lost;
  analysis->n_lost_uncollectable = n;
  gcg__arena_fini (&scratch);
  return lost != NULL;
}

/* Fills RESULT.  false: out of memory. */
static bool
analysis_fill (struct result *result, const struct gcg__snapshot *snapshot,
               struct gcg__arena *scratch)
{
  struct gcg__analysis *analysis = &result->analysis;
  struct gcg__arena *arena = &result->arena;
  struct gcg__graph graph;
  struct gcg__components components;
  struct gcg__cycles cycles;
  bool malloced = (snapshot->info->flags & GCG__INFO_MALLOC) != 0;
  uint64_t *garbage = gcg__graph_garbage (snapshot, scratch);
  const uint64_t *bytes = analysis_bytes (snapshot, scratch);
  if (garbage == NULL || bytes == NULL || !gcg__graph_new (snapshot, arena, &graph)
      || (malloced && !gcg__reach_excuse (snapshot, &graph, garbage)))
    return false;
  analysis->snapshot = snapshot;
  analysis->out_first = graph.first;
  analysis->reached = gcg__reach_trace (snapshot, &graph, arena);
  if (analysis->reached == NULL || !gcg__components_new (&graph, garbage, bytes, arena, &components)
      || !gcg__cycles_new (snapshot, &graph, garbage, bytes, arena, &components, &cycles)
      || !gcg__graph_reverse (&graph, arena, &analysis->in_first, &analysis->in_sources))
    return false;

  analysis->component_of = components.of;
  analysis->components = components.list;
  analysis->n_components = components.n;
  analysis->members = components.members;
  analysis->cycle_of = cycles.of;
  analysis->cycles = cycles.list;
  analysis->n_cycles = cycles.n;
  analysis->cycle_members = cycles.members;
  analysis->n_finalization_cycles = cycles.n_finalization;
  analysis->leaked = cycles.kept;
  analysis_sum (analysis, garbage, bytes);
  if (malloced)
    {
      analysis->leaked = analysis->garbage;
      return true;
    }
  return analysis_find_lost (analysis, garbage, bytes, arena);
}

enum gcg_status
gcg__analysis_new (const struct gcg__snapshot *snapshot, struct gcg__analysis **analysis,
                   struct gcg_error *error)
{
  if (snapshot->n_objects > MAX_OBJECTS)
    {
      if (error != NULL)
        {
          error->status = GCG_UNSUPPORTED;
          snprintf (error->text, sizeof error->text,
                    "the snapshot has %u objects, at most %u can be analysed", snapshot->n_objects,
                    MAX_OBJECTS);
        }
      return GCG_UNSUPPORTED;
    }
  struct gcg__arena arena, scratch;
  gcg__arena_init (&arena);
  gcg__arena_init (&scratch);
  struct result *result = gcg__arena_array (&arena, 1, sizeof *result);
  if (result == NULL)
    goto fail_memory;
  result->arena = arena;
  if (!analysis_fill (result, snapshot, &scratch))
    {
      arena = result->arena;
      goto fail_memory;
    }
  gcg__arena_fini (&scratch);
  *analysis = &result->analysis;
  return GCG_OK;

fail_memory:
  gcg__arena_fini (&scratch);
  gcg__arena_fini (&arena);
  return gcg__no_memory (error, "analysing the snapshot");
}

void
gcg__analysis_free (struct gcg__analysis *analysis)
{
  if (analysis != NULL)
    gcg__arena_fini (&((struct result *)analysis)->arena);
}
