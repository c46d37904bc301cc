/* divert.h -- functions that are written over so that they lead to others.
 *
 * A jump takes the place of a function's first instructions: whoever calls it, by whichever name or
 * pointer, and with whatever on the stack, comes to the other one, which sees the caller's return
 * address.  What was there is lost: diverted functions cannot be called any more.  To be used while
 * no other thread runs.
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

/* Diverts N functions of one module.  One that is there twice, under another name, goes where the
   first of the two says.  False, and nothing is changed, when one is too short for a jump or the
   code must not be written to. */
bool gcg__divert (const struct gcg__diversion *diversions, unsigned n);

#endif
