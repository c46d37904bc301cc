/* warnings.h -- libgc's warnings of finalization cycles, counted instead of printed.
 *
 * libgc prints a line for each object on such a cycle at each collection; the pages say more, once.
 * Only libgc's default warning function is replaced, and it still prints all other warnings.  The
 * program does not notice: GC_get_warn_proc and GC_set_warn_proc behave as without the agent.
 */
#ifndef GCG_WARNINGS_H
#define GCG_WARNINGS_H

/* Records the default warning function, before the program can set another one. */
void gcg__warnings_begin (void);

/* Counts from now on, unless the program has its own warning function.  The collector must be
   initialised. */
void gcg__warnings_fold (void);

#endif
