/* site.h -- where objects are allocated: the registry of sites.
 *
 * A site is either a macro's static structure, registered on its first use, or a call stack, found
 * by hash.  Ids are 1 ... 2^20 - 1, given in order and never reused; 0 means "not known" and is
 * what everything gets when the table is full.  A site may have a twin for blocks that are meant to
 * stay (gcg_ignore, gcg_disable): only the tag distinguishes such a block, so freeing or
 * reallocating it undoes the mark.  Entries are written once, before their id is published, and
 * never change: readers, the frozen child among them, need no lock; only the frames of a module
 * that is unloaded are moved to where they stay its own (unloaded.h).  Strings are copied: the
 * module that holds a static site may be unloaded.
 */
#ifndef GCG_SITE_H
#define GCG_SITE_H

#include <stdbool.h>
#include <stdint.h>

#ifndef GCG_NO_REDIRECT
#define GCG_NO_REDIRECT 1
#endif
#include "agent_tables.h"
#include "gcglass/gc.h"

struct gcg__site_entry
{
  const char *file, *function, *expression, *type; /* never NULL */
  const uint64_t *frames;                          /* innermost first; of a place, perhaps */
  uint32_t n_frames;
  uint32_t line;
  bool is_bare;    /* its size says nothing of a type: who calls the function it is in does */
  bool is_ignored; /* the twin of site ORIGINAL */
  uint32_t original;
  uint32_t twin; /* of this site, 0 = none yet: the one thing that is set later */
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

/* Moves frames in [LOW, HIGH) to the range of the same size at PLACE, which no other module
   uses. */
void gcg__site_move (uint64_t low, uint64_t high, uint64_t place);

/* Id of a site like ID, a place in the source, with the frames of STACK.  Any thread; ID when the
   table is full. */
uint32_t gcg__site_with_stack (uint32_t id, uint32_t stack);

/* The twin of site ID (0 included), or ID when it is one; 0: the table is full.  Any thread. */
uint32_t gcg__site_ignored (uint32_t id);

/* Returns whether ID is a twin. */
bool gcg__site_is_ignored (uint32_t id);

/* The site that ID is the twin of, or ID. */
uint32_t gcg__site_original (uint32_t id);

/* True once any site has a twin. */
extern bool gcg__site_any_ignored;

/* Id of a site like ID, twin or not, whose type is TYPE. */
uint32_t gcg__site_with_type (uint32_t id, const char *type);

/* Entry ID (1 ... gcg__site_count () - 1).  World stopped or not. */
const struct gcg__site_entry *gcg__site_entry (uint32_t id);

/* One more than the highest id. */
uint32_t gcg__site_count (void);

/* Writes into HEAP where the sites are. */
struct gcg__root_heap;
void gcg__site_show (struct gcg__root_heap *heap);

#endif
