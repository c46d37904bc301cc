/* hazards.c -- see hazards.h.
 *
 * Every word is compared with the bounds of the heap and, if it lies between them, looked up like a
 * root.  Only words that point to unmarked objects are hazards, so a program in which the collector
 * sees everything has none, however much it has malloc'd; malloc'd blocks count only if they are
 * not garbage themselves (holders.h), disappearing links never.  The verdicts remain the
 * collector's: nothing here marks anything.
 *
 * A word that points to an uncollectable object legitimately holds it.  It becomes a root, so that
 * the object is not reported as lost; each block or area gets a region of its own.
 *
 * Runs in the child, while the program goes on; not at all where the child could not be made, since
 * the program would wait for it.  Cost: memory speed, for what is in use of malloc's memory.
 */
#include "hazards.h"

#include "heapwalk.h"
#include "holders.h"
#include "mallocwalk.h"
#include "peek.h"
#include "tls.h"

/* From here on pages that are not there are left out. */
#define LARGE_BYTES (UINT64_C (256) << 10)
#define PAGE_BYTES  UINT64_C (4096)

struct scan
{
  struct gcg__freeze *freeze;
  struct column areas;
  struct resident resident;
  struct column blocks; /* struct malloced */
  uint64_t left_out;
  uint64_t low, high; /* the area or block that is being looked through */
  uint32_t kind, thread;
  uint32_t region; /* its number, once it has roots */
  bool has_region;
  bool is_second; /* blocks are looked through again, for hazards alone */
};

/* The word at AT points to OBJECT, which nothing collects. */
static void
held_stopped (struct scan *scan, uint32_t object, uint64_t at)
{
  static const uint32_t kinds[]
      = { 0, GCG__REGION_TLS, GCG__REGION_TLS, GCG__REGION_EXPLICIT, GCG__REGION_STACK };
  uint32_t index = scan->kind == GCG__HAZARD_MALLOC ? GCG__EXPLICIT_MALLOC : scan->thread;
  struct gcg__freeze *freeze = scan->freeze;
  struct column *regions = COLUMN (freeze, REGIONS);

  if (!scan->has_region)
    {
      struct gcg__region region = { kinds[scan->kind], index, scan->low, scan->high };
      scan->region = (uint32_t)regions->n;
      scan->has_region = true;
      COLUMN_PUSH (regions, struct gcg__region, region, &freeze->error);
    }
  struct gcg__root root = { object, scan->region, at };
  COLUMN_PUSH (COLUMN (freeze, ROOTS), struct gcg__root, root, &freeze->error);
}

/* Is the word at AT a disappearing link, which the collector clears when it takes the object? */
static bool
is_link_stopped (const struct gcg__freeze *freeze, uint64_t at)
{
  const struct heap_link *links = freeze->links.data;
  uint64_t low = 0, high = freeze->links.n;

  while (low < high)
    {
      uint64_t middle = (low + high) / 2;
      if (links[middle].place < at)
        low = middle + 1;
      else
        high = middle;
    }
  return low < freeze->links.n && links[low].place == at;
}

/* The word at AT points to OBJECT, which the collector takes. */
static void
hazard_stopped (struct scan *scan, uint32_t object, uint64_t at)
{
  struct gcg__freeze *freeze = scan->freeze;
  struct column *hazards = COLUMN (freeze, HAZARDS);
  struct gcg__hazard hazard
      = { .object = object, .kind = scan->kind, .thread = scan->thread, .address = at };

  if (hazards->n == GCG__HAZARDS_MAX)
    scan->left_out++;
  else
    COLUMN_PUSH (hazards, struct gcg__hazard, hazard, &freeze->error);
}

/* WORD, at AT, points to OBJECT. */
static void
found_stopped (struct scan *scan, uint64_t word, uint32_t object, uint64_t at)
{
  struct gcg__freeze *freeze = scan->freeze;
  const uint64_t *words = COLUMN (freeze, WORDS)->data;
  struct malloced *block = (struct malloced *)scan->blocks.data + scan->blocks.n - 1;
  bool marked = words[object] >> GCG__WORD_FLAG_SHIFT & GCG__OBJECT_MARKED;
  uint32_t kind = marked ? rest_of_stopped (freeze, block_at_stopped (freeze, word))->kind : 0;

  if (marked
      && (scan->is_second
          || (kind != GCG__KIND_UNCOLLECTABLE && kind != GCG__KIND_ATOMIC_UNCOLLECTABLE)))
    return;
  if (!marked && is_link_stopped (freeze, at))
    return;
  /* Blocks of thread-local data and tables of keys may be malloc'd. */
  if (scan->kind == GCG__HAZARD_MALLOC && gcg__area_find_stopped (&scan->areas, at))
    return;
  if (marked)
    held_stopped (scan, object, at);
  else if (scan->kind != GCG__HAZARD_MALLOC || scan->is_second)
    hazard_stopped (scan, object, at);
  else
    block->points_to_garbage = true;
}

/* The words of [LOW, HIGH), both multiples of 8. */
static void
scan_words_stopped (struct scan *scan, uint64_t low, uint64_t high)
{
  struct gcg__freeze *freeze = scan->freeze;
  uint64_t heap_low = freeze->heap_low, heap_bytes = freeze->heap_high - heap_low;

  for (uint64_t at = low; at < high; at += 8)
    {
      uint64_t word = *(const uint64_t *)(uintptr_t)at;
      uint32_t object;
      if (word - heap_low < heap_bytes && gcg__heap_resolve_stopped (freeze, word, false, &object))
        found_stopped (scan, word, object, at);
    }
}

/* The same of an area or block; of a large one only pages that have memory. */
static void
scan_range_stopped (struct scan *scan, uint64_t low, uint64_t high)
{
  scan->low = low;
  scan->high = high;
  scan->has_region = false;
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
}

/* Notes the block. */
static bool
scan_block_stopped (void *state, uint64_t low, uint64_t high)
{
  struct scan *scan = state;
  struct malloced block = { .low = low, .high = high };

  COLUMN_PUSH (&scan->blocks, struct malloced, block, &scan->freeze->error);
  if (!scan->freeze->error)
    scan_range_stopped (scan, low, high);
  return scan->freeze->error == 0;
}

/* Records hazards of the blocks that point to garbage and are not garbage themselves. */
static void
scan_again_stopped (struct scan *scan)
{
  struct gcg__freeze *freeze = scan->freeze;
  const struct malloced *blocks = scan->blocks.data;
  bool any = false;

  for (uint64_t i = 0; i < scan->blocks.n; i++)
    any |= blocks[i].points_to_garbage;
  if (!any)
    return;
  gcg__holders_stopped (freeze, &scan->blocks, &scan->areas);
  scan->is_second = true;
  for (uint64_t i = 0; i < scan->blocks.n && !freeze->error; i++)
    if (blocks[i].points_to_garbage && (blocks[i].is_held || !blocks[i].is_of_garbage))
      scan_range_stopped (scan, blocks[i].low, blocks[i].high);
}

/* Memory of threads that the collector does not scan. */
static void
scan_areas_stopped (struct scan *scan)
{
  const struct area *areas = scan->areas.data;
  uint64_t end = 0;

  for (uint64_t i = 0; i < scan->areas.n; i++)
    {
      uint64_t low = areas[i].low > end ? areas[i].low : end;
      scan->kind = areas[i].kind;
      scan->thread = areas[i].thread;
      if (scan->kind != AREA_KNOWN && low < areas[i].high)
        scan_range_stopped (scan, low, areas[i].high);
      end = areas[i].high > end ? areas[i].high : end;
    }
}

void
gcg__hazards_stopped (struct gcg__freeze *freeze)
{
  struct scan scan = { .freeze = freeze };

  if (freeze->in_place || freeze->ranges.n == 0)
    return;
  gcg__tls_areas_stopped (freeze, &scan.areas);
  scan_areas_stopped (&scan);
  scan.kind = GCG__HAZARD_MALLOC;
  scan.thread = 0;
  gcg__malloc_walk_stopped (freeze, &scan.areas, scan_block_stopped, &scan);
  scan_again_stopped (&scan);
  gcg__column_sort_stopped (COLUMN (freeze, HAZARDS), UINT32_MAX);
  if (scan.left_out)
    {
      struct gcg__hazard rest = { .kind = GCG__HAZARD_REST, .address = scan.left_out };
      COLUMN_PUSH (COLUMN (freeze, HAZARDS), struct gcg__hazard, rest, &freeze->error);
    }
  column_fini_stopped (&scan.areas);
  column_fini_stopped (&scan.blocks);
}
