/* hazard.c -- see hazard.h; and /api/hazards, a row for each word.
 *
 * The words come sorted by object; sorting by other columns, filtering and paging look at each once
 * (query.h): there are at most GCG__HAZARDS_MAX.
 */
#include <config.h>

#include "report/hazard.h"

#include <stdio.h>
#include <stdlib.h>

#include "report/object_table.h"
#include "report/report.h"
#include "report/root_text.h"

static const char *const kind_names[] = { "", "thread-local", "key", "malloc", "stack" };

bool
gcg__hazard_is_certain (uint32_t kind)
{
  return kind == GCG__HAZARD_TLS || kind == GCG__HAZARD_KEY;
}

/* Notes that KIND and THREAD hold something, once. */
static void
sum_holder (struct gcg__hazard_sum *sum, const struct gcg__hazard *hazard)
{
  for (uint32_t i = 0; i < sum->n; i++)
    if (sum->holders[i].kind == hazard->kind && sum->holders[i].thread == hazard->thread)
      return;
  if (sum->n == GCG__HAZARD_HOLDERS)
    return;
  sum->holders[sum->n].kind = hazard->kind;
  sum->holders[sum->n++].thread = hazard->thread;
}

void
gcg__hazard_sum (const struct gcg__model *model, bool certain, struct gcg__hazard_sum *sum)
{
  const struct gcg__snapshot *s = model->snapshot;
  uint32_t last = GCG__NONE;
  *sum = (struct gcg__hazard_sum){ .objects = 0 };
  for (uint32_t i = 0, end; i < s->n_hazards; i = end)
    {
      bool any = false;
      for (end = i; end < s->n_hazards && s->hazards[end].object == s->hazards[i].object; end++)
        any |= gcg__hazard_is_certain (s->hazards[end].kind);
      /* What is surely held needs no perhaps. */
      for (uint32_t j = i; j < end && any == certain; j++)
        if (gcg__hazard_is_certain (s->hazards[j].kind) == certain)
          {
            sum->objects += s->hazards[j].object != last;
            last = s->hazards[j].object;
            sum_holder (sum, &s->hazards[j]);
          }
    }
}

void
gcg__hazard_holder (const struct gcg__model *model, uint32_t kind, uint32_t thread,
                    struct gcg__buffer *out)
{
  static const char *const what[] = { "", "thread-local data", "pthread keys", "", "stack" };
  if (kind == GCG__HAZARD_MALLOC)
    {
      gcg__buffer_text (out, "malloc'd memory");
      return;
    }
  gcg__buffer_format (out, "the %s of thread ", what[kind]);
  gcg__thread_text (model, thread, out);
}

void
gcg__hazard_text (const struct gcg__model *model, const struct gcg__hazard *hazard,
                  struct gcg__buffer *out)
{
  gcg__hazard_holder (model, hazard->kind, hazard->thread, out);
  gcg__buffer_format (out, " at 0x%llx", (unsigned long long)hazard->address);
  if (hazard->kind == GCG__HAZARD_MALLOC)
    gcg__buffer_text (out, " (unless that has been freed)");
  else if (hazard->kind == GCG__HAZARD_STACK)
    gcg__buffer_text (out, ", which the collector does not know (unless the call has returned)");
}

void
gcg__hazard_members (const struct gcg__model *model, const struct gcg__hazard *hazard,
                     struct gcg__json *json)
{
  char href[32];
  struct gcg__buffer text;
  gcg__buffer_init (&text, NULL, NULL);
  gcg__hazard_text (model, hazard, &text);
  snprintf (href, sizeof href, "/threads/%u", model->snapshot->threads[hazard->thread].tid);
  gcg__json_string (json, "kind", "hazard");
  gcg__json_string (json, "holder", kind_names[hazard->kind]);
  gcg__json_bool (json, "certain", gcg__hazard_is_certain (hazard->kind));
  gcg__json_string (json, "text", gcg__buffer_string (&text));
  gcg__json_string (json, "href", hazard->kind == GCG__HAZARD_MALLOC ? NULL : href);
  gcg__json_address (json, "word", hazard->address);
  gcg__buffer_fini (&text);
}

static void
write_row (const struct gcg__model *model, const struct gcg__hazard *hazard, struct gcg__json *json)
{
  gcg__json_object (json, NULL);
  gcg__hazard_members (model, hazard, json);
  gcg__json_object (json, "object");
  gcg__object_members (model, hazard->object, json);
  gcg__json_end (json);
  gcg__json_end (json);
}

void
gcg__hazard_rows (const struct gcg__model *model, uint32_t n, struct gcg__json *json)
{
  const struct gcg__snapshot *s = model->snapshot;
  gcg__json_unsigned (json, "hazards_total", s->n_hazards + s->n_hazards_left_out);
  gcg__json_array (json, "hazards");
  for (uint32_t i = 0; i < s->n_hazards && i < n; i++)
    write_row (model, &s->hazards[i], json);
  gcg__json_end (json);
}

/* The table as the query sees it. */
struct hazard_table
{
  const struct gcg__model *model;
  const struct gcg__query *query;
};

static const struct gcg__hazard *
hazard_of (const void *table, uint32_t row)
{
  return &((const struct hazard_table *)table)->model->snapshot->hazards[row];
}

static struct gcg__object
object_of (const void *table, uint32_t row)
{
  struct gcg__object object;
  gcg__snapshot_object (((const struct hazard_table *)table)->model->snapshot,
                        hazard_of (table, row)->object, &object);
  return object;
}

static uint64_t
bytes_key (const void *table, uint32_t row)
{
  return object_of (table, row).requested_bytes;
}

/* Names of types in order, then what is untagged by size. */
static uint64_t
type_key (const void *table, uint32_t row)
{
  const struct hazard_table *t = table;
  uint32_t group = t->model->types->group_of_object[hazard_of (t, row)->object];
  return group != GCG__NONE ? group : t->model->types->n_groups + object_of (t, row).slot_bytes;
}

static uint64_t
holder_key (const void *table, uint32_t row)
{
  const struct gcg__hazard *hazard = hazard_of (table, row);
  return (uint64_t)hazard->kind << 32 | hazard->thread;
}

static uint64_t
word_key (const void *table, uint32_t row)
{
  return hazard_of (table, row)->address;
}

static const struct gcg__table_column columns[] = {
  { "object", NULL, false },       { "type", type_key, false }, { "bytes", bytes_key, true },
  { "holder", holder_key, false }, { "word", word_key, false }, { NULL, NULL, false },
};

static bool
is_wanted (const void *table, uint32_t row)
{
  const struct hazard_table *t = table;
  struct gcg__object object = object_of (table, row);
  char scratch[GCG__TYPE_SCRATCH];
  if (gcg__query_match (t->query->q, gcg__types_of (t->model->types, &object, scratch))
      || gcg__query_match (t->query->q, t->model->types->places[object.site].text))
    return true;
  struct gcg__buffer text;
  gcg__buffer_init (&text, NULL, NULL);
  gcg__hazard_text (t->model, hazard_of (table, row), &text);
  bool match = gcg__query_match (t->query->q, gcg__buffer_string (&text));
  gcg__buffer_fini (&text);
  return match;
}

static void
write_summary (const struct gcg__model *model, struct gcg__json *json)
{
  const struct gcg__snapshot *s = model->snapshot;
  struct gcg__hazard_sum certain, perhaps;
  gcg__hazard_sum (model, true, &certain);
  gcg__hazard_sum (model, false, &perhaps);
  gcg__json_object (json, "summary");
  gcg__json_unsigned (json, "certain_objects", certain.objects);
  gcg__json_unsigned (json, "perhaps_objects", perhaps.objects);
  gcg__json_unsigned (json, "words", s->n_hazards + s->n_hazards_left_out);
  gcg__json_unsigned (json, "left_out", s->n_hazards_left_out);
  gcg__json_end (json);
}

enum gcg_status
gcg__hazards_page (const struct gcg__model *model, const struct gcg__frame_state *frame,
                   const struct gcg__query *query, struct gcg__json *json, struct gcg_error *error)
{
  const struct hazard_table hazards = { model, query };
  const struct gcg__table table = { .table = &hazards,
                                    .columns = columns,
                                    .wanted = query->q != NULL ? is_wanted : NULL,
                                    .n_rows = model->snapshot->n_hazards,
                                    .kept = model->kept,
                                    .name = "hazards" };
  struct gcg__chosen chosen;
  enum gcg_status status = gcg__query_choose (query, &table, &chosen, error);
  if (status != GCG_OK)
    return status;
  gcg__json_object (json, NULL);
  gcg__frame_write (frame, json);
  write_summary (model, json);
  gcg__frame_window (query, chosen.total, json);
  gcg__json_array (json, "rows");
  for (uint32_t i = 0; i < chosen.n; i++)
    write_row (model, &model->snapshot->hazards[chosen.rows[i]], json);
  gcg__json_end (json);
  gcg__json_end (json);
  free (chosen.rows);
  return GCG_OK;
}
