/* capture.c -- see capture.h.
 *
 * clone, not fork: libgc's fork handler wants the allocation lock, which the collecting thread
 * holds.  With exit signal 0 the child is invisible to the program's wait () and SIGCHLD.  All
 * signals are blocked across the clone, so a signal to the process group never runs a handler of
 * the program's in the child.  The child may call nothing that locks or allocates: threads that
 * held the C library's locks are not in it.
 *
 * Finalizers that become ready by our collection are the program's to run, in its own threads:
 * GC_finalize_on_demand is set while we collect, and they run at the program's next allocation that
 * looks for them, as they would after any collection made by another thread.  A program that runs
 * them on demand itself is notified as usual.
 *
 * Where clone fails (memory, a limit on processes) the same code runs in place, with the world
 * stopped, and the snapshot says so.
 */
#include "capture.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "agent.h"
#include "collector.h"
#include "freeze/freeze.h"
#include "gc_calls.h"
#include "raw.h"
#include "rules.h"
#ifdef GCG_MALLOC
#include "agent_root.h"
#include "dump.h"
#include "malloc/foreign.h"
#include "malloc/hidden.h"
#include "malloc/roots.h"
#include "malloc/signals.h"
#include "malloc/stopworld.h"
#endif
#include "freeze/tally.h"
#include "thread.h"
#include "freeze/tls.h"

#define CHILD_SECONDS 60

static pthread_mutex_t capture_mutex = PTHREAD_MUTEX_INITIALIZER;
static bool is_with_contents;

/* What is asked for; valid while WANTED. */
static struct
{
  bool wanted;
  bool sweeping;
  bool finds_dead; /* a thread that libgc knows */
  bool done;
  pid_t tid; /* the thread whose collection it is to be */
  pid_t child;
  int pidfd;
  int error; /* errno of a capture in place */
  struct gcg__freeze freeze;
  struct gcg__settings settings;
#ifdef GCG_MALLOC
  bool dumps; /* a raw dump is wanted */
#endif
} request;

enum gcg_status
gcg__fail (struct gcg_error *error, enum gcg_status status, const char *format, ...)
{
  if (error)
    {
      va_list arguments;
      va_start (arguments, format);
      error->status = status;
      vsnprintf (error->text, sizeof error->text, format, arguments);
      va_end (arguments);
    }
  return status;
}

void
gcg__capture_contents (void)
{
  __atomic_store_n (&is_with_contents, true, __ATOMIC_RELAXED);
}

uint64_t
gcg__capture_contents_place (void)
{
  return (uintptr_t)&is_with_contents;
}

void
gcg__capture_contents_if_asked (void)
{
  const char *value = secure_getenv ("GCGLASS_CONTENTS");
  if (value && strcmp (value, "1") == 0)
    gcg__capture_contents ();
}

void
gcg__capture_forget (void)
{
  pthread_mutex_init (&capture_mutex, NULL);
  request.wanted = false;
}

static bool
capture_is_ours (void)
{
  return __atomic_load_n (&request.wanted, __ATOMIC_ACQUIRE)
         && request.tid == (pid_t)syscall (SYS_gettid);
}

void
gcg__capture_before_stop (void)
{
  if (capture_is_ours () && !request.sweeping)
    gcg__thread_note_from_now ();
}

bool
gcg__capture_finds_dead (pthread_t thread)
{
  if (!capture_is_ours () || !request.sweeping || gcg__thread_lives (thread))
    return false;
  request.finds_dead = true;
  return true;
}

/* A child of this process, invisible to its waits; 0 in the child. */
static pid_t
clone_stopped (int *pidfd)
{
#if defined __x86_64__
  return (pid_t)syscall (SYS_clone, CLONE_PIDFD, NULL, pidfd, NULL, NULL);
#else
  return (pid_t)syscall (SYS_clone, CLONE_PIDFD, NULL, pidfd, NULL, 0);
#endif
}

#ifdef GCG_MALLOC

/* Writes the memory of the program, from where CHILD says: a clone, or the program itself. */
static int
write_dump_stopped (bool child)
{
  const struct gcg__freeze *freeze = &request.freeze;
  const struct gcg__dump_ask ask = { .fd = freeze->fd,
                                     .pid = freeze->pid,
                                     .in_place = !child,
                                     .context = freeze->context,
                                     .pause_ns = &freeze->shared->pause_ns,
                                     .header = { .root = (uintptr_t)&gcg__agent_root,
                                                 .requested_ns = freeze->requested_ns,
                                                 .monotonic_ns = freeze->monotonic_ns,
                                                 .stop_ns = gcg__collection_now.stop_ns,
                                                 .realtime_ns = freeze->realtime_ns,
                                                 .calling_tid = (uint64_t)request.tid,
                                                 .ends = freeze->at_exit } };

  if (child)
    gcg__freeze_child_begin_stopped (freeze->fd);
  return gcg__dump_write_stopped (&ask);
}

#endif

/* In a clone of the program (CHILD), or in its place. */
static int
write_stopped (bool child)
{
#ifdef GCG_MALLOC
  if (request.dumps)
    return write_dump_stopped (child);
#endif
  return gcg__freeze_write_stopped (&request.freeze, child);
}

bool
gcg__capture_at_mark_end_stopped (void)
{
  ucontext_t context;
  uint64_t begin = raw_now (CLOCK_MONOTONIC), all = ~UINT64_C (0), mask;

  if (!capture_is_ours () || request.sweeping || request.done)
    return false;
  request.done = true;
  /* What the program had in the registers that calls preserve is on the stack from here on. */
  __builtin_unwind_init ();
  getcontext (&context);
  request.freeze.context = &context;
  request.freeze.collecting_pointer = (uintptr_t)__builtin_thread_pointer ();
  request.freeze.stack_low = raw_stack_pointer ();
#ifdef GCG_MALLOC
  if (request.freeze.at_exit && gcg__exit_frame_of (request.tid))
    request.freeze.stack_low = gcg__exit_frame_of (request.tid);
#endif
#ifdef GCG_MALLOC
  if (request.freeze.tally && request.freeze.tally->n_sites)
    gcg__survivors_note_stopped ();
#endif
  request.freeze.realtime_ns = raw_now (CLOCK_REALTIME);
  request.freeze.monotonic_ns = begin;
#ifdef GCG_MALLOC
  gcg__hidden_copy_stopped ();
#endif
  syscall (SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask, 8);
  request.child = clone_stopped (&request.pidfd);
  if (request.child == 0)
    {
#ifdef GCG_MALLOC
      gcg__hidden_show_stopped ();
#endif
      int status = write_stopped (true);
      syscall (SYS_exit_group, status);
      __builtin_unreachable ();
    }
  if (request.child < 0)
    {
      request.freeze.in_place = true;
      request.error = write_stopped (false);
    }
  syscall (SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8);
#ifdef GCG_MALLOC
  gcg__hidden_drop_stopped ();
#endif
  gcg__thread_note_no_more ();
  request.freeze.shared->pause_ns = raw_now (CLOCK_MONOTONIC) - begin;
  return true;
}

/* Waits for the child; kills it when it takes too long.  Reaps it without touching the program's
   own children. */
static enum gcg_status
capture_wait (struct gcg_error *error)
{
  struct pollfd poll_fd = { request.pidfd, POLLIN, 0 };
  siginfo_t info = { .si_pid = 0 };
  uint64_t deadline = raw_now (CLOCK_MONOTONIC) + CHILD_SECONDS * UINT64_C (1000000000);
  enum gcg_status status = GCG_OK;
  int ready;

  do
    ready = poll (&poll_fd, 1, 1000);
  while ((ready < 0 && errno == EINTR) || (ready == 0 && raw_now (CLOCK_MONOTONIC) < deadline));
  if (ready <= 0)
    {
      syscall (SYS_pidfd_send_signal, request.pidfd, SIGKILL, NULL, 0);
      status = gcg__fail (error, GCG_TIMEOUT, "the snapshot was not written within %d s",
                          CHILD_SECONDS);
    }
  while (waitid (P_PID, (id_t)request.child, &info, WEXITED | __WCLONE) < 0 && errno == EINTR)
    ;
  close (request.pidfd);
  if (status == GCG_OK && info.si_pid && info.si_code != CLD_EXITED)
    status = gcg__fail (error, GCG_SYSTEM, "writing the snapshot was ended by signal %d",
                        info.si_status);
  else if (status == GCG_OK && info.si_pid && info.si_status != 0)
    status
        = gcg__fail (error, GCG_SYSTEM, "cannot write the snapshot: %s", strerror (info.si_status));
  return status;
}

#ifdef GCG_MALLOC

/* With libgc's lock, so that no thread is stopped in the middle of changing its heap. */
static void *GC_CALLBACK
capture_stop (void *missing)
{
  gcg__collection_now = (struct gcg__collection){ .start_ns = raw_now (CLOCK_MONOTONIC) };
  if (!gcg__world_stop (missing))
    return NULL;
  gcg__collection_now.stop_ns = raw_now (CLOCK_MONOTONIC) - gcg__collection_now.start_ns;
  (void)gcg__capture_at_mark_end_stopped ();
  gcg__world_start ();
  return NULL;
}

/* Nothing is collected: the world is stopped for the clone alone.  What is made from now on was
   born later. */
static enum gcg_status
capture_collect (bool at_exit, struct gcg_error *error)
{
  uint64_t signals = gcg__signals_wait ();
  pid_t missing = 0;

  (void)at_exit;
  GC_call_with_alloc_lock (capture_stop, &missing);
  gcg__signals_go_on (signals);
  __atomic_fetch_add (&gcg__birth, 1, __ATOMIC_RELAXED);
  return request.done
             ? GCG_OK
             : gcg__fail (error, GCG_TIMEOUT, "thread %d cannot be stopped: it blocks every signal",
                          (int)missing);
}

#else

/* Lets the collector finish its sweeping, then gives up once the world stands. */
static int GC_CALLBACK
sweep_only (void)
{
  return request.sweeping && gcg__collector_world_stopped ();
}

/* Collects in this thread, so that the request is met.  No finalizer runs here.

   libgc sweeps lazily: what the collection before this one found dead lies around until somebody
   needs a slot of its size, and would count as garbage again.  A collection with a stop function
   begins by sweeping everything; ours is abandoned right after that, before it marks.  (It is not
   kept for the marking because libgc marks with one thread only when it has a stop function.)

   It shows, too, whether the world can be stopped.  For a thread that has died without a word to
   libgc, as one in which the program initialised the collector, libgc would wait 16 s and abort;
   told that it is dead it goes on, but would then mark what had been that thread's stack. */
static enum gcg_status
capture_collect (bool at_exit, struct gcg_error *error)
{
  bool known = GC_thread_is_registered ();
  int on_demand = GC_get_finalize_on_demand ();
  GC_warn_proc warn = GC_get_warn_proc ();
  struct GC_stack_base base;

  if (!known)
    {
      GC_get_stack_base (&base);
      GC_register_my_thread (&base);
    }
  GC_set_finalize_on_demand (1);
  /* The program would not have heard of what our collection finds. */
  GC_set_warn_proc (GC_ignore_warn_proc);
  request.sweeping = true;
  GC_try_to_collect (sweep_only);
  request.sweeping = false;
  if (!request.finds_dead)
    GC_gcollect ();
  GC_set_warn_proc (warn);
  /* What our last collection found unreachable would have lived until the end without us. */
  if (!at_exit)
    GC_set_finalize_on_demand (on_demand);
  if (!known)
    GC_unregister_my_thread ();
  if (request.finds_dead)
    return gcg__fail (error, GCG_UNSUPPORTED,
                      "a thread has died that libgc takes for alive (it was registered, perhaps by "
                      "GC_INIT, and never unregistered): no collection is possible");
  return request.done ? GCG_OK
                      : gcg__fail (error, GCG_DISABLED,
                                   "the collector is switched off (GC_disable): no snapshot");
}

#endif

void
gcg__capture_fill (struct gcg__freeze *freeze, struct gcg__settings *settings)
{
  freeze->rules = gcg__rules_text ();
  freeze->on_demand = GC_get_finalize_on_demand ();
  freeze->contents = __atomic_load_n (&is_with_contents, __ATOMIC_RELAXED);
  freeze->settings = settings;
  freeze->agent_tid = gcg__agent_tid ();
  freeze->start_ns = gcg__agent_start_ns ();
  freeze->thread_pointer = gcg__agent_thread_pointer ();
}

/* What of a capture is wanted: a snapshot, or what one is made from, into *FD; where that is NULL
   the TALLY is filled. */
struct wanted
{
  bool at_exit, dumps;
  int *fd;
  struct gcg__tally *tally;
};

static enum gcg_status
capture_run (const char *description, const struct wanted *wanted, struct gcg_error *error)
{
  struct gcg__shared *shared;
  enum gcg_status status;
  int memfd = -1;

  if (wanted->fd)
    memfd = raw_high (memfd_create ("gcglass-snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (wanted->fd && memfd < 0)
    return gcg__fail (error, GCG_SYSTEM, "cannot make a memory file for the snapshot: %s",
                      strerror (errno));
  shared = mmap (NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED)
    {
      status = gcg__fail (error, GCG_NO_MEMORY, "no memory for a snapshot");
      goto fail_shared;
    }
  memset (&request, 0, sizeof request);
  request.tid = (pid_t)syscall (SYS_gettid);
#ifdef GCG_MALLOC
  request.dumps = wanted->dumps;
#endif
  request.freeze = (struct gcg__freeze){ .fd = memfd,
                                         .description = description ? description : "",
                                         .at_exit = wanted->at_exit,
                                         .tally = wanted->tally,
                                         .pid = getpid (),
                                         .collecting_tid = request.tid,
                                         .requested_ns = raw_now (CLOCK_MONOTONIC),
                                         .shared = shared };
  gcg__capture_fill (&request.freeze, &request.settings);
  gcg__settings_note (&request.settings);
  gcg__settings_note_smaps (&request.settings);
  gcg__collector_hook ();
#ifndef GCG_MALLOC
  gcg__tls_note ();
  gcg__thread_hook ();
#endif
  __atomic_store_n (&request.wanted, true, __ATOMIC_RELEASE);
  status = capture_collect (wanted->at_exit, error);
  __atomic_store_n (&request.wanted, false, __ATOMIC_RELEASE);
  if (status != GCG_OK)
    ;
  else if (request.child > 0)
    status = capture_wait (error);
  else
    status = request.error == 0 ? GCG_OK
                                : gcg__fail (error, GCG_SYSTEM, "cannot write the snapshot: %s",
                                             strerror (request.error));
  munmap (shared, sizeof *shared);
  if (status != GCG_OK)
    goto fail_shared;
  if (wanted->fd)
    {
      fcntl (memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
      *wanted->fd = memfd;
    }
  return GCG_OK;

fail_shared:
  if (memfd >= 0)
    close (memfd);
  return status;
}

static enum gcg_status
capture_locked (const char *description, const struct wanted *wanted, struct gcg_error *error)
{
  enum gcg_status status;
  int cancel_state;

  gcg__agent_ready ();
#ifdef GCG_MALLOC
  if (gcg__foreign_reason ())
    return gcg__fail (error, GCG_UNSUPPORTED, "%s", gcg__foreign_reason ());
#endif
  pthread_setcancelstate (PTHREAD_CANCEL_DISABLE, &cancel_state);
  pthread_mutex_lock (&capture_mutex);
  status = capture_run (description, wanted, error);
  pthread_mutex_unlock (&capture_mutex);
  pthread_setcancelstate (cancel_state, NULL);
  return status;
}

enum gcg_status
gcg__capture (const char *description, bool at_exit, int *fd, struct gcg_error *error)
{
  const struct wanted wanted = { .at_exit = at_exit, .dumps = true, .fd = fd };
  return capture_locked (description, &wanted, error);
}

enum gcg_status
gcg__capture_here (const char *description, int *fd, struct gcg_error *error)
{
  const struct wanted wanted = { .fd = fd };
  return capture_locked (description, &wanted, error);
}

enum gcg_status
gcg__capture_tally (struct gcg__tally *tally, struct gcg_error *error)
{
  const struct wanted wanted = { .tally = tally };
  return capture_locked (NULL, &wanted, error);
}
