/* arena.c -- see arena.h.
 *
 * Pieces of 1 MiB are cut from the front; a request of a quarter of that or more gets a mapping of
 * its own.  What is left of a piece when the next is begun is lost: at most a quarter.
 */
#include "arena.h"

#include <sched.h>
#include <string.h>

#include "confined.h"
#include "raw.h"

#define CHUNK_BYTES ((size_t)1 << 20)
#define MOST_TEXT   4000

static gcg__lock arena_lock = GCG__LOCK_INIT;
static char *arena_next;
static size_t arena_left;
static uint64_t arena_mapped;

/* What a lock that is held holds: how many forks this process is away from the first. */
static uint32_t generation = 1;

void
gcg__lock_take (gcg__lock *lock)
{
  uint32_t held = 0;
  while (!atomic_compare_exchange_weak_explicit (lock, &held, generation, memory_order_acquire,
                                                 memory_order_relaxed))
    if (held == generation)
      {
        if (!gcg__confined)
          sched_yield ();
        held = 0;
      }
}

void
gcg__lock_give (gcg__lock *lock)
{
  atomic_store_explicit (lock, 0, memory_order_release);
}

void
gcg__lock_forget (void)
{
  generation++;
}

/* A mapping of BYTES, or NULL. */
static void *
arena_map (size_t bytes)
{
  void *result = raw_map (bytes);
  if (result == MAP_FAILED)
    return NULL;
  __atomic_fetch_add (&arena_mapped, bytes, __ATOMIC_RELAXED);
  return result;
}

uint64_t
gcg__arena_bytes (void)
{
  return __atomic_load_n (&arena_mapped, __ATOMIC_RELAXED);
}

void
gcg__arena_root (struct gcg__root_samples *root)
{
  root->own_bytes = (uintptr_t)&arena_mapped;
}

void *
gcg__arena_take (size_t bytes)
{
  void *result = NULL;

  bytes = (bytes + 15) & ~(size_t)15;
  if (bytes >= CHUNK_BYTES / 4)
    return arena_map (bytes);
  gcg__lock_take (&arena_lock);
  if (arena_left < bytes)
    {
      char *chunk = arena_map (CHUNK_BYTES);
      if (!chunk)
        goto done;
      arena_next = chunk;
      arena_left = CHUNK_BYTES;
    }
  result = arena_next;
  arena_next += bytes;
  arena_left -= bytes;
done:
  gcg__lock_give (&arena_lock);
  return result;
}

const char *
gcg__arena_text (const char *text)
{
  size_t n = text ? strnlen (text, MOST_TEXT) : 0;
  char *copy = n ? gcg__arena_take (n + 1) : NULL;

  if (!copy)
    return "";
  memcpy (copy, text, n);
  return copy;
}
