/* unwinder.c -- see unwinder.h.
 *
 * The unwinder starts in our own frames; the program's begin where the return address of the
 * wrapper stands.  Where it does not (a frame without unwind information), the return address alone
 * is the site.
 */
#include "unwinder.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "raw.h"
#include "site.h"

/* Our own frames above the caller's: the unwinder may show some of them. */
#define OWN_FRAMES 6

/* libunwind keeps a pipe, which it writes to and reads from to see whether memory can be read.  It
   has to be made high by taking all lower numbers meanwhile. */
#define SPARE_DESCRIPTORS 16

static int (*unwind) (void **, int);

/* Descriptors on all free numbers below RAW_HIGH_DESCRIPTOR, as far as the limit allows, into
   FILLERS; returns how many. */
static int
fill_descriptors (int fillers[RAW_HIGH_DESCRIPTOR])
{
  struct rlimit limit = { 0, 0 };
  int n = 0, highest = RAW_HIGH_DESCRIPTOR, fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  getrlimit (RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < RAW_HIGH_DESCRIPTOR + SPARE_DESCRIPTORS)
    highest = (int)limit.rlim_cur - SPARE_DESCRIPTORS;
  while (fd >= 0 && fd < highest && n < RAW_HIGH_DESCRIPTOR)
    {
      fillers[n++] = fd;
      fd = fcntl (fillers[0], F_DUPFD_CLOEXEC, fd + 1);
    }
  if (fd >= 0)
    close (fd);
  return n;
}

void
gcg__unwinder_load (void)
{
  void *library = dlopen ("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);

  if (library)
    *(void **)&unwind = dlsym (library, "unw_backtrace");
  if (unwind)
    return;
  dlerror (); /* of ours */
  unwind = backtrace;
}

void
gcg__unwinder_init (void)
{
  int fillers[RAW_HIGH_DESCRIPTOR], n = fill_descriptors (fillers);
  void *frames[4];

  if (!unwind)
    gcg__unwinder_load ();
  /* The first call of either loads and allocates: now, not in the middle of an allocation. */
  unwind (frames, 4);
  while (n > 0)
    close (fillers[--n]);
}

uint32_t
gcg__unwinder_frames (void *caller, uint64_t *frames, uint32_t most)
{
  void *all[GCG__MOST_FRAMES + OWN_FRAMES];
  int found = unwind (all, (int)most + OWN_FRAMES), first = 0;
  uint32_t n = 0;

  while (first < found && all[first] != caller)
    first++;
  for (int i = first; i < found && n < most; i++)
    frames[n++] = (uintptr_t)all[i];
  if (!n)
    frames[n++] = (uintptr_t)caller;
  return n;
}
