/* early.c -- see early.h: one mapping, of which pages are touched as they are used. */
#include "early.h"

#include "arena.h"
#include "raw.h"

#define EARLY_BYTES ((size_t)8 << 20)

static char *start, *next;
static gcg__lock early_lock = GCG__LOCK_INIT;

void *
gcg__early_new (size_t bytes, size_t alignment)
{
  char *block = NULL;

  gcg__lock_take (&early_lock);
  if (!start)
    {
      start = raw_map (EARLY_BYTES);
      if (start == MAP_FAILED)
        start = NULL;
      next = start;
    }
  if (start)
    {
      /* The size stands before the block. */
      block = (char *)(((uintptr_t)next + 16 + alignment - 1) & ~(alignment - 1));
      if (block < start || bytes > (size_t)(start + EARLY_BYTES - block))
        block = NULL;
      else
        {
          ((size_t *)(void *)block)[-1] = bytes;
          next = block + bytes;
        }
    }
  gcg__lock_give (&early_lock);
  return block;
}

bool
gcg__early_has (const void *block)
{
  return start && (const char *)block >= start && (const char *)block < start + EARLY_BYTES;
}

size_t
gcg__early_bytes (const void *block)
{
  return ((const size_t *)block)[-1];
}

void
gcg__early_range (uint64_t *low, uint64_t *high)
{
  *low = (uintptr_t)start;
  *high = (uintptr_t)next;
}
