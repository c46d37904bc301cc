/* cut.c -- which edge of a cycle to cut.
 *
 * Each edge of the shortest cycle is cut in thought, and what that would free is counted the way a
 * reader of the code thinks: an object goes when its last reference does, and its own references
 * go with it.  For a finalization cycle the collector decides instead: when after the cut no object
 * whose finalizer keeps a cycle lies on one, all that the cycle alone kept goes.
 *
 * At most 64 edges are tried, the likely ones first, and when VISIT_LIMIT edges have been looked at
 * no further one is; the first is always tried to the end.  References from objects that are not
 * garbage do not count: those that our trace sees there are words that the collector knows not to
 * be pointers.
 *
 * Memory: 12 bytes for each object that the cascade touches, 12 per member of the cycle.
 */
#include "config.h"

#include "analysis/cut.h"

#include <string.h>

#include "analysis/cycles.h"
#include "analysis/strong.h"

#define VISIT_LIMIT    (UINT64_C (1) << 22)
#define MAX_CANDIDATES 64
#define BIRTH_MASK     ((UINT32_C (1) << GCG__WORD_BIRTH_BITS) - 1)

struct candidate
{
  uint32_t step;
  uint32_t source, target; /* objects */
  bool only;               /* no other edge of the garbage leads to the target */
  bool back;               /* from a younger to an older object */
};

struct cascade
{
  const struct gcg__analysis *analysis;
  uint32_t cycle;
  uint32_t *left; /* [objects] references left + 1; 0: not touched; UINT32_MAX: too many to count */
  uint32_t *touched; /* objects whose `left` is not 0 */
  uint32_t *freed;   /* queue */
  uint32_t n_touched, n_freed;
  uint64_t visits; /* by all cascades */
};

/* What one cut does. */
struct effect
{
  struct gcg__totals freed;
  uint32_t n_members; /* of the cycle, among them */
};

/* References to ID from garbage, counted up to LIMIT. */
static uint32_t
cut_references (const struct gcg__analysis *analysis, uint32_t id, uint32_t limit)
{
  uint32_t n = 0;
  for (uint64_t e = analysis->in_first[id]; e < analysis->in_first[id + 1] && n < limit; e++)
    n += analysis->component_of[analysis->in_sources[e]] != GCG__NONE;
  return n;
}

/* One reference to ID is gone. */
static void
cascade_drop (struct cascade *cascade, uint32_t id)
{
  const struct gcg__analysis *analysis = cascade->analysis;
  if (analysis->component_of[id] == GCG__NONE)
    return;
  if (cascade->left[id] == 0)
    {
      cascade->visits += analysis->in_first[id + 1] - analysis->in_first[id];
      cascade->left[id] = cut_references (analysis, id, UINT32_MAX - 1) + 1;
      cascade->touched[cascade->n_touched++] = id;
    }
  /* 1: freed already, and this is the edge that was cut, seen again. */
  if (cascade->left[id] == 1 || cascade->left[id] == UINT32_MAX)
    return;
  if (--cascade->left[id] == 1)
    cascade->freed[cascade->n_freed++] = id;
}

/* Cuts the edge to TARGET.  Returns false when VISIT_LIMIT was reached and MAY_STOP. */
static bool
cascade_run (struct cascade *cascade, uint32_t target, bool may_stop, struct effect *effect)
{
  const struct gcg__analysis *analysis = cascade->analysis;
  *effect = (struct effect){ 0 };
  cascade->n_touched = 0;
  cascade->n_freed = 0;
  cascade_drop (cascade, target);
  uint32_t head = 0;
  for (; head < cascade->n_freed; head++)
    {
      if (may_stop && cascade->visits > VISIT_LIMIT)
        break;
      uint32_t id = cascade->freed[head];
      struct gcg__object object;
      gcg__snapshot_object (analysis->snapshot, id, &object);
      effect->freed.objects++;
      effect->freed.bytes += object.requested_bytes;
      effect->n_members += analysis->cycle_of[id] == cascade->cycle;
      cascade->visits += analysis->out_first[id + 1] - analysis->out_first[id];
      for (uint64_t e = analysis->out_first[id]; e < analysis->out_first[id + 1]; e++)
        cascade_drop (cascade, analysis->snapshot->edge_targets[e]);
    }
  for (uint32_t i = 0; i < cascade->n_touched; i++)
    cascade->left[cascade->touched[i]] = 0;
  return head == cascade->n_freed;
}

/* Collections since ID was made, modulo 2^20. */
static uint32_t
cut_age (const struct gcg__snapshot *snapshot, uint32_t id)
{
  uint32_t birth = (uint32_t)(snapshot->words[id] >> GCG__WORD_BIRTH_SHIFT) & BIRTH_MASK;
  return ((uint32_t)snapshot->info->collections - birth) & BIRTH_MASK;
}

/* Was A made after B?  In the same collection's time the higher address counts as younger. */
static bool
cut_younger (const struct gcg__snapshot *snapshot, uint32_t a, uint32_t b)
{
  uint32_t age_a = cut_age (snapshot, a), age_b = cut_age (snapshot, b);
  return age_a != age_b ? age_a < age_b : a > b;
}

/* The edges worth trying, best rank first, in order of step within a rank.  BACK_FIRST says which
   of the two properties weighs more. */
static uint32_t
cut_candidates (const struct gcg__analysis *analysis, const struct gcg__cycle_path *path,
                bool back_first, struct candidate candidates[MAX_CANDIDATES])
{
  struct candidate ranked[4][MAX_CANDIDATES];
  uint32_t n_ranked[4] = { 0 };
  for (uint32_t i = 0; i < path->n && n_ranked[3] < MAX_CANDIDATES; i++)
    {
      struct candidate c = {
        .step = i,
        .source = path->steps[i].object,
        .target = path->steps[i + 1 < path->n ? i + 1 : 0].object,
      };
      c.only = cut_references (analysis, c.target, 2) == 1;
      c.back = cut_younger (analysis->snapshot, c.source, c.target);
      unsigned rank = back_first ? 2u * c.back + c.only : 2u * c.only + c.back;
      if (n_ranked[rank] < MAX_CANDIDATES)
        ranked[rank][n_ranked[rank]++] = c;
    }
  uint32_t n = 0;
  for (unsigned rank = 4; rank-- > 0;)
    for (uint32_t i = 0; i < n_ranked[rank] && n < MAX_CANDIDATES; i++)
      candidates[n++] = ranked[rank][i];
  return n;
}

/* Finds the cut that leaves no object whose finalizer keeps the cycle on one. */
struct breaking
{
  const struct gcg__analysis *analysis;
  struct gcg__part *part;
  uint32_t *strong; /* [n + 1] of the part with an edge cut */
  uint32_t *size;   /* [n + 1] of these strong components */
};

/* Sets *BREAKS to whether cutting CANDIDATE does that.  false: out of memory. */
static bool
breaking_try (struct breaking *breaking, const struct candidate *candidate, bool *breaks)
{
  const struct gcg__snapshot *snapshot = breaking->analysis->snapshot;
  struct gcg__part *part = breaking->part;
  struct gcg__graph graph = { part->first, part->targets, part->n + 1 };
  uint32_t target = gcg__part_node (part, candidate->target);
  uint64_t e = part->first[gcg__part_node (part, candidate->source)];
  while (part->targets[e] != target)
    e++;

  uint32_t n_strong;
  memset (breaking->strong, 0, graph.n * sizeof *breaking->strong);
  part->targets[e] = part->n; /* the node of no object */
  bool ok = gcg__strong_new (&graph, breaking->strong, &n_strong);
  part->targets[e] = target;
  if (!ok)
    return false;
  memset (breaking->size, 0, n_strong * sizeof *breaking->size);
  for (uint32_t v = 0; v < part->n; v++)
    if (breaking->strong[v] != GCG__NONE)
      breaking->size[breaking->strong[v]]++;
  *breaks = true;
  for (uint32_t v = 0; v < part->n && *breaks; v++)
    {
      if (breaking->strong[v] == GCG__NONE)
        continue;
      const struct gcg__finalizer *finalizer = gcg__finalizer_of (snapshot, part->members[v]);
      if (finalizer != NULL
          && gcg__finalizer_keeps (finalizer, breaking->size[breaking->strong[v]]))
        *breaks = false;
    }
  return true;
}

/* Sets *CHOSEN to the first candidate that breaks the finalization cycle, or to N.  false: out of
   memory. */
static bool
cut_break (const struct gcg__analysis *analysis, struct gcg__part *part,
           const struct candidate *candidates, uint32_t n, uint32_t *chosen)
{
  struct gcg__arena scratch;
  gcg__arena_init (&scratch);
  struct breaking breaking = {
    .analysis = analysis,
    .part = part,
    .strong = gcg__arena_array (&scratch, (uint64_t)part->n + 1, sizeof (uint32_t)),
    .size = gcg__arena_array (&scratch, (uint64_t)part->n + 1, sizeof (uint32_t)),
  };
  bool ok = breaking.strong != NULL && breaking.size != NULL;
  bool breaks = false;
  uint64_t visits = 0;
  uint32_t i = 0;
  for (; ok && i < n && visits <= VISIT_LIMIT; i++)
    {
      ok = breaking_try (&breaking, &candidates[i], &breaks);
      if (breaks)
        break;
      visits += part->n + part->first[part->n];
    }
  *chosen = breaks ? i : n;
  gcg__arena_fini (&scratch);
  return ok;
}

/* Sets *CHOSEN to the candidate that frees most, the first of equals, and *EFFECT to what it does.
 */
static void
cut_free_most (struct cascade *cascade, const struct candidate *candidates, uint32_t n,
               uint32_t *chosen, struct effect *effect)
{
  for (uint32_t i = 0; i < n; i++)
    {
      struct effect tried;
      if (!cascade_run (cascade, candidates[i].target, i > 0, &tried))
        break;
      if (i == 0 || tried.freed.bytes > effect->freed.bytes)
        {
          *chosen = i;
          *effect = tried;
        }
    }
}

bool
gcg__cut_choose (const struct gcg__analysis *analysis, uint32_t cycle, struct gcg__part *part,
                 struct gcg__cycle_path *path)
{
  const struct gcg__cycle *whole = &analysis->cycles[cycle];
  uint64_t n_objects = analysis->snapshot->n_objects;
  struct gcg__arena scratch;
  gcg__arena_init (&scratch);
  struct cascade cascade = {
    .analysis = analysis,
    .cycle = cycle,
    .left = gcg__arena_sparse (&scratch, n_objects, sizeof (uint32_t)),
    .touched = gcg__arena_sparse (&scratch, n_objects, sizeof (uint32_t)),
    .freed = gcg__arena_sparse (&scratch, n_objects, sizeof (uint32_t)),
  };
  struct candidate candidates[MAX_CANDIDATES];
  struct effect effect = { 0 };
  uint32_t n = 0, chosen = 0;
  bool breaks = false;
  bool ok = cascade.left != NULL && cascade.touched != NULL && cascade.freed != NULL;
  if (ok && whole->n_finalizers > 0)
    {
      n = cut_candidates (analysis, path, true, candidates);
      ok = cut_break (analysis, part, candidates, n, &chosen);
      breaks = ok && chosen < n;
    }
  if (ok && breaks)
    cascade_run (&cascade, candidates[chosen].target, false, &effect);
  else if (ok)
    {
      chosen = 0;
      n = cut_candidates (analysis, path, false, candidates);
      cut_free_most (&cascade, candidates, n, &chosen, &effect);
    }
  if (ok)
    {
      path->cut = candidates[chosen].step;
      path->only_edge = candidates[chosen].only;
      path->all_freed = effect.n_members == whole->n_objects;
      path->freed = breaks ? whole->kept : effect.freed;
    }
  gcg__arena_fini (&scratch);
  return ok;
}
