/* process.h -- the memory figures of a process, from the text of /proc/PID/status and stat. */
#ifndef GCG_REPORT_PROCESS_H
#define GCG_REPORT_PROCESS_H

#include "report/json.h"

/* Writes the member "process"; what the text lacks is null.  Null texts count as empty. */
void gcg__process_write (const char *status, const char *stat, struct gcg__json *json);

/* Writes the member "smaps" from the text of /proc/PID/smaps_rollup: how much is shared with other
   processes; null when SMAPS is NULL. */
void gcg__process_write_smaps (const char *smaps, struct gcg__json *json);

#endif
