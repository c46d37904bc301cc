/* component.c -- the page /garbage/N: one component of the garbage, its cycles in words, its
 * objects.
 *
 * The first MAX_CYCLES cycles are explained; of a path longer than MAX_STEPS the steps from the one
 * to cut are given.
 */
#include <config.h>

#include "report/report.h"

#include <stdlib.h>
#include <string.h>

#include "report/explain.h"
#include "base/error.h"
#include "report/object_table.h"

#define MAX_CYCLES     20u
#define MAX_STEPS      200u
#define MAX_FINALIZERS 20u

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
      gcg__json_string (json, "function", gcg__model_function (model, f->function));
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
    return gcg__error_write (error, GCG_NOT_FOUND,
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
  status = gcg__object_table_write (model, &a->members[c->first_member], c->n_objects, query, json,
                                    error);
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
