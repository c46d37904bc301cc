/* early.c -- see early.h: one mapping, of which pages are touched as they are used. */
#include "early.h"

#include "arena.h"
#include "raw.h"

#define EARLY_BYTES ((size_t)8 << 20)

/* As a struct gcg__root_range. */
static struct
{
  char *start, *next;
} early;
static gcg__lock early_lock = GCG__LOCK_INIT;

void *
gcg__early_new (size_t bytes, size_t alignment)
{
  char *block = NULL;

  gcg__lock_take (&early_lock);
  if (!early.start)
    {
      early.start = raw_map (EARLY_BYTES);
      if (early.start == MAP_FAILED)
        early.start = NULL;
      early.next = early.start;
    }
  if (early.start)
    {
      /* The size stands before the block. */
      block = (char *)(((uintptr_t)early.next + 16 + alignment - 1) & ~(alignment - 1));
      if (block < early.start || bytes > (size_t)(early.start + EARLY_BYTES - block))
        block = NULL;
      else
        {
          ((size_t *)(void *)block)[-1] = bytes;
          early.next = block + bytes;
        }
    }
  gcg__lock_give (&early_lock);
  return block;
}

bool
gcg__early_has (const void *block)
{
  return early.start && (const char *)block >= early.start
         && (const char *)block < early.start + EARLY_BYTES;
}

size_t
gcg__early_bytes (const void *block)
{
  return ((const size_t *)block)[-1];
}

uint64_t
gcg__early_table (void)
{
  return (uintptr_t)&early;
}
