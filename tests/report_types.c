/* report_types.c -- inferred types of imaginary heaps whose globals are this program's own, by
 * rules implemented again here, slowly.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/analysis.h"
#include "report/infer.h"
#include "tests/heap.h"
#include "tests/modules.h"

/* What the imaginary heaps hold. */
struct item
{
  long value;
  struct item *next;
  char *label;
};

struct list
{
  struct item *first;
  struct item **table;
  void *anything;
  long n, m;
};

struct hook /* in the middle of others */
{
  struct hook *next, *prev;
};

/* Of an item's size. */
struct other
{
  struct other *x, *y;
  long z;
};

struct tail
{
  long n;
  struct item *items[];
};

struct list *head;
struct item *items[20];
struct other *others[20];
struct tail *tail;
struct hook *hook;
typedef struct item item_type;
item_type *by_alias;

struct world
{
  struct modules *modules;
  struct gcg__symbols *symbols;
  struct heap *heap;
  struct gcg__snapshot *snapshot;
  struct gcg__inference inference;
  const char *types[16]; /* of sites, as given */
  bool done;
};

static int
set_up (void **state)
{
  struct world *world = calloc (1, sizeof *world);
  struct gcg_error error;
  world->modules = modules_new ();
  modules_add_process (world->modules);
  assert_int_equal (gcg__symbols_new (modules_snapshot (world->modules), &world->symbols, &error),
                    GCG_OK);
  world->heap = heap_new ();
  *state = world;
  return 0;
}

static void
free_heap (struct world *world)
{
  if (world->done)
    {
      gcg__inference_fini (&world->inference);
      gcg__snapshot_close (world->snapshot);
    }
  heap_free (world->heap);
}

/* Another heap with the same symbols, which take their time. */
static void
renew_heap (struct world *world)
{
  free_heap (world);
  world->heap = heap_new ();
  world->done = false;
}

static int
tear_down (void **state)
{
  struct world *world = *state;
  free_heap (world);
  gcg__symbols_free (world->symbols);
  modules_free (world->modules);
  free (world);
  return 0;
}

/* A site with TYPE, NULL: it does not say. */
static uint32_t
site (struct world *world, const char *type)
{
  static uint32_t line;
  uint32_t id = heap_site (world->heap, type, "world.c", ++line, "f");
  assert_true (id < 16);
  world->types[id] = type;
  return id;
}

static uint32_t
object (struct world *world, uint64_t bytes, uint32_t site)
{
  return heap_object (world->heap, bytes, GCG__KIND_NORMAL, site);
}

static void
root (struct world *world, uint32_t object, const void *variable)
{
  heap_root_at (world->heap, object, (uintptr_t)variable, GCG__PLACE_START);
}

static void
infer (struct world *world)
{
  struct gcg_error error;
  world->snapshot = heap_snapshot (world->heap);
  assert_int_equal (gcg__inference_init (&world->inference, world->snapshot, world->symbols,
                                         world->types, &error),
                    GCG_OK);
  world->done = true;
}

static const struct gcg__class *
class_of (const struct world *world, uint32_t object)
{
  return &world->inference.votes.classes[world->inference.class_of[object]];
}

static void
expect (const struct world *world, uint32_t object, const char *type, const char *from)
{
  const struct gcg__class *class = class_of (world, object);
  struct gcg__buffer text;
  if (type == NULL)
    {
      assert_null (class->type);
      return;
    }
  assert_non_null (class->type);
  assert_string_equal (class->type, type);
  if (from == NULL)
    return;
  gcg__buffer_init (&text, NULL, NULL);
  gcg__inference_from (&world->inference, world->inference.class_of[object], &text);
  assert_string_equal (gcg__buffer_string (&text), from);
  gcg__buffer_fini (&text);
}

static void
test_propagates (void **state)
{
  struct world *world = *state;
  const uint32_t s = site (world, NULL); /* one place for all */
  const uint32_t list = object (world, sizeof (struct list), s);
  const uint32_t table = object (world, 10 * sizeof (struct item *), s);
  const uint32_t blob = object (world, 64, s);
  uint32_t last = object (world, sizeof (struct item), s), item = last;
  root (world, list, &head);
  heap_edge (world->heap, list, offsetof (struct list, first), last);
  heap_edge (world->heap, list, offsetof (struct list, table), table);
  heap_edge (world->heap, list, offsetof (struct list, anything), blob);
  for (int i = 0; i < 100; i++)
    {
      item = object (world, sizeof (struct item), s);
      heap_edge (world->heap, last, offsetof (struct item, next), item);
      last = item;
    }
  heap_edge (world->heap, table, 24, item);
  infer (world);
  expect (world, list, "struct list", "from the global head (report_types.c)");
  expect (world, item, "struct item", "field struct list.first");
  expect (world, table, "struct item *", "field struct list.table");
  expect (world, blob, NULL, NULL);
}

static void
test_given (void **state)
{
  struct world *world = *state;
  const uint32_t s = site (world, "item_type"), t = site (world, NULL),
                 u = site (world, "struct other");
  const uint32_t given = object (world, sizeof (struct item), s);
  const uint32_t next = object (world, sizeof (struct item), t);
  const uint32_t liar = object (world, sizeof (struct other), u);
  heap_edge (world->heap, given, offsetof (struct item, next), next);
  root (world, given, &others[0]);
  root (world, liar, &items[0]);
  infer (world);
  expect (world, given, "item_type", NULL);
  expect (world, liar, "struct other", NULL);
  expect (world, next, "struct item", "field item_type.next");
}

/* N_ITEMS pointers say one thing, N_OTHERS the other. */
static bool
wins (uint32_t n_items, uint32_t n_others)
{
  void *state = NULL;
  set_up (&state);
  struct world *world = state;
  const uint32_t it = object (world, sizeof (struct item), site (world, NULL));
  for (uint32_t i = 0; i < n_items; i++)
    root (world, it, &items[i]);
  for (uint32_t i = 0; i < n_others; i++)
    root (world, it, &others[i]);
  infer (world);
  const char *type = class_of (world, it)->type;
  if (type != NULL)
    assert_string_equal (type, "struct item");
  tear_down (&state);
  return type != NULL;
}

static void
test_conflicts (void **state)
{
  (void)state;
  assert_true (wins (1, 0));
  assert_true (wins (9, 1));
  assert_true (wins (18, 2));
  assert_false (wins (8, 1));
  assert_false (wins (17, 2));
  assert_false (wins (1, 1));
}

static void
test_sizes (void **state)
{
  struct world *world = *state;
  const uint32_t small = object (world, 16, site (world, NULL));
  const uint32_t odd = object (world, 40, site (world, NULL));
  const uint32_t many = object (world, 5 * sizeof (struct item), site (world, NULL));
  const uint32_t open = object (world, sizeof (struct tail) + 24, site (world, NULL));
  root (world, small, &items[0]);
  root (world, many, &items[1]);
  root (world, open, &tail);
  root (world, odd, &others[0]);
  infer (world);
  expect (world, small, NULL, NULL);
  expect (world, odd, NULL, NULL);
  expect (world, many, "struct item", NULL);
  expect (world, open, "struct tail", "from the global tail (report_types.c)");
}

/* Pointers that lead into the middle of objects must not make arrays of them. */
static void
test_hooks (void **state)
{
  struct world *world = *state;
  const uint32_t s = site (world, NULL);
  uint32_t before = object (world, 3 * sizeof (struct hook), s), first = before;
  root (world, before, &hook);
  for (int i = 0; i < 50; i++)
    {
      const uint32_t it = object (world, 3 * sizeof (struct hook), s);
      heap_edge (world->heap, before, 16, it);
      heap_edge (world->heap, it, 24, before);
      before = it;
    }
  infer (world);
  expect (world, first, NULL, NULL);
}

/* A type whose objects hold pointers where it has none is not theirs. */
static void
test_contradicted (void **state)
{
  struct world *world = *state;
  const uint32_t s = site (world, NULL), t = site (world, NULL);
  const uint32_t it = object (world, sizeof (struct item), s);
  const uint32_t good = object (world, sizeof (struct item), t);
  const uint32_t after = object (world, sizeof (struct other), site (world, NULL));
  root (world, it, &items[0]);
  root (world, good, &items[1]);
  heap_edge (world->heap, it, offsetof (struct item, value), good);
  /* What the wrong type said of this one is forgotten with it. */
  heap_edge (world->heap, it, offsetof (struct item, next), after);
  for (int i = 0; i < 3; i++)
    {
      const uint32_t more = object (world, sizeof (struct item), s);
      heap_edge (world->heap, more, offsetof (struct item, value), it);
      root (world, more, &items[2 + i]);
    }
  infer (world);
  expect (world, it, NULL, NULL);
  expect (world, after, NULL, NULL);
  expect (world, good, "struct item", NULL);
  assert_int_equal (world->inference.restarts, 1);
}

/* Without tags: all or nothing. */
static void
test_untagged (void **state)
{
  struct world *world = *state;
  uint32_t all[10], some[10], atomic[10];
  for (int i = 0; i < 10; i++)
    {
      all[i] = heap_object (world->heap, 48, GCG__KIND_NORMAL, 0);
      root (world, all[i], &items[i]);
    }
  infer (world);
  expect (world, all[0], NULL, NULL); /* 24 bytes do not fill 48 */
  gcg__inference_fini (&world->inference);
  gcg__snapshot_close (world->snapshot);
  for (int i = 0; i < 10; i++)
    {
      some[i] = heap_object (world->heap, 32, GCG__KIND_NORMAL, 0);
      atomic[i] = heap_object (world->heap, 32, GCG__KIND_ATOMIC, 0);
      if (i < 9)
        root (world, some[i], &items[i]);
      root (world, atomic[i], &items[i]);
    }
  infer (world);
  expect (world, some[9], "struct item", NULL);
  expect (world, atomic[0], NULL, NULL); /* it has pointers */
  gcg__inference_fini (&world->inference);
  gcg__snapshot_close (world->snapshot);
  heap_object (world->heap, 32, GCG__KIND_NORMAL, 0);
  heap_object (world->heap, 32, GCG__KIND_NORMAL, 0);
  infer (world);
  expect (world, some[0], NULL, NULL); /* 9 of 12 */
}

/* --- The oracle: recounts all votes for what was inferred, object by object, and judges them by
   the rules of votes.h as implemented here. */

struct tally
{
  const char *type;
  uint64_t count, clear;
  enum gcg__fit fit;
};

struct election
{
  struct tally tallies[64];
  uint32_t n;
};

static enum gcg__fit
slow_fit (const struct world *world, const struct gcg__class *class, const char *type)
{
  const uint64_t size = gcg__symbols_type_size (world->symbols, type);
  struct gcg__pointers pointers;
  if (size < 4 || size > class->bytes)
    return GCG__FIT_NOT;
  if (!gcg__symbols_pointers (world->symbols, type, class->bytes, &pointers))
    return GCG__FIT_NOT;
  return (pointers.fit == GCG__FIT_EXACT) == (size == class->bytes) ? pointers.fit : GCG__FIT_NOT;
}

static void
slow_vote (const struct world *world, struct election *elections, uint32_t target, const char *type,
           uint64_t bytes, uint64_t offset)
{
  struct gcg__pointers pointers;
  const uint32_t class = world->inference.class_of[target];
  struct election *election = &elections[class];
  if (!gcg__symbols_pointers (world->symbols, type, bytes, &pointers))
    return;
  const struct gcg__pointer *pointer = gcg__pointers_at (&pointers, offset);
  if (pointer == NULL || pointer->to[0] == '\0')
    return;
  uint32_t i = 0;
  while (i < election->n && strcmp (election->tallies[i].type, pointer->to) != 0)
    i++;
  assert_true (i < 64);
  if (i == election->n)
    election->tallies[election->n++]
        = (struct tally){ .type = pointer->to,
                          .fit
                          = slow_fit (world, &world->inference.votes.classes[class], pointer->to) };
  election->tallies[i].count++;
  election->tallies[i].clear += strcmp (pointer->in, pointer->to) != 0;
}

/* What ELECTIONS[CLASS] says; "" when nothing wins. */
static const char *
slow_winner (const struct election *elections, uint32_t n_classes, uint32_t class)
{
  const struct election *election = &elections[class];
  uint64_t all = 0, exact = 0, many = 0, part = 0, good = 0;
  const struct tally *best = NULL, *best_many = NULL;
  for (uint32_t i = 0; i < election->n; i++)
    {
      const struct tally *t = &election->tallies[i];
      all += t->count;
      exact += t->fit == GCG__FIT_EXACT ? t->count : 0;
      many += t->fit == GCG__FIT_MANY ? t->count : 0;
      if (t->fit == GCG__FIT_EXACT && (best == NULL || t->count > best->count))
        best = t;
      if (t->fit == GCG__FIT_MANY && (best_many == NULL || t->count > best_many->count))
        best_many = t;
    }
  if (best != NULL)
    return 10 * best->count >= 9 * exact && exact >= many ? best->type : "";
  if (best_many == NULL || 10 * best_many->count < 9 * all
      || 2 * best_many->clear < best_many->count)
    return "";
  for (uint32_t c = 0; c < n_classes; c++)
    for (uint32_t i = 0; i < elections[c].n; i++)
      if (strcmp (elections[c].tallies[i].type, best_many->type) == 0)
        {
          part += elections[c].tallies[i].fit == GCG__FIT_PART ? elections[c].tallies[i].count : 0;
          good += elections[c].tallies[i].fit == GCG__FIT_MANY ? elections[c].tallies[i].count : 0;
        }
  return 10 * part <= good ? best_many->type : "";
}

static void
check_election (const struct world *world)
{
  const struct gcg__votes *votes = &world->inference.votes;
  struct election *elections = calloc (votes->n_classes, sizeof *elections);
  for (uint64_t i = 0; i < world->snapshot->n_roots; i++)
    {
      struct gcg__data data;
      if (gcg__symbols_data_type (world->symbols, world->snapshot->roots[i].address, &data))
        slow_vote (world, elections, world->snapshot->roots[i].object, data.type, data.bytes,
                   data.offset);
    }
  for (uint32_t o = 0; o < world->snapshot->n_objects; o++)
    {
      const struct gcg__class *class = class_of (world, o);
      struct gcg__edge_walk edges = gcg__edges_of (world->snapshot, o);
      while (class->type != NULL && gcg__next_edge (&edges))
        slow_vote (world, elections, edges.target, class->type, class->bytes, edges.offset);
    }
  for (uint32_t c = 0; c < votes->n_classes; c++)
    {
      const char *winner = slow_winner (elections, votes->n_classes, c);
      if (votes->classes[c].given)
        continue;
      if (votes->classes[c].type != NULL)
        assert_string_equal (votes->classes[c].type, winner);
      else if (votes->classes[c].banned == NULL)
        assert_string_equal ("", winner);
    }
  free (elections);
}

static void
test_oracle (void **state)
{
  struct world *world = *state;
  static const uint64_t sizes[] = { 8, 16, 24, 24, 32, 40, 48, 72, 80 };
  uint32_t n_inferred = 0, n_open = 0;
  for (uint32_t seed = 1; seed <= 300; seed++)
    {
      uint32_t sites[8], ids[120];
      renew_heap (world);
      srand (seed);
      for (int i = 0; i < 8; i++)
        sites[i] = site (world, i == 0 ? "struct item" : i == 1 ? "struct list" : NULL);
      for (int i = 0; i < 120; i++)
        {
          const int s = rand () % 8;
          /* Most sites make one size. */
          const uint64_t bytes = s == 0   ? sizeof (struct item)
                                 : s == 1 ? sizeof (struct list)
                                          : sizes[(s + (rand () % 20 == 0)) % 9];
          ids[i] = object (world, bytes, sites[s]);
          for (uint64_t at = 0; at + 8 <= bytes && i > 0; at += 8)
            if (rand () % 3 == 0)
              heap_edge (world->heap, ids[i], at, ids[rand () % i]);
        }
      const void *const variables[] = { &head, &tail, &hook, &by_alias, &items[3], &others[4] };
      for (int i = 0; i < 6; i++)
        root (world, ids[rand () % 120], variables[i]);
      infer (world);
      check_election (world);
      for (uint32_t c = 0; c < world->inference.votes.n_classes; c++)
        if (!world->inference.votes.classes[c].given)
          world->inference.votes.classes[c].type != NULL ? n_inferred++ : n_open++;
    }
  /* Both happen. */
  assert_true (n_inferred > 100 && n_open > 100);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (test_propagates, set_up, tear_down),
    cmocka_unit_test_setup_teardown (test_given, set_up, tear_down),
    cmocka_unit_test (test_conflicts),
    cmocka_unit_test_setup_teardown (test_sizes, set_up, tear_down),
    cmocka_unit_test_setup_teardown (test_hooks, set_up, tear_down),
    cmocka_unit_test_setup_teardown (test_contradicted, set_up, tear_down),
    cmocka_unit_test_setup_teardown (test_untagged, set_up, tear_down),
    cmocka_unit_test_setup_teardown (test_oracle, set_up, tear_down),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
