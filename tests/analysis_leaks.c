/* analysis_leaks.c -- what is leaked, as valgrind and as LeakSanitizer count it.
 *
 * First structures whose right answers are known: rings linked to each other, a tree with lost
 * branches, all ways of holding a block by its start and by its inside, single blocks, a large
 * block held by its inside only.  Then 1,000 random heaps against a slow, obvious implementation
 * that shares no code with what it checks (Warshall's closure; the rest loops until nothing
 * changes). The seed of a heap is printed when it fails; ORACLE_SEED=N tries that one only.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/leaks.h"
#include "tests/heap.h"
#include "tests/random.h"

/* A heap being made, and what was found in it. */
struct world
{
  struct heap *heap;
  uint32_t site;
  struct gcg__snapshot *snapshot;
  struct gcg__analysis *analysis;
  struct gcg__leaks *leaks;
};

static void
world_begin (struct world *w)
{
  w->heap = heap_new ();
  w->site = heap_site (w->heap, "struct node", "leaks.c", 1, "make");
  heap_malloc (w->heap);
}

static uint32_t
block (struct world *w, uint64_t bytes)
{
  return heap_object (w->heap, bytes, GCG__KIND_NORMAL, w->site);
}

static void
world_judge (struct world *w)
{
  struct gcg_error error;
  w->snapshot = heap_snapshot (w->heap);
  heap_free (w->heap);
  assert_int_equal (gcg__analysis_new (w->snapshot, &w->analysis, &error), GCG_OK);
  assert_int_equal (gcg__leaks_new (w->analysis, &w->leaks, &error), GCG_OK);
}

static void
world_end (struct world *w)
{
  gcg__leaks_free (w->leaks);
  gcg__analysis_free (w->analysis);
  gcg__snapshot_close (w->snapshot);
}

#define EXPECT(totals, n_bytes, n_blocks)                                                          \
  do                                                                                               \
    {                                                                                              \
      assert_int_equal ((totals).bytes, n_bytes);                                                  \
      assert_int_equal ((totals).objects, n_blocks);                                               \
    }                                                                                              \
  while (0)

/* A ring of three blocks of 16 bytes; returns the first. */
static uint32_t
ring (struct world *w)
{
  uint32_t first = block (w, 16);
  for (uint32_t i = 1; i < 3; i++)
    block (w, 16);
  for (uint32_t i = 0; i < 3; i++)
    heap_edge (w->heap, first + i, 0, first + (i + 1) % 3);
  return first;
}

/* Four rings, two of them linked one way, and two more linked both ways. */
static void
test_rings (void **state)
{
  (void)state;
  struct world w;
  world_begin (&w);
  ring (&w);
  ring (&w);
  uint32_t from = ring (&w), to = ring (&w);
  heap_edge (w.heap, from, 8, to);
  uint32_t one = ring (&w), other = ring (&w);
  heap_edge (w.heap, one, 8, other);
  heap_edge (w.heap, other, 8, one);
  world_judge (&w);
  EXPECT (w.leaks->leaked, 288, 18);
  EXPECT (w.leaks->definite, 64, 4);
  EXPECT (w.leaks->indirect, 224, 14);
  EXPECT (w.leaks->interior_only, 0, 0);
  EXPECT (w.leaks->reachable, 0, 0);
  EXPECT (w.leaks->direct, 0, 0);
  EXPECT (w.leaks->lsan_indirect, 288, 18);
  assert_int_equal (w.analysis->n_cycles, 5);
  assert_int_equal (w.leaks->leader_of[to + 2], from);
  assert_int_equal (w.leaks->leader_of[other], one);
  for (uint32_t c = 0; c < 5; c++)
    assert_int_equal (w.analysis->components[w.analysis->cycles[c].component].verdict,
                      GCG__LEAKED_CYCLE);
  EXPECT (w.analysis->leaked, 288, 18);
  world_end (&w);
}

/*      A            Only A is held, and it has lost its edge to C; D has been dropped by B.
       / \
      B   C
     / \ / \
    D  E F  G   (D stands alone)  */
static void
test_tree (void **state)
{
  (void)state;
  enum
  {
    A,
    B,
    C,
    D,
    E,
    F,
    G
  };
  struct world w;
  world_begin (&w);
  for (uint32_t i = A; i <= G; i++)
    block (&w, 16);
  heap_root (w.heap, A);
  heap_edge (w.heap, A, 0, B);
  heap_edge (w.heap, B, 8, E);
  heap_edge (w.heap, C, 0, F);
  heap_edge (w.heap, C, 8, G);
  world_judge (&w);
  EXPECT (w.leaks->leaked, 64, 4);
  EXPECT (w.leaks->definite, 32, 2);
  EXPECT (w.leaks->indirect, 32, 2);
  EXPECT (w.leaks->reachable, 48, 3);
  EXPECT (w.leaks->direct, 32, 2);
  EXPECT (w.leaks->lsan_indirect, 32, 2);
  assert_int_equal (w.analysis->n_cycles, 0);
  assert_int_equal (w.leaks->flags[D], GCG__LEAK_LEAKED | GCG__LEAK_LEADER | GCG__LEAK_DIRECT);
  assert_int_equal (w.leaks->flags[F], GCG__LEAK_LEAKED);
  assert_int_equal (w.leaks->leader_of[G], C);
  assert_int_equal (w.leaks->leader_of[A], GCG__NONE);
  world_end (&w);
}

/* A root, or none, that points to one block, which points to another, or does not; each pointer to
   the start or to the inside: nine ways. */
static void
make_chain (struct world *w, int root, int link)
{
  uint32_t first = block (w, 16);
  if (root >= 0)
    heap_root_at (w->heap, first, UINT64_C (0x1000) * (first + 1), (uint32_t)root);
  if (link >= 0)
    heap_edge_at (w->heap, first, 0, block (w, 16), (uint32_t)link);
}

static void
test_pointer_chains (void **state)
{
  (void)state;
  struct world w;
  world_begin (&w);
  make_chain (&w, GCG__PLACE_START, -1);
  make_chain (&w, GCG__PLACE_START, GCG__PLACE_START);
  make_chain (&w, -1, -1);
  make_chain (&w, -1, GCG__PLACE_START);
  make_chain (&w, GCG__PLACE_INSIDE, -1);
  make_chain (&w, GCG__PLACE_START, GCG__PLACE_INSIDE);
  make_chain (&w, GCG__PLACE_INSIDE, GCG__PLACE_START);
  make_chain (&w, GCG__PLACE_INSIDE, GCG__PLACE_INSIDE);
  make_chain (&w, -1, GCG__PLACE_INSIDE);
  world_judge (&w);
  EXPECT (w.leaks->leaked, 80, 5);
  EXPECT (w.leaks->definite, 48, 3);
  EXPECT (w.leaks->indirect, 32, 2);
  EXPECT (w.leaks->interior_only, 96, 6);
  EXPECT (w.leaks->past_only, 0, 0);
  EXPECT (w.leaks->reachable, 64, 4);
  EXPECT (w.leaks->direct, 48, 3);
  EXPECT (w.leaks->lsan_indirect, 32, 2);
  assert_int_equal (w.analysis->n_cycles, 0);
  world_end (&w);
}

static void
test_single_blocks (void **state)
{
  (void)state;
  struct world w;
  world_begin (&w);
  for (uint32_t i = 0; i < 1000; i++)
    block (&w, 1);
  world_judge (&w);
  EXPECT (w.leaks->leaked, 1000, 1000);
  EXPECT (w.leaks->definite, 1000, 1000);
  EXPECT (w.leaks->direct, 1000, 1000);
  EXPECT (w.leaks->indirect, 0, 0);
  EXPECT (w.leaks->reachable, 0, 0);
  world_end (&w);
}

/* A lost block; a large one held by its start, one by its inside, which points to itself. */
static void
test_large_blocks (void **state)
{
  (void)state;
  struct world w;
  world_begin (&w);
  uint32_t held = block (&w, 200000), inside = block (&w, 200000);
  block (&w, 1000);
  heap_root_at (w.heap, held, 0x1000, GCG__PLACE_START);
  heap_root_at (w.heap, inside, 0x2000, GCG__PLACE_INSIDE);
  for (uint64_t offset = 0; offset < 4096; offset += 8)
    heap_edge_at (w.heap, inside, offset, inside, GCG__PLACE_INSIDE);
  world_judge (&w);
  EXPECT (w.leaks->leaked, 1000, 1);
  EXPECT (w.leaks->definite, 1000, 1);
  EXPECT (w.leaks->interior_only, 200000, 1);
  EXPECT (w.leaks->reachable, 200000, 1);
  EXPECT (w.leaks->direct, 1000, 1);
  assert_int_equal (w.analysis->n_cycles, 0);
  world_end (&w);
}

/* A lost block that points to itself is a cycle and a direct leak; a pointer past the end holds a
   block, and that is told; an empty block is a block. */
static void
test_edges_of_meaning (void **state)
{
  (void)state;
  struct world w;
  world_begin (&w);
  uint32_t self = block (&w, 1337), past = block (&w, 24), empty = block (&w, 0);
  heap_edge (w.heap, self, 8, self);
  heap_root_at (w.heap, past, 0x1000, GCG__PLACE_PAST);
  world_judge (&w);
  EXPECT (w.leaks->leaked, 1337, 2);
  EXPECT (w.leaks->direct, 1337, 2);
  EXPECT (w.leaks->definite, 1337, 2);
  EXPECT (w.leaks->interior_only, 24, 1);
  EXPECT (w.leaks->past_only, 24, 1);
  EXPECT (w.leaks->reachable, 0, 0);
  assert_int_equal (w.analysis->n_cycles, 1);
  assert_int_equal (w.leaks->flags[past], GCG__LEAK_INTERIOR | GCG__LEAK_PAST);
  assert_int_equal (w.leaks->leader_of[empty], empty);
  world_end (&w);
}

/* What is ignored is no leak, nor what it reaches; what points to it still is one. */
static void
test_ignored (void **state)
{
  (void)state;
  struct world w;
  world_begin (&w);
  uint32_t above = block (&w, 16), ignored = block (&w, 32), below = block (&w, 64);
  heap_edge (w.heap, above, 0, ignored);
  heap_edge (w.heap, ignored, 0, below);
  heap_edge (w.heap, below, 0, ignored);
  heap_ignore (w.heap, ignored);
  world_judge (&w);
  EXPECT (w.leaks->leaked, 16, 1);
  EXPECT (w.leaks->direct, 16, 1);
  EXPECT (w.leaks->ignored, 96, 2);
  EXPECT (w.leaks->reachable, 0, 0);
  EXPECT (w.analysis->leaked, 16, 1);
  assert_int_equal (w.analysis->n_cycles, 0);
  assert_int_equal (w.analysis->only_collector, 0);
  world_end (&w);
}

/* Of the collector's objects finalization cycles and what they reach are leaked, and uncollectable
   ones that nothing points to; the rest of the garbage is not. */
static void
test_collected_heap (void **state)
{
  (void)state;
  struct heap *heap = heap_new ();
  struct world w = { .heap = heap };
  uint32_t root = heap_object (heap, 16, GCG__KIND_NORMAL, 0);
  uint32_t a = heap_object (heap, 32, GCG__KIND_NORMAL, 0);
  uint32_t b = heap_object (heap, 32, GCG__KIND_NORMAL, 0);
  uint32_t held = heap_object (heap, 48, GCG__KIND_NORMAL, 0);
  uint32_t dropped = heap_object (heap, 64, GCG__KIND_NORMAL, 0);
  uint32_t self = heap_object (heap, 64, GCG__KIND_NORMAL, 0);
  uint32_t lost = heap_object (heap, 80, GCG__KIND_UNCOLLECTABLE, 0);
  uint32_t kept = heap_object (heap, 80, GCG__KIND_UNCOLLECTABLE, 0);
  uint32_t below = heap_object (heap, 96, GCG__KIND_NORMAL, 0);
  heap_root (heap, root);
  heap_edge (heap, root, 0, kept);
  heap_edge (heap, a, 0, b);
  heap_edge (heap, b, 0, a);
  heap_edge (heap, b, 8, held);
  heap_edge (heap, dropped, 0, a);
  heap_edge (heap, self, 0, self);
  heap_edge (heap, lost, 0, below);
  heap_finalizer (heap, a, GCG__FINALIZER_ORDERED);
  world_judge (&w);
  EXPECT (w.leaks->leaked, 192, 4);
  EXPECT (w.leaks->collectable, 128, 2);
  EXPECT (w.leaks->reachable, 192, 3);
  EXPECT (w.leaks->definite, 112, 2);
  EXPECT (w.leaks->indirect, 80, 2);
  EXPECT (w.leaks->direct, 80, 1);
  assert_int_equal (w.leaks->leader_of[held], a);
  assert_int_equal (w.analysis->n_lost_uncollectable, 1);
  assert_int_equal (w.analysis->lost_uncollectable[0], lost);
  assert_int_equal (w.analysis->leaked.bytes, w.leaks->leaked.bytes);
  world_end (&w);
}

/* A chain of a million blocks, and a ring of as many: nothing recurses, nothing is quadratic. */
static void
test_long (void **state)
{
  (void)state;
  enum
  {
    N = 1000000
  };
  struct world w;
  world_begin (&w);
  for (uint32_t i = 0; i < 2 * N; i++)
    block (&w, 16);
  for (uint32_t i = 0; i + 1 < N; i++)
    heap_edge (w.heap, i, 0, i + 1);
  for (uint32_t i = 0; i < N; i++)
    heap_edge (w.heap, N + i, 0, N + (i + 1) % N);
  world_judge (&w);
  EXPECT (w.leaks->definite, 32, 2);
  EXPECT (w.leaks->indirect, 32 * N - 32, 2 * N - 2);
  EXPECT (w.leaks->direct, 16, 1);
  assert_int_equal (w.leaks->leader_of[N - 1], 0);
  assert_int_equal (w.leaks->leader_of[2 * N - 1], N);
  world_end (&w);
}

/* The random heaps. */

enum
{
  N_HEAPS = 1000,
  MAX_BLOCKS = 40,
  MAX_EDGES = 160,
  MAX_WORDS = 16
};

/* What was asked for, and what the obvious algorithms say of it. */
struct wanted
{
  uint32_t n, n_edges, n_roots;
  uint64_t bytes[MAX_BLOCKS];
  bool ignored[MAX_BLOCKS], held[MAX_BLOCKS];
  struct
  {
    uint32_t from, to, place;
    uint64_t offset;
  } edges[MAX_EDGES];
  struct
  {
    uint32_t to, place;
  } roots[MAX_BLOCKS];
  bool reach[MAX_BLOCKS][MAX_BLOCKS];              /* by one or more edges */
  bool reached[GCG__N_PLACES][MAX_BLOCKS];         /* by places up to that one */
  bool leaked[MAX_BLOCKS], pointed_to[MAX_BLOCKS]; /* by another leaked block */
};

/* Mostly small blocks, some to 200,000 bytes; those of less than 8 bytes have no edges. */
static uint64_t
random_size (uint64_t *random)
{
  switch (random_below (random, 8))
    {
    case 0:
      return random_below (random, 8);
    case 1:
      return 128 + random_below (random, 200000 - 128);
    default:
      return 16 + random_below (random, 120);
    }
}

static void
wanted_make (struct wanted *w, uint64_t seed)
{
  uint64_t random = seed;
  memset (w, 0, sizeof *w);
  w->n = 1 + random_below (&random, MAX_BLOCKS);
  uint32_t density = random_below (&random, 4); /* edges per block, at most */
  uint32_t places = 1 + random_below (&random, GCG__N_PLACES);
  bool near = random_below (&random, 2) == 0; /* edges to neighbours: many small rings */
  bool ignoring = random_below (&random, 4) == 0;
  for (uint32_t i = 0; i < w->n; i++)
    {
      w->bytes[i] = random_size (&random);
      w->ignored[i] = ignoring && random_below (&random, 10) == 0;
      w->held[i] = random_below (&random, 40) == 0;
      if (random_below (&random, 8) == 0)
        {
          w->roots[w->n_roots].to = i;
          w->roots[w->n_roots++].place = random_below (&random, places);
        }
    }
  uint32_t n_edges = random_below (&random, density * w->n + 2);
  uint32_t next_word[MAX_BLOCKS] = { 0 };
  for (uint32_t e = 0; e < n_edges && w->n_edges < MAX_EDGES; e++)
    {
      uint32_t from = random_below (&random, w->n);
      uint32_t to = near ? (from + w->n + random_below (&random, 4) - 1) % w->n
                         : random_below (&random, w->n);
      if (next_word[from] >= MAX_WORDS || 8 * next_word[from] + 8 > w->bytes[from])
        continue;
      w->edges[w->n_edges].from = from;
      w->edges[w->n_edges].to = to;
      w->edges[w->n_edges].place = random_below (&random, places);
      w->edges[w->n_edges++].offset = 8 * next_word[from]++;
    }
}

/* Everything else of W. */
static void
wanted_judge (struct wanted *w)
{
  for (uint32_t e = 0; e < w->n_edges; e++)
    w->reach[w->edges[e].from][w->edges[e].to] = true;
  for (uint32_t k = 0; k < w->n; k++)
    for (uint32_t i = 0; i < w->n; i++)
      for (uint32_t j = 0; j < w->n; j++)
        w->reach[i][j] |= w->reach[i][k] && w->reach[k][j];
  for (uint32_t place = 0; place < GCG__N_PLACES; place++)
    {
      memcpy (w->reached[place], w->held, sizeof w->held);
      for (uint32_t r = 0; r < w->n_roots; r++)
        w->reached[place][w->roots[r].to] |= w->roots[r].place <= place;
      for (bool again = true; again;)
        {
          again = false;
          for (uint32_t e = 0; e < w->n_edges; e++)
            if (w->edges[e].place <= place && w->reached[place][w->edges[e].from]
                && !w->reached[place][w->edges[e].to])
              again = w->reached[place][w->edges[e].to] = true;
        }
    }
  for (uint32_t i = 0; i < w->n; i++)
    {
      w->leaked[i] = !w->reached[GCG__PLACE_PAST][i] && !w->ignored[i];
      for (uint32_t j = 0; j < w->n; j++)
        w->leaked[i] &= !(w->ignored[j] && w->reach[j][i]);
    }
  for (uint32_t e = 0; e < w->n_edges; e++)
    w->pointed_to[w->edges[e].to]
        |= w->leaked[w->edges[e].from] && w->edges[e].from != w->edges[e].to;
}

/* Of a leaked block: nothing reaches it but what it reaches, and of these it is the first. */
static bool
wanted_leader (const struct wanted *w, uint32_t i)
{
  for (uint32_t j = 0; j < w->n; j++)
    if (w->leaked[j] && w->reach[j][i] && (!w->reach[i][j] || j < i))
      return false;
  return true;
}

static uint8_t
wanted_flags (const struct wanted *w, uint32_t i)
{
  if (w->leaked[i])
    return GCG__LEAK_LEAKED | (wanted_leader (w, i) ? GCG__LEAK_LEADER : 0)
           | (w->pointed_to[i] ? 0 : GCG__LEAK_DIRECT);
  if (!w->reached[GCG__PLACE_PAST][i])
    return GCG__LEAK_IGNORED;
  if (w->reached[GCG__PLACE_START][i])
    return 0;
  return GCG__LEAK_INTERIOR | (w->reached[GCG__PLACE_INSIDE][i] ? 0 : GCG__LEAK_PAST);
}

/* The first leader that reaches I. */
static uint32_t
wanted_leader_of (const struct wanted *w, uint32_t i)
{
  for (uint32_t j = 0; w->leaked[i] && j < w->n; j++)
    if (w->leaked[j] && (j == i || w->reach[j][i]) && wanted_leader (w, j))
      return j;
  return GCG__NONE;
}

static uint32_t
wanted_cycles (const struct wanted *w)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < w->n; i++)
    {
      bool first = w->leaked[i] && w->reach[i][i];
      for (uint32_t j = 0; j < i; j++)
        first &= !(w->reach[i][j] && w->reach[j][i]);
      n += first;
    }
  return n;
}

static void
expect_sum (const struct wanted *w, const struct gcg__totals *totals, uint8_t mask, uint8_t flags)
{
  uint64_t bytes = 0, n = 0;
  for (uint32_t i = 0; i < w->n; i++)
    if ((wanted_flags (w, i) & mask) == flags)
      {
        bytes += w->bytes[i];
        n++;
      }
  EXPECT (*totals, bytes, n);
}

static void
check_heap (uint64_t seed, uint64_t *interesting)
{
  static struct wanted wanted;
  wanted_make (&wanted, seed);
  wanted_judge (&wanted);
  struct world w;
  world_begin (&w);
  for (uint32_t i = 0; i < wanted.n; i++)
    {
      heap_object (w.heap, wanted.bytes[i],
                   wanted.held[i] ? GCG__KIND_UNCOLLECTABLE : GCG__KIND_NORMAL, w.site);
      if (wanted.ignored[i])
        heap_ignore (w.heap, i);
    }
  for (uint32_t r = 0; r < wanted.n_roots; r++)
    heap_root_at (w.heap, wanted.roots[r].to, 0x1000 + 8 * r, wanted.roots[r].place);
  for (uint32_t e = 0; e < wanted.n_edges; e++)
    heap_edge_at (w.heap, wanted.edges[e].from, wanted.edges[e].offset, wanted.edges[e].to,
                  wanted.edges[e].place);
  world_judge (&w);
  for (uint32_t i = 0; i < wanted.n; i++)
    {
      assert_int_equal (w.leaks->flags[i], wanted_flags (&wanted, i));
      assert_int_equal (w.leaks->leader_of[i], wanted_leader_of (&wanted, i));
      interesting[w.leaks->flags[i]]++;
    }
  const struct gcg__leaks *l = w.leaks;
  const uint8_t all = 63;
  expect_sum (&wanted, &l->leaked, GCG__LEAK_LEAKED, GCG__LEAK_LEAKED);
  expect_sum (&wanted, &l->definite, GCG__LEAK_LEADER, GCG__LEAK_LEADER);
  expect_sum (&wanted, &l->indirect, GCG__LEAK_LEAKED | GCG__LEAK_LEADER, GCG__LEAK_LEAKED);
  expect_sum (&wanted, &l->direct, GCG__LEAK_DIRECT, GCG__LEAK_DIRECT);
  expect_sum (&wanted, &l->lsan_indirect, GCG__LEAK_LEAKED | GCG__LEAK_DIRECT, GCG__LEAK_LEAKED);
  expect_sum (&wanted, &l->interior_only, GCG__LEAK_INTERIOR, GCG__LEAK_INTERIOR);
  expect_sum (&wanted, &l->past_only, GCG__LEAK_PAST, GCG__LEAK_PAST);
  expect_sum (&wanted, &l->ignored, GCG__LEAK_IGNORED, GCG__LEAK_IGNORED);
  expect_sum (&wanted, &l->reachable, all, 0);
  assert_int_equal (w.analysis->n_cycles, wanted_cycles (&wanted));
  world_end (&w);
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
  uint64_t interesting[256] = { 0 };
  const char *only = getenv ("ORACLE_SEED");
  uint64_t first = only != NULL ? strtoull (only, NULL, 10) : 20261123;
  for (uint32_t i = 0; i < (only != NULL ? 1 : N_HEAPS); i++)
    {
      current_seed = first + i;
      check_heap (current_seed, interesting);
    }
  if (only != NULL)
    return;
  /* Nothing was left untried. */
  static const uint8_t kinds[] = { 0,
                                   GCG__LEAK_INTERIOR,
                                   GCG__LEAK_INTERIOR | GCG__LEAK_PAST,
                                   GCG__LEAK_IGNORED,
                                   GCG__LEAK_LEAKED,
                                   GCG__LEAK_LEAKED | GCG__LEAK_LEADER,
                                   GCG__LEAK_LEAKED | GCG__LEAK_LEADER | GCG__LEAK_DIRECT };
  for (size_t k = 0; k < sizeof kinds; k++)
    {
      print_message ("# flags %u: %llu blocks\n", kinds[k],
                     (unsigned long long)interesting[kinds[k]]);
      assert_true (interesting[kinds[k]] > 50);
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_rings),
    cmocka_unit_test (test_tree),
    cmocka_unit_test (test_pointer_chains),
    cmocka_unit_test (test_single_blocks),
    cmocka_unit_test (test_large_blocks),
    cmocka_unit_test (test_edges_of_meaning),
    cmocka_unit_test (test_ignored),
    cmocka_unit_test (test_collected_heap),
    cmocka_unit_test (test_long),
    cmocka_unit_test_setup_teardown (test_random_heaps, NULL, print_seed),
  };
  return cmocka_run_group_tests_name ("analysis_leaks", tests, NULL, NULL);
}
