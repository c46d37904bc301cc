/* thread.c -- see thread.h.
 *
 * The handler runs in every thread that is stopped; it takes a number and writes one entry, and
 * only while a capture notes.  Entries are read by the thread that stopped the others, or its
 * child.
 *
 * Threads that block stand in a table of their own, where each has its place while it does: it is
 * taken and left without a lock, since a thread may be stopped anywhere in it.
 */
#include "thread.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "gc_calls.h"
#include "lookup.h"
#include "raw.h"

static struct sigaction collector_action;
static struct gcg__stopped stopped[GCG__MOST_THREADS];
static uint32_t n_stopped;
static bool noting;

/* TID is written last and taken away first: where it is set the others hold. */
static struct place
{
  bool taken;
  uint64_t tid;
  const ucontext_t *context;
  uint64_t thread_pointer;
} places[GCG__MOST_THREADS];
static _Thread_local struct place *my_place;

void
gcg__thread_note (const ucontext_t *context)
{
  int old_errno = errno;
  uint32_t i;

  if (!__atomic_load_n (&noting, __ATOMIC_ACQUIRE))
    return;
  i = __atomic_fetch_add (&n_stopped, 1, __ATOMIC_ACQ_REL);
  if (i < GCG__MOST_THREADS)
    {
      stopped[i].context = context;
      stopped[i].thread_pointer = (uintptr_t)__builtin_thread_pointer ();
      __atomic_store_n (&stopped[i].tid, (uint64_t)syscall (SYS_gettid), __ATOMIC_RELEASE);
    }
  errno = old_errno;
}

static void
on_suspend (int signal, siginfo_t *info, void *context)
{
  gcg__thread_note (context);
  if (collector_action.sa_flags & SA_SIGINFO)
    collector_action.sa_sigaction (signal, info, context);
  else
    collector_action.sa_handler (signal);
}

void
gcg__thread_hook (void)
{
  int signal = GC_get_suspend_signal ();
  struct sigaction action;

  if (signal < 0 || sigaction (signal, NULL, &action) != 0)
    return;
  if ((action.sa_flags & SA_SIGINFO) ? action.sa_sigaction == on_suspend
                                     : action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN)
    return;
  collector_action = action;
  action.sa_sigaction = on_suspend;
  action.sa_flags |= SA_SIGINFO;
  sigaction (signal, &action, NULL);
}

void
gcg__thread_note_from_now (void)
{
  /* An entry that is taken but not yet written belongs to no thread. */
  for (uint32_t i = 0; i < n_stopped && i < GCG__MOST_THREADS; i++)
    stopped[i].tid = 0;
  __atomic_store_n (&n_stopped, 0, __ATOMIC_RELAXED);
  __atomic_store_n (&noting, true, __ATOMIC_RELEASE);
}

void
gcg__thread_note_no_more (void)
{
  __atomic_store_n (&noting, false, __ATOMIC_RELEASE);
}

bool
gcg__thread_is_noted (uint64_t tid)
{
  uint32_t n = __atomic_load_n (&n_stopped, __ATOMIC_ACQUIRE);

  for (uint32_t i = 0; i < n && i < GCG__MOST_THREADS; i++)
    if (__atomic_load_n (&stopped[i].tid, __ATOMIC_ACQUIRE) == tid)
      return true;
  return false;
}

void
gcg__thread_given_stopped (const struct gcg__stopped *given)
{
  if (n_stopped < GCG__MOST_THREADS)
    stopped[n_stopped++] = *given;
}

/* THREAD is the address of what the C library keeps of it: gone with the stack of a thread that has
   ended, or kept for the next one, and then asked.  Where a filter of system calls refuses to say,
   it lives. */
bool
gcg__thread_lives (pthread_t thread)
{
  int old_errno = errno, status;
  uintptr_t page = (uintptr_t)thread & ~(uintptr_t)(getpagesize () - 1);
  unsigned char resident;
  struct timespec used;
  clockid_t clock;
  bool lives;

  if (syscall (SYS_mincore, page, 1, &resident) != 0)
    lives = errno != ENOMEM;
  else if ((status = pthread_getcpuclockid (thread, &clock)) != 0)
    lives = status != ESRCH;
  else
    lives = clock_gettime (clock, &used) == 0 || errno != EINVAL;
  errno = old_errno;
  return lives;
}

/* The C library ends the program with its last thread, and ours is not to be waited for: it is
   taken out of the library's count.  Where that has no such name, a program whose main has ended by
   pthread_exit goes on until a signal ends it. */
static unsigned *thread_count;

static void __attribute__ ((constructor)) find_count (void)
{
  thread_count = gcg__lookup_private ("__nptl_nthreads");
}

void
gcg__thread_hold_signals (sigset_t *old)
{
  const int open[] = { SIGSEGV,
                       SIGBUS,
                       SIGILL,
                       SIGFPE,
                       SIGTRAP,
/* Where libgc stops no threads these are the program's own. */
#ifndef GCG_MALLOC
                       GC_get_suspend_signal (),
                       GC_get_thr_restart_signal ()
#endif
  };
  sigset_t held;

  sigfillset (&held);
  for (size_t i = 0; i < sizeof open / sizeof *open; i++)
    sigdelset (&held, open[i]);
  pthread_sigmask (SIG_SETMASK, &held, old);
}

void
gcg__thread_uncount (void)
{
  if (thread_count)
    __atomic_fetch_sub (thread_count, 1, __ATOMIC_RELAXED);
}

static struct place *
take_place (uint64_t tid)
{
  for (uint32_t i = 0; i < GCG__MOST_THREADS; i++)
    {
      struct place *place = &places[(tid + i) % GCG__MOST_THREADS];
      if (!__atomic_exchange_n (&place->taken, true, __ATOMIC_ACQ_REL))
        return place;
    }
  return NULL;
}

void
gcg__thread_blocks (const ucontext_t *context, struct gcg__blocking *blocking)
{
  uint64_t tid = (uint64_t)syscall (SYS_gettid);

  blocking->outer = my_place ? my_place->context : NULL;
  if (!my_place)
    my_place = take_place (tid);
  if (!my_place)
    return;
  __atomic_store_n (&my_place->context, context, __ATOMIC_RELEASE);
  my_place->thread_pointer = (uintptr_t)__builtin_thread_pointer ();
  __atomic_store_n (&my_place->tid, tid, __ATOMIC_RELEASE);
}

void
gcg__thread_goes_on (struct gcg__blocking *blocking)
{
  struct place *place = my_place;

  if (!place)
    return;
  if (blocking->outer)
    {
      __atomic_store_n (&place->context, blocking->outer, __ATOMIC_RELEASE);
      return;
    }
  my_place = NULL;
  __atomic_store_n (&place->tid, 0, __ATOMIC_RELEASE);
  __atomic_store_n (&place->taken, false, __ATOMIC_RELEASE);
}

static bool
is_among (uint64_t tid, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++)
    if (stopped[i].tid == tid)
      return true;
  return false;
}

/* A lost signal is sent again, and may arrive twice: the last note of a thread counts, because the
   first handler has then returned. */
const struct gcg__stopped *
gcg__thread_stopped (uint32_t *n)
{
  uint32_t noted = n_stopped < GCG__MOST_THREADS ? n_stopped : GCG__MOST_THREADS, kept = 0;

  for (uint32_t i = 0; i < noted; i++)
    {
      uint32_t j = 0;
      while (j < kept && stopped[j].tid != stopped[i].tid)
        j++;
      stopped[j] = stopped[i];
      kept += j == kept;
    }
  for (uint32_t i = 0; i < GCG__MOST_THREADS && kept < GCG__MOST_THREADS; i++)
    {
      uint64_t tid = __atomic_load_n (&places[i].tid, __ATOMIC_ACQUIRE);
      if (tid && !is_among (tid, kept))
        stopped[kept++] = (struct gcg__stopped){ tid, places[i].context, places[i].thread_pointer };
    }
  *n = kept;
  return stopped;
}
