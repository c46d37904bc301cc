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
#include "tests/heap.h"
#include "tests/tape.h"

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

/* The page of NAME with the samples of TIMELINE (NULL: none), or of its instances with QUERY. */
static json_t *
page_with (const struct gcg__model *model, const struct gcg__timeline *timeline, const char *name,
           const struct gcg__query *query, enum gcg_status *status)
{
  struct gcg__frame_state frame;
  struct gcg__json json;
  struct gcg_error error;
  size_t bytes;
  gcg__frame_init (&frame, model);
  gcg__json_init (&json, NULL, NULL);
  *status = query == NULL
                ? gcg__type_page (model, timeline, &frame, name, &json, &error)
                : gcg__type_instances_page (model, timeline, &frame, name, query, &json, &error);
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

static json_t *
page_of (const struct gcg__model *model, const char *name, const struct gcg__query *query,
         enum gcg_status *status)
{
  return page_with (model, NULL, name, query, status);
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

/* A heap with a kept object of "struct kept", one of "struct holder" that points to it, and three
   of "struct dead" that do, too; DEAD_KEPT: one of the dead ones points to a "struct kept" that is
   as dead.  MALLOCED: its blocks are malloc's. */
static struct gcg__model *
small_heap (bool kept, bool dead_kept, bool malloced)
{
  struct heap *heap = heap_new ();
  struct gcg__model *model;
  const uint32_t kept_site = heap_site (heap, "struct kept", "k.c", 1, "make"),
                 holder_site = heap_site (heap, "struct holder", "k.c", 2, "make"),
                 dead_site = heap_site (heap, "struct dead", "k.c", 3, "make");
  if (malloced)
    heap_malloc (heap);
  uint32_t holder = heap_object (heap, 24, GCG__KIND_NORMAL, holder_site);
  heap_root (heap, holder);
  uint32_t object = heap_object (heap, 24, GCG__KIND_NORMAL, kept_site);
  heap_birth (heap, object, malloced ? 9 : 3);
  if (kept)
    heap_edge (heap, holder, 8, object);
  for (uint32_t i = 0; i < 3; i++)
    {
      uint32_t dead = heap_object (heap, 24, GCG__KIND_NORMAL, dead_site);
      heap_edge (heap, dead, 0, object);
      if (i == 2 && dead_kept)
        heap_edge (heap, dead, 8, heap_object (heap, 24, GCG__KIND_NORMAL, kept_site));
    }
  assert_int_equal (gcg__model_new (heap_snapshot (heap), &model, NULL), GCG_OK);
  heap_free (heap);
  return model;
}

/* What is dead holds nothing: its words count only for types of which all is dead. */
static void
test_dead_referrers (void **state)
{
  (void)state;
  for (int way = 0; way < 4; way++)
    {
      const bool kept = way < 2, dead_kept = way % 2 == 1;
      struct gcg__model *model = small_heap (kept, dead_kept, false);
      enum gcg_status status;
      json_t *page = page_of (model, "struct kept", NULL, &status), *row;
      const json_t *referrers = json_object_get (page, "referrers");
      uint64_t dead = 0;
      size_t i;
      json_array_foreach (referrers, i, row)
      {
        if (strcmp (text_of (row, "from"), "struct dead") == 0)
          dead += number_of (row, "count");
      }
      assert_int_equal (dead, kept ? 0 : 3 + dead_kept);
      if (kept)
        assert_int_equal (number_of (find (referrers, "from", "struct holder"), "count"), 1);
      json_decref (page);
      gcg__model_free (model);
    }
}

/* Objects are as old as the collections they have lived through; malloc's blocks live through
   none. */
static void
test_ages (void **state)
{
  (void)state;
  for (int malloced = 0; malloced < 2; malloced++)
    {
      struct gcg__model *model = small_heap (true, false, malloced);
      struct gcg__query query;
      enum gcg_status status;
      json_t *page = page_of (model, "struct kept", NULL, &status);
      assert_int_equal (json_array_size (json_object_get (page, "ages")), malloced ? 0 : 4);
      json_decref (page);
      gcg__query_init (&query);
      page = page_of (model, "struct kept", &query, &status);
      const json_t *row = json_array_get (json_object_get (page, "rows"), 0);
      assert_int_equal (number_of (row, "age"), malloced ? 0 : 4);
      assert_int_equal (number_of (row, "birth"), malloced ? 0 : 3);
      json_decref (page);
      gcg__model_free (model);
    }
}

/* Died is what was made, or was there when counting began, and is not alive at the last sample. */
static void
test_died (void **state)
{
  static const struct
  {
    uint64_t live, made;
  } cases[][3] = {
    { { 10, 10 }, { 12, 40 }, { 5, 50 } },  /* counted from the start */
    { { 10, 15 }, { 12, 40 }, { 5, 50 } },  /* some had died before the first sample */
    { { 100, 0 }, { 80, 10 }, { 60, 30 } }, /* a hundred were there already */
    { { 3, 3 }, { 4, 4 }, { 5, 5 } },       /* none */
  };
  static const uint64_t died[] = { 45, 45, 70, 0 };
  (void)state;
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
    {
      struct gcg__model *model = small_heap (true, false, false);
      struct tape *tape = tape_new (77);
      struct gcg__recording *recording;
      struct gcg__timeline *timeline;
      enum gcg_status status;
      size_t n;
      uint32_t site = tape_site (tape, "struct kept", "k.c", 1, "make");
      for (size_t i = 0; i < 3; i++)
        {
          tape_alive (tape, site, cases[c][i].live, 24 * cases[c][i].live, cases[c][i].made);
          tape_sample (tape, "", 0);
        }
      const void *records = tape_records (tape, &n);
      assert_int_equal (gcg__recording_new (&recording, NULL), GCG_OK);
      assert_int_equal (gcg__recording_append (recording, records, n, NULL), GCG_OK);
      assert_int_equal (gcg__timeline_new (recording, &timeline, NULL), GCG_OK);
      assert_int_equal (gcg__timeline_update (timeline, NULL), GCG_OK);
      json_t *page = page_with (model, timeline, "struct kept", NULL, &status);
      const json_t *type = json_object_get (page, "type");
      assert_int_equal (number_of (json_object_get (type, "died"), "count"), died[c]);
      assert_int_equal (number_of (json_object_get (type, "registered"), "count"),
                        cases[c][2].made);
      json_decref (page);
      gcg__timeline_free (timeline);
      gcg__model_free (model);
      tape_free (tape);
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_real_program),   cmocka_unit_test (test_page),
    cmocka_unit_test (test_dead_referrers), cmocka_unit_test (test_ages),
    cmocka_unit_test (test_died),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
