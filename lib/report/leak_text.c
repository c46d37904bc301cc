/* leak_text.c -- a report of leaks in a terminal, as leak checkers write them.
 *
 * What holds most comes first: a cycle with its way round and the edge to cut, or blocks of one
 * kind; where they were allocated; and what is leaked through them, with its stacks.  Then the
 * figures, in valgrind's words and in LeakSanitizer's, and which rules were used.  Bytes are exact.
 * What comes from the program has been cleaned of control characters.
 */
#include <config.h>

#include "report/leaks.h"

#include <string.h>

#include "report/explain.h"
#include "report/leak_names.h"
#include "report/words.h"

#define MAX_FRAMES  16u
#define MAX_THROUGH 4u
#define MARGIN      "                " /* below a label */
#define UNNAMED     "from "            /* how types.c calls a type by its site */

struct text
{
  const struct gcg__leak_report *report;
  const struct gcg__leak_text_options *options;
  struct gcg__buffer *out;
};

enum style
{
  BOLD,
  GREY,
  WARNING,
  PLAIN
};

static void
style (const struct text *t, enum style style)
{
  static const char *const codes[] = { "\033[1m", "\033[2m", "\033[1;33m", "\033[0m" };
  if (t->options->colour)
    gcg__buffer_text (t->out, codes[style]);
}

/* "48 bytes in 3 blocks" */
static void
add_sum (const struct text *t, const struct gcg__totals *totals)
{
  gcg__words_number (t->out, totals->bytes, "byte");
  gcg__buffer_text (t->out, " in ");
  gcg__words_number (t->out, totals->objects, "block");
}

static void
label (const struct text *t, const char *name)
{
  style (t, GREY);
  gcg__buffer_format (t->out, "     %-11s", name);
  style (t, PLAIN);
}

/* The allocation stack of SITE; its first line goes on where the line is. */
static void
write_stack (const struct text *t, uint32_t site, const char *margin)
{
  struct gcg__frame frames[GCG__LEAK_FRAMES];
  uint32_t n = gcg__leak_frames (t->report->model, site, frames, GCG__LEAK_FRAMES);
  if (n == 0)
    gcg__buffer_text (t->out, "at a place that is not known\n");
  for (uint32_t i = 0; i < n && i < MAX_FRAMES; i++)
    {
      gcg__buffer_format (t->out, "%s%s ", i == 0 ? "" : margin, i == 0 ? "at" : "by");
      gcg__leak_frame (&frames[i], t->out);
      gcg__buffer_text (t->out, "\n");
    }
  if (n > MAX_FRAMES)
    gcg__buffer_format (t->out, "%sby %u more calls\n", margin, n - MAX_FRAMES);
}

/* The members of GROUP, each with its stack, after LABEL.  What a type is called by where the type
   is not known, its stack says as well. */
static void
write_members (const struct text *t, const struct gcg__leak_group *group, const char *name)
{
  struct gcg__leak_member members[GCG__LEAK_MEMBERS];
  uint32_t left_out, n = gcg__leak_members (t->report, group, members, &left_out);
  bool alone = n == 1 && group->kind != GCG__LEAK_INDIRECT;
  for (uint32_t i = 0; i < n; i++)
    {
      bool named = strncmp (members[i].type, UNNAMED, strlen (UNNAMED)) != 0;
      label (t, i == 0 ? name : "");
      if (named)
        gcg__buffer_format (t->out, "%s", members[i].type);
      if (!alone)
        {
          gcg__buffer_text (t->out, named ? ": " : "");
          add_sum (t, &members[i].totals);
        }
      if (named || !alone)
        gcg__buffer_text (t->out, "\n                  ");
      write_stack (t, members[i].site, named || !alone ? "                  " : MARGIN);
    }
  if (left_out == 0)
    return;
  label (t, "");
  gcg__buffer_text (t->out, "and from other places, ");
  gcg__words_number (t->out, left_out, "kind");
  gcg__buffer_text (t->out, " of cycles\n");
}

static bool
is_collected (const struct text *t)
{
  return (t->report->model->snapshot->info->flags & GCG__INFO_MALLOC) == 0;
}

/* What leaked cycles are called. */
static const char *
cycle_name (const struct text *t)
{
  return is_collected (t) ? "finalization cycle" : "leaked cycle";
}

/* "leaked cycle of 3 objects", "4 leaked cycles of 2 to 5 objects" */
static void
write_cycle_title (const struct text *t, const struct gcg__leak_group *group)
{
  if (group->n_cycles == 1)
    gcg__buffer_text (t->out, cycle_name (t));
  else
    gcg__words_number (t->out, group->n_cycles, cycle_name (t));
  gcg__buffer_text (t->out, " of ");
  if (group->least_objects != group->most_objects)
    gcg__buffer_format (t->out, "%s to ", gcg__word_count (group->least_objects).text);
  gcg__words_number (t->out, group->most_objects, "object");
}

static enum gcg_status
write_path (const struct text *t, const struct gcg__leak_group *group, struct gcg_error *error)
{
  struct gcg__explanation e;
  enum gcg_status status = gcg__explain_cycle (t->report->model, group->cycle, &e, error);
  if (status != GCG_OK)
    return status;
  label (t, group->n_cycles == 1 ? "path" : "biggest");
  gcg__buffer_format (t->out, "%s\n", gcg__buffer_string (&e.text));
  label (t, "cut");
  gcg__buffer_text (t->out, gcg__buffer_string (&e.edge));
  if (e.path->freed.objects == 0)
    gcg__buffer_text (t->out, ": that alone frees nothing, there are other pointers");
  else
    {
      gcg__buffer_text (t->out, ": frees ");
      add_sum (t, &e.path->freed);
    }
  if (e.everywhere.n > 0)
    gcg__buffer_format (t->out, "; cut %s in every object to leave no way round",
                        gcg__buffer_string (&e.everywhere));
  gcg__buffer_text (t->out, "\n");
  gcg__explanation_fini (&e);
  return GCG_OK;
}

/* What is leaked through group G: the groups after it, those that hold most. */
static void
write_through (const struct text *t, uint32_t g)
{
  const struct gcg__leak_report *r = t->report;
  struct gcg__totals rest = { 0 };
  uint32_t n = 0;
  if (r->groups[g].through.objects == 0)
    return;
  label (t, "through it");
  add_sum (t, &r->groups[g].through);
  gcg__buffer_text (t->out, " indirectly leaked\n");
  for (uint32_t i = g + 1; i < r->n_groups && r->groups[i].kind == GCG__LEAK_INDIRECT; i++)
    if (n++ < MAX_THROUGH)
      write_members (t, &r->groups[i], "");
    else
      {
        rest.objects += r->groups[i].own.objects;
        rest.bytes += r->groups[i].own.bytes;
      }
  if (n <= MAX_THROUGH)
    return;
  label (t, "");
  add_sum (t, &rest);
  gcg__buffer_format (t->out, " from %u other place%s\n", n - MAX_THROUGH,
                      n == MAX_THROUGH + 1 ? "" : "s");
}

static enum gcg_status
write_group (const struct text *t, uint32_t g, uint32_t number, struct gcg_error *error)
{
  const struct gcg__leak_report *r = t->report;
  const struct gcg__leak_group *group = &r->groups[g];
  enum gcg_status status = GCG_OK;
  gcg__buffer_format (t->out, "\n%3u. ", number);
  style (t, WARNING);
  if (group->kind == GCG__LEAK_OF_CYCLE)
    write_cycle_title (t, group);
  else
    gcg__buffer_text (t->out, gcg__leak_kind_name (group->kind));
  style (t, PLAIN);
  gcg__buffer_text (t->out, ": ");
  add_sum (t, &group->own);
  if (is_collected (t))
    gcg__buffer_text (t->out, group->kind == GCG__LEAK_OF_CYCLE
                                  ? ", never finalized and never freed"
                                  : ", uncollectable, and nothing points to it");
  gcg__buffer_text (t->out, "\n");
  if (group->kind == GCG__LEAK_OF_CYCLE)
    status = write_path (t, group, error);
  write_members (t, group, "allocated");
  write_through (t, g);
  if (group->parent != GCG__NONE)
    {
      label (t, "itself");
      gcg__buffer_format (t->out, "leaked through %s\n", r->groups[group->parent].names.signature);
    }
  label (t, "signature");
  gcg__buffer_format (t->out, "%s\n", group->names.signature);
  return status;
}

/* One line of the totals, unless it is of nothing and may be left out. */
static void
total (const struct text *t, const char *name, const struct gcg__totals *totals, bool always)
{
  if (always || totals->objects > 0)
    gcg__buffer_format (t->out, "  %-34s%15s%13s\n", name, gcg__word_count (totals->bytes).text,
                        gcg__word_count (totals->objects).text);
}

/* The same in the words of other leak checkers. */
static void
write_others (const struct text *t)
{
  const struct gcg__leak_report *r = t->report;
  total (t, "valgrind counts: definitely lost", &r->definite, true);
  total (t, "                 indirectly lost", &r->indirect, true);
  total (t, "                 possibly lost", &r->leaks->interior_only, true);
  total (t, "LeakSanitizer counts: direct", &r->direct, true);
  total (t, "                      indirect", &r->lsan_indirect, true);
}

static void
write_usage (const struct text *t)
{
  const struct gcg__usage *usage = t->report->model->snapshot->usage;
  if (usage == NULL)
    return;
  gcg__buffer_format (t->out, "  total heap usage: %s allocs, %s frees, %s bytes allocated\n",
                      gcg__word_count (usage->allocs).text, gcg__word_count (usage->frees).text,
                      gcg__word_count (usage->bytes).text);
  gcg__buffer_text (t->out, "  at most at one time: ");
  add_sum (t, &(struct gcg__totals){ usage->peak_blocks, usage->peak_bytes });
  gcg__buffer_text (t->out, "\n");
}

static void
write_totals (const struct text *t)
{
  const struct gcg__leak_report *r = t->report;
  const struct gcg__leaks *l = r->leaks;
  gcg__buffer_text (t->out, "\n");
  style (t, BOLD);
  gcg__buffer_text (t->out, "Totals                                       bytes       blocks\n");
  style (t, PLAIN);
  total (t, "leaked", &r->leaked, true);
  if (r->n_known > 0)
    total (t, "  not in the baseline", &r->fresh, true);
  total (t, "  reported before", &r->told, false);
  total (t, "suppressed", &r->suppressed, false);
  total (t, "ignored by the program", &l->ignored, false);
  total (t, "garbage that will be collected", &l->collectable, is_collected (t));
  total (t, "still reachable", &l->reachable, true);
  total (t, "reachable by inside pointers only", &l->interior_only, false);
  total (t, "  by pointers past their end only", &l->past_only, false);
  total (t, "of the C library itself", &r->library, false);
  if (!is_collected (t) && r->leaked.objects > 0)
    write_others (t);
  write_usage (t);
}

static void
write_rules (const struct text *t)
{
  const struct gcg__leak_report *r = t->report;
  bool used = false;
  for (uint32_t i = 0; i < r->rules.n; i++)
    if (r->used[i].objects > 0)
      {
        if (!used)
          {
            style (t, BOLD);
            gcg__buffer_text (
                t->out, "\nSuppressed                                   bytes       blocks\n");
            style (t, PLAIN);
          }
        used = true;
        gcg__buffer_text (t->out, "  ");
        gcg__buffer_format (t->out, "%49s%13s  ", gcg__word_count (r->used[i].bytes).text,
                            gcg__word_count (r->used[i].objects).text);
        gcg__buffer_clean (t->out, r->rules.list[i].text);
        gcg__buffer_text (t->out, "\n");
      }
  for (uint32_t i = 0; i < r->rules.n; i++)
    if (r->used[i].objects == 0)
      {
        const struct gcg__rule *rule = &r->rules.list[i];
        style (t, WARNING);
        gcg__buffer_text (t->out, "warning: ");
        style (t, PLAIN);
        gcg__buffer_clean (t->out, rule->from);
        gcg__buffer_format (t->out, ":%u: ", rule->line);
        gcg__buffer_clean (t->out, rule->text);
        gcg__buffer_text (t->out, " matches no leak: remove it if it never does\n");
      }
  if (r->rules_failure[0] != '\0')
    {
      style (t, WARNING);
      gcg__buffer_text (t->out, "warning: ");
      style (t, PLAIN);
      gcg__buffer_clean (t->out, r->rules_failure);
      gcg__buffer_text (t->out, "\n");
    }
}

static void
write_head (const struct text *t)
{
  const struct gcg__leak_report *r = t->report;
  const struct gcg__snapshot *s = r->model->snapshot;
  const char *program
      = t->options->program != NULL ? t->options->program : gcg__text (s, s->info->program);
  style (t, BOLD);
  gcg__buffer_clean (t->out, program[0] != '\0' ? program : t->options->name);
  style (t, PLAIN);
  gcg__buffer_format (t->out, "  pid %u", s->info->pid);
  if (t->options->when != NULL)
    gcg__buffer_format (t->out, ", %s", t->options->when);
  else if (s->info->flags & GCG__INFO_AT_EXIT)
    gcg__buffer_text (t->out, ", at its end");
  gcg__buffer_text (t->out, ": ");
  if (r->unseen != NULL)
    gcg__buffer_format (t->out, "%s; of malloc's blocks: ", r->unseen);
  if (r->leaked.objects == 0)
    gcg__buffer_text (t->out, r->unseen != NULL ? "none leaked" : "no leaks");
  else if (r->told.objects > 0)
    {
      gcg__buffer_text (t->out, "newly leaked ");
      add_sum (t, &r->fresh);
    }
  else
    {
      gcg__buffer_text (t->out, "leaked ");
      add_sum (t, &r->leaked);
    }
  if (r->n_cycles > 0)
    {
      gcg__buffer_text (t->out, ", ");
      gcg__words_number (t->out, r->n_cycles, cycle_name (t));
    }
  if (r->n_known > 0)
    {
      gcg__buffer_text (t->out, "; not in the baseline: ");
      add_sum (t, &r->fresh);
    }
  gcg__buffer_text (t->out, "\n");
}

enum gcg_status
gcg__leak_text_write (const struct gcg__leak_report *report,
                      const struct gcg__leak_text_options *options, struct gcg__buffer *out,
                      struct gcg_error *error)
{
  struct text t = { report, options, out };
  enum gcg_status status = GCG_OK;
  uint32_t number = 0;
  write_head (&t);
  for (uint32_t g = 0; g < report->n_groups && status == GCG_OK; g++)
    {
      if (report->groups[g].kind != GCG__LEAK_INDIRECT && !report->groups[g].known)
        status = write_group (&t, g, ++number, error);
    }
  write_totals (&t);
  write_rules (&t);
  return status != GCG_OK ? status : gcg__buffer_status (out, error);
}
