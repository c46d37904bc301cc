/* figures.h -- what the kernel says of a process, for a sample: read from the texts of its files in
 * /proc by the agent, which may not allocate, and by everybody else; proc(5).
 *
 * Pure; any thread.
 */
#ifndef GCG_RECORDING_FIGURES_H
#define GCG_RECORDING_FIGURES_H

#include <stdlib.h>
#include <string.h>

#include "recording/format.h"

/* The number behind "\nNAME:" in TEXT, times 1,024. */
static inline uint64_t
gcg__figure_kilobytes (const char *text, const char *name)
{
  const char *at = strstr (text, name);
  return at ? strtoull (at + strlen (name), NULL, 10) << 10 : 0;
}

/* Fills in what STATUS, the text of /proc/PID/status, says of memory. */
static inline void
gcg__figures_of_memory (const char *status, struct gcg__record_sample *sample)
{
  sample->virtual_bytes = gcg__figure_kilobytes (status, "\nVmSize:");
  sample->peak_resident_bytes = gcg__figure_kilobytes (status, "\nVmHWM:");
  sample->resident_bytes = gcg__figure_kilobytes (status, "\nVmRSS:");
  sample->shared_bytes = gcg__figure_kilobytes (status, "\nRssFile:")
                         + gcg__figure_kilobytes (status, "\nRssShmem:");
  sample->data_bytes = gcg__figure_kilobytes (status, "\nVmData:");
  sample->stack_bytes = gcg__figure_kilobytes (status, "\nVmStk:");
  sample->code_bytes = gcg__figure_kilobytes (status, "\nVmExe:");
  sample->library_bytes = gcg__figure_kilobytes (status, "\nVmLib:");
  sample->page_table_bytes = gcg__figure_kilobytes (status, "\nVmPTE:");
  sample->swap_bytes = gcg__figure_kilobytes (status, "\nVmSwap:");
}

/* Fills in page faults and threads: fields 10, 12 and 20 of STAT, the text of /proc/PID/stat, which
   begin behind the name's last parenthesis with field 3. */
static inline void
gcg__figures_of_faults (const char *stat, struct gcg__record_sample *sample)
{
  const char *at = strrchr (stat, ')');
  for (int field = 3; at && field <= 20; field++)
    {
      at = strchr (at + 1, ' ');
      if (at && field == 10)
        sample->minor_faults = strtoull (at, NULL, 10);
      else if (at && field == 12)
        sample->major_faults = strtoull (at, NULL, 10);
      else if (at && field == 20)
        sample->threads = (uint32_t)strtoull (at, NULL, 10);
    }
}

#endif
