/* mallocwalk.h -- the blocks that the C library's malloc has handed out, in the frozen process.
 *
 * glibc's malloc keeps blocks of the main arena in [heap], those of other arenas in heaps that
 * begin at multiples of 64 MiB, and large ones each in a mapping.  All are chains of chunks with a
 * header:
 *
 *   chunk | size of the one before, if free | size, flags | the program's ... | next chunk
 *
 * so malloc's memory is distinguished from other mappings by its shape, and free blocks from used
 * ones.
 */
#ifndef GCG_MALLOCWALK_H
#define GCG_MALLOCWALK_H

#include "freeze.h"

/* Calls BLOCK with STATE and the words of each block in use.  Pages that AREAS (struct area,
   sorted) hold are passed over.  Stops when BLOCK returns false. */
void gcg__malloc_walk_stopped (struct gcg__freeze *freeze, const struct column *areas,
                               bool (*block) (void *state, uint64_t low, uint64_t high),
                               void *state);

/* Which pages of a mapping have memory: pages never written are not worth reading. */
#define RESIDENT_PAGES 1024u
struct resident
{
  uint64_t low, high, page_bytes; /* the range described */
  unsigned char pages[RESIDENT_PAGES];
};

/* Is the page at ADDRESS there?  RESIDENT begins zeroed; addresses ascend, or it is slow. */
bool gcg__resident_stopped (struct resident *resident, uint64_t address);

/* The area that holds ADDRESS, or NULL. */
const struct area *gcg__area_find_stopped (const struct column *areas, uint64_t address);

#endif
