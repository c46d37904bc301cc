/* leak_count.c -- gcg_check_leaks, gcg_ignore, gcg_disable: what they count.
 *
 *   leak_count              tests, as TAP
 *   leak_count SEED FILE    a random heap: prints what gcg_check_leaks says of it, from outside and
 *                           from inside, and saves it
 *
 * Compiled for the collector, and with MALLOC for malloc, whose part of the tests is
 * tests/malloc/source.c.
 */
#ifdef MALLOC
#include <gcglass/malloc.h>
#define NEW(T) ((T *)malloc (sizeof (T)))
#else
#define GC_THREADS             1
#define GC_NO_THREAD_REDIRECTS 1
#include <gcglass/gc.h>
#define NEW(T) GC_NEW (T)
#endif

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define APART __attribute__ ((noinline, noclone))

struct node
{
  struct node *next, *other;
  long number;
};

static struct node *volatile kept;
static struct gcg_error error;

static void APART
wipe (void)
{
  char bytes[16384];
  memset (bytes, 0, sizeof bytes);
  __asm__ volatile("" : : "r"(bytes) : "memory");
}

static size_t APART
leaks (size_t *bytes)
{
  size_t objects = SIZE_MAX;
  wipe ();
  if (gcg_check_leaks (&objects, bytes, &error) != GCG_OK)
    printf ("# %s\n", error.text);
  return objects;
}

/* --- A random heap. */

#define MOST 400

static uint64_t state;

static unsigned
below (unsigned n)
{
  state = state * UINT64_C (6364136223846793005) + 1442695040888963407;
  return (unsigned)((state >> 33) % n);
}

#ifndef MALLOC
static void
on_final (void *object, void *data)
{
  (void)object;
  (void)data;
}
#endif

/* One of a random kind, with whatever makes it a leak or none. */
static struct node *
random_node (void)
{
  struct node *node = NULL;
#ifdef MALLOC
  node = NEW (struct node);
#else
  node = below (10) ? GC_NEW (struct node) : GC_MALLOC_UNCOLLECTABLE (sizeof (struct node));
  switch (below (12))
    {
    case 0:
      GC_REGISTER_FINALIZER (node, on_final, 0, 0, 0);
      break;
    case 1:
      GC_REGISTER_FINALIZER_IGNORE_SELF (node, on_final, 0, 0, 0);
      break;
    case 2:
      GC_REGISTER_FINALIZER_NO_ORDER (node, on_final, 0, 0, 0);
      break;
    case 3:
      GC_REGISTER_FINALIZER_UNREACHABLE (node, on_final, 0, 0, 0);
      break;
    default:
      break;
    }
#endif
  if (below (40) == 0)
    gcg_ignore (node, NULL);
  return node;
}

static void APART
make_heap (uint64_t seed)
{
  struct node *nodes[MOST];
  unsigned n, edges;

  state = seed;
  n = 20 + below (MOST - 20);
  edges = n / 2 + below (n);
  for (unsigned i = 0; i < n; i++)
    {
      if (below (50) == 0)
        gcg_disable ();
      nodes[i] = random_node ();
      if (below (10) == 0)
        gcg_enable ();
      nodes[i]->next = nodes[i]->other = NULL;
    }
  for (unsigned i = 0; i < edges; i++)
    {
      struct node *from = nodes[below (n)], *to = nodes[below (n)];
      *(below (2) ? &from->next : &from->other) = to;
    }
  kept = below (2) ? nodes[below (n)] : NULL;
  memset (nodes, 0, sizeof nodes);
  __asm__ volatile("" : : "r"(nodes) : "memory");
}

static int
random_heap (const char *seed, const char *path)
{
  size_t bytes = 0, objects;

  make_heap (strtoull (seed, NULL, 10));
  for (int inside = 0; inside < 2; inside++)
    {
      if (inside)
        setenv ("GCGLASS_STOP", "signals", 1);
      objects = leaks (&bytes);
      printf ("%zu %zu\n", objects, bytes);
    }
  wipe ();
  return gcg_save (path, &error) != GCG_OK;
}

#ifndef MALLOC

/* A dropped ring of N, one with a finalizer of MODE (0: none), and a tail that it leads to. */
static void APART
drop_ring (int n, int mode, bool ignored)
{
  struct node *first = GC_NEW (struct node), *last = first;
  for (int i = 1; i < n; i++)
    last = last->next = GC_NEW (struct node);
  last->next = first;
  last->other = GC_NEW (struct node);
  if (mode == 1)
    GC_REGISTER_FINALIZER (first, on_final, 0, 0, 0);
  else if (mode == 2)
    GC_REGISTER_FINALIZER_IGNORE_SELF (first, on_final, 0, 0, 0);
  else if (mode == 3)
    GC_REGISTER_FINALIZER_NO_ORDER (first, on_final, 0, 0, 0);
  if (ignored)
    gcg_ignore (first, NULL);
}

static volatile uintptr_t hidden;

static void APART
lose_uncollectable (void)
{
  hidden = ~(uintptr_t)GC_MALLOC_UNCOLLECTABLE (100);
}

static void APART
free_uncollectable (void)
{
  GC_FREE ((void *)~hidden);
}

static void *volatile *volatile block;

static void APART
hold_uncollectable (void)
{
  block = malloc (sizeof *block);
  if (block)
    *block = GC_MALLOC_UNCOLLECTABLE (100);
}

static void
test_cycles (void)
{
  size_t bytes = 1;
  tap_ok (leaks (&bytes) == 0 && bytes == 0, "before anything is allocated there is no leak");
  drop_ring (10, 0, false);
  drop_ring (5, 3, false);
  drop_ring (1, 2, false);
  tap_ok (leaks (NULL) == 0, "what the collector reclaims is no leak");
  drop_ring (3, 1, false);
  tap_ok (leaks (&bytes) == 4 && bytes == 4 * sizeof (struct node),
          "a cycle through an ordered finalizer is, with what it leads to");
  drop_ring (2, 2, false);
  tap_ok (leaks (NULL) == 7, "so is one that ignores pointers to itself alone");
  drop_ring (2, 1, true);
  tap_ok (leaks (NULL) == 7, "an ignored one is not");
  gcg_disable ();
  drop_ring (2, 1, false);
  gcg_enable ();
  tap_ok (leaks (NULL) == 7, "nor one of objects allocated while disabled");
}

static void
test_uncollectable (void)
{
  size_t before = leaks (NULL);
  kept = GC_MALLOC_UNCOLLECTABLE (sizeof (struct node));
  tap_ok (leaks (NULL) == before, "an uncollectable object that something points to is no leak");
  lose_uncollectable ();
  tap_ok (leaks (NULL) == before + 1, "one that nothing points to is");
  free_uncollectable ();
  tap_ok (leaks (NULL) == before, "until it is freed");
  lose_uncollectable ();
  gcg_ignore ((void *)~hidden, NULL);
  tap_ok (leaks (NULL) == before, "or ignored");
  hold_uncollectable ();
  tap_ok (leaks (NULL) == before, "or held by a block of malloc's");
  *block = NULL;
  tap_ok (leaks (NULL) == before + 1, "for as long as it holds it");
}

static void
test_errors (void)
{
  size_t objects = 77, bytes = 78;
  GC_disable ();
  tap_ok (gcg_check_leaks (NULL, NULL, &error) == GCG_OK, "with GC_disable from outside: %s",
          error.text);
  setenv ("GCGLASS_STOP", "signals", 1);
  tap_ok (gcg_check_leaks (&objects, &bytes, &error) == GCG_DISABLED && objects == 77
              && bytes == 78,
          "with GC_disable from inside: %s", error.text);
  GC_enable ();
  tap_ok (gcg_check_leaks (NULL, NULL, NULL) == GCG_OK, "afterwards it counts again");
  tap_ok (gcg_ignore (&objects, &error) == GCG_NOT_FOUND, "no object: %s", error.text);
}

#endif

int
main (int argc, char **argv)
{
  if (argc == 3)
    return random_heap (argv[1], argv[2]);
#ifndef MALLOC
  test_cycles ();
  test_uncollectable ();
  test_errors ();
#endif
  return tap_done ();
}
