#include "stack.h"

#include <dlfcn.h>
#include <execinfo.h>

#include "site.h"

/* Our own frames above the caller's: the unwinder may show some of them. */
#define OWN_FRAMES 6

static int (*unwind) (void **, int);
static unsigned depth;

void
gcg__stack_init (unsigned wanted)
{
  void *frames[4];
  void *library;

  depth = wanted < GCG__MOST_FRAMES ? wanted : GCG__MOST_FRAMES;
  if (!depth)
    return;
  library = dlopen ("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
  if (library)
    *(void **)&unwind = dlsym (library, "unw_backtrace");
  if (!unwind)
    unwind = backtrace;
  /* The first call of either loads and allocates: now, not in the middle of an allocation. */
  unwind (frames, 4);
}

uint32_t
gcg__stack_site (void *caller)
{
  void *frames[GCG__MOST_FRAMES + OWN_FRAMES];
  uint64_t site[GCG__MOST_FRAMES];
  uint32_t n = 0;

  if (depth)
    {
      int found = unwind (frames, (int)depth + OWN_FRAMES), first = 0;
      while (first < found && frames[first] != caller)
        first++;
      for (int i = first; i < found && n < depth; i++)
        site[n++] = (uintptr_t)frames[i];
    }
  if (!n)
    site[n++] = (uintptr_t)caller;
  return gcg__site_of_stack (site, n);
}
