/* root.h -- what the agent's root structure (agent_root.h) says of malloc's heap. */
#ifndef GCG_MALLOC_ROOT_H
#define GCG_MALLOC_ROOT_H

#include "offer.h"

/* Fills it; the heap is ready. */
void gcg__root_begin (void);

/* Notes libgc's figures, after a change to its heap.  Takes libgc's lock. */
void gcg__root_note_heap (void);

#endif
