/* rootwalk.h -- what keeps objects alive: root areas, root words, threads.
 *
 * The areas are those that libgc scans: writable data of every module (its own and ours left out),
 * explicit roots, the stacks and registers of the threads it has stopped, the stack of the thread
 * that collects.  A word there counts as a root only if the collector has marked what it points to:
 * its marks are the truth about what is a root.
 */
#ifndef GCG_ROOTWALK_H
#define GCG_ROOTWALK_H

#include "freeze.h"

/* Fills MODULES, THREADS, REGIONS and ROOTS.  After gcg__heap_objects_stopped. */
void gcg__roots_stopped (struct gcg__freeze *freeze);

#endif
