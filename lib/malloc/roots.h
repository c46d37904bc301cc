/* roots.h -- in malloc mode: roots that libgc does not know, and which blocks are reached. */
#ifndef GCG_MALLOCROOTS_H
#define GCG_MALLOCROOTS_H

#include "freeze/freeze.h"

/* Where a thread, the calling one or TID, left for the program's end: what lies below on its stack
   is that of exit's own calls and of the past, and keeps nothing.  0: it has not. */
void gcg__exit_note (uint64_t frame);
uint64_t gcg__exit_frame_of (pid_t tid);

/* Bytes of the thread-local data of modules that have been there from the start, with a reserve; on
   x86-64 with the control block. */
uint64_t gcg__tls_bytes (void);

/* Asks the dynamic linker for the former; before main. */
void gcg__tls_ask (void);

/* Writes into AREAS where a thread that left for the end is noted, and how much thread-local data
   there is. */
struct gcg__root_areas;
void gcg__roots_show (struct gcg__root_areas *areas);

/* Sets the MARKED flag of what the roots lead to: breadth first over the edges. */
void gcg__mark_stopped (struct gcg__freeze *freeze);

#endif
