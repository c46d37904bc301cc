/* hazards.h -- pointers, unseen by the collector, to objects that it will reclaim.
 *
 * libgc scans static data and the stacks it knows.  A program that keeps the only pointer to an
 * object in thread-local data, under a pthread key, in malloc'd memory or on the stack of a thread
 * that is not registered with libgc loses the object while using it.  After objects have been
 * numbered, the frozen child looks in these places for words that point to objects without a mark.
 * A word there that points to an uncollectable object holds it legitimately.
 */
#ifndef GCG_HAZARDS_H
#define GCG_HAZARDS_H

#include "freeze.h"

/* Fills HAZARDS, adds to REGIONS and ROOTS.  After THREADS. */
void gcg__hazards_stopped (struct gcg__freeze *freeze);

#endif
