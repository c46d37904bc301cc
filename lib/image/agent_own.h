/* agent_own.h -- blocks that the C library and the C++ library keep for themselves, in a program
 * that has the agent for malloc: no objects of the program's, and roots.
 *
 * Found as lib/malloc/own.c finds them: what their own code has asked for and their own data lead
 * to, but for streams that are open, which count.
 */
#ifndef GCG_IMAGE_AGENT_OWN_H
#define GCG_IMAGE_AGENT_OWN_H

#include "image/agent.h"
#include "image/agent_heap.h"

struct gcg__agent_own
{
  uint8_t *is_own; /* of each object: 1, or 0 */
  struct gcg__root_range *ranges;
  size_t n_ranges;
  bool any;
};

/* Looks for them in AGENT's program, whose objects INDEX and SITES are of.  The caller frees OWN's
   contents by gcg__agent_own_fini.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__agent_own_find (const struct gcg__agent *agent,
                                     const struct gcg__heap_index *index,
                                     const struct gcg__agent_sites *sites,
                                     struct gcg__agent_own *own, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Harmless on a zeroed one. */
void gcg__agent_own_fini (struct gcg__agent_own *own);

#endif
