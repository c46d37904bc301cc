/* survey.c -- see survey.h.
 *
 * The heap is never unmapped here, but the program may make pages of its blocks unreadable at any
 * time.  So the kernel is asked to copy what is looked at, and fails where the program would be
 * killed.
 */
#include "survey.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/uio.h>

#include "gc_calls.h"
#include "heapwalk.h"
#include "raw.h"
#include "tag.h"

/* Copies the N bytes at ADDRESS; false when they cannot be read. */
static bool
copy_readable (uint64_t address, void *to, size_t n)
{
  struct iovec here = { to, n }, there = { (void *)(uintptr_t)address, n };
  long copied = syscall (SYS_process_vm_readv, syscall (SYS_getpid), &here, 1, &there, 1, 0);

  if (copied >= 0 || (errno != EPERM && errno != ENOSYS))
    return copied == (long)n;
  /* Not allowed: a system call that looks at memory and does nothing says whether it may be read.
   */
  if (syscall (SYS_rt_sigprocmask, ~0, address, NULL, 8) != -1 || errno != EINVAL)
    return false;
  memcpy (to, (const void *)(uintptr_t)address, n);
  return true;
}

/* Visits the slot at BASE, of SIZE bytes, when its tag, the last word of END, is one. */
static void
survey_slot (uint64_t base, uint64_t size, const uint64_t *end,
             void (*visit) (void *data, uint32_t site, uint64_t bytes, uint32_t birth), void *data)
{
  const uint64_t *tag = end - 1;

  if (tag_valid ((const void *)(uintptr_t)base, *tag))
    visit (data, tag_site (*tag), size - 8 - tag_slack (tag), tag_birth (*tag));
}

uint64_t
gcg__survey_block (uint64_t at,
                   void (*visit) (void *data, uint32_t site, uint64_t bytes, uint32_t birth),
                   void *data)
{
  uint64_t words[HEAP_BLOCK_BYTES / 8];
  void *base = (void *)(uintptr_t)at;
  size_t size;

  if (GC_base (base) != base)
    return HEAP_BLOCK_BYTES;
  bool is_program = GC_get_kind_and_size (base, &size) != (int)GCG__KIND_UNCOLLECTABLE;
  if (size > HEAP_BLOCK_BYTES / 2)
    {
      if (is_program && copy_readable (at + size - 16, words, 16))
        survey_slot (at, size, words + 2, visit, data);
      return (size + HEAP_BLOCK_BYTES - 1) / HEAP_BLOCK_BYTES * HEAP_BLOCK_BYTES;
    }
  if (is_program && copy_readable (at, words, sizeof words))
    for (uint64_t slot = 0; slot + size <= HEAP_BLOCK_BYTES; slot += size)
      survey_slot (at + slot, size, words + (slot + size) / 8, visit, data);
  return HEAP_BLOCK_BYTES;
}
