/* thread.c -- see thread.h.
 *
 * The handler runs in every thread that is stopped; it takes a number and writes one entry, and
 * only while a capture notes.  Entries are read by the thread that stopped the others, or its
 * child.
 */
#include "thread.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>

#include "gc_calls.h"
#include "raw.h"

static struct sigaction collector_action;
static struct gcg__stopped stopped[GCG__MOST_THREADS];
static uint32_t n_stopped;
static bool noting;

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
  /* An entry that has been taken and not been written yet is nobody's. */
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
  *n = kept;
  return stopped;
}
