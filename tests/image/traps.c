/* traps.c -- what makes stopping a process from outside difficult (doc/design/freeze.md, "Traps"):
 * each is tried on a program that would notice. */
#include <config.h>

#include "image/freeze.h"
#include "tests/agent/tap.h"
#include "tests/image/run.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_MS 20000
#define NOBODY   65534

static struct gcg_error error;

static enum gcg_status
freeze (pid_t pid, struct gcg__frozen **frozen)
{
  struct gcg__freeze_ask ask = { .pid = pid, .limit_ms = LIMIT_MS };
  *frozen = NULL;
  return gcg__freeze (&ask, frozen, &error);
}

/* Until the state of PID is STATE. */
static void
wait_for_state (pid_t pid, char state)
{
  while (run_status (pid, pid, "State", 0) != state)
    usleep (1000);
}

/* Until PID waits in epoll_wait or select. */
static void
wait_until_it_waits (pid_t pid)
{
  for (;;)
    {
      char path[64];
      long call = -1;
      snprintf (path, sizeof path, "/proc/%d/syscall", pid);
      FILE *file = fopen (path, "re");
      if (file != NULL && fscanf (file, "%ld", &call) != 1)
        call = -1;
      if (file != NULL)
        fclose (file);
      if (call == SYS_epoll_pwait || call == SYS_pselect6)
        return;
#ifdef SYS_epoll_wait
      if (call == SYS_epoll_wait || call == SYS_select)
        return;
#endif
      usleep (100);
    }
}

static void
skip (const char *what, const char *why)
{
  tap_ok (true, "%s # SKIP %s", what, why);
}

/* A program that executes another all the time: a freeze may fail, but not hang, nor be noticed. */
static void
executed (bool is_child)
{
  struct run run;
  int n_copies = 0, n_busy = 0, n_other = 0;
  run_start (&run, is_child, "exec", "0");
  for (int i = 0; i < 200; i++)
    {
      struct gcg__frozen *frozen;
      enum gcg_status status = freeze (run.pid, &frozen);
      n_copies += status == GCG_OK;
      n_busy += status == GCG_BUSY;
      n_other += status != GCG_OK && status != GCG_BUSY;
      if (status != GCG_OK && status != GCG_BUSY)
        printf ("# %s\n", error.text);
      gcg__frozen_drop (frozen);
    }
  tap_ok (n_copies > 0 && n_other == 0, "executing: %d copies, %d executed meanwhile, %d others",
          n_copies, n_busy, n_other);
  tap_ok (run_finish (&run) == 7, "executing: it goes on");
}

/* Where its next child would be another kind of process, it is read while it stands. */
static void
stands (bool is_child, const char *mode, enum gcg__frozen_why why)
{
  struct run run;
  struct gcg__frozen *frozen;
  long value = 0;
  run_start (&run, is_child, mode, NULL);
  bool is_frozen = freeze (run.pid, &frozen) == GCG_OK;
  if (tap_ok (is_frozen && frozen->copy == 0 && frozen->why == why, "%s: no copy", mode))
    {
      char state = (char)run_status (run.pid, run.pid, "State", 0);
      uint64_t result;
      tap_ok (state == 't'
                  && gcg__frozen_read (frozen, run.held, &value, sizeof value) == sizeof value
                  && value == 1234,
              "%s: it is read while it stands", mode);
      tap_ok (gcg__frozen_write (frozen, run.held, &value, sizeof value) == -1 && errno == EPERM
                  && gcg__frozen_call (frozen, run.combine, (uint64_t[6]){ 0 }, &result, LIMIT_MS,
                                       &error)
                         == GCG_UNSUPPORTED,
              "%s: it is not changed: %s", mode, error.text);
    }
  gcg__frozen_drop (frozen);
  tap_ok (run_is_as_before (&run), "%s: it goes on", mode);
  int status = run_finish (&run);
  tap_ok (status == 7, "%s: to its end (%d)", mode, status);
}

/* A signal that comes while it stands cuts the wait short in which it stands, as its due. */
static void
signal_while_it_stands (void)
{
  struct run run;
  run_start (&run, true, "filter", NULL);
  bool is_good = true;
  for (int i = 1; i <= 50; i++)
    {
      struct gcg__frozen *frozen;
      char expected[32];
      wait_until_it_waits (run.pid);
      is_good &= freeze (run.pid, &frozen) == GCG_OK && frozen->copy == 0;
      kill (run.pid, SIGUSR1);
      gcg__frozen_drop (frozen);
      snprintf (expected, sizeof expected, "cut %d\n", i);
      is_good &= run_wait_for (&run, expected);
    }
  tap_ok (is_good, "signals that come while it stands reach it, and the wait ends with EINTR");
  tap_ok (run_finish (&run) == 7, "and nothing else ends the wait");
}

/* Each signal reaches it, in a wait that the kernel makes again (select) and in one that it does
   not (epoll_wait). */
static void
signals_between (const char *which)
{
  struct run run;
  run_start (&run, false, "signals", which);
  bool is_good = true;
  for (int i = 1; i <= 50; i++)
    {
      struct gcg__frozen *frozen;
      char expected[32];
      wait_until_it_waits (run.pid);
      is_good &= freeze (run.pid, &frozen) == GCG_OK;
      gcg__frozen_drop (frozen);
      wait_until_it_waits (run.pid);
      kill (run.pid, SIGUSR1);
      snprintf (expected, sizeof expected, "cut %d\n", i);
      is_good &= run_wait_for (&run, expected);
    }
  tap_ok (is_good && run_finish (&run) == 7, "signals between copies reach it");
}

/* Signals in a storm, sent meanwhile: all are handled. */
static void
signal_storm (void)
{
  struct run run;
  run_start (&run, true, "signals", "1");
  pid_t sender = fork ();
  if (sender == 0)
    for (;;)
      {
        kill (run.pid, SIGUSR1);
        usleep (300);
      }
  for (int i = 0; i < 100; i++)
    {
      struct gcg__frozen *frozen;
      if (freeze (run.pid, &frozen) != GCG_OK)
        printf ("# %s\n", error.text);
      gcg__frozen_drop (frozen);
    }
  kill (sender, SIGKILL);
  waitpid (sender, NULL, 0);
  int status = run_finish (&run);
  tap_ok (status == 7, "frozen among signals, it goes on (%d)", status);
}

/* Stopped by SIGSTOP it stays so, until SIGCONT. */
static void
stopped (bool is_child)
{
  struct run run;
  bool is_good = true;
  run_start (&run, is_child, "waits", NULL);
  kill (run.pid, SIGSTOP);
  wait_for_state (run.pid, 'T');
  for (int i = 0; i < 30; i++)
    {
      struct gcg__frozen *frozen;
      is_good &= freeze (run.pid, &frozen) == GCG_OK && frozen->copy != 0;
      gcg__frozen_drop (frozen);
      wait_for_state (run.pid, 'T');
    }
  tap_ok (is_good, "a stopped process is copied, and stays stopped");
  kill (run.pid, SIGCONT);
  while (run_status (run.pid, run.pid, "State", 0) == 'T')
    usleep (1000);
  tap_ok (run_is_as_before (&run), "until it is continued");
  int status = run_finish (&run);
  tap_ok (status == 7, "no wait is cut short (%d)", status);
}

static void
traced (void)
{
  struct run run;
  struct gcg__frozen *frozen;
  int fds[2];
  char byte, number[32];
  run_start (&run, true, "wait", NULL);
  if (pipe (fds) != 0)
    return;
  pid_t tracer = fork ();
  if (tracer == 0)
    {
      byte = ptrace (PTRACE_SEIZE, run.pid, NULL, NULL) == 0;
      if (write (fds[1], &byte, 1) == 1)
        pause ();
      _exit (1);
    }
  bool is_traced = read (fds[0], &byte, 1) == 1 && byte == 1;
  enum gcg_status status = freeze (run.pid, &frozen);
  snprintf (number, sizeof number, "process %d)", tracer);
  tap_ok (is_traced && status == GCG_BUSY && strstr (error.text, number) != NULL,
          "traced already: %s", error.text);
  kill (tracer, SIGKILL);
  waitpid (tracer, NULL, 0);
  close (fds[0]);
  close (fds[1]);
  tap_ok (freeze (run.pid, &frozen) == GCG_OK && frozen->copy != 0, "and no longer");
  gcg__frozen_drop (frozen);
  tap_ok (run_finish (&run) == 7, "traced, it goes on");
}

static void
refused (void)
{
  struct run run;
  struct gcg__frozen *frozen;
  pid_t ended = fork ();
  if (ended == 0)
    _exit (0);
  waitpid (ended, NULL, 0);
  tap_ok (freeze (ended, &frozen) == GCG_NOT_FOUND, "no process: %s", error.text);
  tap_ok (freeze (getpid (), &frozen) == GCG_INVALID, "oneself: %s", error.text);
  if (geteuid () != 0)
    {
      skip ("another user's process", "only root has one");
      return;
    }
  run_start (&run, true, "wait", NULL);
  fflush (stdout);
  pid_t other = fork ();
  if (other == 0)
    {
      if (setgid (NOBODY) != 0 || setuid (NOBODY) != 0)
        _exit (2);
      enum gcg_status status = freeze (run.pid, &frozen);
      printf ("# %s\n", error.text);
      fflush (stdout);
      _exit (status == GCG_DISABLED && strstr (error.text, "belongs to user 0") != NULL ? 0 : 1);
    }
  int status;
  waitpid (other, &status, 0);
  tap_ok (status == 0, "another user's process is refused, with what to do");
  tap_ok (run_finish (&run) == 7, "refused, it goes on");
}

/* What the program closes while its copy stands is closed. */
static void
ends_while_copied (bool is_child)
{
  struct run run;
  struct gcg__frozen *frozen;
  run_start (&run, is_child, "wait", NULL);
  bool is_good = freeze (run.pid, &frozen) == GCG_OK && frozen->copy != 0;
  unsigned long held = run.held;
  long value = 0;
  is_good &= run_finish (&run) == 7;
  is_good &= frozen != NULL && gcg__frozen_read (frozen, held, &value, sizeof value) == sizeof value
             && value == 1234;
  tap_ok (is_good, "it ends, and its pipes with it, while its copy stands");
  gcg__frozen_drop (frozen);
}

static void *
freeze_ten (void *data)
{
  struct run *run = data;
  long n = 0;
  for (int i = 0; i < 10; i++)
    {
      struct gcg__freeze_ask ask = { .pid = run->pid, .limit_ms = LIMIT_MS };
      struct gcg__frozen *frozen = NULL;
      struct gcg_error own;
      n += gcg__freeze (&ask, &frozen, &own) == GCG_OK;
      gcg__frozen_drop (frozen);
    }
  return (void *)n;
}

static void
frozen_by_two (void)
{
  struct run run;
  pthread_t threads[2];
  void *n[2] = { NULL, NULL };
  run_start (&run, false, "waits", NULL);
  for (int i = 0; i < 2; i++)
    if (pthread_create (&threads[i], NULL, freeze_ten, &run) != 0)
      exit (99);
  for (int i = 0; i < 2; i++)
    pthread_join (threads[i], &n[i]);
  tap_ok ((long)n[0] == 10 && (long)n[1] == 10, "two threads freeze one process, one at a time");
  tap_ok (run_is_as_before (&run), "and nothing is left in it");
  int status = run_finish (&run);
  /* One freeze right behind another cuts waits short now and then (doc/design/freeze.md). */
  tap_ok (run_waits_as_the_kernel_has_it (&run, status), "and it goes on (%d)", status);
}

/* Signals that the program ignores are shown to a tracer, and cut waits short meanwhile: all but
   now and then they are put right (doc/design/freeze.md). */
static void
ignored_signals (void)
{
  struct run run;
  bool is_good = true;
  run_start (&run, true, "waits", "1");
  for (int i = 0; i < 200; i++)
    {
      struct gcg__frozen *frozen;
      is_good &= freeze (run.pid, &frozen) == GCG_OK && frozen->copy != 0;
      gcg__frozen_drop (frozen);
    }
  int status = run_finish (&run);
  tap_ok (is_good && run_waits_as_the_kernel_has_it (&run, status),
          "frozen among signals that it ignores, it goes on (%d)", status);
}

static void
never_seen (bool is_child)
{
  struct run run;
  bool is_good = true;
  run_start (&run, is_child, "wait-any", NULL);
  for (int i = 0; i < 200; i++)
    {
      struct gcg__frozen *frozen;
      is_good &= freeze (run.pid, &frozen) == GCG_OK && frozen->copy != 0;
      gcg__frozen_drop (frozen);
    }
  int status = run_finish (&run);
  tap_ok (is_good && status == 7, "no wait for any child sees the copy (%d)", status);
}

int
main (void)
{
  setvbuf (stdout, NULL, _IOLBF, 0);
  for (int is_child = 0; is_child < 2; is_child++)
    {
      executed (is_child);
      stopped (is_child);
      ends_while_copied (is_child);
      never_seen (is_child);
    }
  stands (true, "filter", GCG__FROZEN_FILTER);
  stands (false, "subreaper", GCG__FROZEN_NAME_SPACE);
  if (geteuid () == 0)
    {
      stands (true, "unshare", GCG__FROZEN_NAME_SPACE);
      stands (false, "unshare", GCG__FROZEN_NAME_SPACE);
      stands (true, "limit", GCG__FROZEN_CLONE);
      stands (false, "limit", GCG__FROZEN_CLONE);
    }
  else
    skip ("name spaces and limits", "they are root's");
  signal_while_it_stands ();
  signals_between ("0");
  signals_between ("1");
  signal_storm ();
  ignored_signals ();
  traced ();
  refused ();
  frozen_by_two ();
  return tap_done ();
}
