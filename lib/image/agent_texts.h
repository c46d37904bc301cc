/* agent_texts.h -- what a snapshot of a program that has the agent for malloc says beside its heap:
 * texts, sites with their call stacks, modules, the innermost parts of stacks.
 */
#ifndef GCG_IMAGE_AGENT_TEXTS_H
#define GCG_IMAGE_AGENT_TEXTS_H

#include "image/agent.h"
#include "image/agent_areas.h"
#include "image/agent_heap.h"

struct gcg__agent_texts
{
  char *strings;
  struct gcg__site *sites;
  uint64_t *frames;
  struct gcg__module *modules;
  uint64_t *stacks;
  struct gcg__stack_piece *pieces;
  uint32_t n_strings, n_sites, n_frames, n_modules, n_stacks, n_pieces;
  uint32_t strings_room, frames_room, modules_room, stacks_room, pieces_room;
  bool no_memory; /* something is missing */
};

/* Adds TEXT, cut at MOST bytes, and returns where it is. */
uint32_t gcg__agent_text (struct gcg__agent_texts *texts, const char *text, size_t most);

/* Adds SITES, of which those that no object of HEAP has keep their numbers but not their texts, and
   makes HEAP's words lead to them: objects that are meant to stay are of the original site, and
   marked. */
void gcg__agent_add_sites (struct gcg__agent_texts *texts, const struct gcg__agent *agent,
                           const struct gcg__agent_sites *sites, struct gcg__agent_heap *heap);

/* Adds what is loaded, and what has been unloaded while blocks of it remain. */
void gcg__agent_add_modules (struct gcg__agent_texts *texts, const struct gcg__agent *agent);

/* Adds the names of the threads of AREAS, and the innermost parts of their stacks, without the
   program's environment. */
void gcg__agent_add_stacks (struct gcg__agent_texts *texts, const struct gcg__agent *agent,
                            struct gcg__agent_areas *areas);

void gcg__agent_texts_fini (struct gcg__agent_texts *texts);

#endif
