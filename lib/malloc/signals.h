/* signals.h -- no handler of the program's may run in a thread that holds a lock which the handler
 * would wait for, because it allocates or maps.  The signal that stops threads comes through.
 */
#ifndef GCG_MALLOC_SIGNALS_H
#define GCG_MALLOC_SIGNALS_H

#include <signal.h>

#include "confined.h"
#include "raw.h"
#include "root.h"
#include "stopworld.h"

/* No mask: SIGKILL cannot be blocked. */
#define GCG__SIGNALS_COME UINT64_MAX

/* The program's signals wait from here to the latter, which is given what this returned; but not
   those of a program that restricts its own system calls. */
static inline uint64_t
gcg__signals_wait (void)
{
  uint64_t all = ~(UINT64_C (1) << (GCG__STOP_SIGNAL - 1)), old = 0;
  if (gcg__confined)
    return GCG__SIGNALS_COME;
  syscall (SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, sizeof old);
  return old;
}

static inline void
gcg__signals_go_on (uint64_t old)
{
  if (old != GCG__SIGNALS_COME)
    syscall (SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, sizeof old);
}

/* The same around calls that change libgc's heap: a copy of the program that is made meanwhile is
   not whole (agent_root.h). */
static inline uint64_t
gcg__libgc_enter (void)
{
  uint64_t old = gcg__signals_wait ();
  __atomic_fetch_add (&gcg__agent_root.in_libgc, 1, __ATOMIC_SEQ_CST);
  return old;
}

static inline void
gcg__libgc_leave (uint64_t old)
{
  gcg__root_note_heap ();
  __atomic_fetch_sub (&gcg__agent_root.in_libgc, 1, __ATOMIC_SEQ_CST);
  gcg__signals_go_on (old);
}

#endif
