/* minutes.c -- a program of 1,000,000 objects of 50 types and 8 threads, sampled every second and
 * served for five minutes: what it loses, what the server takes, how fast the pages are.
 *
 *   minutes [--seconds S] [--slice T] [--samples N]
 *
 * Throughput: two processes do the same in heaps of one size; one has a server that samples it
 * every second.  They take turns of T seconds (the other one is stopped, its server waits) until
 * each has run S seconds.  Every minute two new ones begin: where a process lies in memory makes it
 * some percent faster or slower for as long as it lives.
 *
 * Memory: the server of one more such process, after 10, 300 and N samples.
 *
 * Pages: each route of it (routes.c), the first time and then again, with the threads still busy
 * and with the program stopped: the machine's processors are then the server's.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define GC_THREADS 1
#include <gcglass/gc.h>
#include <gcglass/gcglass.h>

#include "bench/fifty.h"
#include "bench/http.h"
#include "bench/routes.h"
#include "bench/stats.h"

enum
{
  TURNS = 4, /* 0 1 1 0: neither always goes first */
  RINGS = 1000,
  RING_LENGTH = 10
};

/* What a process and its parent share. */
struct shared
{
  volatile uint64_t done[FIFTY_THREADS * 8];
  volatile uint64_t samples, wanted_samples;
  volatile bool snapshot, ready;
  char url[256];
};

struct ring
{
  struct ring *next, *first;
};

static void __attribute__ ((noreturn)) fail (const char *what, const char *why)
{
  fprintf (stderr, "minutes: %s: %s\n", what, why);
  _exit (1);
}

static void
finalize (void *object, void *unused)
{
  (void)object;
  (void)unused;
}

/* Garbage that stays, so that its pages have something to show. */
static void __attribute__ ((noinline)) make_ring (void)
{
  struct ring *first = GC_MALLOC (sizeof (struct ring)), *last = first;
  for (int i = 1; i < RING_LENGTH; i++)
    {
      last->next = GC_MALLOC (sizeof (struct ring));
      last->first = first;
      last = last->next;
    }
  last->next = first;
  GC_REGISTER_FINALIZER (first, finalize, NULL, NULL, NULL);
}

static void
serve (struct shared *shared)
{
  struct gcg_options options
      = { .size = sizeof options, .port = -1, .token = "off", .quiet = 1, .every = 1 };
  struct gcg_server *server;
  struct gcg_error error;
  if (gcg_start_in_background (&options, &server, &error) != GCG_OK)
    fail ("the server", error.text);
  snprintf (shared->url, sizeof shared->url, "%s", gcg_url (server));
}

/* The program; does what SHARED asks for. */
static void __attribute__ ((noreturn)) work (bool served, struct shared *shared)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  fifty_init ();
  if (served)
    serve (shared);
  for (int i = 0; served && i < RINGS; i++)
    make_ring ();
  fifty_begin (shared->done);
  for (;;)
    {
      struct gcg_error error;
      if (shared->samples < shared->wanted_samples)
        {
          if (gcg_sample ("", &error) != GCG_OK)
            fail ("a sample", error.text);
          shared->samples++;
          usleep (1000);
        }
      else if (shared->snapshot)
        {
          if (gcg_snapshot ("pages", &error) != GCG_OK)
            fail ("a snapshot", error.text);
          shared->snapshot = false;
        }
      else
        usleep (10000);
    }
}

static pid_t
start (bool served, struct shared **shared)
{
  *shared = mmap (NULL, sizeof **shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  fflush (NULL);
  pid_t child = fork ();
  if (child == 0)
    work (served, *shared);
  while (fifty_sum ((*shared)->done) < FIFTY_OBJECTS)
    {
      usleep (10000);
      if (waitpid (child, NULL, WNOHANG) == child)
        exit (1);
    }
  return child;
}

static void
end (pid_t child, struct shared *shared)
{
  kill (child, SIGKILL);
  while (waitpid (-1, NULL, 0) > 0)
    continue; /* its server ends with it */
  munmap (shared, sizeof *shared);
}

/* Two new processes take TURNS turns; FIRST: which begins. */
static void
run_minute (double slice, int first, struct stats sides[2])
{
  struct shared *shared[2];
  pid_t children[2];
  for (int i = 0; i < 2; i++)
    {
      children[i] = start (i == 1, &shared[i]);
      kill (children[i], SIGSTOP);
    }
  for (int turn = 0; turn < TURNS; turn++)
    {
      int side = (first + turn + turn / 2) % 2;
      kill (children[side], SIGCONT);
      usleep (200000);
      uint64_t before = fifty_sum (shared[side]->done);
      double begin = stats_now ();
      usleep ((useconds_t)(slice * 1e6));
      stats_add (&sides[side],
                 (double)(fifty_sum (shared[side]->done) - before) / (stats_now () - begin) / 1e6);
      kill (children[side], SIGSTOP);
    }
  for (int i = 0; i < 2; i++)
    kill (children[i], SIGKILL);
  for (int i = 0; i < 2; i++)
    end (children[i], shared[i]);
}

static void
compare_throughput (double seconds, double slice)
{
  struct stats sides[2] = { { 0 }, { 0 } };
  int minutes = (int)(seconds / (slice * TURNS / 2) + 0.5);
  for (int minute = 0; minute < (minutes > 0 ? minutes : 1); minute++)
    run_minute (slice, minute % 2, sides);
  stats_compare ("throughput: 1,000,000 objects of 50 types, 8 threads", "M/s", "not sampled",
                 &sides[0], "sampled every second, served", &sides[1], ">= 0.97");
  stats_free (&sides[0]);
  stats_free (&sides[1]);
}

/* KiB of its own memory that are resident of SERVER. */
static uint64_t
resident_of (pid_t server)
{
  char path[64], line[256];
  uint64_t kib = 0;
  snprintf (path, sizeof path, "/proc/%d/status", (int)server);
  FILE *file = fopen (path, "r");
  while (file != NULL && fgets (line, sizeof line, file) != NULL)
    if (sscanf (line, "RssAnon: %" SCNu64, &kib) == 1)
      break;
  if (file != NULL)
    fclose (file);
  return kib;
}

/* The server that CHILD has started: orphaned at once, it has come to us. */
static pid_t
server_of (pid_t child)
{
  char path[64];
  int one, server = 0;
  snprintf (path, sizeof path, "/proc/self/task/%d/children", (int)getpid ());
  FILE *file = fopen (path, "r");
  while (file != NULL && fscanf (file, "%d", &one) == 1)
    if (one != child)
      server = one;
  if (server == 0)
    fail (path, "no server");
  fclose (file);
  return server;
}

static void
measure_memory (struct shared *shared, pid_t server, uint64_t most)
{
  uint64_t counts[] = { 10, 300, most }, kib[3];
  printf ("server: memory of its own (RssAnon), aim: bounded\n");
  for (size_t i = 0; i < 3; i++)
    {
      shared->wanted_samples = counts[i] > shared->wanted_samples ? counts[i] : 0;
      while (shared->samples < shared->wanted_samples)
        usleep (10000);
      http_get (shared->url, "/api/tracker", NULL);
      kib[i] = resident_of (server);
      printf ("  after %6" PRIu64 " samples  %8.1f MiB\n", counts[i], (double)kib[i] / 1024);
    }
}

int
main (int argc, char **argv)
{
  double seconds = 300, slice = 15;
  uint64_t samples = 3600;
  for (int i = 1; i + 1 < argc; i += 2)
    if (strcmp (argv[i], "--seconds") == 0)
      seconds = atof (argv[i + 1]);
    else if (strcmp (argv[i], "--slice") == 0)
      slice = atof (argv[i + 1]);
    else if (strcmp (argv[i], "--samples") == 0)
      samples = strtoull (argv[i + 1], NULL, 10);
    else
      fail (argv[i], "no such option");
  prctl (PR_SET_CHILD_SUBREAPER, 1);
  if (seconds > 0)
    compare_throughput (seconds, slice);

  struct shared *shared;
  pid_t child = start (true, &shared);
  pid_t server = server_of (child);
  measure_memory (shared, server, samples);
  shared->snapshot = true;
  printf ("pages: from the snapshot to the first answer\n  %.3f s\n",
          http_wait (shared->url, "/api/overview", "pages"));
  kill (child, SIGSTOP);
  routes_measure (shared->url);
  printf ("server: memory of its own after all pages\n  %.1f MiB\n",
          (double)resident_of (server) / 1024);
  end (child, shared);
  return 0;
}
