/* survivors.c -- see survivors.h.
 *
 * Two sets of figures: those of the last collection, whose survivors may not have been counted yet,
 * and those that samples are made from.  A walk that the next collection overtakes is begun anew;
 * the third holds the lock from end to end.  A collection that is given up (an incremental one out
 * of time, ours before a snapshot) has taken the marks with it: until the next has marked there is
 * nothing to walk by.  The same holds after one that was not reported to us, because the program
 * had put its own handler of events in the place of ours.  An object that the program frees before
 * the walk comes by is never counted as a survivor, so that it must not be taken off the survivors
 * either, but it is to be taken off those of the collection before, for as long as samples are made
 * from them: frees compare the object's address with where the walk is, and count what it will miss
 * twice.
 *
 * Free slots of pointer-free kinds keep the tag of the object that died there, and are marked while
 * they lie in a thread's list: they are recognised by their link to another such slot (and so is,
 * by mistake, an object that nothing was written to since it was such a slot).  What the collector
 * keeps for itself is recognised by its shape (shapes.h).
 */
#include "survivors.h"

#include <string.h>

#include "arena.h"
#include "collector.h"
#include "freeze/freeze.h"
#include "gc_calls.h"
#include "freeze/heapwalk.h"
#include "freeze/maps.h"
#include "raw.h"
#include "freeze/shapes.h"
#include "site.h"
#include "tag.h"

#define PIECE_BLOCKS      256u /* 1 MiB */
#define MOST_TRIES        3
#define FETCH_AHEAD_BYTES 1024
#define MOST_THREAD_WORDS 512u /* of the collector's structure for a thread */
#define WALK_SHARE        100u /* of the time may be spent on walks: one part in so many */

struct site_figures
{
  struct gcg__count noted; /* when the last collection had marked */
  struct gcg__count then;  /* when the one had whose survivors these are: */
  struct gcg__live survivors;
  struct gcg__live counted; /* by the walk under way */
};

static struct site_figures *chunks[GCG__CHUNKS];
static uint64_t noted_collection, survivors_collection;
static bool any_noted, marks_gone;
static bool first_walk;
static uintptr_t walked_to = UINTPTR_MAX; /* addresses below it have been counted */

/* The figures of SITE, or NULL. */
static inline struct site_figures *
figures_of (uint32_t site)
{
  struct site_figures *chunk
      = __atomic_load_n (&chunks[site >> GCG__CHUNK_SHIFT], __ATOMIC_ACQUIRE);
  return chunk ? &chunk[site & (GCG__CHUNK - 1)] : NULL;
}

/* Chunk I, mapped when it is not yet there. */
static struct site_figures *
chunk_new (uint32_t i)
{
  if (!chunks[i])
    __atomic_store_n (&chunks[i], gcg__arena_take (GCG__CHUNK * sizeof **chunks), __ATOMIC_RELEASE);
  return chunks[i];
}

/* Notes the numbers of now in the figures of every site. */
static void
note_counts (void)
{
  struct gcg__count sums[64];
  uint32_t n = gcg__site_count ();

  for (uint32_t first = 0; first < n; first += 64)
    {
      struct site_figures *chunk = chunk_new (first >> GCG__CHUNK_SHIFT);
      uint32_t in_chunk = first & (GCG__CHUNK - 1);
      uint32_t more = n - first < 64 ? n - first : 64;
      if (!chunk)
        return;
      gcg__count_sum (first, more, sums);
      for (uint32_t i = 0; i < more; i++)
        chunk[in_chunk + i].noted = sums[i];
    }
}

void
gcg__survivors_marks_gone (void)
{
  marks_gone = true;
}

void
gcg__survivors_note_stopped (void)
{
  marks_gone = false;
  if (!gcg__counting)
    return;
  note_counts ();
  noted_collection = GC_get_gc_no ();
  any_noted = true;
  first_walk = false;
  __atomic_store_n (&walked_to, 0, __ATOMIC_RELEASE);
}

uint64_t
gcg__survivors_of (void)
{
  return survivors_collection;
}

/* Has the walk still to come by an object of BIRTH at ADDRESS that it would count? */
static bool
is_ahead (uint32_t birth, uintptr_t address)
{
  return address >= __atomic_load_n (&walked_to, __ATOMIC_ACQUIRE)
         && (first_walk || birth != ((uint32_t)noted_collection & TAG_BIRTH_MASK));
}

void
gcg__survivors_freed (uint32_t site, uint64_t bytes, uint32_t birth, uintptr_t address)
{
  struct gcg__count *count;

  if (!__atomic_load_n (&gcg__counting, __ATOMIC_RELAXED))
    return;
  count = gcg__count_of (site);
  if (!count)
    return;
  count->freed++;
  count->freed_bytes += bytes;
  if (is_ahead (birth, address))
    {
      count->missed++;
      count->missed_bytes += bytes;
    }
}

/* One that the walk has still to come by will be found at its new site; until then samples say that
   it is of the old one. */
void
gcg__survivors_moved (uint32_t site, uint64_t bytes, uint32_t birth, uintptr_t address, uint32_t to)
{
  if (is_ahead (birth, address))
    return;
  gcg__survivors_freed (site, bytes, birth, address);
  gcg__count_made (to, bytes);
}

/* A walk.  FIRST: no collection since counting began; what has been made since the last one before
   counts as well. */
struct walk
{
  struct gcg__freeze scratch; /* for the mappings */
  uint64_t collection;
  uint32_t n_sites; /* when it began */
  uint64_t map;     /* index of the next mapping */
  uint64_t at;      /* next address, 0 = the mapping's first */
  bool first, whole, begun, overtaken, done, failed;
};

/* Is the slot at BASE, of SIZE bytes, free and linked to another one?  Free slots of kinds with
   pointers are zero behind their link. */
static bool
is_free_slot (const uint64_t *base, size_t size, bool is_atomic)
{
  void *next = (void *)(uintptr_t)base[0];

  if (base[0] < (uintptr_t)GC_least_plausible_heap_addr
      || base[0] >= (uintptr_t)GC_greatest_plausible_heap_addr || GC_base (next) != next
      || GCG__GC (size) (next) != size)
    return false;
  for (size_t i = 1; !is_atomic && i < size / 8; i++)
    if (base[i])
      return false;
  return true;
}

/* As shapes.h asks. */
static uint64_t
slot_bytes_at (void *heap, uint64_t address)
{
  void *base = (void *)(uintptr_t)address;
  (void)heap;
  return address >= (uintptr_t)GC_least_plausible_heap_addr
                 && address < (uintptr_t)GC_greatest_plausible_heap_addr && GC_base (base) == base
             ? GCG__GC (size) (base)
             : 0;
}

static bool
is_entry (const uint64_t *words, uint64_t n)
{
  return shape_is_finalizer (words, n, slot_bytes_at, NULL)
         || shape_is_link (words, n, slot_bytes_at, NULL);
}

/* A hash table of entries. */
static bool
is_table (const uint64_t *words, uint64_t n)
{
  bool any = false;

  for (uint64_t i = 0; i < n; i++)
    {
      uint64_t bytes = words[i] ? slot_bytes_at (NULL, words[i]) : 0;
      if (words[i] && !(bytes && is_entry ((const uint64_t *)(uintptr_t)words[i], bytes / 8)))
        return false;
      any = any || words[i];
    }
  return any;
}

static bool
is_thread (const uint64_t *words, uint64_t n)
{
  if (n <= 2 * SHAPE_LIST_WORDS || n > MOST_THREAD_WORDS)
    return false;
  for (uint64_t i = 2 * SHAPE_LIST_WORDS; i < n; i++)
    if (words[i] == ~UINT64_C (0)
        && shape_is_lists (words + i - SHAPE_LIST_WORDS, slot_bytes_at, NULL))
      return true;
  return false;
}

/* Is the untagged object of N WORDS the collector's own? */
static bool
is_collectors (const uint64_t *words, uint64_t n)
{
  return n >= SHAPE_LEAST_WORDS
         && (is_entry (words, n) || is_table (words, n) || is_thread (words, n));
}

static inline void
count_survivor (struct walk *walk, uint32_t site, uint64_t bytes)
{
  struct site_figures *chunk;

  if (site >= walk->n_sites)
    site = 0; /* registered since */
  chunk = chunk_new (site >> GCG__CHUNK_SHIFT);
  if (!chunk)
    {
      walk->failed = true;
      return;
    }
  chunk[site & (GCG__CHUNK - 1)].counted.count++;
  chunk[site & (GCG__CHUNK - 1)].counted.bytes += bytes;
}

/* The slot at BASE. */
static void
walk_slot (struct walk *walk, char *base, size_t size, int kind)
{
  const uint64_t *place = tag_place (base, size);
  bool marked = GC_is_marked (base), tagged, is_new;

  /* Before the slot itself is read: most of what is dead is in no cache. */
  if (!marked && !walk->first)
    return;
  tagged = tag_valid (base, *place) && tag_fits (*place, size, gcg__site_count ());
  if (!tagged && kind > (int)GCG__KIND_ATOMIC_UNCOLLECTABLE && size >= 32)
    tagged = tag_valid (base, *--place) && tag_fits (*place, size, gcg__site_count ());
  is_new = tagged && tag_birth (*place) == ((uint32_t)walk->collection & TAG_BIRTH_MASK);
  if (is_new && !walk->first)
    return; /* made since: the counters have it */
  if (!marked && !is_new)
    return;
  if ((!tagged || kind == (int)GCG__KIND_ATOMIC)
      && is_free_slot ((const void *)base, size, kind == (int)GCG__KIND_ATOMIC))
    return;
  if (tagged)
    count_survivor (walk, tag_site (*place),
                    (uint64_t)((const char *)place - base) - tag_slack (place));
  else if (marked
           && !(kind == (int)GCG__KIND_NORMAL && is_collectors ((const void *)base, size / 8)))
    count_survivor (walk, 0, size);
}

/* The block that begins at AT, if one does, of a mapping that ends at END; returns its bytes. */
static uint64_t
walk_block (struct walk *walk, uint64_t at, uint64_t end)
{
  char *base = (void *)(uintptr_t)at;
  size_t size;
  int kind;

  if (GC_base (base) != base)
    return HEAP_BLOCK_BYTES;
  kind = GCG__GC (get_kind_and_size) (base, &size);
  if (size > HEAP_BLOCK_BYTES / 2)
    {
      if (at + size <= end)
        walk_slot (walk, base, size, kind);
      return (size + HEAP_BLOCK_BYTES - 1) / HEAP_BLOCK_BYTES * HEAP_BLOCK_BYTES;
    }
  for (char *slot = base; slot + size <= base + HEAP_BLOCK_BYTES; slot += size)
    {
      __builtin_prefetch (slot + FETCH_AHEAD_BYTES + size - 8);
      walk_slot (walk, slot, size, kind);
    }
  return HEAP_BLOCK_BYTES;
}

/* May there be heap in MAP? */
static bool
is_heap (const struct map *map)
{
  return map->readable && map->writable && !map->is_file
         && map->high > (uintptr_t)GC_least_plausible_heap_addr
         && map->low < (uintptr_t)GC_greatest_plausible_heap_addr;
}

/* Where the readable memory that begins with mapping I ends. */
static uint64_t
readable_end (const struct walk *walk, uint64_t i)
{
  const struct map *maps = walk->scratch.maps.data;

  while (i + 1 < walk->scratch.maps.n && maps[i + 1].low == maps[i].high && maps[i + 1].readable)
    i++;
  return maps[i].high;
}

/* The next blocks, about as many as LEFT. */
static void
walk_blocks (struct walk *walk, uint64_t left)
{
  const struct map *maps = walk->scratch.maps.data;

  while (left && walk->map < walk->scratch.maps.n)
    {
      const struct map *map = &maps[walk->map];
      if (is_heap (map))
        {
          uint64_t end = readable_end (walk, walk->map);
          if (!walk->at)
            walk->at = map->low;
          for (; left && walk->at < map->high; left--)
            walk->at += walk_block (walk, walk->at, end);
          if (walk->at < map->high)
            break;
        }
      walk->map++;
      walk->at = 0;
    }
  walk->done = walk->map >= walk->scratch.maps.n;
}

/* What has been counted becomes what samples are made from.  What the walk has missed counts as
   freed by then. */
static void
adopt (const struct walk *walk)
{
  struct gcg__count sums[64];
  uint32_t n = gcg__site_count ();

  for (uint32_t first = 0; first < n; first += 64)
    {
      struct site_figures *figures = figures_of (first);
      uint32_t more = n - first < 64 ? n - first : 64;
      if (!figures)
        continue;
      gcg__count_sum (first, more, sums);
      for (uint32_t i = 0; i < more; i++)
        {
          figures[i].survivors = figures[i].counted;
          figures[i].then = figures[i].noted;
          figures[i].then.freed += sums[i].missed - figures[i].noted.missed;
          figures[i].then.freed_bytes += sums[i].missed_bytes - figures[i].noted.missed_bytes;
        }
    }
  survivors_collection = walk->collection;
}

/* One piece, with the allocation lock held. */
static void *GC_CALLBACK
walk_piece (void *data)
{
  struct walk *walk = data;
  const struct map *maps = walk->scratch.maps.data;

  if (marks_gone || any_noted == walk->first
      || (any_noted
          && (noted_collection != walk->collection || GC_get_gc_no () != walk->collection)))
    {
      walk->overtaken = true;
      return NULL;
    }
  if (!walk->begun)
    {
      walk->begun = true;
      first_walk = walk->first;
      __atomic_store_n (&walked_to, 0, __ATOMIC_RELEASE);
      if (walk->first)
        note_counts ();
    }
  walk_blocks (walk, walk->whole ? UINT64_MAX : PIECE_BLOCKS);
  __atomic_store_n (&walked_to,
                    walk->done ? UINTPTR_MAX
                    : walk->at ? walk->at
                               : maps[walk->map].low,
                    __ATOMIC_RELEASE);
  if (walk->done && !walk->failed)
    adopt (walk);
  return NULL;
}

static void
forget_counted (void)
{
  for (uint32_t i = 0; i < GCG__CHUNKS && chunks[i]; i++)
    for (uint32_t j = 0; j < GCG__CHUNK; j++)
      chunks[i][j].counted = (struct gcg__live){ 0, 0 };
}

/* Walks once; false when a collection has overtaken it, or memory is out. */
static bool
walk_heap (struct walk *walk, bool whole)
{
  *walk = (struct walk){ .whole = whole, .first = !any_noted, .n_sites = gcg__site_count () };
  walk->collection = any_noted ? noted_collection : GC_get_gc_no ();
  forget_counted ();
  gcg__maps_read_stopped (&walk->scratch);
  walk->failed = walk->scratch.error != 0;
  while (!walk->done && !walk->overtaken && !walk->failed)
    GC_call_with_alloc_lock (walk_piece, walk);
  column_fini_stopped (&walk->scratch.maps);
  column_fini_stopped (COLUMN (&walk->scratch, STRINGS));
  return walk->done && !walk->failed;
}

bool
gcg__survivors_update (bool exact)
{
  static bool walked;
  static uint64_t walked_ns, walk_ns; /* when last, how long it took */
  uint64_t begin = raw_now (CLOCK_MONOTONIC);
  struct walk walk;
  int tries = 0;

  if (walked
      && (!any_noted || survivors_collection == noted_collection
          || (!exact && begin - walked_ns < WALK_SHARE * walk_ns)))
    return true;
  do
    walked = walk_heap (&walk, ++tries >= MOST_TRIES);
  while (!walked && walk.overtaken && tries < 2 * MOST_TRIES);
  walked_ns = raw_now (CLOCK_MONOTONIC);
  walk_ns = walked_ns - begin;
  return !walk.failed;
}

struct gcg__live
gcg__survivors_live (uint32_t site, const struct gcg__count *count)
{
  static const struct site_figures none;
  const struct site_figures *figures = figures_of (site);

  if (!figures)
    figures = &none;
  return gcg__count_alive (figures->survivors, &figures->then, count);
}
