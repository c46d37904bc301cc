/* hazards.c -- see hazards.h.
 *
 * Every word is compared with the bounds of the heap and, if it lies between them, looked up like a
 * root.  Only words that point to objects without a mark are kept, so a program in which the
 * collector sees everything has none, however much it has malloc'd.  The verdicts are the
 * collector's: nothing here marks anything.
 *
 * Runs in the child, while the program goes on; not at all where the child could not be made, since
 * the program would wait for it.  Cost: memory speed, for what is in use of malloc's memory.
 */
#include "hazards.h"

#include "heapwalk.h"
#include "mallocwalk.h"
#include "tls.h"

/* From here on pages that are not there are left out. */
#define LARGE_BYTES (UINT64_C (256) << 10)
#define PAGE_BYTES  UINT64_C (4096)

struct scan
{
  struct gcg__freeze *freeze;
  struct column areas;
  struct resident resident;
  uint64_t left_out;
  uint32_t kind, thread;
};

static void
found_stopped (struct scan *scan, uint32_t object, uint64_t at)
{
  struct gcg__freeze *freeze = scan->freeze;
  struct column *hazards = COLUMN (freeze, HAZARDS);
  struct gcg__hazard hazard
      = { .object = object, .kind = scan->kind, .thread = scan->thread, .address = at };

  /* Blocks of thread-local data and tables of keys may be malloc'd. */
  if (scan->kind == GCG__HAZARD_MALLOC && gcg__area_find_stopped (&scan->areas, at))
    return;
  if (hazards->n == GCG__HAZARDS_MAX)
    scan->left_out++;
  else
    COLUMN_PUSH (hazards, struct gcg__hazard, hazard, &freeze->error);
}

/* The words of [LOW, HIGH), both multiples of 8. */
static void
scan_words_stopped (struct scan *scan, uint64_t low, uint64_t high)
{
  struct gcg__freeze *freeze = scan->freeze;
  const uint64_t *words = COLUMN (freeze, WORDS)->data;
  uint64_t heap_low = freeze->heap_low, heap_bytes = freeze->heap_high - heap_low;

  for (uint64_t at = low; at < high; at += 8)
    {
      uint64_t word = *(const uint64_t *)(uintptr_t)at;
      uint32_t object;
      if (word - heap_low < heap_bytes && gcg__heap_resolve_stopped (freeze, word, false, &object)
          && !(words[object] >> GCG__WORD_FLAG_SHIFT & GCG__OBJECT_MARKED))
        found_stopped (scan, object, at);
    }
}

/* The same; of a large range only pages that have memory. */
static bool
scan_block_stopped (void *state, uint64_t low, uint64_t high)
{
  struct scan *scan = state;

  if (high - low < LARGE_BYTES)
    scan_words_stopped (scan, low, high);
  else
    while (low < high)
      {
        uint64_t end = (low & -PAGE_BYTES) + PAGE_BYTES;
        end = end < high ? end : high;
        if (gcg__resident_stopped (&scan->resident, low))
          scan_words_stopped (scan, low, end);
        low = end;
      }
  return scan->freeze->error == 0;
}

void
gcg__hazards_stopped (struct gcg__freeze *freeze)
{
  struct scan scan = { .freeze = freeze };
  const struct area *areas;
  uint64_t end = 0;

  if (freeze->in_place || freeze->ranges.n == 0)
    return;
  gcg__tls_areas_stopped (freeze, &scan.areas);
  areas = scan.areas.data;
  for (uint64_t i = 0; i < scan.areas.n; i++)
    {
      uint64_t low = areas[i].low > end ? areas[i].low : end;
      scan.kind = areas[i].kind;
      scan.thread = areas[i].thread;
      if (scan.kind != AREA_KNOWN && low < areas[i].high)
        scan_block_stopped (&scan, low, areas[i].high);
      end = areas[i].high > end ? areas[i].high : end;
    }
  scan.kind = GCG__HAZARD_MALLOC;
  scan.thread = 0;
  gcg__malloc_walk_stopped (freeze, &scan.areas, scan_block_stopped, &scan);
  gcg__column_sort_stopped (COLUMN (freeze, HAZARDS), UINT32_MAX);
  if (scan.left_out)
    {
      struct gcg__hazard rest = { .kind = GCG__HAZARD_REST, .address = scan.left_out };
      COLUMN_PUSH (COLUMN (freeze, HAZARDS), struct gcg__hazard, rest, &freeze->error);
    }
  column_fini_stopped (&scan.areas);
}
