/* agent.h -- the agent for malloc in a program, read from its memory: where its tables are, what is
 * loaded, which threads there are.  For agent_*.c.
 */
#ifndef GCG_IMAGE_AGENT_H
#define GCG_IMAGE_AGENT_H

#include "agent_root.h"
#include "image/freeze.h"
#include "image/image.h"
#include "image/modules.h"

struct gcg__agent
{
  const struct gcg__memory_image *image;
  const struct gcg__frozen_thread *threads; /* borrowed */
  size_t n_threads;
  struct gcg__agent_root root;
  struct gcg__root_heap heap;
  struct gcg__root_areas areas;
  struct gcg__root_facts facts;
  struct gcg__loaded_modules modules; /* without the kernel's */
  pid_t calling;                      /* the thread that asks, as the program sees it; 0 = none */
  bool ends;                          /* it ends the program */
  uint64_t exit_frame;                /* where it left for that; 0: not known */
};

/* Reads the tables of the agent whose root structure is at ADDRESS of IMAGE, and what is loaded
   there.  The caller frees AGENT's contents by gcg__agent_fini.  Errors: GCG_UNSUPPORTED: the
   agent is of another version, or its tables are not there; GCG_NO_MEMORY. */
enum gcg_status gcg__agent_read (const struct gcg__memory_image *image, uint64_t address,
                                 const struct gcg__frozen_thread *threads, size_t n_threads,
                                 pid_t calling, bool ends, struct gcg__agent *agent,
                                 struct gcg_error *error) __attribute__ ((warn_unused_result));

/* Harmless on a zeroed one. */
void gcg__agent_fini (struct gcg__agent *agent);

/* The thread pointer of thread NUMBER; 0: it is not known. */
uint64_t gcg__agent_pointer (const struct gcg__agent *agent, size_t number);

/* Where what the C library keeps of the thread with thread POINTER begins; it ends CONTROL_BYTES
   behind. */
uint64_t gcg__agent_control (const struct gcg__agent *agent, uint64_t pointer);

/* The addresses of that thread's tables of keys, 0 for those that are not there; returns how many
   there may be: GCG__AGENT_KEY_TABLES, or 0 when none is found. */
#define GCG__AGENT_KEY_TABLES      32u
#define GCG__AGENT_KEY_TABLE_BYTES 512u
uint32_t gcg__agent_key_tables (const struct gcg__agent *agent, uint64_t pointer,
                                uint64_t tables[GCG__AGENT_KEY_TABLES]);

/* Reads N ranges at ADDRESS, or as many as can be read; stores in *GOT how many are returned:
   ascending, those that overlap joined.  The caller frees them.  NULL: no memory. */
struct gcg__root_range *gcg__agent_ranges (const struct gcg__agent *agent, uint64_t address,
                                           uint64_t n, size_t *got);

/* The 32-bit word, or the word, at ADDRESS; 0 where there is none. */
uint32_t gcg__agent_number (const struct gcg__agent *agent, uint64_t address);
uint64_t gcg__agent_word (const struct gcg__agent *agent, uint64_t address);

#endif
