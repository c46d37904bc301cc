/* self_signal.c -- the ends of a program by a signal that it sends to itself: abort, assert, raise,
 * kill.
 *
 * They are ends like _exit (ending.h) when nothing can come between: the signal's action is the
 * default one, which ends the process, and this thread does not block it.  A handler may go on, so
 * where there is one the program is left alone.  Everything here may run in a signal handler.
 */
#include <assert.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "confined.h"
#include "ending.h"
#include "lookup.h"
#include "raw.h"
#include "visible.h"

#define SIGNAL_BIT(signal) (UINT64_C (1) << ((signal)-1))
#define MASK_BYTES         8
#define MOST_SIGNAL        64
/* What by default ends no process. */
#define HARMLESS                                                                                   \
  (SIGNAL_BIT (SIGCHLD) | SIGNAL_BIT (SIGCONT) | SIGNAL_BIT (SIGURG) | SIGNAL_BIT (SIGWINCH)       \
   | SIGNAL_BIT (SIGSTOP) | SIGNAL_BIT (SIGTSTP) | SIGNAL_BIT (SIGTTIN) | SIGNAL_BIT (SIGTTOU))
#define CRASHES                                                                                    \
  (SIGNAL_BIT (SIGABRT) | SIGNAL_BIT (SIGSEGV) | SIGNAL_BIT (SIGBUS) | SIGNAL_BIT (SIGFPE)         \
   | SIGNAL_BIT (SIGILL) | SIGNAL_BIT (SIGTRAP) | SIGNAL_BIT (SIGSYS))

/* The kernel's structure. */
struct action
{
  uintptr_t handler;
  unsigned long flags;
  uintptr_t restorer;
  uint64_t mask;
};

static bool
is_default (int signal)
{
  struct action action;
  return syscall (SYS_rt_sigaction, signal, NULL, &action, MASK_BYTES) == 0
         && action.handler == (uintptr_t)SIG_DFL;
}

static bool
is_blocked (int signal)
{
  uint64_t mask = 0;
  syscall (SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, MASK_BYTES);
  return (mask & SIGNAL_BIT (signal)) != 0;
}

/* SIGNAL, sent by this thread to itself or its process, ends the process at once.  The handler of a
   crash often sets the default action and sends its signal again, which waits until the handler has
   returned: no program waits for these otherwise.  The first process of a name space is spared. */
static bool
is_end (int signal)
{
  if (gcg__confined || signal <= 0 || signal > MOST_SIGNAL || (SIGNAL_BIT (signal) & HARMLESS)
      || getpid () == 1)
    return false;
  return signal == SIGKILL
         || (is_default (signal) && ((SIGNAL_BIT (signal) & CRASHES) || !is_blocked (signal)));
}

static bool
is_abort (void)
{
  return !gcg__confined && is_default (SIGABRT) && getpid () != 1;
}

GCG__BEHIND (raise);
GCG__BEHIND (kill);
GCG__BEHIND (abort);
GCG__BEHIND (__assert_fail);

API int
raise (int signal)
{
  if (is_end (signal))
    GCG__ENDS_BY_SIGNAL ();
  return BEHIND (raise) (signal);
}

API int
kill (pid_t pid, int signal)
{
  if (!gcg__confined && pid == getpid () && is_end (signal))
    GCG__ENDS_BY_SIGNAL ();
  return BEHIND (kill) (pid, signal);
}

/* Unblocks the signal, and does not care whether it is ignored. */
API void __attribute__ ((noreturn)) abort (void)
{
  if (is_abort ())
    GCG__ENDS_BY_SIGNAL ();
  BEHIND (abort) ();
  __builtin_unreachable ();
}

/* The C library's own aborts by a call that is not seen. */
API void __attribute__ ((noreturn))
__assert_fail (const char *assertion, const char *file, unsigned line, const char *function)
{
  if (is_abort ())
    GCG__ENDS_BY_SIGNAL ();
  BEHIND (__assert_fail) (assertion, file, line, function);
  __builtin_unreachable ();
}
