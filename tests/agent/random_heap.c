/* random_heap.c -- a heap of the collector's, made by a seed, with all that keeps objects alive and
 * all that hides them; for both_ways.test.
 *
 *   random_heap SEED [incremental]
 *
 * Says "ready" and its number, and waits for a line, or for the end of its input.  Until then it
 * does nothing: looked at twice it is the same.
 */
#define GC_THREADS             1
#define GC_NO_THREAD_REDIRECTS 1
#include <gc.h>
#include <gc/gc_mark.h>
#include <gc/gc_typed.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/agent/waiting.h"

#define MANY    3000u
#define HELD    40u
#define N_LINKS 60u

static uint64_t state;
static void *held[HELD];     /* static data */
static void *links[N_LINKS]; /* hidden: disappearing links */
static void **made[MANY];    /* hidden */
static size_t words[MANY];   /* of each that may hold pointers */
static __thread void *volatile of_thread;
static pthread_key_t key;

static uint32_t
draw (uint32_t n)
{
  state = state * UINT64_C (6364136223846793005) + UINT64_C (1442695040888963407);
  return (uint32_t)(state >> 33) % n;
}

static void
on_final (void *object, void *data)
{
  (void)object, (void)data;
}

/* After a collection nothing is known of what was not held. */
static void
forget_dead (void)
{
  static GC_word last;
  GC_word now = GC_get_gc_no ();
  if (now != last)
    memset (made, 0, sizeof made);
  last = now;
}

/* What has not been freed, to point to. */
static void **
any (uint32_t n)
{
  uint32_t i = n ? draw (n) : 0;
  forget_dead ();
  return n && made[i] ? GC_REVEAL_POINTER (made[i]) : NULL;
}

static size_t
draw_bytes (void)
{
  switch (draw (40))
    {
    case 0:
      return 5000 + draw (3000);
    case 1:
      return 50000 + draw (100000);
    case 2:
      return 512 + draw (2000);
    default:
      return 8 + draw (200);
    }
}

static void **
allocate (size_t bytes, bool *has_words)
{
  static const GC_word bitmap[1] = { 0x5 };
  *has_words = true;
  switch (draw (12))
    {
    case 0:
      *has_words = false;
      return GC_MALLOC_ATOMIC (bytes);
    case 1:
      return draw (4) ? GC_MALLOC (bytes) : GC_MALLOC_UNCOLLECTABLE (bytes);
    case 2:
      bytes = bytes < 64 ? 64 : bytes;
      return GC_MALLOC_EXPLICITLY_TYPED (bytes, GC_make_descriptor (bitmap, 3));
    case 3:
      /* Of a large one only pointers into the first page would count. */
      return bytes < 4000 ? GC_MALLOC_IGNORE_OFF_PAGE (bytes) : GC_MALLOC (bytes);
    default:
      return GC_MALLOC (bytes);
    }
}

static void
attach (uint32_t i, void **object)
{
  uint32_t link = draw (N_LINKS);
  if (draw (8) == 0)
    GC_register_finalizer_no_order (object, on_final, any (i), NULL, NULL);
  else if (draw (8) == 0)
    GC_register_finalizer (object, on_final, any (i), NULL, NULL);
  if (draw (8) == 0 && !links[link])
    {
      links[link] = (void *)GC_HIDE_POINTER (object);
      if (draw (2))
        GC_general_register_disappearing_link (&links[link], object);
      else
        GC_register_long_link (&links[link], object);
    }
  if (draw (30) == 0)
    held[1 + draw (HELD - 1)] = object;
}

static void __attribute__ ((noinline)) make (uint32_t i)
{
  size_t bytes = draw_bytes ();
  bool has_words;
  void **object = allocate (bytes, &has_words);
  words[i] = has_words ? bytes / 8 : 0;
  for (uint32_t k = draw (4); k > 0 && words[i] > 0; k--)
    object[draw ((uint32_t)words[i])] = any (i);
  attach (i, object);
  forget_dead ();
  made[i] = (void **)GC_HIDE_POINTER (object);
}

/* Objects that may be gone must not be looked at: only those are changed that are held. */
static void __attribute__ ((noinline)) change (void)
{
  void **object = held[draw (HELD)];
  if (object && draw (3) == 0)
    held[1 + draw (HELD - 1)] = NULL;
  else if (object && draw (3) == 0 && GC_base (object) == object)
    object[0] = held[draw (HELD)];
}

static void *
blocked (void *unused)
{
  void *volatile own = GC_MALLOC (3001);
  GC_do_blocking (wait_inside, unused);
  return own;
}

static void *
with_stack (void *unused)
{
  void *volatile own = GC_MALLOC (3002);
  (void)unused;
  of_thread = GC_MALLOC (2903);
  pthread_setspecific (key, GC_MALLOC (2904));
  ready_and_wait ();
  return own;
}

static void *
with_result (void *unused)
{
  void *result = GC_MALLOC (3005);
  (void)unused;
  __atomic_fetch_add (&n_ready, 1, __ATOMIC_RELEASE);
  return result;
}

/* libgc does not know it. */
static void *
stranger (void *own)
{
  void *volatile object = own;
  ready_and_wait ();
  return object;
}

static void __attribute__ ((noinline)) start_threads (void)
{
  static void *(*const known[]) (void *) = { blocked, with_stack, with_result };
  pthread_t thread;
  void ***outside = malloc (sizeof *outside);
  pthread_key_create (&key, NULL);
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (GC_pthread_create (&thread, NULL, known[i], NULL) != 0)
      abort ();
  *outside = GC_MALLOC (2906);
  if (pthread_create (&thread, NULL, stranger, GC_MALLOC (2907)) != 0)
    abort ();
  await_ready (4);
}

/* What finalizers' data hold, those whose time has come among them. */
static void __attribute__ ((noinline)) hold_by_tables (void)
{
  held[0] = GC_MALLOC (3006);
  GC_register_finalizer_no_order (held[0], on_final, GC_MALLOC (3007), NULL, NULL);
  GC_register_finalizer_no_order (GC_MALLOC (3008), on_final, GC_MALLOC (3009), NULL, NULL);
}

/* Overwrites what calls have left on the stack. */
static void __attribute__ ((noinline)) clear_stack (void)
{
  char volatile room[16384];
  memset ((char *)room, 0, sizeof room);
}

static void
build (void)
{
  uint32_t n = 500 + draw (MANY - 500);
  for (uint32_t i = 0; i < n; i++)
    {
      make (i);
      if (draw (4) == 0)
        change ();
      if (draw (700) == 0)
        GC_gcollect ();
    }
  if (draw (2))
    GC_gcollect ();
}

int
main (int argc, char **argv)
{
  char line[80];
  state = argc > 1 ? strtoull (argv[1], NULL, 10) : 1;
  if (argc > 2)
    GC_enable_incremental ();
  GC_INIT ();
  GC_allow_register_threads ();
  /* What is ready to be finalized stays so. */
  GC_set_finalize_on_demand (1);
  draw (2);
  hold_by_tables ();
  clear_stack ();
  GC_gcollect ();
  build ();
  start_threads ();
  printf ("ready %d\n", (int)getpid ());
  fflush (stdout);
  return fgets (line, sizeof line, stdin) == NULL && ferror (stdin);
}
