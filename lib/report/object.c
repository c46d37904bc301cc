/* object.c -- the pages /objects and /objects/ADDRESS: one object, why it is alive, what it points
 * to and what points to it.
 *
 * Why it is alive is found in the tree of shortest ways from the roots, which the model makes when
 * it is first asked for.
 */
#include <config.h>

#include "report/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "report/hazard.h"
#include "report/object_table.h"
#include "report/preview.h"
#include "report/root_text.h"
#include "report/words.h"

#define MAX_PATH 64u /* steps of a way from a root that are reported */

/* An address "0x7f12a0" alone in TEXT. */
static bool
parse_address (const char *text, uint64_t *address)
{
  if (text == NULL || text[0] != '0' || (text[1] != 'x' && text[1] != 'X'))
    return false;
  size_t n = strspn (text + 2, "0123456789abcdefABCDEF");
  if (n == 0 || n > 16 || text[2 + n] != '\0')
    return false;
  *address = strtoull (text, NULL, 16);
  return true;
}

enum gcg_status
gcg__object_find (const struct gcg__model *model, const char *text, struct gcg__object *object,
                  uint64_t *offset, struct gcg_error *error)
{
  uint64_t address;
  uint32_t id;
  if (!parse_address (text, &address)
      || !gcg__snapshot_find (model->snapshot, address, &id, offset))
    return gcg__error_write (error, GCG_NOT_FOUND, "%.40s is not in any object of this snapshot",
                             text);
  gcg__snapshot_object (model->snapshot, id, object);
  return GCG_OK;
}

enum gcg_status
gcg__objects_page (const struct gcg__model *model, const struct gcg__frame_state *frame,
                   const struct gcg__query *query, struct gcg__json *json, struct gcg_error *error)
{
  uint64_t address, offset;
  uint32_t id;
  enum gcg_status status;
  gcg__json_object (json, NULL);
  gcg__frame_write (frame, json);
  gcg__json_totals (json, "sum", model->analysis->all.objects, model->analysis->all.bytes);
  /* An address, interior ones included, is the object that holds it. */
  if (parse_address (query->q, &address)
      && gcg__snapshot_find (model->snapshot, address, &id, &offset))
    {
      struct gcg__query all = *query;
      all.q = NULL;
      status = gcg__object_table_write (model, &id, 1, &all, json, error);
    }
  else
    status = gcg__object_table_write (model, NULL, model->snapshot->n_objects, query, json, error);
  gcg__json_end (json);
  return status;
}

/* The first root that points to ID, or NULL. */
static const struct gcg__root *
root_of (const struct gcg__snapshot *s, uint32_t id)
{
  for (uint64_t i = 0; i < s->n_roots; i++)
    if (s->roots[i].object == id)
      return &s->roots[i];
  return NULL;
}

/* The field of SOURCE that points to TARGET, the SKIP + 1st of them; false: there are fewer. */
static bool
edge_to (const struct gcg__model *model, uint32_t source, uint32_t target, uint64_t skip,
         uint64_t *offset)
{
  struct gcg__edge_walk walk = gcg__edges_of (model->snapshot, source);
  while (gcg__next_edge (&walk))
    if (walk.target == target && skip-- == 0)
      {
        *offset = walk.offset;
        return true;
      }
  return false;
}

static void
write_field (const struct gcg__model *model, const struct gcg__object *object, uint64_t offset,
             struct gcg__json *json)
{
  struct gcg__buffer field;
  gcg__buffer_init (&field, NULL, NULL);
  gcg__model_field (model, object, offset, &field);
  const char *text = gcg__buffer_string (&field);
  gcg__json_string (json, "field", text + (text[0] == '.'));
  gcg__buffer_fini (&field);
}

static void
write_root (const struct gcg__model *model, const struct gcg__root *root, struct gcg__json *json)
{
  char scratch[32];
  struct gcg__buffer text;
  gcg__buffer_init (&text, NULL, NULL);
  gcg__root_text (model, root, &text);
  gcg__json_string (json, "kind", "root");
  gcg__json_string (json, "text", gcg__buffer_string (&text));
  gcg__json_string (json, "href", gcg__root_href (model, root, scratch));
  gcg__buffer_fini (&text);
}

/* One object on the way, and the field of it that leads on to NEXT. */
static void
write_path_object (const struct gcg__model *model, uint32_t id, uint32_t next,
                   struct gcg__json *json)
{
  struct gcg__object object;
  char scratch[GCG__TYPE_SCRATCH];
  uint64_t offset;
  gcg__snapshot_object (model->snapshot, id, &object);
  gcg__json_object (json, NULL);
  gcg__json_string (json, "kind", "object");
  gcg__json_string (json, "text", gcg__types_of (model->types, &object, scratch));
  gcg__json_address (json, "address", object.address);
  if (next != GCG__NONE && edge_to (model, id, next, 0, &offset))
    write_field (model, &object, offset, json);
  else
    gcg__json_null (json, "field");
  gcg__json_end (json);
}

/* The way from a root to ID, whose objects are HOLDERS from the last before ID backwards. */
static void
write_path (const struct gcg__model *model, const struct gcg__root_tree *tree, uint32_t id,
            struct gcg__json *json)
{
  uint32_t way[MAX_PATH], n = 0, at = id;
  uint64_t length = 1;
  for (; tree->holder[at] != at; at = tree->holder[at], length++)
    if (n < MAX_PATH)
      way[n++] = at;
  const struct gcg__root *root = root_of (model->snapshot, at);
  gcg__json_unsigned (json, "path_length", length);
  gcg__json_array (json, "path");
  if (root != NULL)
    {
      gcg__json_object (json, NULL);
      write_root (model, root, json);
      gcg__json_end (json);
    }
  /* Of a long way the root's end is left out, but for the first object. */
  write_path_object (model, at, length > 1 && n + 1 == length ? way[n - 1] : GCG__NONE, json);
  while (n > 0)
    {
      n--;
      write_path_object (model, way[n], n > 0 ? way[n - 1] : GCG__NONE, json);
    }
  gcg__json_end (json);
}

/* The holder that the collector does not see, as "why" of OBJECT; false: no holder. */
static bool
write_hazard_why (const struct gcg__model *model, const struct gcg__object *object,
                  struct gcg__json *json)
{
  uint32_t n;
  const struct gcg__hazard *hazard = gcg__snapshot_hazards (model->snapshot, object->id, &n);
  struct gcg__buffer text;
  if (n == 0)
    return false;
  gcg__buffer_init (&text, NULL, NULL);
  gcg__buffer_text (&text, "nothing that the collector scans leads to it, but ");
  gcg__hazard_text (model, hazard, &text);
  if (n > 1)
    {
      gcg__buffer_text (&text, " and ");
      gcg__words_number (&text, n - 1, "other word");
    }
  gcg__buffer_format (&text, " %s to it: it will be reclaimed while it may be in use",
                      n > 1 ? "point" : "points");
  gcg__json_string (json, "why", gcg__buffer_string (&text));
  gcg__buffer_fini (&text);
  return true;
}

/* Of garbage: whether it stays. */
static const char *
why_garbage (const struct gcg__model *model, uint32_t id)
{
  const struct gcg__analysis *a = model->analysis;
  const uint32_t component = a->component_of[id];
  if (gcg__model_is_malloc (model))
    return a->in_first[id + 1] > a->in_first[id]
               ? "only leaked blocks point to it: it is leaked with them"
               : "nothing points to it: it is leaked, since nothing is left to free it by";
  if (component != GCG__NONE
      && (a->components[component].verdict == GCG__FINALIZATION_CYCLE
          || a->components[component].verdict == GCG__LEAKED_CYCLE))
    return "no root leads to it, and it is connected with a cycle that is never freed: see its "
           "component";
  return a->in_first[id + 1] > a->in_first[id]
             ? "only garbage points to it: the collector reclaims it"
             : "nothing points to it: the collector reclaims it";
}

static const char *
why (const struct gcg__model *model, const struct gcg__root_tree *tree,
     const struct gcg__object *object)
{
  bool marked = object->flags & GCG__OBJECT_MARKED;
  if (tree->holder[object->id] == object->id)
    return root_of (model->snapshot, object->id) != NULL
               ? "a root points to it"
               : "uncollectable: it stays until it is freed";
  if (tree->holder[object->id] != GCG__NONE)
    return marked ? "a root leads to it through other objects"
                  : "words that look like pointers lead to it, but the collector knows better";
  if (marked)
    return "the collector reached it from a root that gcglass cannot see";
  return why_garbage (model, object->id);
}

static void
write_site (const struct gcg__model *model, const struct gcg__object *object,
            struct gcg__json *json)
{
  if (object->site == GCG__SITE_NONE)
    gcg__json_null (json, "allocated");
  else
    gcg__site_row (model, object->site, "allocated", json);
}

enum gcg_status
gcg__object_page (struct gcg__model *model, const struct gcg__frame_state *frame,
                  const char *address, struct gcg__json *json, struct gcg_error *error)
{
  struct gcg__object object;
  const struct gcg__root_tree *tree;
  uint64_t offset;
  enum gcg_status status = gcg__object_find (model, address, &object, &offset, error);
  if (status != GCG_OK || (status = gcg__model_root_tree (model, &tree, error)) != GCG_OK)
    return status;
  const struct gcg__analysis *a = model->analysis;
  uint32_t id = object.id, component = a->component_of[id];
  uint64_t n_roots = 0;
  uint32_t n_hazards;
  gcg__snapshot_hazards (model->snapshot, id, &n_hazards);
  for (uint64_t i = 0; i < model->snapshot->n_roots; i++)
    n_roots += model->snapshot->roots[i].object == id;
  gcg__json_object (json, NULL);
  gcg__frame_write (frame, json);
  gcg__json_object (json, "object");
  gcg__object_members (model, id, json);
  const uint32_t group = model->types->group_of_object[id];
  const struct gcg__type *type = group != GCG__NONE ? &model->types->groups[group] : NULL;
  gcg__json_bool (json, "inferred", type != NULL && type->basis == GCG__BASIS_INFERRED);
  gcg__json_string (json, "from", type != NULL ? type->from : NULL);
  gcg__json_unsigned (json, "offset", offset);
  gcg__json_bool (json, "ignored", object.flags & GCG__OBJECT_IGNORED);
  const struct gcg__finalizer *finalizer = gcg__snapshot_finalizer (model->snapshot, id);
  gcg__json_string (json, "finalizer_function",
                    finalizer != NULL ? gcg__model_function (model, finalizer->function) : NULL);
  if (component == GCG__NONE)
    gcg__json_null (json, "component");
  else
    gcg__json_unsigned (json, "component", component + UINT64_C (1));
  if (!write_hazard_why (model, &object, json))
    gcg__json_string (json, "why", why (model, tree, &object));
  write_site (model, &object, json);
  gcg__preview_write (model->snapshot, &object, json);
  if (tree->holder[id] != GCG__NONE)
    write_path (model, tree, id, json);
  else
    {
      gcg__json_unsigned (json, "path_length", 0);
      gcg__json_array (json, "path");
      gcg__json_end (json);
    }
  gcg__json_end (json);
  gcg__json_unsigned (json, "referents_total", a->out_first[id + 1] - a->out_first[id]);
  gcg__json_unsigned (json, "referrers_total",
                      a->in_first[id + 1] - a->in_first[id] + n_roots + n_hazards);
  gcg__json_end (json);
  return GCG_OK;
}

/* Begins a list of TOTAL rows. */
static void
begin_rows (const struct gcg__frame_state *frame, const struct gcg__query *query, uint64_t total,
            struct gcg__json *json)
{
  gcg__json_object (json, NULL);
  gcg__frame_write (frame, json);
  gcg__frame_window (query, total, json);
  gcg__json_array (json, "rows");
}

static void
write_edge (const struct gcg__model *model, const struct gcg__object *holder, uint64_t offset,
            uint32_t shown, struct gcg__json *json)
{
  gcg__json_object (json, NULL);
  gcg__json_string (json, "kind", "object");
  write_field (model, holder, offset, json);
  gcg__json_unsigned (json, "at", offset);
  gcg__json_object (json, "object");
  gcg__object_members (model, shown, json);
  gcg__json_end (json);
  gcg__json_end (json);
}

enum gcg_status
gcg__referents_page (const struct gcg__model *model, const struct gcg__frame_state *frame,
                     const char *address, const struct gcg__query *query, struct gcg__json *json,
                     struct gcg_error *error)
{
  struct gcg__object object;
  uint64_t offset, row = 0;
  enum gcg_status status = gcg__object_find (model, address, &object, &offset, error);
  if (status != GCG_OK)
    return status;
  const uint64_t *first = &model->analysis->out_first[object.id];
  begin_rows (frame, query, first[1] - first[0], json);
  struct gcg__edge_walk walk = gcg__edges_of (model->snapshot, object.id);
  for (; row < query->offset + query->limit && gcg__next_edge (&walk); row++)
    if (row >= query->offset)
      write_edge (model, &object, walk.offset, walk.target, json);
  gcg__json_end (json);
  gcg__json_end (json);
  return GCG_OK;
}

enum gcg_status
gcg__referrers_page (const struct gcg__model *model, const struct gcg__frame_state *frame,
                     const char *address, const struct gcg__query *query, struct gcg__json *json,
                     struct gcg_error *error)
{
  const struct gcg__snapshot *s = model->snapshot;
  const struct gcg__analysis *a = model->analysis;
  struct gcg__object object;
  uint64_t offset, n_roots = 0, row = 0, end = query->offset + query->limit;
  enum gcg_status status = gcg__object_find (model, address, &object, &offset, error);
  if (status != GCG_OK)
    return status;
  const uint64_t *first = &a->in_first[object.id];
  for (uint64_t i = 0; i < s->n_roots; i++)
    n_roots += s->roots[i].object == object.id;
  uint32_t n_hazards;
  const struct gcg__hazard *hazards = gcg__snapshot_hazards (s, object.id, &n_hazards);
  begin_rows (frame, query, n_roots + n_hazards + first[1] - first[0], json);
  for (uint64_t i = 0; i < s->n_roots && row < end && row < n_roots; i++)
    if (s->roots[i].object == object.id && row++ >= query->offset)
      {
        gcg__json_object (json, NULL);
        write_root (model, &s->roots[i], json);
        gcg__json_end (json);
      }
  for (uint32_t i = 0; i < n_hazards && row < end; i++)
    if (row++ >= query->offset)
      {
        gcg__json_object (json, NULL);
        gcg__hazard_members (model, &hazards[i], json);
        gcg__json_end (json);
      }
  for (uint64_t i = first[0], same = 0; i < first[1] && row < end; i++, row++)
    {
      struct gcg__object source;
      same = i > first[0] && a->in_sources[i - 1] == a->in_sources[i] ? same + 1 : 0;
      if (row < query->offset || !edge_to (model, a->in_sources[i], object.id, same, &offset))
        continue;
      gcg__snapshot_object (s, a->in_sources[i], &source);
      write_edge (model, &source, offset, source.id, json);
    }
  gcg__json_end (json);
  gcg__json_end (json);
  return GCG_OK;
}
