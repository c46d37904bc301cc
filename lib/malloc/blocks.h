/* blocks.h -- malloc's blocks in the collector's heap.
 *
 * In malloc mode libgc is asked for memory and for nothing else: it never collects, so nothing is
 * ever reclaimed behind the program's back.  Small blocks come from lists that each thread has for
 * itself, one for each number of granules, filled by GC_generic_malloc_many a few KiB at a time, so
 * that most calls take no lock; what one thread frees more of than it needs goes to lists that all
 * share.  Large blocks are libgc's large objects.
 *
 *   thread's lists  <──── a batch ────  shared lists  <──── a batch ────  libgc
 *                   ───── a batch ───>
 *
 * A block that the program has carries the tag (tag.h); one on a list does not, and so is no object
 * to the walks over the heap.  New blocks are zero: what was left in a block is not to keep others
 * reachable.
 *
 * Blocks of the dynamic linker are not the program's: they are libgc's uncollectable objects, and
 * roots.
 */
#ifndef GCG_BLOCKS_H
#define GCG_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snapshot/format.h"

/* Returns whether a block may be asked for: libgc is initialised.  Sets up what must be there
   first. */
void gcg__blocks_begin (void);

/* This thread is about to end; it may still ask for blocks. */
void gcg__blocks_leave (void);

/* BYTES of zeroed memory aligned to ALIGNMENT (a power of 2) at SITE, or NULL.  SYSTEM: the
   dynamic linker's, on the program's behalf (SITE is 0: it counts in the figures, as with valgrind)
   or on the agent's (SITE is GCG__SITE_OF_AGENT: it does not). */
#define GCG__SITE_OF_AGENT 1u
void *gcg__block_new (size_t bytes, size_t alignment, uint32_t site, bool system);

/* Bytes that were asked for at BLOCK; SIZE_MAX when it is no block of ours. */
size_t gcg__block_bytes (const void *block);

/* The block of the program's that ADDRESS lies in, and where its tag is; NULL: no such block. */
void *gcg__block_at (const void *address, uint64_t **place);

/* Makes BLOCK, the program's, one of SITE. */
void gcg__block_set_site (void *block, uint32_t site);

/* Frees BLOCK; false when it is no block, or has been freed already. */
bool gcg__block_free (void *block);

/* Resizes BLOCK to BYTES and sets its site to SITE, in place or by moving it; SYSTEM as above.
   NULL: out of memory, and BLOCK is unchanged. */
void *gcg__block_resize (void *block, size_t bytes, uint32_t site, bool system);

/* The calling thread's numbers for samples (count.h): the next thread that is given its lists goes
   on with them. */
struct gcg__counts;
void gcg__blocks_keep_counts (struct gcg__counts *counts);

/* The figures so far.  Exact when the world is stopped. */
void gcg__blocks_usage (struct gcg__usage *usage);

/* Address of the table of pages, as agent_root.h describes it. */
uint64_t gcg__blocks_pieces (void);

/* Writes into FACTS where threads count. */
struct gcg__root_facts;
void gcg__caches_show (struct gcg__root_facts *facts);

/* Around fork: no other thread is in the middle of the shared lists. */
void gcg__blocks_lock (void);
void gcg__blocks_unlock (void);

/* Instead of the latter in the child. */
void gcg__blocks_forked (void);

#endif
