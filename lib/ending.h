/* ending.h -- a program's beginning and end, seen by the preload objects.
 *
 * The last snapshot is taken as late as it can be, when all that the program runs at its end has
 * run, whichever way it ends:
 *   exit, the end of main, that of the last thread   after the last destructor of the last library:
 *                                                     what glibc runs last is wrapped
 *   quick_exit                                        the first of its handlers, which runs last
 *   _exit, _Exit                                      at once
 * A process that executes another program, or is killed by a signal, leaves none.
 */
#ifndef GCG_ENDING_H
#define GCG_ENDING_H

#include <stdbool.h>

struct gcg__environment;

/* From the constructor.  WISHES must stay. */
void gcg__ending_begin (const struct gcg__environment *wishes);

/* This process has connected and is to be looked at; the agent is ready. */
void gcg__ending_observe (void);

/* Makes the final leak report now, as if the program ended here.  Returns false if gcglass did not
   start the program. */
bool gcg__ending_now (void);

#endif
