/* traced.c -- see traced.h.
 *
 * One thread for each process.  It waits for any tracee of its own, looks what it reports, without
 * consuming it, and passes it on.  An end is one of a thread, of the process, or of a thread that
 * another one, which executes a program, has ended; which of them is seen from the other threads:
 * at the end of the process all come to theirs.
 */
#include <config.h>

#include "image/traced.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/room.h"
#include "image/proc.h"
#include "image/stop.h"
#include "image/tracer.h"
#include "image/waits.h"

#define PAUSE_NS    50000
#define LOOKS       64        /* before sleeping in between */
#define LEFT_OUT_NS 100000000 /* what has not come to its end by then need not */
#define GATHER_NS   INT64_C (5000000000)
#define BEGIN_NS    INT64_C (2000000000)
#define STATUS_BITS 0x7f

struct gcg__traced
{
  struct gcg__traced *next;
  pid_t pid;
  struct gcg__tracer tracer;
  bool (*ends) (void *context, pid_t pid); /* under the registry's lock; NULL: forgotten */
  void *context;
  unsigned users;      /* under the tracer's lock */
  atomic_uint n_turns; /* stops by signals, and their ends */
  atomic_bool is_settled;
  /* The thread's. */
  struct gcg__stop stop;
  struct gcg__waits waits;
  bool is_over;   /* no thread of the process is traced any more */
  bool is_at_end; /* all its threads stand at their ends */
  bool holds;     /* it stands for a freeze */
  pid_t *leaving; /* threads that have passed their ends and are not gone yet */
  uint32_t n_leaving, leaving_size;
};

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct gcg__traced *registry;

/* Under the lock. */
static struct gcg__traced *
find (pid_t pid)
{
  struct gcg__traced *traced = registry;
  while (traced != NULL && traced->pid != pid)
    traced = traced->next;
  return traced;
}

static void
unregister (struct gcg__traced *traced)
{
  pthread_mutex_lock (&registry_lock);
  struct gcg__traced **at = &registry;
  while (*at != NULL && *at != traced)
    at = &(*at)->next;
  if (*at != NULL)
    *at = traced->next;
  pthread_mutex_unlock (&registry_lock);
}

/* --- Threads that end. */

static uint32_t
find_leaving (const struct gcg__traced *traced, pid_t tid)
{
  uint32_t i = 0;
  while (i < traced->n_leaving && traced->leaving[i] != tid)
    i++;
  return i;
}

static void
forget_leaving (struct gcg__traced *traced, pid_t tid)
{
  uint32_t i = find_leaving (traced, tid);
  if (i < traced->n_leaving)
    traced->leaving[i] = traced->leaving[--traced->n_leaving];
}

/* Its end is passed on. */
static void
leave (struct gcg__traced *traced, pid_t tid)
{
  if (find_leaving (traced, tid) == traced->n_leaving
      && gcg__room_for_one (&traced->leaving, traced->n_leaving, &traced->leaving_size,
                            sizeof *traced->leaving))
    traced->leaving[traced->n_leaving++] = tid;
  gcg__stop_pass (&traced->stop, tid, GCG__EVENT_EXIT, 0);
}

/* Stores the state of thread TID, which is neither leaving nor gone; false otherwise. */
static bool
is_there (struct gcg__traced *traced, pid_t tid, struct gcg__proc_status *status)
{
  return find_leaving (traced, tid) == traced->n_leaving
         && gcg__proc_status (traced->pid, tid, status) && status->state != 'Z'
         && status->state != 'X';
}

/* Are there threads that run on when TID has ended? */
static bool
has_others (struct gcg__traced *traced, pid_t tid)
{
  struct gcg__stop *stop = &traced->stop;
  struct gcg__proc_status status;
  ssize_t n = gcg__proc_threads (traced->pid, &stop->tids, &stop->tids_capacity);
  for (ssize_t i = 0; i < n; i++)
    if (stop->tids[i] != tid && is_there (traced, stop->tids[i], &status))
      return true;
  return false;
}

static enum gcg__event
look (const struct gcg__traced *traced, pid_t tid, pid_t *value)
{
  return gcg__event_look (tid, gcg__stop_keeps (&traced->stop, tid), value);
}

enum coming
{
  AT_END,
  COMING,
  ELSEWHERE /* the process does not end: another thread executes a program, or waits for these
               while it writes a core file */
};

/* Where thread TID is.  One that cannot stop is as good as at its end when that IS_LATE. */
static enum coming
look_for_end (struct gcg__traced *traced, pid_t tid, bool is_late)
{
  struct gcg__proc_status status;
  pid_t value;
  long call;
  uint64_t sp, pc;
  if (!is_there (traced, tid, &status))
    return AT_END;
  enum gcg__event event = look (traced, tid, &value);
  if (event == GCG__EVENT_EXIT || event == GCG__EVENT_ENDED)
    return AT_END;
  if (event != GCG__EVENT_NONE)
    {
      if (event == GCG__EVENT_EXEC)
        return ELSEWHERE;
      gcg__stop_pass (&traced->stop, tid, event, value);
    }
  else if (gcg__proc_call (traced->pid, tid, &call, &sp, &pc)
           && (call == SYS_execve || call == SYS_execveat))
    return ELSEWHERE;
  if (is_late && status.is_dumping)
    return ELSEWHERE;
  return is_late && status.state == 'D' ? AT_END : COMING;
}

/* Waits until all threads stand at their ends, if they come there. */
static bool
gather (struct gcg__traced *traced)
{
  struct gcg__stop *stop = &traced->stop;
  int64_t since = gcg__now_ns ();
  for (int looks = 0;; looks++)
    {
      int64_t waited = gcg__now_ns () - since;
      bool is_coming = false;
      ssize_t n = gcg__proc_threads (traced->pid, &stop->tids, &stop->tids_capacity);
      for (ssize_t i = 0; i < n; i++)
        switch (look_for_end (traced, stop->tids[i], waited > LEFT_OUT_NS))
          {
          case AT_END:
            break;
          case COMING:
            is_coming = true;
            break;
          case ELSEWHERE:
            return false;
          }
      if (!is_coming || waited > GATHER_NS)
        return true;
      if (looks < LOOKS)
        sched_yield ();
      else
        nanosleep (&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
    }
}

/* --- The end of the process. */

/* All go on to their ends. */
static void
let_end (struct gcg__traced *traced)
{
  struct gcg__stop *stop = &traced->stop;
  traced->is_at_end = false;
  atomic_store (&traced->is_settled, true);
  ssize_t n = gcg__proc_threads (traced->pid, &stop->tids, &stop->tids_capacity);
  for (ssize_t i = 0; i < n; i++)
    {
      pid_t value;
      if (look (traced, stop->tids[i], &value) == GCG__EVENT_EXIT)
        leave (traced, stop->tids[i]);
    }
}

static bool
tell (struct gcg__traced *traced)
{
  pthread_mutex_lock (&registry_lock);
  bool is_wanted = traced->ends != NULL && traced->ends (traced->context, traced->pid);
  pthread_mutex_unlock (&registry_lock);
  return is_wanted;
}

/* Thread TID is at its end, and STATUS what the kernel would say of it. */
static void
take_exit (struct gcg__traced *traced, pid_t tid, pid_t status)
{
  long call;
  uint64_t sp, pc;
  bool is_own = gcg__proc_call (traced->pid, tid, &call, &sp, &pc) && call == SYS_exit
                && has_others (traced, tid);
  if (is_own || atomic_load (&traced->is_settled) || (status & STATUS_BITS) == SIGKILL
      || !gather (traced))
    leave (traced, tid);
  else if (tell (traced))
    traced->is_at_end = true;
  else
    let_end (traced);
}

/* --- What tracees report. */

void
gcg__traced_executed (struct gcg__traced *traced)
{
  unregister (traced);
  traced->is_over = true;
}

static bool
is_thread (const struct gcg__traced *traced, pid_t tid)
{
  struct gcg__proc_status status;
  return gcg__proc_status (traced->pid, tid, &status);
}

static void
set_stopped (struct gcg__traced *traced, bool is_stopped)
{
  if ((atomic_load (&traced->n_turns) % 2 == 1) == is_stopped)
    return;
  atomic_fetch_add (&traced->n_turns, 1);
  if (traced->stop.is_child)
    kill (getpid (), SIGCHLD);
}

/* TID has ended. */
static void
take_gone (struct gcg__traced *traced, pid_t tid)
{
  forget_leaving (traced, tid);
  if (tid != traced->pid)
    return;
  unregister (traced);
  traced->is_over = true;
}

static void
handle (struct gcg__traced *traced, pid_t tid)
{
  pid_t value = 0;
  enum gcg__event event = look (traced, tid, &value);
  switch (event)
    {
    case GCG__EVENT_NONE:
      return;
    case GCG__EVENT_ENDED:
      take_gone (traced, tid);
      return;
    case GCG__EVENT_EXEC:
      gcg__traced_executed (traced);
      ptrace (PTRACE_DETACH, tid, NULL, NULL);
      return;
    case GCG__EVENT_EXIT:
      take_exit (traced, tid, value);
      return;
    case GCG__EVENT_TRAP:
      if (!is_thread (traced, tid))
        {
          /* Another process, started by a clone that is none of a thread. */
          ptrace (PTRACE_DETACH, tid, NULL, NULL);
          return;
        }
      set_stopped (traced, gcg__event_is_halt (tid));
      break;
    case GCG__EVENT_CLONE:
    case GCG__EVENT_FORK:
    case GCG__EVENT_CALL:
    case GCG__EVENT_SIGNAL:
      break;
    }
  gcg__stop_pass (&traced->stop, tid, event, value);
}

static void
attend (void *data)
{
  struct gcg__traced *traced = data;
  siginfo_t info = { 0 };
  if (waitid (P_ALL, 0, &info, WEXITED | WSTOPPED | WNOWAIT | __WALL | __WNOTHREAD) == 0)
    handle (traced, info.si_pid);
  else if (errno == ECHILD)
    take_gone (traced, traced->pid);
}

/* --- The thread. */

/* Under the tracer's lock.  While the process stands, only requests are waited for. */
static bool
look_after (void *data)
{
  struct gcg__traced *traced = data;
  traced->tracer.is_finished = traced->is_over && traced->users == 0;
  return !traced->is_over && !traced->holds && !traced->is_at_end;
}

static void
free_traced (void *data)
{
  struct gcg__traced *traced = data;
  gcg__stop_free (&traced->stop);
  free (traced->leaving);
  free (traced);
}

struct beginning
{
  struct gcg__traced *traced;
  enum gcg_status status;
  struct gcg_error *error;
};

/* Seizes all threads that are not seized yet; false: one that is not may not be. */
static bool
seize_new (struct gcg__traced *traced, bool *is_new)
{
  struct gcg__stop *stop = &traced->stop;
  struct gcg__proc_status status;
  ssize_t n = gcg__proc_threads (traced->pid, &stop->tids, &stop->tids_capacity);
  *is_new = false;
  for (ssize_t i = 0; i < n; i++)
    {
      pid_t tid = stop->tids[i];
      if (gcg__stop_adopt (tid))
        *is_new = true;
      else if (errno != ESRCH && gcg__proc_status (traced->pid, tid, &status)
               && status.tracer != stop->tracer && status.state != 'Z' && status.state != 'X')
        return false;
    }
  return n >= 0;
}

static void
begin (void *data)
{
  struct beginning *beginning = data;
  struct gcg__traced *traced = beginning->traced;
  struct gcg__proc_status status;
  pid_t pid = traced->pid;
  bool is_child = gcg__proc_status (pid, pid, &status) && status.ppid == getpid ();
  gcg__stop_init (&traced->stop, pid, is_child);
  traced->stop.is_adopted = true;
  traced->stop.waits = &traced->waits;
  traced->stop.mem = gcg__proc_open_memory (pid, O_RDWR);
  int64_t until = gcg__now_ns () + BEGIN_NS;
  bool is_new = true;
  traced->is_over = traced->stop.mem < 0;
  while (is_new && !traced->is_over)
    if (!seize_new (traced, &is_new))
      {
        /* By a freeze, perhaps, for a moment. */
        traced->is_over = gcg__now_ns () > until;
        is_new = true;
        nanosleep (&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
      }
  if (traced->is_over)
    beginning->status = gcg__error_write (beginning->error, GCG_DISABLED,
                                          "process %d may not be traced", (int)pid);
}

enum gcg_status
gcg__traced_begin (pid_t pid, bool (*ends) (void *context, pid_t pid), void *context,
                   struct gcg_error *error)
{
  unsigned n_turns;
  if (gcg__traced_is (pid, &n_turns))
    return GCG_OK;
  struct gcg__traced *traced = calloc (1, sizeof *traced);
  if (traced == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "no memory to trace process %d", (int)pid);
  traced->pid = pid;
  traced->ends = ends;
  traced->context = context;
  traced->users = 1;
  int failure = gcg__tracer_start (&traced->tracer, look_after, attend, free_traced, traced);
  if (failure != 0)
    {
      free (traced);
      return gcg__error_write (error, GCG_SYSTEM, "cannot start a thread: %s", strerror (failure));
    }
  struct beginning beginning = { traced, GCG_OK, error };
  pthread_mutex_lock (&registry_lock);
  traced->next = registry;
  registry = traced;
  pthread_mutex_unlock (&registry_lock);
  gcg__tracer_run (&traced->tracer, begin, &beginning);
  if (beginning.status != GCG_OK)
    unregister (traced);
  gcg__traced_part (traced);
  return beginning.status;
}

struct gcg__traced *
gcg__traced_join (pid_t pid)
{
  pthread_mutex_lock (&registry_lock);
  struct gcg__traced *traced = find (pid);
  if (traced != NULL)
    {
      pthread_mutex_lock (&traced->tracer.lock);
      traced->users++;
      pthread_mutex_unlock (&traced->tracer.lock);
    }
  pthread_mutex_unlock (&registry_lock);
  return traced;
}

void
gcg__traced_part (struct gcg__traced *traced)
{
  pthread_mutex_lock (&traced->tracer.lock);
  traced->users--;
  pthread_cond_broadcast (&traced->tracer.changed);
  pthread_mutex_unlock (&traced->tracer.lock);
}

bool
gcg__traced_is (pid_t pid, unsigned *n_turns)
{
  pthread_mutex_lock (&registry_lock);
  const struct gcg__traced *traced = find (pid);
  if (traced != NULL)
    *n_turns = atomic_load (&traced->n_turns);
  pthread_mutex_unlock (&registry_lock);
  return traced != NULL;
}

static void
settle (void *data)
{
  struct gcg__traced *traced = data;
  if (traced->is_at_end)
    let_end (traced);
}

void
gcg__traced_settle (pid_t pid)
{
  struct gcg__traced *traced = gcg__traced_join (pid);
  if (traced == NULL)
    return;
  atomic_store (&traced->is_settled, true);
  gcg__tracer_run (&traced->tracer, settle, traced);
  gcg__traced_part (traced);
}

/* Lets all threads go for good, as after a freeze. */
static void
part (void *data)
{
  struct gcg__traced *traced = data;
  struct gcg__stop stop;
  struct gcg_error error;
  gcg__stop_init (&stop, traced->pid, traced->stop.is_child);
  stop.is_adopted = true;
  stop.waits = &traced->waits;
  bool stands = !traced->is_over && !traced->is_at_end && !traced->holds
                && gcg__stop_all (&stop, gcg__now_ns () + BEGIN_NS, &error) == GCG_OK;
  if (stands || stop.has_executed)
    gcg__traced_executed (traced);
  stop.is_adopted = !stands;
  gcg__stop_release (&stop);
  gcg__stop_free (&stop);
}

void
gcg__traced_leave (pid_t pid)
{
  struct gcg__traced *traced = gcg__traced_join (pid);
  if (traced == NULL)
    return;
  gcg__tracer_run (&traced->tracer, part, traced);
  gcg__traced_part (traced);
}

void
gcg__traced_forget (const void *context)
{
  pthread_mutex_lock (&registry_lock);
  for (struct gcg__traced *traced = registry; traced != NULL; traced = traced->next)
    if (traced->context == context)
      traced->ends = NULL;
  pthread_mutex_unlock (&registry_lock);
}

struct gcg__tracer *
gcg__traced_tracer (struct gcg__traced *traced)
{
  return &traced->tracer;
}

bool
gcg__traced_is_alive (const struct gcg__traced *traced)
{
  return !traced->is_over;
}

bool
gcg__traced_is_at_end (const struct gcg__traced *traced)
{
  return traced->is_at_end;
}

void
gcg__traced_hold (struct gcg__traced *traced, bool holds)
{
  traced->holds = holds;
}
