/* hazards.h -- who still points to what the collector will take.
 *
 * libgc scans static data and the stacks it knows.  A program that keeps the only pointer to an
 * object in thread-local data, under a pthread key, in malloc'd memory or on the stack of a thread
 * that libgc was not told of loses the object, while it uses it.  After objects have been numbered,
 * the frozen child looks in these places for words that point to objects without a mark.  A word
 * there that points to an uncollectable object holds it: that is what such objects are for.
 */
#ifndef GCG_HAZARDS_H
#define GCG_HAZARDS_H

#include "freeze.h"

/* Fills HAZARDS, adds to REGIONS and ROOTS.  After THREADS. */
void gcg__hazards_stopped (struct gcg__freeze *freeze);

#endif
