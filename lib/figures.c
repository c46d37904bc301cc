/* figures.c -- see figures.h.  /proc/self/status and stat are read whole, by raw calls. */
#include "figures.h"

#include "arena.h"
#include "collector.h"
#include "sample/count.h"
#include "gc_calls.h"
#include "raw.h"
#include "recording/figures.h"

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

void
gcg__figures_fill (struct gcg__record_sample *sample)
{
  struct GC_prof_stats_s stats = { 0 };
  char text[MOST_TEXT];

  read_text ("/proc/self/status", text);
  gcg__figures_of_memory (text, sample);
  read_text ("/proc/self/stat", text);
  gcg__figures_of_faults (text, sample);
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
