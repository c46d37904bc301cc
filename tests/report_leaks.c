/* report_leaks.c -- reports of leaks: groups, signatures, what rules and baselines leave out, JSON.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "report/leak_names.h"
#include "report/leaks.h"
#include "tests/columns.h"
#include "tests/modules.h"
#include "tests/report_heaps.h"

/* A report about a heap, with what it was made from. */
struct world
{
  struct gcg__model *model;
  struct gcg__rules rules;
  struct gcg__baseline baseline;
  struct gcg__leak_report *report;
};

/* Takes HEAP, and RULES as text. */
static void
world_init (struct world *w, struct heap *heap, const char *rules)
{
  struct gcg_error error;
  struct gcg__snapshot *snapshot = heap_snapshot (heap);
  heap_free (heap);
  *w = (struct world){ 0 };
  assert_int_equal (gcg__model_new (snapshot, &w->model, &error), GCG_OK);
  assert_int_equal (gcg__rules_parse (&w->rules, rules, "rules", &error), GCG_OK);
  assert_int_equal (
      gcg__leak_report_new (w->model, &w->rules, &w->baseline, NULL, &w->report, &error), GCG_OK);
}

static void
world_fini (struct world *w)
{
  gcg__leak_report_free (w->report);
  gcg__baseline_fini (&w->baseline);
  gcg__rules_fini (&w->rules);
  gcg__model_free (w->model);
}

#define EXPECT(totals, n_bytes, n_blocks)                                                          \
  do                                                                                               \
    {                                                                                              \
      assert_int_equal ((totals).bytes, n_bytes);                                                  \
      assert_int_equal ((totals).objects, n_blocks);                                               \
    }                                                                                              \
  while (0)

/* Every block is in one group, and the groups are in order. */
static void
check_groups (const struct world *w)
{
  const struct gcg__leak_report *r = w->report;
  struct gcg__totals own = { 0 }, through = { 0 }, indirect = { 0 };
  uint32_t n_cycles = 0, top = GCG__NONE;
  for (uint32_t g = 0; g < r->n_groups; g++)
    {
      const struct gcg__leak_group *group = &r->groups[g];
      own.bytes += group->own.bytes;
      own.objects += group->own.objects;
      n_cycles += group->n_cycles;
      if (group->kind == GCG__LEAK_INDIRECT)
        {
          assert_int_equal (group->parent, top);
          indirect.bytes += group->own.bytes;
          indirect.objects += group->own.objects;
          continue;
        }
      if (top != GCG__NONE)
        assert_true (r->groups[top].own.bytes + r->groups[top].through.bytes
                     >= group->own.bytes + group->through.bytes);
      top = g;
      through.bytes += group->through.bytes;
      through.objects += group->through.objects;
    }
  EXPECT (own, r->leaked.bytes - r->told.bytes, r->leaked.objects - r->told.objects);
  EXPECT (through, indirect.bytes, indirect.objects);
  assert_int_equal (n_cycles, r->n_cycles);
  EXPECT (r->fresh, own.bytes, own.objects);
}

static const struct gcg__leak_group *
group_named (const struct world *w, const char *signature)
{
  for (uint32_t g = 0; g < w->report->n_groups; g++)
    if (strcmp (w->report->groups[g].names.signature, signature) == 0)
      return &w->report->groups[g];
  fail_msg ("no group %s", signature);
  return NULL;
}

static void
test_groups (void **state)
{
  (void)state;
  struct world w;
  world_init (&w, report_heap ("leaks", 3), "");
  check_groups (&w);
  EXPECT (w.report->leaked, 442, 15);
  EXPECT (w.report->leaks->ignored, 500, 1);
  assert_int_equal (w.report->n_groups, 6);
  assert_int_equal (w.report->n_cycles, 4);
  const struct gcg__leak_group *family = group_named (&w, "cycle:struct child->struct parent");
  assert_int_equal (family->kind, GCG__LEAK_OF_CYCLE);
  assert_int_equal (family->n_cycles, 3);
  EXPECT (family->own, 168, 6);
  EXPECT (family->through, 30, 3);
  assert_int_equal (family->parent, GCG__NONE);
  const struct gcg__leak_group *names = group_named (&w, "leak:char[]: text_copy (text.c)");
  assert_int_equal (names->kind, GCG__LEAK_INDIRECT);
  EXPECT (names->own, 30, 3);
  const struct gcg__leak_group *ring = group_named (&w, "cycle:struct node");
  assert_int_equal (ring->most_objects, 3);
  assert_string_equal (w.report->groups[ring->parent].names.signature,
                       "leak:struct tree: tree_new (tree.c)");
  /* No address in what is to be the same in each run. */
  group_named (&w, "leak:? < ?");
  world_fini (&w);
}

/* Rings of other lengths are the same leak, begun elsewhere they are, too. */
static void
test_signatures (void **state)
{
  (void)state;
  struct world w;
  struct heap *heap = heap_new ();
  heap_malloc (heap);
  uint32_t a = heap_site (heap, "struct a", "x.c", 1, "f"),
           b = heap_site (heap, "struct b", "x.c", 2, "f");
  for (uint32_t length = 2; length < 12; length += 2)
    {
      uint32_t ids[12];
      for (uint32_t i = 0; i < length; i++)
        ids[i] = heap_object (heap, 16, GCG__KIND_NORMAL, (i + length / 2) % 2 ? a : b);
      for (uint32_t i = 0; i < length; i++)
        heap_edge (heap, ids[i], 0, ids[(i + 1) % length]);
    }
  for (uint32_t i = 0; i < 2; i++)
    {
      uint32_t self = heap_object (heap, 16, GCG__KIND_NORMAL, a);
      heap_edge (heap, self, 8, self);
    }
  world_init (&w, heap, "");
  check_groups (&w);
  assert_int_equal (w.report->n_groups, 2);
  assert_string_equal (w.report->groups[0].names.signature, "cycle:struct a->struct b");
  assert_int_equal (w.report->groups[0].n_cycles, 5);
  assert_int_equal (w.report->groups[0].least_objects, 2);
  assert_int_equal (w.report->groups[0].most_objects, 10);
  assert_string_equal (w.report->groups[1].names.signature, "cycle:struct a");
  assert_int_equal (w.report->groups[1].n_cycles, 2);
  world_fini (&w);
}

/* Each rule takes out what it matches and what is leaked through that. */
static void
test_suppressed (void **state)
{
  (void)state;
  static const struct
  {
    const char *rule;
    uint64_t bytes, blocks;
    uint32_t cycles;
  } cases[] = {
    { "leak:text_copy", 30, 3, 4 },
    { "leak:text.c$", 30, 3, 4 },
    { "leak:/src/lib/", 30, 3, 4 },
    { "leak:^tree_new$", 144, 5, 3 },
    { "leak:^node_new$", 48, 3, 3 },
    { "leak:imaginary", 342, 14, 0 },
    { "leak:^/usr/bin/", 342, 14, 0 },
    { "leak:child_new", 198, 9, 1 },
    { "leak:*", 442, 15, 0 },
    { "cycle:struct child->struct parent", 198, 9, 1 },
    { "cycle:struct parent->struct child", 198, 9, 1 },
    { "cycle:struct parent->struct child->struct parent", 198, 9, 1 },
    { "cycle:struct parent+8->struct child+0", 198, 9, 1 },
    { "cycle:struct *->struct *", 198, 9, 1 },
    { "cycle:*", 48, 3, 3 },
    { "cycle:struct node", 48, 3, 3 },
    { "cycle:struct node->struct node", 48, 3, 3 },
    { "cycle:struct", 0, 0, 4 },
    { "cycle:struct child", 0, 0, 4 },
    { "leak:main.c", 0, 0, 4 },
    { "leak:text_cop$", 0, 0, 4 },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    {
      struct world w;
      char rules[100];
      snprintf (rules, sizeof rules, "leak:matches nothing\n%s\n", cases[i].rule);
      world_init (&w, report_heap ("leaks", 3), rules);
      check_groups (&w);
      if (w.report->suppressed.bytes != cases[i].bytes)
        fail_msg ("%s: %llu bytes", cases[i].rule, (unsigned long long)w.report->suppressed.bytes);
      EXPECT (w.report->suppressed, cases[i].bytes, cases[i].blocks);
      EXPECT (w.report->leaked, 442 - cases[i].bytes, 15 - cases[i].blocks);
      EXPECT (w.report->used[0], 0, 0);
      EXPECT (w.report->used[1], cases[i].bytes, cases[i].blocks);
      assert_int_equal (w.report->n_cycles, cases[i].cycles);
      world_fini (&w);
    }
}

/* Functions to be found on stacks. */
__attribute__ ((noinline)) static void *
report_leaks_inner (void *p)
{
  __asm__ volatile("" ::: "memory");
  return p;
}

__attribute__ ((noinline)) static void *
report_leaks_outer (void *p)
{
  __asm__ volatile("" ::: "memory");
  return (char *)p + 1;
}

/* The snapshot of HEAP, which is taken, with the modules of this process. */
static struct gcg__snapshot *
with_process (struct heap *heap)
{
  struct gcg__snapshot *made = heap_snapshot (heap), *snapshot;
  struct modules *modules = modules_new ();
  struct columns columns;
  struct gcg_error error;
  modules_add_process (modules);
  const struct gcg__snapshot *process = modules_snapshot (modules);
  columns_load (&columns, made);
  uint64_t base = columns.sections[GCG__SECTION_STRINGS - 1].n;
  columns_resize (&columns, GCG__SECTION_STRINGS, base + process->n_strings);
  memcpy (columns_at (&columns, GCG__SECTION_STRINGS, base), process->strings, process->n_strings);
  columns_resize (&columns, GCG__SECTION_MODULES, process->n_modules);
  for (uint32_t i = 0; i < process->n_modules; i++)
    {
      struct gcg__module *module = columns_at (&columns, GCG__SECTION_MODULES, i);
      *module = process->modules[i];
      module->path += (gcg__string)base;
      module->build_id += (gcg__string)base;
    }
  int fd = columns_write (&columns);
  assert_int_equal (gcg__snapshot_open_fd (fd, "process", &snapshot, &error), GCG_OK);
  close (fd);
  columns_free (&columns);
  modules_free (modules);
  gcg__snapshot_close (made);
  heap_free (heap);
  return snapshot;
}

/* Frames by name: in the report, in the signature, for rules. */
static void
test_stacks (void **state)
{
  (void)state;
  const uint64_t addresses[]
      = { (uintptr_t)report_leaks_inner + 1, (uintptr_t)report_leaks_outer + 1 };
  static const char *const rules[] = { "leak:report_leaks_outer", "leak:^report_leaks_inner$",
                                       "leak:report_leaks.c", "leak:/report_leaks", "leak:^/" };
  struct gcg_error error;
  for (size_t i = 0; i <= sizeof rules / sizeof *rules; i++)
    {
      bool suppressed = i < sizeof rules / sizeof *rules;
      struct heap *heap = heap_new ();
      heap_malloc (heap);
      heap_object (heap, 40, GCG__KIND_NORMAL, heap_stack_site (heap, addresses, 2));
      struct world w = { 0 };
      assert_int_equal (gcg__model_new (with_process (heap), &w.model, &error), GCG_OK);
      assert_int_equal (gcg__rules_parse (&w.rules,
                                          suppressed ? rules[i] : "leak:report_leaks_other", "r",
                                          &error),
                        GCG_OK);
      assert_int_equal (
          gcg__leak_report_new (w.model, &w.rules, &w.baseline, NULL, &w.report, &error), GCG_OK);
      EXPECT (w.report->suppressed, suppressed ? 40 : 0, suppressed);
      if (!suppressed)
        assert_string_equal (
            w.report->groups[0].names.signature,
            "leak:report_leaks_inner (report_leaks.c) < report_leaks_outer (report_leaks.c)");
      world_fini (&w);
    }
}

/* The JSON report of W, parsed. */
static json_t *
json_of (const struct world *w)
{
  struct gcg__json json;
  struct gcg_error error;
  size_t bytes;
  gcg__json_init (&json, NULL, NULL);
  assert_int_equal (gcg__leak_json_write (w->report, &json, &error), GCG_OK);
  char *text = gcg__json_take (&json, &bytes, &error);
  assert_non_null (text);
  json_error_t wrong;
  json_t *parsed = json_loads (text, JSON_REJECT_DUPLICATES, &wrong);
  if (parsed == NULL)
    fail_msg ("%s in %s", wrong.text, text);
  free (text);
  return parsed;
}

static json_int_t
number (const json_t *object, const char *outer, const char *inner, const char *member)
{
  const json_t *at = json_object_get (object, outer);
  if (inner != NULL)
    at = json_object_get (at, inner);
  const json_t *found = json_object_get (at, member);
  assert_true (json_is_integer (found));
  return json_integer_value (found);
}

/* The members that the specification names are there and say what the report says. */
static void
test_json (void **state)
{
  (void)state;
  struct world w;
  struct heap *heap = report_heap ("leaks", 3);
  heap_usage (heap, &(struct gcg__usage){ 1000, 900, 123456, 100, 4000, 64, 4096 });
  world_init (&w, heap, "leak:text_copy");
  json_t *json = json_of (&w);
  assert_int_equal (number (json, "leaked", NULL, "bytes"), 412);
  assert_int_equal (number (json, "leaked", NULL, "blocks"), 12);
  assert_int_equal (number (json, "reachable", NULL, "bytes"), 200);
  assert_int_equal (number (json, "interior_only", NULL, "blocks"), 1);
  assert_int_equal (number (json, "valgrind", "definite", "bytes"), 244);
  assert_int_equal (number (json, "valgrind", "indirect", "bytes"), 168);
  assert_int_equal (number (json, "valgrind", "possible", "bytes"), 64);
  assert_int_equal (number (json, "lsan", "direct", "blocks"), 2);
  assert_int_equal (number (json, "lsan", "indirect", "blocks"), 10);
  assert_int_equal (number (json, "suppressed", NULL, "bytes"), 30);
  assert_int_equal (number (json, "totals", NULL, "allocs"), 1000);
  assert_int_equal (number (json, "totals", NULL, "frees"), 900);
  assert_int_equal (number (json, "totals", NULL, "bytes"), 123456);
  assert_int_equal (number (json, "peak", NULL, "bytes"), 4096);
  assert_int_equal (number (json, "peak", NULL, "blocks"), 64);
  const json_t *cycles = json_object_get (json, "cycles");
  assert_int_equal (json_array_size (cycles), 4);
  const json_t *cycle = json_array_get (cycles, 0), *path = json_object_get (cycle, "path");
  assert_int_equal (json_integer_value (json_object_get (cycle, "objects")), 2);
  assert_int_equal (json_integer_value (json_object_get (cycle, "bytes")), 56);
  assert_int_equal (json_array_size (path), 2);
  assert_string_equal (json_string_value (json_array_get (path, 0)), "struct child+0");
  assert_string_equal (json_string_value (json_object_get (cycle, "cut")), "struct child+0");
  assert_int_equal (json_integer_value (json_object_get (cycle, "freed_bytes")), 66);
  const json_t *groups = json_object_get (json, "groups");
  assert_int_equal (json_array_size (groups), 5);
  const json_t *members = json_object_get (json_array_get (groups, 0), "members");
  const json_t *stack = json_object_get (json_array_get (members, 0), "stack");
  assert_string_equal (json_string_value (json_object_get (json_array_get (stack, 0), "function")),
                       "parent_new");
  json_decref (json);
  world_fini (&w);
  world_init (&w, report_heap ("leaks", 3), "leak:text_copy");
  json = json_of (&w);
  assert_true (json_is_null (json_object_get (json_object_get (json, "totals"), "allocs")));
  assert_true (json_is_null (json_object_get (json_object_get (json, "peak"), "bytes")));
  json_decref (json);
  world_fini (&w);
}

static char *
write_baseline (const char *text, char path[64])
{
  strcpy (path, "report_leaks.XXXXXX");
  int fd = mkstemp (path);
  assert_true (fd >= 0);
  assert_int_equal (write (fd, text, strlen (text)), (ssize_t)strlen (text));
  close (fd);
  return path;
}

/* Reports again with the baseline TEXT. */
static void
again (struct world *w, const char *text)
{
  char path[64];
  struct gcg_error error;
  gcg__leak_report_free (w->report);
  gcg__baseline_fini (&w->baseline);
  assert_int_equal (gcg__baseline_read (&w->baseline, write_baseline (text, path), &error), GCG_OK);
  unlink (path);
  assert_int_equal (
      gcg__leak_report_new (w->model, &w->rules, &w->baseline, NULL, &w->report, &error), GCG_OK);
}

static void
test_baseline (void **state)
{
  (void)state;
  struct world w;
  world_init (&w, report_heap ("leaks", 3), "");
  json_t *json = json_of (&w);
  char *text = json_dumps (json, 0);
  again (&w, text);
  EXPECT (w.report->fresh, 0, 0);
  EXPECT (w.report->leaked, 442, 15);
  assert_int_equal (w.report->n_known, w.report->n_groups);
  free (text);
  json_decref (json);
  /* Written with a baseline it still has them all. */
  json = json_of (&w);
  assert_int_equal (json_array_size (json_object_get (json, "groups")), 0);
  text = json_dumps (json, 0);
  again (&w, text);
  EXPECT (w.report->fresh, 0, 0);
  free (text);
  json_decref (json);
  /* A list; what is leaked through what is known is known. */
  again (&w,
         "# known since Monday\n\n  cycle:struct child->struct parent  \r\nleak:something else\n");
  EXPECT (w.report->fresh, 442 - 198, 15 - 9);
  assert_int_equal (w.report->n_known, 2);
  again (&w, "");
  EXPECT (w.report->fresh, 442, 15);
  world_fini (&w);
}

static void
test_bad_baselines (void **state)
{
  (void)state;
  static const char *const texts[] = { "{", "{}", "{\"groups\": 3}", "{\"groups\": [{}]}",
                                       "{\"groups\": [{\"signature\": 1}]}" };
  struct gcg__baseline baseline = { 0 };
  struct gcg_error error;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    {
      char path[64];
      assert_int_equal (gcg__baseline_read (&baseline, write_baseline (texts[i], path), &error),
                        GCG_INVALID);
      assert_non_null (strstr (error.text, path));
      assert_null (strchr (error.text, '\n'));
      assert_int_equal (baseline.n, 0);
      unlink (path);
    }
  assert_int_equal (gcg__baseline_read (&baseline, "/nonexistent/b", &error), GCG_SYSTEM);
  assert_int_equal (gcg__baseline_read (&baseline, "/", &error), GCG_SYSTEM);
}

/* What an earlier report contained is in no group; a cycle is new when one of its blocks is. */
static void
test_told (void **state)
{
  (void)state;
  struct world w;
  struct gcg__told told = { 0 };
  struct gcg_error error;
  world_init (&w, report_heap ("leaks", 3), "");
  assert_int_equal (gcg__told_set (&told, w.report->leaks, &error), GCG_OK);
  assert_int_equal (told.n, 15);
  gcg__leak_report_free (w.report);
  assert_int_equal (gcg__leak_report_new (w.model, &w.rules, &w.baseline, &told, &w.report, &error),
                    GCG_OK);
  assert_int_equal (w.report->n_groups, 0);
  assert_int_equal (w.report->n_cycles, 0);
  EXPECT (w.report->told, 442, 15);
  EXPECT (w.report->leaked, 442, 15);
  EXPECT (w.report->fresh, 0, 0);
  for (uint32_t forgotten = 0; forgotten < 15; forgotten++)
    {
      struct gcg__told others = { calloc (15, sizeof *others.keys), 14 };
      for (uint32_t i = 0, n = 0; i < 15; i++)
        if (i != forgotten)
          others.keys[n++] = told.keys[i];
      gcg__leak_report_free (w.report);
      assert_int_equal (
          gcg__leak_report_new (w.model, &w.rules, &w.baseline, &others, &w.report, &error),
          GCG_OK);
      check_groups (&w);
      assert_true (w.report->n_groups == 1);
      assert_int_equal (w.report->told.objects + w.report->fresh.objects, 15);
      assert_true (w.report->fresh.objects == 1 || w.report->n_cycles == 1);
      gcg__told_fini (&others);
    }
  gcg__told_fini (&told);
  world_fini (&w);
}

/* Rules that come with the snapshot follow those given; what is wrong with them is reported. */
static void
test_program_rules (void **state)
{
  (void)state;
  struct world w;
  struct gcg__leak_text_options options = { .name = "x" };
  struct gcg__buffer out;
  struct gcg_error error;
  struct heap *heap = report_heap ("leaks", 3);
  heap_rules (heap, "# mine\nleak:tree_new\nnonsense\nleak:never");
  world_init (&w, heap, "leak:text_copy");
  assert_int_equal (w.report->rules.n, 2);
  assert_string_equal (w.report->rules.list[1].text, "leak:tree_new");
  assert_int_equal (w.report->rules.list[1].line, 2);
  assert_true (w.report->used[1].objects > 0);
  assert_non_null (strstr (w.report->rules_failure, ":3: \"nonsense\" is no rule"));
  gcg__buffer_init (&out, NULL, NULL);
  assert_int_equal (gcg__leak_text_write (w.report, &options, &out, &error), GCG_OK);
  assert_non_null (strstr (gcg__buffer_string (&out), "warning: the program's own rules:3:"));
  gcg__buffer_fini (&out);
  world_fini (&w);
}

/* Attacks as names: the JSON parses, the text has no control character but line ends. */
static void
test_hostile (void **state)
{
  (void)state;
  struct world w;
  struct gcg__leak_text_options options = { .name = "x" };
  struct gcg__buffer out;
  struct gcg_error error;
  struct heap *heap = report_heap ("hostile", 0);
  heap_malloc (heap);
  world_init (&w, heap, "leak:\033[31m");
  json_decref (json_of (&w));
  gcg__buffer_init (&out, NULL, NULL);
  assert_int_equal (gcg__leak_text_write (w.report, &options, &out, &error), GCG_OK);
  for (const char *c = gcg__buffer_string (&out); *c != '\0'; c++)
    assert_true ((unsigned char)*c >= ' ' || *c == '\n');
  assert_true (w.report->groups == NULL || w.report->suppressed.objects > 0);
  gcg__buffer_fini (&out);
  world_fini (&w);
}

static uint32_t
next_random (uint64_t *state)
{
  *state = *state * UINT64_C (6364136223846793005) + UINT64_C (1442695040888963407);
  return (uint32_t)(*state >> 33);
}

/* Marks and ignored flags that disagree with the edges, as a damaged or forged file may have: every
   block is still in one group, and text and JSON can be written. */
static void
test_lying_marks (void **state)
{
  (void)state;
  uint64_t random = 4711, leaked = 0;
  for (uint32_t round = 0; round < 200; round++)
    {
      struct heap *heap = heap_new ();
      uint32_t sites[3] = { 0, heap_site (heap, "struct a", "x.c", 1, "f"),
                            heap_site (heap, NULL, "y.c", 2, "g") };
      uint32_t n = 2 + next_random (&random) % 60;
      heap_malloc (heap);
      for (uint32_t i = 0; i < n; i++)
        heap_object (heap, 64, GCG__KIND_NORMAL, sites[next_random (&random) % 3]);
      for (uint32_t i = 0; i < n; i++)
        for (uint32_t e = next_random (&random) % 3; e > 0; e--)
          heap_edge_at (heap, i, 8 * e, next_random (&random) % n, next_random (&random) % 3);
      struct gcg__snapshot *made = heap_snapshot (heap), *snapshot;
      heap_free (heap);
      struct columns columns;
      columns_load (&columns, made);
      for (uint32_t i = 0; i < n; i++)
        *(uint64_t *)columns_at (&columns, GCG__SECTION_WORDS, i)
            ^= (uint64_t)(next_random (&random) % 16 & (GCG__OBJECT_MARKED | GCG__OBJECT_IGNORED))
               << GCG__WORD_FLAG_SHIFT;
      int fd = columns_write (&columns);
      struct world w = { 0 };
      struct gcg_error error;
      struct gcg__leak_text_options options = { .name = "x" };
      struct gcg__buffer out;
      assert_int_equal (gcg__snapshot_open_fd (fd, "lying", &snapshot, &error), GCG_OK);
      close (fd);
      columns_free (&columns);
      gcg__snapshot_close (made);
      assert_int_equal (gcg__model_new (snapshot, &w.model, &error), GCG_OK);
      assert_int_equal (
          gcg__rules_parse (&w.rules, round % 2 ? "leak:y.c" : "cycle:*", "r", &error), GCG_OK);
      assert_int_equal (
          gcg__leak_report_new (w.model, &w.rules, &w.baseline, NULL, &w.report, &error), GCG_OK);
      check_groups (&w);
      leaked += w.report->leaked.objects;
      gcg__buffer_init (&out, NULL, NULL);
      assert_int_equal (gcg__leak_text_write (w.report, &options, &out, &error), GCG_OK);
      gcg__buffer_fini (&out);
      json_decref (json_of (&w));
      world_fini (&w);
    }
  assert_true (leaked > 200);
}

/* 200,000 leaked pairs and as many single blocks: one shortest way is looked for, not 200,000. */
static void
test_many (void **state)
{
  (void)state;
  struct world w;
  world_init (&w, report_heap ("leaks", 200000), "cycle:nothing\nleak:nothing");
  assert_int_equal (w.report->n_cycles, 200001);
  assert_int_equal (w.report->n_groups, 6);
  world_fini (&w);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_groups),        cmocka_unit_test (test_signatures),
    cmocka_unit_test (test_suppressed),    cmocka_unit_test (test_stacks),
    cmocka_unit_test (test_json),          cmocka_unit_test (test_baseline),
    cmocka_unit_test (test_told),          cmocka_unit_test (test_program_rules),
    cmocka_unit_test (test_bad_baselines), cmocka_unit_test (test_hostile),
    cmocka_unit_test (test_many),          cmocka_unit_test (test_lying_marks),
  };
  return cmocka_run_group_tests_name ("report_leaks", tests, NULL, NULL);
}
