/* arena.c -- memory that is freed all at once, from mmap.
 *
 * A mapping begins with its header; arrays of less than a chunk are cut from a shared one, each at
 * a multiple of 64 so that no two share a cache line.  Large dense arrays ask for huge pages: the
 * analyses read them in random order, and with 4 KiB pages most of their time goes into page walks.
 * Cost: one system call or two per large array, one per 128 KiB of small ones.
 */
#include "config.h"

#include "analysis/arena.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>

#define CHUNK_BYTES ((size_t)128 << 10)
#define HUGE_BYTES  ((size_t)4 << 20)

struct gcg__chunk
{
  struct gcg__chunk *older;
  size_t bytes; /* of the mapping */
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
      munmap (chunk, chunk->bytes);
      chunk = older;
    }
}

/* A new mapping with room for BYTES after its header, or NULL. */
static struct gcg__chunk *
arena_map (struct gcg__arena *arena, size_t bytes)
{
  bytes += sizeof (struct gcg__chunk);
  void *map = mmap (NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED)
    return NULL;
  struct gcg__chunk *chunk = map;
  chunk->bytes = bytes;
  chunk->older = arena->chunks;
  arena->chunks = chunk;
  return chunk;
}

static void *
arena_new (struct gcg__arena *arena, uint64_t n, size_t element_bytes, bool dense)
{
  size_t bytes;
  if (__builtin_mul_overflow (n, element_bytes, &bytes) || bytes > PTRDIFF_MAX / 2)
    return NULL;
  bytes = bytes == 0 ? 64 : (bytes + 63) & ~(size_t)63;
  if (bytes > CHUNK_BYTES / 4)
    {
      struct gcg__chunk *chunk = arena_map (arena, bytes);
      if (chunk == NULL)
        return NULL;
#ifdef MADV_HUGEPAGE
      /* Only advice: kernels without huge pages refuse it, and all works as before. */
      if (dense && bytes >= HUGE_BYTES)
        (void)madvise (chunk, chunk->bytes, MADV_HUGEPAGE);
#endif
      return chunk + 1;
    }
  if ((size_t)(arena->end - arena->next) < bytes)
    {
      struct gcg__chunk *chunk = arena_map (arena, CHUNK_BYTES);
      if (chunk == NULL)
        return NULL;
      arena->next = (char *)(chunk + 1);
      arena->end = arena->next + CHUNK_BYTES;
    }
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
