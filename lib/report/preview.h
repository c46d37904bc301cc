/* preview.h -- the first bytes of an object, when the snapshot holds contents. */
#ifndef GCG_REPORT_PREVIEW_H
#define GCG_REPORT_PREVIEW_H

#include "report/json.h"
#include "snapshot/snapshot.h"

/* Writes the member "preview": {hex, text}, or null without contents. */
void gcg__preview_write (const struct gcg__snapshot *snapshot, const struct gcg__object *object,
                         struct gcg__json *json);

#endif
