/* stop.c -- see stop.h. */
#include <config.h>

#include "image/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "image/limit.h"
#include "image/proc.h"
#include "image/waits.h"

#define OPTIONS                                                                                    \
  (PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC             \
   | PTRACE_O_TRACESYSGOOD)
#define ADOPTED                                                                                    \
  (PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_TRACESYSGOOD)
#define LEFT_OUT_NS  100000000 /* what has not stopped by then is left out */
#define SEIZE_TRIES  3
#define SLICE_NS     30000000
#define PAUSE_NS     30000
#define QUIET_PASSES 50

#define SIGNAL_BIT(signal) (UINT64_C (1) << ((signal)-1))
/* What the kernel ignores where there is no handler. */
#define IGNORED_BY_DEFAULT                                                                         \
  (SIGNAL_BIT (SIGCHLD) | SIGNAL_BIT (SIGCONT) | SIGNAL_BIT (SIGURG) | SIGNAL_BIT (SIGWINCH))

void
gcg__stop_init (struct gcg__stop *stop, pid_t pid, bool is_child)
{
  *stop = (struct gcg__stop){ .pid = pid, .tracer = gettid (), .is_child = is_child, .mem = -1 };
  pthread_mutex_init (&stop->lock, NULL);
}

void
gcg__stop_free (struct gcg__stop *stop)
{
  if (stop->mem >= 0)
    close (stop->mem);
  pthread_mutex_destroy (&stop->lock);
  free (stop->tracees);
  free (stop->tids);
}

static struct gcg__tracee *
find (struct gcg__stop *stop, pid_t tid)
{
  for (size_t i = stop->n; i-- > 0;)
    if (stop->tracees[i].tid == tid)
      return &stop->tracees[i];
  return NULL;
}

/* A tracee that runs; NULL: no memory. */
static struct gcg__tracee *
add (struct gcg__stop *stop, pid_t tid)
{
  pthread_mutex_lock (&stop->lock);
  if (stop->n == stop->capacity)
    {
      size_t room = stop->n == 0 ? 64 : 2 * stop->n;
      struct gcg__tracee *grown = realloc (stop->tracees, room * sizeof *grown);
      if (grown == NULL)
        {
          pthread_mutex_unlock (&stop->lock);
          return NULL;
        }
      stop->tracees = grown;
      stop->capacity = room;
    }
  struct gcg__tracee *tracee = &stop->tracees[stop->n++];
  memset (tracee, 0, sizeof *tracee);
  tracee->tid = tid;
  pthread_mutex_unlock (&stop->lock);
  return tracee;
}

bool
gcg__stop_keeps (const struct gcg__stop *stop, pid_t tid)
{
  return stop->is_child && tid == stop->pid;
}

void
gcg__stop_reap_dead (struct gcg__stop *stop)
{
  pthread_mutex_lock (&stop->lock);
  for (size_t i = 0; i < stop->n; i++)
    {
      siginfo_t info = { 0 };
      id_t tid = (id_t)stop->tracees[i].tid;
      if (gcg__stop_keeps (stop, (pid_t)tid))
        continue;
      if (waitid (P_PID, tid, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 && info.si_pid != 0
          && info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED)
        waitid (P_PID, tid, &info, WEXITED | WNOHANG | __WALL);
    }
  pthread_mutex_unlock (&stop->lock);
}

/* --- Seizing. */

/* Why ptrace was refused for TID. */
static enum gcg_status
refused (struct gcg__stop *stop, pid_t tid, const struct gcg__proc_status *status,
         struct gcg_error *error)
{
  int scope = gcg__proc_ptrace_scope ();
  if (status->tracer != 0)
    {
      struct gcg__proc_status tracer = { .name = "?" };
      pid_t by = status->tracer;
      if (gcg__proc_status (by, by, &tracer))
        by = tracer.tgid;
      if (by == getpid ())
        return gcg__error_write (error, GCG_TIMEOUT, "process %d is being frozen already",
                                 stop->pid);
      return gcg__error_write (error, GCG_BUSY,
                               "process %d is traced by %s (process %d) already: let it detach",
                               stop->pid, tracer.name, by);
    }
  if (scope == 3)
    return gcg__error_write (error, GCG_DISABLED,
                             "ptrace is switched off until the next start of the system "
                             "(kernel.yama.ptrace_scope is 3)");
  if (geteuid () != 0 && status->euid != geteuid ())
    return gcg__error_write (error, GCG_DISABLED,
                             "process %d belongs to user %u: run gcglass as that user or as root",
                             stop->pid, (unsigned)status->euid);
  if (scope > 0)
    return gcg__error_write (error, GCG_DISABLED,
                             "process %d may not be traced (kernel.yama.ptrace_scope is %d): "
                             "run gcglass as root, or sysctl kernel.yama.ptrace_scope=0",
                             stop->pid, scope);
  return gcg__error_write (error, GCG_DISABLED,
                           "process %d (thread %d) may not be traced: it has more rights than "
                           "gcglass or is protected, or this container forbids ptrace "
                           "(--cap-add=SYS_PTRACE)",
                           stop->pid, tid);
}

/* As PTRACE_SEIZE; on failure errno, and what the thread is then: state 0: it is no more.  A tracer
   that has let the thread go between the two is not there any more: then it is tried again. */
static bool
seize_thread (const struct gcg__stop *stop, pid_t tid, struct gcg__proc_status *status)
{
  for (int tries = 0;; tries++)
    {
      if (ptrace (PTRACE_SEIZE, tid, NULL, OPTIONS) == 0)
        return true;
      int failure = errno;
      if (!gcg__proc_status (stop->pid, tid, status))
        status->state = '\0';
      errno = failure;
      if (failure != EPERM || status->state == '\0' || status->tracer != 0 || tries == SEIZE_TRIES)
        return false;
    }
}

/* Seizes TID and asks it to stop; sets *IS_NEW when it was not known. */
static enum gcg_status
seize (struct gcg__stop *stop, pid_t tid, bool *is_new, struct gcg_error *error)
{
  struct gcg__tracee *tracee = find (stop, tid);
  struct gcg__proc_status status = { .state = '\0' };
  if (tracee != NULL && tracee->state != GCG__TRACEE_GONE)
    return GCG_OK;
  /* A main thread that has ended before the others says nothing any more. */
  if (stop->is_adopted && tid == stop->pid
      && (!gcg__proc_status (stop->pid, tid, &status) || status.state == 'Z'
          || status.state == 'X'))
    return GCG_OK;
  bool seized = (stop->is_adopted && ptrace (PTRACE_INTERRUPT, tid, NULL, NULL) == 0)
                || seize_thread (stop, tid, &status);
  if (!seized)
    {
      int failure = errno;
      if (failure == ESRCH || status.state == '\0'
          || (status.tracer != stop->tracer && (status.state == 'Z' || status.state == 'X')))
        return GCG_OK;
      if (failure != EPERM)
        return gcg__error_write (error, GCG_SYSTEM, "cannot trace process %d: %s", stop->pid,
                                 strerror (failure));
      /* Started by a thread of ours meanwhile: it stops by itself, or has ended. */
      if (status.tracer != stop->tracer)
        return refused (stop, tid, &status, error);
    }
  if (tracee == NULL && (tracee = add (stop, tid)) == NULL)
    {
      if (seized)
        ptrace (PTRACE_INTERRUPT, tid, NULL, NULL);
      return gcg__error_write (error, GCG_NO_MEMORY, "no memory for the threads of process %d",
                               stop->pid);
    }
  tracee->state = GCG__TRACEE_RUNS;
  tracee->is_left_out = tracee->is_again = tracee->is_other = tracee->has_called = false;
  tracee->signal = 0;
  if (seized)
    ptrace (PTRACE_INTERRUPT, tid, NULL, NULL);
  *is_new = true;
  return GCG_OK;
}

/* --- Coming to stand. */

static bool
is_call_before (struct gcg__stop *stop, uint64_t pc)
{
  unsigned char code[GCG__ARCH_CALL_BYTES];
  return pread (stop->mem, code, sizeof code, (off_t)(pc - sizeof code)) == (ssize_t)sizeof code
         && gcg__arch_is_call (code);
}

/* The thread has a signal, SIGNAL or one that waits, for which something is done: then EINTR is its
   due.  Stores what it is in *STATUS. */
static bool
is_due (const struct gcg__stop *stop, pid_t tid, int signal, struct gcg__proc_status *status)
{
  if (!gcg__proc_status (stop->pid, tid, status))
    return true;
  uint64_t signals = status->pending;
  if (signal > 0 && signal <= 64)
    signals |= SIGNAL_BIT (signal);
  return (signals & ~(status->ignored | (IGNORED_BY_DEFAULT & ~status->caught))) != 0;
}

/* The thread stands: notes its registers, and puts a call right that the stop has cut. */
static void
stands (struct gcg__stop *stop, struct gcg__tracee *tracee, int signal)
{
  tracee->state = GCG__TRACEE_STANDS;
  tracee->signal = signal;
  tracee->is_halted = stop->is_adopted && signal == 0 && gcg__event_is_halt (tracee->tid);
  if (!gcg__arch_get (tracee->tid, &tracee->regs)
      || ptrace (PTRACE_GETSIGMASK, tracee->tid, sizeof tracee->mask, &tracee->mask) != 0)
    {
      tracee->state = errno == ESRCH ? GCG__TRACEE_RUNS : GCG__TRACEE_STANDS;
      return;
    }
  if (stop->is_at_end || !gcg__arch_is_cut (&tracee->regs)
      || !is_call_before (stop, gcg__arch_pc (&tracee->regs)))
    return;
  struct gcg__proc_status status;
  if (is_due (stop, tracee->tid, signal, &status))
    return;
  struct gcg__wait *wait = stop->waits != NULL
                               ? gcg__waits_woken (stop->waits, stop->pid, tracee->tid, &status)
                               : NULL;
  if (wait == NULL && stop->is_passing)
    wait = gcg__waits_found (stop->waits, stop->pid, tracee->tid, &status,
                             gcg__arch_pc (&tracee->regs));
  struct gcg__regs again = tracee->regs;
  gcg__limit_again (stop, &again, wait);
  if (!gcg__arch_set (tracee->tid, &again))
    return;
  tracee->cut = tracee->regs;
  tracee->regs = again;
  tracee->is_again = true;
}

static bool
is_thread (struct gcg__stop *stop, pid_t tid)
{
  char path[64];
  snprintf (path, sizeof path, "/proc/%d/task/%d", stop->pid, tid);
  return access (path, F_OK) == 0;
}

/* Lets a thread go on that has stopped for another reason than that it was asked to, which the
   kernel has forgotten with it. */
static void
ask_again (pid_t tid)
{
  ptrace (PTRACE_INTERRUPT, tid, NULL, NULL);
  ptrace (PTRACE_CONT, tid, NULL, NULL);
}

/* What a thread that is to stop reports. */
static void
report (struct gcg__stop *stop, size_t index, enum gcg__event event, pid_t value)
{
  struct gcg__tracee *tracee = &stop->tracees[index];
  pid_t tid = tracee->tid;
  switch (event)
    {
    case GCG__EVENT_NONE:
      return;
    case GCG__EVENT_ENDED:
      tracee->state = GCG__TRACEE_GONE;
      return;
    case GCG__EVENT_TRAP:
    case GCG__EVENT_SIGNAL:
      if (!tracee->is_other)
        stands (stop, tracee, value);
      else if (ptrace (PTRACE_DETACH, tid, NULL, value) == 0 || errno == ESRCH)
        tracee->state = GCG__TRACEE_GONE;
      return;
    case GCG__EVENT_CLONE:
    case GCG__EVENT_FORK:
      if (value != 0 && find (stop, value) == NULL)
        {
          struct gcg__tracee *child = add (stop, value);
          if (child != NULL)
            child->is_other = event == GCG__EVENT_FORK || !is_thread (stop, value);
        }
      ask_again (tid);
      return;
    case GCG__EVENT_EXEC:
      /* A new program, whose main thread has the number of the old one's. */
      stop->has_executed = true;
      tracee->state = GCG__TRACEE_STANDS;
      tracee->is_again = tracee->is_other = false;
      tracee->signal = 0;
      return;
    case GCG__EVENT_EXIT:
      tracee->state = GCG__TRACEE_EXITS;
      if (stop->is_at_end)
        stands (stop, tracee, 0);
      return;
    case GCG__EVENT_CALL:
      ask_again (tid);
      return;
    }
}

static enum gcg__event
look (const struct gcg__stop *stop, size_t index, pid_t *value)
{
  pid_t tid = stop->tracees[index].tid;
  return gcg__event_look (tid, gcg__stop_keeps (stop, tid), value);
}

/* It runs no code of its own: it waits uninterruptibly, often for the child of a vfork.  One that
   is about to execute a program would end the others. */
static bool
is_stuck (const struct gcg__stop *stop, pid_t tid)
{
  struct gcg__proc_status status;
  long call;
  uint64_t sp, pc;
  return gcg__proc_status (stop->pid, tid, &status) && status.state == 'D'
         && gcg__proc_call (stop->pid, tid, &call, &sp, &pc) && call != SYS_execve
         && call != SYS_execveat;
}

/* Until all stand or have been left out; false: not in SLICE_NS, look for others meanwhile. */
static bool
wait_for_all (struct gcg__stop *stop)
{
  int64_t limit = gcg__now_ns () + SLICE_NS;
  for (int pass = 0;; pass++)
    {
      int64_t now = gcg__now_ns ();
      bool is_late = now > stop->first_ns + LEFT_OUT_NS;
      size_t waiting = 0;
      for (size_t i = 0; i < stop->n; i++)
        {
          if (stop->tracees[i].state != GCG__TRACEE_RUNS || stop->tracees[i].is_left_out)
            continue;
          pid_t value = 0;
          enum gcg__event event = look (stop, i, &value);
          report (stop, i, event, value);
          if (stop->tracees[i].state != GCG__TRACEE_RUNS)
            continue;
          if (is_late && is_stuck (stop, stop->tracees[i].tid))
            stop->tracees[i].is_left_out = true;
          else
            waiting++;
        }
      if (waiting == 0 || now > limit)
        return waiting == 0;
      if (pass < QUIET_PASSES)
        sched_yield ();
      else
        nanosleep (&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
    }
}

/* Those that stand have not been ended meanwhile, by another that executes a program.  Not to be
   called once that is known: a consumed stop would be taken for none. */
static void
look_again (struct gcg__stop *stop)
{
  for (size_t i = 0; i < stop->n; i++)
    {
      pid_t value;
      if (stop->tracees[i].state != GCG__TRACEE_STANDS)
        continue;
      enum gcg__event event = look (stop, i, &value);
      if (event == GCG__EVENT_ENDED || event == GCG__EVENT_EXEC
          || (event == GCG__EVENT_EXIT && !stop->is_at_end))
        report (stop, i, event, 0);
      else if (event == GCG__EVENT_NONE)
        stop->tracees[i].state = GCG__TRACEE_RUNS;
    }
}

static enum gcg_status
open_memory (struct gcg__stop *stop, struct gcg_error *error)
{
  for (size_t i = 0; i < stop->n && stop->mem < 0; i++)
    {
      char path[64];
      snprintf (path, sizeof path, "/proc/%d/mem", stop->tracees[i].tid);
      stop->mem = open (path, O_RDWR | O_CLOEXEC);
    }
  if (stop->mem >= 0)
    return GCG_OK;
  return gcg__error_write (error, errno == ENOENT || errno == ESRCH ? GCG_NOT_FOUND : GCG_SYSTEM,
                           "cannot read process %d: %s", stop->pid, strerror (errno));
}

enum gcg_status
gcg__stop_all (struct gcg__stop *stop, int64_t deadline, struct gcg_error *error)
{
  stop->first_ns = gcg__now_ns ();
  for (bool is_new = true; is_new;)
    {
      is_new = false;
      ssize_t n = gcg__proc_threads (stop->pid, &stop->tids, &stop->tids_capacity);
      if (n < 0)
        return gcg__error_write (error, errno == ENOENT ? GCG_NOT_FOUND : GCG_SYSTEM,
                                 "no process %d: %s", stop->pid, strerror (errno));
      enum gcg_status status = GCG_OK;
      for (ssize_t i = 0; i < n && status == GCG_OK; i++)
        status = seize (stop, stop->tids[i], &is_new, error);
      if (status == GCG_OK && stop->n > 0 && stop->mem < 0)
        status = open_memory (stop, error);
      is_new |= !wait_for_all (stop);
      if (status != GCG_OK)
        return status;
      if (!is_new && !stop->has_executed)
        look_again (stop);
      if (stop->has_executed)
        return gcg__error_write (error, GCG_BUSY, "process %d executed another program meanwhile",
                                 stop->pid);
      if (gcg__now_ns () > deadline)
        return gcg__error_write (error, GCG_TIMEOUT,
                                 "process %d starts threads faster than they "
                                 "can be stopped",
                                 stop->pid);
    }
  size_t standing = 0, left = 0, running = 0;
  for (size_t i = 0; i < stop->n; i++)
    {
      const struct gcg__tracee *tracee = &stop->tracees[i];
      standing += tracee->state == GCG__TRACEE_STANDS;
      left += tracee->state == GCG__TRACEE_RUNS && tracee->is_left_out;
      running += tracee->state == GCG__TRACEE_RUNS && !tracee->is_left_out && !tracee->is_other;
    }
  if (running > 0)
    return gcg__error_write (error, GCG_TIMEOUT, "%zu threads of process %d do not stop", running,
                             stop->pid);
  if (standing > 0)
    return GCG_OK;
  return left > 0 ? gcg__error_write (error, GCG_TIMEOUT,
                                      "no thread of process %d can be stopped: all wait "
                                      "uninterruptibly",
                                      stop->pid)
                  : gcg__error_write (error, GCG_NOT_FOUND, "process %d has ended", stop->pid);
}

/* --- Letting go. */

/* As PTRACE_DETACH; an adopted process goes on as a tracee, unless it has become another program.
 */
static bool
let_go (const struct gcg__stop *stop, const struct gcg__tracee *tracee, int signal)
{
  pid_t tid = tracee->tid;
  if (!stop->is_adopted || stop->has_executed || tracee->is_other)
    return ptrace (PTRACE_DETACH, tid, NULL, signal) == 0;
  if (tracee->is_halted && !tracee->has_called && ptrace (PTRACE_LISTEN, tid, NULL, NULL) == 0)
    return true;
  /* Only on the way through a stop does the kernel see that a call is to be made again, or that the
     process is stopped by a signal. */
  if (tracee->has_called)
    ptrace (PTRACE_INTERRUPT, tid, NULL, NULL);
  return ptrace (PTRACE_CONT, tid, NULL, signal) == 0;
}

static void
detach (struct gcg__stop *stop, struct gcg__tracee *tracee, int signal)
{
  struct gcg__proc_status status;
  /* A signal has come since it was put right: as if it had come during the call. */
  if (tracee->is_again && is_due (stop, tracee->tid, signal, &status))
    {
      bool is_set = gcg__arch_set (tracee->tid, &tracee->cut);
      (void)is_set; /* else it is being killed */
    }
  else if (tracee->is_again && stop->waits != NULL)
    gcg__waits_resume (stop->waits, tracee->tid, &status);
  if (let_go (stop, tracee, signal))
    tracee->state = GCG__TRACEE_GONE;
  else
    {
      /* It is being killed: its end is for us to see. */
      tracee->state = GCG__TRACEE_RUNS;
      tracee->is_left_out = true;
    }
  stop->last_ns = gcg__now_ns ();
}

/* What a thread reports that is to be let go wherever it stops. */
static void
leave (struct gcg__stop *stop, struct gcg__tracee *tracee, enum gcg__event event, pid_t value)
{
  switch (event)
    {
    case GCG__EVENT_NONE:
      return;
    case GCG__EVENT_ENDED:
      tracee->state = GCG__TRACEE_GONE;
      return;
    case GCG__EVENT_SIGNAL:
    case GCG__EVENT_TRAP:
      if (tracee->is_left_out && !tracee->is_other)
        stands (stop, tracee, value);
      if (!stop->holds || tracee->is_other)
        detach (stop, tracee, value);
      return;
    case GCG__EVENT_CLONE:
    case GCG__EVENT_FORK:
      if (value != 0 && find (stop, value) == NULL)
        {
          pid_t tid = tracee->tid;
          struct gcg__tracee *child = add (stop, value);
          if (child != NULL)
            child->is_other = true;
          tracee = find (stop, tid);
        }
      detach (stop, tracee, 0);
      return;
    case GCG__EVENT_EXEC:
    case GCG__EVENT_CALL:
    case GCG__EVENT_EXIT:
      detach (stop, tracee, 0);
      return;
    }
}

size_t
gcg__stop_linger (struct gcg__stop *stop)
{
  size_t n = 0;
  /* Whose tracer looks after them all. */
  if (stop->is_adopted)
    return 0;
  for (size_t i = 0; i < stop->n; i++)
    {
      if (stop->tracees[i].state != GCG__TRACEE_RUNS)
        continue;
      pid_t value = 0;
      enum gcg__event event = look (stop, i, &value);
      leave (stop, &stop->tracees[i], event, value);
      n += stop->tracees[i].state == GCG__TRACEE_RUNS;
    }
  return n;
}

void
gcg__stop_release (struct gcg__stop *stop)
{
  stop->holds = false;
  if (stop->is_at_end)
    return;
  for (size_t i = 0; i < stop->n; i++)
    if (stop->tracees[i].state == GCG__TRACEE_STANDS)
      detach (stop, &stop->tracees[i], stop->tracees[i].signal);
}

/* --- Adopted. */

bool
gcg__stop_adopt (pid_t tid)
{
  return ptrace (PTRACE_SEIZE, tid, NULL, ADOPTED) == 0;
}

bool
gcg__stop_pass (struct gcg__stop *stop, pid_t tid, enum gcg__event event, pid_t value)
{
  struct gcg__tracee tracee = { .tid = tid };
  int signal = event == GCG__EVENT_SIGNAL ? value : 0;
  if (event == GCG__EVENT_SIGNAL || event == GCG__EVENT_TRAP)
    {
      stop->is_passing = true;
      stands (stop, &tracee, signal);
      stop->is_passing = false;
    }
  detach (stop, &tracee, signal);
  return tracee.state == GCG__TRACEE_GONE;
}
