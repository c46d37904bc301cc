/* report_memory.c -- every allocation of lib/report fails in turn.
 *
 * The linker leads malloc and its like of lib/report, lib/analysis and lib/symbol here
 * (--wrap).  While counting, the Nth allocation fails; N grows until all goes well.  A failure must
 * be reported as GCG_NO_MEMORY with a text, and give back all that was taken.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/leaks.h"
#include "report/report.h"
#include "tests/report_heaps.h"

void *__real_malloc (size_t);
void *__real_calloc (size_t, size_t);
void *__real_realloc (void *, size_t);
void *__real_aligned_alloc (size_t, size_t);
void __real_free (void *);
void *__wrap_malloc (size_t);
void *__wrap_calloc (size_t, size_t);
void *__wrap_realloc (void *, size_t);
void *__wrap_aligned_alloc (size_t, size_t);
void *__wrap_reallocarray (void *, size_t, size_t);
char *__wrap_strdup (const char *);
int __wrap_asprintf (char **, const char *, ...) __attribute__ ((format (printf, 2, 3)));
void __wrap_free (void *);

static bool counting, failed;
static uint32_t until_failure; /* allocations that still succeed */
static int64_t n_blocks;       /* taken and not given back */

static bool
fail_now (void)
{
  if (!counting || until_failure-- > 0)
    return false;
  failed = true;
  until_failure = UINT32_MAX;
  return true;
}

void *
__wrap_malloc (size_t n)
{
  void *block = fail_now () ? NULL : __real_malloc (n);
  n_blocks += counting && block != NULL;
  return block;
}

void *
__wrap_aligned_alloc (size_t alignment, size_t n)
{
  void *block = fail_now () ? NULL : __real_aligned_alloc (alignment, n);
  n_blocks += counting && block != NULL;
  return block;
}

void *
__wrap_calloc (size_t n, size_t size)
{
  void *block = fail_now () ? NULL : __real_calloc (n, size);
  n_blocks += counting && block != NULL;
  return block;
}

void *
__wrap_realloc (void *old, size_t n)
{
  void *block = fail_now () ? NULL : __real_realloc (old, n);
  n_blocks += counting && block != NULL && old == NULL;
  return block;
}

void *
__wrap_reallocarray (void *old, size_t n, size_t size)
{
  return __wrap_realloc (old, n * size);
}

char *
__wrap_strdup (const char *text)
{
  size_t n = strlen (text) + 1;
  char *copy = __wrap_malloc (n);
  return copy != NULL ? memcpy (copy, text, n) : NULL;
}

int
__wrap_asprintf (char **text, const char *format, ...)
{
  if (fail_now ())
    return -1;
  va_list arguments;
  va_start (arguments, format);
  int n = vasprintf (text, format, arguments);
  va_end (arguments);
  n_blocks += counting && n >= 0;
  return n;
}

void
__wrap_free (void *block)
{
  n_blocks -= counting && block != NULL;
  __real_free (block);
}

/* One way to use lib/report, from a model to its bytes. */
typedef enum gcg_status (*use_function) (struct gcg__model *model, struct gcg_error *error);

static enum gcg_status
use_json (struct gcg__model *model, struct gcg_error *error, int page)
{
  struct gcg__frame_state frame;
  struct gcg__query query;
  struct gcg__json json;
  gcg__frame_init (&frame, model);
  gcg__query_init (&query);
  query.sort = page == 1 ? "name" : page == 2 ? "file" : NULL;
  query.q = page >= 3 ? "struct" : NULL;
  const char *name = model->type_rows[0].name;
  gcg__json_init (&json, NULL, NULL);
  enum gcg_status status
      = page == 0   ? gcg__overview_page (model, &frame, NULL, &json, error)
        : page == 1 ? gcg__types_page (model, &frame, &query, &json, error)
        : page == 2 ? gcg__sites_page (model, &frame, &query, &json, error)
        : page == 3 ? gcg__garbage_page (model, &frame, &query, &json, error)
        : page == 4 ? gcg__component_page (model, &frame, 1, &query, &json, error)
        : page == 5 ? gcg__summary_write (model, &json, error)
        : page == 6 ? gcg__type_page (model, NULL, &frame, name, &json, error)
        : page == 7 ? gcg__type_instances_page (model, NULL, &frame, name, &query, &json, error)
        : page == 8 ? gcg__kinds_page (model, &frame, &query, &json, error)
                    : gcg__export_json (model, 0, false, &json, error);
  if (status == GCG_OK)
    status = gcg__json_finish (&json, error);
  gcg__json_fini (&json);
  return status;
}

static enum gcg_status
use_model (struct gcg__model *model, struct gcg_error *error)
{
  (void)model;
  (void)error;
  return GCG_OK;
}

static enum gcg_status
use_pages (struct gcg__model *model, struct gcg_error *error)
{
  enum gcg_status status = GCG_OK;
  for (int page = 0; page < 10 && status == GCG_OK; page++)
    status = use_json (model, error, page);
  return status;
}

static enum gcg_status
use_text (struct gcg__model *model, struct gcg_error *error)
{
  struct gcg__text_options options = { "x", 10, false };
  struct gcg__buffer out;
  gcg__buffer_init (&out, NULL, NULL);
  enum gcg_status status = gcg__text_write (model, &options, &out, error);
  gcg__buffer_fini (&out);
  return status;
}

static enum gcg_status
use_dot (struct gcg__model *model, struct gcg_error *error)
{
  struct gcg__dot_options options = { 1, false, 3 };
  struct gcg__buffer out;
  uint32_t nodes;
  gcg__buffer_init (&out, NULL, NULL);
  enum gcg_status status = gcg__dot_write (model, &options, &out, &nodes, error);
  gcg__buffer_fini (&out);
  return status;
}

static enum gcg_status
use_leaks (struct gcg__model *model, struct gcg_error *error)
{
  struct gcg__rules rules = { 0 };
  struct gcg__baseline baseline = { 0 };
  struct gcg__leak_text_options options = { .name = "x" };
  struct gcg__leak_report *report;
  struct gcg__json json;
  struct gcg__buffer out;
  enum gcg_status status
      = gcg__rules_parse (&rules, "leak:tree\ncycle:a->b\nleak:c", "rules", error);
  if (status == GCG_OK)
    status = gcg__leak_report_new (model, &rules, &baseline, NULL, &report, error);
  if (status == GCG_OK)
    {
      gcg__buffer_init (&out, NULL, NULL);
      gcg__json_init (&json, NULL, NULL);
      status = gcg__leak_text_write (report, &options, &out, error);
      if (status == GCG_OK)
        status = gcg__leak_json_write (report, &json, error);
      if (status == GCG_OK)
        status = gcg__json_finish (&json, error);
      gcg__json_fini (&json);
      gcg__buffer_fini (&out);
      gcg__leak_report_free (report);
    }
  gcg__rules_fini (&rules);
  return status;
}

/* Fails each allocation of making a model of heap NAME and using it. */
static void
exhaust (const char *name, uint32_t size, use_function use)
{
  uint32_t n = 0;
  struct heap *heap = report_heap (name, size);
  do
    {
      struct gcg__snapshot *snapshot = heap_snapshot (heap);
      struct gcg__model *model;
      struct gcg_error error = { GCG_OK, "" };
      n_blocks = 0;
      failed = false;
      until_failure = n++;
      counting = true;
      enum gcg_status status = gcg__model_new (snapshot, &model, &error);
      bool made = status == GCG_OK;
      if (made)
        {
          status = use (model, &error);
          n_blocks++; /* the snapshot, made before and freed with the model */
          gcg__model_free (model);
        }
      counting = false;
      if (!made)
        gcg__snapshot_close (snapshot);
      if (failed && status != GCG_OK)
        {
          assert_int_equal (status, GCG_NO_MEMORY);
          assert_int_equal (error.status, GCG_NO_MEMORY);
          assert_true (error.text[0] != '\0');
        }
      else
        assert_int_equal (status, GCG_OK);
      assert_int_equal (n_blocks, 0);
    }
  while (failed);
  heap_free (heap);
  print_message ("# %s: %u allocations failed in turn\n", name, n - 1);
}

static void
models (void **state)
{
  (void)state;
  exhaust ("mix", 0, use_model);
}

static void
pages (void **state)
{
  (void)state;
  exhaust ("mix", 0, use_pages);
  exhaust ("list", 5, use_pages);
}

static void
texts (void **state)
{
  (void)state;
  exhaust ("mix", 0, use_text);
}

static void
pictures (void **state)
{
  (void)state;
  exhaust ("mix", 0, use_dot);
  exhaust ("star", 8, use_dot);
}

static void
leaks (void **state)
{
  (void)state;
  exhaust ("leaks", 2, use_leaks);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (models),   cmocka_unit_test (pages), cmocka_unit_test (texts),
    cmocka_unit_test (pictures), cmocka_unit_test (leaks),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
