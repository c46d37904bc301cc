/* agent_heap.h -- the blocks and sites of a program that has the agent for malloc, read from its
 * memory: no code of the program runs.
 *
 * The agent says where its tables are (agent_root.h); a slot that they name is a block when it
 * carries a valid tag (tag.h).  What the tables say is not trusted: slots that overlap one that
 * begins before them, or that are not there, have no block.
 *
 * The columns are those of a snapshot.  Cost: one pass over the heap, on all processors.
 */
#ifndef GCG_IMAGE_AGENT_HEAP_H
#define GCG_IMAGE_AGENT_HEAP_H

#include "agent_root.h"
#include "image/heap_index.h"
#include "image/image.h"

struct gcg__agent_heap
{
  struct gcg__block *blocks; /* ascending; FIRST_EDGE is 0 */
  size_t n_blocks;
  uint8_t *slots;  /* [n_objects] */
  uint64_t *words; /* [n_objects]: sites as the agent numbers them */
  size_t n_objects;
  struct gcg__big *big_slacks;
  size_t n_big_slacks;
  struct gcg__root_range *linker; /* blocks of the dynamic linker's, which are no objects */
  size_t n_linker;
  uint64_t low, high;  /* of all slots, free ones too; both 0: there are none */
  uint64_t slot_bytes; /* of all slots, free ones too */
};

/* Reads the heap that TABLES describes from IMAGE, on up to N_THREADS threads (0: all processors).
   The caller frees HEAP's contents by gcg__agent_heap_fini.  Errors: GCG_NO_MEMORY;
   GCG_UNSUPPORTED: there are 2^32 blocks or more. */
enum gcg_status gcg__agent_heap_read (const struct gcg__memory_image *image,
                                      const struct gcg__root_heap *tables, unsigned n_threads,
                                      struct gcg__agent_heap *heap, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Harmless on zeroed ones. */
void gcg__agent_heap_fini (struct gcg__agent_heap *heap);

/* Takes the objects out that DROPPED [n_objects] says. */
void gcg__agent_heap_drop (struct gcg__agent_heap *heap, const uint8_t *dropped);

/* HEAP as an index takes it; borrowed. */
struct gcg__heap_columns gcg__agent_heap_columns (const struct gcg__agent_heap *heap);

struct gcg__agent_sites
{
  struct gcg__root_site *items; /* item 0 is none; zero where an entry cannot be read */
  uint32_t n;
};

/* Reads the sites' entries, without what they lead to.  The caller frees SITES->items.  Errors:
   GCG_NO_MEMORY. */
enum gcg_status gcg__agent_sites_read (const struct gcg__memory_image *image,
                                       const struct gcg__root_heap *tables,
                                       struct gcg__agent_sites *sites, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

#endif
