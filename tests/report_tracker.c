/* report_tracker.c -- what the tracker's pages say, compared with what was put into a recording.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"
#include "tests/tape.h"

#define N_SAMPLES 200u
#define N_SITES   12u

/* What the recording says: two sites each of six types. */
static uint64_t truth[N_SAMPLES + 1][N_SITES + 1];
static uint64_t made_truth[N_SAMPLES + 1][N_SITES + 1];

static struct gcg__timeline *
make_timeline (bool with_samples)
{
  struct tape *tape = tape_new (77);
  struct gcg__recording *recording;
  struct gcg__timeline *timeline;
  struct gcg_error error;
  size_t n;
  uint64_t made[N_SITES + 1] = { 0 };
  srand (3);
  for (uint32_t i = 1; i <= N_SITES; i++)
    {
      char name[20];
      snprintf (name, sizeof name, "struct t%u", i % 6);
      tape_site (tape, name, "t.c", i, "make");
    }
  for (uint32_t i = 1; with_samples && i <= N_SAMPLES; i++)
    {
      memcpy (truth[i], truth[i - 1], sizeof truth[i]);
      for (int k = 0; k < 3; k++)
        {
          uint32_t site = 1 + (uint32_t)rand () % N_SITES;
          truth[i][site] = (uint64_t)(rand () % 1000);
          made[site] += 1000;
          tape_alive (tape, site, truth[i][site], truth[i][site] * 16, made[site]);
        }
      memcpy (made_truth[i], made, sizeof made);
      tape_sample (tape, i == 1 ? "start" : i == 100 ? "half" : "", 0);
    }
  const void *records = tape_records (tape, &n);
  assert_int_equal (gcg__recording_new (&recording, NULL), GCG_OK);
  if (gcg__recording_append (recording, records, n, &error) != GCG_OK)
    fail_msg ("%s", error.text);
  tape_free (tape);
  assert_int_equal (gcg__timeline_new (recording, &timeline, NULL), GCG_OK);
  assert_int_equal (gcg__timeline_update (timeline, NULL), GCG_OK);
  return timeline;
}

enum page
{
  TRACKER,
  SAMPLES,
  SAMPLE,
  DIFFERENCE
};

static json_t *
get (const struct gcg__timeline *timeline, enum page page, uint64_t number, const char *parameters,
     enum gcg_status *status)
{
  static const struct gcg__sampling sampling = { .possible = true, .every_s = 0.5 };
  struct gcg__frame_state frame = { .program = "program", .state = "file", .ended_s = -1 };
  struct gcg__query query;
  struct gcg__json json;
  struct gcg_error error = { GCG_OK, "" };
  char *copy = strdup (parameters), *rest = copy;
  size_t bytes;
  gcg__query_init (&query);
  for (char *word; (word = strsep (&rest, "&")) != NULL && word[0] != '\0';)
    {
      char *value = strchr (word, '=');
      *value++ = '\0';
      assert_int_equal (gcg__query_set (&query, word, value, &error), GCG_OK);
    }
  gcg__json_init (&json, NULL, NULL);
  *status = page == TRACKER ? gcg__tracker_page (timeline, &sampling, &frame, &query, &json, &error)
            : page == SAMPLES ? gcg__samples_page (timeline, &frame, &query, &json, &error)
            : page == SAMPLE  ? gcg__sample_page (timeline, &frame, number, &query, &json, &error)
                              : gcg__difference_page (timeline, &frame, &query, &json, &error);
  free (copy);
  if (*status != GCG_OK)
    {
      assert_true (error.status == *status && error.text[0] != '\0');
      gcg__json_fini (&json);
      return NULL;
    }
  char *text = gcg__json_take (&json, &bytes, &error);
  json_t *parsed = json_loads (text, JSON_REJECT_DUPLICATES, NULL);
  assert_non_null (parsed);
  free (text);
  return parsed;
}

static json_int_t
number_at (json_t *object, const char *key)
{
  json_t *value = json_object_get (object, key);
  if (!json_is_number (value))
    fail_msg ("no number %s", key);
  return (json_int_t)json_number_value (value);
}

static uint64_t
type_sum (const uint64_t sites[N_SITES + 1], uint32_t type)
{
  uint64_t sum = 0;
  for (uint32_t site = 1; site <= N_SITES; site++)
    if (site % 6 == type)
      sum += sites[site];
  return sum;
}

static uint64_t
type_truth (uint32_t sample, uint32_t type)
{
  return type_sum (truth[sample], type);
}

static void
nothing_sampled (void **state)
{
  struct gcg__timeline *timeline = make_timeline (false);
  enum gcg_status status;
  json_t *json = get (timeline, TRACKER, 0, "", &status);
  (void)state;
  assert_int_equal (number_at (json, "total"), 0);
  assert_true (json_is_null (json_object_get (json, "first")));
  assert_true (json_is_true (json_object_get (json_object_get (json, "sampling"), "possible")));
  json_decref (json);
  json = get (timeline, SAMPLES, 0, "", &status);
  assert_int_equal (number_at (json, "total"), 0);
  json_decref (json);
  assert_null (get (timeline, SAMPLE, 1, "", &status));
  assert_int_equal (status, GCG_NOT_FOUND);
  assert_null (get (timeline, DIFFERENCE, 0, "", &status));
  assert_int_equal (status, GCG_NOT_FOUND);
  gcg__timeline_free (timeline);
}

/* Every point of every type in the chart, whole and zoomed. */
static void
chart (void **state)
{
  static const struct
  {
    const char *parameters;
    size_t points;
    json_int_t first, last;
  } cases[] = { { "types=6", 200, 1, 200 },
                { "types=6&points=7", 7, 1, 200 },
                { "types=6&points=50&from=20&to=40", 21, 20, 40 },
                { "types=6&points=1", 1, 200, 200 },
                { "types=6&from=190", 11, 190, 200 } };
  struct gcg__timeline *timeline = make_timeline (true);
  enum gcg_status status;
  (void)state;
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
    {
      json_t *json = get (timeline, TRACKER, 0, cases[c].parameters, &status), *series;
      json_t *drawn = json_object_get (json, "chart"),
             *numbers = json_object_get (drawn, "numbers");
      size_t i, types = 0;
      assert_int_equal (json_array_size (numbers), cases[c].points);
      assert_int_equal (json_integer_value (json_array_get (numbers, 0)), cases[c].first);
      assert_int_equal (json_integer_value (json_array_get (numbers, cases[c].points - 1)),
                        cases[c].last);
      json_array_foreach (json_object_get (json, "series"), i, series)
      {
        json_t *bytes = json_array_get (json_object_get (drawn, "bytes"), i);
        const char *name = json_string_value (json_object_get (series, "name"));
        assert_int_equal (json_array_size (bytes), cases[c].points);
        if (strcmp (json_string_value (json_object_get (series, "kind")), "type") != 0)
          continue;
        types++;
        for (size_t p = 0; p < cases[c].points; p++)
          assert_int_equal (
              json_integer_value (json_array_get (bytes, p)),
              16
                  * type_truth ((uint32_t)json_integer_value (json_array_get (numbers, p)),
                                (uint32_t)(name[strlen (name) - 1] - '0')));
      }
      assert_int_equal (types, 6);
      json_decref (json);
    }
  gcg__timeline_free (timeline);
}

/* What is not a type of its own is summed up; the layers are those of the sample. */
static void
folded (void **state)
{
  struct gcg__timeline *timeline = make_timeline (true);
  enum gcg_status status;
  json_t *json = get (timeline, TRACKER, 0, "types=2&points=3", &status);
  (void)state;
  json_t *series = json_object_get (json, "series"), *one;
  json_t *bytes = json_object_get (json_object_get (json, "chart"), "bytes");
  json_int_t sum = 0;
  size_t i;
  assert_int_equal (json_array_size (series), 2 + 7);
  for (i = 0; i < 3; i++)
    sum += json_integer_value (json_array_get (json_array_get (bytes, i), 2));
  uint64_t all = 0;
  for (uint32_t type = 0; type < 6; type++)
    all += type_truth (N_SAMPLES, type);
  assert_int_equal (sum, 16 * all);
  json_array_foreach (series, i, one)
  {
    if (strcmp (json_string_value (json_object_get (one, "kind")), "heap") != 0)
      continue;
    assert_int_equal (json_integer_value (json_array_get (json_array_get (bytes, i), 2)),
                      (1 << 20) - 16 * all);
  }
  json_decref (json);
  gcg__timeline_free (timeline);
}

/* The layers of a point together are what is resident, whatever of heap, stack and our own memory
   has been touched; only types that are not all resident themselves go beyond. */
static void
layers_are_what_is_resident (void **state)
{
  static const struct
  {
    uint64_t resident, shared, heap, stack, own, code, live;
  } cases[] = {
    { 8000, 2000, 3000, 500, 100, 700, 1000 },
    { 8000, 2000, 30000, 500, 100, 700, 1000 },
    { 8000, 2000, 30000, 9000, 9000, 90000, 1000 },
    { 8000, 7900, 3000, 500, 100, 700, 1000 },
    { 8000, 0, 0, 0, 0, 0, 0 },
    { 0, 0, 3000, 500, 100, 700, 0 },
    { 8000, 2000, 30000, 500, 100, 700, 20000 },
  };
  const size_t n_cases = sizeof cases / sizeof *cases;
  struct tape *tape = tape_new (77);
  struct gcg__recording *recording;
  struct gcg__timeline *timeline;
  enum gcg_status status;
  size_t n;
  (void)state;
  for (uint32_t i = 1; i <= 2; i++)
    tape_site (tape, i == 1 ? "struct a" : "struct b", "t.c", i, "make");
  for (size_t c = 0; c < n_cases; c++)
    {
      struct gcg__record_sample *figures = tape_figures (tape);
      figures->resident_bytes = cases[c].resident;
      figures->shared_bytes = cases[c].shared;
      figures->heap_bytes = cases[c].heap;
      figures->stack_bytes = cases[c].stack;
      figures->own_bytes = cases[c].own;
      figures->code_bytes = figures->library_bytes = cases[c].code;
      tape_alive (tape, 1, 1, cases[c].live / 2, 1);
      tape_alive (tape, 2, 1, cases[c].live - cases[c].live / 2, 1);
      tape_sample (tape, "", 0);
    }
  const void *records = tape_records (tape, &n);
  assert_int_equal (gcg__recording_new (&recording, NULL), GCG_OK);
  assert_int_equal (gcg__recording_append (recording, records, n, NULL), GCG_OK);
  tape_free (tape);
  assert_int_equal (gcg__timeline_new (recording, &timeline, NULL), GCG_OK);
  assert_int_equal (gcg__timeline_update (timeline, NULL), GCG_OK);
  json_t *json = get (timeline, TRACKER, 0, "types=1", &status), *values;
  json_t *drawn = json_object_get (json, "chart");
  for (size_t c = 0; c < n_cases; c++)
    {
      uint64_t sum = 0;
      size_t i;
      json_array_foreach (json_object_get (drawn, "bytes"), i, values) sum
          += (uint64_t)json_integer_value (json_array_get (values, c));
      assert_int_equal (
          json_integer_value (json_array_get (json_object_get (drawn, "resident_bytes"), c)),
          cases[c].resident);
      assert_int_equal (sum, cases[c].live > cases[c].resident ? cases[c].live : cases[c].resident);
    }
  json_decref (json);
  gcg__timeline_free (timeline);
}

static void
list_of_samples (void **state)
{
  struct gcg__timeline *timeline = make_timeline (true);
  enum gcg_status status;
  json_t *json = get (timeline, SAMPLES, 0, "limit=1000", &status), *row;
  json_int_t before = 0;
  size_t i;
  (void)state;
  assert_int_equal (number_at (json, "total"), N_SAMPLES);
  json_array_foreach (json_object_get (json, "rows"), i, row)
  {
    json_int_t number = number_at (row, "number");
    uint64_t all = 0;
    for (uint32_t site = 1; site <= N_SITES; site++)
      all += truth[number][site];
    assert_int_equal (number, N_SAMPLES - i);
    assert_int_equal (number_at (row, "live_count"), all);
    assert_int_equal (number_at (row, "live_bytes"), 16 * all);
  }
  json_decref (json);
  json = get (timeline, SAMPLES, 0, "limit=1000&sort=live_bytes&order=asc", &status);
  json_array_foreach (json_object_get (json, "rows"), i, row)
  {
    assert_true (number_at (row, "live_bytes") >= before);
    before = number_at (row, "live_bytes");
  }
  json_decref (json);
  json = get (timeline, SAMPLES, 0, "q=HALF", &status);
  assert_int_equal (number_at (json, "total"), 1);
  json_decref (json);
  assert_null (get (timeline, SAMPLES, 0, "sort=colour", &status));
  assert_int_equal (status, GCG_INVALID);
  gcg__timeline_free (timeline);
}

static void
one_sample (void **state)
{
  struct gcg__timeline *timeline = make_timeline (true);
  enum gcg_status status;
  (void)state;
  for (uint32_t number = 1; number <= N_SAMPLES; number += 37)
    {
      json_t *json = get (timeline, SAMPLE, number, "", &status), *row;
      json_int_t before = INT64_MAX;
      double share = 0;
      size_t i;
      assert_int_equal (number_at (json_object_get (json, "sample"), "number"), number);
      json_array_foreach (json_object_get (json, "rows"), i, row)
      {
        const char *name = json_string_value (json_object_get (row, "name"));
        uint64_t count = type_truth (number, (uint32_t)(name[strlen (name) - 1] - '0'));
        assert_int_equal (number_at (row, "count"), count);
        assert_int_equal (number_at (row, "bytes"), 16 * count);
        assert_true (number_at (row, "bytes") <= before);
        before = number_at (row, "bytes");
        share += json_number_value (json_object_get (row, "share"));
      }
      assert_true (share > 0.999 && share < 1.001);
      json_decref (json);
    }
  assert_null (get (timeline, SAMPLE, N_SAMPLES + 1, "", &status));
  assert_int_equal (status, GCG_NOT_FOUND);
  assert_null (get (timeline, SAMPLE, 0, "", &status));
  gcg__timeline_free (timeline);
}

/* Forwards and backwards, by type and by site, against the truth; what was made in between was made
   either way. */
static void
differences (void **state)
{
  struct gcg__timeline *timeline = make_timeline (true);
  enum gcg_status status;
  (void)state;
  for (uint32_t k = 0; k < 20; k++)
    {
      uint32_t from = 1 + (uint32_t)rand () % N_SAMPLES, to = 1 + (uint32_t)rand () % N_SAMPLES;
      char parameters[80];
      json_t *row;
      size_t i;
      snprintf (parameters, sizeof parameters, "from=%u&to=%u&limit=1000%s", from, to,
                k % 2 ? "&by=site" : "");
      json_t *json = get (timeline, DIFFERENCE, 0, parameters, &status);
      json_int_t before = INT64_MAX;
      json_array_foreach (json_object_get (json, "rows"), i, row)
      {
        const char *name = json_string_value (json_object_get (row, "name"));
        uint32_t id = k % 2 ? (uint32_t)number_at (row, "site_id")
                            : (uint32_t)(name[strlen (name) - 1] - '0');
        json_int_t a = (json_int_t)(k % 2 ? truth[from][id] : type_truth (from, id));
        json_int_t b = (json_int_t)(k % 2 ? truth[to][id] : type_truth (to, id));
        assert_int_equal (number_at (row, "count_before"), a);
        assert_int_equal (number_at (row, "count_after"), b);
        assert_int_equal (number_at (row, "count_change"), b - a);
        assert_int_equal (number_at (row, "bytes_change"), 16 * (b - a));
        uint32_t first = from < to ? from : to, last = from < to ? to : from;
        assert_int_equal (number_at (row, "made_count"),
                          k % 2
                              ? made_truth[last][id] - made_truth[first][id]
                              : type_sum (made_truth[last], id) - type_sum (made_truth[first], id));
        assert_true (number_at (row, "bytes_change") <= before);
        before = number_at (row, "bytes_change");
      }
      json_decref (json);
    }
  json_t *json = get (timeline, DIFFERENCE, 0, "", &status);
  assert_int_equal (number_at (json_object_get (json, "from"), "number"), 1);
  assert_int_equal (number_at (json_object_get (json, "to"), "number"), N_SAMPLES);
  json_decref (json);
  assert_null (get (timeline, DIFFERENCE, 0, "from=1&to=999", &status));
  assert_int_equal (status, GCG_NOT_FOUND);
  gcg__timeline_free (timeline);
}

/* Sites that come later get their names; those without one count as untagged until then. */
static void
sites_that_come_later (void **state)
{
  struct tape *tape = tape_new (5);
  struct gcg__recording *recording;
  struct gcg__timeline *timeline;
  enum gcg_status status;
  size_t n, more;
  (void)state;
  tape_alive (tape, tape_site (tape, "struct early", "e.c", 1, "e"), 1, 8, 1);
  tape_sample (tape, "", 0);
  const char *records = tape_records (tape, &n);
  assert_int_equal (gcg__recording_new (&recording, NULL), GCG_OK);
  assert_int_equal (gcg__recording_append (recording, records, n, NULL), GCG_OK);
  assert_int_equal (gcg__timeline_new (recording, &timeline, NULL), GCG_OK);
  assert_int_equal (gcg__timeline_update (timeline, NULL), GCG_OK);
  tape_alive (tape, tape_site (tape, "struct late", "l.c", 2, "l"), 2, 800, 2);
  tape_sample (tape, "", 0);
  records = tape_records (tape, &more);
  assert_int_equal (gcg__recording_append (recording, records + n, more - n, NULL), GCG_OK);
  json_t *json = get (timeline, SAMPLE, 2, "q=untagged", &status);
  assert_int_equal (number_at (json_array_get (json_object_get (json, "rows"), 0), "bytes"), 800);
  json_decref (json);
  timeline->name_ns = 0; /* as if naming had taken no time: it may be done again at once */
  assert_int_equal (gcg__timeline_update (timeline, NULL), GCG_OK);
  json = get (timeline, SAMPLE, 2, "q=late", &status);
  assert_int_equal (number_at (json_array_get (json_object_get (json, "rows"), 0), "bytes"), 800);
  json_decref (json);
  gcg__timeline_free (timeline);
  tape_free (tape);
}

/* A type that a snapshot of the same process has inferred is the site's from then on; one of
   another process says nothing. */
static void
adopted_types (void **state)
{
  struct tape *tape = tape_new (5);
  struct gcg__recording *recording;
  struct gcg__timeline *timeline;
  struct gcg__type group = { .name = "struct found", .type = "struct found" };
  uint32_t group_of_site[2] = { 0, 0 };
  struct gcg__types types = { .groups = &group, .group_of_site = group_of_site };
  struct gcg__info info = { .pid = 6 };
  struct gcg__snapshot snapshot = { .info = &info };
  enum gcg_status status;
  size_t n;
  (void)state;
  group.basis = GCG__BASIS_INFERRED;
  types.n_groups = 1;
  types.n_sites = 2;
  tape_alive (tape, tape_site (tape, NULL, "l.c", 2, "late"), 2, 800, 2);
  tape_sample (tape, "", 0);
  const void *records = tape_records (tape, &n);
  info.program_start_ns = UINT64_C (1000000000); /* the tape's */
  assert_int_equal (gcg__recording_new (&recording, NULL), GCG_OK);
  assert_int_equal (gcg__recording_append (recording, records, n, NULL), GCG_OK);
  assert_int_equal (gcg__timeline_new (recording, &timeline, NULL), GCG_OK);
  for (int same = 0; same < 2; same++)
    {
      info.pid = same ? 5 : 6;
      gcg__timeline_adopt (timeline, &snapshot, &types, 1);
      assert_int_equal (gcg__timeline_update (timeline, NULL), GCG_OK);
      json_t *json = get (timeline, SAMPLE, 1, "", &status);
      json_t *row = json_array_get (json_object_get (json, "rows"), 0);
      assert_string_equal (json_string_value (json_object_get (row, "name")),
                           same ? "struct found" : "from late (l.c:2)");
      json_decref (json);
    }
  gcg__timeline_free (timeline);
  tape_free (tape);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (nothing_sampled), cmocka_unit_test (chart),
    cmocka_unit_test (folded),          cmocka_unit_test (layers_are_what_is_resident),
    cmocka_unit_test (list_of_samples), cmocka_unit_test (one_sample),
    cmocka_unit_test (differences),     cmocka_unit_test (sites_that_come_later),
    cmocka_unit_test (adopted_types),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
