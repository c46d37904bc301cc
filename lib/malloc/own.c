/* own.c -- see own.h.
 *
 * A breadth-first search from the data of the C library and the C++ library, from the C library's
 * thread-local data, control blocks and tables of keys, and from the streams that are open.  Cost:
 * that data, and the blocks found; the rest of the heap is not looked at.
 */
#include "own.h"

#include <stdio.h>

#include "areas.h"
#include "callers.h"
#include "freeze/heapwalk.h"
#include "freeze/keytables.h"
#include "freeze/maps.h"
#include "site.h"
#include "tag.h"
#include "thread.h"

#define MOST_STREAMS 65536u

/* Exported, and in no header. */
extern FILE *_IO_list_all;

struct search
{
  struct gcg__freeze *freeze;
  struct column areas;   /* struct gcg__range, still to be looked at */
  struct column visited; /* bytes, by object */
  bool any;
};

static void
push_stopped (struct search *search, uint64_t low, uint64_t high)
{
  struct gcg__range range = { low, high };
  COLUMN_PUSH (&search->areas, struct gcg__range, range, &search->freeze->error);
}

/* OBJECT, that was resolved last, has been visited? Says so, and that it is from now on. */
static bool
visit (struct search *search, uint32_t object)
{
  uint8_t *visited = (uint8_t *)search->visited.data + object;
  bool was = *visited;
  *visited = 1;
  return was;
}

/* Takes the object that was resolved last. */
static void
take_stopped (struct search *search)
{
  struct gcg__freeze *freeze = search->freeze;
  struct gcg__range range = { freeze->target, freeze->target + freeze->requested };
  struct heap_block *block = block_at_stopped (freeze, range.low);
  uint64_t distance;
  uint32_t slot;

  if (!block || !slot_at_stopped (block, range.low, &slot, &distance))
    return;
  rest_of_stopped (freeze, block)->taken[slot / 64] |= UINT64_C (1) << slot % 64;
  COLUMN_PUSH (&freeze->own, struct gcg__range, range, &freeze->error);
  push_stopped (search, range.low, range.high);
  search->any = true;
}

/* WORD leads to an own block, perhaps. */
static void
word_stopped (struct search *search, uint64_t word)
{
  struct gcg__freeze *freeze = search->freeze;
  uint32_t object, site;

  if (word < freeze->heap_low || word >= freeze->heap_high
      || !gcg__heap_resolve_stopped (freeze, word, false, &object))
    return;
  site = tag_site (((const uint64_t *)COLUMN (freeze, WORDS)->data)[object]);
  if (site == 0 || site >= gcg__site_count () || gcg__site_entry (site)->n_frames == 0
      || !gcg__caller_may_own (gcg__site_entry (site)->frames[0]) || visit (search, object))
    return;
  take_stopped (search);
}

/* The streams that are open: visited, so that they stay, and searched. */
static void
streams_stopped (struct search *search)
{
  struct gcg__freeze *freeze = search->freeze;
  FILE *stream = _IO_list_all;

  for (uint32_t i = 0; stream && i < MOST_STREAMS; i++)
    {
      FILE *next;
      uint32_t object;
      if (!gcg__peek_stopped ((uintptr_t)&stream->_chain, &next, sizeof next))
        return;
      if (gcg__heap_resolve_stopped (freeze, (uintptr_t)stream, false, &object)
          && !visit (search, object))
        push_stopped (search, freeze->target, freeze->target + freeze->requested);
      stream = next;
    }
}

/* What is the C library's of the thread with POINTER: its control block too, but for the keys that
   are in it. */
static void
thread_stopped (struct search *search, uint64_t pointer)
{
  struct gcg__range tls = gcg__c_library_tls (pointer);
  uint64_t control = gcg__control_low (pointer), tables[GCG__KEY_TABLES];
  uint32_t n = gcg__key_tables_stopped (control, control + gcg__control_bytes, tables);

  push_stopped (search, tls.low, tls.high);
  push_stopped (search, control, n ? tables[0] : control + gcg__control_bytes);
  if (n)
    push_stopped (search, tables[0] + GCG__KEY_TABLE_BYTES, control + gcg__control_bytes);
  uint64_t before = search->freeze->own.n;
  for (uint32_t i = 1; i < n; i++)
    word_stopped (search, tables[i]);
  if (gcg__looks & GCG__LOOK_NO_TLS) /* tables of keys are no leaks, but keep nothing */
    search->freeze->own.n = before;
}

static void
areas_stopped (struct search *search)
{
  static const enum gcg__library owners[] = { GCG__C_LIBRARY, GCG__CXX_LIBRARY };
  struct gcg__freeze *freeze = search->freeze;
  const struct map *maps = freeze->maps.data;
  uint32_t n_stopped;
  const struct gcg__stopped *stopped = gcg__thread_stopped (&n_stopped);

  for (uint32_t k = 0; k < sizeof owners / sizeof *owners; k++)
    {
      struct gcg__range module = gcg__libraries[owners[k]];
      for (uint64_t i = 0; i < freeze->maps.n; i++)
        if (maps[i].readable && maps[i].writable && maps[i].low < module.high
            && maps[i].high > module.low)
          push_stopped (search, maps[i].low > module.low ? maps[i].low : module.low,
                        maps[i].high < module.high ? maps[i].high : module.high);
    }
  for (uint32_t i = 0; i < n_stopped; i++)
    thread_stopped (search, stopped[i].thread_pointer);
  thread_stopped (search, (uintptr_t)__builtin_thread_pointer ());
}

bool
gcg__own_stopped (struct gcg__freeze *freeze)
{
  struct search search = { .freeze = freeze };

  if (!freeze->ranges.n
      || !column_reserve_stopped (&search.visited, 1, COLUMN (freeze, WORDS)->n + 1,
                                  &freeze->error))
    return false;
  streams_stopped (&search);
  areas_stopped (&search);
  for (uint64_t next = 0; next < search.areas.n && !freeze->error; next++)
    {
      struct gcg__range area = ((const struct gcg__range *)search.areas.data)[next];
      const struct map *map = gcg__maps_find_stopped (freeze, area.low);
      if (!map || !map->readable)
        continue;
      if (area.high > map->high)
        area.high = map->high;
      for (uint64_t at = (area.low + 7) & ~UINT64_C (7); at + 8 <= area.high; at += 8)
        word_stopped (&search, *(const uint64_t *)(uintptr_t)at);
    }
  column_fini_stopped (&search.areas);
  column_fini_stopped (&search.visited);
  return search.any;
}
