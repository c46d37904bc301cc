/* arena.h -- memory that is freed all at once.
 *
 * Each analysis owns one arena for its result, and each function one for what it needs on the way.
 * Memory is zeroed; large arrays have a mapping of their own, so that freeing an arena gives their
 * memory back to the system at once, and pages never touched are never paid for.
 *
 * One thread at a time.
 */
#ifndef GCG_ANALYSIS_ARENA_H
#define GCG_ANALYSIS_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "gcglass/error.h"

struct gcg__arena
{
  struct gcg__chunk *chunks; /* all, newest first */
  char *next, *end;          /* what is left of the newest shared one for small arrays */
  size_t shared_bytes;       /* of that one */
};

void gcg__arena_init (struct gcg__arena *arena);
void gcg__arena_fini (struct gcg__arena *arena);

/* N elements of ELEMENT_BYTES, all zero, at a multiple of 64; borrowed until gcg__arena_fini.
   NULL: out of memory.  Never NULL for N = 0. */
void *gcg__arena_array (struct gcg__arena *arena, uint64_t n, size_t element_bytes);

/* The same for an array of which only a few scattered elements will be touched. */
void *gcg__arena_sparse (struct gcg__arena *arena, uint64_t n, size_t element_bytes);

/* Fills ERROR (may be NULL): no memory for analysing WHAT.  Returns GCG_NO_MEMORY. */
enum gcg_status gcg__no_memory (struct gcg_error *error, const char *what);

#endif
