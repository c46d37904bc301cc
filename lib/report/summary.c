/* summary.c -- what "gcglass report --json" says: the whole snapshot in one object. */
#include <config.h>

#include "report/report.h"

#include "report/hazard.h"
#include "report/kinds.h"

#define MAX_CYCLES  100u
#define MAX_HAZARDS 1000u

enum gcg_status
gcg__summary_write (struct gcg__model *model, struct gcg__json *json, struct gcg_error *error)
{
  const struct gcg__snapshot *s = model->snapshot;
  const struct gcg__analysis *a = model->analysis;
  gcg__json_object (json, NULL);
  gcg__json_string (json, "program", gcg__text (s, s->info->program));
  gcg__json_unsigned (json, "pid", s->info->pid);
  gcg__json_string (json, "description", gcg__text (s, s->info->description));
  gcg__overview_totals (model, json);
  gcg__types_rows (model, model->n_type_rows, json);
  enum gcg_status status = gcg__sites_rows (model, json, error);
  if (status != GCG_OK)
    return status;
  status = gcg__component_cycles (model, 0, a->n_cycles < MAX_CYCLES ? a->n_cycles : MAX_CYCLES,
                                  "cycle_list", json, error);
  if (status != GCG_OK)
    return status;
  status = gcg__kinds_of_garbage (model, json, error);
  if (status != GCG_OK)
    return status;
  gcg__hazard_rows (model, MAX_HAZARDS, json);
  gcg__json_unsigned (json, "collections", s->info->collections);
  gcg__overview_capture (model, json);
  gcg__json_end (json);
  return GCG_OK;
}
