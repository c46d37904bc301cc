/* cache.h -- the per-thread part of malloc: lists of free blocks, and counts of allocations.
 *
 * A thread gets a cache at its first call; the cache of an exited thread passes, with its counts,
 * to the next new thread.  Only its own thread writes to it, except where noted.
 *
 * Peaks are those of all threads together.  While there is one cache it notes its own.  With more,
 * all are summed up whenever one has grown by its share of what is left below the peak: no peak is
 * missed, and while the program is well below its peak, as it usually is, threads share nothing.
 * Cost: a load and a comparison for each block.
 */
#ifndef GCG_CACHE_H
#define GCG_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent_root.h"
#include "blocks.h"
#include "sample/count.h"
#include "sample/survivors.h"
#include "site.h"
#include "tag.h"

#define GRANULE    GCG__GRANULE
#define MOST_SMALL 2032u /* bytes of a slot: libgc adds one, and 2,048 are small to it */
#define CLASSES    (MOST_SMALL / GRANULE + 1)
#define PAGE_SHIFT GCG__PAGE_SHIFT
#define PAGE       ((size_t)1 << PAGE_SHIFT)
#define MOST_PAGES 16u /* of a block that waits on a list */

struct list
{
  void *first;
  uint32_t n;
};

struct cache
{
  struct cache *next; /* all there are */
  bool busy, ending;  /* ENDING: its thread is about to go */
  pid_t process, thread;
  struct list lists[CLASSES], spares[CLASSES]; /* at most a batch each */
  struct list pages[MOST_PAGES + 1];
  struct gcg__counts *counts;
  int64_t allocs, frees, bytes, freed; /* FREED: bytes */
  int64_t summed;                      /* bytes alive when all were last summed up */
  int64_t peak_blocks, peak_bytes;     /* while there is one cache only */
};

extern _Thread_local struct cache *gcg__cache_mine;
extern int64_t gcg__cache_share; /* by which a cache may grow before all are summed up again */

/* Returns a cache for this thread, which has none yet; NULL: out of memory. */
struct cache *gcg__cache_join (void);

/* Notes the peak, if this is one. */
void gcg__cache_sum_up (void);

/* Lock the list of caches across a fork; FORKED: called in the child. */
void gcg__caches_lock (void);
void gcg__caches_unlock (bool forked);

static inline struct cache *
gcg__cache (void)
{
  return gcg__cache_mine ? gcg__cache_mine : gcg__cache_join ();
}

static inline int64_t
live_in (const struct cache *cache)
{
  return cache->bytes - cache->freed;
}

/* A thread's own peak, which is the process's while there is no other cache, lies where something
   is freed, or now.  With more there is a peak where a thread grows by more than its share. */
static inline void
note_peak (struct cache *cache)
{
  if (live_in (cache) > cache->peak_bytes)
    {
      cache->peak_bytes = live_in (cache);
      cache->peak_blocks = cache->allocs - cache->frees;
    }
}

static inline void
add_new (struct cache *cache, size_t bytes)
{
  cache->allocs++;
  cache->bytes += (int64_t)bytes;
  if (__builtin_expect (live_in (cache) - __atomic_load_n (&cache->summed, __ATOMIC_RELAXED)
                            > __atomic_load_n (&gcg__cache_share, __ATOMIC_RELAXED),
                        0))
    gcg__cache_sum_up ();
}

/* A block of BYTES; SYSTEM as in gcg__block_new. */
static inline void
count_new (struct cache *cache, size_t bytes, uint32_t site, bool system)
{
  if (__builtin_expect (system, 0) && site == GCG__SITE_OF_AGENT)
    return;
  if (__builtin_expect (__atomic_load_n (&gcg__counting, __ATOMIC_RELAXED), 0) && !system)
    gcg__count_made (gcg__site_original (site), bytes);
  add_new (cache, bytes);
}

static inline void
add_freed (struct cache *cache, size_t bytes)
{
  note_peak (cache);
  cache->frees++;
  cache->freed += (int64_t)bytes;
}

/* A block of BYTES, whose tag is at PLACE and is TAG. */
static inline void
count_freed (struct cache *cache, size_t bytes, const uint64_t *place, uint64_t tag, bool system)
{
  if (__builtin_expect (system, 0) && tag_site (tag) == GCG__SITE_OF_AGENT)
    return;
  if (__builtin_expect (__atomic_load_n (&gcg__counting, __ATOMIC_RELAXED), 0) && !system)
    gcg__survivors_freed (gcg__site_original (tag_site (tag)), bytes, tag_birth (tag),
                          (uintptr_t)place);
  add_freed (cache, bytes);
}

#endif
