/* report_pages.c -- every page on every imaginary heap: valid JSON, figures that add up, rows as
   they were asked for, cycles explained; DOT and text that no name can break out of. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <pthread.h>

#include "report/report.h"
#include "tests/report_heaps.h"

static const struct
{
  const char *name;
  uint32_t n;
} heaps[] = { { "empty", 0 },  { "clean", 100 }, { "mix", 0 },    { "observer", 0 }, { "list", 50 },
              { "ring", 500 }, { "tree", 600 },  { "star", 400 }, { "hostile", 0 } };
#define N_HEAPS (sizeof heaps / sizeof *heaps)

static struct gcg__model *
model_of (const char *name, uint32_t n)
{
  struct heap *heap = report_heap (name, n);
  struct gcg__snapshot *snapshot = heap_snapshot (heap);
  struct gcg__model *model;
  struct gcg_error error;
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
  char *text = gcg__json_take (json, &bytes, &error);
  if (text == NULL)
    fail_msg ("%s", error.text);
  json_error_t wrong;
  json_t *parsed = json_loads (text, JSON_REJECT_DUPLICATES, &wrong);
  if (parsed == NULL)
    fail_msg ("%s at %d in %s", wrong.text, wrong.position, text);
  free (text);
  return parsed;
}

enum page
{
  OVERVIEW,
  TYPES,
  SITES,
  GARBAGE,
  COMPONENT,
  SUMMARY,
  EXPORT,
  N_PAGES
};

/* PAGE (of component NUMBER) with the parameters "name=value&...", or NULL with *STATUS. */
static json_t *
get (struct gcg__model *model, enum page page, uint64_t number, const char *parameters,
     enum gcg_status *status)
{
  struct gcg__frame_snapshot entry;
  struct gcg__frame_state frame;
  struct gcg__query query;
  struct gcg__json json;
  struct gcg_error error = { GCG_OK, "" };
  char *copy = strdup (parameters), *rest = copy;
  gcg__frame_snapshot_init (&entry, model, 1, 0);
  gcg__frame_init (&frame, model);
  frame.snapshots = &entry;
  frame.n_snapshots = 1;
  gcg__query_init (&query);
  for (char *word; (word = strsep (&rest, "&")) != NULL && word[0] != '\0';)
    {
      char *value = strchr (word, '=');
      *value++ = '\0';
      assert_int_equal (gcg__query_set (&query, word, value, &error), GCG_OK);
    }
  gcg__json_init (&json, NULL, NULL);
  switch (page)
    {
    case OVERVIEW:
      *status = gcg__overview_page (model, &frame, NULL, &json, &error);
      break;
    case TYPES:
      *status = gcg__types_page (model, &frame, &query, &json, &error);
      break;
    case SITES:
      *status = gcg__sites_page (model, &frame, &query, &json, &error);
      break;
    case GARBAGE:
      *status = gcg__garbage_page (model, &frame, &query, &json, &error);
      break;
    case COMPONENT:
      *status = gcg__component_page (model, &frame, number, &query, &json, &error);
      break;
    case SUMMARY:
      *status = gcg__summary_write (model, &json, &error);
      break;
    default:
      *status = gcg__export_json (model, number, false, &json, &error);
    }
  free (copy);
  if (*status == GCG_OK)
    return parse (&json);
  assert_int_equal (error.status, *status);
  assert_true (error.text[0] != '\0');
  gcg__json_fini (&json);
  return NULL;
}

/* The value at "a.b.2.c" of VALUE. */
static json_t *
at (json_t *value, const char *path)
{
  char *copy = strdup (path), *rest = copy;
  for (char *word; value != NULL && (word = strsep (&rest, ".")) != NULL;)
    value = json_is_array (value) ? json_array_get (value, (size_t)atoi (word))
                                  : json_object_get (value, word);
  free (copy);
  if (value == NULL)
    fail_msg ("there is no %s", path);
  return value;
}

static long long
number_at (json_t *value, const char *path)
{
  value = at (value, path);
  assert_true (json_is_integer (value));
  return json_integer_value (value);
}

static const char *
text_at (json_t *value, const char *path)
{
  value = at (value, path);
  assert_true (json_is_string (value));
  return json_string_value (value);
}

static void
every_page (void **state)
{
  (void)state;
  for (size_t h = 0; h < N_HEAPS; h++)
    {
      struct gcg__model *model = model_of (heaps[h].name, heaps[h].n);
      for (enum page page = OVERVIEW; page < N_PAGES; page++)
        {
          enum gcg_status status;
          uint32_t n = page == COMPONENT ? model->analysis->n_components : 1;
          for (uint32_t c = 1; c <= n; c++)
            {
              json_t *answer = get (model, page, page == COMPONENT ? c : 0, "", &status);
              assert_int_equal (status, GCG_OK);
              if (page < SUMMARY)
                assert_string_equal (text_at (answer, "frame.program"), "imaginary");
              json_decref (answer);
            }
        }
      gcg__model_free (model);
    }
}

/* Types, sites and components sum up to the totals. */
/* What is wrong stands before what is worth knowing. */
static void
assert_worst_first (const json_t *findings)
{
  size_t i;
  json_t *finding;
  bool info = false;
  json_array_foreach (findings, i, finding)
  {
    bool warning
        = strcmp (json_string_value (json_object_get (finding, "severity")), "warning") == 0;
    assert_false (info && warning);
    info = !warning;
  }
}

static void
sums (void **state)
{
  (void)state;
  for (size_t h = 0; h < N_HEAPS; h++)
    {
      struct gcg__model *model = model_of (heaps[h].name, heaps[h].n);
      enum gcg_status status;
      json_t *overview = get (model, OVERVIEW, 0, "", &status);
      json_t *types = get (model, TYPES, 0, "limit=1000", &status);
      json_t *garbage = get (model, GARBAGE, 0, "limit=1000", &status);
      long long count = 0, bytes = 0, garbage_count = 0, in_components = 0;
      size_t i;
      json_t *row;
      json_array_foreach (at (types, "rows"), i, row)
      {
        count += number_at (row, "count");
        bytes += number_at (row, "bytes");
        garbage_count += number_at (row, "garbage_count");
      }
      json_array_foreach (at (garbage, "rows"), i, row) in_components += number_at (row, "objects");
      assert_int_equal (count, number_at (overview, "objects.count"));
      assert_int_equal (bytes, number_at (overview, "objects.bytes"));
      assert_int_equal (count, number_at (types, "sum.count"));
      assert_int_equal (garbage_count, number_at (overview, "garbage.count"));
      assert_int_equal (in_components, number_at (overview, "garbage.count"));
      assert_int_equal (
          number_at (overview, "reachable.count") + number_at (overview, "garbage.count"), count);
      assert_true (json_array_size (at (overview, "findings")) > 0);
      assert_worst_first (at (overview, "findings"));
      json_decref (overview);
      json_decref (types);
      json_decref (garbage);
      gcg__model_free (model);
    }
}

/* A long pause of the program's collections is a finding, the snapshot's own is not: without
   gcglass there would have been no such collection.  What a collection has left alive is null where
   it was not counted, as in older files. */
static void
past_collections (void **state)
{
  static const struct
  {
    uint64_t before, own;
    bool found;
    uint64_t live;
  } cases[] = { { 0, 500000000, false, 0 },
                { 1000000, 500000000, false, 123456 },
                { 400000000, 500000000, true, 0 },
                { 400000000, 1000000, true, 1 } };
  (void)state;
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
    {
      struct heap *heap = heap_new ();
      struct gcg__model *model;
      enum gcg_status status;
      if (cases[c].before > 0)
        heap_collection (heap, 6, cases[c].before, cases[c].live);
      heap_collection (heap, 7, cases[c].own, 0);
      heap_root (heap, heap_object (heap, 24, GCG__KIND_NORMAL, 0));
      assert_int_equal (gcg__model_new (heap_snapshot (heap), &model, NULL), GCG_OK);
      heap_free (heap);
      json_t *overview = get (model, OVERVIEW, 0, "", &status), *finding;
      bool found = false;
      size_t i;
      json_array_foreach (at (overview, "findings"), i, finding)
      {
        const char *text = json_string_value (json_object_get (finding, "text"));
        assert_null (strstr (text, "Collection 7 "));
        found |= strstr (text, "Collection 6 stopped the program for 400 ms") != NULL;
      }
      assert_int_equal (found, cases[c].found);
      assert_int_equal (number_at (overview, "heap.pause_worst_ns"), cases[c].before);
      assert_int_equal (json_array_size (at (overview, "collections")),
                        cases[c].before > 0 ? 2 : 1);
      if (cases[c].live > 0)
        assert_int_equal (number_at (overview, "collections.0.live_bytes"), cases[c].live);
      else
        assert_true (json_is_null (at (overview, "collections.0.live_bytes")));
      json_decref (overview);
      gcg__model_free (model);
    }
}

static void
observer_component (void **state)
{
  (void)state;
  struct gcg__model *model = model_of ("observer", 0);
  enum gcg_status status;
  json_t *page = get (model, COMPONENT, 1, "", &status);
  assert_string_equal (text_at (page, "component.verdict"), "finalization cycle");
  assert_int_equal (number_at (page, "component.objects"), 5);
  assert_int_equal (number_at (page, "component.on_cycles"), 3);
  assert_int_equal (number_at (page, "total_cycles"), 1);
  /* No debug information describes these types: fields are offsets. */
  assert_string_equal (text_at (page, "cycles.0.text"),
                       "struct document+16 \xe2\x86\x92 struct subscription+8 \xe2\x86\x92 "
                       "struct view+0 \xe2\x86\x92 struct document");
  assert_int_equal (number_at (page, "cycles.0.steps"), 3);
  assert_true (json_is_true (at (page, "cycles.0.shortest")));
  long long step = number_at (page, "cycles.0.cut.step");
  char path[64];
  snprintf (path, sizeof path, "cycles.0.path.%lld.address", step);
  assert_string_equal (text_at (page, path), text_at (page, "cycles.0.cut.from"));
  snprintf (path, sizeof path, "cycles.0.path.%lld.address", (step + 1) % 3);
  assert_string_equal (text_at (page, path), text_at (page, "cycles.0.cut.to"));
  assert_int_equal (number_at (page, "cycles.0.cut.freed.count"), 5);
  assert_int_equal (number_at (page, "cycles.0.cut.freed.bytes"), 24 + 40 + 16 + 12 + 13);
  assert_non_null (strstr (text_at (page, "cycles.0.cut.why"), "finalizer of struct view"));
  assert_non_null (strstr (text_at (page, "cycles.0.cut.advice"), "NO_ORDER"));
  assert_non_null (strstr (text_at (page, "cycles.0.cut.allocated_at"), "observer.c:"));
  assert_string_equal (text_at (page, "cycles.0.finalizers.0.mode"), "ordered");
  assert_string_equal (text_at (page, "cycles.0.finalizers.0.type"), "struct view");
  json_decref (page);

  static const struct
  {
    const char *parameters;
    int total;
  } cases[] = { { "q=CAPTION", 0 },
                { "q=observer.c:71", 2 },
                { "type=struct view", 1 },
                { "type=struct view&q=view", 1 },
                { "type=struct view&q=0x", 1 },
                { "q=0x", 5 },
                { "q=0xg", 0 },
                { "q=0x0", 0 },
                { "cycles=1", 3 },
                { "sort=type&order=desc&limit=1", 5 },
                { "offset=99", 5 } };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    {
      page = get (model, COMPONENT, 1, cases[i].parameters, &status);
      assert_int_equal (number_at (page, "total"), cases[i].total);
      json_decref (page);
    }
  /* The whole address, and as it begins. */
  page = get (model, COMPONENT, 1, "", &status);
  char whole[40], begins[40];
  snprintf (whole, sizeof whole, "q=%s", text_at (page, "rows.0.address"));
  snprintf (begins, sizeof begins, "%.*s", (int)strlen (whole) - 4, whole);
  json_decref (page);
  page = get (model, COMPONENT, 1, whole, &status);
  assert_int_equal (number_at (page, "total"), 1);
  json_decref (page);
  page = get (model, COMPONENT, 1, begins, &status);
  assert_true (number_at (page, "total") >= 1);
  json_decref (page);
  page = get (model, COMPONENT, 1, "sort=type&order=desc&limit=1", &status);
  assert_string_equal (text_at (page, "rows.0.type"), "struct view");
  json_decref (page);
  assert_null (get (model, COMPONENT, 0, "", &status));
  assert_int_equal (status, GCG_NOT_FOUND);
  assert_null (get (model, COMPONENT, 2, "", &status));
  assert_int_equal (status, GCG_NOT_FOUND);
  assert_null (get (model, COMPONENT, 1, "sort=colour", &status));
  assert_int_equal (status, GCG_INVALID);
  gcg__model_free (model);
}

static void
mix_tables (void **state)
{
  (void)state;
  struct gcg__model *model = model_of ("mix", 0);
  enum gcg_status status;
  json_t *page = get (model, GARBAGE, 0, "cycles=1", &status);
  assert_int_equal (number_at (page, "total"), 2);
  assert_string_equal (text_at (page, "rows.0.verdict"), "finalization cycle");
  assert_string_equal (text_at (page, "rows.1.verdict"), "cycle");
  json_decref (page);
  page = get (model, GARBAGE, 0, "type=struct link", &status);
  assert_int_equal (number_at (page, "total"), 1);
  assert_string_equal (text_at (page, "rows.0.verdict"), "chain");
  assert_string_equal (text_at (page, "rows.0.types.0.name"), "struct link");
  assert_int_equal (number_at (page, "rows.0.types.0.count"), 2);
  json_decref (page);
  page = get (model, GARBAGE, 0, "sort=verdict&order=desc&limit=1", &status);
  assert_string_equal (text_at (page, "rows.0.verdict"), "single");
  json_decref (page);
  page = get (model, TYPES, 0, "q=UNTAGGED", &status);
  assert_int_equal (number_at (page, "total"), 1);
  assert_int_equal (number_at (page, "rows.0.count"), 3);
  assert_false (json_is_true (at (page, "rows.0.inferred")));
  assert_true (json_is_true (at (page, "rows.0.by_site")));
  json_decref (page);
  page = get (model, TYPES, 0, "sort=name&limit=1", &status);
  assert_string_equal (text_at (page, "rows.0.name"), "char[]");
  assert_int_equal (number_at (page, "rows.0.sites"), 2);
  json_decref (page);
  page = get (model, SITES, 0, "type=char[]", &status);
  assert_int_equal (number_at (page, "total"), 2);
  assert_string_equal (text_at (page, "rows.0.function"), "read_all");
  json_decref (page);
  page = get (model, SITES, 0, "sort=function&limit=1", &status);
  assert_string_equal (text_at (page, "rows.0.function"), "");
  assert_true (json_array_size (at (page, "rows.0.stack")) >= 2);
  json_decref (page);
  page = get (model, SUMMARY, 0, "", &status);
  assert_int_equal (number_at (page, "finalization_cycles"), 1);
  assert_int_equal (number_at (page, "cycles"), 2);
  assert_int_equal (json_array_size (at (page, "cycle_list")), 2);
  json_decref (page);
  gcg__model_free (model);
}

/* Every row of every sortable column comes in order, whichever way. */
static void
sorted_columns (void **state)
{
  (void)state;
  static const struct
  {
    enum page page;
    const char *columns[12];
  } tables[] = {
    { TYPES,
      { "name", "count", "bytes", "average", "minimal", "maximal", "share", "garbage_count",
        "garbage_bytes", "sites" } },
    { SITES, { "id", "type", "function", "file", "line", "count", "bytes", "garbage_count" } },
    { GARBAGE, { "number", "objects", "on_cycles", "cycles", "bytes" } },
    { COMPONENT, { "id", "bytes", "slot_bytes", "site_id", "birth", "edges", "type" } },
  };
  static const char *const names[] = { "mix", "ring", "star" };
  for (size_t h = 0; h < sizeof names / sizeof *names; h++)
    {
      struct gcg__model *model = model_of (names[h], 60);
      for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (size_t c = 0; c < 12 && tables[t].columns[c] != NULL; c++)
          for (int descending = 0; descending < 2; descending++)
            {
              char parameters[80];
              enum gcg_status status;
              snprintf (parameters, sizeof parameters, "limit=1000&sort=%s&order=%s",
                        tables[t].columns[c], descending ? "desc" : "asc");
              json_t *page = get (model, tables[t].page, 1, parameters, &status), *row;
              json_t *before = NULL;
              size_t i;
              json_array_foreach (at (page, "rows"), i, row)
              {
                json_t *now = at (row, tables[t].columns[c]);
                int order = before == NULL ? 0
                            : json_is_string (now)
                                ? strcmp (json_string_value (before), json_string_value (now))
                            : json_number_value (before) < json_number_value (now) ? -1
                            : json_number_value (before) > json_number_value (now) ? 1
                                                                                   : 0;
                assert_true (descending ? order >= 0 : order <= 0);
                before = now;
              }
              json_decref (page);
            }
      gcg__model_free (model);
    }
}

/* Where one edge is not enough, the field that is, in every object. */
static void
list_everywhere (void **state)
{
  (void)state;
  struct gcg__model *model = model_of ("list", 50);
  enum gcg_status status;
  json_t *page = get (model, COMPONENT, 1, "", &status);
  assert_true (json_is_false (at (page, "cycles.0.cut.enough")));
  assert_int_equal (strncmp (text_at (page, "cycles.0.cut.everywhere"), "struct item+", 12), 0);
  assert_non_null (strstr (text_at (page, "cycles.0.cut.advice"), "in every one of its objects"));
  json_decref (page);
  gcg__model_free (model);
}

/* A plain ring of equal nodes: reported in one line, its path cut off but from the cut on. */
static void
long_ring (void **state)
{
  (void)state;
  enum
  {
    NODES = 30000
  };
  struct heap *heap = heap_new ();
  uint32_t site = heap_site (heap, "struct node", "ring.c", 7, "ring_add");
  uint32_t first = heap_object (heap, 16, GCG__KIND_NORMAL, site);
  for (uint32_t i = 1; i < NODES; i++)
    heap_edge (heap, first + i - 1, 0, heap_object (heap, 16, GCG__KIND_NORMAL, site));
  heap_edge (heap, first + NODES - 1, 0, first);
  struct gcg__model *model;
  struct gcg_error error;
  assert_int_equal (gcg__model_new (heap_snapshot (heap), &model, &error), GCG_OK);
  heap_free (heap);
  enum gcg_status status;
  json_t *page = get (model, COMPONENT, 1, "", &status);
  assert_string_equal (text_at (page, "cycles.0.text"),
                       "struct node+0 (\xc3\x97 4,096) \xe2\x86\x92 \xe2\x80\xa6 25,904 more "
                       "\xe2\x80\xa6 \xe2\x86\x92 struct node");
  assert_int_equal (number_at (page, "cycles.0.steps"), NODES);
  assert_int_equal (json_array_size (at (page, "cycles.0.path")), 200);
  assert_int_equal (number_at (page, "cycles.0.cut.step"), 0);
  json_decref (page);
  gcg__model_free (model);
}

/* The picture as text, and how many nodes were promised. */
static char *
dot_of (struct gcg__model *model, uint64_t number, bool reduce, uint32_t most, uint32_t *nodes)
{
  struct gcg__dot_options options = { number, reduce, most };
  struct gcg__buffer out;
  struct gcg_error error;
  gcg__buffer_init (&out, NULL, NULL);
  if (gcg__dot_write (model, &options, &out, nodes, &error) != GCG_OK)
    fail_msg ("%s", error.text);
  return gcg__buffer_take (&out);
}

static uint32_t
occurrences (const char *text, const char *word)
{
  uint32_t n = 0;
  for (; (text = strstr (text, word)) != NULL; text++)
    n++;
  return n;
}

static void
dot_pictures (void **state)
{
  (void)state;
  uint32_t nodes;
  struct gcg__model *model = model_of ("observer", 0);
  char *dot = dot_of (model, 1, false, 0, &nodes), *again = dot_of (model, 1, false, 0, &nodes);
  assert_string_equal (dot, again);
  free (again);
  assert_int_equal (nodes, 5);
  assert_int_equal (occurrences (dot, "[id=\"n0x"), 5);
  assert_int_equal (occurrences (dot, "peripheries=2"), 3);
  assert_int_equal (occurrences (dot, " -> "), 5);
  assert_int_equal (occurrences (dot, "class=\"cycle cut\""), 1);
  assert_int_equal (occurrences (dot, "class=\"cycle\", color"), 2);
  free (dot);
  dot = dot_of (model, 1, true, 0, &nodes);
  assert_int_equal (nodes, 3);
  assert_int_equal (occurrences (dot, " -> "), 3);
  free (dot);
  gcg__model_free (model);

  model = model_of ("star", 400);
  dot = dot_of (model, 1, false, 0, &nodes);
  assert_int_equal (nodes, 2);
  assert_int_equal (occurrences (dot, "\xc3\x97 399 more like this, 12.5 KiB"), 1);
  free (dot);
  gcg__model_free (model);

  model = model_of ("tree", 601);
  dot = dot_of (model, 1, false, 100, &nodes);
  assert_int_equal (nodes, 100);
  assert_int_equal (occurrences (dot, "[id=\"n0x"), 99);
  assert_int_equal (occurrences (dot, "class=\"rest\""), 1);
  assert_int_equal (occurrences (dot, "the 99 heaviest of "), 1);
  free (dot);
  struct gcg__dot_options reduce = { 1, true, 0 };
  struct gcg__buffer out;
  struct gcg_error error;
  gcg__buffer_init (&out, NULL, NULL);
  assert_int_equal (gcg__dot_write (model, &reduce, &out, &nodes, &error), GCG_NOT_FOUND);
  gcg__buffer_fini (&out);
  gcg__model_free (model);
}

/* Outside quoted strings DOT holds only what we write; inside no quote stands unescaped. */
static void
dot_hostile (void **state)
{
  (void)state;
  uint32_t nodes;
  struct gcg__model *model = model_of ("hostile", 0);
  char *dot = dot_of (model, 1, false, 0, &nodes);
  bool quoted = false;
  char plain[65536];
  size_t n = 0;
  for (const char *c = dot; *c != '\0'; c++)
    {
      assert_true ((unsigned char)*c >= ' ' || *c == '\n');
      if (quoted && *c == '\\')
        {
          c++;
          assert_true (*c == 'n' || *c == '"' || *c == '\\');
        }
      else if (*c == '"')
        quoted = !quoted;
      else if (quoted)
        assert_true (*c != '\n');
      else if (n + 1 < sizeof plain)
        plain[n++] = *c;
    }
  plain[n] = '\0';
  assert_false (quoted);
  assert_null (strstr (plain, "URL"));
  assert_null (strstr (plain, "<"));
  assert_null (strstr (plain, "image"));
  assert_null (strstr (dot, "=<"));
  free (dot);
  gcg__model_free (model);
}

static void
text_reports (void **state)
{
  (void)state;
  for (size_t h = 0; h < N_HEAPS; h++)
    for (int colour = 0; colour < 2; colour++)
      {
        struct gcg__model *model = model_of (heaps[h].name, heaps[h].n);
        struct gcg__text_options options = { "x.gcsnap", 10, colour == 1 };
        struct gcg__buffer out;
        struct gcg_error error;
        gcg__buffer_init (&out, NULL, NULL);
        assert_int_equal (gcg__text_write (model, &options, &out, &error), GCG_OK);
        const char *text = gcg__buffer_string (&out);
        assert_int_equal (strstr (text, "\033[1m") != NULL, colour == 1);
        for (const char *c = text; *c != '\0' && colour == 0;)
          {
            unsigned code = gcg__utf8_next (&c);
            assert_true (code == '\n' || (code >= ' ' && code != 0x7f && code != 0x202e));
          }
        gcg__buffer_fini (&out);
        gcg__model_free (model);
      }
}

/* One model, many threads that ask for what is found when first asked for. */
static void *
ask_for_everything (void *model)
{
  enum gcg_status status;
  for (enum page page = OVERVIEW; page < N_PAGES; page++)
    json_decref (get (model, page, page == COMPONENT, "", &status));
  return NULL;
}

static void
many_threads (void **state)
{
  (void)state;
  for (int round = 0; round < 20; round++)
    {
      struct gcg__model *model = model_of ("mix", 0);
      pthread_t threads[4];
      for (int i = 0; i < 4; i++)
        assert_int_equal (pthread_create (&threads[i], NULL, ask_for_everything, model), 0);
      for (int i = 0; i < 4; i++)
        pthread_join (threads[i], NULL);
      gcg__model_free (model);
    }
}

static void
process_figures (void **state)
{
  (void)state;
  struct gcg__model *model = model_of ("clean", 1);
  struct gcg__frame_state frame;
  struct gcg__json json;
  gcg__frame_init (&frame, model);
  frame.waiting = "the program has not used the collector yet";
  struct gcg__process_text live
      = { "Name:\ta) b\nVmSize:\t  2048 kB\nVmRSS: 99999999999999999999 kB\nVmHWM:\t\nThreads:\t7",
          "42 (a) b) S 1 2 3 4 5 6 700 8 900 10 11", NULL };
  gcg__json_init (&json, NULL, NULL);
  gcg__overview_waiting (&frame, &live, &json);
  json_t *page = parse (&json);
  assert_true (json_is_null (at (page, "frame.snapshot")));
  assert_int_equal (number_at (page, "process.virtual_bytes"), 2048 * 1024);
  assert_true (json_is_null (at (page, "process.resident_bytes")));
  assert_true (json_is_null (at (page, "process.peak_resident_bytes")));
  assert_int_equal (number_at (page, "process.threads"), 7);
  assert_int_equal (number_at (page, "process.minor_faults"), 700);
  assert_int_equal (number_at (page, "process.major_faults"), 900);
  json_decref (page);
  gcg__model_free (model);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (every_page),       cmocka_unit_test (sums),
    cmocka_unit_test (past_collections), cmocka_unit_test (observer_component),
    cmocka_unit_test (mix_tables),       cmocka_unit_test (sorted_columns),
    cmocka_unit_test (list_everywhere),  cmocka_unit_test (long_ring),
    cmocka_unit_test (dot_pictures),     cmocka_unit_test (dot_hostile),
    cmocka_unit_test (text_reports),     cmocka_unit_test (process_figures),
    cmocka_unit_test (many_threads),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
