/* freeze.c -- a process is frozen, and notices nothing; its copy is read, written, called. */
#include <config.h>

#include "image/freeze.h"

#include "base/error.h"
#include "tests/agent/tap.h"
#include "tests/image/run.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALL_MS 20000

static struct gcg_error error;

static struct gcg__frozen *
frozen_of (pid_t pid)
{
  struct gcg__freeze_ask ask = { .pid = pid, .limit_ms = CALL_MS };
  struct gcg__frozen *frozen = NULL;
  if (gcg__freeze (&ask, &frozen, &error) != GCG_OK)
    printf ("# %s\n", error.text);
  return frozen;
}

/* Freezes RUN N times; how often there was a copy. */
static int
freeze_often (struct run *run, int n)
{
  int n_copies = 0;
  for (int i = 0; i < n; i++)
    {
      struct gcg__frozen *frozen = frozen_of (run->pid);
      if (frozen == NULL)
        continue;
      n_copies += frozen->copy != 0;
      if (frozen->copy == 0)
        printf ("# no copy: %d, %s\n", (int)frozen->why, strerror (frozen->clone_errno));
      gcg__frozen_drop (frozen);
    }
  return n_copies;
}

/* TARGET of MODE goes on as before while it is frozen N times. */
static void
undisturbed (bool is_child, const char *mode, const char *argument, int n, bool is_settled)
{
  struct run run;
  run_start (&run, is_child, mode, argument);
  int n_copies = freeze_often (&run, n);
  const char *whose = is_child ? "our child" : "another's child";
  tap_ok (n_copies == n, "%s, %s: %d copies of %d", mode, whose, n_copies, n);
  if (is_settled)
    tap_ok (run_is_as_before (&run), "%s, %s: nothing is left in it", mode, whose);
  int status = run_finish (&run);
  tap_ok (status == 7, "%s, %s: status %d, it prints: %s", mode, whose, status,
          strrchr (run.text, '\n') == NULL ? "" : strtok (strstr (run.text, "\n") + 1, "\n"));
}

static void
copy_is_used (bool is_child)
{
  struct run run;
  run_start (&run, is_child, "wait", NULL);
  struct gcg__frozen *frozen = frozen_of (run.pid);
  if (!tap_ok (frozen != NULL && frozen->copy > 0, "there is a copy"))
    exit (tap_done ());
  long value = 0, other = 99;
  tap_ok (gcg__frozen_read (frozen, run.held, &value, sizeof value) == sizeof value
              && value == 1234,
          "it is read");
  uint64_t result = 0;
  const uint64_t arguments[6] = { 1, 2, 3, 4, 5, 6 };
  tap_ok (gcg__frozen_call (frozen, run.combine, arguments, &result, CALL_MS, &error) == GCG_OK
              && result == 91 + 1234 + 5,
          "a function is called, with six arguments and thread-local data");
  tap_ok (gcg__frozen_write (frozen, run.held, &other, sizeof other) == sizeof other
              && gcg__frozen_call (frozen, run.combine, arguments, &result, CALL_MS, &error)
                     == GCG_OK
              && result == 91 + 99 + 5,
          "it is written");
  tap_ok (gcg__frozen_write (frozen, run.combine, "\xcc", 1) == 1
              && gcg__frozen_call (frozen, run.combine, arguments, &result, CALL_MS, &error)
                     == GCG_CORRUPT
              && strstr (error.text, "signal 5") != NULL,
          "its code is written: %s", error.text);
  int64_t pid = 0;
  tap_ok (gcg__frozen_call_system (frozen, SYS_getpid, (uint64_t[6]){ 0 }, &pid, CALL_MS, &error)
                  == GCG_OK
              && pid == frozen->copy,
          "a system call is made in it");
  tap_ok (gcg__frozen_call (frozen, run.crash, (uint64_t[6]){ 0x30 }, &result, CALL_MS, &error)
                  == GCG_CORRUPT
              && strstr (error.text, "address 0x30") != NULL,
          "a function that fails: %s", error.text);
  tap_ok (gcg__frozen_read (frozen, 0x30, &value, sizeof value) == -1, "what is not mapped");
  tap_ok (run_is_as_before (&run), "the process has nothing of it");
  tap_ok (gcg__frozen_call (frozen, run.hang, (uint64_t[6]){ 0 }, &result, 50, &error)
              == GCG_TIMEOUT,
          "a function that hangs: %s", error.text);
  tap_ok (gcg__frozen_call (frozen, run.crash, (uint64_t[6]){ 0x30 }, &result, CALL_MS, &error)
              == GCG_UNSUPPORTED,
          "is the last: %s", error.text);
  pid_t copy = frozen->copy;
  gcg__frozen_drop (frozen);
  while (kill (copy, 0) == 0) /* until init has waited for it */
    usleep (1000);
  tap_ok (errno == ESRCH, "dropped, it is gone");
  frozen = frozen_of (run.pid);
  if (frozen != NULL)
    {
      kill (frozen->copy, SIGKILL);
      tap_ok (gcg__frozen_call (frozen, run.combine, arguments, &result, CALL_MS, &error)
                  == GCG_NOT_FOUND,
              "killed, it says so: %s", error.text);
      gcg__frozen_drop (frozen);
    }
  tap_ok (run_finish (&run) == 7, "the process ends as it would");
}

static void
threads_are_described (void)
{
  struct run run;
  run_start (&run, true, "waits", NULL);
  struct gcg__frozen *frozen = frozen_of (run.pid);
  int n_calls = 0, n_readable = 0, n_named = 0, n_blocked = 0;
  bool is_sorted = true;
  for (size_t i = 0; frozen != NULL && i < frozen->n_threads; i++)
    {
      const struct gcg__frozen_thread *thread = &frozen->threads[i];
      uint64_t word;
      n_calls += thread->stands && thread->in_call && thread->call >= 0;
      n_readable += gcg__frozen_read (frozen, thread->sp, &word, sizeof word) == sizeof word
                    && gcg__frozen_read (frozen, thread->pc, &word, sizeof word) == sizeof word
                    && gcg__frozen_read (frozen, thread->thread_pointer, &word, sizeof word)
                           == sizeof word;
      n_named += strcmp (thread->name, "target") == 0 && thread->own_tid == thread->tid;
      n_blocked += (thread->signal_mask >> (SIGUSR2 - 1) & 1) != 0;
      is_sorted &= i == 0 || frozen->threads[i - 1].tid < thread->tid;
    }
  tap_ok (frozen != NULL && frozen->n_threads == 17 && n_calls == 17 && n_readable == 17
              && n_named == 17 && n_blocked >= 16 && is_sorted,
          "17 threads: %d in calls, %d readable, %d named, %d with their mask", n_calls, n_readable,
          n_named, n_blocked);
  gcg__frozen_drop (frozen);
  run_finish (&run);
}

struct looks
{
  pid_t pid;
  uint64_t held;
  int n, n_refused; /* how often it has looked; the first so many are refused */
  bool has_read;
  int n_standing;
};

/* The process stands, and can be read. */
static enum gcg_status
look (void *context, struct gcg_error *why)
{
  struct looks *looks = context;
  struct iovec here = { &(long){ 0 }, sizeof (long) },
               there = { (void *)(uintptr_t)looks->held, sizeof (long) };
  looks->has_read = process_vm_readv (looks->pid, &here, 1, &there, 1, 0) == sizeof (long)
                    && *(long *)here.iov_base == 1234;
  return ++looks->n > looks->n_refused ? GCG_OK
                                       : gcg__error_write (why, GCG_BUSY, "not now %d", looks->n);
}

static void
on_standing (void *context, const struct gcg__frozen *frozen)
{
  struct looks *looks = context;
  looks->n_standing += frozen->copy != 0;
}

/* A process that is not fit to be copied is let go without a copy. */
static void
is_looked_at_first (void)
{
  struct run run;
  run_start (&run, true, "waits", NULL);
  struct looks looks = { .pid = run.pid, .held = run.held, .n_refused = 3 };
  struct gcg__freeze_ask ask = {
    .pid = run.pid, .limit_ms = CALL_MS, .look = look, .standing = on_standing, .context = &looks
  };
  struct gcg__frozen *frozen = NULL;
  bool is_refused = true;
  for (int i = 0; i < 3; i++)
    is_refused = gcg__freeze (&ask, &frozen, &error) == GCG_BUSY && frozen == NULL && is_refused
                 && strncmp (error.text, "not now ", 8) == 0;
  tap_ok (is_refused && looks.n == 3 && looks.has_read, "looked at and refused: %s", error.text);
  tap_ok (looks.n_standing == 0, "without a copy");
  tap_ok (run_is_as_before (&run), "nothing is left in the process");
  tap_ok (gcg__freeze (&ask, &frozen, &error) == GCG_OK && frozen->copy != 0 && looks.n == 4
              && looks.n_standing == 1,
          "then there is a copy");
  gcg__frozen_drop (frozen);
  int status = run_finish (&run);
  tap_ok (status == 7, "no wait has noticed: status %d", status);
}

int
main (void)
{
  for (int is_child = 0; is_child < 2; is_child++)
    {
      copy_is_used (is_child);
      undisturbed (is_child, "wait", NULL, 100, true);
      undisturbed (is_child, "waits", NULL, 100, true);
      undisturbed (is_child, "registers", NULL, 100, true);
      undisturbed (is_child, "work", NULL, 50, false);
      undisturbed (is_child, "crowd", "500", 5, false);
      undisturbed (is_child, "fork", NULL, 100, false);
      undisturbed (is_child, "vfork", NULL, 50, false);
      undisturbed (is_child, "outlive", NULL, 50, false);
    }
  threads_are_described ();
  is_looked_at_first ();
  return tap_done ();
}
