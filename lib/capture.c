/* capture.c -- see capture.h: in collector mode, at the end of a collection's marking.
 *
 * Finalizers that become ready by our collection are the program's to run, in its own threads:
 * GC_finalize_on_demand is set while we collect, and they run at the program's next allocation that
 * looks for them, as they would after any collection made by another thread.  A program that runs
 * them on demand itself is notified as usual.
 */
#include "capture.h"
#include "fail.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "agent.h"
#include "clone.h"
#include "collector.h"
#include "contents.h"
#include "freeze/freeze.h"
#include "gc_calls.h"
#include "raw.h"
#include "rules.h"
#include "freeze/tally.h"
#include "thread.h"
#include "freeze/tls.h"

static pthread_mutex_t capture_mutex = PTHREAD_MUTEX_INITIALIZER;

/* What is asked for; valid while WANTED. */
static struct
{
  bool wanted;
  bool sweeping;
  bool finds_dead; /* a thread that libgc knows */
  bool done;
  pid_t tid; /* the thread whose collection it is to be */
  struct gcg__clone clone;
  struct gcg__freeze freeze;
  struct gcg__settings settings;
} request;

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

static void
before_stop (void)
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

static int
write_stopped (void *state, bool child)
{
  struct gcg__freeze *freeze = state;

  freeze->in_place = !child;
  return gcg__freeze_write_stopped (freeze, child);
}

static bool
at_mark_end_stopped (void)
{
  struct gcg__freeze *freeze = &request.freeze;
  ucontext_t context;

  if (!capture_is_ours () || request.sweeping || request.done)
    return false;
  request.done = true;
  freeze->realtime_ns = raw_now (CLOCK_REALTIME);
  freeze->monotonic_ns = raw_now (CLOCK_MONOTONIC);
  /* What the program had in the registers that calls preserve is on the stack from here on. */
  __builtin_unwind_init ();
  getcontext (&context);
  freeze->context = &context;
  freeze->collecting_pointer = (uintptr_t)__builtin_thread_pointer ();
  freeze->stack_low = raw_stack_pointer ();
  request.clone = gcg__clone_stopped (write_stopped, freeze, freeze->fd);
  gcg__thread_note_no_more ();
  freeze->shared->pause_ns = raw_now (CLOCK_MONOTONIC) - freeze->monotonic_ns;
  return true;
}

static const struct gcg__collector_guest guest = { before_stop, at_mark_end_stopped };

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

void
gcg__capture_fill (struct gcg__freeze *freeze, struct gcg__settings *settings)
{
  freeze->rules = gcg__rules_text ();
  freeze->on_demand = GC_get_finalize_on_demand ();
  freeze->contents = gcg__contents_are_wanted ();
  freeze->settings = settings;
  freeze->agent_tid = gcg__agent_tid ();
  freeze->start_ns = gcg__agent_start_ns ();
  freeze->thread_pointer = gcg__agent_thread_pointer ();
}

/* What of a capture is wanted: a snapshot into *FD; where that is NULL the TALLY is filled. */
struct wanted
{
  bool at_exit;
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
  gcg__collector_invite (&guest);
  gcg__tls_note ();
  gcg__thread_hook ();
  __atomic_store_n (&request.wanted, true, __ATOMIC_RELEASE);
  status = capture_collect (wanted->at_exit, error);
  __atomic_store_n (&request.wanted, false, __ATOMIC_RELEASE);
  if (status == GCG_OK)
    status = gcg__clone_wait (&request.clone, error);
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
  const struct wanted wanted = { .at_exit = at_exit, .fd = fd };
  return capture_locked (description, &wanted, error);
}

enum gcg_status
gcg__capture_leaks (uint64_t *objects, uint64_t *bytes, struct gcg_error *error)
{
  struct gcg__tally *tally = raw_map_shared (sizeof *tally);
  const struct wanted wanted = { .tally = tally };
  enum gcg_status status;

  if (tally == MAP_FAILED)
    return gcg__fail (error, GCG_NO_MEMORY, "no memory to count leaks");
  status = capture_locked (NULL, &wanted, error);
  *objects = tally->leaked.count;
  *bytes = tally->leaked.bytes;
  raw_unmap (tally, sizeof *tally);
  return status;
}
