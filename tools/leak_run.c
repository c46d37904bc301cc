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
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/room.h"
#include "tools/child.h"
#include "tools/front.h"
#include "tools/leak_jobs.h"
#include "tools/program.h"
#include "tools/signals.h"
#include "tools/watch.h"

#define TEXT_BYTES  512
#define MOST_LISTED 8
#define TRANSIT_NS  UINT64_C (2000000000) /* from one program to the next in the same process */

#define ANSWER_NS UINT64_C (3000000000) /* waited for at most, before a signal is passed on */

/* A process that has connected. */
struct known
{
  pid_t pid;
  bool told;        /* its last snapshot, or why there is none */
  uint64_t left_ns; /* when it left without that, 0 = it has not */
  bool connected;
  bool was_there;             /* whether the agent has connected from the current program */
  struct launch_next current; /* what it has become; not announced: what it was started as */
  struct launch_next next;    /* what it is about to become */
};

struct running
{
  const struct leak_run *run;
  struct signals signals;
  struct child child;
  struct watch *watch;
  struct leak_jobs *jobs;
  int timer_fd; /* of --every; -1 = none */
  struct known *known;
  uint32_t n_known, known_size;
  bool no_children; /* they are not waited for any more */
  bool enough;      /* reports neither */

  /* A signal that asks the program to end, kept until there is a snapshot from before it. */
  struct signalfd_siginfo pending;
  uint64_t pending_until; /* 0 = there is none */
  int before_fd;          /* the snapshot; -1 = none */
  struct watched before;
};

/* Returns the record of process PID, new if necessary; NULL: out of memory. */
static struct known *
known_of (struct running *running, pid_t pid)
{
  uint32_t i = 0;
  while (i < running->n_known && running->known[i].pid != pid)
    i++;
  if (!gcg__room_for_one (&running->known, i, &running->known_size, sizeof *running->known))
    return NULL;
  if (i == running->n_known)
    running->known[running->n_known++] = (struct known){ .pid = pid };
  return &running->known[i];
}

/* Records that process PID exists, has reported its end (TOLD), or has disconnected (LEFT). */
static void
know (struct running *running, pid_t pid, bool told, bool left)
{
  struct known *known = known_of (running, pid);
  if (known == NULL)
    return;
  known->told |= told;
  known->left_ns = left && !told ? gcg__clock_ns (CLOCK_MONOTONIC) : 0;
  known->connected = !left;
  known->was_there = true;
}

/* What is known of the program itself; NULL: it has not connected. */
static const struct known *
program_known (const struct running *running)
{
  for (uint32_t i = 0; i < running->n_known; i++)
    if (running->known[i].pid == running->child.pid)
      return &running->known[i];
  return NULL;
}

/* What process PID is called. */
static const char *
name_of (struct running *running, pid_t pid)
{
  const struct known *known = known_of (running, pid);
  return known != NULL && known->current.announced ? known->current.name
                                                   : running->run->launch.name;
}

static void
on_snapshot (void *context, const struct watched *who, int fd, uint32_t flags)
{
  struct running *running = context;
  know (running, who->pid, who->told, false);
  if (running->pending_until == 0 || (flags & (GCG__FLAG_EXIT | GCG__FLAG_CHECK)) != 0)
    {
      leak_jobs_report (running->jobs, who, fd, flags);
      return;
    }
  /* Needed only if the program does not end by itself. */
  if (who->pid != running->child.pid)
    {
      close (fd);
      return;
    }
  if (running->before_fd >= 0)
    close (running->before_fd);
  running->before_fd = fd;
  running->before = *who;
}

static void
on_failed (void *context, const struct watched *who, uint32_t flags, const char *text)
{
  struct running *running = context;
  bool last = (flags & GCG__FLAG_EXIT) != 0;
  know (running, who->pid, last, false);
  leak_jobs_say (running->jobs, "%s (%d): no report%s: %s", name_of (running, who->pid),
                 (int)who->pid, last ? " at its end" : "", text);
}

static void
on_inside (void *context, const struct watched *who, const char *why)
{
  struct running *running = context;
  leak_jobs_say (running->jobs, "%s (%d): %s; it is stopped by signals instead",
                 name_of (running, who->pid), (int)who->pid, why);
}

/* The process of KNOWN runs the program that it has announced. */
static void
become (struct known *known)
{
  known->current = known->next;
  known->next.announced = false;
  known->was_there = false;
}

static void
on_left (void *context, const struct watched *who)
{
  struct running *running = context;
  know (running, who->pid, who->told, true);
  struct known *known = known_of (running, who->pid);
  if (known != NULL && known->next.announced && !who->told)
    become (known);
}

static void
on_executes (void *context, pid_t pid, int file, const char *libraries, struct gcg__message *answer)
{
  struct running *running = context;
  struct known *known = pid != 0 ? known_of (running, pid) : NULL;
  struct launch_next of_child;
  if (pid != 0 && known == NULL)
    {
      answer->status = GCG_NO_MEMORY;
      return;
    }
  launch_answer (&running->run->launch, file, libraries, known != NULL ? &known->next : &of_child,
                 answer);
  if (known != NULL && !known->connected)
    become (known);
}

/* Passes on the signal that was kept. */
static void
pass_on (struct running *running)
{
  running->pending_until = 0;
  child_signal (&running->child, &running->pending);
}

static void
take_signal (struct running *running)
{
  struct signalfd_siginfo info;
  if (!signals_read (&running->signals, &info))
    return;
  bool from_process = info.ssi_code <= 0;
  if (running->child.ended)
    {
      /* The first one ends the waiting for children, the next that for reports. */
      running->enough |= signals_is_end (&info) && running->no_children;
      running->no_children |= signals_is_end (&info);
    }
  else if (running->run->signal != 0 && (int)info.ssi_signo == running->run->signal)
    watch_ask (running->watch, "signal");
  else if (from_process && signals_is_end (&info) && running->pending_until == 0
           && watch_ask (running->watch, "before it ends") > 0)
    {
      running->pending = info;
      running->pending_until = gcg__clock_ns (CLOCK_MONOTONIC) + ANSWER_NS;
    }
  else
    child_signal (&running->child, &info);
}

/* Waits for at most TIMEOUT ms for what may come, and deals with it; false: nothing came. */
static bool
attend (struct running *running, int timeout)
{
  struct pollfd fds[WATCH_FDS + 3];
  nfds_t n = watch_fill (running->watch, fds);
  uint64_t expired;
  fds[n] = (struct pollfd){ running->signals.fd, POLLIN, 0 };
  fds[n + 1] = (struct pollfd){ leak_jobs_done (running->jobs), POLLIN, 0 };
  fds[n + 2] = (struct pollfd){ running->timer_fd, POLLIN, 0 };
  if (running->pending_until != 0)
    timeout = 100;
  int ready = poll (fds, n + 3, timeout);
  if (ready > 0)
    {
      if (fds[n].revents != 0)
        take_signal (running);
      if (fds[n + 2].revents != 0
          && read (running->timer_fd, &expired, sizeof expired) == (ssize_t)sizeof expired
          && !leak_jobs_waiting (running->jobs))
        watch_ask (running->watch, "every");
      watch_serve (running->watch, fds, n);
    }
  if (running->pending_until != 0
      && (!watch_is_awaiting (running->watch)
          || gcg__clock_ns (CLOCK_MONOTONIC) > running->pending_until))
    pass_on (running);
  return ready > 0;
}

/* Of which children there is no report. */
static void
explain_children (struct running *running)
{
  char list[256] = "";
  size_t used = 0;
  uint32_t n = 0;
  for (uint32_t i = 0; i < running->n_known; i++)
    {
      if (running->known[i].pid == running->child.pid || running->known[i].told)
        continue;
      if (n++ < MOST_LISTED)
        used += (size_t)snprintf (list + used, sizeof list - used, "%s%d", n > 1 ? ", " : "",
                                  (int)running->known[i].pid);
    }
  if (n > 0)
    leak_jobs_say (running->jobs,
                   "no report of %s %s%s: killed by a signal, ended by a system call of its own, "
                   "or still running",
                   n == 1 ? "its child" : "its children", list, n > MOST_LISTED ? ", ..." : "");
}

/* Why there is no report, when there is none. */
static void
explain (struct running *running)
{
  const struct launch *launch = &running->run->launch;
  const struct known *known = program_known (running);
  const char *name = name_of (running, running->child.pid);
  bool other = known != NULL && known->current.announced;
  enum program_heap heap = other ? known->current.heap : launch->found;
  char how[128];
  if (known != NULL && known->told)
    return;
  child_describe (&running->child, how);
  if (other && known->current.reason[0] != '\0')
    leak_jobs_say (running->jobs, "%s has become another program: %s", launch->name,
                   known->current.reason);
  else if (WIFSIGNALED (running->child.status) && running->before_fd >= 0)
    {
      leak_jobs_say (running->jobs, "%s %s; the report is of the moment before", name, how);
      leak_jobs_report (running->jobs, &running->before, running->before_fd, GCG__FLAG_EXIT);
      running->before_fd = -1;
    }
  else if (WIFSIGNALED (running->child.status))
    leak_jobs_say (running->jobs,
                   "%s %s: no leaks are looked for at such an end; %s--every SECONDS looks while "
                   "it runs, and so does a signal that is sent to gcglass and not to the program",
                   name, how, launch->traced ? "" : "with --traced they are, unless it is KILL; ");
  else if (known != NULL && known->was_there)
    leak_jobs_say (running->jobs,
                   "%s %s, but left no report: it ended, or executed another program, by a "
                   "raw system call%s",
                   name, how, launch->traced ? "" : "; --traced sees such an end");
  else if (heap == PROGRAM_COLLECTOR && !launch->force)
    leak_jobs_say (running->jobs,
                   "%s %s and never used the collector (libgc), or uses a copy of its own: nothing "
                   "to report",
                   name, how);
  else
    leak_jobs_say (running->jobs, "%s %s, and the agent was not in it: nothing to report", name,
                   how);
}

/* Is there a child that is looked into, or may be about to be: one that has left to execute another
   program? */
static bool
has_children (const struct running *running)
{
  char path[40];
  if (watch_connected (running->watch) > 0)
    return true;
  for (uint32_t i = 0; i < running->n_known; i++)
    {
      const struct known *known = &running->known[i];
      snprintf (path, sizeof path, "/proc/%d/exe", (int)known->pid);
      if (known->left_ns != 0 && gcg__clock_ns (CLOCK_MONOTONIC) - known->left_ns < TRANSIT_NS
          && access (path, F_OK) == 0)
        return true;
    }
  return false;
}

/* Until all children that are looked into have ended. */
static void
attend_children (struct running *running)
{
  if (!running->run->launch.follow || !has_children (running))
    return;
  leak_jobs_say (running->jobs, "%s has ended; its children are waited for, Ctrl+C ends that",
                 name_of (running, running->child.pid));
  while (!running->no_children && has_children (running))
    attend (running, watch_connected (running->watch) > 0 ? -1 : 20);
}

/* Until the program has ended and all is reported. */
static void
attend_all (struct running *running)
{
  struct pollfd done = { leak_jobs_done (running->jobs), POLLIN, 0 };
  while (!running->child.ended)
    attend (running, -1);
  running->no_children = running->child.finish;
  /* What it has sent is there already. */
  while (attend (running, watch_is_busy (running->watch) ? -1 : 0))
    ;
  explain (running);
  attend_children (running);
  explain_children (running);
  leak_jobs_close (running->jobs);
  running->no_children = true;
  while (!running->enough && poll (&done, 1, 0) == 0)
    attend (running, -1);
}

/* Makes the timer of --every; false with errno. */
static bool
start_timer (struct running *running)
{
  double every = running->run->every;
  time_t seconds = (time_t)every;
  struct timespec time = { seconds, (long)((every - (double)seconds) * 1e9) };
  struct itimerspec timer = { time, time };
  if (every == 0)
    return true;
  running->timer_fd = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  return running->timer_fd >= 0 && timerfd_settime (running->timer_fd, 0, &timer, NULL) == 0;
}

/* Starts the program.  0 or an exit status after a message. */
static int
start (struct running *running, char **arguments)
{
  const struct leak_run *run = running->run;
  struct watch_events events
      = { running, run->launch.collect, run->launch.traced, on_snapshot, on_failed, on_inside,
          on_left, on_executes };
  char name[GCG__SOCKET_NAME_BYTES], text[TEXT_BYTES];
  struct gcg_error error;
  int own, status;
  front_begin ();
  if (!signals_begin (&running->signals, false) || !start_timer (running))
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
  const char *untraced = launch_untraced (&run->launch);
  if (status == 0 && untraced != NULL)
    leak_jobs_say (running->jobs, "%s: %s", run->launch.name, untraced);
  return status;
}

int
leak_run (struct leak_run *run, char **arguments)
{
  struct running running = { .run = run, .signals.fd = -1, .timer_fd = -1, .before_fd = -1 };
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
  free (running.known);
  signals_end (&running.signals);
  launch_fini (&run->launch);
  if (started)
    child_imitate (&running.child, status);
  return status;
}
