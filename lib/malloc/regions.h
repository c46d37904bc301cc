/* regions.h -- memory that the program has mapped itself: in malloc mode it is searched for
 * pointers, because allocators of the program's own keep their objects there.
 */
#ifndef GCG_REGIONS_H
#define GCG_REGIONS_H

#include <stdbool.h>

#include "collector.h"

/* The program maps, or unmaps, [LOW, HIGH).  Any thread. */
void gcg__regions_add (uint64_t low, uint64_t high);
void gcg__regions_remove (uint64_t low, uint64_t high);

/* Records that children of the program do not inherit, or inherit again, [LOW, HIGH).  Any
   thread. */
void gcg__regions_hide (uint64_t low, uint64_t high, bool is);

/* Is it the program that returns to CALLER, not those who map for us, and is all set up? */
bool gcg__malloc_of_program (const void *caller);

/* Does this thread look for its callers, so that what it asks for is not for the program? */
bool gcg__malloc_unwinding (void);

/* What this thread asks for from here on is, or is not any more, for the agent. */
void gcg__malloc_for_agent (bool is);

/* What is hidden, in no order.  World stopped. */
const struct gcg__range *gcg__regions_hidden_stopped (uint32_t *n);

/* Where the two tables are, for the root (agent_root.h). */
uint64_t gcg__regions_table (void);
uint64_t gcg__regions_hidden_table (void);

#endif
