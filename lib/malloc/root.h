/* root.h -- the agent's root structure (agent_root.h), and the walk that gcglass runs in a frozen
 * copy of this process that it has made from outside.
 */
#ifndef GCG_MALLOC_ROOT_H
#define GCG_MALLOC_ROOT_H

#include "agent_root.h"

extern struct gcg__agent_root gcg__agent_root;

/* Fills it; the heap is ready. */
void gcg__root_begin (void);

/* Notes libgc's figures, after a change to its heap.  Takes libgc's lock. */
void gcg__root_note_heap (void);

/* After fork, in the child: no other thread is in libgc. */
void gcg__root_forget (void);

#endif
