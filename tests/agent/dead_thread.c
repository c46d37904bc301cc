/* dead_thread.c -- a thread that libgc knows and that ends without a word to it, as the argument
 * says: "first", which initialises the collector; "registered", by itself; "unmapped", and its
 * stack is unmapped then; "alive", which does not end. */
#define GC_THREADS             1
#define GC_NO_THREAD_REDIRECTS 1
#include <gc.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define LARGE (UINT64_C (256) << 20) /* no stack of this size is kept for another thread */

static sem_t registered, never;
static void *volatile kept;

static void *
initialise (void *unused)
{
  GC_INIT ();
  kept = GC_MALLOC (123);
  return unused;
}

static void *
register_itself (void *stays)
{
  struct GC_stack_base base;

  if (GC_get_stack_base (&base) != GC_SUCCESS || GC_register_my_thread (&base) != GC_SUCCESS)
    return NULL;
  kept = GC_MALLOC (123);
  sem_post (&registered);
  while (stays)
    sem_wait (&never);
  return NULL;
}

int
main (int argc, char **argv)
{
  const char *how = argc > 1 ? argv[1] : "";
  int first = strcmp (how, "first") == 0, alive = strcmp (how, "alive") == 0;
  pthread_attr_t attributes;
  pthread_t thread;

  sem_init (&registered, 0, 0);
  sem_init (&never, 0, 0);
  pthread_attr_init (&attributes);
  if (strcmp (how, "unmapped") == 0)
    pthread_attr_setstacksize (&attributes, LARGE);
  if (!first)
    {
      GC_INIT ();
      GC_allow_register_threads ();
    }
  if (pthread_create (&thread, &attributes, first ? initialise : register_itself,
                      alive ? &never : NULL)
      != 0)
    return 2;
  if (alive)
    sem_wait (&registered);
  else
    pthread_join (thread, NULL);
  puts ("done");
  return 5;
}
