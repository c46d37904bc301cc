/* analysis_large.c -- heaps that break recursion and quadratic algorithms.
 *
 * Runs itself again with a stack of 256 KiB, which is what a careless thread may have.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "analysis/analysis.h"
#include "tests/heap.h"

static struct gcg__analysis *
analyse (struct heap *heap, struct gcg__snapshot **snapshot)
{
  struct gcg__analysis *analysis;
  struct gcg_error error;
  *snapshot = heap_snapshot (heap);
  heap_free (heap);
  assert_int_equal (gcg__analysis_new (*snapshot, &analysis, &error), GCG_OK);
  return analysis;
}

/* N objects of 24 bytes. */
static struct heap *
nodes (uint32_t n)
{
  struct heap *heap = heap_new ();
  uint32_t site = heap_site (heap, "node", "large.c", 1, "nodes");
  for (uint32_t i = 0; i < n; i++)
    heap_object (heap, 24, GCG__KIND_NORMAL, site);
  return heap;
}

/* Each step is a word of its object that points to the next; no object comes twice. */
static void
assert_path (const struct gcg__snapshot *snapshot, const struct gcg__cycle_path *path)
{
  uint8_t *seen = calloc (snapshot->n_objects, 1);
  assert_non_null (seen);
  for (uint32_t i = 0; i < path->n; i++)
    {
      uint32_t next = path->steps[i + 1 < path->n ? i + 1 : 0].object;
      bool found = false;
      struct gcg__edge_walk walk = gcg__edges_of (snapshot, path->steps[i].object);
      while (gcg__next_edge (&walk))
        found |= walk.target == next && walk.offset == path->steps[i].offset;
      assert_true (found);
      assert_int_equal (seen[path->steps[i].object]++, 0);
    }
  free (seen);
}

/* In shuffled order, with as many random chords: Pympler makes 2,079 "cycles" of it. */
static void
test_ring_with_chords (void **state)
{
  (void)state;
  enum
  {
    N = 30000
  };
  struct heap *heap = nodes (N);
  uint32_t *order = calloc (N, sizeof *order);
  assert_non_null (order);
  srandom (7);
  for (uint32_t i = 0; i < N; i++)
    {
      uint32_t j = (uint32_t)random () % (i + 1);
      order[i] = order[j];
      order[j] = i;
    }
  for (uint32_t i = 0; i < N; i++)
    {
      heap_edge (heap, order[i], 0, order[(i + 1) % N]);
      heap_edge (heap, order[i], 8, (uint32_t)random () % N);
    }
  free (order);
  struct gcg__snapshot *snapshot;
  struct gcg__analysis *analysis = analyse (heap, &snapshot);
  assert_int_equal (analysis->n_components, 1);
  assert_int_equal (analysis->n_cycles, 1);
  assert_int_equal (analysis->components[0].n_on_cycles, N);
  assert_int_equal (analysis->components[0].n_edges, 2 * N);
  struct gcg__cycle_path path;
  assert_int_equal (gcg__cycle_path (analysis, 0, &path, NULL), GCG_OK);
  assert_true (path.shortest);
  assert_in_range (path.n, 1, 20);
  assert_path (snapshot, &path);
  gcg__cycle_path_fini (&path);
  gcg__analysis_free (analysis);
  gcg__snapshot_close (snapshot);
}

static void
test_plain_ring (void **state)
{
  (void)state;
  enum
  {
    N = 1000000
  };
  struct heap *heap = nodes (N);
  for (uint32_t i = 0; i < N; i++)
    heap_edge (heap, i, 16, (i + 1) % N);
  struct gcg__snapshot *snapshot;
  struct gcg__analysis *analysis = analyse (heap, &snapshot);
  assert_int_equal (analysis->n_components, 1);
  assert_int_equal (analysis->n_cycles, 1);
  assert_int_equal (analysis->cycles[0].n_objects, N);
  struct gcg__cycle_path path;
  assert_int_equal (gcg__cycle_path (analysis, 0, &path, NULL), GCG_OK);
  assert_true (path.shortest);
  assert_int_equal (path.n, N);
  assert_path (snapshot, &path);
  /* The only edge from a higher to a lower address. */
  assert_int_equal (path.steps[path.cut].object, N - 1);
  assert_true (path.only_edge);
  assert_true (path.all_freed);
  assert_int_equal (path.freed.objects, N);
  assert_int_equal (path.freed.bytes, 24 * (uint64_t)N);
  gcg__cycle_path_fini (&path);
  gcg__analysis_free (analysis);
  gcg__snapshot_close (snapshot);
}

static void
test_chain (void **state)
{
  (void)state;
  enum
  {
    N = 10000000
  };
  struct heap *heap = nodes (N);
  for (uint32_t i = 0; i + 1 < N; i++)
    heap_edge (heap, i, 0, i + 1);
  struct gcg__snapshot *snapshot;
  struct gcg__analysis *analysis = analyse (heap, &snapshot);
  assert_int_equal (analysis->n_components, 1);
  assert_int_equal (analysis->n_cycles, 0);
  assert_int_equal (analysis->components[0].n_objects, N);
  assert_int_equal (analysis->components[0].verdict, GCG__CHAIN);
  assert_int_equal (analysis->garbage.objects, N);
  gcg__analysis_free (analysis);
  gcg__snapshot_close (snapshot);
}

/* A finalization cycle of two at the head of a long chain: what it keeps, and what goes with it by
   reference counts, is all of it. */
static void
test_long_tail (void **state)
{
  (void)state;
  enum
  {
    N = 1000000
  };
  struct heap *heap = nodes (N);
  heap_edge (heap, 1, 8, 0);
  heap_finalizer (heap, 0, GCG__FINALIZER_ORDERED);
  for (uint32_t i = 0; i + 1 < N; i++)
    heap_edge (heap, i, 0, i + 1);
  struct gcg__snapshot *snapshot;
  struct gcg__analysis *analysis = analyse (heap, &snapshot);
  assert_int_equal (analysis->components[0].verdict, GCG__FINALIZATION_CYCLE);
  assert_int_equal (analysis->leaked.objects, N);
  struct gcg__cycle_path path;
  assert_int_equal (gcg__cycle_path (analysis, 0, &path, NULL), GCG_OK);
  assert_int_equal (path.n, 2);
  assert_true (path.all_freed);
  assert_int_equal (path.freed.objects, N);
  gcg__cycle_path_fini (&path);
  gcg__analysis_free (analysis);
  gcg__snapshot_close (snapshot);
}

/* A grid that wraps around has no cycle shorter than its side: proving that would take too long,
   so a cycle comes back that says it may not be the shortest. */
static void
test_work_limit (void **state)
{
  (void)state;
  enum
  {
    SIDE = 500
  };
  struct heap *heap = nodes (SIDE * SIDE);
  for (uint32_t y = 0; y < SIDE; y++)
    for (uint32_t x = 0; x < SIDE; x++)
      {
        heap_edge (heap, y * SIDE + x, 0, y * SIDE + (x + 1) % SIDE);
        heap_edge (heap, y * SIDE + x, 8, (y + 1) % SIDE * SIDE + x);
      }
  struct gcg__snapshot *snapshot;
  struct gcg__analysis *analysis = analyse (heap, &snapshot);
  struct gcg__cycle_path path;
  assert_int_equal (gcg__cycle_path (analysis, 0, &path, NULL), GCG_OK);
  assert_false (path.shortest);
  assert_int_equal (path.n, SIDE);
  assert_path (snapshot, &path);
  gcg__cycle_path_fini (&path);
  gcg__analysis_free (analysis);
  gcg__snapshot_close (snapshot);
}

int
main (int argc, char **argv)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_ring_with_chords),
    cmocka_unit_test (test_plain_ring),
    cmocka_unit_test (test_chain),
    cmocka_unit_test (test_long_tail),
    cmocka_unit_test (test_work_limit),
  };
  (void)argv;
  if (argc == 1)
    {
      struct rlimit limit = { 256 << 10, 256 << 10 };
      if (setrlimit (RLIMIT_STACK, &limit) != 0)
        {
          perror ("setrlimit");
          return 1;
        }
      execl ("/proc/self/exe", "analysis_large", "small-stack", (char *)NULL);
      perror ("/proc/self/exe");
      return 1;
    }
  return cmocka_run_group_tests (tests, NULL, NULL);
}
