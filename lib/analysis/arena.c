/* arena.c -- memory that is freed all at once.
 *
 * A chunk begins with its header; small arrays are cut from shared chunks, each at a multiple of 64
 * so that no two share a cache line.  Those come from malloc, from 8 KiB on, twice as large each
 * time: most heaps that are analysed have few kinds and few leaks.  A large array has a mapping of
 * its own; dense ones ask for huge pages: the analyses read them in random order, and with 4 KiB
 * pages most of their time goes into page walks.
 *
 * Under the address sanitizer each array is a block of its own, so that it sees what is read beyond
 * one.
 * Cost: one system call or two per large array, none for small ones.
 */
#include "config.h"

#include "analysis/arena.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define FIRST_BYTES ((size_t)8 << 10)  /* of a shared chunk */
#define MOST_BYTES  ((size_t)64 << 10) /* the same */
#define SMALL_BYTES ((size_t)32 << 10) /* arrays of more have a mapping */
#define HUGE_BYTES  ((size_t)4 << 20)

#ifdef __SANITIZE_ADDRESS__
#define SHARED 0
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define SHARED 0
#endif
#endif
#ifndef SHARED
#define SHARED 1
#endif

struct gcg__chunk
{
  struct gcg__chunk *older;
  size_t mapped; /* bytes of the mapping; 0: from malloc */
  char pad[48];
};
_Static_assert(sizeof (struct gcg__chunk) == 64, "arrays start at a multiple of 64");

void
gcg__arena_init (struct gcg__arena *arena)
{
  *arena = (struct gcg__arena){ 0 };
}

void
gcg__arena_fini (struct gcg__arena *arena)
{
  /* The arena itself may lie in one of its chunks. */
  struct gcg__chunk *chunk = arena->chunks;
  while (chunk != NULL)
    {
      struct gcg__chunk *older = chunk->older;
      if (chunk->mapped > 0)
        munmap (chunk, chunk->mapped);
      else
        free (chunk);
      chunk = older;
    }
}

static struct gcg__chunk *
arena_add (struct gcg__arena *arena, struct gcg__chunk *chunk, size_t mapped)
{
  chunk->mapped = mapped;
  chunk->older = arena->chunks;
  arena->chunks = chunk;
  return chunk;
}

/* A new mapping with room for BYTES after its header, or NULL. */
static struct gcg__chunk *
arena_map (struct gcg__arena *arena, size_t bytes)
{
  bytes += sizeof (struct gcg__chunk);
  void *map = mmap (NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return map == MAP_FAILED ? NULL : arena_add (arena, map, bytes);
}

/* The same from malloc. */
static struct gcg__chunk *
arena_allocate (struct gcg__arena *arena, size_t bytes)
{
  struct gcg__chunk *chunk;
  bytes += sizeof *chunk;
  chunk = aligned_alloc (64, bytes);
  if (chunk == NULL)
    return NULL;
  memset (chunk, 0, bytes);
  return arena_add (arena, chunk, 0);
}

/* A new shared chunk, to cut arrays from; false: no memory. */
static bool
arena_refill (struct gcg__arena *arena)
{
  size_t bytes = arena->shared_bytes == 0           ? FIRST_BYTES
                 : arena->shared_bytes < MOST_BYTES ? 2 * arena->shared_bytes
                                                    : MOST_BYTES;
  struct gcg__chunk *chunk = arena_allocate (arena, bytes);
  if (chunk == NULL)
    return false;
  arena->shared_bytes = bytes;
  arena->next = (char *)(chunk + 1);
  arena->end = arena->next + bytes;
  return true;
}

static void *
arena_new (struct gcg__arena *arena, uint64_t n, size_t element_bytes, bool dense)
{
  size_t bytes;
  if (__builtin_mul_overflow (n, element_bytes, &bytes) || bytes > PTRDIFF_MAX / 2)
    return NULL;
  bytes = bytes == 0 ? 64 : (bytes + 63) & ~(size_t)63;
  if (bytes > SMALL_BYTES)
    {
      struct gcg__chunk *chunk = arena_map (arena, bytes);
      if (chunk == NULL)
        return NULL;
#ifdef MADV_HUGEPAGE
      /* Only advice: kernels without huge pages refuse it, and all works as before. */
      if (dense && bytes >= HUGE_BYTES)
        (void)madvise (chunk, chunk->mapped, MADV_HUGEPAGE);
#endif
      return chunk + 1;
    }
  if (!SHARED || bytes > FIRST_BYTES)
    {
      struct gcg__chunk *chunk = arena_allocate (arena, bytes);
      return chunk == NULL ? NULL : chunk + 1;
    }
  if ((size_t)(arena->end - arena->next) < bytes && !arena_refill (arena))
    return NULL;
  void *array = arena->next;
  arena->next += bytes;
  return array;
}

void *
gcg__arena_array (struct gcg__arena *arena, uint64_t n, size_t element_bytes)
{
  return arena_new (arena, n, element_bytes, true);
}

void *
gcg__arena_sparse (struct gcg__arena *arena, uint64_t n, size_t element_bytes)
{
  return arena_new (arena, n, element_bytes, false);
}

enum gcg_status
gcg__no_memory (struct gcg_error *error, const char *what)
{
  if (error != NULL)
    {
      error->status = GCG_NO_MEMORY;
      snprintf (error->text, sizeof error->text,
                "out of memory while %s: free some memory or raise the limit (ulimit -v)", what);
    }
  return GCG_NO_MEMORY;
}
