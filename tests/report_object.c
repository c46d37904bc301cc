/* report_object.c -- the pages of objects on every imaginary heap: each edge is reported from both
   of its ends, ways from roots are real and the shortest ones, searches find what a slow look
   finds. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "report/report.h"
#include "tests/report_heaps.h"

static const struct
{
  const char *name;
  uint32_t n;
} heaps[] = { { "empty", 0 }, { "clean", 60 }, { "mix", 0 },   { "observer", 0 }, { "list", 20 },
              { "ring", 40 }, { "tree", 60 },  { "star", 50 }, { "hostile", 0 } };
#define N_HEAPS (sizeof heaps / sizeof *heaps)

enum page
{
  OBJECTS,
  OBJECT,
  REFERENTS,
  REFERRERS,
  PROCESS,
  THREADS
};

static struct gcg__model *
model_in_mode (const char *name, uint32_t n, bool is_malloc)
{
  struct heap *heap = report_heap (name, n);
  if (is_malloc)
    heap_malloc (heap);
  struct gcg__snapshot *snapshot = heap_snapshot (heap);
  struct gcg__model *model;
  struct gcg_error error;
  heap_free (heap);
  if (gcg__model_new (snapshot, &model, &error) != GCG_OK)
    fail_msg ("%s: %s", name, error.text);
  return model;
}

static struct gcg__model *
model_of (const char *name, uint32_t n)
{
  return model_in_mode (name, n, false);
}

/* PAGE about ADDRESS; NULL, with *STATUS, when there is none. */
static json_t *
get (struct gcg__model *model, enum page page, const char *address, const struct gcg__query *query,
     enum gcg_status *status)
{
  struct gcg__frame_state frame;
  struct gcg__json json;
  struct gcg_error error;
  size_t bytes;
  gcg__frame_init (&frame, model);
  gcg__json_init (&json, NULL, NULL);
  if (page == OBJECTS)
    *status = gcg__objects_page (model, &frame, query, &json, &error);
  else if (page == OBJECT)
    *status = gcg__object_page (model, &frame, address, &json, &error);
  else if (page == REFERENTS)
    *status = gcg__referents_page (model, &frame, address, query, &json, &error);
  else if (page == REFERRERS)
    *status = gcg__referrers_page (model, &frame, address, query, &json, &error);
  else if (page == PROCESS)
    *status = gcg__process_page (model, &frame, NULL, &json, &error);
  else
    *status = gcg__threads_page (model, &frame, query, &json, &error);
  if (*status != GCG_OK)
    {
      gcg__json_fini (&json);
      return NULL;
    }
  char *text = gcg__json_take (&json, &bytes, &error);
  assert_non_null (text);
  json_error_t wrong;
  json_t *parsed = json_loads (text, JSON_REJECT_DUPLICATES, &wrong);
  if (parsed == NULL)
    fail_msg ("%s in %s", wrong.text, text);
  free (text);
  return parsed;
}

static json_t *
must_get (struct gcg__model *model, enum page page, const char *address,
          const struct gcg__query *query)
{
  enum gcg_status status;
  json_t *json = get (model, page, address, query, &status);
  assert_int_equal (status, GCG_OK);
  return json;
}

static json_int_t
number (const json_t *json, const char *key)
{
  return json_integer_value (json_object_get (json, key));
}

static void
address_of (const struct gcg__model *model, uint32_t id, uint64_t offset, char text[32])
{
  struct gcg__object object;
  gcg__snapshot_object (model->snapshot, id, &object);
  snprintf (text, 32, "0x%llx", (unsigned long long)(object.address + offset));
}

/* Shortest distances from the roots, edge by edge until nothing changes. */
static uint32_t *
slow_distances (const struct gcg__model *model)
{
  const struct gcg__snapshot *s = model->snapshot;
  uint32_t *distance = malloc ((s->n_objects + 1u) * sizeof *distance);
  assert_non_null (distance);
  for (uint32_t i = 0; i < s->n_objects; i++)
    {
      struct gcg__object object;
      gcg__snapshot_object (s, i, &object);
      distance[i]
          = object.kind == GCG__KIND_UNCOLLECTABLE || object.kind == GCG__KIND_ATOMIC_UNCOLLECTABLE
                ? 1
                : UINT32_MAX;
    }
  for (uint64_t i = 0; i < s->n_roots; i++)
    distance[s->roots[i].object] = 1;
  for (bool changed = true; changed;)
    {
      changed = false;
      for (uint32_t i = 0; i < s->n_objects; i++)
        {
          struct gcg__edge_walk walk = gcg__edges_of (s, i);
          while (gcg__next_edge (&walk))
            if (distance[i] != UINT32_MAX && distance[i] + 1 < distance[walk.target])
              {
                distance[walk.target] = distance[i] + 1;
                changed = true;
              }
        }
    }
  return distance;
}

static void
ways_from_roots (void **state)
{
  (void)state;
  for (size_t h = 0; h < N_HEAPS; h++)
    {
      struct gcg__model *model = model_of (heaps[h].name, heaps[h].n);
      uint32_t *distance = slow_distances (model);
      for (uint32_t i = 0; i < model->snapshot->n_objects; i++)
        {
          char address[32];
          address_of (model, i, 0, address);
          json_t *page = must_get (model, OBJECT, address, NULL);
          json_t *object = json_object_get (page, "object");
          json_t *path = json_object_get (object, "path");
          size_t n = json_array_size (path);
          assert_int_equal (number (object, "path_length"),
                            distance[i] == UINT32_MAX ? 0 : distance[i]);
          assert_int_equal (n > 0, distance[i] != UINT32_MAX);
          if (n > 0)
            assert_string_equal (
                json_string_value (json_object_get (json_array_get (path, n - 1), "address")),
                address);
          json_decref (page);
        }
      free (distance);
      gcg__model_free (model);
    }
}

/* What is said of garbage goes by whether it stays, and by whose heap it is. */
static void
words_on_garbage (void **state)
{
  (void)state;
  static const struct
  {
    const char *heap, *says, *never;
    bool is_malloc;
  } cases[] = { { "observer", "see its component", "reclaims", false },
                { "star", "the collector reclaims it", "leaked", false },
                { "observer", "leaked", "collector", true },
                { "star", "leaked", "collector", true } };
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
    {
      struct gcg__model *model = model_in_mode (cases[c].heap, c % 2 ? 20 : 0, cases[c].is_malloc);
      uint32_t n_garbage = 0;
      for (uint32_t i = 0; i < model->snapshot->n_objects; i++)
        {
          char address[32];
          address_of (model, i, 0, address);
          json_t *page = must_get (model, OBJECT, address, NULL);
          const json_t *object = json_object_get (page, "object");
          const char *why = json_string_value (json_object_get (object, "why"));
          assert_string_equal (
              json_string_value (json_object_get (json_object_get (page, "frame"), "heap")),
              cases[c].is_malloc ? "malloc" : "gc");
          assert_int_equal (json_is_null (json_object_get (object, "finalizer")),
                            json_is_null (json_object_get (object, "finalizer_function")));
          if (!json_is_true (json_object_get (object, "reachable")))
            {
              n_garbage++;
              assert_non_null (strstr (why, cases[c].says));
              assert_null (strstr (why, cases[c].never));
            }
          json_decref (page);
        }
      assert_true (n_garbage > 0);
      gcg__model_free (model);
    }
}

/* Every referent's page has its holder among the referrers, once for each edge. */
static void
edges_from_both_ends (void **state)
{
  struct gcg__query query;
  (void)state;
  gcg__query_init (&query);
  query.limit = GCG__QUERY_LIMIT_MAX;
  for (size_t h = 0; h < N_HEAPS; h++)
    {
      struct gcg__model *model = model_of (heaps[h].name, heaps[h].n);
      uint64_t out = 0, in = 0;
      for (uint32_t i = 0; i < model->snapshot->n_objects; i++)
        {
          char address[32];
          address_of (model, i, 0, address);
          json_t *to = must_get (model, REFERENTS, address, &query);
          json_t *from = must_get (model, REFERRERS, address, &query);
          size_t k;
          json_t *row;
          assert_int_equal (json_array_size (json_object_get (to, "rows")), number (to, "total"));
          assert_int_equal (json_array_size (json_object_get (from, "rows")),
                            number (from, "total"));
          out += (uint64_t)number (to, "total");
          json_array_foreach (json_object_get (from, "rows"), k, row)
          {
            json_t *holder = json_object_get (row, "object");
            if (holder == NULL)
              {
                assert_string_equal (json_string_value (json_object_get (row, "kind")), "root");
                continue;
              }
            in++;
            /* The holder's word at that offset leads here. */
            struct gcg__edge_walk walk
                = gcg__edges_of (model->snapshot, (uint32_t)number (holder, "id"));
            bool found = false;
            while (gcg__next_edge (&walk))
              found = found || (walk.target == i && walk.offset == (uint64_t)number (row, "at"));
            assert_true (found);
          }
          json_decref (to);
          json_decref (from);
        }
      assert_int_equal (out, model->snapshot->n_edges);
      assert_int_equal (in, model->snapshot->n_edges);
      gcg__model_free (model);
    }
}

/* A page of rows is what the whole list has there. */
static void
referrers_page_by_page (void **state)
{
  struct gcg__model *model = model_of ("star", 120);
  struct gcg__query all, one;
  char address[32];
  (void)state;
  gcg__query_init (&all);
  all.limit = GCG__QUERY_LIMIT_MAX;
  for (uint32_t i = 0; i < model->snapshot->n_objects; i += 7)
    for (enum page page = REFERENTS; page <= REFERRERS; page++)
      {
        address_of (model, i, 0, address);
        json_t *whole = must_get (model, page, address, &all), *row;
        size_t k;
        json_array_foreach (json_object_get (whole, "rows"), k, row)
        {
          gcg__query_init (&one);
          one.offset = k;
          one.limit = 1;
          json_t *part = must_get (model, page, address, &one);
          json_t *rows = json_object_get (part, "rows");
          assert_int_equal (json_array_size (rows), 1);
          assert_true (json_equal (json_array_get (rows, 0), row));
          json_decref (part);
        }
        json_decref (whole);
      }
  gcg__model_free (model);
}

static void
search (void **state)
{
  struct gcg__model *model = model_of ("mix", 0);
  struct gcg__query query;
  enum gcg_status status;
  char inside[32], address[32];
  (void)state;
  address_of (model, 2, 8, inside);
  address_of (model, 2, 0, address);
  gcg__query_init (&query);
  query.q = inside; /* an interior address is the object's */
  json_t *page = must_get (model, OBJECTS, NULL, &query);
  json_t *rows = json_object_get (page, "rows");
  assert_int_equal (number (page, "total"), 1);
  assert_string_equal (json_string_value (json_object_get (json_array_get (rows, 0), "address")),
                       address);
  json_decref (page);
  page = must_get (model, OBJECT, inside, NULL);
  assert_int_equal (number (json_object_get (page, "object"), "offset"), 8);
  json_decref (page);
  for (uint32_t site = 1; site < model->snapshot->n_sites; site++)
    {
      uint64_t n = 0;
      for (uint32_t i = 0; i < model->snapshot->n_objects; i++)
        n += gcg__word_site (model->snapshot->words[i]) == site;
      gcg__query_init (&query);
      query.site = site;
      page = must_get (model, OBJECTS, NULL, &query);
      assert_int_equal (number (page, "total"), n);
      json_decref (page);
    }
  static const char *const unknown[]
      = { "0x8", "0x", "", "12", "0xzz", "0x7fffffffffffffff0", "%" };
  for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
    {
      gcg__query_init (&query);
      assert_null (get (model, OBJECT, unknown[i], NULL, &status));
      assert_int_equal (status, GCG_NOT_FOUND);
      assert_null (get (model, REFERRERS, unknown[i], &query, &status));
      assert_int_equal (status, GCG_NOT_FOUND);
    }
  gcg__model_free (model);
}

/* Sorted by any column, a page at a time, every object comes once. */
static void
sorted_by_every_column (void **state)
{
  static const char *const columns[]
      = { "address", "bytes", "slot_bytes", "kind",  "type", "site",     "on_cycle",
          "age",     "birth", "reachable",  "edges", "id",   "finalizer" };
  struct gcg__model *model = model_of ("mix", 0);
  uint32_t n = model->snapshot->n_objects;
  (void)state;
  for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
    {
      uint64_t seen = 0;
      assert_true (n < 64);
      for (uint32_t at = 0; at < n; at += 3)
        {
          struct gcg__query query;
          size_t k;
          json_t *row;
          gcg__query_init (&query);
          query.sort = columns[c];
          query.offset = at;
          query.limit = 3;
          json_t *page = must_get (model, OBJECTS, NULL, &query);
          assert_int_equal (number (page, "total"), n);
          json_array_foreach (json_object_get (page, "rows"), k, row) seen |= UINT64_C (1)
                                                                              << number (row, "id");
          json_decref (page);
        }
      assert_int_equal (seen, (UINT64_C (1) << n) - 1);
    }
  gcg__model_free (model);
}

static void
process_and_threads (void **state)
{
  (void)state;
  for (size_t h = 0; h < N_HEAPS; h++)
    {
      struct gcg__model *model = model_of (heaps[h].name, heaps[h].n);
      struct gcg__query query;
      gcg__query_init (&query);
      json_t *process = must_get (model, PROCESS, NULL, NULL);
      json_t *threads = must_get (model, THREADS, NULL, &query);
      assert_int_equal (json_array_size (json_object_get (process, "modules")),
                        model->snapshot->n_modules);
      assert_int_equal (number (threads, "total"), model->snapshot->n_threads);
      assert_true (
          json_equal (json_object_get (process, "threads"), json_object_get (threads, "rows")));
      json_decref (process);
      json_decref (threads);
      gcg__model_free (model);
    }
}

/* What an object begins with, as bytes and, when it is text, as text. */
static void
previews (void **state)
{
  static const struct
  {
    const char *bytes;
    uint64_t n, requested;
    const char *hex, *text;
  } cases[] = {
    { "hello", 6, 6, "68656c6c6f00", "hello" },
    { "ab\0\0", 4, 4, "61620000", "ab" },
    { "ab\0\1", 4, 4, "61620001", NULL },
    { "long\0\1\xff", 7, 7, "6c6f6e670001ff", "long" },
    { "", 0, 0, "", NULL },
    { "\0a", 2, 2, "0061", NULL },
    { "\x1b[2J", 4, 4, "1b5b324a", NULL },
    { "\xc2\x9b"
      "2J",
      4, 4, "c29b324a", NULL },
    { "a\xff"
      "bc",
      4, 4, "61ff6263", NULL },
    { "\xc0\xaf"
      "bc",
      4, 4, "c0af6263", NULL },
    { "\xed\xa0\x80", 3, 3, "eda080", NULL },
    { "\xf4\x90\x80\x80", 4, 4, "f4908080", NULL },
    { "</pre><script>", 14, 14, "3c2f7072653e3c7363726970743e", "</pre><script>" },
    { "K\xc3\xb6ln", 5, 5, "4bc3b66c6e", "K\xc3\xb6ln" },
    { "abc\xe2\x82", 5, 5, "616263e282", NULL }, /* ends in the middle of a character */
  };
  enum
  {
    N_CASES = sizeof cases / sizeof *cases
  };
  char cut[GCG__PREVIEW_BYTES], address[32];
  struct gcg__model *model;
  struct gcg_error error;
  struct heap *heap = heap_new ();
  uint32_t site = heap_site (heap, "char", "a.c", 1, "f");
  (void)state;
  for (size_t i = 0; i < N_CASES; i++)
    heap_contents (heap, heap_object (heap, cases[i].requested, GCG__KIND_ATOMIC, site),
                   cases[i].bytes, cases[i].n);
  /* A character that the preview cuts is left out. */
  memset (cut, 'x', sizeof cut);
  cut[62] = '\xe2';
  cut[63] = '\x82';
  heap_contents (heap, heap_object (heap, 100, GCG__KIND_ATOMIC, site), cut, sizeof cut);
  assert_int_equal (gcg__model_new (heap_snapshot (heap), &model, &error), GCG_OK);
  heap_free (heap);
  for (uint32_t i = 0; i <= N_CASES; i++)
    {
      address_of (model, i, 0, address);
      json_t *page = must_get (model, OBJECT, address, NULL);
      json_t *preview = json_object_get (json_object_get (page, "object"), "preview");
      const char *text = json_string_value (json_object_get (preview, "text"));
      const char *hex = json_string_value (json_object_get (preview, "hex"));
      if (i == N_CASES)
        {
          assert_int_equal (strlen (text), 62);
          assert_int_equal (strlen (hex), 128);
        }
      else
        {
          assert_string_equal (hex, cases[i].hex);
          assert_int_equal (text == NULL, cases[i].text == NULL);
          if (text != NULL)
            assert_string_equal (text, cases[i].text);
        }
      json_decref (page);
    }
  gcg__model_free (model);
}

/* Row NAME of MEMBER of the collector's. */
static json_t *
collector_row (json_t *page, const char *member, const char *name)
{
  size_t i;
  json_t *row;
  json_array_foreach (json_object_get (json_object_get (page, "collector"), member), i,
                      row) if (strcmp (json_string_value (json_object_get (row, "name")), name)
                               == 0) return row;
  fail_msg ("no %s in %s", name, member);
  return NULL;
}

/* Offline everything comes from the snapshot; one without contents has no previews. */
static void
collector_and_memory (void **state)
{
  struct gcg__model *model = model_of ("clean", 1);
  char address[32];
  size_t i;
  json_t *row;
  (void)state;
  json_t *page = must_get (model, PROCESS, NULL, NULL);
  assert_int_equal (number (json_object_get (page, "smaps"), "pss_bytes"), 512 * 1024);
  assert_string_equal (
      json_string_value (json_object_get (collector_row (page, "settings", "full_freq"), "value")),
      "19");
  assert_string_equal (
      json_string_value (json_object_get (collector_row (page, "settings", "time_limit"), "value")),
      "none");
  assert_string_equal (json_string_value (json_object_get (
                           collector_row (page, "settings", "dont_precollect"), "value")),
                       "yes");
  assert_string_equal (
      json_string_value (json_object_get (collector_row (page, "settings", "oom_fn"), "value")),
      "none");
  assert_int_equal (number (collector_row (page, "statistics", "freed"), "value"), 4096);
  json_array_foreach (json_object_get (json_object_get (page, "collector"), "settings"), i, row)
      assert_true (strlen (json_string_value (json_object_get (row, "meaning"))) > 10);
  assert_true (i > 25);
  json_decref (page);
  address_of (model, 0, 0, address);
  page = must_get (model, OBJECT, address, NULL);
  row = json_object_get (json_object_get (page, "object"), "preview");
  assert_true (json_is_null (row));
  json_decref (page);
  gcg__model_free (model);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (ways_from_roots),
    cmocka_unit_test (words_on_garbage),
    cmocka_unit_test (edges_from_both_ends),
    cmocka_unit_test (referrers_page_by_page),
    cmocka_unit_test (search),
    cmocka_unit_test (sorted_by_every_column),
    cmocka_unit_test (process_and_threads),
    cmocka_unit_test (previews),
    cmocka_unit_test (collector_and_memory),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
