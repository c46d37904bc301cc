/* analysis_unit.c -- the analyses on small heaps that one can draw. */
#include "config.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/draw.h"
#include "tests/heap.h"

/* The shortest cycle and its cut, which must be found. */
static struct gcg__cycle_path
path_of (const struct gcg__analysis *analysis, uint32_t cycle)
{
  struct gcg__cycle_path path;
  struct gcg_error error;
  assert_int_equal (gcg__cycle_path (analysis, cycle, &path, &error), GCG_OK);
  return path;
}

static void
assert_totals (struct gcg__totals totals, uint64_t objects, uint64_t bytes)
{
  assert_int_equal (totals.objects, objects);
  assert_int_equal (totals.bytes, bytes);
}

static void
test_empty (void **state)
{
  (void)state;
  struct drawing d;
  draw (&d, "");
  assert_int_equal (d.analysis->n_components, 0);
  assert_int_equal (d.analysis->n_cycles, 0);
  assert_totals (d.analysis->all, 0, 0);
  draw_fini (&d);
}

static void
test_all_reachable (void **state)
{
  (void)state;
  struct drawing d;
  draw (&d, "*>a>b>a b>c");
  assert_int_equal (d.analysis->n_components, 0);
  assert_int_equal (d.analysis->n_cycles, 0);
  assert_totals (d.analysis->reachable, 3, 192);
  assert_totals (d.analysis->garbage, 0, 0);
  assert_int_equal (d.analysis->component_of[at (&d, 'a')], GCG__NONE);
  assert_int_equal (d.analysis->cycle_of[at (&d, 'a')], GCG__NONE);
  assert_int_equal (d.analysis->reached[at (&d, 'c')], 1);
  draw_fini (&d);
}

/* Upstream (u), between (m) and downstream (w) objects are not on cycles; garbage that points to a
   live object is not joined through it. */
static void
test_reduce (void **state)
{
  (void)state;
  struct drawing d;
  draw (&d, "u>a>b>a b>m>c>d>c d>w *>l a>l x>l");
  const struct gcg__analysis *a = d.analysis;
  assert_int_equal (a->n_components, 2);
  assert_int_equal (a->components[0].n_objects, 7);
  assert_int_equal (a->components[0].n_edges, 8);
  assert_int_equal (a->components[0].n_on_cycles, 4);
  assert_int_equal (a->components[0].n_cycles, 2);
  assert_int_equal (a->components[0].verdict, GCG__CYCLE);
  assert_int_equal (a->components[1].verdict, GCG__SINGLE);
  for (const char *p = "umwxl"; *p != '\0'; p++)
    assert_int_equal (a->cycle_of[at (&d, *p)], GCG__NONE);
  assert_int_equal (a->cycle_of[at (&d, 'a')], a->cycle_of[at (&d, 'b')]);
  assert_int_equal (a->cycle_of[at (&d, 'c')], a->cycle_of[at (&d, 'd')]);
  assert_totals (a->on_cycles, 4, 256);
  draw_fini (&d);
}

static void
test_order (void **state)
{
  (void)state;
  struct drawing d;
  draw (&d, "a>b c=200 d>e>f f=8 g=64 h=64 d=56 e=64 x=56 y=56 z=16 x>y y>z");
  const struct gcg__analysis *a = d.analysis;
  /* 200 bytes; 128 in three (d, e, f and x, y, z) before two (a, b); 64 twice. */
  assert_int_equal (a->n_components, 6);
  assert_int_equal (a->members[a->components[0].first_member], at (&d, 'c'));
  assert_int_equal (a->component_of[at (&d, 'd')], 1);
  assert_int_equal (a->component_of[at (&d, 'x')], 2);
  assert_int_equal (a->component_of[at (&d, 'a')], 3);
  assert_int_equal (a->component_of[at (&d, 'g')], 4);
  assert_int_equal (a->component_of[at (&d, 'h')], 5);
  const uint32_t *members = &a->members[a->components[1].first_member];
  assert_int_equal (members[0], at (&d, 'e'));
  assert_int_equal (members[1], at (&d, 'd'));
  assert_int_equal (members[2], at (&d, 'f'));
  assert_int_equal (a->components[1].verdict, GCG__CHAIN);
  draw_fini (&d);
}

/* What libgc 8.2.2 does with 100 of each, see finalize.c. */
static void
test_finalizer_modes (void **state)
{
  (void)state;
  static const struct
  {
    const char *text;
    bool keeps;
  } cases[] = {
    { "a>b>a a!o", true },      { "a>b>a b!s", true },      { "a>b>a a!n", false },
    { "a>b>a a!u", true },      { "a>a a!o", true },        { "a>a a!s", false },
    { "a>a a!n", false },       { "a>a a!u", true },        { "a>a>b>a a!s", true },
    { "a>b>a c>a c!o", false }, { "a>b>a a>c c!o", false },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    {
      struct drawing d;
      draw (&d, cases[i].text);
      assert_int_equal (d.analysis->n_finalization_cycles, cases[i].keeps);
      assert_int_equal (d.analysis->components[0].verdict,
                        cases[i].keeps ? GCG__FINALIZATION_CYCLE : GCG__CYCLE);
      assert_int_equal (d.analysis->leaked.objects != 0, cases[i].keeps);
      draw_fini (&d);
    }
}

/* a, b keep c; e, f keep g; both keep x, y.  u is upstream: reclaimed. */
static void
test_kept (void **state)
{
  (void)state;
  struct drawing d;
  draw (&d, "u>a>b>a a!o b>c b>x>y e>f>e e!o f>g f>x");
  const struct gcg__analysis *a = d.analysis;
  assert_int_equal (a->n_components, 1);
  assert_int_equal (a->n_finalization_cycles, 2);
  assert_totals (a->leaked, 8, 512);
  assert_totals (a->cycles[a->cycle_of[at (&d, 'a')]].kept, 3, 192);
  assert_totals (a->cycles[a->cycle_of[at (&d, 'e')]].kept, 3, 192);
  struct gcg__cycle_path path = path_of (a, a->cycle_of[at (&d, 'a')]);
  assert_totals (path.freed, 3, 192);
  gcg__cycle_path_fini (&path);
  draw_fini (&d);
}

/* One finalization cycle reaches another: cutting the second alone frees nothing. */
static void
test_kept_downstream (void **state)
{
  (void)state;
  struct drawing d;
  draw (&d, "a>b>a a!o b>c>d>c c!o d>e");
  const struct gcg__analysis *a = d.analysis;
  assert_totals (a->leaked, 5, 320);
  assert_totals (a->cycles[a->cycle_of[at (&d, 'a')]].kept, 2, 128);
  assert_totals (a->cycles[a->cycle_of[at (&d, 'c')]].kept, 0, 0);
  draw_fini (&d);
}

static void
test_ignored (void **state)
{
  (void)state;
  struct drawing d;
  draw (&d, "a>b>a a!o a~ b>c");
  assert_int_equal (d.analysis->components[0].verdict, GCG__CYCLE);
  assert_int_equal (d.analysis->cycles[0].n_finalizers, 0);
  assert_totals (d.analysis->leaked, 0, 0);
  draw_fini (&d);

  /* c and what only c leads to is intended; e is not. */
  draw (&d, "a>b>a a!o b>c>d c~ b>e c>e x@2 x~");
  assert_int_equal (d.analysis->components[0].verdict, GCG__FINALIZATION_CYCLE);
  assert_totals (d.analysis->leaked, 3, 192);
  draw_fini (&d);
}

/* Uncollectable: a lost, b held by a root, c by d, e only by itself, f of kind 3 lost. */
static void
test_lost_uncollectable (void **state)
{
  (void)state;
  struct drawing d;
  draw (&d, "a@2 b@2 *>b c@2 d>c d!o e@2 e>e f@3 a>x");
  assert_int_equal (d.analysis->n_lost_uncollectable, 3);
  assert_totals (d.analysis->leaked, 3, 192);
  assert_int_equal (d.analysis->reached[at (&d, 'x')], 1);
  assert_totals (d.analysis->garbage, 1, 64);
  draw_fini (&d);
}

/* The collector marked a from a root that the snapshot does not have; and it did not follow l's
   word to b, so b is garbage with an edge from a live object, which counts for nothing. */
static void
test_disagreement (void **state)
{
  (void)state;
  struct drawing d;
  draw (&d, "a a? *>l>b>c>b b? c?");
  const struct gcg__analysis *a = d.analysis;
  assert_int_equal (a->only_collector, 1);
  assert_int_equal (a->only_trace, 2);
  assert_totals (a->garbage, 2, 128);
  assert_int_equal (a->components[0].n_edges, 2);
  struct gcg__cycle_path path = path_of (a, 0);
  assert_int_equal (path.n, 2);
  assert_true (path.only_edge);
  assert_true (path.all_freed);
  assert_totals (path.freed, 2, 128);
  gcg__cycle_path_fini (&path);
  draw_fini (&d);
}

static void
test_reverse (void **state)
{
  (void)state;
  struct drawing d;
  draw (&d, "a>c b>c c>a c>a c>c");
  const struct gcg__analysis *a = d.analysis;
  assert_int_equal (a->in_first[at (&d, 'c') + 1] - a->in_first[at (&d, 'c')], 3);
  const uint32_t *in = &a->in_sources[a->in_first[at (&d, 'c')]];
  assert_int_equal (in[0], at (&d, 'a'));
  assert_int_equal (in[1], at (&d, 'b'));
  assert_int_equal (in[2], at (&d, 'c'));
  in = &a->in_sources[a->in_first[at (&d, 'a')]];
  assert_int_equal (in[0], at (&d, 'c'));
  assert_int_equal (in[1], at (&d, 'c'));
  draw_fini (&d);
}

/* More edges than their column holds. */
static void
test_many_edges (void **state)
{
  enum
  {
    N = 700
  };
  (void)state;
  struct heap *heap = heap_new ();
  uint32_t site = heap_site (heap, "hub", "a.c", 1, "f");
  uint32_t hub = heap_object (heap, 8 * N, GCG__KIND_NORMAL, site);
  uint32_t spokes[N];
  for (uint32_t i = 0; i < N; i++)
    {
      spokes[i] = heap_object (heap, 24, GCG__KIND_NORMAL, site);
      heap_edge (heap, hub, 8 * i, spokes[i]);
      if (i > 0)
        heap_edge (heap, spokes[i], 8, spokes[i - 1]);
    }
  heap_edge (heap, spokes[0], 16, hub);
  struct gcg__snapshot *snapshot = heap_snapshot (heap);
  heap_free (heap);
  struct gcg__analysis *analysis;
  assert_int_equal (gcg__analysis_new (snapshot, &analysis, NULL), GCG_OK);
  assert_int_equal (analysis->out_first[hub + 1] - analysis->out_first[hub], N);
  assert_int_equal (analysis->out_first[N + 1], 2 * N);
  assert_int_equal (analysis->cycles[0].n_objects, N + 1);
  struct gcg__cycle_path path = path_of (analysis, 0);
  assert_int_equal (path.n, 2);
  gcg__cycle_path_fini (&path);
  gcg__analysis_free (analysis);
  gcg__snapshot_close (snapshot);
}

/* The shortest of three cycles, with the offsets of its words. */
static void
test_shortest (void **state)
{
  (void)state;
  struct drawing d;
  draw (&d, "a>b>c>d>e>f>a c>x e>b");
  struct gcg__cycle_path path = path_of (d.analysis, 0);
  assert_true (path.shortest);
  assert_int_equal (path.n, 4);
  for (uint32_t i = 0; i < path.n; i++)
    if (path.steps[i].object == at (&d, 'e'))
      {
        assert_int_equal (path.steps[i].offset, 8);
        assert_int_equal (path.steps[(i + 1) % 4].object, at (&d, 'b'));
      }
  gcg__cycle_path_fini (&path);
  draw_fini (&d);
}

/* A session with a finalizer and a doubly linked list: the list's cycles of two are not what keeps
   the session, so the cycle shown goes through it. */
static void
test_shortest_through_finalizer (void **state)
{
  (void)state;
  struct drawing d;
  draw (&d, "s>l>m>n>m m>l n>s s!o");
  struct gcg__cycle_path path = path_of (d.analysis, 0);
  assert_int_equal (path.n, 4);
  assert_true (path.shortest);
  /* Each of the four would do; only this one leads from a younger to an older object. */
  assert_int_equal (path.steps[path.cut].object, at (&d, 's'));
  assert_totals (path.freed, 4, 256);
  gcg__cycle_path_fini (&path);
  draw_fini (&d);

  /* Its edge to itself does not keep an object that ignores it. */
  draw (&d, "a>a>b>a a!s");
  path = path_of (d.analysis, 0);
  assert_int_equal (path.n, 2);
  assert_totals (path.freed, 2, 128);
  assert_false (path.all_freed);
  gcg__cycle_path_fini (&path);
  draw_fini (&d);
}

static void
test_cut (void **state)
{
  (void)state;
  struct drawing d;
  /* Cutting c -> a frees nothing (u holds a), cutting a -> b all but a. */
  draw (&d, "a>b>c>a u>a b>t");
  struct gcg__cycle_path path = path_of (d.analysis, 0);
  assert_int_equal (path.steps[path.cut].object, at (&d, 'a'));
  assert_true (path.only_edge);
  assert_false (path.all_freed);
  assert_totals (path.freed, 3, 192);
  gcg__cycle_path_fini (&path);
  draw_fini (&d);

  /* All the same: the younger object's pointer to the older goes. */
  draw (&d, "a>b>c>a a^2 b^6 c^3");
  path = path_of (d.analysis, 0);
  assert_true (path.steps[path.cut].object == at (&d, 'b')
               || path.steps[path.cut].object == at (&d, 'c'));
  assert_true (path.all_freed);
  assert_totals (path.freed, 3, 192);
  gcg__cycle_path_fini (&path);
  draw_fini (&d);

  /* Two words of b point to a: cutting one frees nothing, a -> b everything. */
  draw (&d, "a>b>a b>a");
  path = path_of (d.analysis, 0);
  assert_int_equal (path.steps[path.cut].object, at (&d, 'a'));
  assert_true (path.only_edge);
  gcg__cycle_path_fini (&path);
  draw_fini (&d);

  /* The cycle of two is shown, not the edge of a to itself. */
  draw (&d, "a>a a>b>a");
  path = path_of (d.analysis, 0);
  assert_int_equal (path.n, 2);
  assert_int_equal (path.steps[path.cut].object, at (&d, 'a'));
  assert_totals (path.freed, 1, 64);
  gcg__cycle_path_fini (&path);
  draw_fini (&d);

  draw (&d, "a>a a>b");
  path = path_of (d.analysis, 0);
  assert_int_equal (path.n, 1);
  assert_true (path.only_edge);
  assert_totals (path.freed, 2, 128);
  gcg__cycle_path_fini (&path);
  draw_fini (&d);
}

/* Two cycles through the finalizer: no single cut breaks both, so freed is by reference counts. */
static void
test_cut_not_enough (void **state)
{
  (void)state;
  struct drawing d;
  draw (&d, "a>b>a a>c>a a!o b>t=100");
  struct gcg__cycle_path path = path_of (d.analysis, 0);
  assert_int_equal (path.n, 2);
  assert_false (path.all_freed);
  assert_int_equal (path.steps[path.cut].object, at (&d, 'a'));
  assert_totals (path.freed, 2, 164);
  gcg__cycle_path_fini (&path);
  draw_fini (&d);

  /* Cutting both a -> b and c -> d would do, each alone does not. */
  draw (&d, "a>b>c>d>a a>x>w>c b>y>v>d d>z>a a!o");
  path = path_of (d.analysis, 0);
  assert_int_equal (path.n, 4);
  assert_int_equal (path.steps[path.cut].object, at (&d, 'a'));
  assert_totals (path.freed, 3, 192);
  gcg__cycle_path_fini (&path);
  draw_fini (&d);
}

static void
test_histogram (void **state)
{
  (void)state;
  struct heap *heap = heap_new ();
  uint32_t node = heap_site (heap, "node", "a.c", 1, "f");
  uint32_t also_node = heap_site (heap, "node", "a.c", 2, "g");
  uint32_t text = heap_site (heap, NULL, "a.c", 3, "h");
  heap_root (heap, heap_object (heap, 40, GCG__KIND_NORMAL, node));
  heap_object (heap, 24, GCG__KIND_NORMAL, also_node);
  heap_object (heap, 100, GCG__KIND_ATOMIC, text);
  heap_object (heap, 60, GCG__KIND_ATOMIC, text);
  heap_root (heap, heap_object (heap, 16, GCG__KIND_NORMAL, 0));
  heap_object (heap, 16, GCG__KIND_NORMAL, 0);
  heap_object (heap, 16, GCG__KIND_ATOMIC, 0);
  for (uint64_t i = 0; i < 70; i++)
    heap_object (heap, 8192 + 16 * i, GCG__KIND_NORMAL, 0);
  struct gcg__snapshot *snapshot = heap_snapshot (heap);
  heap_free (heap);

  uint32_t groups[78];
  for (uint32_t i = 0; i < snapshot->n_objects; i++)
    {
      const uint32_t site = gcg__word_site (snapshot->words[i]);
      groups[i] = site == 0 ? GCG__NONE : site == text ? 1 : 0;
    }
  assert_int_equal (snapshot->n_objects, 77);
  struct gcg__histogram *h;
  struct gcg_error error;
  assert_int_equal (gcg__histogram_new (snapshot, groups, 3, &h, &error), GCG_OK);
  assert_totals (h->by_group[0].all, 2, 64);
  assert_totals (h->by_group[0].garbage, 1, 24);
  assert_int_equal (h->by_group[0].min_bytes, 24);
  assert_int_equal (h->by_group[0].max_bytes, 40);
  assert_totals (h->by_group[1].all, 2, 160);
  assert_int_equal (h->by_site[text].min_bytes, 60);
  assert_int_equal (h->by_site[text].max_bytes, 100);
  assert_totals (h->by_group[2].all, 0, 0);
  assert_int_equal (h->by_group[2].min_bytes, 0);
  assert_totals (h->by_site[node].all, 1, 40);
  assert_totals (h->by_site[also_node].garbage, 1, 24);
  assert_int_equal (h->by_site[0].all.objects, 73);
  /* 72 sizes and kinds: the biggest 64, then 6 large ones and both small ones together. */
  assert_int_equal (h->n_untagged, 65);
  for (uint32_t i = 1; i < 64; i++)
    assert_true (h->untagged[i].count.all.bytes <= h->untagged[i - 1].count.all.bytes);
  assert_int_equal (h->untagged[0].count.all.objects, 1);
  assert_int_equal (h->untagged[64].slot_bytes, 0);
  assert_int_equal (h->untagged[64].count.all.objects, 6 + 3);
  assert_int_equal (h->untagged[64].count.garbage.objects, 6 + 2);
  gcg__histogram_free (h);
  gcg__snapshot_close (snapshot);
}

/* Several threads read one analysis and find the same. */
static void *
read_all (void *data)
{
  const struct gcg__analysis *analysis = data;
  uint64_t sum = 0;
  for (uint32_t c = 0; c < analysis->n_cycles; c++)
    {
      struct gcg__cycle_path path;
      if (gcg__cycle_path (analysis, c, &path, NULL) != GCG_OK)
        return NULL;
      for (uint32_t i = 0; i < path.n; i++)
        sum = sum * 31 + path.steps[i].object + path.steps[i].offset;
      sum = sum * 31 + path.cut + path.freed.bytes + analysis->cycles[c].bytes;
      gcg__cycle_path_fini (&path);
    }
  uint64_t *result = malloc (sizeof *result);
  if (result != NULL)
    *result = sum;
  return result;
}

static void
test_parallel_readers (void **state)
{
  (void)state;
  enum
  {
    N_THREADS = 4
  };
  struct drawing d;
  draw (&d, "a>b>c>d>e>f>a c>x e>b a!o m>n>m o>p>q>o q>p t>t t>m");
  pthread_t threads[N_THREADS];
  for (int i = 0; i < N_THREADS; i++)
    assert_int_equal (pthread_create (&threads[i], NULL, read_all, d.analysis), 0);
  uint64_t *first = NULL;
  for (int i = 0; i < N_THREADS; i++)
    {
      void *result;
      assert_int_equal (pthread_join (threads[i], &result), 0);
      assert_non_null (result);
      if (first == NULL)
        first = result;
      else
        {
          assert_int_equal (*first, *(uint64_t *)result);
          free (result);
        }
    }
  free (first);
  draw_fini (&d);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_empty),
    cmocka_unit_test (test_all_reachable),
    cmocka_unit_test (test_reduce),
    cmocka_unit_test (test_order),
    cmocka_unit_test (test_finalizer_modes),
    cmocka_unit_test (test_kept),
    cmocka_unit_test (test_kept_downstream),
    cmocka_unit_test (test_ignored),
    cmocka_unit_test (test_lost_uncollectable),
    cmocka_unit_test (test_disagreement),
    cmocka_unit_test (test_reverse),
    cmocka_unit_test (test_many_edges),
    cmocka_unit_test (test_shortest),
    cmocka_unit_test (test_shortest_through_finalizer),
    cmocka_unit_test (test_cut),
    cmocka_unit_test (test_cut_not_enough),
    cmocka_unit_test (test_histogram),
    cmocka_unit_test (test_parallel_readers),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
