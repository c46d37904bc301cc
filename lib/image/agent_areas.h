/* agent_areas.h -- the memory that keeps blocks, in a program that has the agent for malloc, and
 * its threads.
 *
 * As lib/malloc/areas.c has it.  Of a thread: its stack from the stack pointer up, its registers,
 * those for vectors included, its thread-local data, its keys, however it was created.  Of the
 * process: the data of modules, what it has mapped itself, roots of its own, the dynamic linker's
 * and the C library's own blocks, arguments and results of threads.
 */
#ifndef GCG_IMAGE_AGENT_AREAS_H
#define GCG_IMAGE_AGENT_AREAS_H

#include "image/agent.h"
#include "image/agent_heap.h"
#include "image/agent_own.h"
#include "image/roots.h"

struct gcg__agent_areas
{
  struct gcg__root_area *items;
  size_t n;
  struct gcg__thread *threads; /* NAME is 0: threads[i] is agent->threads[order[i]] */
  uint32_t *order;
  size_t n_threads;
};

/* Lists them; INDEX is of HEAP's objects, without OWN's.  The caller frees AREAS's contents by
   gcg__agent_areas_fini; they borrow from AGENT's threads.  Errors: GCG_NO_MEMORY. */
enum gcg_status
gcg__agent_areas_list (const struct gcg__agent *agent, const struct gcg__heap_index *index,
                       const struct gcg__agent_heap *heap, const struct gcg__agent_own *own,
                       struct gcg__agent_areas *areas, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Harmless on zeroed ones. */
void gcg__agent_areas_fini (struct gcg__agent_areas *areas);

#endif
