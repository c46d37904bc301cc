/* waiting.h -- threads that say that they are where they should be, and stay there. */
#ifndef TESTS_AGENT_WAITING_H
#define TESTS_AGENT_WAITING_H

#include <unistd.h>

static unsigned n_ready;

static inline void
ready_and_wait (void)
{
  __atomic_fetch_add (&n_ready, 1, __ATOMIC_RELEASE);
  for (;;)
    pause ();
}

/* For GC_do_blocking. */
static inline void *
wait_inside (void *unused)
{
  ready_and_wait ();
  return unused;
}

/* Until there are N. */
static inline void
await_ready (unsigned n)
{
  while (__atomic_load_n (&n_ready, __ATOMIC_ACQUIRE) < n)
    usleep (1000);
}

#endif
