/* threads.h -- what threads are given to begin with and leave when they end.
 *
 * Between pthread_create and the thread's first instruction its argument is in no memory that
 * can be seen; from its end to pthread_join its result is.  So threads are made with a note, which
 * holds the one and then the other, and is a root.
 */
#ifndef GCG_MALLOC_THREADS_H
#define GCG_MALLOC_THREADS_H

#include "collector.h"

/* Writes into AREAS where the notes are. */
struct gcg__root_areas;
void gcg__threads_show (struct gcg__root_areas *areas);

/* After fork, in the child: the other threads are not in it. */
void gcg__threads_forget (void);

#endif
