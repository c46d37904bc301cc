/* leaks.c -- which blocks are leaked (leaks.h).
 *
 * What is garbage has been said; this counts it in the words of the two tools that people
 * know.  Both countings come from one condensation: the cyclic strongly connected components are
 * the analysis's cycles, every other block is a part of its own.  A part is a source when no leaked
 * block outside points to it; that is one pass over the edges into leaked blocks.  Whose leader
 * reaches a block is found by breadth-first searches from the leaders in order of address, none of
 * which enters what an earlier one has reached.
 *
 * Reachable blocks are classified by tracing again and believing fewer pointers each time.  What
 * the collector marked and our own trace does not reach hangs on a root that the agent could not
 * see: it counts as reached by its start.
 *
 * Valgrind: memcheck/mc_leakcheck.c's manual, "Memory leak detection"; LeakSanitizer:
 * compiler-rt/lib/lsan, as documented.  Iterative; one arena for the result, one for scratch.
 */
#include "config.h"

#include "analysis/leaks.h"

#include "analysis/cycles.h"
#include "analysis/reach.h"

struct result
{
  struct gcg__leaks leaks;
  struct gcg__arena arena;
};

/* A trace over pointers of some places only. */
struct trace
{
  const struct gcg__analysis *analysis;
  uint64_t *reached; /* bits */
  uint32_t *queue;   /* [objects] */
  uint32_t tail;
  uint32_t most; /* places up to this one are believed */
};

static void
trace_visit (struct trace *trace, uint32_t id, uint32_t place)
{
  if (place > trace->most || gcg__bit (trace->reached, id))
    return;
  gcg__set_bit (trace->reached, id);
  trace->queue[trace->tail++] = id;
}

/* What is reached by pointers of places up to MOST, one bit each; NULL: out of memory. */
static const uint64_t *
trace_up_to (const struct gcg__analysis *analysis, uint32_t most, struct gcg__arena *scratch)
{
  const struct gcg__snapshot *s = analysis->snapshot;
  struct trace trace = {
    .analysis = analysis,
    .reached = gcg__arena_array (scratch, ((uint64_t)s->n_objects + 63) / 64, sizeof (uint64_t)),
    .queue = gcg__arena_array (scratch, s->n_objects, sizeof (uint32_t)),
    .most = most,
  };
  if (trace.reached == NULL || trace.queue == NULL)
    return NULL;
  for (uint64_t r = 0; r < s->n_roots; r++)
    trace_visit (&trace, s->roots[r].object, gcg__root_place (s, r));
  for (uint32_t b = 0; b < s->n_blocks; b++)
    {
      uint32_t end = b + 1 < s->n_blocks ? s->blocks[b + 1].first_object : s->n_objects;
      bool held = gcg__kind_uncollectable (s->blocks[b].kind);
      for (uint32_t id = s->blocks[b].first_object; id < end; id++)
        if (held
            || (analysis->reached[id] == 0
                && (gcg__word_flags (s->words[id]) & GCG__OBJECT_MARKED) != 0))
          trace_visit (&trace, id, GCG__PLACE_START);
    }
  for (uint32_t head = 0; head < trace.tail; head++)
    {
      uint32_t id = trace.queue[head];
      for (uint64_t e = analysis->out_first[id]; e < analysis->out_first[id + 1]; e++)
        trace_visit (&trace, s->edge_targets[e], gcg__edge_place (s, e));
    }
  return trace.reached;
}

/* Separates leaked, ignored and reached blocks, and classifies how these are reached. */
static bool
leaks_reached (const struct gcg__analysis *analysis, struct gcg__arena *scratch, uint8_t *flags)
{
  const struct gcg__snapshot *s = analysis->snapshot;
  bool told = s->edge_places != NULL || s->root_places != NULL;
  const uint64_t *start = NULL, *inside = NULL;
  if (told
      && ((start = trace_up_to (analysis, GCG__PLACE_START, scratch)) == NULL
          || (inside = trace_up_to (analysis, GCG__PLACE_INSIDE, scratch)) == NULL))
    return false;
  for (uint32_t id = 0; id < s->n_objects; id++)
    {
      bool marked = (gcg__word_flags (s->words[id]) & GCG__OBJECT_MARKED) != 0;
      if (analysis->component_of[id] != GCG__NONE)
        flags[id] = GCG__LEAK_LEAKED;
      else if (!marked)
        flags[id] = GCG__LEAK_IGNORED;
      else if (told && !gcg__bit (start, id))
        flags[id] = GCG__LEAK_INTERIOR | (gcg__bit (inside, id) ? 0 : GCG__LEAK_PAST);
    }
  return true;
}

/* The same of the collector's objects.  QUEUE is scratch. */
static void
leaks_collected (const struct gcg__analysis *analysis, uint8_t *flags, uint32_t *queue)
{
  const struct gcg__snapshot *s = analysis->snapshot;
  uint32_t tail = 0;
  for (uint32_t id = 0; id < s->n_objects; id++)
    if (analysis->component_of[id] != GCG__NONE)
      flags[id] = gcg__ignored (s, id) ? GCG__LEAK_IGNORED : GCG__LEAK_COLLECTABLE;
  for (uint32_t i = 0; i < analysis->n_cycles; i++)
    for (uint32_t m = 0; analysis->cycles[i].n_finalizers > 0 && m < analysis->cycles[i].n_objects;
         m++)
      {
        uint32_t id = analysis->cycle_members[analysis->cycles[i].first_member + m];
        if (flags[id] != GCG__LEAK_COLLECTABLE)
          continue;
        flags[id] = GCG__LEAK_LEAKED;
        queue[tail++] = id;
      }
  for (uint32_t head = 0; head < tail; head++)
    for (uint64_t e = analysis->out_first[queue[head]]; e < analysis->out_first[queue[head] + 1];
         e++)
      if (flags[s->edge_targets[e]] == GCG__LEAK_COLLECTABLE)
        {
          flags[s->edge_targets[e]] = GCG__LEAK_LEAKED;
          queue[tail++] = s->edge_targets[e];
        }
  for (uint32_t i = 0; i < analysis->n_lost_uncollectable; i++)
    flags[analysis->lost_uncollectable[i]] = GCG__LEAK_LEAKED;
}

/* Does a leaked block other than ID, or OUTSIDE a cycle: other than its members, point to ID? */
static bool
leaks_pointed_to (const struct gcg__analysis *analysis, const uint8_t *flags, uint32_t id,
                  bool outside)
{
  for (uint64_t e = analysis->in_first[id]; e < analysis->in_first[id + 1]; e++)
    {
      uint32_t source = analysis->in_sources[e];
      if (source == id || (flags[source] & GCG__LEAK_LEAKED) == 0)
        continue;
      if (!outside || analysis->cycle_of[id] == GCG__NONE
          || analysis->cycle_of[source] != analysis->cycle_of[id])
        return true;
    }
  return false;
}

/* Finds leaders and direct leaks. */
static void
leaks_judge (const struct gcg__analysis *analysis, uint8_t *flags)
{
  for (uint32_t id = 0; id < analysis->snapshot->n_objects; id++)
    {
      if ((flags[id] & GCG__LEAK_LEAKED) == 0)
        continue;
      bool pointed_to = leaks_pointed_to (analysis, flags, id, false);
      flags[id] |= pointed_to ? 0 : GCG__LEAK_DIRECT;
      if (analysis->cycle_of[id] == GCG__NONE)
        flags[id] |= pointed_to ? 0 : GCG__LEAK_LEADER;
    }
  for (uint32_t c = 0; c < analysis->n_cycles; c++)
    {
      const struct gcg__cycle *cycle = &analysis->cycles[c];
      const uint32_t *members = &analysis->cycle_members[cycle->first_member];
      uint32_t m = 0;
      if ((flags[members[0]] & GCG__LEAK_LEAKED) == 0)
        continue;
      while (m < cycle->n_objects && !leaks_pointed_to (analysis, flags, members[m], true))
        m++;
      if (m == cycle->n_objects)
        flags[members[0]] |= GCG__LEAK_LEADER;
    }
}

/* Finds whose leader reaches each.  QUEUE is scratch. */
static void
leaks_lead (const struct gcg__analysis *analysis, const uint8_t *flags, uint32_t *leader_of,
            uint32_t *queue)
{
  const struct gcg__snapshot *s = analysis->snapshot;
  for (uint32_t id = 0; id < s->n_objects; id++)
    leader_of[id] = GCG__NONE;
  for (uint32_t leader = 0; leader < s->n_objects; leader++)
    {
      if ((flags[leader] & GCG__LEAK_LEADER) == 0)
        continue;
      uint32_t tail = 0;
      leader_of[leader] = leader;
      queue[tail++] = leader;
      for (uint32_t head = 0; head < tail; head++)
        for (uint64_t e = analysis->out_first[queue[head]];
             e < analysis->out_first[queue[head] + 1]; e++)
          {
            uint32_t target = s->edge_targets[e];
            if ((flags[target] & GCG__LEAK_LEAKED) == 0 || leader_of[target] != GCG__NONE)
              continue;
            leader_of[target] = leader;
            queue[tail++] = target;
          }
    }
}

static void
leaks_add (struct gcg__totals *totals, uint64_t bytes)
{
  totals->objects++;
  totals->bytes += bytes;
}

static void
leaks_sum (struct gcg__leaks *leaks)
{
  struct gcg__object_walk walk = gcg__objects (leaks->analysis->snapshot);
  while (gcg__next_object (&walk))
    {
      uint8_t flags = leaks->flags[walk.object.id];
      uint64_t bytes = walk.object.requested_bytes;
      if (flags & GCG__LEAK_LEAKED)
        {
          leaks_add (&leaks->leaked, bytes);
          leaks_add (flags & GCG__LEAK_LEADER ? &leaks->definite : &leaks->indirect, bytes);
          leaks_add (flags & GCG__LEAK_DIRECT ? &leaks->direct : &leaks->lsan_indirect, bytes);
        }
      else if (flags & GCG__LEAK_IGNORED)
        leaks_add (&leaks->ignored, bytes);
      else if (flags & GCG__LEAK_COLLECTABLE)
        leaks_add (&leaks->collectable, bytes);
      else if (flags & GCG__LEAK_INTERIOR)
        leaks_add (&leaks->interior_only, bytes);
      else
        leaks_add (&leaks->reachable, bytes);
      if (flags & GCG__LEAK_PAST)
        leaks_add (&leaks->past_only, bytes);
    }
}

/* Fills LEAKS.  false: out of memory. */
static bool
leaks_fill (struct gcg__leaks *leaks, struct gcg__arena *arena)
{
  const struct gcg__analysis *analysis = leaks->analysis;
  uint32_t n = analysis->snapshot->n_objects;
  uint8_t *flags = gcg__arena_array (arena, n, sizeof *flags);
  uint32_t *leader_of = gcg__arena_array (arena, n, sizeof *leader_of);
  struct gcg__arena scratch;
  gcg__arena_init (&scratch);
  uint32_t *queue = gcg__arena_sparse (&scratch, n, sizeof *queue);
  bool malloced = (analysis->snapshot->info->flags & GCG__INFO_MALLOC) != 0;
  bool ok = flags != NULL && leader_of != NULL && queue != NULL
            && (!malloced || leaks_reached (analysis, &scratch, flags));
  if (ok)
    {
      if (!malloced)
        leaks_collected (analysis, flags, queue);
      leaks_judge (analysis, flags);
      leaks_lead (analysis, flags, leader_of, queue);
      leaks->flags = flags;
      leaks->leader_of = leader_of;
      leaks_sum (leaks);
    }
  gcg__arena_fini (&scratch);
  return ok;
}

enum gcg_status
gcg__leaks_new (const struct gcg__analysis *analysis, struct gcg__leaks **leaks,
                struct gcg_error *error)
{
  struct gcg__arena arena;
  gcg__arena_init (&arena);
  struct result *result = gcg__arena_array (&arena, 1, sizeof *result);
  if (result == NULL)
    goto fail_memory;
  result->leaks.analysis = analysis;
  if (!leaks_fill (&result->leaks, &arena))
    goto fail_memory;
  result->arena = arena;
  *leaks = &result->leaks;
  return GCG_OK;

fail_memory:
  gcg__arena_fini (&arena);
  return gcg__no_memory (error, "looking for leaks");
}

void
gcg__leaks_free (struct gcg__leaks *leaks)
{
  if (leaks != NULL)
    gcg__arena_fini (&((struct result *)leaks)->arena);
}
