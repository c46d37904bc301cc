/* findings.c -- see findings.h.
 *
 * Each look_... function looks for one thing and adds a finding when it is there: what is wrong
 * first, then what is worth knowing.  The thresholds are where a person would want to know: they
 * are named below.
 */
#include <config.h>

#include "report/findings.h"

#include <stdio.h>
#include <string.h>

#include "report/explain.h"
#include "report/hazard.h"
#include "report/words.h"

#define LONG_PAUSE_NS     100000000u /* of the program, by one collection */
#define MUCH_FREE_PERCENT 50u        /* of the heap */
#define MUCH_FREE_BYTES   ((uint64_t)8 << 20)
#define TOLD_HOLDERS      4u  /* of what the collector takes */
#define NO_SITE_PERCENT   10u /* of the objects */

/* A new finding, or the last one's place again when there are too many. */
static struct gcg__buffer *
add (struct gcg__findings *findings, bool warning, const char *href)
{
  struct gcg__finding *finding = &findings->list[findings->n];
  if (findings->n + 1 < GCG__FINDINGS)
    findings->n++;
  gcg__buffer_fini (&finding->text);
  finding->warning = warning;
  snprintf (finding->href, sizeof finding->href, "%s", href);
  return &finding->text;
}

/* The first cycle with VERDICT (cycles come sorted by the size of their component), how many there
   are and what they hold. */
static uint32_t
count_cycles (const struct gcg__model *model, enum gcg__verdict verdict, uint32_t *first,
              uint64_t *bytes)
{
  uint32_t n = 0;
  *bytes = 0;
  for (uint32_t c = 0; c < model->analysis->n_cycles; c++)
    {
      if (gcg__model_cycle_verdict (model, c) != verdict)
        continue;
      if (n++ == 0)
        *first = c;
      const struct gcg__cycle *cycle = &model->analysis->cycles[c];
      *bytes += verdict == GCG__FINALIZATION_CYCLE ? cycle->kept.bytes : cycle->bytes;
    }
  return n;
}

static enum gcg_status
look_for_cycles (struct gcg__findings *findings, struct gcg__model *model,
                 enum gcg__verdict verdict, struct gcg_error *error)
{
  uint32_t first;
  uint64_t bytes;
  uint32_t n = count_cycles (model, verdict, &first, &bytes);
  if (n == 0)
    return GCG_OK;
  char href[32];
  snprintf (href, sizeof href, "/garbage/%u", model->analysis->cycles[first].component + 1);
  struct gcg__buffer *out = add (findings, verdict != GCG__CYCLE, href);
  gcg__words_number (out, n, gcg__verdict_name (verdict));
  const char *holds = n == 1 ? "holds" : "hold";
  if (verdict == GCG__FINALIZATION_CYCLE)
    gcg__buffer_format (out, " %s %s that is never finalized nor freed: ", holds,
                        gcg__word_size (bytes).text);
  else if (verdict == GCG__LEAKED_CYCLE)
    gcg__buffer_format (out, " %s %s that nothing frees: ", holds, gcg__word_size (bytes).text);
  else
    gcg__buffer_format (
        out, " %s %s that the collector reclaims now, and reference counts would not: ", holds,
        gcg__word_size (bytes).text);
  return gcg__explain_path (model, first, out, error);
}

/* Of malloc'd blocks all garbage is leaked, on cycles or not. */
static void
look_for_leaked_blocks (struct gcg__findings *findings, const struct gcg__model *model)
{
  const struct gcg__analysis *a = model->analysis;
  if (!gcg__model_is_malloc (model) || a->leaked.objects == a->on_cycles.objects)
    return;
  struct gcg__buffer *out = add (findings, true, "/garbage");
  gcg__words_number (out, a->leaked.objects, "block");
  gcg__buffer_format (out, " of malloc, %s, %s leaked: no root leads to %s; ",
                      gcg__word_size (a->leaked.bytes).text, a->leaked.objects == 1 ? "is" : "are",
                      a->leaked.objects == 1 ? "it" : "them");
  gcg__words_number (out, a->leaked.objects - a->on_cycles.objects, "block");
  gcg__buffer_format (out, ", %s, on no cycle",
                      gcg__word_size (a->leaked.bytes - a->on_cycles.bytes).text);
}

static void
look_for_lost_uncollectable (struct gcg__findings *findings, const struct gcg__model *model)
{
  uint32_t n = model->analysis->n_lost_uncollectable;
  if (n == 0)
    return;
  struct gcg__buffer *out = add (findings, true, "/types");
  gcg__words_number (out, n, "uncollectable object");
  gcg__buffer_format (out, " that nothing points to %s leaked: only GC_FREE reclaims %s",
                      n == 1 ? "is" : "are", n == 1 ? "it" : "them");
}

/* What is taken while it may be in use.  CERTAIN: what surely points to it, else what perhaps
   does. */
static void
look_for_hazards (struct gcg__findings *findings, const struct gcg__model *model, bool certain)
{
  struct gcg__hazard_sum sum;
  gcg__hazard_sum (model, certain, &sum);
  if (sum.objects == 0)
    return;
  struct gcg__buffer *out = add (findings, certain, "/garbage#hazards");
  gcg__words_number (out, sum.objects, "object");
  gcg__buffer_format (out, " will be reclaimed although %s", certain ? "" : "perhaps ");
  const uint32_t told = sum.n <= TOLD_HOLDERS ? sum.n : TOLD_HOLDERS - 1;
  for (uint32_t i = 0; i < told; i++)
    {
      gcg__buffer_text (out, i == 0 ? "" : i + 1 == sum.n ? " and " : ", ");
      gcg__hazard_holder (model, sum.holders[i].kind, sum.holders[i].thread, out);
    }
  if (told < sum.n)
    {
      gcg__buffer_text (out, " and ");
      gcg__words_number (out, sum.n - told, "other place");
    }
  const bool many = sum.n > 1 || sum.holders[0].kind == GCG__HAZARD_KEY;
  gcg__buffer_format (out, " %s to %s", many ? "point" : "points",
                      sum.objects == 1 ? "it" : "them");
  if (!certain)
    gcg__buffer_text (out, ": such words may be left over");
}

/* The snapshot's own collection is not the program's. */
static void
look_at_pauses (struct gcg__findings *findings, const struct gcg__snapshot *snapshot)
{
  const struct gcg__collection *worst = NULL;
  for (uint32_t i = 0; i < snapshot->n_collections; i++)
    if (!gcg__is_own_collection (snapshot, &snapshot->collections[i])
        && (worst == NULL || snapshot->collections[i].pause_ns > worst->pause_ns))
      worst = &snapshot->collections[i];
  if (worst == NULL || worst->pause_ns < LONG_PAUSE_NS)
    return;
  gcg__buffer_format (add (findings, true, "/"), "Collection %llu stopped the program for %s",
                      (unsigned long long)worst->number, gcg__word_duration (worst->pause_ns).text);
}

static void
look_at_heap (struct gcg__findings *findings, const struct gcg__info *info)
{
  if (info->heap_bytes == 0 || info->free_bytes < MUCH_FREE_BYTES
      || info->free_bytes / MUCH_FREE_PERCENT < info->heap_bytes / 100)
    return;
  gcg__buffer_format (add (findings, false, "/"),
                      "%s of the heap (%s) is free and stays with the program",
                      gcg__word_share (info->free_bytes, info->heap_bytes).text,
                      gcg__word_size (info->free_bytes).text);
}

static void
look_at_garbage (struct gcg__findings *findings, const struct gcg__model *model)
{
  const struct gcg__analysis *a = model->analysis;
  if (a->garbage.objects <= a->leaked.objects)
    return;
  struct gcg__buffer *out = add (findings, false, "/garbage");
  gcg__buffer_format (out, "%s of all bytes (",
                      gcg__word_share (a->garbage.bytes, a->all.bytes).text);
  gcg__words_number (out, a->garbage.objects, "object");
  gcg__buffer_format (out, ", %s) is garbage that this collection found",
                      gcg__word_size (a->garbage.bytes).text);
}

static void
look_at_sites (struct gcg__findings *findings, const struct gcg__model *model)
{
  uint64_t n = 0, all = model->analysis->all.objects;
  for (uint32_t u = 0; u < model->histogram->n_untagged; u++)
    n += model->histogram->untagged[u].count.all.objects;
  if (n == 0 || n / NO_SITE_PERCENT < all / 100)
    return;
  gcg__buffer_format (add (findings, false, "/types"),
                      "%s of the objects have no site: they came from inlined free lists, or from "
                      "before gcglass was there",
                      gcg__word_share (n, all).text);
}

static void
look_at_capture (struct gcg__findings *findings, const struct gcg__model *model)
{
  if (model->snapshot->info->flags & GCG__INFO_IN_PLACE)
    gcg__buffer_format (add (findings, false, "/"),
                        "The program could not be cloned: it stood still for %s while this "
                        "snapshot was written",
                        gcg__word_duration (model->snapshot->info->pause_ns).text);
}

/* Objects that the collector has not marked, although a trace of ours reaches them. */
static void
look_for_mistakes (struct gcg__findings *findings, const struct gcg__verdicts *verdicts)
{
  if (verdicts == NULL || verdicts->reached_only == 0)
    return;
  struct gcg__buffer *out = add (findings, true, "/garbage");
  gcg__words_number (out, verdicts->reached_only, "object");
  gcg__buffer_text (out, verdicts->reached_only == 1 ? " is" : " are");
  gcg__buffer_text (out, " garbage to the collector, although gcglass finds a way there");
}

/* The other way round. */
static void
look_for_leftovers (struct gcg__findings *findings, const struct gcg__verdicts *verdicts)
{
  if (verdicts == NULL || verdicts->marked_only == 0)
    return;
  struct gcg__buffer *out = add (findings, false, "/");
  gcg__words_number (out, verdicts->marked_only, "object");
  gcg__buffer_text (out, verdicts->marked_only == 1 ? " is" : " are");
  gcg__buffer_text (out, " kept by the collector, although gcglass finds no way there: a word left "
                         "over on the collecting thread's stack, perhaps");
}

/* When nothing is wrong: what was looked at. */
static void
say_all_is_well (struct gcg__findings *findings, const struct gcg__model *model)
{
  const struct gcg__analysis *a = model->analysis;
  struct gcg__buffer *out = add (findings, false, "/garbage");
  if (a->all.objects == 0)
    gcg__buffer_text (out, "The heap has no objects");
  else if (a->garbage.objects == 0 && a->all.objects == 1)
    gcg__buffer_text (out, "No garbage: the only object is reachable");
  else if (a->garbage.objects == 0)
    {
      gcg__buffer_text (out, "No garbage: all ");
      gcg__words_number (out, a->all.objects, "object");
      gcg__buffer_text (out, " are reachable");
    }
  else
    gcg__buffer_text (out, "Nothing leaks: no cycle keeps anything from being reclaimed");
  gcg__buffer_text (out, "; looked at ");
  gcg__words_number (out, model->snapshot->n_regions, "root area");
  gcg__buffer_text (out, " and ");
  gcg__words_number (out, model->snapshot->n_threads, "thread");
}

enum gcg_status
gcg__findings_init (struct gcg__findings *findings, struct gcg__model *model,
                    struct gcg_error *error)
{
  memset (findings, 0, sizeof *findings);
  look_for_hazards (findings, model, true);
  enum gcg_status status = look_for_cycles (findings, model, GCG__FINALIZATION_CYCLE, error);
  if (status == GCG_OK)
    status = look_for_cycles (findings, model, GCG__LEAKED_CYCLE, error);
  look_for_leaked_blocks (findings, model);
  look_for_lost_uncollectable (findings, model);
  look_for_mistakes (findings, model->snapshot->verdicts);
  const bool leaks = findings->n > 0;
  look_at_pauses (findings, model->snapshot);
  if (!leaks)
    say_all_is_well (findings, model);
  if (status == GCG_OK)
    status = look_for_cycles (findings, model, GCG__CYCLE, error);
  look_for_hazards (findings, model, false);
  look_at_garbage (findings, model);
  look_at_sites (findings, model);
  look_at_heap (findings, model->snapshot->info);
  look_at_capture (findings, model);
  look_for_leftovers (findings, model->snapshot->verdicts);
  for (uint32_t i = 0; i < findings->n && status == GCG_OK; i++)
    status = gcg__buffer_status (&findings->list[i].text, error);
  if (status != GCG_OK)
    gcg__findings_fini (findings);
  return status;
}

void
gcg__findings_fini (struct gcg__findings *findings)
{
  for (uint32_t i = 0; i < GCG__FINDINGS; i++)
    gcg__buffer_fini (&findings->list[i].text);
  findings->n = 0;
}
