/* roots.h -- in malloc mode: what gcglass needs to know to find the roots (agent_root.h). */
#ifndef GCG_MALLOCROOTS_H
#define GCG_MALLOCROOTS_H

#include <stdint.h>

#include "agent_root.h"

/* GCG__LOOK_... (agent_root.h).  Set before the heap is set up; usually 0. */
extern unsigned gcg__looks;

/* Where the calling thread left for the program's end: what lies below on its stack is that of
   exit's own calls and of the past, and keeps nothing. */
void gcg__exit_note (uint64_t frame);

/* Asks the dynamic linker for the bytes of the thread-local data of modules that have been there
   from the start; before main. */
void gcg__tls_ask (void);

/* Writes all that into AREAS. */
void gcg__roots_show (struct gcg__root_areas *areas);

#endif
