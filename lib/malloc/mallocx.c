/* mallocx.c -- see mallocx.h.
 *
 * Only the alignment of the flags is used: there are no arenas or thread caches to select, and
 * blocks are zeroed anyway.  A block's real size is the size that was asked for.
 */
#include "mallocx.h"

#include <string.h>

#include "allocate.h"
#include "entries.h"

#define CALLER    __builtin_return_address (0)
#define LG_ALIGN  0x3f
#define ZERO      0x40
#define ALIGNMENT 16u /* of every block */

static inline size_t
alignment_of (int flags)
{
  size_t alignment = (size_t)1 << (flags & LG_ALIGN);
  return alignment < ALIGNMENT ? ALIGNMENT : alignment;
}

void *
gcg__mallocx (size_t bytes, int flags)
{
  void *volatile block = gcg__allocate_aligned (bytes, alignment_of (flags), CALLER);
  return block;
}

void *
gcg__rallocx (void *block, size_t bytes, int flags)
{
  size_t had = gcg__entry_malloc_usable_size (block);
  char *volatile grown;

  if (alignment_of (flags) <= ALIGNMENT)
    grown = gcg__reallocate (block, bytes, CALLER);
  else
    {
      grown = gcg__allocate_aligned (bytes, alignment_of (flags), CALLER);
      if (grown)
        {
          memcpy (grown, block, had < bytes ? had : bytes);
          gcg__entry_free (block);
        }
    }
  if (grown && bytes > had && (flags & ZERO))
    memset (grown + had, 0, bytes - had);
  return grown;
}

/* In place: nothing grows or shrinks, which the caller is to expect. */
size_t
gcg__xallocx (void *block, size_t bytes, size_t extra, int flags)
{
  (void)bytes;
  (void)extra;
  (void)flags;
  return gcg__entry_malloc_usable_size (block);
}

size_t
gcg__sallocx (const void *block, int flags)
{
  (void)flags;
  return gcg__entry_malloc_usable_size ((void *)(size_t)block);
}

void
gcg__dallocx (void *block, int flags)
{
  (void)flags;
  gcg__entry_free (block);
}

void
gcg__sdallocx (void *block, size_t bytes, int flags)
{
  (void)bytes;
  (void)flags;
  gcg__entry_free (block);
}

size_t
gcg__nallocx (size_t bytes, int flags)
{
  (void)flags;
  return bytes;
}
