/* type_table.c -- the page /types: a row for each type (or what stands in its place). */
#include <config.h>

#include "report/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static double
average (const struct gcg__type_row *row)
{
  return (double)row->count.all.bytes / (double)row->count.all.objects;
}

/* NULL: untagged. */
static const struct gcg__type *
type_of (const struct gcg__model *model, const struct gcg__type_row *row)
{
  return row->group != GCG__NONE ? &model->types->groups[row->group] : NULL;
}

static void
write_row (const struct gcg__model *model, const struct gcg__type_row *row, struct gcg__json *json)
{
  const struct gcg__count *count = &row->count;
  uint64_t whole = model->analysis->all.bytes;
  gcg__json_object (json, NULL);
  gcg__json_string (json, "name", row->name);
  const struct gcg__type *type = type_of (model, row);
  gcg__json_bool (json, "inferred", type != NULL && type->basis == GCG__BASIS_INFERRED);
  gcg__json_string (json, "from", type != NULL ? type->from : NULL);
  gcg__json_bool (json, "by_site", type == NULL || type->basis == GCG__BASIS_SITE);
  gcg__json_unsigned (json, "count", count->all.objects);
  gcg__json_unsigned (json, "bytes", count->all.bytes);
  gcg__json_real (json, "average", average (row));
  gcg__json_unsigned (json, "minimal", count->min_bytes);
  gcg__json_unsigned (json, "maximal", count->max_bytes);
  gcg__json_real (json, "share", whole > 0 ? (double)count->all.bytes / (double)whole : 0);
  gcg__json_unsigned (json, "garbage_count", count->garbage.objects);
  gcg__json_unsigned (json, "garbage_bytes", count->garbage.bytes);
  gcg__json_unsigned (json, "sites", row->n_sites);
  gcg__json_end (json);
}

void
gcg__types_rows (const struct gcg__model *model, uint32_t n, struct gcg__json *json)
{
  gcg__json_array (json, "types");
  for (uint32_t i = 0; i < model->n_type_rows && i < n; i++)
    write_row (model, &model->type_rows[i], json);
  gcg__json_end (json);
}

/* The table as the query sees it. */
struct type_table
{
  const struct gcg__model *model;
  const struct gcg__query *query;
  const uint32_t *rank_by_name; /* [n_type_rows] */
};

static const struct gcg__type_row *
row_of (const void *table, uint32_t row)
{
  return &((const struct type_table *)table)->model->type_rows[row];
}

static uint64_t
name_key (const void *table, uint32_t row)
{
  return ((const struct type_table *)table)->rank_by_name[row];
}

static uint64_t
inferred_key (const void *table, uint32_t row)
{
  const struct gcg__type *type
      = type_of (((const struct type_table *)table)->model, row_of (table, row));
  return type != NULL ? type->basis == GCG__BASIS_INFERRED : 0;
}

static uint64_t
count_key (const void *table, uint32_t row)
{
  return row_of (table, row)->count.all.objects;
}

static uint64_t
average_key (const void *table, uint32_t row)
{
  return gcg__query_real_key (average (row_of (table, row)));
}

static uint64_t
minimal_key (const void *table, uint32_t row)
{
  return row_of (table, row)->count.min_bytes;
}

static uint64_t
maximal_key (const void *table, uint32_t row)
{
  return row_of (table, row)->count.max_bytes;
}

static uint64_t
garbage_count_key (const void *table, uint32_t row)
{
  return row_of (table, row)->count.garbage.objects;
}

static uint64_t
garbage_bytes_key (const void *table, uint32_t row)
{
  return row_of (table, row)->count.garbage.bytes;
}

static uint64_t
sites_key (const void *table, uint32_t row)
{
  return row_of (table, row)->n_sites;
}

static const struct gcg__table_column columns[] = {
  { "name", name_key, false },
  { "inferred", inferred_key, true },
  { "count", count_key, true },
  { "bytes", NULL, true },
  { "average", average_key, true },
  { "minimal", minimal_key, true },
  { "maximal", maximal_key, true },
  { "share", NULL, true },
  { "garbage_count", garbage_count_key, true },
  { "garbage_bytes", garbage_bytes_key, true },
  { "sites", sites_key, true },
  { NULL, NULL, false },
};

static bool
is_wanted (const void *table, uint32_t row)
{
  const struct type_table *t = table;
  const char *name = row_of (table, row)->name;
  return gcg__query_match (t->query->q, name)
         && (t->query->type == NULL || strcmp (t->query->type, name) == 0);
}

static int
name_compare (const void *a, const void *b, void *rows)
{
  const struct gcg__type_row *r = rows;
  return strcmp (r[*(const uint32_t *)a].name, r[*(const uint32_t *)b].name);
}

/* RANK[row] becomes the row's place in order of name; false: no memory. */
static bool
rank_by_name (const struct gcg__model *model, uint32_t *rank)
{
  uint32_t n = model->n_type_rows;
  uint32_t *order = malloc ((n + (size_t)1) * sizeof *order);
  if (order == NULL)
    return false;
  for (uint32_t i = 0; i < n; i++)
    order[i] = i;
  qsort_r (order, n, sizeof *order, name_compare, model->type_rows);
  for (uint32_t i = 0; i < n; i++)
    rank[order[i]] = i;
  free (order);
  return true;
}

/* What all wanted rows hold together. */
static void
write_sum (const struct type_table *table, struct gcg__json *json)
{
  uint64_t count = 0, bytes = 0;
  for (uint32_t i = 0; i < table->model->n_type_rows; i++)
    if (is_wanted (table, i))
      {
        count += table->model->type_rows[i].count.all.objects;
        bytes += table->model->type_rows[i].count.all.bytes;
      }
  gcg__json_totals (json, "sum", count, bytes);
}

enum gcg_status
gcg__types_page (const struct gcg__model *model, const struct gcg__frame_state *frame,
                 const struct gcg__query *query, struct gcg__json *json, struct gcg_error *error)
{
  uint32_t *rank = calloc (model->n_type_rows + (size_t)1, sizeof *rank);
  if (rank == NULL || !rank_by_name (model, rank))
    {
      free (rank);
      return gcg__error_write (error, GCG_NO_MEMORY, "out of memory for the table of types");
    }
  struct type_table types = { model, query, rank };
  struct gcg__table table
      = { .table = &types, .columns = columns, .wanted = is_wanted, .n_rows = model->n_type_rows };
  struct gcg__chosen chosen;
  enum gcg_status status = gcg__query_choose (query, &table, &chosen, error);
  if (status == GCG_OK)
    {
      gcg__json_object (json, NULL);
      gcg__frame_write (frame, json);
      gcg__frame_window (query, chosen.total, json);
      write_sum (&types, json);
      gcg__json_array (json, "rows");
      for (uint32_t i = 0; i < chosen.n; i++)
        write_row (model, &model->type_rows[chosen.rows[i]], json);
      gcg__json_end (json);
      gcg__json_end (json);
      free (chosen.rows);
    }
  free (rank);
  return status;
}
