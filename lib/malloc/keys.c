/* keys.c -- keys of thread-specific data that are the agent's and the unwinder's, kept from the
 * program's 1,024.
 *
 * Both make one only to learn of the end of each thread.  Their calls come here, and are given
 * numbers that no key has; values are kept in a variable of the thread's.  A program that makes all
 * the keys there may be gets them all.
 */
#include "keys.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>

#include "callers.h"
#include "lookup.h"
#include "regions.h"
#include "visible.h"

#define CALLER ((uintptr_t)__builtin_return_address (0))

#define FIRST ((pthread_key_t)PTHREAD_KEYS_MAX)
#define OWN   4u

static void (*at_end[OWN]) (void *);
static uint32_t n_own;
static _Thread_local void *values[OWN];

static bool
is_own (uintptr_t caller)
{
  return gcg__malloc_unwinding () || gcg__caller_is (GCG__AGENT, caller);
}

GCG__BEHIND (pthread_key_create);
GCG__BEHIND (pthread_setspecific);

API int
pthread_key_create (pthread_key_t *key, void (*destructor) (void *))
{
  if (is_own (CALLER))
    {
      uint32_t number = __atomic_fetch_add (&n_own, 1, __ATOMIC_RELAXED);
      if (number >= OWN)
        return EAGAIN;
      at_end[number] = destructor;
      *key = FIRST + number;
      return 0;
    }
  return BEHIND (pthread_key_create) (key, destructor);
}

API int
pthread_setspecific (pthread_key_t key, const void *value)
{
  if (key - FIRST < OWN && is_own (CALLER))
    {
      values[key - FIRST] = (void *)(uintptr_t)value;
      return 0;
    }
  return BEHIND (pthread_setspecific) (key, value);
}

void
gcg__keys_leave (void)
{
  for (uint32_t i = 0; i < OWN; i++)
    {
      void *old = values[i];
      values[i] = NULL;
      if (old && at_end[i])
        at_end[i](old);
    }
}
