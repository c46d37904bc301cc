/* sample_page.c -- the samples as tables: the list of them, one, what changed between two. */
#include <config.h>

#include "report/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* --- /api/tracker/samples --- */

struct sample_table
{
  const struct gcg__recording *recording;
  const struct gcg__live_sum *sums;
  const uint32_t *rank; /* by description */
  const char *q;
};

/* Rows are newest first. */
static uint32_t
sample_index (const struct sample_table *t, uint32_t row)
{
  return t->recording->n_samples - 1 - row;
}

static const struct gcg__record_sample *
head_of (const void *table, uint32_t row)
{
  const struct sample_table *t = table;
  return &t->recording->samples[sample_index (t, row)]->head;
}

#define HEAD_KEY(name, field)                                                                      \
  static uint64_t key_##name (const void *table, uint32_t row)                                     \
  {                                                                                                \
    return head_of (table, row)->field;                                                            \
  }
HEAD_KEY (number, number)
HEAD_KEY (time, realtime_ns)
HEAD_KEY (collections, collections)
HEAD_KEY (heap, heap_bytes)
HEAD_KEY (resident, resident_bytes)
HEAD_KEY (virtual, virtual_bytes)

static uint64_t
key_description (const void *table, uint32_t row)
{
  const struct sample_table *t = table;
  return t->rank[sample_index (t, row)];
}

static uint64_t
key_live_bytes (const void *table, uint32_t row)
{
  const struct sample_table *t = table;
  return t->sums[sample_index (t, row)].bytes;
}

static uint64_t
key_live_count (const void *table, uint32_t row)
{
  const struct sample_table *t = table;
  return t->sums[sample_index (t, row)].count;
}

static uint64_t
key_cost (const void *table, uint32_t row)
{
  return row > 0 ? head_of (table, row - 1)->cost_ns : 0;
}

static bool
sample_wanted (const void *table, uint32_t row)
{
  const struct sample_table *t = table;
  return gcg__query_match (t->q, t->recording->samples[sample_index (t, row)]->description);
}

static const struct gcg__table_column sample_columns[] = {
  { "number", key_number, true },
  { "unix_ms", key_time, true },
  { "description", key_description, false },
  { "live_count", key_live_count, true },
  { "live_bytes", key_live_bytes, true },
  { "heap_bytes", key_heap, true },
  { "resident_bytes", key_resident, true },
  { "virtual_bytes", key_virtual, true },
  { "collections", key_collections, true },
  { "cost_ns", key_cost, true },
  { NULL, NULL, false },
};

static int
description_compare (const void *a, const void *b, void *recording)
{
  const struct gcg__recording *r = recording;
  return strcmp (r->samples[*(const uint32_t *)a]->description,
                 r->samples[*(const uint32_t *)b]->description);
}

/* Ranks by description; NULL: no memory. */
static uint32_t *
rank_descriptions (struct gcg__recording *recording)
{
  size_t n = recording->n_samples;
  uint32_t *order = malloc ((n + 1) * sizeof *order), *rank = malloc ((n + 1) * sizeof *rank);
  if (order == NULL || rank == NULL)
    {
      free (order);
      free (rank);
      return NULL;
    }
  for (uint32_t i = 0; i < n; i++)
    order[i] = i;
  qsort_r (order, n, sizeof *order, description_compare, recording);
  for (uint32_t i = 0; i < n; i++)
    rank[order[i]] = i > 0 && description_compare (&order[i], &order[i - 1], recording) == 0
                         ? rank[order[i - 1]]
                         : i;
  free (order);
  return rank;
}

enum gcg_status
gcg__samples_page (const struct gcg__timeline *timeline, const struct gcg__frame_state *frame,
                   const struct gcg__query *query, struct gcg__json *json, struct gcg_error *error)
{
  struct gcg__live_sum *sums = gcg__sample_sums (timeline->recording);
  uint32_t *rank = rank_descriptions (timeline->recording);
  struct sample_table samples = { timeline->recording, sums, rank, query->q };
  struct gcg__table table = { .table = &samples,
                              .columns = sample_columns,
                              .wanted = sample_wanted,
                              .n_rows = timeline->recording->n_samples };
  struct gcg__chosen chosen = { .total = 0 };
  enum gcg_status status;
  if (sums == NULL || rank == NULL)
    status = gcg__error_write (error, GCG_NO_MEMORY, "out of memory for the table of samples");
  else
    status = gcg__query_choose (query, &table, &chosen, error);
  if (status == GCG_OK)
    {
      gcg__json_object (json, NULL);
      gcg__frame_write (frame, json);
      gcg__frame_window (query, chosen.total, json);
      gcg__json_array (json, "rows");
      for (uint32_t i = 0; i < chosen.n; i++)
        {
          uint32_t index = sample_index (&samples, chosen.rows[i]);
          gcg__json_object (json, NULL);
          gcg__sample_members (timeline->recording, index, sums[index], json);
          gcg__json_end (json);
        }
      gcg__json_end (json);
      gcg__json_end (json);
      free (chosen.rows);
    }
  free (rank);
  free (sums);
  return status;
}

/* --- one sample, and two --- */

/* What a row of either table is about: a type, or a site. */
struct row
{
  uint32_t id;                     /* group or site */
  uint64_t count[2], bytes[2];     /* in the sample asked for first, and in the other */
  uint64_t made_count, made_bytes; /* between the two */
};

struct change_table
{
  const struct gcg__timeline *timeline;
  struct row *rows; /* [n] */
  uint32_t n;
  bool by_site;
  uint64_t live_bytes; /* of all rows, in the later sample */
  const char *q;
};

/* Index of sample NUMBER exactly.  Errors: GCG_NOT_FOUND. */
static enum gcg_status
find_sample (const struct gcg__recording *recording, uint64_t number, uint32_t *index,
             struct gcg_error *error)
{
  *index = gcg__recording_find (recording, number);
  if (number > 0 && *index < recording->n_samples
      && recording->samples[*index]->head.number == number)
    return GCG_OK;
  if (recording->n_samples == 0)
    return gcg__error_write (error, GCG_NOT_FOUND, "There is no sample yet.");
  return gcg__error_write (error, GCG_NOT_FOUND,
                           "There is no sample %" PRIu64 ": those from %" PRIu32 " to %" PRIu32
                           " are kept, of many only some.",
                           number, recording->samples[0]->head.number,
                           recording->samples[recording->n_samples - 1]->head.number);
}

enum gcg_status
gcg__sample_exists (const struct gcg__timeline *timeline, uint64_t number, struct gcg_error *error)
{
  uint32_t index;
  return find_sample (timeline->recording, number, &index, error);
}

/* Adds the figures of NOW to SIDE of the rows.  IS_LATER: SIDE is the later sample. */
static void
add_side (struct change_table *t, const struct gcg__sample_site *now, int side, bool is_later)
{
  for (uint32_t site = 0; site < t->timeline->recording->n_sites; site++)
    {
      struct row *row = &t->rows[t->by_site ? site : gcg__timeline_group (t->timeline, site)];
      row->count[side] += now[site].live_count;
      row->bytes[side] += now[site].live_bytes;
      /* Unsigned: what was made before goes off again. */
      row->made_count += is_later ? now[site].made_count : -now[site].made_count;
      row->made_bytes += is_later ? now[site].made_bytes : -now[site].made_bytes;
      if (side == 1)
        t->live_bytes += now[site].live_bytes;
    }
}

/* Fills the rows of T from sample FROM (UINT32_MAX: from nothing) to TO, which may be the earlier
   one; false: no memory. */
static bool
fill_rows (struct change_table *t, uint32_t from, uint32_t to)
{
  const bool is_backward = from != UINT32_MAX && from > to;
  const struct gcg__recording *recording = t->timeline->recording;
  struct gcg__sample_site *now = calloc (recording->n_sites, sizeof *now);
  t->n = t->by_site ? recording->n_sites : gcg__timeline_groups (t->timeline);
  t->rows = calloc (t->n, sizeof *t->rows);
  if (now == NULL || t->rows == NULL)
    {
      free (now);
      return false;
    }
  for (uint32_t i = 0; i < t->n; i++)
    t->rows[i].id = i;
  for (uint32_t i = 0; i <= to || (from != UINT32_MAX && i <= from); i++)
    {
      gcg__recording_apply (recording->samples[i], now);
      if (i == from)
        add_side (t, now, 0, is_backward);
      if (i == to)
        add_side (t, now, 1, !is_backward);
    }
  free (now);
  return true;
}

static const char *
row_name (const struct change_table *t, const struct row *row)
{
  if (!t->by_site)
    return gcg__timeline_group_name (t->timeline, row->id);
  return row->id < t->timeline->types->n_sites ? t->timeline->types->places[row->id].text
                                               : "not named yet";
}

static const struct row *
row_at (const void *table, uint32_t i)
{
  return &((const struct change_table *)table)->rows[i];
}

#define ROW_KEY(name, expression)                                                                  \
  static uint64_t row_##name (const void *table, uint32_t i)                                       \
  {                                                                                                \
    const struct row *row = row_at (table, i);                                                     \
    return expression;                                                                             \
  }
/* Groups are in order of their names; sites in that of their numbers. */
ROW_KEY (name_key, row->id)
ROW_KEY (count, row->count[1])
ROW_KEY (bytes, row->bytes[1])
ROW_KEY (made_count, row->made_count)
ROW_KEY (made_bytes, row->made_bytes)
ROW_KEY (average, row->count[1] ? row->bytes[1] / row->count[1] : 0)
ROW_KEY (count_before, row->count[0])
ROW_KEY (bytes_before, row->bytes[0])
#define SIGN_BIT ((uint64_t)1 << 63) /* makes signed numbers sort as unsigned ones do */
ROW_KEY (count_change, (row->count[1] - row->count[0]) ^ SIGN_BIT)
ROW_KEY (bytes_change, (row->bytes[1] - row->bytes[0]) ^ SIGN_BIT)

static bool
is_alive (const void *table, uint32_t i)
{
  const struct change_table *t = table;
  const struct row *row = row_at (table, i);
  return (row->count[1] > 0 || row->made_count > 0) && gcg__query_match (t->q, row_name (t, row));
}

static bool
has_changed (const void *table, uint32_t i)
{
  const struct change_table *t = table;
  const struct row *row = row_at (table, i);
  return (row->count[0] != row->count[1] || row->bytes[0] != row->bytes[1] || row->made_count > 0)
         && gcg__query_match (t->q, row_name (t, row));
}

static const struct gcg__table_column sample_row_columns[] = {
  { "bytes", row_bytes, true },           { "name", row_name_key, false },
  { "count", row_count, true },           { "average", row_average, true },
  { "share", row_bytes, true },           { "made_count", row_made_count, true },
  { "made_bytes", row_made_bytes, true }, { NULL, NULL, false },
};

static const struct gcg__table_column change_columns[] = {
  { "bytes_change", row_bytes_change, true },
  { "count_change", row_count_change, true },
  { "name", row_name_key, false },
  { "count_before", row_count_before, true },
  { "count_after", row_count, true },
  { "bytes_before", row_bytes_before, true },
  { "bytes_after", row_bytes, true },
  { "made_count", row_made_count, true },
  { "made_bytes", row_made_bytes, true },
  { NULL, NULL, false },
};

/* The rows' own order is by id: the first column's is what is shown without a choice. */
static struct gcg__query
with_order (const struct gcg__query *query, const struct gcg__table_column *columns)
{
  struct gcg__query ordered = *query;
  if (ordered.sort == NULL)
    ordered.sort = columns[0].name;
  return ordered;
}

static void
write_figures (const struct gcg__record_sample *head, struct gcg__json *json)
{
  const struct
  {
    const char *name;
    uint64_t value;
  } figures[] = {
    { "survivors_of", head->survivors_of },
    { "free_bytes", head->free_bytes },
    { "unmapped_bytes", head->unmapped_bytes },
    { "since_gc_bytes", head->since_gc_bytes },
    { "allocated_bytes", head->allocated_bytes },
    { "pause_last_ns", head->pause_last_ns },
    { "pause_worst_ns", head->pause_worst_ns },
    { "pause_total_ns", head->pause_total_ns },
    { "peak_resident_bytes", head->peak_resident_bytes },
    { "data_bytes", head->data_bytes },
    { "stack_bytes", head->stack_bytes },
    { "code_bytes", head->code_bytes },
    { "library_bytes", head->library_bytes },
    { "shared_bytes", head->shared_bytes },
    { "swap_bytes", head->swap_bytes },
    { "page_table_bytes", head->page_table_bytes },
    { "major_faults", head->major_faults },
    { "minor_faults", head->minor_faults },
    { "own_bytes", head->own_bytes },
    { "threads", head->threads },
  };
  for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
    gcg__json_unsigned (json, figures[i].name, figures[i].value);
}

static void
write_sample_row (const struct change_table *t, const struct row *row, struct gcg__json *json)
{
  gcg__json_object (json, NULL);
  gcg__json_string (json, "name", row_name (t, row));
  gcg__json_unsigned (json, "count", row->count[1]);
  gcg__json_unsigned (json, "bytes", row->bytes[1]);
  if (row->count[1] > 0)
    gcg__json_real (json, "average", (double)row->bytes[1] / (double)row->count[1]);
  else
    gcg__json_null (json, "average");
  gcg__json_real (json, "share",
                  t->live_bytes > 0 ? (double)row->bytes[1] / (double)t->live_bytes : 0);
  gcg__json_unsigned (json, "made_count", row->made_count);
  gcg__json_unsigned (json, "made_bytes", row->made_bytes);
  gcg__json_end (json);
}

static void
write_change_row (const struct change_table *t, const struct row *row, struct gcg__json *json)
{
  gcg__json_object (json, NULL);
  gcg__json_string (json, "name", row_name (t, row));
  if (t->by_site)
    {
      gcg__json_unsigned (json, "site_id", row->id);
      gcg__json_string (json, "site", row_name (t, row));
      gcg__json_string (
          json, "type",
          gcg__timeline_group_name (t->timeline, gcg__timeline_group (t->timeline, row->id)));
    }
  gcg__json_unsigned (json, "count_before", row->count[0]);
  gcg__json_unsigned (json, "count_after", row->count[1]);
  gcg__json_signed (json, "count_change", (int64_t)(row->count[1] - row->count[0]));
  gcg__json_unsigned (json, "bytes_before", row->bytes[0]);
  gcg__json_unsigned (json, "bytes_after", row->bytes[1]);
  gcg__json_signed (json, "bytes_change", (int64_t)(row->bytes[1] - row->bytes[0]));
  gcg__json_unsigned (json, "made_count", row->made_count);
  gcg__json_unsigned (json, "made_bytes", row->made_bytes);
  gcg__json_end (json);
}

static void
write_rows (const struct change_table *t, const struct gcg__query *query,
            const struct gcg__chosen *chosen,
            void (*write) (const struct change_table *t, const struct row *row,
                           struct gcg__json *json),
            struct gcg__json *json)
{
  gcg__frame_window (query, chosen->total, json);
  gcg__json_array (json, "rows");
  for (uint32_t i = 0; i < chosen->n; i++)
    write (t, &t->rows[chosen->rows[i]], json);
  gcg__json_end (json);
}

static enum gcg_status
choose (struct change_table *t, uint32_t from, uint32_t to, const struct gcg__query *query,
        const struct gcg__table_column *columns, bool (*wanted) (const void *, uint32_t),
        struct gcg__chosen *chosen, struct gcg_error *error)
{
  struct gcg__query ordered = with_order (query, columns);
  if (!fill_rows (t, from, to))
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory for a sample");
  struct gcg__table table = { .table = t, .columns = columns, .wanted = wanted, .n_rows = t->n };
  return gcg__query_choose (&ordered, &table, chosen, error);
}

enum gcg_status
gcg__sample_page (const struct gcg__timeline *timeline, const struct gcg__frame_state *frame,
                  uint64_t number, const struct gcg__query *query, struct gcg__json *json,
                  struct gcg_error *error)
{
  struct change_table t = { .timeline = timeline, .q = query->q };
  struct gcg__live_sum *sums = gcg__sample_sums (timeline->recording);
  struct gcg__chosen chosen = { .total = 0 };
  uint32_t index;
  enum gcg_status status = find_sample (timeline->recording, number, &index, error);
  if (status == GCG_OK && sums == NULL)
    status = gcg__error_write (error, GCG_NO_MEMORY, "out of memory for a sample");
  if (status == GCG_OK)
    status = choose (&t, UINT32_MAX, index, query, sample_row_columns, is_alive, &chosen, error);
  if (status == GCG_OK)
    {
      gcg__json_object (json, NULL);
      gcg__frame_write (frame, json);
      gcg__json_object (json, "sample");
      gcg__sample_members (timeline->recording, index, sums[index], json);
      write_figures (&timeline->recording->samples[index]->head, json);
      gcg__json_end (json);
      write_rows (&t, query, &chosen, write_sample_row, json);
      gcg__json_end (json);
      free (chosen.rows);
    }
  free (t.rows);
  free (sums);
  return status;
}

enum gcg_status
gcg__difference_page (const struct gcg__timeline *timeline, const struct gcg__frame_state *frame,
                      const struct gcg__query *query, struct gcg__json *json,
                      struct gcg_error *error)
{
  const struct gcg__recording *recording = timeline->recording;
  struct change_table t = { .timeline = timeline, .q = query->q, .by_site = query->by_site };
  struct gcg__live_sum *sums = gcg__sample_sums (recording);
  struct gcg__chosen chosen = { .total = 0 };
  uint32_t from = 0, to = 0;
  uint32_t last = recording->n_samples > 0 ? recording->n_samples - 1 : 0;
  enum gcg_status status = GCG_OK;
  if (query->from > 0 || recording->n_samples == 0)
    status = find_sample (recording, query->from, &from, error);
  if (status == GCG_OK && query->to > 0)
    status = find_sample (recording, query->to, &to, error);
  else
    to = last;
  if (status == GCG_OK && sums == NULL)
    status = gcg__error_write (error, GCG_NO_MEMORY, "out of memory for a difference");
  if (status == GCG_OK)
    status = choose (&t, from, to, query, change_columns, has_changed, &chosen, error);
  if (status == GCG_OK)
    {
      gcg__json_object (json, NULL);
      gcg__frame_write (frame, json);
      gcg__json_object (json, "from");
      gcg__sample_members (recording, from, sums[from], json);
      gcg__json_end (json);
      gcg__json_object (json, "to");
      gcg__sample_members (recording, to, sums[to], json);
      gcg__json_end (json);
      write_rows (&t, query, &chosen, write_change_row, json);
      gcg__json_end (json);
      free (chosen.rows);
    }
  free (t.rows);
  free (sums);
  return status;
}
