/* clone.c -- see clone.h.
 *
 * All signals are blocked across the clone, so a signal to the process group never runs a handler
 * of the program's in it.
 */
#include "clone.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "fail.h"
#include "raw.h"

#define CHILD_SECONDS 60

/* A child of this process, invisible to its waits; 0 in the child. */
static pid_t
clone_now (int *pidfd)
{
#if defined __x86_64__
  return (pid_t)syscall (SYS_clone, CLONE_PIDFD, NULL, pidfd, NULL, NULL);
#else
  return (pid_t)syscall (SYS_clone, CLONE_PIDFD, NULL, pidfd, NULL, 0);
#endif
}

static void
close_others (int keep)
{
  if (keep > 0)
    syscall (SYS_close_range, 0u, (unsigned)keep - 1, 0u);
  syscall (SYS_close_range, (unsigned)keep + 1, ~0u, 0u);
}

/* The program's limits of memory are not meant for us: up to the hard ones. */
static void
lift_limits (void)
{
  static const int resources[] = { RLIMIT_AS, RLIMIT_DATA, RLIMIT_FSIZE };
  struct rlimit limit;

  for (uint32_t i = 0; i < sizeof resources / sizeof *resources; i++)
    if (syscall (SYS_prlimit64, 0, resources[i], NULL, &limit) == 0)
      {
        limit.rlim_cur = limit.rlim_max;
        syscall (SYS_prlimit64, 0, resources[i], &limit, NULL);
      }
}

struct gcg__clone
gcg__clone_stopped (gcg__clone_work work, void *state, int fd)
{
  struct gcg__clone clone = { .pidfd = -1 };
  uint64_t all = ~UINT64_C (0), mask;

  syscall (SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask, 8);
  clone.child = clone_now (&clone.pidfd);
  if (clone.child == 0)
    {
      close_others (fd);
      lift_limits ();
      syscall (SYS_prctl, PR_SET_NAME, "gcglass-capture", 0, 0, 0);
      syscall (SYS_exit_group, work (state, true));
      __builtin_unreachable ();
    }
  if (clone.child < 0)
    clone.error = work (state, false);
  syscall (SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8);
  return clone;
}

static enum gcg_status
fail_write (int error_number, struct gcg_error *error)
{
  return gcg__fail (error, GCG_SYSTEM, "cannot write the snapshot: %s", strerror (error_number));
}

enum gcg_status
gcg__clone_wait (const struct gcg__clone *clone, struct gcg_error *error)
{
  struct pollfd poll_fd = { clone->pidfd, POLLIN, 0 };
  siginfo_t info = { .si_pid = 0 };
  uint64_t deadline = raw_now (CLOCK_MONOTONIC) + CHILD_SECONDS * UINT64_C (1000000000);
  enum gcg_status status = GCG_OK;
  int ready;

  if (clone->child < 0)
    return clone->error == 0 ? GCG_OK : fail_write (clone->error, error);
  do
    ready = poll (&poll_fd, 1, 1000);
  while ((ready < 0 && errno == EINTR) || (ready == 0 && raw_now (CLOCK_MONOTONIC) < deadline));
  if (ready <= 0)
    {
      syscall (SYS_pidfd_send_signal, clone->pidfd, SIGKILL, NULL, 0);
      status = gcg__fail (error, GCG_TIMEOUT, "the snapshot was not written within %d s",
                          CHILD_SECONDS);
    }
  while (waitid (P_PID, (id_t)clone->child, &info, WEXITED | __WCLONE) < 0 && errno == EINTR)
    ;
  close (clone->pidfd);
  if (status == GCG_OK && info.si_pid && info.si_code != CLD_EXITED)
    status = gcg__fail (error, GCG_SYSTEM, "writing the snapshot was ended by signal %d",
                        info.si_status);
  else if (status == GCG_OK && info.si_pid && info.si_status != 0)
    status = fail_write (info.si_status, error);
  return status;
}
