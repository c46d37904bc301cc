/* count.c -- see count.h.
 *
 * The list of threads' numbers only grows, at its head, under a lock that no reader takes; chunks
 * are published once they are there.  The numbers themselves are written by one thread and read by
 * the sampling thread: 64-bit loads and stores, each atomic by itself.
 */
#include "count.h"

#include <pthread.h>
#include <string.h>

#include "arena.h"
#ifdef GCG_MALLOC
#include "malloc/blocks.h"
#include "malloc/signals.h"
#endif

bool gcg__counting;
_Thread_local struct gcg__counts *gcg__counts_mine;

static struct gcg__counts *threads;
static gcg__lock threads_lock = GCG__LOCK_INIT;

#ifdef GCG_MALLOC

/* They go with the thread's lists of blocks, which the next thread is given. */
static bool
begin_threads (void)
{
  return true;
}

static void
keep (struct gcg__counts *counts)
{
  gcg__blocks_keep_counts (counts);
}

#else

static pthread_key_t end_key;

/* The thread ends: its numbers go on with the next. */
static void
leave (void *data)
{
  struct gcg__counts *counts = data;
  gcg__counts_mine = NULL;
  __atomic_store_n (&counts->taken, false, __ATOMIC_RELEASE);
}

static bool
begin_threads (void)
{
  return pthread_key_create (&end_key, leave) == 0;
}

static void
keep (struct gcg__counts *counts)
{
  pthread_setspecific (end_key, counts);
}

#endif

void
gcg__count_begin (void)
{
  gcg__lock_take (&threads_lock);
  if (!gcg__counting && begin_threads ())
    __atomic_store_n (&gcg__counting, true, __ATOMIC_RELEASE);
  gcg__lock_give (&threads_lock);
}

/* Returns this thread's counters, recycled from an exited thread if possible. */
static struct gcg__counts *
join (void)
{
  struct gcg__counts *counts;

  gcg__lock_take (&threads_lock);
  for (counts = threads; counts && counts->taken; counts = counts->next)
    ;
  if (!counts)
    {
      counts = gcg__arena_take (sizeof *counts);
      if (counts)
        {
          counts->next = threads;
          __atomic_store_n (&threads, counts, __ATOMIC_RELEASE);
        }
    }
  if (counts)
    counts->taken = true;
  gcg__lock_give (&threads_lock);
  gcg__counts_mine = counts;
  if (counts)
    keep (counts);
  return counts;
}

static struct gcg__count *
count_slowly (uint32_t site)
{
  struct gcg__counts *mine = gcg__counts_mine ? gcg__counts_mine : join ();
  struct gcg__count **chunk = mine ? &mine->chunks[site >> GCG__CHUNK_SHIFT] : NULL;

  if (!chunk)
    return NULL;
  if (!*chunk)
    {
      struct gcg__count *new = gcg__arena_take (GCG__CHUNK * sizeof *new);
      if (!new)
        return NULL;
      __atomic_store_n (chunk, new, __ATOMIC_RELEASE);
    }
  return *chunk + (site & (GCG__CHUNK - 1));
}

struct gcg__count *
gcg__count_slowly (uint32_t site)
{
#ifdef GCG_MALLOC
  /* Called from malloc: a handler that allocates is not to find a lock taken. */
  uint64_t signals = gcg__signals_wait ();
  struct gcg__count *count = count_slowly (site);
  gcg__signals_go_on (signals);
  return count;
#else
  return count_slowly (site);
#endif
}

void
gcg__count_forget (void)
{
  for (struct gcg__counts *counts = threads; counts; counts = counts->next)
    counts->taken = counts == gcg__counts_mine;
}

void
gcg__count_sum (uint32_t first, uint32_t n, struct gcg__count *sums)
{
  memset (sums, 0, n * sizeof *sums);
  for (const struct gcg__counts *counts = __atomic_load_n (&threads, __ATOMIC_ACQUIRE); counts;
       counts = counts->next)
    {
      const struct gcg__count *chunk
          = __atomic_load_n (&counts->chunks[first >> GCG__CHUNK_SHIFT], __ATOMIC_ACQUIRE);
      for (uint32_t i = 0; chunk && i < n; i++)
        {
          const struct gcg__count *count = &chunk[(first & (GCG__CHUNK - 1)) + i];
          sums[i].made += __atomic_load_n (&count->made, __ATOMIC_RELAXED);
          sums[i].made_bytes += __atomic_load_n (&count->made_bytes, __ATOMIC_RELAXED);
          sums[i].freed += __atomic_load_n (&count->freed, __ATOMIC_RELAXED);
          sums[i].freed_bytes += __atomic_load_n (&count->freed_bytes, __ATOMIC_RELAXED);
          sums[i].missed += __atomic_load_n (&count->missed, __ATOMIC_RELAXED);
          sums[i].missed_bytes += __atomic_load_n (&count->missed_bytes, __ATOMIC_RELAXED);
        }
    }
}

void
gcg__count_root (struct gcg__root_samples *root)
{
  root->counting = (uintptr_t)&gcg__counting;
  root->counts = (uintptr_t)&threads;
}
