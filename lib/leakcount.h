/* leakcount.h -- how many leaks a frozen heap has, without a snapshot of it (gcg_check_leaks). */
#ifndef GCG_LEAKCOUNT_H
#define GCG_LEAKCOUNT_H

#include "freeze.h"

/* Counts what nothing will ever free: objects, edges, roots, finalizers and marks of FREEZE are
   there.  Sets FREEZE->error when there is no memory. */
void gcg__leaks_stopped (struct gcg__freeze *freeze, uint64_t *objects, uint64_t *bytes);

#endif
