/* lifetime.c -- see lifetime.h.
 *
 * The collector calls us with or without its lock, from several threads at once where it builds
 * free lists in parallel: figures are added atomically.  A slot that is reclaimed loses its tag, so
 * that the next sweep does not count it again.  Large blocks are seen as well.
 */
#include "lifetime.h"

#include "arena.h"
#include "collector.h"
#include "count.h"
#include "gc_calls.h"
#include "site.h"
#include "tag.h"

struct deaths
{
  uint64_t count, bytes, by_age[GCG__AGE_BUCKETS];
};

static bool is_on;
static struct deaths *chunks[GCG__CHUNKS];
static gcg__lock chunks_lock = GCG__LOCK_INIT;

static struct deaths *
deaths_of (uint32_t site, bool make)
{
  struct deaths **chunk = &chunks[site >> GCG__CHUNK_SHIFT];

  if (make && !__atomic_load_n (chunk, __ATOMIC_ACQUIRE))
    {
      gcg__lock_take (&chunks_lock);
      if (!*chunk)
        __atomic_store_n (chunk, gcg__arena_take (GCG__CHUNK * sizeof **chunk), __ATOMIC_RELEASE);
      gcg__lock_give (&chunks_lock);
    }
  return *chunk ? *chunk + (site & (GCG__CHUNK - 1)) : NULL;
}

static void
note_death (uint32_t site, uint64_t bytes, uint32_t birth)
{
  uint32_t age = (__atomic_load_n (&gcg__birth, __ATOMIC_RELAXED) - birth) & TAG_BIRTH_MASK;
  uint32_t bucket = age ? 32 - (uint32_t)__builtin_clz (age) : 0;
  struct deaths *deaths = deaths_of (site, true);

  if (!deaths)
    return;
  if (bucket >= GCG__AGE_BUCKETS)
    bucket = GCG__AGE_BUCKETS - 1;
  __atomic_fetch_add (&deaths->count, 1, __ATOMIC_RELAXED);
  __atomic_fetch_add (&deaths->bytes, bytes, __ATOMIC_RELAXED);
  __atomic_fetch_add (&deaths->by_age[bucket], 1, __ATOMIC_RELAXED);
}

/* The collector reclaims OBJECT, a whole slot. */
static int GC_CALLBACK
on_reclaim (void *object)
{
  size_t bytes = GCG__GC (size) (object);
  uint64_t *place = tag_place (object, bytes);

  if (tag_valid (object, *place) && tag_fits (*place, bytes, gcg__site_count ()))
    {
      uint64_t tag = *place, slack = tag_slack (place);
      note_death (tag_site (tag), (uint64_t)((char *)place - (char *)object) - slack,
                  tag_birth (tag));
      tag_clear (place);
    }
  return 0;
}

static void *GC_CALLBACK
register_both (void *unused)
{
  (void)unused;
  GC_register_disclaim_proc (GCG__KIND_ATOMIC, on_reclaim, 0);
  GC_register_disclaim_proc (GCG__KIND_NORMAL, on_reclaim, 0);
  return NULL;
}

void
gcg__lifetime_begin (void)
{
  if (__atomic_exchange_n (&is_on, true, __ATOMIC_RELAXED))
    return;
  GC_call_with_alloc_lock (register_both, NULL);
}

bool
gcg__lifetime_is_on (void)
{
  return __atomic_load_n (&is_on, __ATOMIC_RELAXED);
}

void
gcg__lifetime_freed (uint32_t site, uint64_t bytes, uint32_t birth)
{
  if (gcg__lifetime_is_on ())
    note_death (site, bytes, birth);
}

bool
gcg__lifetime_deaths (uint32_t site, struct gcg__sample_deaths *deaths)
{
  const struct deaths *of = deaths_of (site, false);

  if (!of || !__atomic_load_n (&of->count, __ATOMIC_RELAXED))
    return false;
  *deaths = (struct gcg__sample_deaths){ .site = site };
  deaths->died_count = __atomic_load_n (&of->count, __ATOMIC_RELAXED);
  deaths->died_bytes = __atomic_load_n (&of->bytes, __ATOMIC_RELAXED);
  for (uint32_t i = 0; i < GCG__AGE_BUCKETS; i++)
    deaths->by_age[i] = __atomic_load_n (&of->by_age[i], __ATOMIC_RELAXED);
  return true;
}
