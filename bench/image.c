/* image.c -- ten million objects and twenty million edges of another process: reading its memory,
 * finding the edges.
 *
 *   image [--objects N] [--runs N]
 *
 * A child maps objects of 32 bytes, each with a pointer to the next one and one to any (--near 1:
 * to one of the next hundred), and waits.  Measured are, by number of threads: load     all of its
 * heap into memory of ours; beside it, copying as much within our own memory index    what resolves
 * words, from the columns that describe the heap edges    of the memory that is loaded, and
 * straight from the child
 */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/parallel.h"
#include "bench/stats.h"
#include "image/edges.h"

enum
{
  SLOT = 32,
  PAGE = 4096
};

struct heap
{
  uint64_t *memory; /* shared with the child, which has it at the same place */
  uint64_t n, bytes;
  struct gcg__heap_columns columns;
  pid_t child;
};

static void __attribute__ ((noreturn)) fail (const char *what, const char *why)
{
  fprintf (stderr, "image: %s: %s\n", what, why);
  exit (1);
}

static uint64_t
next_random (void)
{
  static uint64_t state = 88172645463325252u;
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

static void *
take (uint64_t n, size_t bytes)
{
  void *memory = calloc (n + 1, bytes);
  if (!memory)
    fail ("memory", strerror (errno));
  return memory;
}

/* The child's heap, and the columns that describe it. */
static void
make_heap (struct heap *heap, uint64_t n, bool near)
{
  uint64_t slots = PAGE / SLOT, n_blocks = (n + slots - 1) / slots;
  struct gcg__block *blocks = take (n_blocks, sizeof *blocks);
  uint8_t *slot = take (n, 1);
  uint64_t *words = take (n, sizeof *words);

  heap->n = n;
  heap->bytes = n_blocks * PAGE;
  heap->memory
      = mmap (NULL, heap->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (heap->memory == MAP_FAILED)
    fail ("memory", strerror (errno));
  for (uint64_t i = 0; i < n; i++)
    {
      uint64_t *object = heap->memory + i * (SLOT / 8);
      uint64_t other = near ? (i + next_random () % 100) % n : next_random () % n;
      object[0] = (uintptr_t)(heap->memory + (i + 1) % n * (SLOT / 8));
      object[2] = (uintptr_t)(heap->memory + other * (SLOT / 8));
      slot[i] = (uint8_t)(i % slots);
      words[i] = (uint64_t)GCG__OBJECT_TAGGED << GCG__WORD_FLAG_SHIFT;
    }
  for (uint64_t b = 0; b < n_blocks; b++)
    blocks[b] = (struct gcg__block){ (uintptr_t)heap->memory + b * PAGE, SLOT, 0,
                                     (uint32_t)(b * slots), GCG__KIND_NORMAL };
  heap->columns = (struct gcg__heap_columns){
    .blocks = blocks, .n_blocks = n_blocks, .slots = slot, .words = words, .n_objects = n
  };
  heap->child = fork ();
  if (heap->child == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      for (;;)
        pause ();
    }
}

static void
check (enum gcg_status status, const struct gcg_error *error)
{
  if (status != GCG_OK)
    fail ("image", error->text);
}

/* One run with N_THREADS: seconds into LOAD, INDEX, LOADED and STRAIGHT. */
static void
run (const struct heap *heap, unsigned n_threads, struct stats *load, struct stats *index,
     struct stats *loaded, struct stats *straight)
{
  struct gcg__heap_rules rules = { .interior = true };
  struct gcg__memory_range range
      = { (uintptr_t)heap->memory, (uintptr_t)heap->memory + heap->bytes, NULL };
  struct gcg__memory_image *image;
  struct gcg__heap_index *made;
  struct gcg__edges edges;
  struct gcg_error error;

  check (gcg__image_open (heap->child, -1, &image, &error), &error);
  double start = stats_now ();
  check (gcg__heap_index_new (&heap->columns, &rules, n_threads, &made, &error), &error);
  double end = stats_now ();
  stats_add (index, end - start);
  start = end;
  check (gcg__edges_find (image, made, n_threads, &edges, &error), &error);
  end = stats_now ();
  stats_add (straight, end - start);
  if (edges.n != 2 * heap->n)
    fail ("edges", "not all are found");
  gcg__edges_fini (&edges);
  start = stats_now ();
  check (gcg__image_load (image, &range, 1, n_threads, &error), &error);
  end = stats_now ();
  stats_add (load, end - start);
  start = end;
  check (gcg__edges_find (image, made, n_threads, &edges, &error), &error);
  stats_add (loaded, stats_now () - start);
  gcg__edges_fini (&edges);
  gcg__heap_index_free (made);
  gcg__image_free (image);
}

static void
compare (const struct heap *heap, unsigned runs)
{
  struct stats copy = { 0 };

  for (unsigned i = 0; i < runs; i++)
    {
      void *to
          = mmap (NULL, heap->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (to == MAP_FAILED)
        fail ("memory", strerror (errno));
      double start = stats_now ();
      memcpy (to, heap->memory, heap->bytes);
      stats_add (&copy, stats_now () - start);
      munmap (to, heap->bytes);
    }
  stats_print ("copied within our memory, 1 thread", "s", &copy);
  stats_free (&copy);
  for (unsigned threads = 1; threads <= gcg__parallel_processors (); threads *= 2)
    {
      struct stats load = { 0 }, index = { 0 }, loaded = { 0 }, straight = { 0 };
      for (unsigned i = 0; i < runs; i++)
        run (heap, threads, &load, &index, &loaded, &straight);
      printf ("%u thread%s\n", threads, threads > 1 ? "s" : "");
      stats_print ("load", "s", &load);
      stats_print ("index", "s", &index);
      stats_print ("edges, loaded", "s", &loaded);
      stats_print ("edges, straight", "s", &straight);
      stats_free (&load);
      stats_free (&index);
      stats_free (&loaded);
      stats_free (&straight);
    }
}

int
main (int argc, char **argv)
{
  uint64_t n = 10000000;
  unsigned runs = 5;
  bool near = false;
  struct heap heap = { 0 };

  for (int i = 1; i + 1 < argc; i += 2)
    if (strcmp (argv[i], "--objects") == 0)
      n = strtoull (argv[i + 1], NULL, 10);
    else if (strcmp (argv[i], "--runs") == 0)
      runs = (unsigned)strtoul (argv[i + 1], NULL, 10);
    else if (strcmp (argv[i], "--near") == 0)
      near = argv[i + 1][0] == '1';
  if (n == 0 || n >= UINT32_MAX)
    fail ("--objects", "not possible");
  make_heap (&heap, n, near);
  printf ("%" PRIu64 " objects, %" PRIu64 " MB, pointers %s\n", n, heap.bytes >> 20,
          near ? "near" : "anywhere");
  compare (&heap, runs);
  kill (heap.child, SIGKILL);
  waitpid (heap.child, NULL, 0);
  return 0;
}
