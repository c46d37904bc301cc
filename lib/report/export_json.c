/* export_json.c -- the whole graph as JSON, for programs of one's own.
 *
 *   {"program", "pid", "description", "types": [names], "sites": [{"id", "type", "site"}],
 *    "objects": [{"id", "address", "bytes", "type" (index), "site" (id), "marked", "cycle",
 *                 "component", "edges": [[offset, id], ...]}, ...],
 *    "roots": [{"object" (id), "kind", "address"}, ...]}
 *
 * "type" is null for what is untagged; that of a site is what most of its objects are; "cycle" and
 * "component" are null or numbers from 1.
 * Streams: costs no memory but the sink's.
 */
#include <config.h>

#include "report/report.h"

#include "base/error.h"

static void
write_names (const struct gcg__model *model, struct gcg__json *json)
{
  gcg__json_array (json, "types");
  for (uint32_t g = 0; g < model->types->n_groups; g++)
    gcg__json_string (json, NULL, model->types->groups[g].name);
  gcg__json_end (json);
  gcg__json_array (json, "sites");
  for (uint32_t s = 1; s < model->types->n_sites; s++)
    {
      gcg__json_object (json, NULL);
      gcg__json_unsigned (json, "id", s);
      gcg__json_unsigned (json, "type", model->types->group_of_site[s]);
      gcg__json_string (json, "site", model->types->places[s].text);
      gcg__json_end (json);
    }
  gcg__json_end (json);
}

/* NUMBER, null when it is none. */
static void
write_index (const char *key, uint32_t number, uint32_t first, struct gcg__json *json)
{
  if (number == GCG__NONE)
    gcg__json_null (json, key);
  else
    gcg__json_unsigned (json, key, (uint64_t)number + first);
}

static void
write_object (const struct gcg__model *model, const struct gcg__object *object,
              struct gcg__json *json)
{
  const struct gcg__analysis *a = model->analysis;
  gcg__json_object (json, NULL);
  gcg__json_unsigned (json, "id", object->id);
  gcg__json_address (json, "address", object->address);
  gcg__json_unsigned (json, "bytes", object->requested_bytes);
  write_index ("type", model->types->group_of_object[object->id], 0, json);
  gcg__json_unsigned (json, "site", object->site);
  gcg__json_bool (json, "marked", (object->flags & GCG__OBJECT_MARKED) != 0);
  write_index ("cycle", a->cycle_of[object->id], 1, json);
  write_index ("component", a->component_of[object->id], 1, json);
  gcg__json_array (json, "edges");
  struct gcg__edge_walk walk = gcg__edges_of (model->snapshot, object->id);
  while (gcg__next_edge (&walk))
    {
      gcg__json_array (json, NULL);
      gcg__json_unsigned (json, NULL, walk.offset);
      gcg__json_unsigned (json, NULL, walk.target);
      gcg__json_end (json);
    }
  gcg__json_end (json);
  gcg__json_end (json);
}

static void
write_roots (const struct gcg__snapshot *s, struct gcg__json *json)
{
  static const char *const kinds[]
      = { "unknown", "static", "stack", "register", "explicit", "unseen", "tls", "malloc" };
  gcg__json_array (json, "roots");
  for (uint64_t i = 0; i < s->n_roots; i++)
    {
      const struct gcg__region *region = &s->regions[s->roots[i].region];
      uint32_t kind = gcg__region_malloced (region) ? GCG__REGION_TLS + 1 : region->kind;
      gcg__json_object (json, NULL);
      gcg__json_unsigned (json, "object", s->roots[i].object);
      gcg__json_string (json, "kind", kinds[kind < sizeof kinds / sizeof *kinds ? kind : 0]);
      gcg__json_address (json, "address", s->roots[i].address);
      gcg__json_end (json);
    }
  gcg__json_end (json);
}

enum gcg_status
gcg__export_json (const struct gcg__model *model, uint64_t component, bool reduce,
                  struct gcg__json *json, struct gcg_error *error)
{
  const struct gcg__snapshot *s = model->snapshot;
  const struct gcg__analysis *a = model->analysis;
  if (component > a->n_components)
    return gcg__error_write (error, GCG_NOT_FOUND,
                             "no component %llu: this snapshot's garbage has %u",
                             (unsigned long long)component, a->n_components);
  gcg__json_object (json, NULL);
  gcg__json_string (json, "program", gcg__text (s, s->info->program));
  gcg__json_unsigned (json, "pid", s->info->pid);
  gcg__json_string (json, "description", gcg__text (s, s->info->description));
  write_names (model, json);
  gcg__json_array (json, "objects");
  struct gcg__object_walk walk = gcg__objects (s);
  while (gcg__next_object (&walk))
    {
      uint32_t id = walk.object.id;
      if ((component == 0 || a->component_of[id] == component - 1)
          && (!reduce || a->cycle_of[id] != GCG__NONE))
        write_object (model, &walk.object, json);
    }
  gcg__json_end (json);
  if (component == 0 && !reduce)
    write_roots (s, json);
  gcg__json_end (json);
  return GCG_OK;
}
