/* freeze.c -- the order of a freeze: look, stop, copy, let go; see freeze.h.
 *
 * What can be found out while the process still runs is (numbers and names of its threads, the code
 * to enter by, what forbids a copy), so that its stop holds only what needs one.  A struct
 * gcg__frozen is the beginning of a struct image, which belongs to its tracer thread once it is
 * dropped.
 */
#include <config.h>

#include "image/freeze.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "image/copy.h"
#include "image/proc.h"
#include "image/traced.h"
#include "image/tracer.h"
#include "image/waits.h"

#define MS             INT64_C (1000000)
#define REAP_MS        20
#define RETRY_NS       1000000
#define PASSING        10 /* attempts */
#define COPY_OOM_SCORE "1000"
#define SECCOMP_STRICT 1
#define CALLS_MIN_MS   1
#define CLOSE_MS       10000

struct known_thread
{
  pid_t tid;
  struct gcg__proc_status status;
};

struct image
{
  struct gcg__frozen frozen; /* first */
  struct gcg__freeze_ask ask;
  struct gcg__tracer *tracer; /* OWN's, or that of TRACED */
  struct gcg__tracer own;
  struct gcg__traced *traced; /* the process is traced for its life; NULL: it is not */
  struct gcg__stop stop;
  struct gcg__copy copy;
  struct gcg__waits waits;    /* of this freeze alone */
  bool is_stopping;           /* STOP is initialised */
  struct known_thread *known; /* by tid */
  size_t n_known;
};

static struct image *
image_of (struct gcg__frozen *frozen)
{
  return (struct image *)(void *)frozen;
}

static void
free_threads (struct gcg__frozen *frozen)
{
  for (size_t i = 0; i < frozen->n_threads; i++)
    free (frozen->threads[i].vectors);
  free (frozen->threads);
  frozen->threads = NULL;
  frozen->n_threads = 0;
}

static void
free_image (void *data)
{
  struct image *image = data;
  if (image->is_stopping)
    gcg__stop_free (&image->stop);
  if (image->copy.mem >= 0)
    close (image->copy.mem);
  free (image->known);
  free_threads (&image->frozen);
  free (image);
}

static bool
look_after (void *data)
{
  struct image *image = data;
  if (!image->is_stopping)
    return false;
  /* While it stands, those that stand are not let go. */
  return gcg__stop_linger (&image->stop) > 0;
}

/* --- Before the stop. */

static int
by_tid (const void *a, const void *b)
{
  const pid_t *x = a, *y = b; /* the first member of either structure */
  return (*x > *y) - (*x < *y);
}

static enum gcg_status
know_threads (struct image *image, struct gcg_error *error)
{
  pid_t *tids = NULL;
  size_t capacity = 0;
  ssize_t n = gcg__proc_threads (image->ask.pid, &tids, &capacity);
  if (n <= 0)
    {
      free (tids);
      return gcg__error_write (error, GCG_NOT_FOUND, "there is no process %d", image->ask.pid);
    }
  image->n_known = 0;
  gcg__waits_begin (image->ask.waits);
  free (image->known);
  image->known = calloc ((size_t)n, sizeof *image->known);
  if (image->known == NULL)
    {
      free (tids);
      return gcg__error_write (error, GCG_NO_MEMORY, "no memory for the threads of process %d",
                               image->ask.pid);
    }
  for (ssize_t i = 0; i < n; i++)
    {
      struct known_thread *thread = &image->known[image->n_known];
      thread->tid = tids[i];
      if (!gcg__proc_status (image->ask.pid, tids[i], &thread->status))
        continue;
      image->n_known++;
      gcg__waits_look (image->ask.waits, image->ask.pid, tids[i], &thread->status);
    }
  free (tids);
  qsort (image->known, image->n_known, sizeof *image->known, by_tid);
  return GCG_OK;
}

/* Why nothing may be run in the process; GCG__FROZEN_COPY: nothing forbids it. */
static enum gcg__frozen_why
forbidden (struct image *image, pid_t tid, bool *is_child)
{
  const struct gcg__proc_status *leader = NULL;
  struct gcg__proc_status own;
  int own_filters = gcg__proc_status (getpid (), getpid (), &own) ? own.n_filters : 0;
  bool is_filtered = false;
  for (size_t i = 0; i < image->n_known; i++)
    {
      const struct gcg__proc_status *status = &image->known[i].status;
      if (image->known[i].tid == image->ask.pid)
        leader = status;
      is_filtered |= status->seccomp == SECCOMP_STRICT || status->n_filters > own_filters
                     || status->shadow_stack;
    }
  *is_child = leader != NULL && leader->ppid == getpid ();
  if (is_filtered)
    return GCG__FROZEN_FILTER;
  if (gcg__proc_new_pids (image->ask.pid, tid) || leader == NULL || leader->own_tid == 1
      || (image->ask.ends && gcg__proc_other_pids (image->ask.pid, tid)))
    return GCG__FROZEN_NAME_SPACE;
  struct gcg__code *code = &image->copy.code;
  *code = (struct gcg__code){ image->ask.syscall_ret, image->ask.restorer };
  if (code->entry == 0 || code->restorer == 0)
    gcg__code_find (image->ask.pid, tid, code);
  return code->entry == 0 || code->restorer == 0 ? GCG__FROZEN_NO_CODE : GCG__FROZEN_COPY;
}

static bool
is_alive (pid_t pid, pid_t tid)
{
  struct gcg__proc_status status;
  return gcg__proc_status (pid, tid, &status) && status.state != 'Z' && status.state != 'X';
}

/* A thread that has not ended. */
static pid_t
live_thread (const struct image *image)
{
  for (size_t i = 0; i < image->n_known; i++)
    if (image->known[i].status.state != 'Z' && image->known[i].status.state != 'X')
      return image->known[i].tid;
  return 0;
}

/* --- Threads that wait for the ends of others while we wait for them (see stop.h). */

struct reaper
{
  struct gcg__stop *stop;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool is_done;
};

static void *
reap (void *data)
{
  struct reaper *reaper = data;
  pthread_mutex_lock (&reaper->lock);
  while (!reaper->is_done)
    {
      struct timespec at;
      clock_gettime (CLOCK_REALTIME, &at);
      at.tv_nsec += REAP_MS * MS;
      if (at.tv_nsec >= 1000000000)
        {
          at.tv_nsec -= 1000000000;
          at.tv_sec++;
        }
      if (pthread_cond_timedwait (&reaper->changed, &reaper->lock, &at) == ETIMEDOUT)
        gcg__stop_reap_dead (reaper->stop);
    }
  pthread_mutex_unlock (&reaper->lock);
  return NULL;
}

static enum gcg_status
stop_with_reaper (struct image *image, int64_t deadline, struct gcg_error *error)
{
  struct reaper reaper = { .stop = &image->stop };
  pthread_mutex_init (&reaper.lock, NULL);
  pthread_cond_init (&reaper.changed, NULL);
  int failure = pthread_create (&reaper.thread, NULL, reap, &reaper);
  enum gcg_status status;
  if (failure != 0)
    status = gcg__error_write (error, GCG_SYSTEM, "cannot start a thread: %s", strerror (failure));
  else
    {
      status = gcg__stop_all (&image->stop, deadline, error);
      pthread_mutex_lock (&reaper.lock);
      reaper.is_done = true;
      pthread_cond_signal (&reaper.changed);
      pthread_mutex_unlock (&reaper.lock);
      pthread_join (reaper.thread, NULL);
    }
  pthread_mutex_destroy (&reaper.lock);
  pthread_cond_destroy (&reaper.changed);
  return status;
}

/* --- While it stands. */

/* The vector registers of a thread that stands, into THREAD. */
static void
describe_vectors (struct gcg__frozen_thread *thread)
{
  struct gcg__vectors vectors;
  if (!gcg__arch_get_vectors (thread->tid, &vectors))
    return;
  thread->vectors = malloc (vectors.bytes);
  if (thread->vectors == NULL)
    return;
  memcpy (thread->vectors, vectors.state, vectors.bytes);
  thread->n_vectors = vectors.bytes;
}

static enum gcg_status
describe_threads (struct image *image, struct gcg_error *error)
{
  struct gcg__frozen *frozen = &image->frozen;
  struct gcg__stop *stop = &image->stop;
  free_threads (frozen);
  frozen->threads = calloc (stop->n, sizeof *frozen->threads);
  if (frozen->threads == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "no memory for the threads of process %d",
                             frozen->pid);
  for (size_t i = 0; i < stop->n; i++)
    {
      const struct gcg__tracee *tracee = &stop->tracees[i];
      if (tracee->is_other || tracee->state == GCG__TRACEE_GONE)
        continue;
      struct gcg__frozen_thread *thread = &frozen->threads[frozen->n_threads++];
      thread->tid = tracee->tid;
      thread->stands = tracee->state == GCG__TRACEE_STANDS;
      if (thread->stands)
        {
          gcg__arch_describe (tracee->is_again ? &tracee->cut : &tracee->regs, thread);
          thread->signal_mask = tracee->mask;
          if (image->ask.vectors)
            describe_vectors (thread);
        }
      else if (gcg__proc_call (frozen->pid, tracee->tid, &thread->call, &thread->sp, &thread->pc))
        thread->in_call = thread->call >= 0;
      const struct known_thread *known
          = bsearch (&tracee->tid, image->known, image->n_known, sizeof *known, by_tid);
      struct gcg__proc_status status = { .own_tid = 0 };
      if (known != NULL)
        status = known->status;
      else if (gcg__proc_status (frozen->pid, tracee->tid, &status))
        status.state = 0; /* it is stopped now */
      thread->own_tid = status.own_tid;
      thread->state = status.state;
      memcpy (thread->name, status.name, sizeof thread->name);
    }
  qsort (frozen->threads, frozen->n_threads, sizeof *frozen->threads, by_tid);
  return GCG_OK;
}

/* The copy is the first to go when memory runs out. */
static void
endanger (pid_t copy)
{
  char path[64];
  snprintf (path, sizeof path, "/proc/%d/oom_score_adj", copy);
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return;
  ssize_t written = write (fd, COPY_OOM_SCORE, strlen (COPY_OOM_SCORE));
  (void)written; /* then it is as good as any */
  close (fd);
}

static enum gcg_status
open_image (struct image *image, struct gcg_error *error)
{
  char path[64];
  pid_t pid = image->copy.pid;
  if (pid == 0)
    {
      image->copy.mem = dup (image->stop.mem);
      return GCG_OK;
    }
  snprintf (path, sizeof path, "/proc/%d/mem", pid);
  image->copy.mem = open (path, O_RDWR | O_CLOEXEC);
  if (image->copy.mem >= 0)
    return GCG_OK;
  return gcg__error_write (error, GCG_SYSTEM, "cannot open the frozen copy (process %d): %s", pid,
                           strerror (errno));
}

/* From the first moment the copy shares the descriptors of the process, so that what that closes is
   closed; now it gives them up, so that they do not outlive the process. */
static enum gcg_status
close_descriptors (struct image *image, struct gcg_error *error)
{
  int64_t result;
  enum gcg_status status = gcg__copy_call_system (
      &image->copy, SYS_close_range, (uint64_t[6]){ 0, UINT32_MAX, CLOSE_RANGE_UNSHARE }, &result,
      CLOSE_MS, error);
  if (status == GCG_OK && result < 0)
    status = gcg__copy_call_system (&image->copy, SYS_unshare, (uint64_t[6]){ CLONE_FILES },
                                    &result, CLOSE_MS, error);
  return status;
}

struct attempt
{
  struct image *image;
  int64_t deadline;
  enum gcg_status status;
  struct gcg_error *error;
};

/* Copies, or notes why not.  GCG_TIMEOUT: to be tried again. */
static enum gcg_status
copy (struct image *image, enum gcg__frozen_why why, struct gcg_error *error)
{
  struct gcg__frozen *frozen = &image->frozen;
  struct gcg__made made = { .why = why };
  if (why == GCG__FROZEN_COPY && !gcg__code_is_there (&image->stop, &image->copy.code))
    return gcg__error_write (error, image->ask.syscall_ret == 0 ? GCG_TIMEOUT : GCG_BUSY,
                             "process %d executed another program meanwhile", frozen->pid);
  if (why == GCG__FROZEN_COPY)
    gcg__inject_copy (&image->stop, &image->copy.code, image->ask.scratch, image->ask.scratch_bytes,
                      &made);
  image->copy.pid = made.copy;
  image->copy.regs = made.regs;
  if (made.is_again)
    {
      gcg__copy_end (&image->copy);
      return gcg__error_write (error, GCG_TIMEOUT,
                               "process %d was stopped or ended by a signal while it was copied",
                               frozen->pid);
    }
  frozen->why = made.why;
  frozen->clone_errno = made.clone_errno;
  frozen->clone_ns = (uint64_t)made.clone_ns;
  enum gcg_status status = describe_threads (image, error);
  if (status == GCG_OK)
    status = open_image (image, error);
  if (status != GCG_OK)
    gcg__copy_end (&image->copy);
  frozen->copy = image->copy.pid;
  return status;
}

/* Who traces the process for its life must know that it stands. */
static void
hold (struct image *image, bool holds)
{
  if (image->traced != NULL)
    gcg__traced_hold (image->traced, holds);
}

/* The table of waits is the caller's: threads that linger do not use it. */
static void
release (struct image *image)
{
  bool held = image->stop.holds;
  if (image->stop.is_adopted && image->stop.has_executed)
    gcg__traced_executed (image->traced);
  gcg__stop_release (&image->stop);
  image->stop.waits = NULL;
  if (held)
    hold (image, false);
}

/* The copy stands, which who traces the process for its life is not to see. */
static void
take_stop (const struct image *image)
{
  siginfo_t info;
  if (image->traced != NULL && image->copy.pid != 0)
    waitid (P_PID, (id_t)image->copy.pid, &info, WSTOPPED | WNOHANG | __WALL | __WNOTHREAD);
}

/* One attempt, in the tracer's thread. */
static enum gcg_status
try (struct image *image, int64_t deadline, struct gcg_error *error)
{
  struct gcg__frozen *frozen = &image->frozen;
  enum gcg_status status = know_threads (image, error);
  if (status != GCG_OK)
    return status;
  pid_t tid = live_thread (image);
  if (tid == 0)
    return gcg__error_write (error, GCG_NOT_FOUND, "process %d has ended", image->ask.pid);
  bool is_child = false;
  bool is_adopted = image->traced != NULL && gcg__traced_is_alive (image->traced);
  bool is_at_end = is_adopted && gcg__traced_is_at_end (image->traced);
  enum gcg__frozen_why why = forbidden (image, tid, &is_child);
  if (is_at_end)
    why = GCG__FROZEN_ENDS;
  /* What a thread says that has ended meanwhile is nothing. */
  if (why != GCG__FROZEN_COPY && !is_alive (image->ask.pid, tid))
    return gcg__error_write (error, GCG_TIMEOUT,
                             "thread %d of process %d ended while it was looked at", tid,
                             image->ask.pid);
  gcg__stop_init (&image->stop, image->ask.pid, is_child);
  image->is_stopping = true;
  image->stop.waits = image->ask.waits;
  image->stop.is_adopted = is_adopted;
  image->stop.is_at_end = is_at_end;
  status = stop_with_reaper (image, deadline, error);
  if (status == GCG_OK && image->ask.look != NULL)
    status = image->ask.look (image->ask.context, error);
  if (status == GCG_OK)
    status = copy (image, why, error);
  frozen->since_ns = (uint64_t)image->stop.first_ns;
  if (status == GCG_OK && frozen->copy != 0 && image->ask.standing != NULL)
    image->ask.standing (image->ask.context, frozen);
  image->stop.holds = status == GCG_OK && frozen->copy == 0;
  if (!image->stop.holds)
    {
      release (image);
      frozen->stopped_ns = (uint64_t)(image->stop.last_ns - image->stop.first_ns);
    }
  else
    hold (image, true);
  if (status != GCG_OK || frozen->copy == 0)
    return status;
  endanger (frozen->copy);
  status = close_descriptors (image, error);
  if (status != GCG_OK)
    gcg__copy_end (&image->copy);
  take_stop (image);
  return status;
}

/* While a program is executed its threads can be found ended, or forbidden, for a moment. */
static bool
is_passing (const struct attempt *attempt, int n_attempts)
{
  if (gcg__now_ns () > attempt->deadline)
    return false;
  if (attempt->status == GCG_TIMEOUT)
    return true;
  return (attempt->status == GCG_NOT_FOUND || attempt->status == GCG_DISABLED)
         && n_attempts < PASSING && kill (attempt->image->ask.pid, 0) == 0;
}

static void
freeze (void *data)
{
  struct attempt *attempt = data;
  struct image *image = attempt->image;
  for (int n = 1;; n++)
    {
      attempt->status = try (image, attempt->deadline, attempt->error);
      if (attempt->status == GCG_OK || !is_passing (attempt, n))
        return;
      do
        nanosleep (&(struct timespec){ .tv_nsec = RETRY_NS }, NULL);
      while (look_after (image) && gcg__now_ns () < attempt->deadline);
      if (look_after (image))
        return;
      if (image->is_stopping)
        gcg__stop_free (&image->stop);
      image->is_stopping = false;
    }
}

/* The image is not used any more. */
static void
finish (struct image *image)
{
  if (image->traced == NULL)
    {
      gcg__tracer_finish (image->tracer);
      return;
    }
  gcg__traced_part (image->traced);
  free_image (image);
}

enum gcg_status
gcg__freeze (const struct gcg__freeze_ask *ask, struct gcg__frozen **frozen,
             struct gcg_error *error)
{
  if (ask->pid <= 0 || ask->pid == getpid ())
    return gcg__error_write (error, GCG_INVALID, "process %d cannot be frozen", ask->pid);
  struct image *image = calloc (1, sizeof *image);
  if (image == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "no memory for a frozen copy");
  image->frozen.pid = ask->pid;
  image->ask = *ask;
  image->copy.mem = -1;
  if (ask->waits == NULL)
    image->ask.waits = &image->waits;
  image->traced = gcg__traced_join (ask->pid);
  image->tracer = image->traced != NULL ? gcg__traced_tracer (image->traced) : &image->own;
  int failure = image->traced != NULL
                    ? 0
                    : gcg__tracer_start (&image->own, look_after, NULL, free_image, image);
  if (failure != 0)
    {
      free_image (image);
      return gcg__error_write (error, GCG_SYSTEM, "cannot start a thread: %s", strerror (failure));
    }
  int limit_ms = ask->limit_ms > 0 ? ask->limit_ms : GCG__FREEZE_LIMIT_MS;
  struct attempt attempt
      = { .image = image, .deadline = gcg__now_ns () + limit_ms * MS, .error = error };
  gcg__tracer_run (image->tracer, freeze, &attempt);
  if (attempt.status == GCG_OK)
    *frozen = &image->frozen;
  else
    finish (image);
  return attempt.status;
}

/* --- The image. */

struct request
{
  struct image *image;
  uint64_t function;
  long number;
  const uint64_t *arguments;
  uint64_t *result;
  int64_t *call_result;
  int limit_ms;
  struct gcg_error *error;
  enum gcg_status status;
};

static void
call_function (void *data)
{
  struct request *request = data;
  request->status = gcg__copy_call (&request->image->copy, request->function, request->arguments,
                                    request->result, request->limit_ms, request->error);
  take_stop (request->image);
}

static void
call_system (void *data)
{
  struct request *request = data;
  request->status
      = gcg__copy_call_system (&request->image->copy, request->number, request->arguments,
                               request->call_result, request->limit_ms, request->error);
  take_stop (request->image);
}

enum gcg_status
gcg__frozen_call (struct gcg__frozen *frozen, uint64_t function, const uint64_t arguments[6],
                  uint64_t *result, int limit_ms, struct gcg_error *error)
{
  struct image *image = image_of (frozen);
  struct request request = { .image = image,
                             .function = function,
                             .arguments = arguments,
                             .result = result,
                             .limit_ms = limit_ms < CALLS_MIN_MS ? CALLS_MIN_MS : limit_ms,
                             .error = error };
  gcg__tracer_run (image->tracer, call_function, &request);
  return request.status;
}

enum gcg_status
gcg__frozen_call_system (struct gcg__frozen *frozen, long number, const uint64_t arguments[6],
                         int64_t *result, int limit_ms, struct gcg_error *error)
{
  struct image *image = image_of (frozen);
  struct request request = { .image = image,
                             .number = number,
                             .arguments = arguments,
                             .call_result = result,
                             .limit_ms = limit_ms < CALLS_MIN_MS ? CALLS_MIN_MS : limit_ms,
                             .error = error };
  gcg__tracer_run (image->tracer, call_system, &request);
  return request.status;
}

ssize_t
gcg__frozen_read (const struct gcg__frozen *frozen, uint64_t address, void *buffer, size_t bytes)
{
  const struct image *image = (const struct image *)(const void *)frozen;
  size_t done = 0;
  while (done < bytes)
    {
      ssize_t n
          = pread (image->copy.mem, (char *)buffer + done, bytes - done, (off_t)(address + done));
      if (n <= 0)
        return done > 0 ? (ssize_t)done : n == 0 ? (errno = EIO, -1) : -1;
      done += (size_t)n;
    }
  return (ssize_t)done;
}

ssize_t
gcg__frozen_write (struct gcg__frozen *frozen, uint64_t address, const void *bytes, size_t n)
{
  if (frozen->copy == 0)
    {
      errno = EPERM;
      return -1;
    }
  return pwrite (image_of (frozen)->copy.mem, bytes, n, (off_t)address);
}

static void
drop (void *data)
{
  struct image *image = data;
  gcg__copy_end (&image->copy);
  release (image);
}

void
gcg__frozen_drop (struct gcg__frozen *frozen)
{
  if (frozen == NULL)
    return;
  struct image *image = image_of (frozen);
  gcg__tracer_run (image->tracer, drop, image);
  finish (image);
}
