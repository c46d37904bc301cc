/* clone.h -- a clone of the program that works on what it has inherited while the program goes on.
 *
 * clone, not fork: libgc's fork handler wants the allocation lock, which a collecting thread holds.
 * With exit signal 0 the clone is invisible to the program's wait () and SIGCHLD.  It has no other
 * thread, so it may call nothing that locks or allocates: threads that held the C library's locks
 * are not in it.
 */
#ifndef GCG_CLONE_H
#define GCG_CLONE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "gcglass/error.h"

/* What is done in it, with the STATE that was given; CHILD: in a clone, whose descriptors but one
   have been closed, and limits lifted; else in place, as there can be no clone.  Returns 0 or an
   errno. */
typedef int (*gcg__clone_work) (void *state, bool child);

struct gcg__clone
{
  pid_t child; /* -1: it was done in place */
  int pidfd;
  int error; /* errno of what was done in place */
};

/* Clones this process and has WORK done there; or, where that fails, at once here.  FD is kept open
   there (-1: none).  Every other thread stands. */
struct gcg__clone gcg__clone_stopped (gcg__clone_work work, void *state, int fd);

/* Waits for CLONE, kills it when it takes too long, reaps it without touching the program's own
   children.  Errors: GCG_TIMEOUT; GCG_SYSTEM: what was done has failed. */
enum gcg_status gcg__clone_wait (const struct gcg__clone *clone, struct gcg_error *error);

#endif
