/* sampled.c -- does taking samples slow a program down?  And what does one cost?
 *
 *   sampled [--seconds S] [--slice T]
 *
 * Throughput: two processes do the same, 8 threads that replace random ones of 1,000,000 objects of
 * 50 types, in heaps of one size; one is sampled every second.  They take turns of T seconds (the
 * other one is stopped), S seconds in all, so that what else the machine does hits both.  After
 * every eight turns two new processes begin: where a process lies in memory makes it some percent
 * faster or slower for as long as it lives.
 *
 * Cost: processor time and bytes of 300 samples of 100,000 objects of 50 types, of which a part is
 * replaced between two, so that there are collections whose survivors have to be counted.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <gcglass/gc.h>
#include <gcglass/gcglass.h>

#include "bench/fifty.h"
#include "bench/stats.h"

enum
{
  FEW = 100000,
  SAMPLES = 300,
  TURNS = 8
};

static void **objects; /* [FEW] */

static void __attribute__ ((noreturn)) work (bool sampled, volatile uint64_t *counts)
{
  struct gcg_error error;
  fifty_init ();
  if (sampled && gcg_start_periodic_samples (1, &error) != GCG_OK)
    {
      fprintf (stderr, "sampled: %s\n", error.text);
      _exit (1);
    }
  fifty_begin (counts);
  for (;;)
    pause ();
}

/* Two processes take TURNS turns; FIRST: which begins. */
static void
compare_pair (double slice, int first, struct stats sides[2])
{
  volatile uint64_t *counts[2];
  pid_t children[2];
  for (int i = 0; i < 2; i++)
    {
      counts[i] = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
      children[i] = fork ();
      if (children[i] == 0)
        work (i == 1, counts[i]);
      while (fifty_sum (counts[i]) < FIFTY_OBJECTS)
        usleep (10000);
      kill (children[i], SIGSTOP);
    }
  for (int turn = 0; turn < TURNS; turn++)
    {
      int side = (first + turn + turn / 2) % 2; /* 0 1 1 0 0 1 1 0: neither always goes first */
      kill (children[side], SIGCONT);
      usleep (200000);
      uint64_t before = fifty_sum (counts[side]);
      double start = stats_now ();
      usleep ((useconds_t)(slice * 1e6));
      stats_add (&sides[side],
                 (double)(fifty_sum (counts[side]) - before) / (stats_now () - start) / 1e6);
      kill (children[side], SIGSTOP);
    }
  for (int i = 0; i < 2; i++)
    {
      kill (children[i], SIGKILL);
      waitpid (children[i], NULL, 0);
      munmap ((void *)(uintptr_t)counts[i], 4096);
    }
}

static void
compare_throughput (double seconds, double slice)
{
  struct stats sides[2] = { { 0 }, { 0 } };
  double begin = stats_now ();
  for (int pair = 0; stats_now () - begin < seconds; pair++)
    compare_pair (slice, pair % 2, sides);
  stats_compare ("1,000,000 objects of 50 types, 8 threads", "M/s", "not sampled", &sides[0],
                 "sampled every second", &sides[1], ">= 0.97");
  stats_free (&sides[0]);
  stats_free (&sides[1]);
}

static double
processor_seconds (void)
{
  struct timespec now;
  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What walking all objects for each sample would cost: what a tracker without counters does. */
static double
walk_all (void)
{
  static volatile uint64_t bytes;
  double start = processor_seconds ();
  for (int i = 0; i < FEW; i++)
    bytes += GC_size (objects[i]);
  return processor_seconds () - start;
}

static void
measure_cost (void)
{
  struct stats cost = { 0 }, counted = { 0 }, walk = { 0 };
  struct gcg_error error;
  struct stat about;
  char path[] = "/tmp/gcglass-sampled-XXXXXX";
  uint64_t state = 1;
  GC_word collections = 0;
  GC_INIT ();
  objects = GC_MALLOC (FEW * sizeof *objects);
  gcg_sample ("begin", NULL);
  for (int i = 0; i < FEW; i++)
    objects[i] = fifty_makers[i % FIFTY_TYPES]();
  for (int i = 0; i < SAMPLES; i++)
    {
      for (int k = 0; k < FEW / 10; k++)
        {
          uint32_t at = fifty_random (&state);
          objects[at % FEW] = fifty_makers[at % FIFTY_TYPES]();
        }
      double start = processor_seconds ();
      if (gcg_sample (i % 50 ? "" : "fifty more", &error) != GCG_OK)
        {
          fprintf (stderr, "sampled: %s\n", error.text);
          exit (1);
        }
      stats_add (GC_get_gc_no () == collections ? &cost : &counted,
                 (processor_seconds () - start) * 1e3);
      collections = GC_get_gc_no ();
      stats_add (&walk, walk_all () * 1e3);
    }
  stats_compare ("one sample of 100,000 objects of 50 types, no collection since the last", "ms",
                 "asking libgc for each object", &walk, "a sample", &cost, NULL);
  stats_compare ("the same, survivors of a collection are counted", "ms",
                 "asking libgc for each object", &walk, "a sample", &counted, NULL);
  double dearest = stats_quantile (&cost, 1), other = stats_quantile (&counted, 1);
  printf ("  the dearest of %d: %.2f ms (aim: < 5)\n", SAMPLES, dearest > other ? dearest : other);
  close (mkstemp (path));
  if (gcg_save_recording (path, &error) != GCG_OK || stat (path, &about) != 0)
    {
      fprintf (stderr, "sampled: %s\n", error.text);
      exit (1);
    }
  printf ("  recording of %d samples: %.2f MB (aim: < 2)\n", SAMPLES + 2,
          (double)about.st_size / 1e6);
  unlink (path);
  stats_free (&cost);
  stats_free (&counted);
  stats_free (&walk);
}

int
main (int argc, char **argv)
{
  double seconds = 300, slice = 3;
  for (int i = 1; i + 1 < argc; i += 2)
    if (strcmp (argv[i], "--seconds") == 0)
      seconds = atof (argv[i + 1]);
    else if (strcmp (argv[i], "--slice") == 0)
      slice = atof (argv[i + 1]);
  pid_t child = fork ();
  if (child == 0)
    {
      measure_cost ();
      exit (0);
    }
  waitpid (child, NULL, 0);
  compare_throughput (seconds, slice);
  return 0;
}
