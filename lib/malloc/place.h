/* place.h -- where in the source the next allocation stands, as <gcglass/malloc.h> has said.
 *
 * The header's macros call gcg__at with the site and the argument that decides what is allocated (a
 * size, a text), and then the allocating function by its own name.  That takes the site when its
 * argument is the same.  What was left and not taken (a function of the program's was called, which
 * has such a name) is dropped by the next allocation of the thread.
 */
#ifndef GCG_PLACE_H
#define GCG_PLACE_H

#include "ignore.h"
#include "site.h"

struct gcg__place
{
  struct gcg__static_site *site; /* NULL: nothing was left */
  size_t key;
};
extern _Thread_local struct gcg__place gcg__place;

/* The site that was left for an allocation by KEY, or by OTHER; 0: none.  Nothing is left then. */
static inline uint32_t
gcg__place_take (size_t key, size_t other)
{
  struct gcg__static_site *site = gcg__place.site;

  if (!site)
    return 0;
  gcg__place.site = NULL;
  return gcg__place.key == key || gcg__place.key == other ? gcg__site_id (site) : 0;
}

#endif
