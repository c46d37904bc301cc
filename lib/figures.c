/* figures.c -- see figures.h.  /proc/self/status and stat are read whole, by raw calls; proc(5). */
#include "figures.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "collector.h"
#include "sample/count.h"
#include "gc_calls.h"
#include "raw.h"

#define MOST_TEXT 4096

/* The whole of a small file as text. */
static void
read_text (const char *path, char text[MOST_TEXT])
{
  int fd = raw_open (path, O_RDONLY);
  long n = fd < 0 ? 0 : raw_read (fd, text, MOST_TEXT - 1);

  text[n > 0 ? n : 0] = 0;
  if (fd >= 0)
    raw_close (fd);
}

/* The number behind "\nNAME:" in TEXT, times 1,024. */
static uint64_t
kilobytes (const char *text, const char *name)
{
  const char *at = strstr (text, name);
  return at ? strtoull (at + strlen (name), NULL, 10) << 10 : 0;
}

static void
fill_memory (struct gcg__record_sample *sample)
{
  char text[MOST_TEXT];

  read_text ("/proc/self/status", text);
  sample->virtual_bytes = kilobytes (text, "\nVmSize:");
  sample->peak_resident_bytes = kilobytes (text, "\nVmHWM:");
  sample->resident_bytes = kilobytes (text, "\nVmRSS:");
  sample->shared_bytes = kilobytes (text, "\nRssFile:") + kilobytes (text, "\nRssShmem:");
  sample->data_bytes = kilobytes (text, "\nVmData:");
  sample->stack_bytes = kilobytes (text, "\nVmStk:");
  sample->code_bytes = kilobytes (text, "\nVmExe:");
  sample->library_bytes = kilobytes (text, "\nVmLib:");
  sample->page_table_bytes = kilobytes (text, "\nVmPTE:");
  sample->swap_bytes = kilobytes (text, "\nVmSwap:");
}

/* Fields 10, 12 and 20 of stat, which begin behind the name's last parenthesis with field 3. */
static void
fill_faults (struct gcg__record_sample *sample)
{
  char text[MOST_TEXT], *at;

  read_text ("/proc/self/stat", text);
  at = strrchr (text, ')');
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

void
gcg__figures_fill (struct gcg__record_sample *sample)
{
  struct GC_prof_stats_s stats = { 0 };

  fill_memory (sample);
  fill_faults (sample);
  GC_get_prof_stats (&stats, sizeof stats);
  sample->collections = GC_get_gc_no ();
  sample->heap_bytes = stats.heapsize_full;
  sample->free_bytes = stats.free_bytes_full - stats.unmapped_bytes;
  sample->unmapped_bytes = stats.unmapped_bytes;
  sample->since_gc_bytes = stats.bytes_allocd_since_gc;
  sample->allocated_bytes = stats.allocd_bytes_before_gc + stats.bytes_allocd_since_gc;
  gcg__collector_pauses (&sample->pause_last_ns, &sample->pause_worst_ns, &sample->pause_total_ns);
  sample->own_bytes = gcg__arena_bytes ();
}
