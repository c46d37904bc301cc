/* excluded.h -- what would be a root and is not scanned: the program has told the collector so.
 *
 * libgc's tables cannot be read, so what the program tells it comes by here, and is handed on:
 * gcg__exclude_static_roots and its relatives (gcglass/gc.h).  Any thread; functions in _stopped
 * with the world stopped.
 */
#ifndef GCG_EXCLUDED_H
#define GCG_EXCLUDED_H

#include <stdbool.h>
#include <stdint.h>

#include "collector.h"

/* Is there a function that says which modules are scanned? */
bool gcg__excluded_is_filtered (void);

/* The ranges that are excluded, in no order. */
const struct gcg__range *gcg__excluded_stopped (uint32_t *n);

/* Has that function, when it was last asked, refused the data of a module that are at ADDRESS? */
bool gcg__excluded_refused_stopped (uint64_t address);

#endif
