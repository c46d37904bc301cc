/* freeze.c -- what a frozen copy costs the process that is copied.
 *
 *   freeze [--objects N] [--runs N]
 *
 * Measured on processes of our own making:
 *   pause of 17 threads, in the waits that programs have; of 502, one of which starts others
 *   pause with a heap of ten million nodes, and the clone's part of it
 *   request → copy     from the call of gcg__freeze to its return
 *   reading            the heap's bytes from the copy, by one thread and by as many as processors
 *   page copies        what writing a word to each page costs the process, with the copy and after
 *                      it has gone, beside the same without
 */
#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/stats.h"
#include "image/freeze.h"

#define PAGE       4096u
#define NODE_BYTES 32u
#define PIECE      (4u << 20)

static void __attribute__ ((noreturn)) fail (const char *what, const char *why)
{
  fprintf (stderr, "freeze: %s: %s\n", what, why);
  exit (1);
}

struct process
{
  pid_t pid;
  int to, from; /* a byte asks for the next step, a double is its result */
  char *heap;
  size_t bytes;
};

static void *__attribute__ ((noreturn)) wait_for_ever (void *unused)
{
  (void)unused;
  for (;;)
    sleep (1000);
}

static void *
nothing (void *unused)
{
  return unused;
}

static void *__attribute__ ((noreturn)) come_and_go (void *unused)
{
  for (;;)
    {
      pthread_t thread;
      if (pthread_create (&thread, NULL, nothing, unused) == 0)
        pthread_join (thread, NULL);
    }
}

/* Writes a word to each page, when it is asked to. */
static void __attribute__ ((noreturn)) serve (struct process *process)
{
  char byte;
  double seconds = 0;
  while (write (process->from, &seconds, sizeof seconds) == sizeof seconds
         && read (process->to, &byte, 1) == 1)
    {
      double began = stats_now ();
      for (size_t at = 0; at < process->bytes; at += PAGE)
        process->heap[at]++;
      seconds = stats_now () - began;
    }
  _exit (0);
}

static void
run (struct process *process, int n_threads, int n_churning, size_t n_nodes)
{
  pthread_attr_t small;
  pthread_attr_init (&small);
  pthread_attr_setstacksize (&small, 65536);
  for (int i = 1; i < n_threads; i++)
    {
      pthread_t thread;
      if (pthread_create (&thread, &small, i <= n_churning ? come_and_go : wait_for_ever, NULL)
          != 0)
        _exit (1);
    }
  struct node
  {
    struct node *left, *right;
    uint64_t values[2];
  } *nodes = (struct node *)(void *)process->heap;
  _Static_assert(sizeof *nodes == NODE_BYTES, "as it says");
  for (size_t i = 0; i < n_nodes; i++)
    nodes[i] = (struct node){ &nodes[(i + 1) % n_nodes], &nodes[i * 7919 % n_nodes], { i, i } };
  serve (process);
}

static double
next_step (struct process *process)
{
  double seconds;
  if (write (process->to, "", 1) != 1
      || read (process->from, &seconds, sizeof seconds) != sizeof seconds)
    fail ("process", "it has ended");
  return seconds;
}

static struct process
start (int n_threads, int n_churning, size_t n_nodes)
{
  struct process process = { .bytes = n_nodes * NODE_BYTES };
  int to[2], from[2];
  double ready;
  if (n_nodes > 0)
    {
      process.heap = mmap (NULL, process.bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (process.heap == MAP_FAILED)
        fail ("mmap", strerror (errno));
    }
  if (pipe (to) != 0 || pipe (from) != 0 || (process.pid = fork ()) < 0)
    fail ("fork", strerror (errno));
  if (process.pid == 0)
    {
      process.to = to[0];
      process.from = from[1];
      close (to[1]);
      close (from[0]);
      run (&process, n_threads, n_churning, n_nodes);
    }
  close (to[0]);
  close (from[1]);
  process.to = to[1];
  process.from = from[0];
  if (read (process.from, &ready, sizeof ready) != sizeof ready)
    fail ("process", "it has not begun");
  return process;
}

static void
finish (struct process *process)
{
  kill (process->pid, SIGKILL);
  waitpid (process->pid, NULL, 0);
  close (process->to);
  close (process->from);
  if (process->heap != NULL)
    munmap (process->heap, process->bytes);
}

struct figures
{
  struct stats pause, clone, request;
};

static struct gcg__frozen *
freeze (struct process *process, struct figures *figures)
{
  struct gcg__freeze_ask ask = { .pid = process->pid };
  struct gcg__frozen *frozen;
  struct gcg_error error;
  double began = stats_now ();
  if (gcg__freeze (&ask, &frozen, &error) != GCG_OK)
    fail ("freeze", error.text);
  if (frozen->copy == 0)
    fail ("freeze", "no copy");
  stats_add (&figures->request, (stats_now () - began) * 1e3);
  stats_add (&figures->pause, (double)frozen->stopped_ns / 1e6);
  stats_add (&figures->clone, (double)frozen->clone_ns / 1e6);
  return frozen;
}

static void
print (const char *title, struct figures *figures)
{
  puts (title);
  stats_print ("pause", "ms", &figures->pause);
  stats_print ("the clone, of it", "ms", &figures->clone);
  stats_print ("request to copy", "ms", &figures->request);
  stats_free (&figures->pause);
  stats_free (&figures->clone);
  stats_free (&figures->request);
}

static void
threads (const char *title, int n_threads, int n_churning, int runs)
{
  struct process process = start (n_threads, n_churning, 0);
  struct figures figures = { 0 };
  for (int i = 0; i < runs; i++)
    {
      gcg__frozen_drop (freeze (&process, &figures));
      usleep (20000);
    }
  print (title, &figures);
  finish (&process);
}

struct reading
{
  const struct gcg__frozen *frozen;
  uint64_t low, high;
};

static void *
read_part (void *data)
{
  struct reading *reading = data;
  char *buffer = malloc (PIECE);
  for (uint64_t at = reading->low; at < reading->high; at += PIECE)
    {
      size_t n = reading->high - at < PIECE ? (size_t)(reading->high - at) : PIECE;
      if (buffer == NULL || gcg__frozen_read (reading->frozen, at, buffer, n) != (ssize_t)n)
        fail ("read", strerror (errno));
    }
  free (buffer);
  return NULL;
}

/* GB/s of N threads. */
static double
read_all (const struct gcg__frozen *frozen, const struct process *process, int n)
{
  pthread_t readers[64];
  struct reading parts[64];
  uint64_t low = (uint64_t)(uintptr_t)process->heap;
  double began = stats_now ();
  for (int i = 0; i < n; i++)
    {
      parts[i] = (struct reading){ frozen, low + process->bytes / (size_t)n * (size_t)i,
                                   low + process->bytes / (size_t)n * (size_t)(i + 1) };
      if (pthread_create (&readers[i], NULL, read_part, &parts[i]) != 0)
        fail ("thread", "cannot be started");
    }
  for (int i = 0; i < n; i++)
    pthread_join (readers[i], NULL);
  return (double)process->bytes / 1e9 / (stats_now () - began);
}

static void
heap (size_t n_nodes, int runs)
{
  struct process process = start (1, 0, n_nodes);
  struct figures figures = { 0 };
  struct stats one = { 0 }, all = { 0 }, without = { 0 }, with = { 0 }, after = { 0 };
  int processors = (int)sysconf (_SC_NPROCESSORS_ONLN);
  if (processors > 64)
    processors = 64;
  for (int i = 0; i < runs; i++)
    {
      next_step (&process);
      stats_add (&without, next_step (&process) * 1e3);
      struct gcg__frozen *frozen = freeze (&process, &figures);
      stats_add (&one, read_all (frozen, &process, 1));
      stats_add (&all, read_all (frozen, &process, processors));
      stats_add (&with, next_step (&process) * 1e3);
      gcg__frozen_drop (frozen);
      gcg__frozen_drop (freeze (&process, &figures));
      stats_add (&after, next_step (&process) * 1e3);
    }
  char title[80];
  snprintf (title, sizeof title, "a heap of %zu nodes of %u bytes", n_nodes, NODE_BYTES);
  print (title, &figures);
  puts ("reading the copy");
  stats_print ("one thread", "GB/s", &one);
  stats_print ("one each processor", "GB/s", &all);
  puts ("a word written to each page of it");
  stats_print ("no copy", "ms", &without);
  stats_print ("while the copy is there", "ms", &with);
  stats_print ("after it has gone", "ms", &after);
  stats_free (&one);
  stats_free (&all);
  stats_free (&without);
  stats_free (&with);
  stats_free (&after);
  finish (&process);
}

int
main (int argc, char **argv)
{
  size_t objects = 10000000;
  int runs = 11;
  for (int i = 1; i + 1 < argc; i += 2)
    if (strcmp (argv[i], "--objects") == 0)
      objects = strtoull (argv[i + 1], NULL, 10);
    else if (strcmp (argv[i], "--runs") == 0)
      runs = atoi (argv[i + 1]);
  threads ("17 threads", 17, 0, 5 * runs);
  threads ("502 threads, one of which starts others", 502, 1, runs);
  heap (objects, runs);
  return 0;
}
