/* warnings.c -- see warnings.h.
 *
 * The counter is in a memfd that gcglass receives with HELLO, so it can be read however the program
 * ends.  A forked child, which has no gcglass, prints its warnings.
 */
#include "warnings.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>

#include "control.h"
#include "gc_calls.h"
#include "raw.h"
#include "visible.h"

#define BYTES 4096
#define CYCLE "Finalization cycle involving"

static GC_warn_proc usual; /* libgc's own; NULL: nothing is counted */
static uint64_t *counter;
static pid_t own_pid;

static GC_warn_proc
current (void)
{
  if (!gcg__real.get_warn_proc)
    gcg__real_find ();
  return gcg__real.get_warn_proc ();
}

void
gcg__warnings_begin (void)
{
  usual = current ();
}

static void
count (char *message, GC_word argument)
{
  if (strstr (message, CYCLE) && (pid_t)syscall (SYS_getpid) == own_pid)
    __atomic_fetch_add (counter, 1, __ATOMIC_RELAXED);
  else
    usual (message, argument);
}

/* Makes the counter, in a file that HELLO brings. */
static int
make_counter (void)
{
  int fd = raw_high (memfd_create ("gcglass-warnings", MFD_CLOEXEC));

  if (fd < 0 || ftruncate (fd, BYTES) < 0)
    return -1;
  counter = mmap (NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  return counter == MAP_FAILED ? -1 : fd;
}

void
gcg__warnings_fold (void)
{
  int fd;

  if (!usual || current () != usual)
    return;
  fd = make_counter ();
  if (fd < 0)
    return;
  own_pid = (pid_t)syscall (SYS_getpid);
  gcg__control_attach (fd);
  gcg__real.set_warn_proc (count);
}

API void
GC_set_warn_proc (GC_warn_proc proc)
{
  if (!gcg__real.set_warn_proc)
    gcg__real_find ();
  gcg__real.set_warn_proc (own_pid && proc == usual ? count : proc);
}

API GC_warn_proc
GC_get_warn_proc (void)
{
  GC_warn_proc proc = current ();
  return proc == count ? usual : proc;
}
