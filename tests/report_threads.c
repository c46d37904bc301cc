/* report_threads.c -- the traceback of each thread of a real program: calls, lines, inlined calls,
   source, and the variables that hold objects, by name. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "report/report.h"

static struct gcg__model *model;

static int
start (void **state)
{
  char path[] = "/tmp/gcglass-threads-XXXXXX", command[4096];
  struct gcg_error error;
  (void)state;
  int fd = mkstemp (path);
  if (fd < 0)
    return -1;
  close (fd);
  unlink (path); /* gcg_save makes it anew */
  snprintf (command, sizeof command, "'%s/tests/thread_fixture' %s", getenv ("top_builddir"), path);
  if (system (command) != 0 || gcg__model_open (path, &model, &error) != GCG_OK)
    return -1;
  unlink (path);
  return 0;
}

static int
stop (void **state)
{
  (void)state;
  gcg__model_free (model);
  return 0;
}

static json_t *
page_of (uint64_t id, enum gcg_status *status)
{
  struct gcg__frame_state frame;
  struct gcg__json json;
  struct gcg_error error;
  size_t bytes;
  gcg__frame_init (&frame, model);
  gcg__json_init (&json, NULL, NULL);
  *status = gcg__thread_page (model, &frame, id, &json, &error);
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

/* The page of the thread called NAME. */
static json_t *
thread_called (const char *name)
{
  const struct gcg__snapshot *s = model->snapshot;
  enum gcg_status status;
  for (uint32_t i = 0; i < s->n_threads; i++)
    if (strcmp (s->strings + s->threads[i].name, name) == 0)
      return page_of (s->threads[i].tid, &status);
  fail_msg ("no thread is called %s", name);
  return NULL;
}

static const char *
text_of (const json_t *object, const char *key)
{
  const char *text = json_string_value (json_object_get (object, key));
  return text != NULL ? text : "";
}

/* The NUMBER-th frame from outside of FUNCTION, or NULL. */
static json_t *
frame_of (const json_t *page, const char *function, int number)
{
  size_t i;
  json_t *frame;
  json_array_foreach (json_object_get (page, "frames"), i, frame)
  {
    if (strcmp (text_of (frame, "function"), function) == 0 && number-- == 0)
      return frame;
  }
  return NULL;
}

static json_t *
local_of (const json_t *frame, const char *name)
{
  size_t i;
  json_t *local;
  json_array_foreach (json_object_get (frame, "locals"), i, local)
  {
    if (strcmp (text_of (local, "name"), name) == 0)
      return local;
  }
  fail_msg ("no local %s", name);
  return NULL;
}

static const char *
held_by (const json_t *frame, const char *name)
{
  const json_t *object = json_object_get (local_of (frame, name), "object");
  assert_string_equal (text_of (object, "type"), "struct node");
  return text_of (object, "address");
}

static void
first_thread (void **state)
{
  json_t *page = thread_called ("thread_fixture");
  (void)state;
  json_t *outer = frame_of (page, "main", 0), *inner = frame_of (page, "hold_parameter", 0);
  assert_non_null (outer);
  assert_non_null (inner);
  /* Outermost first; what is below is gcglass's own and not shown. */
  assert_true (json_integer_value (json_object_get (outer, "number"))
               < json_integer_value (json_object_get (inner, "number")));
  json_t *frames = json_object_get (page, "frames");
  assert_ptr_equal (json_array_get (frames, json_array_size (frames) - 1), inner);
  assert_string_equal (held_by (outer, "first"), held_by (inner, "given"));
  assert_string_equal (held_by (inner, "kept.head"), held_by (inner, "given"));
  json_t *fast = frame_of (page, "hold_optimised", 0);
  assert_non_null (fast);
  assert_string_equal (held_by (fast, "whole"), held_by (inner, "given"));
  json_t *given = local_of (inner, "given");
  assert_true (json_is_true (json_object_get (given, "parameter")));
  assert_string_equal (text_of (given, "type"), "struct node *");
  json_decref (page);
}

static void
other_thread (void **state)
{
  json_t *page = thread_called ("worker");
  (void)state;
  const char *carried = held_by (frame_of (page, "worker", 0), "mine");
  for (int i = 0; i < 4; i++)
    {
      json_t *frame = frame_of (page, "recurse", i);
      assert_non_null (frame);
      assert_string_equal (held_by (frame, "carried"), carried);
      carried = held_by (frame, "both.head");
    }
  assert_null (frame_of (page, "recurse", 4));
  json_t *inlined = frame_of (page, "wait_inlined", 0);
  assert_non_null (inlined);
  assert_true (json_is_true (json_object_get (inlined, "inlined")));
  assert_false (json_is_true (json_object_get (frame_of (page, "recurse", 0), "inlined")));
  json_decref (page);
}

/* Five lines, the current one in the middle. */
static void
source_lines (void **state)
{
  json_t *page = thread_called ("worker");
  (void)state;
  json_t *frame = frame_of (page, "worker", 0), *source = json_object_get (frame, "source");
  json_t *lines = json_object_get (source, "lines");
  size_t middle = (size_t)(json_integer_value (json_object_get (frame, "line"))
                           - json_integer_value (json_object_get (source, "first")));
  assert_int_equal (json_array_size (lines), 5);
  assert_int_equal (middle, 2);
  assert_non_null (
      strstr (json_string_value (json_array_get (lines, middle)), "recurse (3, mine);"));
  json_decref (page);
}

static void
unknown_thread (void **state)
{
  enum gcg_status status;
  (void)state;
  assert_null (page_of (0, &status));
  assert_int_equal (status, GCG_NOT_FOUND);
  assert_null (page_of (UINT32_MAX, &status));
  assert_int_equal (status, GCG_NOT_FOUND);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (first_thread),
    cmocka_unit_test (other_thread),
    cmocka_unit_test (source_lines),
    cmocka_unit_test (unknown_thread),
  };
  return cmocka_run_group_tests (tests, start, stop);
}
