/* stack.h -- call stacks for allocation sites of unmodified programs.
 *
 * Three ways, each taken when the one before does not do:
 *
 *   remembered   the same call with the same words on the stack where unwinding looked the last
 *                time: the same stack, hence the same site       about 5 ns and 1 ns for each word
 *   unwound      by rules for return addresses, kept once found (unwind.h)    3 to 5 ns for a frame
 *   asked        a frame without a rule, e.g. compiled at run time: somebody else's unwinder for
 * the whole stack (unwinder.h)
 *
 * The first two neither lock nor allocate, and may be interrupted anywhere.
 */
#ifndef GCG_STACK_H
#define GCG_STACK_H

#include <stdint.h>

/* Called before main: loads what gcg__stack_init (DEPTH) will need, so that the latter does not
   touch dlerror. */
void gcg__stack_load (unsigned depth);

/* Prepares for stacks of DEPTH frames, 0 = return address only.  Called when the program has turned
   out to use the collector. */
void gcg__stack_init (unsigned depth);

/* From now on stacks have DEPTH frames, at least 1.  After gcg__stack_init with some depth. */
void gcg__stack_set_depth (unsigned depth);

/* From now on one in EVERY allocations of each thread gets its call stack, the others only their
   return address. */
void gcg__stack_sample (unsigned every);

/* Id of the site of the call whose return address is CALLER, in the program.  All between is ours
   and has frame pointers. */
uint32_t gcg__stack_site (void *caller);

/* Modules may have gone, others may come in their place: forgets what is kept about addresses. */
void gcg__stack_forget (void);

#endif
