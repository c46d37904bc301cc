/* fifty.c -- see fifty.h.
 *
 * The heap is made big at once, so that two processes that are compared collect equally often.
 */
#include "bench/fifty.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define GC_THREADS 1
#include <gcglass/gc.h>

#define HEAP_BYTES ((size_t)300 << 20)

#define FIVE(XX, n) XX (n##0) XX (n##1) XX (n##2) XX (n##3) XX (n##4)
#define TEN(XX, n)  FIVE (XX, n) XX (n##5) XX (n##6) XX (n##7) XX (n##8) XX (n##9)
#define FIFTY(XX)   TEN (XX, 1) TEN (XX, 2) TEN (XX, 3) TEN (XX, 4) TEN (XX, 5)

#define TYPE(n)                                                                                    \
  struct type##n                                                                                   \
  {                                                                                                \
    void *link;                                                                                    \
    char bytes[n];                                                                                 \
  };                                                                                               \
  static void *make_##n (void) { return GC_MALLOC (sizeof (struct type##n)); }
FIFTY (TYPE)
#define ENTRY(n) make_##n,
void *(*const fifty_makers[FIFTY_TYPES]) (void) = { FIFTY (ENTRY) };

void **fifty_objects;
static volatile uint64_t *done;

uint32_t
fifty_random (uint64_t *state)
{
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(*state >> 33);
}

static void *
replace_for_ever (void *number)
{
  uint64_t thread = (uintptr_t)number, state = thread + 1;
  void **mine = fifty_objects + thread * (FIFTY_OBJECTS / FIFTY_THREADS);
  for (;; done[thread * 8]++)
    {
      uint32_t at = fifty_random (&state);
      mine[at % (FIFTY_OBJECTS / FIFTY_THREADS)] = fifty_makers[at % FIFTY_TYPES]();
    }
  return NULL;
}

void
fifty_init (void)
{
  GC_INIT ();
  GC_set_warn_proc (GC_ignore_warn_proc);
  GC_allow_register_threads ();
  GC_expand_hp (HEAP_BYTES);
  fifty_objects = GC_MALLOC (FIFTY_OBJECTS * sizeof *fifty_objects);
}

void
fifty_begin (volatile uint64_t *counts)
{
  done = counts;
  for (uint32_t i = 0; i < FIFTY_OBJECTS; i++)
    fifty_objects[i] = fifty_makers[i % FIFTY_TYPES]();
  for (uintptr_t i = 0; i < FIFTY_THREADS; i++)
    {
      pthread_t thread;
      if (GC_pthread_create (&thread, NULL, replace_for_ever, (void *)i) != 0)
        {
          fputs ("bench: no thread\n", stderr);
          _exit (1);
        }
    }
}

uint64_t
fifty_sum (const volatile uint64_t *counts)
{
  uint64_t all = 0;
  for (int i = 0; i < FIFTY_THREADS; i++)
    all += counts[i * 8];
  return all;
}
