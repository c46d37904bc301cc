/* leak_json.c -- a report of leaks as one JSON object, "gcglass leaks --json".
 *
 * Bytes are as the program requested them.  What the snapshot does not tell of the program's life
 * is null.  Only the first MAX_CYCLES cycles are listed with their ways round; "cycle_count" has
 * them all.
 */
#include <config.h>

#include "report/leaks.h"

#include <string.h>

#include "report/explain.h"
#include "report/kinds.h"
#include "report/leak_names.h"

#define MAX_CYCLES 10000u
#define MAX_STEPS  1000u /* of one path */

static void
write_sum (struct gcg__json *json, const char *key, const struct gcg__totals *totals)
{
  gcg__json_object (json, key);
  gcg__json_unsigned (json, "bytes", totals->bytes);
  gcg__json_unsigned (json, "blocks", totals->objects);
  gcg__json_end (json);
}

/* The member NAME of the open object, null unless NUMBER is known. */
static void
write_known (struct gcg__json *json, const char *name, const uint64_t *number)
{
  if (number != NULL)
    gcg__json_unsigned (json, name, *number);
  else
    gcg__json_null (json, name);
}

/* What is known of the program's whole life. */
static void
write_usage (const struct gcg__usage *usage, struct gcg__json *json)
{
  bool known = usage != NULL;
  gcg__json_object (json, "totals");
  write_known (json, "allocs", known ? &usage->allocs : NULL);
  write_known (json, "frees", known ? &usage->frees : NULL);
  write_known (json, "bytes", known ? &usage->bytes : NULL);
  gcg__json_end (json);
  gcg__json_object (json, "peak");
  write_known (json, "bytes", known ? &usage->peak_bytes : NULL);
  write_known (json, "blocks", known ? &usage->peak_blocks : NULL);
  gcg__json_end (json);
}

static void
write_totals (const struct gcg__leak_report *r, struct gcg__json *json)
{
  write_sum (json, "leaked", &r->leaked);
  write_sum (json, "reachable", &r->leaks->reachable);
  write_sum (json, "interior_only", &r->leaks->interior_only);
  write_sum (json, "past_end_only", &r->leaks->past_only);
  write_sum (json, "ignored", &r->leaks->ignored);
  write_sum (json, "c_library", &r->library);
  write_sum (json, "suppressed", &r->suppressed);
  write_sum (json, "collectable", &r->leaks->collectable);
  write_sum (json, "new", &r->fresh);
  gcg__json_object (json, "valgrind");
  write_sum (json, "definite", &r->definite);
  write_sum (json, "indirect", &r->indirect);
  write_sum (json, "possible", &r->leaks->interior_only);
  gcg__json_end (json);
  gcg__json_object (json, "lsan");
  write_sum (json, "direct", &r->direct);
  write_sum (json, "indirect", &r->lsan_indirect);
  gcg__json_end (json);
}

/* Member "path", the steps of a cycle as "struct a.next". */
static void
write_path (const struct gcg__model *model, const struct gcg__explanation *e,
            struct gcg__json *json, struct gcg__buffer *step)
{
  const struct gcg__cycle_path *path = e->path;
  gcg__json_array (json, "path");
  for (uint32_t i = 0; i < path->n && i < MAX_STEPS; i++)
    {
      const struct gcg__step *at = &path->steps[(e->first + i) % path->n];
      struct gcg__object object;
      char scratch[GCG__TYPE_SCRATCH];
      gcg__snapshot_object (model->snapshot, at->object, &object);
      gcg__buffer_clear (step);
      gcg__buffer_text (step, gcg__types_of (model->types, &object, scratch));
      gcg__model_field (model, &object, at->offset, step);
      gcg__json_string (json, NULL, gcg__buffer_string (step));
    }
  gcg__json_end (json);
  gcg__json_unsigned (json, "path_steps", path->n);
}

static enum gcg_status
write_cycle (const struct gcg__leak_report *r, uint32_t cycle, struct gcg__json *json,
             struct gcg_error *error)
{
  const struct gcg__cycle *c = &r->model->analysis->cycles[cycle];
  struct gcg__explanation e;
  struct gcg__buffer step;
  enum gcg_status status = gcg__explain_cycle (r->model, cycle, &e, error);
  if (status != GCG_OK)
    return status;
  gcg__buffer_init (&step, NULL, NULL);
  gcg__json_object (json, NULL);
  gcg__json_unsigned (json, "objects", c->n_objects);
  gcg__json_unsigned (json, "bytes", c->bytes);
  write_path (r->model, &e, json, &step);
  gcg__json_string (json, "cut", gcg__buffer_string (&e.edge));
  gcg__json_unsigned (json, "freed_bytes", e.path->freed.bytes);
  gcg__json_unsigned (json, "freed_blocks", e.path->freed.objects);
  gcg__json_string (json, "cut_everywhere",
                    e.everywhere.n > 0 ? gcg__buffer_string (&e.everywhere) : NULL);
  gcg__json_unsigned (json, "group", r->group_of_cycle[cycle]);
  gcg__json_end (json);
  status = gcg__buffer_status (&step, error);
  gcg__buffer_fini (&step);
  gcg__explanation_fini (&e);
  return status;
}

static void
write_stack (const struct gcg__model *model, uint32_t site, struct gcg__json *json)
{
  struct gcg__frame frames[GCG__LEAK_FRAMES];
  uint32_t n = gcg__leak_frames (model, site, frames, GCG__LEAK_FRAMES);
  gcg__json_array (json, "stack");
  for (uint32_t i = 0; i < n; i++)
    {
      gcg__json_object (json, NULL);
      gcg__json_string (json, "function", frames[i].function);
      gcg__json_string (json, "file", frames[i].file);
      gcg__json_unsigned (json, "line", frames[i].line);
      gcg__json_string (json, "module", frames[i].module);
      gcg__json_address (json, "offset", frames[i].offset);
      gcg__json_end (json);
    }
  gcg__json_end (json);
}

static void
write_group (const struct gcg__leak_report *r, uint32_t g, struct gcg__json *json)
{
  static const char *const kinds[] = { "cycle", "leaked", "indirect" };
  const struct gcg__leak_group *group = &r->groups[g];
  struct gcg__leak_member members[GCG__LEAK_MEMBERS];
  uint32_t left_out, n = gcg__leak_members (r, group, members, &left_out);
  gcg__json_object (json, NULL);
  gcg__json_unsigned (json, "group", g);
  gcg__json_string (json, "kind", kinds[group->kind]);
  gcg__json_string (json, "signature", group->names.signature);
  gcg__json_unsigned (json, "bytes", group->own.bytes);
  gcg__json_unsigned (json, "blocks", group->own.objects);
  write_sum (json, "through", &group->through);
  if (group->parent != GCG__NONE)
    gcg__json_unsigned (json, "parent", group->parent);
  else
    gcg__json_null (json, "parent");
  gcg__json_unsigned (json, "cycles", group->n_cycles);
  gcg__json_array (json, "members");
  for (uint32_t i = 0; i < n; i++)
    {
      gcg__json_object (json, NULL);
      gcg__json_string (json, "type", members[i].type);
      gcg__json_string (json, "site", r->model->types->places[members[i].site].text);
      gcg__json_unsigned (json, "bytes", members[i].totals.bytes);
      gcg__json_unsigned (json, "blocks", members[i].totals.objects);
      write_stack (r->model, members[i].site, json);
      gcg__json_end (json);
    }
  gcg__json_end (json);
  gcg__json_unsigned (json, "kinds", group->n_kinds);
  gcg__json_unsigned (json, "kinds_left_out", left_out);
  gcg__json_end (json);
}

/* The groups that are known, or those that are not, as array KEY. */
static void
write_groups (const struct gcg__leak_report *r, const char *key, bool known, struct gcg__json *json)
{
  gcg__json_array (json, key);
  for (uint32_t g = 0; g < r->n_groups; g++)
    if (r->groups[g].known == known)
      write_group (r, g, json);
  gcg__json_end (json);
}

static void
write_rules (const struct gcg__leak_report *r, struct gcg__json *json)
{
  gcg__json_array (json, "suppressions");
  for (uint32_t i = 0; i < r->rules.n; i++)
    {
      const struct gcg__rule *rule = &r->rules.list[i];
      gcg__json_object (json, NULL);
      gcg__json_string (json, "rule", rule->text);
      gcg__json_string (json, "file", rule->from);
      gcg__json_unsigned (json, "line", rule->line);
      gcg__json_unsigned (json, "bytes", r->used[i].bytes);
      gcg__json_unsigned (json, "blocks", r->used[i].objects);
      gcg__json_end (json);
    }
  gcg__json_end (json);
}

enum gcg_status
gcg__leak_json_write (const struct gcg__leak_report *report, struct gcg__json *json,
                      struct gcg_error *error)
{
  const struct gcg__snapshot *s = report->model->snapshot;
  enum gcg_status status = GCG_OK;
  gcg__json_object (json, NULL);
  gcg__json_string (json, "program", gcg__text (s, s->info->program));
  gcg__json_string (json, "command_line", gcg__text (s, s->info->command_line));
  gcg__json_unsigned (json, "pid", s->info->pid);
  gcg__json_bool (json, "at_exit", (s->info->flags & GCG__INFO_AT_EXIT) != 0);
  if (report->unseen != NULL)
    gcg__json_string (json, "unseen", report->unseen);
  else
    gcg__json_null (json, "unseen");
  write_totals (report, json);
  gcg__json_unsigned (json, "cycle_count", report->n_cycles);
  gcg__json_array (json, "cycles");
  for (uint32_t i = 0; i < report->n_cycles && i < MAX_CYCLES && status == GCG_OK; i++)
    status = write_cycle (report, report->cycles[i], json, error);
  gcg__json_end (json);
  if (status == GCG_OK)
    status = gcg__kinds_of_leaks (report, json, error);
  write_groups (report, "groups", false, json);
  write_groups (report, "known_groups", true, json);
  write_rules (report, json);
  write_usage (s->usage, json);
  gcg__json_end (json);
  return status;
}
