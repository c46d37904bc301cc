/* regrown.c -- see regrown.h.
 *
 * A block in a slot that was written to before is not replaced by another as the last one while it
 * lives.  So its owner, which alone resizes it, reads what belongs to it without the lock.
 */
#include "regrown.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

/* Slots of less are not worth it; slots of more would keep too much memory from other blocks. */
#define LEAST_SLOT ((size_t)256 << 10)
#define MOST_SLOT  ((size_t)32 << 20)
#define LEAST_PART 4 /* of its slot that a block has to use: one in so many */

struct gcg__regrown gcg__regrown;

static bool held;
static size_t live_slot;
static struct gcg__kept kept_slot;

static bool
take_lock (void)
{
  return !__atomic_exchange_n (&held, true, __ATOMIC_ACQUIRE);
}

static void
give_lock (void)
{
  __atomic_store_n (&held, false, __ATOMIC_RELEASE);
}

static void
set_live (char *base, char *dirty, size_t slot)
{
  gcg__regrown.dirty = dirty;
  live_slot = slot;
  __atomic_store_n (&gcg__regrown.block, base, __ATOMIC_RELAXED);
}

void
gcg__regrown_grows (const char *old, char *base, size_t slot)
{
  if (slot < LEAST_SLOT || slot > MOST_SLOT || !take_lock ())
    return;
  if (gcg__regrown.block == old || (!gcg__regrown.dirty && slot > live_slot))
    set_live (base, NULL, slot);
  give_lock ();
}

bool
gcg__regrown_take (size_t bytes, struct gcg__kept *kept)
{
  bool is;

  if (__atomic_load_n (&kept_slot.slot, __ATOMIC_RELAXED) < bytes || !take_lock ())
    return false;
  is = kept_slot.slot >= bytes && !gcg__regrown.dirty;
  if (is)
    {
      *kept = kept_slot;
      __atomic_store_n (&kept_slot.slot, 0, __ATOMIC_RELAXED);
    }
  give_lock ();
  return is;
}

void
gcg__regrown_taken (const struct gcg__kept *kept, char *base, size_t slot)
{
  char *end = base + slot, *dirty = NULL;

  if (take_lock ())
    {
      if (!gcg__regrown.dirty && kept->base < end && kept->dirty > base)
        dirty = kept->dirty < end ? kept->dirty : end;
      if (!gcg__regrown.dirty)
        set_live (base, dirty, slot);
      give_lock ();
    }
  if (!dirty)
    dirty = base;
  if (madvise (dirty, (size_t)(end - dirty), MADV_DONTNEED) != 0)
    memset (dirty, 0, (size_t)(end - dirty));
}

void
gcg__regrown_freed (char *base, size_t slot, size_t bytes)
{
  if (!take_lock ())
    return;
  if (gcg__regrown.block == base)
    {
      char *dirty = (char *)(((uintptr_t)base + bytes + 4095) & ~(uintptr_t)4095);
      if (bytes >= slot / LEAST_PART)
        {
          kept_slot.base = base;
          kept_slot.dirty = dirty > gcg__regrown.dirty ? dirty : gcg__regrown.dirty;
          __atomic_store_n (&kept_slot.slot, slot, __ATOMIC_RELAXED);
        }
      set_live (NULL, NULL, 0);
    }
  give_lock ();
}

void
gcg__regrown_clear (char *from, char *to)
{
  char *dirty = gcg__regrown.dirty;

  if (to > dirty)
    to = dirty;
  if (from < to)
    memset (from, 0, (size_t)(to - from));
}
