/* garbage.c -- the page /garbage: a row for each component of the garbage, most bytes first.
 *
 * Paging and sorting look at each component once, filtering by type at each object of the garbage
 * once; the types of a row are counted for the rows that are shown (model.h).
 */
#include <config.h>

#include "report/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum gcg_status
gcg__garbage_row (const struct gcg__model *model, uint32_t index, const char *key,
                  struct gcg__json *json, struct gcg_error *error)
{
  const struct gcg__component *c = &model->analysis->components[index];
  struct gcg__mix mix;
  enum gcg_status status = gcg__model_mix (model, index, &mix, error);
  if (status != GCG_OK)
    return status;
  gcg__json_object (json, key);
  gcg__json_unsigned (json, "number", index + (uint64_t)1);
  gcg__json_string (json, "verdict", gcg__verdict_name (c->verdict));
  gcg__json_unsigned (json, "objects", c->n_objects);
  gcg__json_unsigned (json, "on_cycles", c->n_on_cycles);
  gcg__json_unsigned (json, "cycles", c->n_cycles);
  gcg__json_unsigned (json, "bytes", c->bytes);
  gcg__json_array (json, "types");
  for (uint32_t i = 0; i < mix.n; i++)
    {
      gcg__json_object (json, NULL);
      gcg__json_string (json, "name", gcg__model_group_name (model, mix.top[i].group));
      gcg__json_unsigned (json, "count", mix.top[i].count);
      gcg__json_end (json);
    }
  gcg__json_end (json);
  gcg__json_end (json);
  return GCG_OK;
}

/* The table as the query sees it. */
struct garbage_table
{
  const struct gcg__model *model;
  const struct gcg__query *query;
  bool *wanted_group; /* [n_groups]: what q and type let through; NULL: all */
};

static const struct gcg__component *
component_of (const void *table, uint32_t row)
{
  return &((const struct garbage_table *)table)->model->analysis->components[row];
}

static uint64_t
verdict_key (const void *table, uint32_t row)
{
  return component_of (table, row)->verdict;
}

static uint64_t
objects_key (const void *table, uint32_t row)
{
  return component_of (table, row)->n_objects;
}

static uint64_t
on_cycles_key (const void *table, uint32_t row)
{
  return component_of (table, row)->n_on_cycles;
}

static uint64_t
cycles_key (const void *table, uint32_t row)
{
  return component_of (table, row)->n_cycles;
}

static const struct gcg__table_column columns[] = {
  { "number", NULL, false },
  { "verdict", verdict_key, false },
  { "objects", objects_key, true },
  { "on_cycles", on_cycles_key, true },
  { "cycles", cycles_key, true },
  { "bytes", NULL, true },
  { NULL, NULL, false },
};

static bool
is_wanted_name (const struct gcg__query *query, const char *name)
{
  return gcg__query_match (query->q, name)
         && (query->type == NULL || strcmp (query->type, name) == 0);
}

static bool
is_wanted_untagged (const struct garbage_table *t, uint32_t id)
{
  struct gcg__object object;
  char scratch[GCG__TYPE_SCRATCH];
  gcg__snapshot_object (t->model->snapshot, id, &object);
  return is_wanted_name (t->query, gcg__types_of (t->model->types, &object, scratch));
}

static bool
is_wanted (const void *table, uint32_t row)
{
  const struct garbage_table *t = table;
  const struct gcg__component *c = component_of (table, row);
  if (t->query->cycles && c->n_cycles == 0)
    return false;
  if (t->wanted_group == NULL)
    return true;
  for (uint32_t i = 0; i < c->n_objects; i++)
    {
      uint32_t id = t->model->analysis->members[c->first_member + i];
      uint32_t group = t->model->types->group_of_object[id];
      if (group == GCG__NONE ? is_wanted_untagged (t, id) : t->wanted_group[group])
        return true;
    }
  return false;
}

/* Which groups the query's words let through.  false: no memory. */
static bool
find_groups (struct garbage_table *t)
{
  uint32_t n = t->model->types->n_groups;
  if (t->query->q == NULL && t->query->type == NULL)
    return true;
  t->wanted_group = malloc ((n + (size_t)1) * sizeof *t->wanted_group);
  if (t->wanted_group == NULL)
    return false;
  for (uint32_t g = 0; g < n; g++)
    t->wanted_group[g] = is_wanted_name (t->query, t->model->types->groups[g].name);
  return true;
}

static void
write_summary (const struct gcg__model *model, struct gcg__json *json)
{
  const struct gcg__analysis *a = model->analysis;
  const struct gcg__snapshot *s = model->snapshot;
  gcg__json_object (json, "summary");
  gcg__json_unsigned (json, "count", a->garbage.objects);
  gcg__json_unsigned (json, "bytes", a->garbage.bytes);
  gcg__json_unsigned (json, "components", a->n_components);
  gcg__json_unsigned (json, "cycles", a->n_cycles);
  gcg__json_unsigned (json, "finalization_cycles", a->n_finalization_cycles);
  gcg__json_totals (json, "leaked", a->leaked.objects, a->leaked.bytes);
  gcg__json_object (json, "looked_at");
  gcg__json_unsigned (json, "objects", s->n_objects);
  gcg__json_unsigned (json, "regions", s->n_regions);
  gcg__json_unsigned (json, "threads", s->n_threads);
  gcg__json_unsigned (json, "roots", s->n_roots);
  gcg__json_end (json);
  gcg__json_unsigned (json, "only_collector", a->only_collector);
  gcg__json_unsigned (json, "only_trace", a->only_trace);
  gcg__json_end (json);
}

enum gcg_status
gcg__garbage_page (const struct gcg__model *model, const struct gcg__frame_state *frame,
                   const struct gcg__query *query, struct gcg__json *json, struct gcg_error *error)
{
  struct garbage_table garbage = { .model = model, .query = query };
  if (!find_groups (&garbage))
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory for the table of garbage");
  struct gcg__table table = { .table = &garbage,
                              .columns = columns,
                              .n_rows = model->analysis->n_components,
                              .kept = model->kept,
                              .name = "garbage" };
  if (query->cycles || garbage.wanted_group != NULL)
    table.wanted = is_wanted;
  struct gcg__chosen chosen;
  enum gcg_status status = gcg__query_choose (query, &table, &chosen, error);
  if (status == GCG_OK)
    {
      gcg__json_object (json, NULL);
      gcg__frame_write (frame, json);
      write_summary (model, json);
      gcg__frame_window (query, chosen.total, json);
      gcg__json_array (json, "rows");
      for (uint32_t i = 0; i < chosen.n && status == GCG_OK; i++)
        status = gcg__garbage_row (model, chosen.rows[i], NULL, json, error);
      gcg__json_end (json);
      gcg__json_end (json);
      free (chosen.rows);
    }
  free (garbage.wanted_group);
  return status;
}
