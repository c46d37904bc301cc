/* signals.c -- see signals.h. */
#include "config.h"

#include "tools/signals.h"

#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The C library uses signals 32 and 33 and hides them; it gives the second a handler when threads
   are started, so a program that inherits it ignored would get it as usual from us. */
#define FIRST_INTERNAL 32

/* What the kernel calls struct sigaction: the handler comes first on all machines. */
struct kernel_action
{
  uint64_t handler;
  uint64_t rest[3];
};

static void
remember_internal (struct signals *signals)
{
  for (int i = 0; i < 2; i++)
    {
      struct kernel_action action = { .handler = 0 };
      signals->internal_ignored[i]
          = syscall (SYS_rt_sigaction, FIRST_INTERNAL + i, NULL, &action, (size_t)8) == 0
            && action.handler == (uint64_t)(uintptr_t)SIG_IGN;
    }
}

bool
signals_begin (struct signals *signals, bool stops)
{
  static const int not_blocked[]
      = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS, SIGTSTP, SIGTTIN, SIGTTOU };
  const size_t n_not_blocked = sizeof not_blocked / sizeof not_blocked[0] - (stops ? 0 : 3);
  struct sigaction usual = { .sa_handler = SIG_DFL }, ignored = { .sa_handler = SIG_IGN };
  sigset_t blocked;
  for (int signal = 1; signal < NSIG; signal++)
    if (sigaction (signal, NULL, &signals->actions[signal]) != 0)
      signals->actions[signal].sa_handler = SIG_DFL;
  remember_internal (signals);
  sigfillset (&blocked);
  for (size_t i = 0; i < n_not_blocked; i++)
    sigdelset (&blocked, not_blocked[i]);
  pthread_sigmask (SIG_SETMASK, &blocked, &signals->mask);
  /* Ignored, our children would be reaped before we know how they ended. */
  sigaction (SIGCHLD, &usual, NULL);
  sigaction (SIGPIPE, &ignored, NULL);
  signals->fd = signalfd (-1, &blocked, SFD_CLOEXEC | SFD_NONBLOCK);
  return signals->fd >= 0;
}

bool
signals_read (const struct signals *signals, struct signalfd_siginfo *info)
{
  return read (signals->fd, info, sizeof *info) == (ssize_t)sizeof *info;
}

bool
signals_is_end (const struct signalfd_siginfo *info)
{
  return info->ssi_signo == SIGINT || info->ssi_signo == SIGTERM || info->ssi_signo == SIGHUP
         || info->ssi_signo == SIGQUIT;
}

void
signals_restore (const struct signals *signals)
{
  for (int signal = 1; signal < NSIG; signal++)
    sigaction (signal, &signals->actions[signal], NULL);
  for (int i = 0; i < 2; i++)
    if (signals->internal_ignored[i])
      {
        struct kernel_action ignore = { .handler = (uint64_t)(uintptr_t)SIG_IGN };
        syscall (SYS_rt_sigaction, FIRST_INTERNAL + i, &ignore, NULL, (size_t)8);
      }
  sigprocmask (SIG_SETMASK, &signals->mask, NULL);
}

void
signals_end (struct signals *signals)
{
  if (signals->fd >= 0)
    close (signals->fd);
  signals->fd = -1;
}
