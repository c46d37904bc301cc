/* cache.c -- see cache.h.
 *
 * Caches hang on a thread-local pointer.  (Not a key of pthread_key_create: the program may use all
 * keys, and may allocate after destructors have run.)
 */
#include "cache.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "confined.h"
#include "raw.h"
#include "root.h"
#include "signals.h"

#define EXACT_PEAK  1048576 /* a peak of no more, with FEW_CACHES, is known to the byte */
#define FEW_CACHES  8
#define COARSE_PEAK 14 /* larger ones to a part of 2^14 for each thread */
#define EACH_CACHE  64 /* bytes of growth that pay for a look at a cache */

_Thread_local struct cache *gcg__cache_mine;
int64_t gcg__cache_share = INT64_MAX;

static struct cache *caches;
static gcg__lock caches_lock = GCG__LOCK_INIT;
static unsigned n_caches;
static uint32_t n_to_search = 16;       /* from so many caches on, search for exited threads */
static int64_t peak_blocks, peak_bytes; /* with more than one cache */
static bool summing;

void
gcg__blocks_leave (void)
{
  if (gcg__cache_mine)
    __atomic_store_n (&gcg__cache_mine->ending, true, __ATOMIC_RELEASE);
}

/* Finds a cache of this process whose thread has exited: among those marked as ending or, when
   there are many caches, among all. */
static struct cache *
find_left (pid_t process)
{
  bool all = n_caches >= n_to_search;

  if (gcg__confined)
    return NULL;
  for (struct cache *cache = caches; cache; cache = cache->next)
    if ((all || cache->ending) && cache->process == process
        && syscall (SYS_tgkill, process, cache->thread, 0) < 0 && errno == ESRCH)
      return cache;
  if (all)
    n_to_search = 2 * n_caches;
  return NULL;
}

struct cache *
gcg__cache_join (void)
{
  struct cache *cache;
  pid_t process = gcg__confined ? (pid_t)gcg__agent_root.pid : (pid_t)syscall (SYS_getpid);
  uint64_t signals = gcg__signals_wait ();
  int old_errno = errno;

  gcg__lock_take (&caches_lock);
  cache = find_left (process);
  if (!cache && (cache = gcg__arena_take (sizeof *cache)))
    {
      cache->next = caches;
      if (n_caches == 1)
        {
          note_peak (caches);
          peak_blocks = caches->peak_blocks;
          peak_bytes = caches->peak_bytes;
        }
      __atomic_store_n (&caches, cache, __ATOMIC_RELEASE);
      if (++n_caches > 1)
        __atomic_store_n (&gcg__cache_share, -1,
                          __ATOMIC_RELAXED); /* the next allocation of any thread sums up */
    }
  if (cache)
    {
      cache->process = process;
      cache->thread = gcg__confined ? 0 : (pid_t)syscall (SYS_gettid);
      cache->ending = false;
      cache->busy = false;
    }
  gcg__lock_give (&caches_lock);
  gcg__cache_mine = cache;
  gcg__counts_mine = cache ? cache->counts : NULL;
  errno = old_errno;
  gcg__signals_go_on (signals);
  return cache;
}

void
gcg__blocks_keep_counts (struct gcg__counts *counts)
{
  if (gcg__cache_mine)
    gcg__cache_mine->counts = counts;
}

/* Sums up what is alive in all caches and notes a peak.  Each cache may then grow by its share of
   what is left below the peak.  Other threads run on meanwhile, so one block of each may be missed.
   Does not wait for the lock: a signal handler may run this while its own thread is in it. */
void
gcg__cache_sum_up (void)
{
  int64_t blocks = 0, bytes = 0, part, least;

  if (__atomic_test_and_set (&summing, __ATOMIC_ACQUIRE))
    return;
  for (struct cache *cache = __atomic_load_n (&caches, __ATOMIC_ACQUIRE); cache;
       cache = cache->next)
    {
      int64_t live = live_in (cache);
      __atomic_store_n (&cache->summed, live, __ATOMIC_RELAXED);
      blocks += cache->allocs - cache->frees;
      bytes += live;
    }
  if (bytes > peak_bytes)
    {
      peak_bytes = bytes;
      peak_blocks = blocks;
    }
  part = (peak_bytes - bytes) / n_caches;
  least = n_caches * EACH_CACHE;
  if (least < peak_bytes >> COARSE_PEAK)
    least = peak_bytes >> COARSE_PEAK;
  if (peak_bytes <= EXACT_PEAK && n_caches <= FEW_CACHES)
    least = 0;
  __atomic_store_n (&gcg__cache_share, part > least ? part : least, __ATOMIC_RELAXED);
  __atomic_clear (&summing, __ATOMIC_RELEASE);
}

void
gcg__blocks_usage (struct gcg__usage *usage)
{
  int64_t blocks = 0, bytes = 0;

  memset (usage, 0, sizeof *usage);
  for (const struct cache *cache = caches; cache; cache = cache->next)
    {
      usage->allocs += (uint64_t)cache->allocs;
      usage->frees += (uint64_t)cache->frees;
      usage->bytes += (uint64_t)cache->bytes;
      blocks += cache->allocs - cache->frees;
      bytes += live_in (cache);
    }
  usage->live_blocks = (uint64_t)blocks;
  usage->live_bytes = (uint64_t)bytes;
  usage->peak_blocks = (uint64_t)peak_blocks;
  usage->peak_bytes = (uint64_t)peak_bytes;
  if (n_caches == 1)
    {
      usage->peak_blocks = (uint64_t)caches->peak_blocks;
      usage->peak_bytes = (uint64_t)caches->peak_bytes;
    }
  if (usage->live_bytes > usage->peak_bytes)
    {
      usage->peak_blocks = usage->live_blocks;
      usage->peak_bytes = usage->live_bytes;
    }
}

void
gcg__caches_show (struct gcg__root_facts *facts)
{
  facts->caches = (uintptr_t)&caches;
  facts->peak_blocks = (uintptr_t)&peak_blocks;
  facts->peak_bytes = (uintptr_t)&peak_bytes;
  facts->cache_next = offsetof (struct cache, next);
  facts->cache_allocs = offsetof (struct cache, allocs);
  facts->cache_frees = offsetof (struct cache, frees);
  facts->cache_bytes = offsetof (struct cache, bytes);
  facts->cache_freed = offsetof (struct cache, freed);
  facts->cache_peak_blocks = offsetof (struct cache, peak_blocks);
  facts->cache_peak_bytes = offsetof (struct cache, peak_bytes);
}

void
gcg__caches_lock (void)
{
  gcg__lock_take (&caches_lock);
}

void
gcg__caches_unlock (bool forked)
{
  gcg__lock_give (&caches_lock);
  if (forked)
    __atomic_clear (&summing, __ATOMIC_RELEASE); /* a thread that did it is not in the child */
}
