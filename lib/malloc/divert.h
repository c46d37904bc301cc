/* divert.h -- overwrites functions with jumps to others.
 *
 * A jump replaces a function's first instructions: every call, by name or by pointer, reaches the
 * other function, which sees the caller's return address and arguments.  The replaced instructions
 * are lost: the original function can no longer be called.  Call this while no other thread runs.
 */
#ifndef GCG_MALLOC_DIVERT_H
#define GCG_MALLOC_DIVERT_H

#include <stdbool.h>
#include <stdint.h>

#include "exported.h"

struct gcg__diversion
{
  struct gcg__export from;
  uintptr_t to;
};

/* Diverts N functions of one module.  Of two entries for the same function the first counts.
   Returns false, with nothing changed, if a function is too short for a jump or the code cannot be
   made writable. */
bool gcg__divert (const struct gcg__diversion *diversions, unsigned n);

#endif
