/* copied.c -- see copied.h.
 *
 * The walk is the same as in a child that this process has cloned (freeze.h): nothing locks.  What
 * the handlers of stopped threads note there is written by gcglass here.  Only the copy runs it,
 * one thread, on a stack that gcglass has given it.  The copy shares the table of descriptors with
 * the program until its first step gives it an empty one of its own: the program never gets a
 * number that is not the one it would have got.
 *
 * CHECK looks at libgc's lock: a collection holds it from its beginning to its
 * end, and so does a thread that takes a block or makes one, so a copy in which it is free is
 * whole.  What is alive is found by our own trace (freeze/trace.h); where the program has given
 * libgc procedures that mark, or one that says which modules are scanned, or the marks are not
 * those of a collection that has ended, the program has to be asked.
 */
#include "copied.h"

#include <string.h>

#include "agent.h"
#include "capture.h"
#include "collector.h"
#include "freeze/freeze.h"
#include "excluded.h"
#include "freeze/tls.h"
#include "gc_module.h"
#include "offer.h"
#include "thread.h"

#define UNSHARE 2u /* CLOSE_RANGE_UNSHARE: linux/close_range.h */

static struct gcg__settings settings;

/* The thread of the copy that ends the program or has asked for the snapshot, if one does: what
   lies below where it left for that keeps nothing. */
static void
note_calling_stopped (struct gcg__freeze *freeze, const struct gcg__walk *walk)
{
  const struct gcg__walk_thread *threads
      = (const struct gcg__walk_thread *)(uintptr_t)walk->threads;

  for (uint32_t i = 0; i < walk->n_threads && walk->calling_tid; i++)
    if (threads[i].tid == walk->calling_tid)
      {
        freeze->at_exit = !walk->goes_on;
        freeze->collecting_tid = (pid_t)walk->calling_tid;
        freeze->context = (const ucontext_t *)(uintptr_t)threads[i].context;
        freeze->collecting_pointer = threads[i].thread_pointer;
#if defined __x86_64__
        freeze->stack_low = (uint64_t)freeze->context->uc_mcontext.gregs[REG_RSP];
#else
        freeze->stack_low = freeze->context->uc_mcontext.sp;
#endif
      }
}

/* Those that were stopped: all.  Of one that could not be, as it waits for the child that it has
   made by vfork, the kernel does not say where its data is: of the first thread it is known. */
static void
note_threads_stopped (const struct gcg__walk *walk)
{
  const struct gcg__walk_thread *threads
      = (const struct gcg__walk_thread *)(uintptr_t)walk->threads;

  gcg__thread_note_from_now ();
  for (uint32_t i = 0; i < walk->n_threads; i++)
    {
      uint64_t pointer = threads[i].thread_pointer;
      if (!pointer && threads[i].tid == gcg__agent_root.pid)
        pointer = gcg__agent_thread_pointer ();
      gcg__thread_given_stopped (&(struct gcg__stopped){
          threads[i].tid, (const ucontext_t *)(uintptr_t)threads[i].context, pointer });
    }
}

/* Writes the snapshot into a sealed memory file; 0 or an errno. */
static int
write_snapshot_stopped (struct gcg__freeze *freeze, struct gcg__walk *walk)
{
  int error;

  freeze->fd = (int)syscall (SYS_memfd_create, "gcglass-snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (freeze->fd < 0)
    return errno;
  error = gcg__freeze_write_stopped (freeze, true);
  if (!error
      && syscall (SYS_fcntl, freeze->fd, F_ADD_SEALS,
                  F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)
             != 0)
    error = errno;
  walk->fd = freeze->fd;
  return error;
}

/* What WALK leads to in the root structure. */
static int
walk_copy_stopped (struct gcg__walk *walk)
{
  static struct gcg__shared shared;
  struct gcg__freeze freeze = { .fd = -1,
                                .description = (const char *)(uintptr_t)walk->description,
                                .walk = walk,
                                .pid = (pid_t)gcg__agent_root.pid,
                                .requested_ns = walk->requested_ns,
                                .monotonic_ns = walk->monotonic_ns,
                                .realtime_ns = walk->realtime_ns,
                                .shared = &shared };

  if (syscall (SYS_close_range, 0u, ~0u, UNSHARE) != 0)
    return errno;
  note_threads_stopped (walk);
  gcg__settings_note (&settings);
  gcg__capture_fill (&freeze, &settings);
  shared.pause_ns = walk->pause_ns ? walk->pause_ns : 1;
  gcg__collection_now = (struct gcg__collection){ .start_ns = walk->monotonic_ns - walk->stop_ns,
                                                  .stop_ns = walk->stop_ns };
  note_calling_stopped (&freeze, walk);
  return write_snapshot_stopped (&freeze, walk);
}

/* What CHECK leads to in the root structure: an enum gcg__copy_state. */
static uint64_t
check_copy_stopped (void)
{
  if (gcg__gc_is_locked ())
    return GCG__COPY_TORN;
  return gcg__collector_knows_dead_stopped () && gcg__gc_marks_alone_stopped ()
                 && !gcg__excluded_is_filtered ()
             ? GCG__COPY_WHOLE
             : GCG__COPY_OPAQUE;
}

void
gcg__copied_begin (void)
{
  gcg__gc_module_find ();
  if (!gcg__gc_module_is_known ())
    return;
  gcg__tls_note ();
  gcg__settings_note (&settings);
  gcg__offer_prepare ();
  gcg__agent_root.walk = (uintptr_t)walk_copy_stopped;
  gcg__agent_root.check = (uintptr_t)check_copy_stopped;
  gcg__agent_root.lock = gcg__gc_lock_place ();
  gcg__offer_make ();
}
