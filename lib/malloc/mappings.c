/* mappings.c -- the calls by which the program maps memory, and unmaps it: regions.h.
 *
 * Each does what it does by system call and notes what has come of it.  What the program maps by a
 * system call of its own is not seen: gcg_add_roots.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/shm.h>

#include "raw.h"
#include "regions.h"
#include "visible.h"

#define CALLER __builtin_return_address (0)

static inline uint64_t
whole_pages (size_t bytes)
{
  return ((uint64_t)bytes + 4095) & ~UINT64_C (4095);
}

static void *
map (void *address, size_t bytes, int protection, int flags, int fd, int64_t offset, void *caller)
{
  void *at = (void *)syscall (SYS_mmap, address, bytes, protection, flags, fd, offset);
  if (at != MAP_FAILED && gcg__malloc_of_program (caller))
    gcg__regions_add ((uintptr_t)at, (uintptr_t)at + whole_pages (bytes));
  return at;
}

API void *
mmap (void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
  void *volatile at = map (address, bytes, protection, flags, fd, offset, CALLER);
  return at;
}

API void *
mmap64 (void *address, size_t bytes, int protection, int flags, int fd, off64_t offset)
{
  void *volatile at = map (address, bytes, protection, flags, fd, offset, CALLER);
  return at;
}

API int
munmap (void *address, size_t bytes)
{
  /* Before it is: from then on another thread may be given it. */
  if (gcg__malloc_of_program (CALLER) && (uintptr_t)address % 4096 == 0)
    gcg__regions_remove ((uintptr_t)address, (uintptr_t)address + whole_pages (bytes));
  return (int)syscall (SYS_munmap, address, bytes);
}

API void *
mremap (void *old, size_t old_bytes, size_t bytes, int flags, ...)
{
  va_list arguments;
  void *wanted, *at;

  va_start (arguments, flags);
  wanted = va_arg (arguments, void *); /* only looked at when FLAGS say so */
  va_end (arguments);
  at = (void *)syscall (SYS_mremap, old, old_bytes, bytes, flags, wanted);
  if (at != MAP_FAILED && gcg__malloc_of_program (CALLER))
    {
      if (!(flags & MREMAP_DONTUNMAP))
        gcg__regions_remove ((uintptr_t)old, (uintptr_t)old + whole_pages (old_bytes));
      gcg__regions_add ((uintptr_t)at, (uintptr_t)at + whole_pages (bytes));
    }
  return at;
}

API int
madvise (void *address, size_t bytes, int advice)
{
  int result = (int)syscall (SYS_madvise, address, bytes, advice);
  if (result == 0
      && (advice == MADV_DONTFORK || advice == MADV_DOFORK || advice == MADV_WIPEONFORK
          || advice == MADV_KEEPONFORK))
    gcg__regions_hide ((uintptr_t)address, (uintptr_t)address + whole_pages (bytes),
                       advice == MADV_DONTFORK || advice == MADV_WIPEONFORK);
  return result;
}

API void *
shmat (int id, const void *address, int flags)
{
  void *at = (void *)syscall (SYS_shmat, id, address, flags);
  struct shmid_ds segment;
  if (at != (void *)-1 && gcg__malloc_of_program (CALLER)
      && syscall (SYS_shmctl, id, IPC_STAT, &segment) == 0)
    gcg__regions_add ((uintptr_t)at, (uintptr_t)at + whole_pages (segment.shm_segsz));
  return at;
}

/* The C library's own, which begins at the program's first. */
static void
note_break (char *before, char *after, void *caller)
{
  if (!gcg__malloc_of_program (caller))
    return;
  if (before < after)
    gcg__regions_add ((uintptr_t)before, (uintptr_t)after);
  else
    gcg__regions_remove ((uintptr_t)after, (uintptr_t)before);
}

/* The C library's exported copy of the program break: its sbrk, which a plugin bound with
   RTLD_DEEPBIND calls, does not ask the kernel. */
extern void *__curbrk;

API void *
sbrk (intptr_t more)
{
  char *before = (char *)syscall (SYS_brk, 0), *after = before + more;
  if (more != 0 && (char *)syscall (SYS_brk, after) != after)
    {
      errno = ENOMEM;
      return (void *)-1;
    }
  __curbrk = after;
  note_break (before, after, CALLER);
  return before;
}

API int
brk (void *end)
{
  char *before = (char *)syscall (SYS_brk, 0), *after = (char *)syscall (SYS_brk, end);
  if (after < (char *)end)
    {
      errno = ENOMEM;
      return -1;
    }
  __curbrk = after;
  note_break (before, after, CALLER);
  return 0;
}
