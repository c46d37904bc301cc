/* component.c -- the page /garbage/N: one component of the garbage, its cycles in words, its
 * objects.
 *
 * The first MAX_CYCLES cycles are explained; of a path longer than MAX_STEPS the steps from the one
 * to cut are given.  Rows sort by keys computed from the object, strings by the rank of their group
 * or site.
 */
#include <config.h>

#include "report/report.h"

#include <stdlib.h>
#include <string.h>

#include "report/explain.h"
#include "report/fail.h"

#define MAX_CYCLES     20u
#define MAX_STEPS      200u
#define MAX_FINALIZERS 20u

/* The function at ADDRESS as people name it; "" when unknown. */
static const char *
function_name (const struct gcg__model *model, uint64_t address)
{
  const struct gcg__frame *frames;
  uint32_t n = gcg__symbols_frames (model->symbols, address, false, &frames);
  return n > 0 ? frames[n - 1].function : "";
}

static void
write_step (const struct gcg__model *model, const struct gcg__step *step, struct gcg__json *json)
{
  struct gcg__object object;
  char scratch[GCG__TYPE_SCRATCH];
  struct gcg__buffer field;
  gcg__buffer_init (&field, NULL, NULL);
  gcg__snapshot_object (model->snapshot, step->object, &object);
  gcg__model_field (model, &object, step->offset, &field);
  const char *text = gcg__buffer_string (&field);
  gcg__json_object (json, NULL);
  gcg__json_address (json, "address", object.address);
  gcg__json_string (json, "type", gcg__types_of (model->types, &object, scratch));
  gcg__json_string (json, "field", text + (text[0] == '.'));
  gcg__json_unsigned (json, "offset", step->offset);
  gcg__json_string (json, "site", model->types->places[object.site].text);
  gcg__json_end (json);
  gcg__buffer_fini (&field);
}

static void
write_cut (const struct gcg__model *model, const struct gcg__explanation *e, uint32_t step,
           struct gcg__json *json)
{
  const struct gcg__cycle_path *path = e->path;
  struct gcg__object from, to;
  char scratch[GCG__TYPE_SCRATCH];
  gcg__snapshot_object (model->snapshot, path->steps[path->cut].object, &from);
  gcg__snapshot_object (model->snapshot, path->steps[(path->cut + 1) % path->n].object, &to);
  const char *type = gcg__types_of (model->types, &from, scratch);
  const char *field = gcg__buffer_string (&e->edge) + strlen (type);
  gcg__json_object (json, "cut");
  gcg__json_unsigned (json, "step", step);
  gcg__json_string (json, "from_type", type);
  gcg__json_string (json, "field", field + (field[0] == '.'));
  gcg__json_string (json, "to_type", e->target);
  gcg__json_address (json, "from", from.address);
  gcg__json_address (json, "to", to.address);
  gcg__json_totals (json, "freed", path->freed.objects, path->freed.bytes);
  gcg__json_bool (json, "enough", path->all_freed);
  gcg__json_string (json, "everywhere",
                    e->everywhere.n > 0 ? gcg__buffer_string (&e->everywhere) : NULL);
  gcg__json_string (json, "why", gcg__buffer_string (&e->why));
  gcg__json_string (json, "advice", gcg__buffer_string (&e->advice));
  gcg__json_string (json, "allocated_at", e->allocated_at);
  gcg__json_end (json);
}

static void
write_finalizers (const struct gcg__model *model, uint32_t cycle, struct gcg__json *json)
{
  const struct gcg__finalizer *f;
  uint32_t n = 0;
  gcg__json_array (json, "finalizers");
  for (uint32_t i = 0;
       n < MAX_FINALIZERS && (f = gcg__explain_finalizer (model, cycle, &i)) != NULL; n++)
    {
      struct gcg__object object;
      char scratch[GCG__TYPE_SCRATCH];
      gcg__snapshot_object (model->snapshot, f->object, &object);
      gcg__json_object (json, NULL);
      gcg__json_address (json, "address", object.address);
      gcg__json_string (json, "type", gcg__types_of (model->types, &object, scratch));
      gcg__json_string (json, "mode", gcg__finalizer_mode_name (f->mode));
      gcg__json_string (json, "function", function_name (model, f->function));
      gcg__json_end (json);
    }
  gcg__json_end (json);
}

static enum gcg_status
write_cycle (struct gcg__model *model, uint32_t cycle, uint32_t number, struct gcg__json *json,
             struct gcg_error *error)
{
  const struct gcg__cycle *c = &model->analysis->cycles[cycle];
  struct gcg__explanation e;
  enum gcg_status status = gcg__explain_cycle (model, cycle, &e, error);
  if (status != GCG_OK)
    return status;
  uint32_t n = e.path->n, first = n > MAX_STEPS ? e.path->cut : e.first;
  gcg__json_object (json, NULL);
  gcg__json_unsigned (json, "number", number);
  gcg__json_unsigned (json, "objects", c->n_objects);
  gcg__json_unsigned (json, "bytes", c->bytes);
  gcg__json_string (json, "verdict", gcg__verdict_name (e.verdict));
  gcg__json_bool (json, "shortest", e.path->shortest);
  gcg__json_string (json, "text", gcg__buffer_string (&e.text));
  gcg__json_unsigned (json, "steps", n);
  gcg__json_array (json, "path");
  for (uint32_t i = 0; i < n && i < MAX_STEPS; i++)
    write_step (model, &e.path->steps[(first + i) % n], json);
  gcg__json_end (json);
  write_cut (model, &e, (e.path->cut + n - first) % n, json);
  write_finalizers (model, cycle, json);
  gcg__json_end (json);
  gcg__explanation_fini (&e);
  return GCG_OK;
}

enum gcg_status
gcg__component_cycles (struct gcg__model *model, uint32_t first, uint32_t n, const char *key,
                       struct gcg__json *json, struct gcg_error *error)
{
  enum gcg_status status = GCG_OK;
  gcg__json_array (json, key);
  for (uint32_t i = 0; i < n && status == GCG_OK; i++)
    status = write_cycle (model, first + i, i + 1, json, error);
  gcg__json_end (json);
  return status;
}

/* The table of objects as the query sees it. */
struct object_table
{
  const struct gcg__model *model;
  const struct gcg__query *query;
  const uint32_t *members;
  bool *wanted_site; /* [n_sites]: its type is wanted and q stands in its type or text; NULL: all */
  bool *typed_site;  /* [n_sites]: its type is wanted */
};

static struct gcg__object
object_of (const void *table, uint32_t row)
{
  const struct object_table *t = table;
  struct gcg__object object;
  gcg__snapshot_object (t->model->snapshot, t->members[row], &object);
  return object;
}

static uint64_t
address_key (const void *table, uint32_t row)
{
  return object_of (table, row).address;
}

static uint64_t
id_key (const void *table, uint32_t row)
{
  return ((const struct object_table *)table)->members[row];
}

static uint64_t
slot_bytes_key (const void *table, uint32_t row)
{
  return object_of (table, row).slot_bytes;
}

/* Of the word alone: unpacking millions of objects would take a second. */
static uint32_t
site_of (const struct object_table *t, uint32_t row)
{
  return (uint32_t)(t->model->snapshot->words[t->members[row]]
                    & ((UINT64_C (1) << GCG__WORD_SITE_BITS) - 1));
}

/* Names of groups in order, then what is untagged by size. */
static uint64_t
type_key (const void *table, uint32_t row)
{
  const struct object_table *t = table;
  uint32_t site = site_of (t, row);
  if (site != GCG__SITE_NONE)
    return t->model->types->group_of_site[site];
  return t->model->types->n_groups + object_of (table, row).slot_bytes;
}

static uint64_t
site_key (const void *table, uint32_t row)
{
  return site_of (table, row);
}

static uint64_t
on_cycle_key (const void *table, uint32_t row)
{
  const struct object_table *t = table;
  return t->model->analysis->cycle_of[t->members[row]] != GCG__NONE;
}

static uint64_t
finalizer_key (const void *table, uint32_t row)
{
  const struct object_table *t = table;
  const struct gcg__finalizer *f = gcg__snapshot_finalizer (t->model->snapshot, t->members[row]);
  return f != NULL ? f->mode : 0;
}

static uint64_t
birth_key (const void *table, uint32_t row)
{
  return object_of (table, row).birth;
}

static uint64_t
edges_key (const void *table, uint32_t row)
{
  const struct object_table *t = table;
  const uint64_t *first = &t->model->analysis->out_first[t->members[row]];
  return first[1] - first[0];
}

static const struct gcg__table_column columns[] = {
  { "address", address_key, false },
  { "id", id_key, false },
  { "bytes", NULL, true },
  { "slot_bytes", slot_bytes_key, true },
  { "type", type_key, false },
  { "site", site_key, false },
  { "site_id", site_key, false },
  { "on_cycle", on_cycle_key, true },
  { "finalizer", finalizer_key, true },
  { "birth", birth_key, false },
  { "edges", edges_key, true },
  { NULL, NULL, false },
};

/* Whether q is how OBJECT's address begins, "0x7f12": what begins with 0x can stand nowhere else.
 */
static bool
has_address (const struct object_table *t, uint64_t address)
{
  const char *q = t->query->q;
  if (q == NULL || q[0] != '0' || (q[1] != 'x' && q[1] != 'X'))
    return false;
  size_t n = strspn (q + 2, "0123456789abcdefABCDEF");
  if (q[2 + n] != '\0' || n > 16 || (n > 0 && q[2] == '0'))
    return false;
  uint64_t prefix = strtoull (q, NULL, 16);
  while (n > 0 && address >> 4 >= prefix)
    address >>= 4;
  return n == 0 || address == prefix;
}

static bool
is_wanted (const void *table, uint32_t row)
{
  const struct object_table *t = table;
  const struct gcg__query *query = t->query;
  if (query->cycles && !on_cycle_key (table, row))
    return false;
  if (t->wanted_site == NULL)
    return true;
  uint32_t site = site_of (t, row);
  if (site != GCG__SITE_NONE)
    return t->wanted_site[site]
           || (t->typed_site[site] && has_address (t, object_of (t, row).address));
  struct gcg__object object = object_of (table, row);
  char scratch[GCG__TYPE_SCRATCH];
  const char *type = gcg__types_of (t->model->types, &object, scratch);
  return (query->type == NULL || strcmp (query->type, type) == 0)
         && (gcg__query_match (query->q, type) || has_address (t, object.address));
}

/* Which sites the query's words let through.  false: no memory. */
static bool
find_sites (struct object_table *t)
{
  const struct gcg__types *types = t->model->types;
  const struct gcg__query *query = t->query;
  if (query->q == NULL && query->type == NULL)
    return true;
  t->wanted_site = calloc (types->n_sites + (size_t)1, sizeof *t->wanted_site);
  t->typed_site = calloc (types->n_sites + (size_t)1, sizeof *t->typed_site);
  if (t->wanted_site == NULL || t->typed_site == NULL)
    return false;
  for (uint32_t s = 1; s < types->n_sites; s++)
    {
      const char *type = types->groups[types->group_of_site[s]].name;
      t->typed_site[s] = query->type == NULL || strcmp (query->type, type) == 0;
      t->wanted_site[s] = t->typed_site[s]
                          && (gcg__query_match (query->q, type)
                              || gcg__query_match (query->q, types->places[s].text));
    }
  return true;
}

static void
write_object (const struct gcg__model *model, uint32_t id, struct gcg__json *json)
{
  struct gcg__object object;
  char scratch[GCG__TYPE_SCRATCH];
  gcg__snapshot_object (model->snapshot, id, &object);
  const struct gcg__finalizer *f = gcg__snapshot_finalizer (model->snapshot, id);
  gcg__json_object (json, NULL);
  gcg__json_address (json, "address", object.address);
  gcg__json_unsigned (json, "id", id);
  gcg__json_unsigned (json, "bytes", object.requested_bytes);
  gcg__json_unsigned (json, "slot_bytes", object.slot_bytes);
  gcg__json_string (json, "type", gcg__types_of (model->types, &object, scratch));
  gcg__json_string (json, "site", model->types->places[object.site].text);
  gcg__json_unsigned (json, "site_id", object.site);
  gcg__json_bool (json, "on_cycle", model->analysis->cycle_of[id] != GCG__NONE);
  gcg__json_string (json, "finalizer", f != NULL ? gcg__finalizer_mode_name (f->mode) : NULL);
  gcg__json_unsigned (json, "birth", object.birth);
  gcg__json_unsigned (json, "edges",
                      model->analysis->out_first[id + 1] - model->analysis->out_first[id]);
  gcg__json_end (json);
}

static enum gcg_status
write_objects (const struct gcg__model *model, const struct gcg__component *c,
               const struct gcg__query *query, struct gcg__json *json, struct gcg_error *error)
{
  struct object_table objects
      = { .model = model, .query = query, .members = &model->analysis->members[c->first_member] };
  struct gcg__table table = { &objects, columns, is_wanted, c->n_objects };
  struct gcg__chosen chosen;
  enum gcg_status status;
  if (!find_sites (&objects))
    status = gcg__report_fail (error, GCG_NO_MEMORY, "out of memory for the table of objects");
  else
    status = gcg__query_choose (query, &table, &chosen, error);
  if (status == GCG_OK)
    {
      gcg__json_unsigned (json, "total", chosen.total);
      gcg__json_unsigned (json, "offset", query->offset);
      gcg__json_unsigned (json, "limit", query->limit);
      gcg__json_array (json, "rows");
      for (uint32_t i = 0; i < chosen.n; i++)
        write_object (model, objects.members[chosen.rows[i]], json);
      gcg__json_end (json);
      free (chosen.rows);
    }
  free (objects.wanted_site);
  free (objects.typed_site);
  return status;
}

/* Edges between objects that are on cycles of COMPONENT: what the reduced graph has. */
static uint64_t
count_reduced_edges (const struct gcg__analysis *a, const struct gcg__component *c)
{
  uint64_t n = 0;
  for (uint32_t k = 0; k < c->n_cycles; k++)
    {
      const struct gcg__cycle *cycle = &a->cycles[c->first_cycle + k];
      for (uint32_t i = 0; i < cycle->n_objects; i++)
        {
          uint32_t id = a->cycle_members[cycle->first_member + i];
          for (uint64_t e = a->out_first[id]; e < a->out_first[id + 1]; e++)
            n += a->cycle_of[a->snapshot->edge_targets[e]] != GCG__NONE;
        }
    }
  return n;
}

enum gcg_status
gcg__component_page (struct gcg__model *model, const struct gcg__frame_state *frame,
                     uint64_t number, const struct gcg__query *query, struct gcg__json *json,
                     struct gcg_error *error)
{
  const struct gcg__analysis *a = model->analysis;
  if (number == 0 || number > a->n_components)
    return gcg__report_fail (error, GCG_NOT_FOUND,
                             "no component %llu: this snapshot's garbage has %u",
                             (unsigned long long)number, a->n_components);
  uint32_t index = (uint32_t)(number - 1);
  const struct gcg__component *c = &a->components[index];
  gcg__json_object (json, NULL);
  gcg__frame_write (frame, json);
  enum gcg_status status = gcg__garbage_row (model, index, "component", json, error);
  if (status != GCG_OK)
    return status;
  status = gcg__component_cycles (model, c->first_cycle,
                                  c->n_cycles < MAX_CYCLES ? c->n_cycles : MAX_CYCLES, "cycles",
                                  json, error);
  if (status != GCG_OK)
    return status;
  gcg__json_unsigned (json, "total_cycles", c->n_cycles);
  status = write_objects (model, c, query, json, error);
  if (status != GCG_OK)
    return status;
  gcg__json_object (json, "graph");
  gcg__json_unsigned (json, "nodes", c->n_objects);
  gcg__json_unsigned (json, "edges", c->n_edges);
  gcg__json_unsigned (json, "reduced_nodes", c->n_on_cycles);
  gcg__json_unsigned (json, "reduced_edges", count_reduced_edges (a, c));
  gcg__json_unsigned (json, "limit", GCG__DOT_NODES);
  gcg__json_end (json);
  gcg__json_end (json);
  return GCG_OK;
}
