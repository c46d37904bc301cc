/* copied.h -- the agent's root structure (agent_root.h), and the walk that gcglass runs in a frozen
 * copy of this process that it has made from outside.
 */
#ifndef GCG_COPIED_H
#define GCG_COPIED_H

#include "agent_root.h"

extern struct gcg__agent_root gcg__agent_root;

/* Fills what is the same for both heaps, then says that it is complete.  The heap is ready. */
void gcg__copied_prepare (void);
void gcg__copied_offer (void);

#ifndef GCG_MALLOC
/* Both, for the collector's heap; the structure stays empty where libgc's lock cannot be looked
   at. */
void gcg__copied_begin (void);
#endif

/* After fork, in the child: no other thread is in libgc. */
void gcg__copied_forget (void);

#endif
