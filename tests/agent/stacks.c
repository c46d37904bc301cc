/* stacks.c -- call stacks are those that backtrace(3) finds, whatever frames look like. */
#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "site.h"
#include "stack/stack.h"
#include "tap.h"

enum
{
  DEPTH = 12,
  PATHS = 20000
};

#define NOINLINE __attribute__ ((noinline, noclone))

static volatile int zero;
static unsigned long wrong, looked;
static char first_wrong[200];

/* Stands for an entry point of the agent. */
static NOINLINE void
entry (void)
{
  void *caller = __builtin_return_address (0), *all[DEPTH + 8];
  void *volatile frame = __builtin_frame_address (0);
  uint32_t id = gcg__stack_site (caller), n = 0;
  const struct gcg__site_entry *site = gcg__site_entry (id);
  int found = backtrace (all, DEPTH + 8), first = 0;

  (void)frame;
  while (first < found && all[first] != caller)
    first++;
  for (int i = first; i < found && n < DEPTH; i++, n++)
    if (n < site->n_frames && site->frames[n] != (uintptr_t)all[i])
      break;
  __atomic_add_fetch (&looked, 1, __ATOMIC_RELAXED);
  if (id != 0 && first < found && n == site->n_frames)
    return;
  if (__atomic_add_fetch (&wrong, 1, __ATOMIC_RELAXED) == 1)
    snprintf (first_wrong, sizeof first_wrong, "site %u has %u frames, %u are right of %d", id,
              site->n_frames, n, found - first);
}

/* --- frames of several shapes, each of which calls what comes next on a way --- */

struct way
{
  unsigned char steps[DEPTH + 4];
  int n, at;
};

static void go (struct way *way);

#define AFTER __asm__ volatile("" ::: "memory") /* no tail call */

static NOINLINE void
small (struct way *way)
{
  go (way);
  AFTER;
}

static NOINLINE void
other (struct way *way)
{
  if (zero)
    entry ();
  go (way);
  AFTER;
}

static NOINLINE void
wide (struct way *way)
{
  volatile char room[500];
  room[way->at] = 1;
  way->n += room[way->at] - 1;
  go (way);
  AFTER;
}

static NOINLINE void
of_any_size (struct way *way)
{
  volatile char *room = __builtin_alloca ((size_t)(way->at % 4) * 40 + 8);
  room[0] = 1;
  go (way);
  AFTER;
}

static NOINLINE void
aligned (struct way *way)
{
  volatile char room[64] __attribute__ ((aligned (64)));
  room[0] = 1;
  way->n += room[0] - 1;
  go (way);
  AFTER;
}

static NOINLINE void
aligned_of_any_size (struct way *way)
{
  volatile char room[64] __attribute__ ((aligned (64)));
  volatile char *more = __builtin_alloca ((size_t)(way->at % 4) * 40 + 8);
  more[0] = room[0] = 1;
  go (way);
  AFTER;
}

static _Thread_local struct way *sorted;

static int
compare (const void *a, const void *b)
{
  struct way *way = sorted;
  (void)a;
  (void)b;
  sorted = NULL;
  if (way)
    go (way);
  return 0;
}

static NOINLINE void
through_the_library (struct way *way)
{
  int numbers[2] = { 1, 2 };
  sorted = way;
  qsort (numbers, 2, sizeof *numbers, compare);
  AFTER;
}

static NOINLINE void
go (struct way *way)
{
  static void (*const shapes[]) (struct way *)
      = { small, other, wide, of_any_size, aligned, aligned_of_any_size, through_the_library };
  if (way->at == way->n)
    {
      entry ();
      AFTER;
      return;
    }
  shapes[way->steps[way->at++] % 7](way);
  AFTER;
}

/* Ways that chance makes, each gone twice: unwound, then remembered. */
static void
walk (unsigned seed)
{
  for (int i = 0; i < PATHS; i++)
    {
      struct way way = { .n = (int)(rand_r (&seed) % (DEPTH + 4)) };
      for (int k = 0; k < way.n; k++)
        way.steps[k] = (unsigned char)(rand_r (&seed) % (i % 2 ? 7 : 3));
      for (int twice = 0; twice < 2; twice++)
        {
          way.at = 0;
          go (&way);
        }
    }
}

static void *
walk_thread (void *data)
{
  walk ((unsigned)(uintptr_t)data);
  return NULL;
}

static void
verdict (const char *what)
{
  tap_ok (wrong == 0 && looked > 0, "%s: as backtrace says (%lu looked at, %lu wrong) %s", what,
          looked, wrong, first_wrong);
  wrong = looked = 0;
}

static void
on_signal (int signal)
{
  struct way way = { .steps = { 2, 0, 3 }, .n = 3 };
  (void)signal;
  go (&way);
}

static ucontext_t here, there;

static void
coroutine (void)
{
  walk (7);
}

/* A stack of its own, whose pages are the program's last: nothing beyond may be read. */
static void
run_coroutine (void)
{
  const size_t bytes = 256 << 10;
  char *stack = mmap (NULL, bytes + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect (stack + 4096, bytes, PROT_READ | PROT_WRITE);
  getcontext (&there);
  there.uc_stack.ss_sp = stack + 4096;
  there.uc_stack.ss_size = bytes;
  there.uc_link = &here;
  makecontext (&there, coroutine, 0);
  swapcontext (&here, &there);
  munmap (stack, bytes + 8192);
}

/* How many of N allocations have their whole stack. */
static NOINLINE int
whole (int n)
{
  void *volatile frame = __builtin_frame_address (0);
  int found = frame == NULL;
  for (int i = 0; i < n; i++)
    {
      uint32_t id = gcg__stack_site (__builtin_return_address (0));
      found += gcg__site_entry (id)->n_frames > 1;
    }
  return found;
}

int
main (void)
{
  pthread_t threads[4];

  gcg__stack_init (DEPTH);
  walk (1);
  verdict ("frames of all shapes");
  for (uintptr_t i = 0; i < 4; i++)
    pthread_create (&threads[i], NULL, walk_thread, (void *)(i + 2));
  for (int i = 0; i < 4; i++)
    pthread_join (threads[i], NULL);
  verdict ("four threads at once");
  gcg__stack_forget ();
  walk (1);
  verdict ("after forgetting");
  signal (SIGUSR1, on_signal);
  for (int i = 0; i < 100; i++)
    raise (SIGUSR1);
  verdict ("in a signal handler");
  for (int i = 0; i < 10; i++)
    run_coroutine ();
  verdict ("on stacks that come and go");
  gcg__stack_sample (10);
  tap_ok (whole (1000) == 100, "a stack for one in ten allocations");
  gcg__stack_sample (1);
  tap_ok (whole (1000) == 1000, "a stack for each");
  return tap_done ();
}
