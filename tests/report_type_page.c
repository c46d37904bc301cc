/* report_type_page.c -- inferred types of a real program whose allocations know sizes only
 * (type_fixture.c), and the page of a type.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "report/report.h"

static struct gcg__model *
real_program (void)
{
  char path[] = "/tmp/gcglass-types-XXXXXX", command[4096];
  struct gcg_error error;
  struct gcg__model *model;
  int fd = mkstemp (path);
  assert_true (fd >= 0);
  close (fd);
  unlink (path); /* gcg_save makes it anew */
  snprintf (command, sizeof command, "'%s/tests/type_fixture' %s", getenv ("top_builddir"), path);
  assert_int_equal (system (command), 0);
  assert_int_equal (gcg__model_open (path, &model, &error), GCG_OK);
  unlink (path);
  return model;
}

/* The page of NAME, or of its instances with QUERY. */
static json_t *
page_of (const struct gcg__model *model, const char *name, const struct gcg__query *query,
         enum gcg_status *status)
{
  struct gcg__frame_state frame;
  struct gcg__json json;
  struct gcg_error error;
  size_t bytes;
  gcg__frame_init (&frame, model);
  gcg__json_init (&json, NULL, NULL);
  *status = query == NULL
                ? gcg__type_page (model, NULL, &frame, name, &json, &error)
                : gcg__type_instances_page (model, NULL, &frame, name, query, &json, &error);
  if (*status != GCG_OK)
    {
      gcg__json_fini (&json);
      return NULL;
    }
  char *text = gcg__json_take (&json, &bytes, &error);
  assert_non_null (text);
  json_t *page = json_loads (text, JSON_REJECT_DUPLICATES, NULL);
  assert_non_null (page);
  free (text);
  return page;
}

static const char *
text_of (const json_t *object, const char *key)
{
  const char *text = json_string_value (json_object_get (object, key));
  return text != NULL ? text : "";
}

static uint64_t
number_of (const json_t *object, const char *key)
{
  return (uint64_t)json_integer_value (json_object_get (object, key));
}

static const struct gcg__type_row *
row_of (const struct gcg__model *model, const char *name)
{
  for (uint32_t i = 0; i < model->n_type_rows; i++)
    if (strcmp (model->type_rows[i].name, name) == 0)
      return &model->type_rows[i];
  fail_msg ("no type %s", name);
  return NULL;
}

static void
expect_type (const struct gcg__model *model, const char *name, uint64_t objects, const char *from)
{
  const struct gcg__type_row *row = row_of (model, name);
  assert_int_equal (row->count.all.objects, objects);
  assert_int_equal (model->types->groups[row->group].basis, GCG__BASIS_INFERRED);
  if (from != NULL)
    assert_string_equal (model->types->groups[row->group].from, from);
}

/* The row of LIST whose KEY is VALUE. */
static json_t *
find (const json_t *list, const char *key, const char *value)
{
  size_t i;
  json_t *row;
  json_array_foreach (list, i, row)
  {
    if (strcmp (text_of (row, key), value) == 0)
      return row;
  }
  fail_msg ("no %s %s", key, value);
  return NULL;
}

static void
test_real_program (void **state)
{
  (void)state;
  struct gcg__model *model = real_program ();
  expect_type (model, "struct table", 1, "from the global the_table (type_fixture.c)");
  expect_type (model, "struct bucket", 1, "field struct table.buckets");
  expect_type (model, "struct item", 1000 + 630, NULL);
  expect_type (model, "struct tree", 630, "field struct forest.trees[0]");
  expect_type (model, "struct forest", 1, "from the global the_forest (type_fixture.c)");
  expect_type (model, "int *", 1, "from the local grid (save)");
  expect_type (model, "int", 16, "field int *[0]");
  for (uint32_t i = 0; i < model->n_type_rows; i++)
    {
      assert_string_not_equal (model->type_rows[i].name, "struct cat");
      assert_string_not_equal (model->type_rows[i].name, "struct dog");
    }
  /* All but the labels come from one place, which is of no one type. */
  uint32_t rest = 0;
  for (uint32_t i = 0; i < model->n_type_rows; i++)
    if (strncmp (model->type_rows[i].name, "from allocate", 13) == 0)
      rest += (uint32_t)model->type_rows[i].count.all.objects;
  assert_int_equal (rest, 3);
  gcg__model_free (model);
}

static void
test_page (void **state)
{
  (void)state;
  struct gcg__model *model = real_program ();
  struct gcg__query query;
  enum gcg_status status;
  json_t *page = page_of (model, "struct item", NULL, &status);
  const json_t *type = json_object_get (page, "type");
  assert_string_equal (text_of (type, "name"), "struct item");
  assert_true (json_is_true (json_object_get (type, "inferred")));
  assert_false (json_is_true (json_object_get (type, "by_site")));
  assert_int_equal (number_of (type, "declared_bytes"), 24);
  assert_int_equal (number_of (type, "minimal"), 24);
  assert_int_equal (number_of (json_object_get (type, "alive"), "count")
                        + number_of (json_object_get (type, "garbage"), "count"),
                    1630);
  assert_true (json_is_null (json_object_get (page, "chart")));
  assert_true (json_is_null (json_object_get (type, "registered")));
  assert_int_equal (json_array_size (json_object_get (page, "fields")), 3);
  const json_t *referents = json_object_get (page, "referents");
  assert_int_equal (number_of (find (referents, "field", "next"), "count"), 1000 - 64);
  assert_int_equal (number_of (find (referents, "field", "label"), "bytes"), 12000);
  const json_t *referrers = json_object_get (page, "referrers");
  const json_t *bucket = find (referrers, "from", "struct bucket");
  assert_string_equal (text_of (bucket, "field"), "first");
  assert_int_equal (number_of (bucket, "count"), 64);
  assert_int_equal (number_of (find (referrers, "from", "struct tree"), "count"), 630);
  assert_true (json_array_size (json_object_get (page, "sites")) > 0);
  json_decref (page);
  page = page_of (model, "struct forest", NULL, &status);
  const json_t *trees = find (json_object_get (page, "referents"), "type", "struct tree");
  assert_string_equal (text_of (trees, "field"), "trees[]");
  assert_int_equal (number_of (trees, "count"), 10);
  find (json_object_get (page, "referrers"), "from", "the_forest (static data of type_fixture)");
  json_decref (page);
  gcg__query_init (&query);
  query.limit = 7;
  query.offset = 1625;
  page = page_of (model, "struct item", &query, &status);
  assert_int_equal (number_of (page, "total"), 1630);
  assert_int_equal (json_array_size (json_object_get (page, "rows")), 5);
  json_decref (page);
  assert_null (page_of (model, "struct nowhere", NULL, &status));
  assert_int_equal (status, GCG_NOT_FOUND);
  assert_null (page_of (model, "struct nowhere", &query, &status));
  assert_int_equal (status, GCG_NOT_FOUND);
  gcg__model_free (model);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_real_program),
    cmocka_unit_test (test_page),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
