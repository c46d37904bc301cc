/* report_findings.c -- what is said when the collector's marks and a trace of gcglass's own differ.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report/findings.h"
#include "tests/heap.h"

struct expected
{
  struct gcg__verdicts verdicts;
  const char *warning, *info; /* NULL: no such finding */
};

/* Is there a finding with WORDS, a WARNING or not? */
static bool
has (const struct gcg__findings *findings, bool warning, const char *words)
{
  bool found = false;
  for (uint32_t i = 0; i < findings->n; i++)
    found |= findings->list[i].warning == warning
             && strstr (gcg__buffer_string (&findings->list[i].text), words) != NULL;
  return found;
}

static void
look_at (const struct gcg__verdicts *verdicts, const char *warning, const char *info)
{
  struct heap *heap = heap_new ();
  struct gcg__findings findings;
  struct gcg__model *model;
  heap_root (heap, heap_object (heap, 24, GCG__KIND_NORMAL, 0));
  struct gcg__snapshot *snapshot = heap_snapshot (heap);
  heap_free (heap);
  snapshot->verdicts = verdicts;
  assert_int_equal (gcg__model_new (snapshot, &model, NULL), GCG_OK);
  assert_int_equal (gcg__findings_init (&findings, model, NULL), GCG_OK);
  assert_int_equal (has (&findings, true, "to the collector, although"), warning != NULL);
  assert_int_equal (has (&findings, false, "by the collector, although"), info != NULL);
  assert_true (warning == NULL || has (&findings, true, warning));
  assert_true (info == NULL || has (&findings, false, info));
  /* What is wrong stands before what is worth knowing, and excludes that all is well. */
  assert_int_equal (findings.list[0].warning, warning != NULL);
  assert_int_equal (has (&findings, false, "No garbage"), warning == NULL);
  gcg__findings_fini (&findings);
  gcg__model_free (model);
}

static void
verdicts (void **state)
{
  static const struct expected cases[]
      = { { { 1, 0, 0 }, NULL, NULL },
          { { 1, 1, 0 }, NULL, "1 object is kept by the collector, although" },
          { { 3, 0, 2 }, "2 objects are garbage to the collector, although", NULL },
          { { 3, 2, 1 },
            "1 object is garbage to the collector, although",
            "2 objects are kept by the collector, although" } };
  (void)state;
  look_at (NULL, NULL, NULL);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    look_at (&cases[i].verdicts, cases[i].warning, cases[i].info);
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (verdicts) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
