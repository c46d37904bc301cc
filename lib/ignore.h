/* ignore.h -- blocks that are meant to stay: what gcg_disable and gcg_ignore say.
 *
 * Such a block's tag names the twin of its site (site.h); snapshots show the site itself and a
 * flag.
 */
#ifndef GCG_IGNORE_H
#define GCG_IGNORE_H

#include <stdbool.h>
#include <stdint.h>

#include "site.h"

/* How often this thread has been told to, and whether any ever was: the first is in thread-local
   storage, which is not free to read. */
extern _Thread_local unsigned gcg__disabled;
extern bool gcg__ever_disabled;

static inline bool
gcg__is_disabled (void)
{
  return __builtin_expect (__atomic_load_n (&gcg__ever_disabled, __ATOMIC_RELAXED), 0)
         && gcg__disabled;
}

/* What an allocation at SITE is to be tagged with in this thread now. */
static inline uint32_t
gcg__site_now (uint32_t site)
{
  return __builtin_expect (gcg__is_disabled (), 0) ? gcg__site_ignored (site) : site;
}

/* The same for one that takes the place of an object that was made at OLD. */
static inline uint32_t
gcg__site_instead (uint32_t site, uint32_t old)
{
  return __builtin_expect (gcg__site_is_ignored (old), 0) ? gcg__site_ignored (site) : site;
}

#endif
