/* killed.c -- gcglass is killed at any moment of a freeze: the process goes on, and nothing is
 * left.
 *
 *   killed [TIMES]   (default 60)
 *
 * A process of ours freezes in a loop and is killed by SIGKILL after a random time.  The target is
 * a stranger to it, or its own child (then it is another process's child afterwards).
 */
#include <config.h>

#include "image/freeze.h"
#include "tests/agent/tap.h"
#include "tests/image/run.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_US 6000

/* Freezes PID until it is killed; says by a byte to FD that it has begun. */
static void
freeze_for_ever (pid_t pid, int fd)
{
  struct gcg_error error;
  for (bool is_first = true;; is_first = false)
    {
      struct gcg__freeze_ask ask = { .pid = pid, .limit_ms = 20000 };
      struct gcg__frozen *frozen = NULL;
      if (gcg__freeze (&ask, &frozen, &error) != GCG_OK)
        {
          fprintf (stderr, "killed: %s\n", error.text);
          _exit (3);
        }
      gcg__frozen_drop (frozen);
      if (is_first && write (fd, "", 1) != 1)
        _exit (4);
    }
}

static unsigned
random_us (void)
{
  static unsigned state = 12345;
  state = state * 1103515245u + 12345u;
  return (state >> 8) % MOST_US;
}

static void
kill_after (pid_t pid, unsigned us)
{
  nanosleep (&(struct timespec){ .tv_nsec = (long)us * 1000 }, NULL);
  kill (pid, SIGKILL);
}

/* All of the target's processes but N_LEFT have gone: the copies, too. */
static void
wait_for_copies (int n_left)
{
  while (run_count () > n_left)
    usleep (1000);
}

/* Not stopped, not traced, once the kernel has let it go. */
static void
wait_until_free (pid_t pid)
{
  for (;;)
    {
      long state = run_status (pid, pid, "State", 0);
      if (state != 't' && run_status (pid, pid, "TracerPid", 10) == 0)
        return;
      usleep (1000);
    }
}

static void
stranger (const char *mode, int times)
{
  struct run run;
  int fds[2], n_begun = 0, n_good = 0;
  run_start (&run, false, mode, NULL);
  if (pipe (fds) != 0)
    exit (99);
  for (int i = 0; i < times; i++)
    {
      char byte;
      pid_t freezer = fork ();
      if (freezer == 0)
        freeze_for_ever (run.pid, fds[1]);
      n_begun += read (fds[0], &byte, 1) == 1;
      kill_after (freezer, random_us ());
      waitpid (freezer, NULL, 0);
      wait_until_free (run.pid);
      wait_for_copies (2);
      /* The thread may still be on its way back. */
      bool is_good = false;
      for (int tries = 0; tries < 10000 && !is_good; tries++)
        {
          run_wait_until_childless (&run);
          is_good = run_is_as_before (&run);
        }
      n_good += is_good;
    }
  close (fds[0]);
  close (fds[1]);
  tap_ok (n_begun == times && n_good == times, "%s: killed %d times, nothing is left %d times",
          mode, n_begun, n_good);
  int status = run_finish (&run);
  /* Between the stop and its putting right, there is no process left to put it right. */
  tap_ok (run_waits_as_the_kernel_has_it (&run, status), "%s: it goes on, to its end (%d)", mode,
          status);
}

/* The target's parent is the one that is killed; its end comes to us, as a subreaper. */
static void
own_child (const char *mode, int times)
{
  int n_good = 0;
  prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  for (int i = 0; i < times; i++)
    {
      int fds[2];
      struct run run;
      if (pipe (fds) != 0)
        exit (99);
      pid_t freezer = fork ();
      if (freezer == 0)
        {
          run_start (&run, true, mode, NULL);
          /* The target's input and output are ours as well: they stay open. */
          if (write (fds[1], &run, sizeof run) != sizeof run)
            _exit (4);
          freeze_for_ever (run.pid, fds[1]);
        }
      char byte;
      bool is_begun = read (fds[0], &run, sizeof run) == sizeof run && read (fds[0], &byte, 1) == 1;
      kill_after (freezer, random_us ());
      /* The kernel closes its descriptors: the target's input ends, and so does the target. */
      int status = -1, end = -1;
      pid_t waited;
      while ((waited = waitpid (-1, &status, __WALL)) > 0)
        if (waited == run.pid && WIFEXITED (status))
          end = WEXITSTATUS (status);
      n_good += is_begun && end == 7;
      if (end != 7)
        printf ("# status %x\n", (unsigned)status);
      wait_for_copies (0);
      close (fds[0]);
      close (fds[1]);
    }
  prctl (PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
  tap_ok (n_good == times, "%s: its parent is killed %d times, it goes on %d times", mode, times,
          n_good);
}

int
main (int argc, char **argv)
{
  int times = argc > 1 ? atoi (argv[1]) : 60;
  stranger ("registers", times);
  stranger ("waits", times);
  stranger ("work", times);
  own_child ("registers", times / 2);
  return tap_done ();
}
