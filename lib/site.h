/* site.h -- where objects are allocated: the registry of sites.
 *
 * A site is either a macro's static structure, registered on its first use, or a call stack, found
 * by hash.  Ids are 1 ... 2^20 - 1, given in order and never reused; 0 means "not known" and is
 * what everything gets when the table is full.  Entries are
 * written once, before their id is published, and never change: readers, the frozen child among
 * them, need no lock.  Strings are copied: the module that holds a static site may be unloaded.
 */
#ifndef GCG_SITE_H
#define GCG_SITE_H

#include <stdint.h>

#define GCG_NO_REDIRECT 1
#include "gcglass/gc.h"

#define GCG__MOST_SITES (1u << 20)
#define GCG__MOST_FRAMES 64

struct gcg__site_entry
{
  const char *file, *function, *expression, *type; /* never NULL */
  const uint64_t *frames;                          /* stack sites: innermost first */
  uint32_t n_frames;
  uint32_t line;
};

/* Id of SITE, registered when it is new.  Any thread. */
uint32_t gcg__site_register (struct gcg__static_site *site);

static inline uint32_t
gcg__site_id (struct gcg__static_site *site)
{
  uint32_t id = __atomic_load_n (&site->id, __ATOMIC_ACQUIRE);
  return __builtin_expect (id != 0, 1) ? id : gcg__site_register (site);
}

/* Id of the site with the N return addresses FRAMES (at most GCG__MOST_FRAMES).  Any thread. */
uint32_t gcg__site_of_stack (const uint64_t *frames, uint32_t n);

/* Id of a site like ID whose type is TYPE. */
uint32_t gcg__site_with_type (uint32_t id, const char *type);

/* Entry ID (1 ... gcg__site_count () - 1).  World stopped or not. */
const struct gcg__site_entry *gcg__site_entry (uint32_t id);

/* One more than the highest id. */
uint32_t gcg__site_count (void);

#endif
