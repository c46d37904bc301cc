/* shown.h -- where the heap, what keeps blocks and what else a snapshot says is, for who reads it
 * from outside (agent_root.h): filled once, when the heap is ready.
 */
#ifndef GCG_MALLOC_SHOWN_H
#define GCG_MALLOC_SHOWN_H

#include "agent_root.h"

/* Fills them, and makes ROOT lead to them. */
void gcg__shown_begin (struct gcg__agent_root *root);

/* Notes libgc's figures of now.  With its lock. */
void gcg__shown_note_figures (void);

#endif
