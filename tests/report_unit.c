/* report_unit.c -- the small parts of lib/report: JSON, text, figures in words, tables. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>

#include "report/json.h"
#include "report/query.h"
#include "report/words.h"
#include "tests/report_heaps.h"

/* Ends JSON and parses what it wrote. */
static json_t *
parse (struct gcg__json *json)
{
  size_t bytes;
  struct gcg_error error;
  char *text = gcg__json_take (json, &bytes, &error);
  if (text == NULL)
    fail_msg ("%s", error.text);
  assert_int_equal (bytes, strlen (text));
  assert_null (strstr (text, "</"));
  json_error_t wrong;
  json_t *parsed = json_loads (text, JSON_REJECT_DUPLICATES, &wrong);
  if (parsed == NULL)
    fail_msg ("%s in %s", wrong.text, text);
  free (text);
  return parsed;
}

static void
json_values (void **state)
{
  (void)state;
  struct gcg__json json;
  gcg__json_init (&json, NULL, NULL);
  gcg__json_object (&json, NULL);
  gcg__json_unsigned (&json, "most", UINT64_MAX);
  gcg__json_signed (&json, "least", INT64_MIN);
  gcg__json_address (&json, "address", UINT64_MAX);
  gcg__json_real (&json, "real", 0.25);
  gcg__json_real (&json, "nan", NAN);
  gcg__json_real (&json, "infinite", -INFINITY);
  gcg__json_string (&json, "null", NULL);
  gcg__json_bool (&json, "yes", true);
  gcg__json_array (&json, "list");
  gcg__json_array (&json, NULL);
  gcg__json_end (&json);
  gcg__json_unsigned (&json, NULL, 1);
  gcg__json_object (&json, NULL);
  gcg__json_end (&json);
  gcg__json_end (&json);
  gcg__json_end (&json);
  json_t *parsed = parse (&json);
  assert_true (json_integer_value (json_object_get (parsed, "most")) == INT64_MAX);
  assert_true (json_integer_value (json_object_get (parsed, "least")) == INT64_MIN);
  assert_string_equal (json_string_value (json_object_get (parsed, "address")),
                       "0xffffffffffffffff");
  assert_true (json_real_value (json_object_get (parsed, "real")) == 0.25);
  assert_true (json_is_null (json_object_get (parsed, "nan")));
  assert_true (json_is_null (json_object_get (parsed, "infinite")));
  assert_true (json_is_null (json_object_get (parsed, "null")));
  assert_true (json_is_true (json_object_get (parsed, "yes")));
  assert_int_equal (json_array_size (json_object_get (parsed, "list")), 3);
  json_decref (parsed);
}

/* Every byte, alone and between letters, and the hostile names come out as valid strings. */
static void
json_strings (void **state)
{
  (void)state;
  struct gcg__json json;
  gcg__json_init (&json, NULL, NULL);
  gcg__json_array (&json, NULL);
  for (int i = 1; i < 256; i++)
    {
      char alone[] = { (char)i, '\0' }, between[] = { 'a', (char)i, 'z', '\0' };
      gcg__json_string (&json, NULL, alone);
      gcg__json_string (&json, NULL, between);
    }
  for (size_t i = 0; hostile_names[i] != NULL; i++)
    gcg__json_string (&json, NULL, hostile_names[i]);
  gcg__json_end (&json);
  json_t *parsed = parse (&json);
  for (int i = 1; i < 128; i++)
    {
      char between[] = { 'a', (char)i, 'z', '\0' };
      assert_string_equal (json_string_value (json_array_get (parsed, 2 * (size_t)(i - 1) + 1)),
                           between);
    }
  for (int i = 128; i < 256; i++)
    assert_string_equal (json_string_value (json_array_get (parsed, 2 * (size_t)(i - 1) + 1)),
                         "a\xef\xbf\xbdz");
  json_decref (parsed);
}

static void
json_nesting (void **state)
{
  (void)state;
  for (unsigned depth = 1; depth <= GCG__JSON_DEPTH + 1; depth++)
    {
      struct gcg__json json;
      struct gcg_error error;
      gcg__json_init (&json, NULL, NULL);
      for (unsigned i = 0; i < depth; i++)
        gcg__json_array (&json, NULL);
      for (unsigned i = 0; i < depth; i++)
        gcg__json_end (&json);
      assert_int_equal (gcg__json_finish (&json, &error),
                        depth <= GCG__JSON_DEPTH ? GCG_OK : GCG_INVALID);
      gcg__json_fini (&json);
    }
  struct gcg__json open;
  struct gcg_error error;
  gcg__json_init (&open, NULL, NULL);
  gcg__json_object (&open, NULL);
  assert_int_equal (gcg__json_finish (&open, &error), GCG_INVALID);
  gcg__json_fini (&open);
}

/* A sink that takes so many bytes and no more. */
struct sink
{
  size_t left, taken;
  unsigned calls;
};

static bool
take (void *context, const char *bytes, size_t n)
{
  struct sink *sink = context;
  (void)bytes;
  sink->calls++;
  if (n > sink->left)
    return false;
  sink->left -= n;
  sink->taken += n;
  return true;
}

static void
sinks (void **state)
{
  (void)state;
  struct sink all = { .left = SIZE_MAX }, some = { .left = 100000 };
  struct gcg_error error;
  for (int k = 0; k < 2; k++)
    {
      struct sink *sink = k == 0 ? &all : &some;
      struct gcg__buffer out;
      gcg__buffer_init (&out, take, sink);
      for (int i = 0; i < 100000; i++)
        gcg__buffer_format (&out, "%05d\n", i);
      gcg__buffer_flush (&out);
      assert_int_equal (gcg__buffer_status (&out, &error), k == 0 ? GCG_OK : GCG_SYSTEM);
      assert_true (out.size <= 1 << 18);
      gcg__buffer_fini (&out);
    }
  assert_int_equal (all.taken, 600000);
  assert_true (all.calls < 20);
  assert_true (some.calls <= 3); /* it said no once and was not asked again */
}

static void
clean_text (void **state)
{
  (void)state;
  struct gcg__buffer out;
  gcg__buffer_init (&out, NULL, NULL);
  for (size_t i = 0; hostile_names[i] != NULL; i++)
    gcg__buffer_clean (&out, hostile_names[i]);
  for (const char *c = gcg__buffer_string (&out); *c != '\0';)
    {
      unsigned code = gcg__utf8_next (&c);
      assert_true (code >= ' ' && code != 0x7f && !(code >= 0x80 && code < 0xa0) && code != 0x202e);
    }
  gcg__buffer_clear (&out);
  gcg__buffer_clean (&out, "caf\xc3\xa9\n\xc3");
  assert_string_equal (gcg__buffer_string (&out), "caf\xc3\xa9?\xef\xbf\xbd");
  gcg__buffer_fini (&out);
}

static void
words (void **state)
{
  (void)state;
  assert_string_equal (gcg__word_size (0).text, "0 B");
  assert_string_equal (gcg__word_size (1023).text, "1023 B");
  assert_string_equal (gcg__word_size (1024).text, "1.0 KiB");
  assert_string_equal (gcg__word_size (1048575).text, "1.0 MiB");
  assert_string_equal (gcg__word_size (999 * 1024 + 511).text, "999 KiB");
  assert_string_equal (gcg__word_size (999 * 1024 + 512).text, "1.0 MiB");
  assert_string_equal (gcg__word_size (1000 * 1024).text, "1.0 MiB");
  assert_string_equal (gcg__word_size (1000 * 1024 * 1024).text, "1.0 GiB");
  assert_string_equal (gcg__word_size (102348).text, "99.9 KiB");
  assert_string_equal (gcg__word_size (102349).text, "100 KiB");
  assert_string_equal (gcg__word_size (1258291).text, "1.2 MiB");
  assert_string_equal (gcg__word_size (UINT64_MAX).text, "16.0 EiB");
  assert_string_equal (gcg__word_count (0).text, "0");
  assert_string_equal (gcg__word_count (999).text, "999");
  assert_string_equal (gcg__word_count (12310).text, "12,310");
  assert_string_equal (gcg__word_count (UINT64_MAX).text, "18,446,744,073,709,551,615");
  assert_string_equal (gcg__word_duration (850000).text, "850 us");
  assert_string_equal (gcg__word_duration (12000000).text, "12 ms");
  assert_string_equal (gcg__word_duration (3400000000u).text, "3.4 s");
  assert_string_equal (gcg__word_duration (125000000000u).text, "2 min 5 s");
  assert_string_equal (gcg__word_share (0, 0).text, "0 %");
  assert_string_equal (gcg__word_share (1, 1000).text, "< 1 %");
  assert_string_equal (gcg__word_share (18, 100).text, "18 %");
}

static void
query_parameters (void **state)
{
  (void)state;
  static const struct
  {
    const char *name, *value;
    enum gcg_status status;
  } cases[] = {
    { "offset", "0", GCG_OK },
    { "offset", "4294967295", GCG_OK },
    { "offset", "-1", GCG_INVALID },
    { "offset", "4294967296", GCG_INVALID },
    { "offset", "", GCG_INVALID },
    { "offset", " 1", GCG_INVALID },
    { "offset", "1x", GCG_INVALID },
    { "offset", "99999999999999999999", GCG_INVALID },
    { "limit", "1", GCG_OK },
    { "limit", "1000", GCG_OK },
    { "limit", "0", GCG_INVALID },
    { "limit", "1001", GCG_INVALID },
    { "order", "asc", GCG_OK },
    { "order", "desc", GCG_OK },
    { "order", "up", GCG_INVALID },
    { "cycles", "1", GCG_OK },
    { "cycles", "2", GCG_INVALID },
    { "sort", "bytes", GCG_OK },
    { "q", "x", GCG_OK },
    { "type", "struct a", GCG_OK },
    { "nonsense", "1", GCG_NOT_FOUND },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    {
      struct gcg__query query;
      struct gcg_error error = { GCG_OK, "" };
      gcg__query_init (&query);
      assert_int_equal (gcg__query_set (&query, cases[i].name, cases[i].value, &error),
                        cases[i].status);
      assert_int_equal (error.status, cases[i].status);
    }
}

static void *
some_bytes (size_t n)
{
  void *bytes = calloc (1, n);
  assert_non_null (bytes);
  return bytes;
}

/* What was used least lately goes first, and not while a reader holds it. */
static void
kept_things (void **state)
{
  (void)state;
  struct gcg__kept kept;
  const struct gcg__kept_item *held, *item;
  gcg__kept_init (&kept);
  kept.most_bytes = 100;
  assert_null (gcg__kept_get (&kept, "a"));
  held = gcg__kept_add (&kept, "a", some_bytes (40), 40);
  gcg__kept_put (&kept, gcg__kept_add (&kept, "b", some_bytes (40), 40));
  item = gcg__kept_get (&kept, "a");
  assert_ptr_equal (item, held);
  gcg__kept_put (&kept, item);
  gcg__kept_put (&kept, gcg__kept_add (&kept, "c", some_bytes (40), 40));
  assert_null (gcg__kept_get (&kept, "b"));
  gcg__kept_put (&kept, gcg__kept_add (&kept, "d", some_bytes (99), 99));
  assert_null (gcg__kept_get (&kept, "a"));
  assert_int_equal (held->bytes, 40);
  ((char *)held->data)[39] = 1;
  gcg__kept_put (&kept, held);
  /* Bigger than all that is allowed: its reader has it, no other will. */
  held = gcg__kept_add (&kept, "e", some_bytes (101), 101);
  assert_non_null (held);
  assert_null (gcg__kept_get (&kept, "e"));
  assert_int_equal (kept.bytes, 0);
  gcg__kept_put (&kept, held);
  /* The same again replaces it. */
  held = gcg__kept_add (&kept, "f", some_bytes (10), 10);
  gcg__kept_put (&kept, gcg__kept_add (&kept, "f", some_bytes (20), 20));
  gcg__kept_put (&kept, held);
  assert_int_equal (kept.bytes, 20);
  gcg__kept_fini (&kept);
}

/* A table of random numbers: what a query chooses is what sorting everything would give, whether
   the whole order is kept or not. */
static uint64_t
number_key (const void *table, uint32_t row)
{
  return UINT64_C (1) << ((const uint32_t *)table)[row];
}

static bool
is_odd (const void *table, uint32_t row)
{
  return ((const uint32_t *)table)[row] % 2 == 1;
}

static void
query_choice (void **state)
{
  (void)state;
  static const struct gcg__table_column columns[]
      = { { "number", number_key, false }, { "row", NULL, false }, { NULL, NULL, false } };
  enum
  {
    ROWS = 300
  };
  uint32_t numbers[ROWS];
  unsigned seed = 4711;
  print_message ("# seed %u\n", seed);
  srand (seed);
  for (int round = 0; round < 200; round++)
    {
      uint32_t n = (uint32_t)rand () % ROWS, wanted[ROWS], n_wanted = 0;
      for (uint32_t i = 0; i < n; i++)
        numbers[i] = (uint32_t)rand () % 40;
      struct gcg__query query;
      gcg__query_init (&query);
      query.offset = (uint64_t)rand () % 100;
      query.limit = 1 + (uint32_t)rand () % 50;
      query.sort = round % 3 == 0 ? "row" : "number";
      query.ordered = true;
      query.descending = round % 2 == 0;
      struct gcg__kept kept;
      struct gcg__table table = { .table = numbers,
                                  .columns = columns,
                                  .wanted = round % 5 == 0 ? is_odd : NULL,
                                  .n_rows = n,
                                  .name = "numbers" };
      bool by_number = round % 3 != 0;
      /* Insertion sort, stable in order of row. */
      for (uint32_t i = 0; i < n; i++)
        {
          uint32_t row = !by_number && query.descending ? n - 1 - i : i, at = n_wanted;
          if (table.wanted != NULL && !is_odd (numbers, row))
            continue;
          while (at > 0 && by_number
                 && (query.descending ? numbers[wanted[at - 1]] < numbers[row]
                                      : numbers[wanted[at - 1]] > numbers[row]))
            {
              wanted[at] = wanted[at - 1];
              at--;
            }
          wanted[at] = row;
          n_wanted++;
        }
      gcg__kept_init (&kept);
      kept.long_from = 0;
      for (int time = 0; time < 3; time++)
        {
          struct gcg__chosen chosen;
          struct gcg_error error;
          table.kept = time == 0 ? NULL : &kept;
          assert_int_equal (gcg__query_choose (&query, &table, &chosen, &error), GCG_OK);
          assert_int_equal (chosen.total, n_wanted);
          uint32_t expected = query.offset >= n_wanted ? 0 : n_wanted - (uint32_t)query.offset;
          assert_int_equal (chosen.n, expected < query.limit ? expected : query.limit);
          for (uint32_t i = 0; i < chosen.n; i++)
            assert_int_equal (chosen.rows[i], wanted[query.offset + i]);
          free (chosen.rows);
        }
      gcg__kept_fini (&kept);
    }
  struct gcg__query query;
  struct gcg__table table = { .table = numbers, .columns = columns, .n_rows = 1 };
  struct gcg__chosen chosen;
  struct gcg_error error;
  gcg__query_init (&query);
  query.sort = "colour";
  assert_int_equal (gcg__query_choose (&query, &table, &chosen, &error), GCG_INVALID);
  assert_non_null (strstr (error.text, "number, row"));
  assert_true (gcg__query_real_key (-1.5) < gcg__query_real_key (-0.5));
  assert_true (gcg__query_real_key (-0.5) < gcg__query_real_key (0.5));
  assert_true (gcg__query_real_key (0.5) < gcg__query_real_key (1e300));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (json_values),      cmocka_unit_test (json_strings),
    cmocka_unit_test (json_nesting),     cmocka_unit_test (sinks),
    cmocka_unit_test (clean_text),       cmocka_unit_test (words),
    cmocka_unit_test (query_parameters), cmocka_unit_test (query_choice),
    cmocka_unit_test (kept_things),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
