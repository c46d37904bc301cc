/* ending.h -- a program's beginning and end, seen by the preload objects.
 *
 * The last snapshot is taken as late as it can be, when all that the program runs at its end has
 * run, whichever way it ends:
 *   exit, the end of main, that of the last thread   after the last destructor of the last library:
 *                                                     what glibc runs last is wrapped
 *   quick_exit                                        the first of its handlers, which runs last
 *   _exit, _Exit                                      at once
 *   a signal that the program sends to itself         before it is sent (self_signal.c)
 * A process that executes another program, or is killed by any other signal, leaves none.
 */
#ifndef GCG_ENDING_H
#define GCG_ENDING_H

#include <stdbool.h>
#include <stdint.h>

struct gcg__environment;

/* From the constructor.  WISHES must stay. */
void gcg__ending_begin (const struct gcg__environment *wishes);

/* This process has connected and is to be looked at; the agent is ready. */
void gcg__ending_observe (void);

/* Makes the final leak report now, as if the program ended here.  Returns false if gcglass did not
   start the program. */
bool gcg__ending_now (void);

/* This process is about to be ended by a signal of its own.  A macro, so that what the caller has
   in registers counts, and what lies below its frame does not. */
#define GCG__ENDS_BY_SIGNAL()                                                                      \
  (__builtin_unwind_init (), gcg__ending_by_signal (raw_stack_pointer ()))
void gcg__ending_by_signal (uint64_t frame);

#endif
