/* report_kinds.c -- /api/garbage/kinds: a row for each kind of leaks and cycles, the same that
   "gcglass report --json" has, sorted and chosen as asked for, from what is kept too. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "report/kinds.h"
#include "report/report.h"
#include "tests/report_heaps.h"

static struct gcg__model *
model_of (const char *name, uint32_t n)
{
  struct heap *heap = report_heap (name, n);
  struct gcg__model *model;
  struct gcg_error error;
  struct gcg__snapshot *snapshot = heap_snapshot (heap);
  heap_free (heap);
  if (gcg__model_new (snapshot, &model, &error) != GCG_OK)
    fail_msg ("%s: %s", name, error.text);
  return model;
}

static json_t *
parse (struct gcg__json *json)
{
  size_t bytes;
  struct gcg_error error;
  json_error_t wrong;
  char *text = gcg__json_take (json, &bytes, &error);
  assert_non_null (text);
  json_t *parsed = json_loads (text, JSON_REJECT_DUPLICATES, &wrong);
  if (parsed == NULL)
    fail_msg ("%s in %s", wrong.text, text);
  free (text);
  return parsed;
}

/* The page with the parameters NAME=VALUE (NULL: none) and sort=SORT in ORDER (NULL: none). */
static json_t *
page_of (struct gcg__model *model, const char *name, const char *value, const char *sort,
         const char *order)
{
  struct gcg__frame_state frame;
  struct gcg__query query;
  struct gcg__json json;
  struct gcg_error error;
  gcg__frame_init (&frame, model);
  gcg__query_init (&query);
  if (name != NULL)
    assert_int_equal (gcg__query_set (&query, name, value, &error), GCG_OK);
  if (sort != NULL)
    assert_int_equal (gcg__query_set (&query, "sort", sort, &error), GCG_OK);
  if (order != NULL)
    assert_int_equal (gcg__query_set (&query, "order", order, &error), GCG_OK);
  gcg__json_init (&json, NULL, NULL);
  if (gcg__kinds_page (model, &frame, &query, &json, &error) != GCG_OK)
    fail_msg ("%s", error.text);
  return parse (&json);
}

static json_int_t
number (const json_t *object, const char *key)
{
  return json_integer_value (json_object_get (object, key));
}

static const char *
text (const json_t *object, const char *key)
{
  return json_string_value (json_object_get (object, key));
}

/* Rows are those of the report, in its order, with the component of an example. */
static void
compare_with_report (struct gcg__model *model, const json_t *rows)
{
  struct gcg__json json;
  struct gcg_error error;
  gcg__json_init (&json, NULL, NULL);
  gcg__json_object (&json, NULL);
  assert_int_equal (gcg__kinds_of_garbage (model, &json, &error), GCG_OK);
  gcg__json_end (&json);
  json_t *report = parse (&json), *kinds = json_object_get (report, "kinds"), *kind;
  size_t i;
  assert_int_equal (json_array_size (rows), json_array_size (kinds));
  json_array_foreach (kinds, i, kind)
  {
    json_t *row = json_deep_copy (json_array_get (rows, i));
    const json_t *component = json_object_get (row, "component");
    struct gcg__object object;
    uint64_t offset;
    assert_int_equal (gcg__object_find (model, text (row, "address"), &object, &offset, NULL),
                      GCG_OK);
    assert_int_equal (offset, 0);
    if (json_is_null (component))
      assert_int_equal (model->analysis->component_of[object.id], GCG__NONE);
    else
      assert_int_equal (model->analysis->component_of[object.id] + 1,
                        json_integer_value (component));
    assert_true (number (row, "objects") > 0);
    json_object_del (row, "component");
    json_object_del (row, "address");
    assert_true (json_equal (row, kind));
    json_decref (row);
  }
  json_decref (report);
}

static void
every_heap (void **state)
{
  static const struct
  {
    const char *name;
    uint32_t n, kinds, leaks, harmless;
  } heaps[] = { { "empty", 0, 0, 0, 0 },  { "clean", 100, 0, 0, 0 }, { "observer", 0, 2, 1, 0 },
                { "mix", 0, 5, 2, 1 },    { "list", 50, 1, 1, 0 },   { "star", 400, 1, 0, 1 },
                { "leaks", 20, 5, 4, 0 }, { "hostile", 0, 1, 0, 1 } };
  (void)state;
  for (size_t h = 0; h < sizeof heaps / sizeof *heaps; h++)
    {
      struct gcg__model *model = model_of (heaps[h].name, heaps[h].n);
      json_t *first = page_of (model, NULL, NULL, NULL, NULL);
      json_t *again = page_of (model, "show", "all", NULL, NULL);
      json_t *summary = json_object_get (first, "summary");
      assert_true (json_equal (first, again)); /* from what was kept */
      assert_int_equal (number (summary, "kinds"), heaps[h].kinds);
      assert_int_equal (number (summary, "leaks"), heaps[h].leaks);
      assert_int_equal (number (summary, "harmless"), heaps[h].harmless);
      assert_int_equal (number (first, "total"), heaps[h].kinds);
      compare_with_report (model, json_object_get (first, "rows"));
      json_decref (first);
      json_decref (again);
      gcg__model_free (model);
    }
}

static void
chosen (void **state)
{
  (void)state;
  struct gcg__model *model = model_of ("mix", 0);
  json_t *leaks = page_of (model, "show", "leaks", NULL, NULL);
  json_t *harmless = page_of (model, "show", "harmless", NULL, NULL);
  json_t *row, *rows = json_object_get (leaks, "rows");
  size_t i;
  assert_int_equal (number (leaks, "total"), 2);
  json_array_foreach (rows, i, row) assert_string_not_equal (text (row, "verdict"), "cycle");
  row = json_array_get (json_object_get (harmless, "rows"), 0);
  assert_int_equal (number (harmless, "total"), 1);
  assert_string_equal (text (row, "verdict"), "cycle");
  assert_int_equal (number (row, "bytes"), 32);
  assert_non_null (strstr (text (row, "signature"), "struct a"));
  json_decref (leaks);
  json_decref (harmless);
  /* By place, and by type; members' names are no text to search. */
  json_t *place = page_of (model, "q", "MIX.c:60", NULL, NULL);
  json_t *type = page_of (model, "q", "struct document", NULL, NULL);
  json_t *key = page_of (model, "q", "freed_bytes", NULL, NULL);
  assert_int_equal (number (place, "total"), 1);
  assert_int_equal (number (type, "total"), 1);
  assert_int_equal (number (key, "total"), 0);
  assert_int_equal (number (json_object_get (key, "summary"), "kinds"), 5); /* of all */
  json_decref (place);
  json_decref (type);
  json_decref (key);
  gcg__model_free (model);
}

static void
sorted (void **state)
{
  static const char *const columns[] = { "count", "objects", "bytes", "freed_bytes" };
  (void)state;
  struct gcg__model *model = model_of ("leaks", 20);
  for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
    for (int descending = 0; descending < 2; descending++)
      {
        json_t *page = page_of (model, NULL, NULL, columns[c], descending ? "desc" : "asc");
        json_t *rows = json_object_get (page, "rows");
        for (size_t i = 1; i < json_array_size (rows); i++)
          {
            json_int_t before = number (json_array_get (rows, i - 1), columns[c]);
            json_int_t here = number (json_array_get (rows, i), columns[c]);
            assert_true (descending ? before >= here : before <= here);
          }
        json_decref (page);
      }
  json_t *page = page_of (model, NULL, NULL, "verdict", "asc");
  json_t *first = json_array_get (json_object_get (page, "rows"), 0);
  assert_string_equal (text (first, "verdict"), "leaked cycle");
  assert_int_equal (number (first, "count"), 20);
  json_decref (page);
  gcg__model_free (model);
}

static void
refused (void **state)
{
  (void)state;
  struct gcg__query query;
  struct gcg_error error;
  gcg__query_init (&query);
  assert_int_equal (gcg__query_set (&query, "show", "some", &error), GCG_INVALID);
  assert_string_equal (error.text, "show must be leaks, harmless or all");
  assert_int_equal (gcg__query_set (&query, "show", "", &error), GCG_OK);
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (every_heap), cmocka_unit_test (chosen),
                                      cmocka_unit_test (sorted), cmocka_unit_test (refused) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
