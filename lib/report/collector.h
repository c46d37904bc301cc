/* collector.h -- the collector's settings and figures, with what they mean. */
#ifndef GCG_REPORT_COLLECTOR_H
#define GCG_REPORT_COLLECTOR_H

#include "report/json.h"
#include "report/model.h"

/* Writes the member "collector": version, settings, statistics. */
void gcg__collector_write (const struct gcg__model *model, struct gcg__json *json);

#endif
