/* site_table.c -- a row for each site that has objects: where it is, its stack, what it made.
 *
 * The table's own order is by bytes.  Strings are sorted by a rank that is made for the query that
 * asks for it.
 */
#include <config.h>

#include "report/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static int
bytes_compare (const void *a, const void *b, void *counts)
{
  const struct gcg__count *c = counts;
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  if (c[x].all.bytes != c[y].all.bytes)
    return c[x].all.bytes < c[y].all.bytes ? 1 : -1;
  return (x > y) - (x < y);
}

enum gcg_status
gcg__sites_order (const struct gcg__model *model, uint32_t **sites, uint32_t *n,
                  struct gcg_error *error)
{
  const struct gcg__histogram *h = model->histogram;
  uint32_t *list = malloc ((h->n_sites + (size_t)1) * sizeof *list);
  if (list == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory for %u sites", h->n_sites);
  uint32_t used = 0;
  for (uint32_t s = 1; s < h->n_sites; s++)
    if (h->by_site[s].all.objects > 0)
      list[used++] = s;
  qsort_r (list, used, sizeof *list, bytes_compare, h->by_site);
  *sites = list;
  *n = used;
  return GCG_OK;
}

static void
write_frame (const struct gcg__frame *frame, struct gcg__json *json)
{
  gcg__json_object (json, NULL);
  gcg__json_string (json, "function", frame->function);
  gcg__json_string (json, "file", frame->file);
  gcg__json_unsigned (json, "line", frame->line);
  gcg__json_string (json, "module", frame->module);
  gcg__json_address (json, "offset", frame->offset);
  gcg__json_bool (json, "inlined", frame->inlined);
  gcg__json_end (json);
}

static void
write_stack (const struct gcg__model *model, uint32_t id, struct gcg__json *json)
{
  const struct gcg__site *site = &model->snapshot->sites[id];
  gcg__json_array (json, "stack");
  bool is_place = site->kind == GCG__SITE_MACRO;
  if (is_place)
    {
      const struct gcg__place *place = &model->types->places[id];
      struct gcg__frame frame
          = { .function = place->function, .file = place->file, .line = place->line, .module = "" };
      write_frame (&frame, json);
    }
  for (uint32_t i = 0; i < site->n_frames; i++)
    {
      const struct gcg__frame *frames;
      uint64_t address = model->snapshot->frames[site->first_frame + i];
      uint32_t n = gcg__symbols_frames (model->symbols, address, true, &frames);
      /* The innermost one of a place is that place. */
      for (uint32_t k = i == 0 && is_place; k < n; k++)
        write_frame (&frames[k], json);
    }
  gcg__json_end (json);
}

void
gcg__site_row (const struct gcg__model *model, uint32_t id, const char *key, struct gcg__json *json)
{
  const struct gcg__place *place = &model->types->places[id];
  const struct gcg__count *count = &model->histogram->by_site[id];
  gcg__json_object (json, key);
  gcg__json_unsigned (json, "id", id);
  gcg__json_string (json, "type", model->types->groups[model->types->group_of_site[id]].name);
  gcg__json_string (json, "site", place->text);
  gcg__json_string (json, "function", place->function);
  gcg__json_string (json, "file", place->file);
  gcg__json_unsigned (json, "line", place->line);
  gcg__json_unsigned (json, "count", count->all.objects);
  gcg__json_unsigned (json, "bytes", count->all.bytes);
  gcg__json_unsigned (json, "garbage_count", count->garbage.objects);
  gcg__json_unsigned (json, "garbage_bytes", count->garbage.bytes);
  write_stack (model, id, json);
  gcg__json_end (json);
}

enum gcg_status
gcg__sites_rows (const struct gcg__model *model, struct gcg__json *json, struct gcg_error *error)
{
  uint32_t *sites, n;
  enum gcg_status status = gcg__sites_order (model, &sites, &n, error);
  if (status != GCG_OK)
    return status;
  gcg__json_array (json, "sites");
  for (uint32_t i = 0; i < n; i++)
    gcg__site_row (model, sites[i], NULL, json);
  gcg__json_end (json);
  free (sites);
  return GCG_OK;
}

/* The table as the query sees it. */
struct site_table
{
  const struct gcg__model *model;
  const struct gcg__query *query;
  uint32_t *sites; /* [n] by bytes */
  uint32_t *rank;  /* [n] of the strings to sort by; NULL: not needed */
  uint32_t n;
};

static uint32_t
site_of (const void *table, uint32_t row)
{
  return ((const struct site_table *)table)->sites[row];
}

static const struct gcg__count *
count_of (const void *table, uint32_t row)
{
  const struct site_table *t = table;
  return &t->model->histogram->by_site[t->sites[row]];
}

static uint64_t
id_key (const void *table, uint32_t row)
{
  return site_of (table, row);
}

static uint64_t
type_key (const void *table, uint32_t row)
{
  const struct site_table *t = table;
  return t->model->types->group_of_site[t->sites[row]];
}

static uint64_t
rank_key (const void *table, uint32_t row)
{
  return ((const struct site_table *)table)->rank[row];
}

static uint64_t
line_key (const void *table, uint32_t row)
{
  const struct site_table *t = table;
  return t->model->types->places[t->sites[row]].line;
}

static uint64_t
count_key (const void *table, uint32_t row)
{
  return count_of (table, row)->all.objects;
}

static uint64_t
garbage_count_key (const void *table, uint32_t row)
{
  return count_of (table, row)->garbage.objects;
}

static uint64_t
garbage_bytes_key (const void *table, uint32_t row)
{
  return count_of (table, row)->garbage.bytes;
}

static const struct gcg__table_column columns[] = {
  { "id", id_key, false },
  { "type", type_key, false },
  { "site", rank_key, false },
  { "function", rank_key, false },
  { "file", rank_key, false },
  { "line", line_key, false },
  { "count", count_key, true },
  { "bytes", NULL, true },
  { "garbage_count", garbage_count_key, true },
  { "garbage_bytes", garbage_bytes_key, true },
  { NULL, NULL, false },
};

static bool
is_wanted (const void *table, uint32_t row)
{
  const struct site_table *t = table;
  const char *type = t->model->types->groups[type_key (table, row)].name;
  const struct gcg__place *place = &t->model->types->places[t->sites[row]];
  return (t->query->type == NULL || strcmp (t->query->type, type) == 0)
         && (gcg__query_match (t->query->q, type) || gcg__query_match (t->query->q, place->text)
             || gcg__query_match (t->query->q, place->file));
}

/* The string of ROW that the query sorts by. */
static const char *
sort_text (const struct site_table *t, uint32_t row)
{
  const struct gcg__place *place = &t->model->types->places[t->sites[row]];
  if (strcmp (t->query->sort, "file") == 0)
    return place->file;
  return strcmp (t->query->sort, "function") == 0 ? place->function : place->text;
}

static int
text_compare (const void *a, const void *b, void *table)
{
  return strcmp (sort_text (table, *(const uint32_t *)a), sort_text (table, *(const uint32_t *)b));
}

/* Ranks the rows when the query sorts by a string; equal strings have one rank.  false: no
   memory. */
static bool
rank_rows (struct site_table *t)
{
  const char *sort = t->query->sort;
  if (sort == NULL
      || (strcmp (sort, "file") != 0 && strcmp (sort, "function") != 0
          && strcmp (sort, "site") != 0))
    return true;
  uint32_t *order = malloc ((t->n + (size_t)1) * sizeof *order);
  t->rank = malloc ((t->n + (size_t)1) * sizeof *t->rank);
  if (order == NULL || t->rank == NULL)
    {
      free (order);
      return false;
    }
  for (uint32_t i = 0; i < t->n; i++)
    order[i] = i;
  qsort_r (order, t->n, sizeof *order, text_compare, t);
  for (uint32_t i = 0, rank = 0; i < t->n; i++)
    {
      if (i > 0 && text_compare (&order[i - 1], &order[i], t) != 0)
        rank++;
      t->rank[order[i]] = rank;
    }
  free (order);
  return true;
}

enum gcg_status
gcg__sites_page (const struct gcg__model *model, const struct gcg__frame_state *frame,
                 const struct gcg__query *query, struct gcg__json *json, struct gcg_error *error)
{
  struct site_table sites = { .model = model, .query = query };
  enum gcg_status status = gcg__sites_order (model, &sites.sites, &sites.n, error);
  if (status != GCG_OK)
    return status;
  struct gcg__table table
      = { .table = &sites, .columns = columns, .wanted = is_wanted, .n_rows = sites.n };
  struct gcg__chosen chosen;
  if (!rank_rows (&sites))
    status = gcg__error_write (error, GCG_NO_MEMORY, "out of memory for %u sites", sites.n);
  else
    status = gcg__query_choose (query, &table, &chosen, error);
  if (status == GCG_OK)
    {
      gcg__json_object (json, NULL);
      gcg__frame_write (frame, json);
      gcg__frame_window (query, chosen.total, json);
      gcg__json_array (json, "rows");
      for (uint32_t i = 0; i < chosen.n; i++)
        gcg__site_row (model, sites.sites[chosen.rows[i]], NULL, json);
      gcg__json_end (json);
      gcg__json_end (json);
      free (chosen.rows);
    }
  free (sites.rank);
  free (sites.sites);
  return status;
}
