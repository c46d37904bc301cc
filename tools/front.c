/* front.c -- see front.h. */
#include "config.h"

#include "tools/front.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/child.h"

static pid_t front; /* 0: no front */

/* Whether a shell may be waiting for us to stop. */
static bool
has_job_control (void)
{
  int terminal = open ("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0)
    return false;
  close (terminal);
  return getpgrp () != getsid (0);
}

/* Runs as the front of the process GOES_ON until that has ended; all signals are blocked. */
static void __attribute__ ((noreturn)) stand (pid_t goes_on, const sigset_t *all)
{
  struct child imitated = { .pid = goes_on };
  for (;;)
    {
      siginfo_t info;
      int signal = sigwaitinfo (all, &info);
      if (signal == SIGCHLD && waitpid (goes_on, &imitated.status, WNOHANG) == goes_on)
        child_imitate (&imitated, 0);
      if (signal > 0 && signal != SIGCHLD && (info.si_code <= 0 || signal == SIGCONT))
        kill (goes_on, signal);
    }
}

void
front_begin (void)
{
  sigset_t all, before;
  if (!has_job_control ())
    return;
  sigfillset (&all);
  sigprocmask (SIG_SETMASK, &all, &before);
  struct sigaction usual = { .sa_handler = SIG_DFL }, chld;
  sigaction (SIGCHLD, &usual, &chld); /* ignored, the child would be gone before we know how */
  pid_t self = getpid (), child = fork ();
  if (child > 0)
    stand (child, &all);
  sigaction (SIGCHLD, &chld, NULL);
  if (child == 0)
    {
      front = self;
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      if (getppid () != self)
        raise (SIGKILL);
    }
  /* Without a second process nothing of ours stops. */
  sigprocmask (SIG_SETMASK, &before, NULL);
}

void
front_stop (void)
{
  if (front != 0)
    kill (front, SIGSTOP);
}

void
front_continue (void)
{
  if (front != 0)
    kill (front, SIGCONT);
}
