/* kinds.c -- see kinds.h.
 *
 * A row is made of each group of a report of leaks, and of each signature of the cycles that the
 * collector will reclaim; rows of one signature become one.  Of harmless cycles one of each kind is
 * named, of at most MAX_KINDS kinds.
 */
#include <config.h>

#include "report/kinds.h"

#include <stdlib.h>
#include <string.h>

#include "report/explain.h"
#include "base/error.h"
#include "base/room.h"
#include "report/map.h"
#include "report/suppress.h"

#define MAX_EDGE_KINDS 256u   /* distinguished in one cycle */
#define MAX_KINDS      10000u /* of harmless cycles */
#define MAX_ROWS       1000u
#define MAX_STEPS      1000u /* of a path */

uint64_t
gcg__object_kind (const struct gcg__model *model, uint32_t id)
{
  uint32_t site = gcg__word_site (model->snapshot->words[id]);
  uint64_t type = model->types->group_of_object[id];
  if (type == GCG__NONE)
    {
      struct gcg__object object;
      gcg__snapshot_object (model->snapshot, id, &object);
      type = gcg__model_type_key (model, &object);
    }
  return gcg__map_mix (gcg__map_mix (1, type), site);
}

/* Adds KEY to the set SEEN of N keys and to its sum; a full set is unchanged. */
static void
edge_kind_add (uint64_t seen[2 * MAX_EDGE_KINDS], uint32_t *n, uint64_t *sum, uint64_t key)
{
  uint32_t slot = (uint32_t)key % (2 * MAX_EDGE_KINDS);
  key += key == 0;
  while (seen[slot] != 0 && seen[slot] != key)
    slot = (slot + 1) % (2 * MAX_EDGE_KINDS);
  if (seen[slot] == key || *n == MAX_EDGE_KINDS)
    return;
  seen[slot] = key;
  (*n)++;
  *sum += key;
}

uint64_t
gcg__cycle_kind (const struct gcg__model *model, uint32_t cycle)
{
  const struct gcg__analysis *a = model->analysis;
  const struct gcg__cycle *c = &a->cycles[cycle];
  uint64_t seen[2 * MAX_EDGE_KINDS] = { 0 }, sum = 0;
  uint32_t n = 0;
  for (uint32_t i = 0; i < c->n_objects; i++)
    {
      uint32_t id = a->cycle_members[c->first_member + i];
      uint64_t source = gcg__object_kind (model, id);
      struct gcg__edge_walk edges
          = { .snapshot = model->snapshot, .edge = a->out_first[id], .end = a->out_first[id + 1] };
      while (gcg__next_edge (&edges))
        if (a->cycle_of[edges.target] == cycle)
          edge_kind_add (seen, &n, &sum,
                         gcg__map_mix (gcg__map_mix (source, edges.offset),
                                       gcg__object_kind (model, edges.target)));
    }
  return sum;
}

struct row
{
  const char *verdict, *signature; /* borrowed */
  uint64_t count;                  /* cycles, or blocks */
  struct gcg__totals own;
  uint64_t through; /* bytes that are leaked through them */
  uint32_t cycle;   /* the biggest; GCG__NONE: blocks */
  uint32_t object;  /* one of the blocks */
  bool known;       /* the baseline has it */
  /* Known when it has been written: */
  const char *place; /* borrowed from the model */
  uint64_t freed_bytes;
};

struct rows
{
  struct gcg__model *model;
  struct gcg__map of_signature;
  struct row *list;
  uint32_t n, size;
};

/* Adds ROW, or adds its counts to the row of the same signature; false: out of memory. */
static bool
rows_add (struct rows *rows, const struct row *row)
{
  uint32_t *at = gcg__map_at (&rows->of_signature, gcg__map_text (row->signature));
  if (at == NULL)
    return false;
  if (*at != GCG__NONE)
    {
      struct row *old = &rows->list[*at];
      old->count += row->count;
      old->own.objects += row->own.objects;
      old->own.bytes += row->own.bytes;
      old->through += row->through;
      old->known = old->known && row->known;
      return true;
    }
  if (!gcg__room_for_one (&rows->list, rows->n, &rows->size, sizeof *rows->list))
    return false;
  *at = rows->n;
  rows->list[rows->n++] = *row;
  return true;
}

static void
rows_fini (struct rows *rows)
{
  gcg__map_fini (&rows->of_signature);
  free (rows->list);
}

/* Adds the groups of REPORT, in their order; false: out of memory. */
static bool
add_groups (struct rows *rows, const struct gcg__leak_report *report)
{
  bool is_malloc = (rows->model->snapshot->info->flags & GCG__INFO_MALLOC) != 0;
  for (uint32_t g = 0; g < report->n_groups; g++)
    {
      const struct gcg__leak_group *group = &report->groups[g];
      bool is_cycle = group->kind == GCG__LEAK_OF_CYCLE;
      struct row row = { .verdict = gcg__leak_kind_name (group->kind),
                         .signature = group->names.signature,
                         .count = is_cycle ? group->n_cycles : group->own.objects,
                         .own = group->own,
                         .through = group->through.bytes,
                         .cycle = group->cycle,
                         .object = group->object,
                         .known = group->known };
      if (is_cycle && !is_malloc)
        row.verdict = gcg__verdict_name (GCG__FINALIZATION_CYCLE);
      if (!rows_add (rows, &row))
        return false;
    }
  return true;
}

/* Writes the steps of CYCLE's path as "struct a.next", once around, beginning where the explanation
   E does; at most the first MAX_STEPS steps. */
static bool
write_path (const struct gcg__model *model, const struct gcg__explanation *e,
            struct gcg__json *json)
{
  const struct gcg__cycle_path *path = e->path;
  uint32_t n = path->n < MAX_STEPS ? path->n : MAX_STEPS;
  char **all = calloc (n + (size_t)1, sizeof *all), **steps = calloc (n + (size_t)1, sizeof *steps);
  struct gcg__buffer text;
  bool ok = all != NULL && steps != NULL;
  gcg__buffer_init (&text, NULL, NULL);
  for (uint32_t i = 0; i < n && ok; i++)
    {
      const struct gcg__step *at = &path->steps[(e->first + i) % path->n];
      struct gcg__object object;
      char scratch[GCG__TYPE_SCRATCH];
      gcg__snapshot_object (model->snapshot, at->object, &object);
      gcg__buffer_clear (&text);
      gcg__buffer_text (&text, gcg__types_of (model->types, &object, scratch));
      gcg__model_field (model, &object, at->offset, &text);
      all[i] = steps[i] = strdup (gcg__buffer_string (&text));
      ok = all[i] != NULL && text.status == GCG_OK;
    }
  gcg__json_array (json, "path");
  for (uint32_t i = 0, reduced = ok ? gcg__cycle_reduce (steps, n) : 0; i < reduced; i++)
    gcg__json_string (json, NULL, steps[i]);
  gcg__json_end (json);
  for (uint32_t i = 0; all != NULL && i < n; i++)
    free (all[i]);
  free (all);
  free (steps);
  gcg__buffer_fini (&text);
  return ok;
}

/* Writes the members that only cycles have. */
static enum gcg_status
write_cycle (struct gcg__model *model, struct row *row, struct gcg__json *json,
             struct gcg_error *error)
{
  struct gcg__explanation e;
  enum gcg_status status = gcg__explain_cycle (model, row->cycle, &e, error);
  if (status != GCG_OK)
    return status;
  if (!write_path (model, &e, json))
    status = gcg__error_write (error, GCG_NO_MEMORY, "out of memory for the path of a cycle");
  bool everywhere = e.everywhere.n > 0;
  gcg__json_string (json, "cut", gcg__buffer_string (everywhere ? &e.everywhere : &e.edge));
  row->freed_bytes
      = everywhere || e.path->all_freed ? row->own.bytes + row->through : e.path->freed.bytes;
  row->place = e.allocated_at;
  gcg__json_unsigned (json, "freed_bytes", row->freed_bytes);
  gcg__json_string (json, "place", row->place);
  gcg__explanation_fini (&e);
  return status;
}

static void
write_block (const struct gcg__model *model, struct row *row, struct gcg__json *json)
{
  struct gcg__object object;
  char scratch[GCG__TYPE_SCRATCH];
  gcg__snapshot_object (model->snapshot, row->object, &object);
  gcg__json_array (json, "path");
  gcg__json_string (json, NULL, gcg__types_of (model->types, &object, scratch));
  gcg__json_end (json);
  gcg__json_null (json, "cut");
  row->freed_bytes = row->own.bytes + row->through;
  row->place = model->types->places[object.site].text;
  gcg__json_unsigned (json, "freed_bytes", row->freed_bytes);
  gcg__json_string (json, "place", row->place);
}

static enum gcg_status
row_write (struct gcg__model *model, struct row *row, struct gcg__json *json,
           struct gcg_error *error)
{
  enum gcg_status status = GCG_OK;
  gcg__json_object (json, NULL);
  gcg__json_string (json, "verdict", row->verdict);
  gcg__json_string (json, "signature", row->signature);
  gcg__json_unsigned (json, "count", row->count);
  gcg__json_unsigned (json, "objects", row->own.objects);
  gcg__json_unsigned (json, "bytes", row->own.bytes);
  gcg__json_bool (json, "known", row->known);
  if (row->cycle != GCG__NONE)
    status = write_cycle (model, row, json, error);
  else
    write_block (model, row, json);
  gcg__json_end (json);
  return status;
}

static enum gcg_status
rows_write (const struct rows *rows, struct gcg__json *json, struct gcg_error *error)
{
  enum gcg_status status = GCG_OK;
  gcg__json_unsigned (json, "kind_count", rows->n);
  gcg__json_array (json, "kinds");
  for (uint32_t i = 0; i < rows->n && i < MAX_ROWS && status == GCG_OK; i++)
    status = row_write (rows->model, &rows->list[i], json, error);
  gcg__json_end (json);
  return status;
}

static enum gcg_status
no_memory (struct gcg_error *error)
{
  return gcg__error_write (error, GCG_NO_MEMORY, "out of memory for the kinds of leaks");
}

enum gcg_status
gcg__kinds_of_leaks (const struct gcg__leak_report *report, struct gcg__json *json,
                     struct gcg_error *error)
{
  struct rows rows = { .model = report->model };
  enum gcg_status status
      = add_groups (&rows, report) ? rows_write (&rows, json, error) : no_memory (error);
  rows_fini (&rows);
  return status;
}

/* Harmless cycles by kind. */
struct harmless
{
  struct gcg__map of_kind;
  struct gcg__leak_names *names; /* [n] of kinds, each owned */
  uint32_t n;
};

/* Adds CYCLE, a harmless one, unless its kind is new and there are too many kinds. */
static enum gcg_status
add_harmless (struct harmless *harmless, struct rows *rows, uint32_t cycle, struct gcg_error *error)
{
  static const struct gcg__rules no_rules;
  const struct gcg__analysis *a = rows->model->analysis;
  const struct gcg__cycle *c = &a->cycles[cycle];
  uint32_t *at = gcg__map_at (&harmless->of_kind, gcg__cycle_kind (rows->model, cycle));
  if (at == NULL)
    return no_memory (error);
  if (*at == GCG__NONE && harmless->n == MAX_KINDS)
    return GCG_OK;
  if (*at == GCG__NONE)
    {
      enum gcg_status status = gcg__leak_names_cycle (&harmless->names[harmless->n], rows->model,
                                                      &no_rules, cycle, error);
      if (status != GCG_OK)
        return status;
      *at = harmless->n++;
    }
  uint32_t first = a->cycle_members[c->first_member];
  const struct row row = { .verdict = gcg__verdict_name (GCG__CYCLE),
                           .signature = harmless->names[*at].signature,
                           .count = 1,
                           .own = { c->n_objects, c->bytes },
                           .cycle = cycle,
                           .object = first };
  return rows_add (rows, &row) ? GCG_OK : no_memory (error);
}

static enum gcg_status
add_all_harmless (struct harmless *harmless, struct rows *rows,
                  const struct gcg__leak_report *report, struct gcg_error *error)
{
  const struct gcg__analysis *a = rows->model->analysis;
  enum gcg_status status = GCG_OK;
  harmless->names = calloc (a->n_cycles < MAX_KINDS ? a->n_cycles + (size_t)1 : MAX_KINDS,
                            sizeof *harmless->names);
  if (harmless->names == NULL)
    return no_memory (error);
  for (uint32_t i = 0; i < a->n_cycles && status == GCG_OK; i++)
    {
      uint32_t first = a->cycle_members[a->cycles[i].first_member];
      if ((report->leaks->flags[first] & GCG__LEAK_COLLECTABLE) != 0)
        status = add_harmless (harmless, rows, i, error);
    }
  return status;
}

/* All of a model, with what the rows borrow. */
struct garbage
{
  struct gcg__leak_report *report;
  struct rows rows;
  struct harmless harmless;
};

static void
garbage_fini (struct garbage *garbage)
{
  for (uint32_t i = 0; i < garbage->harmless.n; i++)
    gcg__leak_names_fini (&garbage->harmless.names[i]);
  free (garbage->harmless.names);
  gcg__map_fini (&garbage->harmless.of_kind);
  rows_fini (&garbage->rows);
  gcg__leak_report_free (garbage->report);
}

static enum gcg_status
garbage_init (struct garbage *garbage, struct gcg__model *model, struct gcg_error *error)
{
  static const struct gcg__rules no_rules;
  static const struct gcg__baseline no_baseline;
  *garbage = (struct garbage){ .rows.model = model };
  enum gcg_status status
      = gcg__leak_report_new (model, &no_rules, &no_baseline, NULL, &garbage->report, error);
  if (status != GCG_OK)
    return status;
  if (!add_groups (&garbage->rows, garbage->report))
    status = no_memory (error);
  if (status == GCG_OK)
    status = add_all_harmless (&garbage->harmless, &garbage->rows, garbage->report, error);
  if (status != GCG_OK)
    garbage_fini (garbage);
  return status;
}

enum gcg_status
gcg__kinds_of_garbage (struct gcg__model *model, struct gcg__json *json, struct gcg_error *error)
{
  struct garbage garbage;
  enum gcg_status status = garbage_init (&garbage, model, error);
  if (status != GCG_OK)
    return status;
  status = rows_write (&garbage.rows, json, error);
  garbage_fini (&garbage);
  return status;
}

/* Fills ROW of a table from KIND and appends its texts to TEXTS. */
static enum gcg_status
table_row (struct gcg__model *model, struct row *kind, struct gcg__buffer *texts,
           struct gcg__kind_row *row, struct gcg_error *error)
{
  static const char *const verdicts[]
      = { "finalization cycle", "leaked cycle", "leaked", "indirectly leaked" };
  const uint32_t n_verdicts = sizeof verdicts / sizeof verdicts[0];
  struct gcg__json json;
  size_t bytes = 0;
  gcg__json_init (&json, NULL, NULL);
  enum gcg_status status = row_write (model, kind, &json, error);
  char *text = status == GCG_OK ? gcg__json_take (&json, &bytes, error) : NULL;
  if (status != GCG_OK)
    gcg__json_fini (&json);
  if (text == NULL)
    return status != GCG_OK ? status : GCG_NO_MEMORY;
  uint32_t rank = 0;
  while (rank < n_verdicts && strcmp (kind->verdict, verdicts[rank]) != 0)
    rank++;
  const struct gcg__analysis *a = model->analysis;
  uint32_t object = kind->cycle == GCG__NONE
                        ? kind->object
                        : a->cycle_members[a->cycles[kind->cycle].first_member];
  *row = (struct gcg__kind_row){ .count = kind->count,
                                 .objects = kind->own.objects,
                                 .bytes = kind->own.bytes,
                                 .freed_bytes = kind->freed_bytes,
                                 .rank = rank,
                                 .object = object,
                                 .leaked = rank < n_verdicts - 1,
                                 .harmless = rank == n_verdicts };
  row->words = (uint32_t)texts->n;
  gcg__buffer_format (texts, "%s\n%s", kind->signature, kind->place);
  gcg__buffer_add (texts, "", 1);
  row->members = (uint32_t)texts->n;
  row->n_members = (uint32_t)(bytes - 2);
  gcg__buffer_add (texts, text + 1, row->n_members);
  free (text);
  return gcg__buffer_status (texts, error);
}

enum gcg_status
gcg__kind_table_new (struct gcg__model *model, struct gcg__kind_table **result, size_t *bytes,
                     struct gcg_error *error)
{
  struct garbage garbage;
  enum gcg_status status = garbage_init (&garbage, model, error);
  if (status != GCG_OK)
    return status;
  uint32_t n = garbage.rows.n < MAX_ROWS ? garbage.rows.n : MAX_ROWS;
  size_t head = sizeof (struct gcg__kind_table) + n * sizeof (struct gcg__kind_row);
  struct gcg__kind_table *table = malloc (head);
  struct gcg__buffer texts;
  gcg__buffer_init (&texts, NULL, NULL);
  if (table == NULL)
    status = no_memory (error);
  for (uint32_t i = 0; i < n && status == GCG_OK; i++)
    {
      status = table_row (model, &garbage.rows.list[i], &texts, &table->rows[i], error);
      if (status == GCG_OK)
        {
          table->rows[i].words += (uint32_t)head;
          table->rows[i].members += (uint32_t)head;
        }
    }
  char *whole = status == GCG_OK ? realloc (table, head + texts.n + 1) : NULL;
  if (status == GCG_OK && whole == NULL)
    status = no_memory (error);
  if (status == GCG_OK)
    {
      table = (struct gcg__kind_table *)whole;
      table->n_kinds = garbage.rows.n;
      table->n = n;
      memcpy (whole + head, gcg__buffer_string (&texts), texts.n);
      *bytes = head + texts.n;
      *result = table;
    }
  else
    free (table);
  gcg__buffer_fini (&texts);
  garbage_fini (&garbage);
  return status;
}
