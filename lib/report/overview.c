/* overview.c -- the page /: figures of process and heap, what is wrong, the biggest types. */
#include <config.h>

#include "report/report.h"

#include "report/findings.h"
#include "report/process.h"

#define TOP_TYPES 5

static void
write_heap (const struct gcg__model *model, struct gcg__json *json)
{
  const struct gcg__snapshot *s = model->snapshot;
  uint64_t worst_ns = 0, last_ns = 0;
  for (uint32_t i = 0; i < s->n_collections; i++)
    {
      if (gcg__is_own_collection (s, &s->collections[i]))
        continue;
      last_ns = s->collections[i].pause_ns;
      if (last_ns > worst_ns)
        worst_ns = last_ns;
    }
  gcg__json_object (json, "heap");
  gcg__json_unsigned (json, "size_bytes", s->info->heap_bytes);
  gcg__json_unsigned (json, "live_bytes", model->analysis->reachable.bytes);
  gcg__json_unsigned (json, "free_bytes", s->info->free_bytes);
  gcg__json_unsigned (json, "unmapped_bytes", s->info->unmapped_bytes);
  gcg__json_unsigned (json, "since_gc_bytes", s->info->since_gc_bytes);
  gcg__json_unsigned (json, "collections", s->info->collections);
  gcg__json_unsigned (json, "pause_last_ns", last_ns);
  gcg__json_unsigned (json, "pause_worst_ns", worst_ns);
  gcg__json_end (json);
}

static void
write_collections (const struct gcg__snapshot *s, struct gcg__json *json)
{
  gcg__json_array (json, "collections");
  for (uint32_t i = 0; i < s->n_collections; i++)
    {
      const struct gcg__collection *c = &s->collections[i];
      gcg__json_object (json, NULL);
      gcg__json_unsigned (json, "number", c->number);
      gcg__json_real (json, "at_ms", (double)(int64_t)(c->start_ns - s->info->monotonic_ns) / 1e6);
      gcg__json_unsigned (json, "pause_ns", c->pause_ns);
      gcg__json_unsigned (json, "mark_ns", c->mark_ns);
      gcg__json_unsigned (json, "heap_bytes", c->heap_bytes);
      gcg__json_unsigned (json, "free_bytes", c->free_bytes);
      if (s->live != NULL && s->live[i] != 0)
        gcg__json_unsigned (json, "live_bytes", s->live[i]);
      else
        gcg__json_null (json, "live_bytes");
      gcg__json_end (json);
    }
  gcg__json_end (json);
}

static void
write_findings (const struct gcg__findings *findings, struct gcg__json *json)
{
  gcg__json_array (json, "findings");
  for (uint32_t i = 0; i < findings->n; i++)
    {
      const struct gcg__finding *finding = &findings->list[i];
      gcg__json_object (json, NULL);
      gcg__json_string (json, "severity", finding->warning ? "warning" : "info");
      gcg__json_string (json, "text", gcg__buffer_string (&finding->text));
      gcg__json_string (json, "href", finding->href);
      gcg__json_end (json);
    }
  gcg__json_end (json);
}

void
gcg__overview_totals (const struct gcg__model *model, struct gcg__json *json)
{
  const struct gcg__analysis *a = model->analysis;
  gcg__json_totals (json, "objects", a->all.objects, a->all.bytes);
  gcg__json_totals (json, "reachable", a->reachable.objects, a->reachable.bytes);
  gcg__json_totals (json, "garbage", a->garbage.objects, a->garbage.bytes);
  gcg__json_totals (json, "leaked", a->leaked.objects, a->leaked.bytes);
  gcg__json_unsigned (json, "components", a->n_components);
  gcg__json_unsigned (json, "cycles", a->n_cycles);
  gcg__json_unsigned (json, "finalization_cycles", a->n_finalization_cycles);
}

/* VERDICTS: NULL when the collector's marks were not compared with our own trace. */
static void
write_verdicts (const struct gcg__verdicts *verdicts, struct gcg__json *json)
{
  if (verdicts == NULL)
    {
      gcg__json_null (json, "verdicts");
      return;
    }
  gcg__json_object (json, "verdicts");
  gcg__json_unsigned (json, "compared", verdicts->compared);
  gcg__json_unsigned (json, "marked_only", verdicts->marked_only);
  gcg__json_unsigned (json, "reached_only", verdicts->reached_only);
  gcg__json_end (json);
}

void
gcg__overview_capture (const struct gcg__model *model, struct gcg__json *json)
{
  const struct gcg__info *info = model->snapshot->info;
  gcg__json_object (json, "capture");
  gcg__json_unsigned (json, "pause_ns", info->pause_ns);
  gcg__json_unsigned (json, "gc_mark_ns", info->mark_ns);
  gcg__json_unsigned (json, "total_ns", info->total_ns);
  gcg__json_bool (json, "in_place", (info->flags & GCG__INFO_IN_PLACE) != 0);
  write_verdicts (model->snapshot->verdicts, json);
  gcg__json_end (json);
}

enum gcg_status
gcg__overview_page (struct gcg__model *model, const struct gcg__frame_state *frame,
                    const struct gcg__process_text *live, struct gcg__json *json,
                    struct gcg_error *error)
{
  const struct gcg__snapshot *s = model->snapshot;
  struct gcg__findings findings;
  enum gcg_status status = gcg__findings_init (&findings, model, error);
  if (status != GCG_OK)
    return status;
  gcg__json_object (json, NULL);
  gcg__frame_write (frame, json);
  if (live != NULL)
    gcg__process_write (live->status, live->stat, json);
  else
    gcg__process_write (gcg__text (s, s->info->proc_status), gcg__text (s, s->info->proc_stat),
                        json);
  write_heap (model, json);
  gcg__overview_totals (model, json);
  gcg__types_rows (model, TOP_TYPES, json);
  write_findings (&findings, json);
  write_collections (s, json);
  gcg__overview_capture (model, json);
  gcg__json_end (json);
  gcg__findings_fini (&findings);
  return GCG_OK;
}

void
gcg__overview_waiting (const struct gcg__frame_state *frame, const struct gcg__process_text *live,
                       struct gcg__json *json)
{
  gcg__json_object (json, NULL);
  gcg__frame_write (frame, json);
  if (live != NULL)
    gcg__process_write (live->status, live->stat, json);
  gcg__json_end (json);
}
