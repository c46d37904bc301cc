/* ending.c -- see ending.h.
 *
 * Only the process that was connected leaves a last snapshot, or, when children are followed, each
 * forked one, which connects by itself and starts no thread for it: most run another program soon.
 * A child of vfork shares our memory and is recognised by its PID.
 *
 * _exit may be called in a signal handler, in the middle of anything.  In malloc mode no handler
 * runs while its thread is in libgc (malloc/blocks.c); else this thread may hold libgc's lock: then
 * the agent's thread takes the snapshot, and is not waited for for ever.
 */
#include "ending.h"

#include <pthread.h>
#include <stdlib.h>

#include "agent.h"
#include "capture.h"
#include "confined.h"
#include "control.h"
#include "environment.h"
#include "lookup.h"
#include "outside.h"
#include "protocol.h"
#include "raw.h"
#include "recording/format.h"
#include "rules.h"
#include "visible.h"
#ifdef GCG_MALLOC
#include "malloc/roots.h"
#endif

#define FRAME       ((uint64_t)(uintptr_t)__builtin_frame_address (0))
#define DESCRIPTION "at exit"
#define CONFINED    (-1) /* ending, where threads have no numbers */
#define OVERTAKE_MS 2000 /* the thread that ends the process may need a lock of one that waits */

/* What the caller has in registers is in this frame from here on. */
#define NOTE_CALLER() (__builtin_unwind_init (), note_frame (raw_stack_pointer ()))

static const struct gcg__environment *wishes;
static pid_t observed; /* the process; 0 = none */
static bool wrapped;   /* what glibc runs last */
static pid_t ending;   /* the thread that takes the last snapshot, 0 = none yet */
static bool ended;     /* it has been taken */
static bool leaving;   /* and that thread ends the process now */

static bool
is_observed (void)
{
  return observed && (gcg__confined || getpid () == observed);
}

/* What lies below on the stack is that of the end's own calls, and of the past. */
static void
note_frame (uint64_t frame)
{
#ifdef GCG_MALLOC
  if (is_observed ())
    gcg__exit_note (frame);
#else
  (void)frame;
#endif
}

/* Takes the last snapshot in this thread. */
static void
take_here (void)
{
  struct gcg_error error;
  int fd = -1;
  enum gcg_status status = gcg__capture (DESCRIPTION, true, &fd, &error);

  if (status != GCG_OK)
    gcg__control_publish_failure (&error, GCG__FLAG_EXIT);
  else
    {
      gcg__control_publish (fd, DESCRIPTION, GCG__FLAG_EXIT | GCG__CAPTURE_FLAGS);
      close (fd);
    }
}

/* The same where any lock may be held by this thread. */
static void
take_anywhere (void)
{
#ifdef GCG_MALLOC
  take_here ();
#else
  gcg__control_last ();
#endif
}

/* Is a client connected that wants it?  A program that has closed all descriptors has closed ours,
   too. */
static bool
is_wanted (void)
{
  return gcg__control_has_servers () || gcg__control_connect_alone (wishes->socket_name) == GCG_OK;
}

/* The sample that goes with a last snapshot from outside, where the agent takes the samples.  HOW,
   by which the snapshot would be taken here, says whether this thread may hold a lock. */
static void
sample_last (void (*how) (void))
{
  if (!GCG__OUTSIDE_ALL && how == take_here && gcg__control_is_sampled ())
    (void)gcg__control_sample (DESCRIPTION, GCG__SAMPLE_SNAPSHOT, true, NULL);
}

/* From outside, or by HOW; without HOW the process may go on when it cannot be done from outside.
 */
static bool
take_last (void (*how) (void))
{
  if (gcg__control_end ())
    {
      sample_last (how);
      return true;
    }
  if (how)
    how ();
  return how != NULL;
}

/* Without a system call, so even a child of vfork that ends is taken for the end.  Another thread
   that ends the process as well waits for the first. */
static void
take_confined (void)
{
  pid_t first = 0;

  if (!observed || wishes->no_last)
    return;
  if (__atomic_compare_exchange_n (&ending, &first, CONFINED, false, __ATOMIC_ACQ_REL,
                                   __ATOMIC_ACQUIRE))
    {
      gcg__outside_end_confined ();
      __atomic_store_n (&ended, true, __ATOMIC_RELEASE);
    }
  for (uint32_t turn = 0; turn < GCG__CONFINED_TURNS && !__atomic_load_n (&ended, __ATOMIC_ACQUIRE);
       turn++)
    raw_relax ();
}

/* Lets the thread that ends the process do so: one that a stop by signals has woken meanwhile would
   not have come here without us. */
static void
let_leave (void)
{
  const struct timespec moment = { 0, 1000000 };

  for (int i = 0; i < OVERTAKE_MS && __atomic_load_n (&leaving, __ATOMIC_ACQUIRE); i++)
    syscall (SYS_nanosleep, &moment, NULL);
}

/* LEAVES: this thread ends the process as soon as it is back. */
static void
take (void (*how) (void), bool leaves)
{
  const struct timespec moment = { 0, 1000000 };

  /* A library that is initialised before us may end the program, or a child. */
  if (!wishes)
    return;
  if (gcg__confined)
    {
      take_confined ();
      return;
    }
  pid_t self = (pid_t)syscall (SYS_gettid), first = 0;
  if (wishes->no_last || !is_observed () || !is_wanted ())
    return;
  /* Another thread may be ending the process as well. */
  while (!__atomic_compare_exchange_n (&ending, &first, self, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE))
    {
      if (first == self)
        return;
      if (__atomic_load_n (&ended, __ATOMIC_ACQUIRE))
        {
          let_leave ();
          return;
        }
      first = 0;
      syscall (SYS_nanosleep, &moment, NULL);
    }
  if (take_last (how))
    {
      __atomic_store_n (&leaving, leaves, __ATOMIC_RELEASE);
      __atomic_store_n (&ended, true, __ATOMIC_RELEASE);
    }
  else
    __atomic_store_n (&ending, 0, __ATOMIC_RELEASE);
}

static void (*program_fini) (void);

/* What glibc runs last. */
static void
run_fini (void)
{
  if (program_fini)
    program_fini ();
  take (take_here, true);
}

static void
at_quick_end (void)
{
  take (take_here, true);
}

/* Where what glibc runs last is not wrapped: a program that does not begin as others do. */
static void __attribute__ ((destructor)) end (void)
{
  if (!wrapped)
    take (take_here, false);
}

GCG__BEHIND (exit);
GCG__BEHIND (quick_exit);

API void __attribute__ ((noreturn)) exit (int status)
{
  NOTE_CALLER ();
  BEHIND (exit) (status);
  __builtin_unreachable ();
}

API void __attribute__ ((noreturn)) quick_exit (int status)
{
  NOTE_CALLER ();
  BEHIND (quick_exit) (status);
  __builtin_unreachable ();
}

API void __attribute__ ((noreturn)) _exit (int status)
{
  NOTE_CALLER ();
  take (take_anywhere, true);
  for (;;)
    syscall (SYS_exit_group, status);
}

/* Only from outside: the signal may come from the middle of anything. */
void
gcg__ending_by_signal (uint64_t frame)
{
  note_frame (frame);
  take (NULL, false);
}

API void _Exit (int status) __attribute__ ((noreturn, alias ("_exit")));

bool
gcg__ending_now (void)
{
  if (!wishes || !wishes->socket_name[0])
    return false;
  if (wishes->leaks)
    {
      NOTE_CALLER ();
      take (take_here, false);
    }
  return true;
}

static int (*program_main) (int, char **, char **);

/* main, so that its beginning and its return are seen. */
static int
run_main (int argc, char **argv, char **environment)
{
  int status;

  if (wishes && wishes->leaks)
    gcg__rules_ask ();
  status = program_main (argc, argv, environment);
  note_frame (FRAME);
  return status;
}

API int __libc_start_main (int (*main) (int, char **, char **), int argc, char **argv,
                           void (*init) (void), void (*fini) (void), void (*rtld_fini) (void),
                           void *stack_end);
GCG__BEHIND (__libc_start_main);
API int
__libc_start_main (int (*main) (int, char **, char **), int argc, char **argv, void (*init) (void),
                   void (*fini) (void), void (*rtld_fini) (void), void *stack_end)
{
  program_main = main;
  program_fini = rtld_fini;
  wrapped = true;
  return BEHIND (__libc_start_main) (run_main, argc, argv, init, fini, run_fini, stack_end);
}

/* The agent has forgotten its connections (agent.c). */
static void
on_fork_child (void)
{
  observed = 0;
  ending = 0;
  ended = leaving = false;
  if (wishes->follow && !gcg__confined
      && gcg__control_connect_alone (wishes->socket_name) == GCG_OK)
    observed = getpid ();
}

void
gcg__ending_begin (const struct gcg__environment *of)
{
  wishes = of;
  at_quick_exit (at_quick_end);
}

void
gcg__ending_observe (void)
{
  observed = getpid ();
  pthread_atfork (NULL, NULL, on_fork_child);
}
