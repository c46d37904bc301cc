/* regions.h -- memory that the program has mapped itself: in malloc mode it is searched for
 * pointers, because allocators of the program's own keep their objects there.
 */
#ifndef GCG_REGIONS_H
#define GCG_REGIONS_H

#include "collector.h"

/* The program maps, or unmaps, [LOW, HIGH).  Any thread. */
void gcg__regions_add (uint64_t low, uint64_t high);
void gcg__regions_remove (uint64_t low, uint64_t high);

/* All of them, in no order.  World stopped. */
const struct gcg__range *gcg__regions_stopped (uint32_t *n);

#endif
