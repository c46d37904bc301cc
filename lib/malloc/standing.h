/* standing.h -- in malloc mode: what is done in a clone of the program, which has been stopped for
 * it by signals.
 */
#ifndef GCG_MALLOC_STANDING_H
#define GCG_MALLOC_STANDING_H

#include "clone.h"

/* Stops the program, has WORK done with STATE in a clone of it (clone.h), lets it go on, and waits
   for the end of it.  *PAUSE_NS is set once the program goes on.  One at a time, others wait.
   Errors: GCG_UNSUPPORTED: the program allocates by itself; GCG_TIMEOUT: a thread does not stop, or
   the work takes too long; GCG_SYSTEM: it has failed. */
enum gcg_status gcg__standing_do (gcg__clone_work work, void *state, int fd, uint64_t *pause_ns,
                                  struct gcg_error *error);

#endif
