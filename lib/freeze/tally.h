/* tally.h -- how many leaks there are in a frozen heap, counted without a snapshot of it
 * (gcg_check_leaks).
 */
#ifndef GCG_TALLY_H
#define GCG_TALLY_H

#include "freeze.h"
#include "sample/survivors.h"

/* In memory that is shared with the frozen child. */
struct gcg__tally
{
  struct gcg__live leaked;
};

/* Fills FREEZE->tally: objects, edges, roots, finalizers and marks are there.  Sets FREEZE->error
   when there is no memory. */
void gcg__tally_stopped (struct gcg__freeze *freeze);

#endif
