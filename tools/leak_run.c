/* leak_run.c -- see leak_run.h.
 *
 * The main thread passes on signals and listens to the agents; another one makes the reports, so
 * that the program never waits for them.
 */
#include <config.h>

#include "tools/leak_run.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/child.h"
#include "tools/leak_jobs.h"
#include "tools/program.h"
#include "tools/signals.h"
#include "tools/watch.h"

#define TEXT_BYTES 512

struct running
{
  const struct leak_run *run;
  struct signals signals;
  struct child child;
  struct watch *watch;
  struct leak_jobs *jobs;
  bool connected; /* the program's agent was there */
  bool told;      /* and has sent its last snapshot, or why there is none */
  bool enough;    /* somebody does not want to wait for reports */
};

static void
on_snapshot (void *context, const struct watched *who, int fd, uint32_t flags)
{
  struct running *running = context;
  running->told |= who->pid == running->child.pid && who->told;
  leak_jobs_report (running->jobs, who, fd, flags);
}

static void
on_failed (void *context, const struct watched *who, uint32_t flags, const char *text)
{
  struct running *running = context;
  bool last = (flags & GCG__FLAG_EXIT) != 0;
  running->told |= who->pid == running->child.pid && last;
  leak_jobs_say (running->jobs, "%s (%d): no report%s: %s", running->run->launch.name,
                 (int)who->pid, last ? " at its end" : "", text);
}

static void
on_left (void *context, const struct watched *who)
{
  struct running *running = context;
  running->connected |= who->pid == running->child.pid;
}

static void
take_signal (struct running *running)
{
  struct signalfd_siginfo info;
  if (!signals_read (&running->signals, &info))
    return;
  if (running->child.ended)
    running->enough |= signals_is_end (&info);
  else
    child_signal (&running->child, &info);
}

/* Waits for at most TIMEOUT ms for what may come, and deals with it; false: nothing came. */
static bool
attend (struct running *running, int timeout)
{
  struct pollfd fds[WATCH_FDS + 2];
  nfds_t n = watch_fill (running->watch, fds);
  fds[n] = (struct pollfd){ running->signals.fd, POLLIN, 0 };
  fds[n + 1] = (struct pollfd){ leak_jobs_done (running->jobs), POLLIN, 0 };
  if (poll (fds, n + 2, timeout) <= 0)
    return false;
  if (fds[n].revents != 0)
    take_signal (running);
  watch_serve (running->watch, fds, n);
  return true;
}

/* Why there is no report, when there is none. */
static void
explain (struct running *running)
{
  const struct launch *launch = &running->run->launch;
  char how[128];
  if (running->told)
    return;
  child_describe (&running->child, how);
  if (WIFSIGNALED (running->child.status))
    leak_jobs_say (running->jobs, "%s %s: no leaks are looked for at such an end", launch->name,
                   how);
  else if (running->connected)
    leak_jobs_say (running->jobs,
                   "%s %s, but not as itself: it has executed another program (--follow looks into "
                   "that), or ended by a system call of its own",
                   launch->name, how);
  else if (launch->heap == PROGRAM_COLLECTOR)
    leak_jobs_say (running->jobs,
                   "%s %s and never used the collector (libgc), or uses a copy of its own: nothing "
                   "to report",
                   launch->name, how);
  else
    leak_jobs_say (running->jobs, "%s %s, and the agent was not in it: nothing to report",
                   launch->name, how);
}

/* Until the program has ended and all is reported. */
static void
attend_all (struct running *running)
{
  struct pollfd done = { leak_jobs_done (running->jobs), POLLIN, 0 };
  while (!running->child.ended)
    attend (running, -1);
  /* What it has sent is there already. */
  while (attend (running, 0))
    ;
  explain (running);
  leak_jobs_close (running->jobs);
  while (!running->enough && poll (&done, 1, 0) == 0)
    attend (running, -1);
}

/* Starts the program.  0 or an exit status after a message. */
static int
start (struct running *running, char **arguments)
{
  const struct leak_run *run = running->run;
  struct watch_events events = { running, on_snapshot, on_failed, on_left };
  char name[GCG__SOCKET_NAME_BYTES], text[TEXT_BYTES];
  struct gcg_error error;
  int own, status;
  if (!signals_begin (&running->signals))
    {
      command_fail (run->options.command, "cannot wait for signals: %s", strerror (errno));
      return PROGRAM_FAILED;
    }
  if (watch_new (&events, name, &running->watch, &error) != GCG_OK
      || leak_jobs_new (run, &running->jobs, &error) != GCG_OK)
    {
      command_fail (run->options.command, "%s", error.text);
      return PROGRAM_FAILED;
    }
  char **environment = launch_environment (&run->launch, name, &own);
  if (environment == NULL)
    {
      command_fail (run->options.command, "out of memory");
      return PROGRAM_FAILED;
    }
  status = child_start (&running->child, &running->signals, run->launch.path, arguments,
                        environment, text);
  launch_environment_free (environment, own);
  if (status != 0)
    command_fail (run->options.command, "%s", text);
  else
    leak_jobs_set_pid (running->jobs, running->child.pid);
  return status;
}

int
leak_run (struct leak_run *run, char **arguments)
{
  struct running running = { .run = run, .signals.fd = -1 };
  int status = launch_find (&run->launch, arguments[0]);
  if (status == 0)
    status = start (&running, arguments);
  bool started = status == 0;
  if (started)
    attend_all (&running);
  /* A report that is not waited for ends with us. */
  if (running.jobs != NULL && !running.enough)
    {
      struct leak_result result = leak_jobs_end (running.jobs);
      status = result.failed ? PROGRAM_FAILED : status;
      if (result.leaks && run->options.exitcode != 0 && !WIFSIGNALED (running.child.status))
        running.child.status = (int)run->options.exitcode << 8;
    }
  watch_free (running.watch);
  signals_end (&running.signals);
  launch_fini (&run->launch);
  if (started)
    child_imitate (&running.child, status);
  return status;
}
