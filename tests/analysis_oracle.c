/* analysis_oracle.c -- the analyses against slow and obvious ones, on random heaps.
 *
 * 1,000 heaps of up to 40 objects, of varied density, with edges to oneself, parallel edges,
 * finalizers of all modes, uncollectable and ignored objects, and marks that disagree with the
 * edges.  Nothing here shares code with what it checks: reachability is Warshall's closure,
 * distances are Floyd's, the rest loops until nothing changes.  The seed of a heap is printed when
 * it fails; ORACLE_SEED=N tries that one only.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/analysis.h"
#include "tests/heap.h"
#include "tests/random.h"

enum
{
  N_HEAPS = 1000,
  MAX_OBJECTS = 40,
  MAX_EDGES = 160,
  MAX_WORDS = 16,
  FAR = 1000
};

/* What was asked for. */
struct wanted
{
  uint32_t n, n_edges;
  uint64_t bytes[MAX_OBJECTS];
  uint32_t kind[MAX_OBJECTS], mode[MAX_OBJECTS], birth[MAX_OBJECTS];
  bool marked[MAX_OBJECTS], rooted[MAX_OBJECTS], ignored[MAX_OBJECTS];
  struct
  {
    uint32_t from, to;
    uint64_t offset;
  } edges[MAX_EDGES];
};

/* What the obvious algorithms say. */
struct truth
{
  const struct wanted *w;
  bool reach[MAX_OBJECTS][MAX_OBJECTS]; /* by one or more edges between garbage objects */
  uint32_t component[MAX_OBJECTS];      /* lowest member; GCG__NONE: not garbage */
  bool kept[MAX_OBJECTS];
};

static void
wanted_make (struct wanted *w, uint64_t seed)
{
  uint64_t random = seed;
  memset (w, 0, sizeof *w);
  w->n = 1 + random_below (&random, MAX_OBJECTS);
  uint32_t density = random_below (&random, 4); /* edges per object, at most */
  uint32_t one_in = 2 + random_below (&random, 8);
  bool near = random_below (&random, 2) == 0; /* edges to neighbours: many small components */
  for (uint32_t i = 0; i < w->n; i++)
    {
      w->bytes[i] = 8 * MAX_WORDS + random_below (&random, 30);
      w->birth[i] = random_below (&random, 4);
      w->kind[i] = random_below (&random, 12) == 0 ? GCG__KIND_UNCOLLECTABLE : GCG__KIND_NORMAL;
      w->mode[i] = random_below (&random, one_in) == 0 ? 1 + random_below (&random, 4) : 0;
      w->ignored[i] = random_below (&random, 16) == 0;
      w->rooted[i] = random_below (&random, 10) == 0;
    }
  uint32_t n_edges = random_below (&random, density * w->n + 2);
  uint32_t next_word[MAX_OBJECTS] = { 0 };
  for (uint32_t e = 0; e < n_edges && w->n_edges < MAX_EDGES; e++)
    {
      uint32_t from = random_below (&random, w->n);
      uint32_t to = near ? (from + random_below (&random, 4)) % w->n : random_below (&random, w->n);
      if (next_word[from] >= MAX_WORDS - 2)
        continue;
      next_word[from] += 1 + random_below (&random, 2);
      w->edges[w->n_edges].from = from;
      w->edges[w->n_edges].to = to;
      w->edges[w->n_edges++].offset = 8 * (next_word[from] - 1);
    }
}

/* The snapshot of what is wanted; *WORDS are its words with ignored objects and a few wrong marks,
   and w->marked is filled in. */
static struct gcg__snapshot *
wanted_snapshot (struct wanted *w, uint64_t seed, uint64_t words[MAX_OBJECTS])
{
  uint64_t random = ~seed;
  struct heap *heap = heap_new ();
  uint32_t site = heap_site (heap, "node", "oracle.c", 1, "wanted");
  for (uint32_t i = 0; i < w->n; i++)
    {
      assert_int_equal (heap_object (heap, w->bytes[i], w->kind[i], site), i);
      heap_birth (heap, i, w->birth[i]);
      if (w->mode[i] != 0)
        heap_finalizer (heap, i, w->mode[i]);
      if (w->rooted[i])
        heap_root (heap, i);
    }
  for (uint32_t e = 0; e < w->n_edges; e++)
    heap_edge (heap, w->edges[e].from, w->edges[e].offset, w->edges[e].to);
  struct gcg__snapshot *snapshot = heap_snapshot (heap);
  heap_free (heap);

  bool lie = random_below (&random, 4) == 0;
  for (uint32_t i = 0; i < w->n; i++)
    {
      uint64_t flip = lie && random_below (&random, 8) == 0 ? GCG__OBJECT_MARKED : 0;
      uint64_t ignored = w->ignored[i] ? GCG__OBJECT_IGNORED : 0;
      words[i]
          = (snapshot->words[i] | ignored << GCG__WORD_FLAG_SHIFT) ^ flip << GCG__WORD_FLAG_SHIFT;
      w->marked[i] = (words[i] >> GCG__WORD_FLAG_SHIFT & GCG__OBJECT_MARKED) != 0;
    }
  return snapshot;
}

/* Warshall's closure of the edges between garbage objects, but edge CUT; of START, when it is not
   GCG__NONE, without its edges to itself. */
static void
closure (const struct wanted *w, uint32_t cut, uint32_t start, bool reach[MAX_OBJECTS][MAX_OBJECTS])
{
  memset (reach, 0, MAX_OBJECTS * sizeof *reach);
  for (uint32_t e = 0; e < w->n_edges; e++)
    {
      uint32_t from = w->edges[e].from, to = w->edges[e].to;
      if (e != cut && !w->marked[from] && !w->marked[to] && !(from == start && to == start))
        reach[from][to] = true;
    }
  for (uint32_t k = 0; k < w->n; k++)
    for (uint32_t i = 0; i < w->n; i++)
      for (uint32_t j = 0; j < w->n; j++)
        reach[i][j] |= reach[i][k] && reach[k][j];
}

/* Is I, with edge CUT gone, finalizable but marked from itself, as GC_finalize would? */
static bool
marks_itself (const struct wanted *w, uint32_t i, uint32_t cut)
{
  static bool reach[MAX_OBJECTS][MAX_OBJECTS];
  if (w->marked[i] || w->ignored[i] || w->mode[i] == 0 || w->mode[i] == GCG__FINALIZER_NO_ORDER)
    return false;
  closure (w, cut, w->mode[i] == GCG__FINALIZER_IGNORE_SELF ? i : GCG__NONE, reach);
  return reach[i][i];
}

/* Adds to KEPT what FROM and all it reaches, but not through ignored objects. */
static void
spread (const struct wanted *w, uint32_t from, bool kept[MAX_OBJECTS])
{
  kept[from] |= !w->ignored[from] && !w->marked[from];
  for (bool again = true; again;)
    {
      again = false;
      for (uint32_t e = 0; e < w->n_edges; e++)
        {
          uint32_t to = w->edges[e].to;
          if (kept[w->edges[e].from] && !kept[to] && !w->ignored[to] && !w->marked[to])
            again = kept[to] = true;
        }
    }
}

static void
truth_make (struct truth *t, const struct wanted *w)
{
  memset (t, 0, sizeof *t);
  t->w = w;
  closure (w, GCG__NONE, GCG__NONE, t->reach);
  for (uint32_t i = 0; i < w->n; i++)
    t->component[i] = w->marked[i] ? GCG__NONE : i;
  for (bool again = true; again;)
    {
      again = false;
      for (uint32_t e = 0; e < w->n_edges; e++)
        {
          uint32_t *a = &t->component[w->edges[e].from], *b = &t->component[w->edges[e].to];
          if (*a != GCG__NONE && *b != GCG__NONE && *a != *b)
            {
              *a = *b = *a < *b ? *a : *b;
              again = true;
            }
        }
    }
  for (uint32_t i = 0; i < w->n; i++)
    if (marks_itself (w, i, GCG__NONE))
      for (uint32_t j = 0; j < w->n; j++)
        if (j == i || (t->reach[i][j] && t->reach[j][i]))
          spread (w, j, t->kept);
}

static bool
same_cycle (const struct truth *t, uint32_t i, uint32_t j)
{
  return t->reach[i][j] && t->reach[j][i];
}

static void
assert_totals (struct gcg__totals totals, uint64_t objects, uint64_t bytes)
{
  assert_int_equal (totals.objects, objects);
  assert_int_equal (totals.bytes, bytes);
}

/* Totals, trace, adjacency. */
static void
check_totals (const struct truth *t, const struct gcg__analysis *a)
{
  const struct wanted *w = t->w;
  struct gcg__totals all = { 0 }, reachable = { 0 }, garbage = { 0 }, on_cycles = { 0 },
                     leaked = { 0 };
  bool reached[MAX_OBJECTS];
  uint64_t only_collector = 0, only_trace = 0, lost = 0;
  for (uint32_t i = 0; i < w->n; i++)
    reached[i] = w->rooted[i] || w->kind[i] == GCG__KIND_UNCOLLECTABLE;
  for (uint32_t round = 0; round < w->n; round++)
    for (uint32_t e = 0; e < w->n_edges; e++)
      reached[w->edges[e].to] |= reached[w->edges[e].from];
  for (uint32_t i = 0; i < w->n; i++)
    {
      bool pointed_to = w->rooted[i];
      uint64_t in = a->in_first[i], n_in = 0;
      for (uint32_t from = 0; from < w->n; from++)
        for (uint32_t e = 0; e < w->n_edges; e++)
          if (w->edges[e].to == i && w->edges[e].from == from)
            {
              pointed_to |= from != i;
              assert_int_equal (a->in_sources[in + n_in++], from);
            }
      assert_int_equal (a->in_first[i + 1] - in, n_in);
      bool is_lost
          = w->kind[i] == GCG__KIND_UNCOLLECTABLE && w->marked[i] && !w->ignored[i] && !pointed_to;
      struct gcg__totals *sums[]
          = { &all, w->marked[i] ? &reachable : &garbage, t->reach[i][i] ? &on_cycles : NULL,
              t->kept[i] || is_lost ? &leaked : NULL };
      for (size_t s = 0; s < sizeof sums / sizeof *sums; s++)
        if (sums[s] != NULL)
          {
            sums[s]->objects++;
            sums[s]->bytes += w->bytes[i];
          }
      lost += is_lost;
      only_collector += w->marked[i] && !reached[i];
      only_trace += reached[i] && !w->marked[i];
      assert_int_equal (a->reached[i], reached[i]);
      /* "Reduced" is exactly the objects on cycles. */
      assert_int_equal (a->cycle_of[i] != GCG__NONE, t->reach[i][i]);
    }
  assert_totals (a->all, all.objects, all.bytes);
  assert_totals (a->reachable, reachable.objects, reachable.bytes);
  assert_totals (a->garbage, garbage.objects, garbage.bytes);
  assert_totals (a->on_cycles, on_cycles.objects, on_cycles.bytes);
  assert_totals (a->leaked, leaked.objects, leaked.bytes);
  assert_int_equal (a->n_lost_uncollectable, lost);
  assert_int_equal (a->only_collector, only_collector);
  assert_int_equal (a->only_trace, only_trace);
}

/* Garbage objects are together where the truth says so; returns how many components there are. */
static uint32_t
check_membership (const struct truth *t, const struct gcg__analysis *a)
{
  const struct wanted *w = t->w;
  uint32_t n_leaders = 0;
  for (uint32_t i = 0; i < w->n; i++)
    {
      n_leaders += t->component[i] == i;
      assert_int_equal (a->component_of[i] == GCG__NONE, t->component[i] == GCG__NONE);
      for (uint32_t j = 0; j < w->n; j++)
        if (!w->marked[i] && !w->marked[j])
          assert_int_equal (a->component_of[i] == a->component_of[j],
                            t->component[i] == t->component[j]);
    }
  return n_leaders;
}

/* The lowest object of component C. */
static uint32_t
first_of (const struct gcg__analysis *a, uint32_t c)
{
  uint32_t first = 0;
  while (a->component_of[first] != c)
    first++;
  return first;
}

/* What is said of component C as a whole. */
static void
check_figures (const struct truth *t, const struct gcg__analysis *a, uint32_t c)
{
  const struct wanted *w = t->w;
  const struct gcg__component *component = &a->components[c];
  uint32_t n = 0, on_cycles = 0, n_edges = 0;
  uint64_t bytes = 0;
  bool leaks = false;
  for (uint32_t i = 0; i < w->n; i++)
    if (a->component_of[i] == c)
      {
        n++;
        bytes += w->bytes[i];
        on_cycles += t->reach[i][i];
        leaks |= marks_itself (w, i, GCG__NONE);
      }
  for (uint32_t e = 0; e < w->n_edges; e++)
    n_edges += a->component_of[w->edges[e].from] == c && a->component_of[w->edges[e].to] == c;
  assert_int_equal (component->n_objects, n);
  assert_int_equal (component->bytes, bytes);
  assert_int_equal (component->n_edges, n_edges);
  assert_int_equal (component->n_on_cycles, on_cycles);
  assert_int_equal (component->verdict, leaks           ? GCG__FINALIZATION_CYCLE
                                        : on_cycles > 0 ? GCG__CYCLE
                                        : n > 1         ? GCG__CHAIN
                                                        : GCG__SINGLE);
}

/* Members, from MEMBER on, are by size; components C - 1 and C are in order. */
static void
check_order (const struct truth *t, const struct gcg__analysis *a, uint32_t c, uint32_t member)
{
  const struct wanted *w = t->w;
  const struct gcg__component *component = &a->components[c], *before = component - 1;
  assert_int_equal (component->first_member, member);
  for (uint32_t m = 0; m < component->n_objects; m++)
    {
      uint32_t id = a->members[member + m], last = m > 0 ? a->members[member + m - 1] : 0;
      assert_int_equal (a->component_of[id], c);
      assert_true (m == 0 || w->bytes[id] < w->bytes[last]
                   || (w->bytes[id] == w->bytes[last] && id > last));
    }
  if (c > 0)
    assert_true (before->bytes > component->bytes
                 || (before->bytes == component->bytes
                     && (before->n_objects > component->n_objects
                         || (before->n_objects == component->n_objects
                             && first_of (a, c - 1) < first_of (a, c)))));
}

static void
check_components (const struct truth *t, const struct gcg__analysis *a)
{
  uint32_t member = 0, cycle = 0;
  assert_int_equal (a->n_components, check_membership (t, a));
  for (uint32_t c = 0; c < a->n_components; c++)
    {
      const struct gcg__component *component = &a->components[c];
      check_figures (t, a, c);
      check_order (t, a, c, member);
      member += component->n_objects;
      if (component->n_cycles > 0)
        assert_int_equal (component->first_cycle, cycle);
      cycle += component->n_cycles;
    }
  assert_int_equal (cycle, a->n_cycles);
}

/* Edge number of a step, which must be there. */
static uint32_t
edge_of_step (const struct wanted *w, const struct gcg__cycle_path *path, uint32_t step)
{
  uint32_t to = path->steps[step + 1 < path->n ? step + 1 : 0].object;
  for (uint32_t e = 0; e < w->n_edges; e++)
    if (w->edges[e].from == path->steps[step].object && w->edges[e].to == to
        && w->edges[e].offset == path->steps[step].offset)
      return e;
  fail_msg ("step %u is no edge", step);
  return GCG__NONE;
}

/* What goes when edge CUT does, by reference counts. */
static void
cascade (const struct wanted *w, uint32_t cut, bool freed[MAX_OBJECTS])
{
  memset (freed, 0, MAX_OBJECTS);
  for (bool again = true; again;)
    {
      again = false;
      for (uint32_t i = 0; i < w->n; i++)
        {
          uint32_t had = 0, has = 0;
          for (uint32_t e = 0; e < w->n_edges; e++)
            if (w->edges[e].to == i && !w->marked[w->edges[e].from])
              {
                had++;
                has += e != cut && !freed[w->edges[e].from];
              }
          if (!w->marked[i] && !freed[i] && had > 0 && has == 0)
            again = freed[i] = true;
        }
    }
}

static struct gcg__totals
sum_of (const struct wanted *w, const bool set[MAX_OBJECTS])
{
  struct gcg__totals sum = { 0 };
  for (uint32_t i = 0; i < w->n; i++)
    if (set[i])
      {
        sum.objects++;
        sum.bytes += w->bytes[i];
      }
  return sum;
}

/* Number of edges of the shortest cycle within the component of LEADER that counts. */
static uint32_t
shortest_in (const struct truth *t, uint32_t leader)
{
  const struct wanted *w = t->w;
  static uint32_t distance[MAX_OBJECTS][MAX_OBJECTS];
  bool finalization = false, alone = true;
  uint32_t best = FAR;
  for (uint32_t i = 0; i < w->n; i++)
    {
      finalization |= same_cycle (t, leader, i) && marks_itself (w, i, GCG__NONE);
      alone &= i == leader || !same_cycle (t, leader, i);
    }
  for (uint32_t start = 0; start < w->n; start++)
    {
      if (!same_cycle (t, leader, start) || (finalization && !marks_itself (w, start, GCG__NONE)))
        continue;
      for (uint32_t i = 0; i < w->n; i++)
        for (uint32_t j = 0; j < w->n; j++)
          distance[i][j] = FAR;
      for (uint32_t e = 0; e < w->n_edges; e++)
        {
          uint32_t from = w->edges[e].from, to = w->edges[e].to;
          if (same_cycle (t, leader, from) && same_cycle (t, leader, to) && (from != to || alone))
            distance[from][to] = 1;
        }
      for (uint32_t k = 0; k < w->n; k++)
        for (uint32_t i = 0; i < w->n; i++)
          for (uint32_t j = 0; j < w->n; j++)
            if (distance[i][k] + distance[k][j] < distance[i][j])
              distance[i][j] = distance[i][k] + distance[k][j];
      if (distance[start][start] < best)
        best = distance[start][start];
    }
  return best;
}

/* Is the source of edge E younger than its target? */
static bool
is_back (const struct wanted *w, uint32_t e)
{
  uint32_t from = w->edges[e].from, to = w->edges[e].to;
  return w->birth[from] != w->birth[to] ? w->birth[from] > w->birth[to] : from > to;
}

/* With edge E cut, does no finalizer of the component of LEADER keep a cycle? */
static bool
breaks (const struct truth *t, uint32_t leader, uint32_t e)
{
  for (uint32_t i = 0; i < t->w->n; i++)
    if (same_cycle (t, leader, i) && marks_itself (t->w, i, e))
      return false;
  return true;
}

static void
check_cut (const struct truth *t, const struct gcg__analysis *a, uint32_t c,
           const struct gcg__cycle_path *path)
{
  const struct wanted *w = t->w;
  uint32_t leader = a->cycle_members[a->cycles[c].first_member];
  bool finalization = a->cycles[c].n_finalizers > 0;
  bool freed[MAX_OBJECTS], some_break = false, some_break_back = false, best_back = false;
  uint64_t best = 0;
  for (uint32_t s = 0; s < path->n; s++)
    {
      uint32_t e = edge_of_step (w, path, s);
      cascade (w, e, freed);
      uint64_t bytes = sum_of (w, freed).bytes;
      if (s == 0 || bytes > best)
        {
          best = bytes;
          best_back = is_back (w, e);
        }
      else if (bytes == best)
        best_back |= is_back (w, e);
      if (finalization && breaks (t, leader, e))
        {
          some_break = true;
          some_break_back |= is_back (w, e);
        }
    }

  uint32_t cut = edge_of_step (w, path, path->cut);
  cascade (w, cut, freed);
  struct gcg__totals by_counts = sum_of (w, freed);
  bool all = true;
  for (uint32_t i = 0; i < w->n; i++)
    all &= !same_cycle (t, leader, i) || freed[i];
  uint32_t references = 0;
  for (uint32_t e = 0; e < w->n_edges; e++)
    references += w->edges[e].to == w->edges[cut].to && !w->marked[w->edges[e].from];
  assert_int_equal (path->only_edge, references == 1);
  assert_int_equal (path->all_freed, all);
  if (some_break)
    {
      assert_true (breaks (t, leader, cut));
      assert_int_equal (is_back (w, cut), some_break_back);
      assert_totals (path->freed, a->cycles[c].kept.objects, a->cycles[c].kept.bytes);
    }
  else
    {
      assert_totals (path->freed, by_counts.objects, by_counts.bytes);
      assert_int_equal (path->freed.bytes, best);
      assert_int_equal (is_back (w, cut), best_back);
    }
}

static void
check_kept (const struct truth *t, const struct gcg__analysis *a, uint32_t c)
{
  const struct wanted *w = t->w;
  bool mine[MAX_OBJECTS] = { false }, others[MAX_OBJECTS] = { false };
  for (uint32_t i = 0; i < w->n; i++)
    if (a->cycle_of[i] != GCG__NONE && a->cycles[a->cycle_of[i]].n_finalizers > 0)
      spread (w, i, a->cycle_of[i] == c ? mine : others);
  for (uint32_t i = 0; i < w->n; i++)
    mine[i] &= !others[i];
  struct gcg__totals kept = sum_of (w, mine);
  assert_totals (a->cycles[c].kept, kept.objects, kept.bytes);
}

static void
check_cycles (const struct truth *t, const struct gcg__analysis *a)
{
  const struct wanted *w = t->w;
  uint32_t n_finalization = 0, member = 0;
  for (uint32_t c = 0; c < a->n_cycles; c++)
    {
      const struct gcg__cycle *cycle = &a->cycles[c];
      uint32_t leader = a->cycle_members[cycle->first_member];
      uint32_t n = 0, n_finalizers = 0;
      uint64_t bytes = 0;
      assert_int_equal (cycle->first_member, member);
      for (uint32_t i = 0; i < w->n; i++)
        {
          assert_int_equal (a->cycle_of[i] == c, same_cycle (t, leader, i));
          if (a->cycle_of[i] != c)
            continue;
          assert_int_equal (a->cycle_members[member++], i);
          n++;
          bytes += w->bytes[i];
          n_finalizers += marks_itself (w, i, GCG__NONE);
        }
      assert_int_equal (cycle->n_objects, n);
      assert_int_equal (cycle->bytes, bytes);
      assert_int_equal (cycle->n_finalizers, n_finalizers);
      assert_int_equal (cycle->component, a->component_of[leader]);
      n_finalization += n_finalizers > 0;
      if (n_finalizers > 0)
        check_kept (t, a, c);
      else
        assert_totals (cycle->kept, 0, 0);
      if (c > 0)
        assert_true (cycle[-1].component < cycle->component
                     || (cycle[-1].component == cycle->component && cycle[-1].bytes >= bytes));

      struct gcg__cycle_path path;
      struct gcg_error error;
      assert_int_equal (gcg__cycle_path (a, c, &path, &error), GCG_OK);
      assert_true (path.shortest);
      assert_int_equal (path.n, shortest_in (t, leader));
      assert_true (path.cut < path.n);
      check_cut (t, a, c, &path);
      gcg__cycle_path_fini (&path);
    }
  assert_int_equal (a->n_finalization_cycles, n_finalization);
}

static void
check_heap (uint64_t seed)
{
  static struct wanted w;
  static struct truth t;
  uint64_t words[MAX_OBJECTS];
  wanted_make (&w, seed);
  struct gcg__snapshot *snapshot = wanted_snapshot (&w, seed, words);
  struct gcg__snapshot changed = *snapshot;
  changed.words = words;
  truth_make (&t, &w);

  struct gcg__analysis *analysis;
  struct gcg_error error;
  assert_int_equal (gcg__analysis_new (&changed, &analysis, &error), GCG_OK);
  check_totals (&t, analysis);
  check_components (&t, analysis);
  check_cycles (&t, analysis);
  gcg__analysis_free (analysis);
  gcg__snapshot_close (snapshot);
}

static uint64_t current_seed;

static int
print_seed (void **state)
{
  (void)state;
  print_message ("# last seed: %llu (ORACLE_SEED=... tries one only)\n",
                 (unsigned long long)current_seed);
  return 0;
}

static void
test_random_heaps (void **state)
{
  (void)state;
  const char *only = getenv ("ORACLE_SEED");
  uint64_t first = only != NULL ? strtoull (only, NULL, 10) : 20260101;
  for (uint32_t i = 0; i < (only != NULL ? 1 : N_HEAPS); i++)
    {
      current_seed = first + i;
      check_heap (current_seed);
    }
}

int
main (void)
{
  const struct CMUnitTest tests[]
      = { cmocka_unit_test_setup_teardown (test_random_heaps, NULL, print_seed) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
