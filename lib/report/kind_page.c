/* kind_page.c -- what /api/garbage/kinds says: a row for each kind of leaks and cycles.
 *
 * The kinds of a snapshot are found once (kinds.h) and kept; a page of them looks at the rows
 * alone.
 */
#include <config.h>

#include "report/report.h"

#include <stdlib.h>

#include "base/error.h"
#include "report/kinds.h"

#define KEPT_KEY "kinds"

struct kinds
{
  const struct gcg__kind_table *table;
  const struct gcg__query *query;
};

static const struct gcg__kind_row *
row_of (const void *table, uint32_t row)
{
  const struct kinds *kinds = table;
  return &kinds->table->rows[row];
}

static uint64_t
verdict_key (const void *table, uint32_t row)
{
  return row_of (table, row)->rank;
}

static uint64_t
count_key (const void *table, uint32_t row)
{
  return row_of (table, row)->count;
}

static uint64_t
objects_key (const void *table, uint32_t row)
{
  return row_of (table, row)->objects;
}

static uint64_t
bytes_key (const void *table, uint32_t row)
{
  return row_of (table, row)->bytes;
}

static uint64_t
freed_key (const void *table, uint32_t row)
{
  return row_of (table, row)->freed_bytes;
}

static const struct gcg__table_column columns[]
    = { { "verdict", verdict_key, false },  { "count", count_key, true },
        { "objects", objects_key, true },   { "bytes", bytes_key, true },
        { "freed_bytes", freed_key, true }, { NULL, NULL, false } };

static bool
is_wanted (const void *table, uint32_t number)
{
  const struct kinds *kinds = table;
  const struct gcg__kind_row *row = row_of (table, number);
  enum gcg__query_show show = kinds->query->show;
  return (show == GCG__SHOW_ALL || (show == GCG__SHOW_LEAKS ? row->leaked : row->harmless))
         && gcg__query_match (kinds->query->q, (const char *)kinds->table + row->words);
}

static void
write_summary (const struct gcg__kind_table *table, struct gcg__json *json)
{
  uint64_t leaks = 0, harmless = 0, bytes = 0, count = 0;
  for (uint32_t i = 0; i < table->n; i++)
    {
      const struct gcg__kind_row *row = &table->rows[i];
      leaks += row->leaked;
      harmless += row->harmless;
      count += row->leaked ? row->count : 0;
      bytes += row->leaked ? row->freed_bytes : 0;
    }
  gcg__json_object (json, "summary");
  gcg__json_unsigned (json, "kinds", table->n_kinds);
  gcg__json_unsigned (json, "leaks", leaks);
  gcg__json_totals (json, "leaked", count, bytes);
  gcg__json_unsigned (json, "harmless", harmless);
  gcg__json_unsigned (json, "left_out", table->n_kinds - table->n);
  gcg__json_end (json);
}

static enum gcg_status
write_page (const struct gcg__model *model, const struct gcg__kind_table *list,
            const struct gcg__frame_state *frame, const struct gcg__query *query,
            struct gcg__json *json, struct gcg_error *error)
{
  const struct kinds kinds = { list, query };
  const struct gcg__table table = {
    .table = &kinds, .columns = columns, .wanted = is_wanted, .n_rows = list->n, .name = KEPT_KEY
  };
  struct gcg__chosen chosen;
  enum gcg_status status = gcg__query_choose (query, &table, &chosen, error);
  if (status != GCG_OK)
    return status;
  gcg__json_object (json, NULL);
  gcg__frame_write (frame, json);
  write_summary (list, json);
  gcg__frame_window (query, chosen.total, json);
  gcg__json_array (json, "rows");
  for (uint32_t i = 0; i < chosen.n; i++)
    {
      const struct gcg__kind_row *row = &list->rows[chosen.rows[i]];
      gcg__json_object (json, NULL);
      gcg__json_members (json, (const char *)list + row->members, row->n_members);
      uint32_t component = model->analysis->component_of[row->object];
      if (component != GCG__NONE)
        gcg__json_unsigned (json, "component", component + (uint64_t)1);
      else
        gcg__json_null (json, "component");
      struct gcg__object object;
      gcg__snapshot_object (model->snapshot, row->object, &object);
      gcg__json_address (json, "address", object.address);
      gcg__json_end (json);
    }
  gcg__json_end (json);
  gcg__json_end (json);
  free (chosen.rows);
  return GCG_OK;
}

enum gcg_status
gcg__kinds_page (struct gcg__model *model, const struct gcg__frame_state *frame,
                 const struct gcg__query *query, struct gcg__json *json, struct gcg_error *error)
{
  struct gcg__kind_table *made;
  size_t bytes;
  const struct gcg__kept_item *item = gcg__kept_get (model->kept, KEPT_KEY);
  if (item == NULL)
    {
      enum gcg_status status = gcg__kind_table_new (model, &made, &bytes, error);
      if (status != GCG_OK)
        return status;
      item = gcg__kept_add (model->kept, KEPT_KEY, made, bytes);
      if (item == NULL)
        return gcg__error_write (error, GCG_NO_MEMORY, "out of memory for the kinds of leaks");
    }
  enum gcg_status status = write_page (model, item->data, frame, query, json, error);
  gcg__kept_put (model->kept, item);
  return status;
}
