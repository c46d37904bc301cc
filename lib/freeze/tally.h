/* tally.h -- what is counted in a frozen heap, without a snapshot of it: how many leaks there are
 * (gcg_check_leaks), or what there is of each site (malloc/survivors.c).
 */
#ifndef GCG_TALLY_H
#define GCG_TALLY_H

#include "freeze.h"
#include "sample/survivors.h"

/* In memory that is shared with the frozen child. */
struct gcg__tally
{
  struct gcg__live leaked;
  uint32_t n_sites;         /* not 0: these are counted, not what is leaked */
  struct gcg__live sites[]; /* [n_sites], objects of others are left out */
};

/* Fills FREEZE->tally: objects, edges, roots, finalizers and marks are there.  Sets FREEZE->error
   when there is no memory. */
void gcg__tally_stopped (struct gcg__freeze *freeze);

#endif
