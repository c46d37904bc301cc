/* agent.c -- see agent.h.
 *
 * Made ready under a mutex, once for a process; a forked child stays ready but is alone.  What is
 * done here is done in a thread of the program's, outside the collector: libgc is told of threads,
 * our writable data is taken out of its roots, the events are hooked.
 */
#include "agent.h"

#include <link.h>
#include <pthread.h>
#include <sys/single_threaded.h>

#include "agent_root.h"
#include "arena.h"
#include "attendant.h"
#include "capture.h"
#include "contents.h"
#include "collector.h"
#include "control.h"
#ifndef GCG_MALLOC
#include "copied.h"
#endif
#include "offer.h"
#include "sample/count.h"
#include "gc_calls.h"
#ifdef GCG_MALLOC
#include "malloc/allocate.h"
#include "malloc/foreign.h"
#endif
#include "raw.h"
#include "sample/sample.h"

bool gcg__agent_is_ready;

static pthread_mutex_t ready_mutex = PTHREAD_MUTEX_INITIALIZER;
static pid_t agent_tid;
static uint64_t start_ns, thread_pointer;

pid_t
gcg__agent_tid (void)
{
  return __atomic_load_n (&agent_tid, __ATOMIC_RELAXED);
}

void
gcg__agent_set_tid (pid_t tid)
{
  __atomic_store_n (&agent_tid, tid, __ATOMIC_RELAXED);
}

uint64_t
gcg__agent_start_ns (void)
{
  return start_ns;
}

uint64_t
gcg__agent_thread_pointer (void)
{
  return thread_pointer;
}

void
gcg__agent_show (struct gcg__root_areas *areas)
{
  areas->agent_thread = (uintptr_t)&agent_tid;
  areas->first_pointer = (uintptr_t)&thread_pointer;
}

/* Excludes the writable data of the module if it holds this code. */
static int
exclude_own_data (struct dl_phdr_info *info, size_t size, void *data)
{
  uintptr_t own = (uintptr_t)&gcg__agent_is_ready;
  (void)size;
  (void)data;

  for (int i = 0; i < info->dlpi_phnum; i++)
    {
      const ElfW (Phdr) *phdr = &info->dlpi_phdr[i];
      uintptr_t low = info->dlpi_addr + phdr->p_vaddr;
      if (phdr->p_type == PT_LOAD && (phdr->p_flags & PF_W) && own >= low
          && own < low + phdr->p_memsz)
        {
          GCG__GC (exclude_static_roots)
          ((void *)((low + 15) & ~(uintptr_t)15), (void *)((low + phdr->p_memsz) & ~(uintptr_t)15));
          return 1;
        }
    }
  return 0;
}

void
gcg__agent_exclude_own (void)
{
  dl_iterate_phdr (exclude_own_data, NULL);
}

/* From here on libgc locks; a program of one thread had none to lock against.  It must be the
   program's own thread that says so: ours might while the program is in the middle of an unlocked
   allocation.  libgc would also start its marker threads, which a program of one thread does not
   have and which slow its many small collections down threefold; setting GC_parallel, which no
   other thread can be reading yet, makes it believe that they run. */
static void
allow_threads (void)
{
  int parallel = GC_parallel;

  if (__libc_single_threaded)
    GC_parallel = 1;
  GC_allow_register_threads ();
  GC_parallel = parallel;
}

/* A forked child is not served: the thread is gone, the connections are the parent's. */
static void
on_fork_child (void)
{
  agent_tid = 0;
  thread_pointer = (uintptr_t)__builtin_thread_pointer ();
  gcg__lock_forget ();
  gcg__count_forget ();
  gcg__capture_forget ();
  gcg__sample_forget ();
  gcg__control_forget ();
  gcg__attendant_forget ();
#ifndef GCG_MALLOC
  gcg__offer_forget ();
#endif
}

void
gcg__agent_make_ready (void)
{
#ifdef GCG_MALLOC
  /* Which comes back here, when it has not been done.  Aside (foreign.h) libgc is left alone. */
  gcg__malloc_begin ();
  if (gcg__foreign_reason ())
    return;
#endif
  pthread_mutex_lock (&ready_mutex);
  if (!gcg__agent_is_ready)
    {
      start_ns = raw_now (CLOCK_MONOTONIC);
      thread_pointer = (uintptr_t)__builtin_thread_pointer ();
      gcg__contents_want_if_asked ();
      GCG__GC (init) ();
      allow_threads ();
      gcg__agent_exclude_own ();
      gcg__collector_hook ();
#ifndef GCG_MALLOC
      gcg__copied_begin ();
#endif
      pthread_atfork (NULL, NULL, on_fork_child);
      __atomic_store_n (&gcg__agent_is_ready, true, __ATOMIC_RELEASE);
    }
  pthread_mutex_unlock (&ready_mutex);
}
