/* object_table.c -- see object_table.h.
 *
 * Rows sort by keys computed from the object, strings by the rank of their group or site.
 */
#include <config.h>

#include "report/object_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "report/report.h"

/* The table of objects as the query sees it. */
struct object_table
{
  const struct gcg__model *model;
  const struct gcg__query *query;
  const uint32_t *members; /* NULL: all objects, the row is the id */
  uint32_t *near;          /* the block of the object that was looked at last */
  bool *wanted_site;       /* [n_sites]: q stands in its text; NULL: all */
  bool *named_group;       /* [n_groups]: q stands in its name */
  uint32_t group;          /* the only one that is wanted; GCG__NONE: all, or TYPE says */
};

static uint32_t
id_of (const void *table, uint32_t row)
{
  const struct object_table *t = table;
  return t->members != NULL ? t->members[row] : row;
}

static struct gcg__object
object_of (const void *table, uint32_t row)
{
  const struct object_table *t = table;
  struct gcg__object object;
  gcg__snapshot_object_near (t->model->snapshot, id_of (t, row), t->near, &object);
  return object;
}

/* Ids ascend as addresses do. */
static uint64_t
id_key (const void *table, uint32_t row)
{
  return id_of (table, row);
}

static uint64_t
bytes_key (const void *table, uint32_t row)
{
  return object_of (table, row).requested_bytes;
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
  return gcg__word_site (t->model->snapshot->words[id_of (t, row)]);
}

/* Names of groups in order, then what is untagged by size. */
static uint64_t
type_key (const void *table, uint32_t row)
{
  const struct object_table *t = table;
  uint32_t group = t->model->types->group_of_object[id_of (t, row)];
  if (group != GCG__NONE)
    return group;
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
  return t->model->analysis->cycle_of[id_of (t, row)] != GCG__NONE;
}

static uint64_t
finalizer_key (const void *table, uint32_t row)
{
  const struct object_table *t = table;
  const uint32_t id = id_of (t, row);
  if ((gcg__word_flags (t->model->snapshot->words[id]) & GCG__OBJECT_FINALIZER) == 0)
    return 0;
  const struct gcg__finalizer *f = gcg__snapshot_finalizer (t->model->snapshot, id);
  return f != NULL ? f->mode : 0;
}

static uint64_t
birth_key (const void *table, uint32_t row)
{
  const struct object_table *t = table;
  return gcg__word_birth (t->model->snapshot->words[id_of (t, row)]);
}

static uint64_t
age_key (const void *table, uint32_t row)
{
  const struct object_table *t = table;
  struct gcg__object object = object_of (table, row);
  return gcg__object_age (t->model, &object);
}

static uint64_t
edges_key (const void *table, uint32_t row)
{
  const struct object_table *t = table;
  const uint64_t *first = &t->model->analysis->out_first[id_of (t, row)];
  return first[1] - first[0];
}

static uint64_t
reachable_key (const void *table, uint32_t row)
{
  const struct object_table *t = table;
  return t->model->analysis->reached[id_of (t, row)] != 0;
}

static uint64_t
kind_key (const void *table, uint32_t row)
{
  return object_of (table, row).kind;
}

/* The columns; a table's own order needs no key. */
#define OBJECT_COLUMNS(address, bytes)                                                             \
  {                                                                                                \
    { "address", address, false }, { "id", id_key, false }, { "bytes", bytes, true },              \
        { "slot_bytes", slot_bytes_key, true }, { "kind", kind_key, false },                       \
        { "type", type_key, false }, { "site", site_key, false }, { "site_id", site_key, false },  \
        { "on_cycle", on_cycle_key, true }, { "reachable", reachable_key, false },                 \
        { "finalizer", finalizer_key, true }, { "birth", birth_key, false },                       \
        { "age", age_key, true }, { "edges", edges_key, true }, { "referents", edges_key, true },  \
        { NULL, NULL, false },                                                                     \
  }

static const struct gcg__table_column by_address[] = OBJECT_COLUMNS (NULL, bytes_key);
static const struct gcg__table_column by_bytes[] = OBJECT_COLUMNS (id_key, NULL);

/* Whether q is the beginning of an address: what begins with 0x can stand nowhere else. */
static bool
asks_address (const struct gcg__query *query)
{
  return query->q != NULL && query->q[0] == '0' && (query->q[1] == 'x' || query->q[1] == 'X');
}

/* Whether q is how ADDRESS begins, "0x7f12". */
static bool
has_address (const struct object_table *t, uint64_t address)
{
  const char *q = t->query->q;
  if (!asks_address (t->query))
    return false;
  size_t n = strspn (q + 2, "0123456789abcdefABCDEF");
  if (q[2 + n] != '\0' || n > 16 || (n > 0 && q[2] == '0'))
    return false;
  const uint64_t prefix = strtoull (q, NULL, 16);
  const size_t digits = address == 0 ? 1 : 16 - (size_t)__builtin_clzll (address) / 4;
  return n == 0 || (n <= digits && address >> 4 * (digits - n) == prefix);
}

static bool
is_wanted (const void *table, uint32_t row)
{
  const struct object_table *t = table;
  const struct gcg__query *query = t->query;
  if (query->cycles && !on_cycle_key (table, row))
    return false;
  if (query->site != 0 && site_of (t, row) != query->site)
    return false;
  if (t->wanted_site == NULL)
    return true;
  const uint32_t group = t->model->types->group_of_object[id_of (t, row)];
  if (group != GCG__NONE)
    return (query->type == NULL || group == t->group)
           && (t->named_group[group] || t->wanted_site[site_of (t, row)]
               || (asks_address (query) && has_address (t, object_of (t, row).address)));
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
  t->named_group = calloc (types->n_groups + (size_t)1, sizeof *t->named_group);
  if (t->wanted_site == NULL || t->named_group == NULL)
    return false;
  for (uint32_t s = 1; s < types->n_sites; s++)
    t->wanted_site[s] = gcg__query_match (query->q, types->places[s].text);
  for (uint32_t g = 0; g < types->n_groups; g++)
    {
      t->named_group[g] = gcg__query_match (query->q, types->groups[g].name);
      if (query->type != NULL && strcmp (query->type, types->groups[g].name) == 0)
        t->group = g;
    }
  return true;
}

uint32_t
gcg__object_age (const struct gcg__model *model, const struct gcg__object *object)
{
  uint32_t mask = (1u << GCG__WORD_BIRTH_BITS) - 1;
  if (!(object->flags & GCG__OBJECT_TAGGED) || gcg__model_is_malloc (model))
    return 0;
  return (uint32_t)(model->snapshot->info->collections - object->birth) & mask;
}

const char *
gcg__object_kind_name (uint32_t kind)
{
  static const char *const names[]
      = { "pointer-free", "normal", "uncollectable", "pointer-free uncollectable" };
  return kind < sizeof names / sizeof names[0] ? names[kind] : "of the program's own";
}

void
gcg__object_members (const struct gcg__model *model, uint32_t id, struct gcg__json *json)
{
  struct gcg__object object;
  char scratch[GCG__TYPE_SCRATCH];
  gcg__snapshot_object (model->snapshot, id, &object);
  const struct gcg__finalizer *f = gcg__snapshot_finalizer (model->snapshot, id);
  gcg__json_address (json, "address", object.address);
  gcg__json_unsigned (json, "id", id);
  gcg__json_unsigned (json, "bytes", object.requested_bytes);
  gcg__json_unsigned (json, "slot_bytes", object.slot_bytes);
  gcg__json_string (json, "type", gcg__types_of (model->types, &object, scratch));
  gcg__json_string (json, "site", model->types->places[object.site].text);
  gcg__json_unsigned (json, "site_id", object.site);
  gcg__json_bool (json, "on_cycle", model->analysis->cycle_of[id] != GCG__NONE);
  gcg__json_string (json, "finalizer", f != NULL ? gcg__finalizer_mode_name (f->mode) : NULL);
  gcg__json_string (json, "kind", gcg__object_kind_name (object.kind));
  gcg__json_bool (json, "reachable", model->analysis->reached[id] != 0);
  gcg__json_unsigned (json, "birth", gcg__model_is_malloc (model) ? 0 : object.birth);
  gcg__json_unsigned (json, "age", gcg__object_age (model, &object));
  const uint64_t edges = model->analysis->out_first[id + 1] - model->analysis->out_first[id];
  gcg__json_unsigned (json, "edges", edges);
  gcg__json_unsigned (json, "referents", edges);
}

/* Whether the query asks for nothing: then no row needs to be looked at to be counted. */
static bool
wants_all (const struct gcg__query *query)
{
  return query->q == NULL && query->type == NULL && query->site == 0 && !query->cycles;
}

enum gcg_status
gcg__object_table_write (const struct gcg__model *model, const uint32_t *members, uint32_t n,
                         const struct gcg__query *query, struct gcg__json *json,
                         struct gcg_error *error)
{
  uint32_t near = 0;
  struct object_table objects
      = { .model = model, .query = query, .members = members, .group = GCG__NONE, .near = &near };
  char name[32];
  struct gcg__table table = { .table = &objects,
                              .columns = members != NULL ? by_bytes : by_address,
                              .wanted = wants_all (query) ? NULL : is_wanted,
                              .n_rows = n,
                              .kept = model->kept,
                              .name = name };
  /* Members are those of a component: which one, their place among all says. */
  snprintf (name, sizeof name, "objects %" PRIuPTR,
            members != NULL ? (uintptr_t)members - (uintptr_t)model->analysis->members : 1);
  struct gcg__chosen chosen;
  enum gcg_status status;
  if (!find_sites (&objects))
    status = gcg__error_write (error, GCG_NO_MEMORY, "out of memory for the table of objects");
  else
    status = gcg__query_choose (query, &table, &chosen, error);
  if (status == GCG_OK)
    {
      gcg__frame_window (query, chosen.total, json);
      gcg__json_array (json, "rows");
      for (uint32_t i = 0; i < chosen.n; i++)
        {
          gcg__json_object (json, NULL);
          gcg__object_members (model, id_of (&objects, chosen.rows[i]), json);
          gcg__json_end (json);
        }
      gcg__json_end (json);
      free (chosen.rows);
    }
  free (objects.wanted_site);
  free (objects.named_group);
  return status;
}
