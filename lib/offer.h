/* offer.h -- the agent's root structure (agent_root.h): what is the same for both heaps. */
#ifndef GCG_OFFER_H
#define GCG_OFFER_H

#include "agent_root.h"

extern struct gcg__agent_root gcg__agent_root;

/* Fills what is the same for both heaps, then says that it is complete.  The heap is ready. */
void gcg__offer_prepare (void);
void gcg__offer_make (void);

/* After fork, in the child: no other thread is in libgc. */
void gcg__offer_forget (void);

#endif
