/* figures.c -- what a program has asked for in all, and what it had at most at one time, one case
 * for each argument: figures.test says how much.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case.h"

static void
moved (void)
{
  free (realloc (malloc (400), 1200));
}

static void
moved_often (void)
{
  char *block = NULL, *other = malloc (40);
  for (size_t n = 1; n <= 3000000; n = n * 9 / 8 + 1)
    block = realloc (block, n);
  free (realloc (block, 3000000));
  free (other);
}

static void
in_place (void)
{
  free (realloc (malloc (1000), 1001));
}

static void
shrunk (void)
{
  char *block = malloc (5000), *second;
  block = realloc (block, 100);
  second = malloc (4000);
  free (second);
  free (block);
}

static void
shrunk_large (void)
{
  char *block = malloc (9000000);
  block = realloc (block, 3000000);
  free (malloc (5000000));
  free (block);
}

static void
zeroed (void)
{
  char *blocks[3];
  for (int i = 0; i < 3; i++)
    blocks[i] = calloc (10, 100);
  free (blocks[1]);
  free (calloc (1, 999));
  free (blocks[0]);
  free (blocks[2]);
}

static void
aligned (void)
{
  void *first = aligned_alloc (4096, 8192), *second = NULL;
  if (posix_memalign (&second, 64, 100) != 0)
    abort ();
  first = realloc (first, 9000);
  free (first);
  free (second);
}

static void
rows (void)
{
  void *blocks[100];
  for (int i = 0; i < 100; i++)
    blocks[i] = malloc (100);
  for (int i = 0; i < 100; i++)
    blocks[i] = realloc (blocks[i], 300);
  for (int i = 0; i < 100; i++)
    free (blocks[i]);
}

/* --- With threads, whose turns are given.  Whatever a thread costs, each case has four. */

static pthread_barrier_t barrier;
static void (*task) (int number);

static void
turn (void)
{
  pthread_barrier_wait (&barrier);
}

static void *
run (void *number)
{
  turn ();
  task ((int)(size_t)number);
  turn ();
  return NULL;
}

static void
with_threads (void (*of_each) (int))
{
  pthread_t threads[4];
  void *first = malloc (100000);

  task = of_each;
  pthread_barrier_init (&barrier, NULL, 4);
  for (size_t i = 0; i < 4; i++)
    pthread_create (&threads[i], NULL, run, (void *)i);
  for (int i = 0; i < 4; i++)
    pthread_join (threads[i], NULL);
  free (first);
}

static void
nothing (int number)
{
  (void)number;
}

static void
threads (void)
{
  with_threads (nothing);
}

static void
one_moves (int number)
{
  if (number == 2)
    free (realloc (malloc (400), 1200));
}

static void
threads_moved (void)
{
  with_threads (one_moves);
}

/* All have 500 at the same time; then one has 1,000. */
static void
all_have (int number)
{
  void *block = malloc (500);
  turn ();
  free (block);
  turn ();
  if (number == 1)
    free (malloc (1000));
}

static void
threads_together (void)
{
  with_threads (all_have);
}

/* One has little less than all had, another the rest, and more, later. */
static void
one_after_another (int number)
{
  static void *kept;
  for (int step = 0; step < 8; step++, turn ())
    if (number == step % 4)
      {
        if (step == 0)
          kept = malloc (3000);
        else if (step == 1)
          free (malloc (777));
        else if (step == 2)
          kept = realloc (kept, 2000);
        else if (step == 3)
          free (malloc (1900));
        else if (step == 4)
          free (kept);
        else if (step == 7)
          free (malloc (3800));
      }
}

static void
threads_in_turn (void)
{
  with_threads (one_after_another);
}

/* --- What the dynamic linker asks for: names of libraries.  The one at NAME is loaded under names
   of all lengths. */
static void
names (void)
{
  char *last = strrchr (CASE_LIBRARY, '/');
  char name[4096];

  for (int extra = 0; extra < 300; extra++)
    {
      void *library;
      snprintf (
          name, sizeof name, "%.*s%.*s%.*s%s", (int)(last - CASE_LIBRARY), CASE_LIBRARY, extra % 2,
          "/", extra / 2 * 2,
          "/./././././././././././././././././././././././././././././././././././././././././././"
          "././././././././././././././././././././././././././././././././././././././././././././"
          "././"
          "././././././././././././././././././././././././././././././././././././././././././././"
          "././"
          "./././././././././././././././././././././././././",
          last);
      library = dlopen (name, RTLD_NOW | RTLD_LOCAL);
      if (!library || dlclose (library) != 0)
        abort ();
    }
}

int
main (int argc, char **argv)
{
  static const struct one_case cases[] = { { "moved", moved },
                                           { "moved-often", moved_often },
                                           { "in-place", in_place },
                                           { "shrunk", shrunk },
                                           { "shrunk-large", shrunk_large },
                                           { "zeroed", zeroed },
                                           { "aligned", aligned },
                                           { "rows", rows },
                                           { "threads", threads },
                                           { "threads-moved", threads_moved },
                                           { "threads-together", threads_together },
                                           { "threads-in-turn", threads_in_turn },
                                           { "names", names } };
  return case_run (cases, sizeof cases / sizeof *cases, argc > 1 ? argv[1] : "");
}
