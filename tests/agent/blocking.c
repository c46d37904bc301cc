/* blocking.c -- threads inside GC_do_blocking, which the collector does not stop; for
 * blocking.test.
 *
 * Each holds objects of sizes of its own in its own frames: before it went in, and between two
 * calls.  One has come out again and is stopped as any other.  Ends when all are where they should
 * be.
 */
#define GC_THREADS 1
#include <gc.h>

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/agent/waiting.h"

static void *GC_CALLBACK
return_at_once (void *argument)
{
  return argument;
}

static void *GC_CALLBACK
active_inside (void *unused)
{
  void *volatile held = GC_MALLOC (3003);
  GC_do_blocking (wait_inside, unused);
  return held;
}

static void *GC_CALLBACK
nested_inside (void *unused)
{
  return GC_call_with_gc_active (active_inside, unused);
}

static void *
blocked (void *unused)
{
  void *volatile held = GC_MALLOC (3001);
  pthread_setname_np (pthread_self (), "blocked");
  GC_do_blocking (wait_inside, unused);
  return held;
}

static void *
nested (void *unused)
{
  void *volatile held = GC_MALLOC (3002);
  pthread_setname_np (pthread_self (), "nested");
  GC_do_blocking (nested_inside, unused);
  return held;
}

static void *
back (void *unused)
{
  void *volatile held = GC_MALLOC (3004);
  pthread_setname_np (pthread_self (), "back");
  if (GC_do_blocking (return_at_once, &n_ready) != &n_ready)
    abort ();
  ready_and_wait ();
  (void)unused;
  return held;
}

/* It ends inside: its place is another's afterwards. */
static void *GC_CALLBACK
end_inside (void *unused)
{
  pthread_exit (unused);
}

static void *
ending (void *unused)
{
  return GC_do_blocking (end_inside, unused);
}

int
main (void)
{
  static void *(*const threads[]) (void *) = { blocked, nested, back };
  pthread_t thread;
  GC_INIT ();
  GC_allow_register_threads ();
  if (pthread_create (&thread, NULL, ending, NULL) != 0 || pthread_join (thread, NULL) != 0)
    return 1;
  for (size_t i = 0; i < sizeof threads / sizeof *threads; i++)
    if (GC_pthread_create (&thread, NULL, threads[i], NULL) != 0)
      return 1;
  await_ready (3);
  GC_gcollect ();
  puts ("done");
  return 0;
}
