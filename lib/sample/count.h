/* count.h -- how many objects each site has made, and how many of them the program has freed.
 *
 * Counting is what makes a sample cheap: nothing is walked, every allocation adds to two numbers.
 * Each thread has numbers of its own, in chunks of 4,096 sites that are mapped when they are first
 * needed; a sample adds up all threads'.  A thread that ends leaves its numbers to the next
 * one that begins, so that there are never more than threads at once.
 *
 * A program that is not sampled does not count: it pays one test of a flag.
 */
#ifndef GCG_COUNT_H
#define GCG_COUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent_root.h"
#include "agent_tables.h"

extern bool gcg__counting;
extern _Thread_local struct gcg__counts *gcg__counts_mine;

/* From now on.  Again and again harmless. */
void gcg__count_begin (void);

/* The calling thread's numbers for SITE, or NULL when there is no memory. */
struct gcg__count *gcg__count_slowly (uint32_t site);

/* After fork, in the child: frees the counters of threads that do not exist there. */
void gcg__count_forget (void);

/* Adds up all threads' numbers for the sites [FIRST, FIRST + N) of one chunk into SUMS, which is
   set first.  Any thread; exact when the world is stopped. */
void gcg__count_sum (uint32_t first, uint32_t n, struct gcg__count *sums);

static inline struct gcg__count *
gcg__count_of (uint32_t site)
{
  struct gcg__counts *mine = gcg__counts_mine;
  struct gcg__count *chunk = mine ? mine->chunks[site >> GCG__CHUNK_SHIFT] : NULL;
  return __builtin_expect (chunk != NULL, 1) ? &chunk[site & (GCG__CHUNK - 1)]
                                             : gcg__count_slowly (site);
}

static inline void
gcg__count_made (uint32_t site, uint64_t bytes)
{
  struct gcg__count *count;

  if (__builtin_expect (!__atomic_load_n (&gcg__counting, __ATOMIC_RELAXED), 1))
    return;
  count = gcg__count_of (site);
  if (count)
    {
      count->made++;
      count->made_bytes += bytes;
    }
}

/* Says where the counters are. */
void gcg__count_root (struct gcg__root_samples *root);

#endif
