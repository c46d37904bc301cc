/* root_tables.c -- a program that tells the collector what to scan and what not, in each way that
 * there is; for root_tables.test, which says what is alive.
 *
 *   root_tables exclude|clear|remove|clear_roots|no_dls|filter
 *
 * The objects are made by a thread that has ended when it says "ready PID": no stack holds any.
 * Then it waits for the end of its input.
 */
#define GC_THREADS 1
#ifdef TRACKED
#include "gcglass/gc.h"
#else
#include <gc.h>
#endif

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WORDS 512

/* Kept together, so that a part of it can be excluded. */
static struct
{
  void *before[2], *excluded[4], *after[2];
} data;
static void **areas[3];
static const char *way;

static void
fill_data (void)
{
  data.before[1] = GC_MALLOC (4001);
  data.excluded[0] = GC_MALLOC (4002);
  data.excluded[3] = GC_MALLOC (4003);
  data.after[0] = GC_MALLOC (4004);
  *(void **)data.before[1] = GC_MALLOC (4005);
  *(void **)data.excluded[0] = GC_MALLOC (4006);
  *(void **)data.excluded[3] = data.before[1];
}

static void
fill_areas (void)
{
  areas[0][0] = GC_MALLOC (4010);
  areas[0][10] = GC_MALLOC (4011);
  areas[0][11] = data.before[1];
  areas[0][19] = GC_MALLOC (4012);
  areas[0][20] = GC_MALLOC (4013);
  areas[1][WORDS - 1] = GC_MALLOC (4014);
  areas[2][7] = GC_MALLOC (4015);
}

static void
add (unsigned area)
{
  GC_add_roots (areas[area], areas[area] + WORDS);
}

static void
exclude (void **low, void **high)
{
  GC_exclude_static_roots (low, high);
}

static int GC_CALLBACK
is_not_program (const char *name, void *low, size_t bytes)
{
  (void)low, (void)bytes;
  return name[0] != '\0';
}

static void
tell_collector (void)
{
  add (0);
  if (strcmp (way, "exclude") == 0)
    {
      exclude (&data.excluded[0], &data.excluded[2]);
      exclude (&data.excluded[2], &data.excluded[4]);
      exclude (areas[0] + 10, areas[0] + 20);
    }
  else if (strcmp (way, "clear") == 0)
    {
      exclude (&data.excluded[0], &data.excluded[2]);
      GC_clear_exclusion_table ();
      exclude (&data.excluded[2], &data.excluded[4]);
    }
  else if (strcmp (way, "remove") == 0)
    {
      /* The same area again is the same area. */
      for (int i = 0; i < 20000; i++)
        add (1);
      GC_add_roots (areas[2], areas[2] + 5);
      add (2);
      GC_remove_roots (areas[0], areas[0] + WORDS);
      GC_remove_roots (areas[2], areas[2] + 5);
    }
  else if (strcmp (way, "clear_roots") == 0)
    {
      GC_clear_roots ();
      add (1);
    }
  else if (strcmp (way, "filter") == 0)
    GC_register_has_static_roots_callback (is_not_program);
}

static void *
fill (void *unused)
{
  fill_data ();
  fill_areas ();
  return unused;
}

int
main (int argc, char **argv)
{
  pthread_t thread;
  char c;
  way = argc > 1 ? argv[1] : "";
  if (strcmp (way, "no_dls") == 0)
    GC_set_no_dls (1);
  GC_INIT ();
  for (unsigned i = 0; i < 3; i++)
    {
      areas[i] = mmap (NULL, WORDS * sizeof (void *), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (areas[i] == MAP_FAILED)
        return 1;
    }
  tell_collector ();
  if (pthread_create (&thread, NULL, fill, NULL) != 0 || pthread_join (thread, NULL) != 0)
    return 1;
  printf ("ready %d\n", (int)getpid ());
  fflush (stdout);
  while (read (STDIN_FILENO, &c, 1) > 0)
    ;
  return 0;
}
