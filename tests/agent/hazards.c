/* hazards.c -- objects that are pointed to from all sorts of places, some of which the collector
 * does not scan.
 *
 * Compiled twice, as semantics.c; run linked or preloaded, with the path of hazard_module.so and
 * that of the snapshot to save.  Each object has a size of its own, by which hazards.test knows it.
 * Nowhere does a plain pointer stay that is not meant to: addresses are handed around complemented.
 */
#define GC_THREADS             1
#define GC_NO_THREAD_REDIRECTS 1
#ifdef TRACKED
#include <gcglass/gc.h>
#else
#include <gc.h>
#include <gcglass/gcglass.h>
#endif

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MANY 70000

/* There when linked with gcglass, or preloaded by it. */
extern __typeof__ (gcg_save) gcg_save __attribute__ ((weak));

enum size
{
  MAIN_LOCAL = 2001,
  MAIN_KEY,
  MAIN_HIGH_KEY,
  MAIN_MODULE,
  COLLECTED_LOCAL = 2011,
  COLLECTED_KEY,
  COLLECTED_HIGH_KEY,
  COLLECTED_MODULE,
  RAW_LOCAL = 2021,
  RAW_KEY,
  RAW_STACK,
  SMALL_BLOCK = 2031,
  LARGE_BLOCK,
  ALIGNED_BLOCK,
  THREAD_BLOCK,
  /* None of these is lost. */
  KEPT_BSS = 2041,
  KEPT_DATA,
  KEPT_MODULE,
  KEPT_COLLECTED_STACK,
  KEPT_REGISTERED_STACK,
  KEPT_REGISTERED_LOCAL,
  KEPT_REGISTERED_KEY,
  /* These are, and nothing points to them. */
  LOST = 2061,
  FREED_SMALL,
  FREED_LARGE,
  CHAINED, /* RAW_STACK's object points to it, that is no hazard of its own */
  /* Garbage with a body in malloc'd memory, which only it points to. */
  BODY_OWNER,
  BODY,
  BODY_CHAINED,       /* a block that the body points to points to it */
  SHARED_BODY = 2071, /* the body is in use elsewhere */
  SHARED_CHAINED,     /* as is what it points to */
  /* Uncollectable. */
  HELD_SMALL = 2081,
  HELD_LARGE,
  HELD_LOCAL,
  HELD_KEY,
  HELD_RAW_LOCAL,
  HELD_RAW_STACK,
  HELD_BY_NONE,
};

struct thread
{
  pthread_t thread;
  const char *name;
  uintptr_t stack, local, key, high_key, module, block, held_stack, held_local, held_key;
};

static __thread void *volatile local, *volatile held_local;
static pthread_key_t key, high_key, held_key;
static void *volatile *volatile shared_body;
static void *volatile in_bss, *volatile in_data = &key;
static void *volatile *volatile small, *volatile *volatile large, *volatile *volatile aligned;
static void *volatile *volatile in_thread;
static void (*module_keep) (int is_local, uintptr_t hidden);
static pthread_barrier_t ready, over;

/* What may lie around of a pointer goes. */
static void __attribute__ ((noinline)) scrub (void)
{
  volatile char stack[65536];
  for (size_t i = 0; i < sizeof stack; i++)
    stack[i] = 0;
}

static uintptr_t __attribute__ ((noinline)) make (enum size size)
{
  return ~(uintptr_t)GC_MALLOC (size);
}

static uintptr_t
uncollectable (enum size size)
{
  uintptr_t result = ~(uintptr_t)GC_MALLOC_UNCOLLECTABLE (size);
  scrub ();
  return result;
}

static uintptr_t
hidden (enum size size)
{
  uintptr_t result = make (size);
  scrub ();
  return result;
}

static void __attribute__ ((noinline)) link_to (uintptr_t from, uintptr_t to)
{
  *(void **)~from = (void *)~to;
}

static void __attribute__ ((noinline)) keep_in_thread (const struct thread *thread)
{
  if (thread->local)
    local = (void *)~thread->local;
  if (thread->key)
    pthread_setspecific (key, (void *)~thread->key);
  if (thread->high_key)
    pthread_setspecific (high_key, (void *)~thread->high_key);
  if (thread->held_local)
    held_local = (void *)~thread->held_local;
  if (thread->held_key)
    pthread_setspecific (held_key, (void *)~thread->held_key);
  if (thread->module)
    module_keep (1, thread->module);
  if (thread->block)
    {
      in_thread = calloc (100, sizeof *in_thread);
      in_thread[50] = (void *)~thread->block;
    }
}

static void *
thread_main (void *data)
{
  const struct thread *thread = data;
  void *volatile on_stack[64] = { NULL };

  pthread_setname_np (pthread_self (), thread->name);
  if (thread->stack)
    on_stack[32] = (void *)~thread->stack;
  if (thread->held_stack)
    on_stack[33] = (void *)~thread->held_stack;
  keep_in_thread (thread);
  scrub ();
  pthread_barrier_wait (&ready);
  pthread_barrier_wait (&over);
  return on_stack[0];
}

static void *
registered_main (void *data)
{
  struct GC_stack_base base;
  GC_get_stack_base (&base);
  GC_register_my_thread (&base);
  thread_main (data);
  GC_unregister_my_thread ();
  return NULL;
}

static void
keep_in_main (void)
{
  const struct thread main_thread = { .local = hidden (MAIN_LOCAL),
                                      .key = hidden (MAIN_KEY),
                                      .high_key = hidden (MAIN_HIGH_KEY),
                                      .module = hidden (MAIN_MODULE),
                                      .held_local = uncollectable (HELD_LOCAL),
                                      .held_key = uncollectable (HELD_KEY) };
  keep_in_thread (&main_thread);
  module_keep (0, hidden (KEPT_MODULE));
  in_bss = (void *)~hidden (KEPT_BSS);
  in_data = (void *)~hidden (KEPT_DATA);
}

static void __attribute__ ((noinline)) keep_in_blocks (void)
{
  void *volatile *freed = malloc (64), *volatile *freed_large = malloc (100000);
  void *barrier = malloc (64), *memory;

  small = malloc (64);
  small[4] = (void *)~hidden (SMALL_BLOCK);
  large = malloc (5 << 20);
  large[400000] = (void *)~hidden (LARGE_BLOCK);
  small[5] = (void *)~uncollectable (HELD_SMALL);
  large[300000] = (void *)~uncollectable (HELD_LARGE);
  uncollectable (HELD_BY_NONE);
  if (posix_memalign (&memory, 1 << 16, 1 << 20) != 0)
    abort ();
  aligned = memory;
  aligned[100000] = (void *)~hidden (ALIGNED_BLOCK);
  freed[4] = (void *)~hidden (FREED_SMALL);
  freed_large[6000] = (void *)~hidden (FREED_LARGE);
  free ((void *)freed_large);
  free ((void *)freed);
  free (barrier);
  hidden (LOST);
}

/* A block, hidden, whose words point to an object of SIZE and to the block NEXT, if any. */
static uintptr_t __attribute__ ((noinline)) body (enum size size, uintptr_t next)
{
  uintptr_t object = hidden (size);
  void **block = calloc (8, sizeof *block);
  block[2] = (void *)~object;
  block[3] = next ? (void *)~next : NULL;
  return ~(uintptr_t)block;
}

/* An object that is garbage has two bodies; one of them is in use. */
static void __attribute__ ((noinline)) keep_in_bodies (void)
{
  uintptr_t owner = hidden (BODY_OWNER);
  ((void **)~owner)[10] = (void *)~body (BODY, body (BODY_CHAINED, 0));
  scrub ();
  shared_body = (void *volatile *)~body (SHARED_BODY, body (SHARED_CHAINED, 0));
  ((void **)~owner)[20] = (void *)shared_body;
  scrub ();
}

/* More words than a snapshot records. */
static void __attribute__ ((noinline)) keep_many (void)
{
  uintptr_t object = hidden (SMALL_BLOCK);
  large = malloc (MANY * sizeof *large);
  for (size_t i = 0; i < MANY; i++)
    large[i] = (void *)~object;
}

static int
save (const char *path)
{
  scrub ();
  if (!gcg_save)
    return fprintf (stderr, "gcglass is not here\n"), 1;
  return gcg_save (path, NULL) != 0;
}

int
main (int argc, char **argv)
{
  static struct thread collected = { .name = "collected" }, raw = { .name = "raw" },
                       registered = { .name = "registered" };
  void *module;
  int status;

  GC_INIT ();
  GC_allow_register_threads ();
  if (argc > 3)
    {
      keep_many ();
      return save (argv[2]);
    }
  if (argc < 3 || !(module = dlopen (argv[1], RTLD_NOW)))
    return fprintf (stderr, "usage: hazards MODULE SNAPSHOT [many]\n"), 2;
  *(void **)&module_keep = dlsym (module, "hazard_module_keep");
  pthread_barrier_init (&ready, NULL, 4);
  pthread_barrier_init (&over, NULL, 4);
  pthread_key_create (&key, NULL);
  pthread_key_create (&held_key, NULL);
  for (int i = 0; i < 40; i++)
    pthread_key_create (&high_key, NULL);
  collected.stack = hidden (KEPT_COLLECTED_STACK);
  collected.local = hidden (COLLECTED_LOCAL);
  collected.key = hidden (COLLECTED_KEY);
  collected.high_key = hidden (COLLECTED_HIGH_KEY);
  collected.module = hidden (COLLECTED_MODULE);
  raw.stack = hidden (RAW_STACK);
  link_to (raw.stack, hidden (CHAINED));
  raw.local = hidden (RAW_LOCAL);
  raw.key = hidden (RAW_KEY);
  raw.block = hidden (THREAD_BLOCK);
  raw.held_local = uncollectable (HELD_RAW_LOCAL);
  raw.held_stack = uncollectable (HELD_RAW_STACK);
  registered.stack = hidden (KEPT_REGISTERED_STACK);
  registered.local = hidden (KEPT_REGISTERED_LOCAL);
  registered.key = hidden (KEPT_REGISTERED_KEY);
  GC_pthread_create (&collected.thread, NULL, thread_main, &collected);
  pthread_create (&raw.thread, NULL, thread_main, &raw);
  pthread_create (&registered.thread, NULL, registered_main, &registered);
  keep_in_main ();
  keep_in_blocks ();
  keep_in_bodies ();
  pthread_barrier_wait (&ready);
  usleep (20000); /* until all wait for the end */
  status = save (argv[2]);
  pthread_barrier_wait (&over);
  GC_pthread_join (collected.thread, NULL);
  pthread_join (raw.thread, NULL);
  pthread_join (registered.thread, NULL);
  return status;
}
