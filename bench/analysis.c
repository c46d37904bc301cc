/* analysis.c -- how long analysing takes, and how much memory.
 *
 * Heaps of 10 million objects (or as many as the first argument says) with two edges each:
 *   rings      rings of 1 ... 200 objects, 64 of them being made at a time, with a chord from each
 *              object to another of its ring; one ring in 20 points to another: all garbage
 *   reachable  the same with a root to each ring
 *   scattered  both edges to any object at all, all garbage: the worst there is for the caches
 * For each: components, cycles and histogram; what is measured is the whole of gcg__analysis_new
 * and gcg__histogram_new.  Peak is anonymous memory, the mapped snapshot aside.
 *
 * Then the ring of 30,000 objects with as many chords in shuffled order, up to the shortest cycle
 * and its cut, against the obvious way: from each object a search of its own for the way back to
 * it.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/analysis.h"
#include "bench/stats.h"
#include "tests/heap.h"

enum
{
  N_RUNS = 5,
  N_SLOW_RUNS = 2,
  RING_MAX = 200,
  AT_A_TIME = 64,
  CHORDED = 30000
};

static uint32_t
below (uint32_t n)
{
  static uint64_t state = 88172645463325252u;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)((state >> 32) * n >> 32);
}

static void *
need (void *block)
{
  if (block == NULL)
    {
      fputs ("out of memory\n", stderr);
      exit (1);
    }
  return block;
}

/* A figure of /proc/self/status, in bytes. */
static uint64_t
status (const char *name)
{
  char line[256];
  uint64_t kib = 0;
  FILE *file = need (fopen ("/proc/self/status", "r"));
  while (fgets (line, sizeof line, file) != NULL)
    if (strncmp (line, name, strlen (name)) == 0 && line[strlen (name)] == ':')
      kib = strtoull (line + strlen (name) + 1, NULL, 10);
  fclose (file);
  return kib << 10;
}

/* Forgets the peak of resident memory so far; false where the kernel does not do that. */
static bool
reset_peak (void)
{
  FILE *file = fopen ("/proc/self/clear_refs", "w");
  if (file == NULL)
    return false;
  bool ok = fputs ("5", file) >= 0;
  return fclose (file) == 0 && ok;
}

static struct heap *
objects (uint32_t n)
{
  struct heap *heap = heap_new ();
  uint32_t sites[8];
  for (uint32_t i = 0; i < 8; i++)
    sites[i] = heap_site (heap, "node", "bench.c", i + 1, "objects");
  for (uint32_t i = 0; i < n; i++)
    heap_object (heap, 24 + 16 * (i / 128 % 3), GCG__KIND_NORMAL, sites[i % 8]);
  return heap;
}

struct ring
{
  uint32_t n, wanted, members[RING_MAX];
};

/* Adds the edges of RING and empties it. */
static void
close_ring (struct heap *heap, struct ring *ring, bool rooted, uint32_t last_closed)
{
  for (uint32_t m = 0; m < ring->n; m++)
    {
      heap_edge (heap, ring->members[m], 0, ring->members[(m + 1) % ring->n]);
      heap_edge (heap, ring->members[m], 8, ring->members[below (ring->n)]);
    }
  if (below (20) == 0)
    heap_edge (heap, ring->members[0], 16, last_closed);
  if (rooted)
    heap_root (heap, ring->members[0]);
  ring->n = 0;
}

/* Rings that grow side by side, as a program makes them. */
static struct gcg__snapshot *
rings (uint32_t n, bool rooted)
{
  struct heap *heap = objects (n);
  struct ring *open = need (calloc (AT_A_TIME, sizeof *open));
  uint32_t last_closed = 0;
  for (uint32_t i = 0; i < n; i++)
    {
      struct ring *ring = &open[below (AT_A_TIME)];
      if (ring->n == 0)
        ring->wanted = 1 + below (RING_MAX);
      ring->members[ring->n++] = i;
      if (ring->n == ring->wanted)
        {
          close_ring (heap, ring, rooted, last_closed);
          last_closed = ring->members[0];
        }
    }
  for (uint32_t r = 0; r < AT_A_TIME; r++)
    if (open[r].n > 0)
      close_ring (heap, &open[r], rooted, last_closed);
  free (open);
  struct gcg__snapshot *snapshot = heap_snapshot (heap);
  heap_free (heap);
  return snapshot;
}

static struct gcg__snapshot *
scattered (uint32_t n)
{
  struct heap *heap = objects (n);
  for (uint32_t i = 0; i < n; i++)
    {
      heap_edge (heap, i, 0, below (n));
      heap_edge (heap, i, 8, below (n));
    }
  struct gcg__snapshot *snapshot = heap_snapshot (heap);
  heap_free (heap);
  return snapshot;
}

static struct gcg__analysis *
analyse (const struct gcg__snapshot *snapshot)
{
  struct gcg__analysis *analysis;
  struct gcg_error error;
  if (gcg__analysis_new (snapshot, &analysis, &error) != GCG_OK)
    {
      fprintf (stderr, "%s\n", error.text);
      exit (1);
    }
  return analysis;
}

static void
bench_heap (const char *name, struct gcg__snapshot *snapshot)
{
  struct stats whole = { 0 }, histogram_only = { 0 }, peak = { 0 }, result = { 0 };
  uint32_t *group_of_site = need (calloc (snapshot->n_sites, sizeof *group_of_site));
  double n = snapshot->n_objects;
  for (int run = 0; run < N_RUNS; run++)
    {
      struct gcg__histogram *histogram;
      uint64_t before = status ("RssAnon");
      bool peak_known = reset_peak ();
      double start = stats_now ();
      struct gcg__analysis *analysis = analyse (snapshot);
      double middle = stats_now ();
      if (gcg__histogram_new (snapshot, group_of_site, 1, &histogram, NULL) != GCG_OK)
        exit (1);
      double end = stats_now ();
      stats_add (&whole, end - start);
      stats_add (&histogram_only, end - middle);
      uint64_t others = status ("RssFile") + status ("RssShmem") + before;
      if (peak_known)
        stats_add (&peak, (double)(status ("VmHWM") - others) / n);
      stats_add (&result, (double)(status ("RssAnon") - before) / n);
      if (run == 0)
        printf ("%s: %u objects, %llu edges, %u components, %u cycles\n", name, snapshot->n_objects,
                (unsigned long long)snapshot->n_edges, analysis->n_components, analysis->n_cycles);
      gcg__histogram_free (histogram);
      gcg__analysis_free (analysis);
    }
  stats_print ("components + cycles + histogram", "s", &whole);
  stats_print ("of which histogram", "s", &histogram_only);
  stats_print ("memory per object, peak", "B", &peak);
  stats_print ("memory per object, result", "B", &result);
  stats_free (&whole);
  stats_free (&histogram_only);
  stats_free (&peak);
  stats_free (&result);
  free (group_of_site);
  gcg__snapshot_close (snapshot);
}

static struct gcg__snapshot *
ring_with_chords (void)
{
  struct heap *heap = objects (CHORDED);
  uint32_t *order = need (calloc (CHORDED, sizeof *order));
  for (uint32_t i = 0; i < CHORDED; i++)
    {
      uint32_t j = below (i + 1);
      order[i] = order[j];
      order[j] = i;
    }
  for (uint32_t i = 0; i < CHORDED; i++)
    {
      heap_edge (heap, order[i], 0, order[(i + 1) % CHORDED]);
      heap_edge (heap, order[i], 8, below (CHORDED));
    }
  free (order);
  struct gcg__snapshot *snapshot = heap_snapshot (heap);
  heap_free (heap);
  return snapshot;
}

/* The length of the shortest cycle of more than one object, by a breadth-first search from each
 * object. */
static uint32_t
obvious (const struct gcg__analysis *analysis)
{
  const struct gcg__snapshot *snapshot = analysis->snapshot;
  uint32_t n = snapshot->n_objects, best = UINT32_MAX;
  uint32_t *distance = need (calloc (n, sizeof *distance));
  uint32_t *queue = need (calloc (n, sizeof *queue));
  for (uint32_t start = 0; start < n; start++)
    {
      uint32_t tail = 0;
      memset (distance, 0, n * sizeof *distance);
      queue[tail++] = start;
      for (uint32_t head = 0; head < tail; head++)
        for (uint64_t e = analysis->out_first[queue[head]];
             e < analysis->out_first[queue[head] + 1]; e++)
          {
            uint32_t target = snapshot->edge_targets[e];
            if (distance[target] == 0 && target != queue[head])
              {
                distance[target] = distance[queue[head]] + 1;
                if (target != start)
                  queue[tail++] = target;
              }
          }
      if (distance[start] != 0 && distance[start] < best)
        best = distance[start];
    }
  free (distance);
  free (queue);
  return best;
}

static void
bench_ring (void)
{
  struct stats fast = { 0 }, slow = { 0 };
  struct gcg__snapshot *snapshot = ring_with_chords ();
  for (int run = 0; run < N_RUNS; run++)
    {
      struct gcg__cycle_path path;
      double start = stats_now ();
      struct gcg__analysis *analysis = analyse (snapshot);
      if (gcg__cycle_path (analysis, 0, &path, NULL) != GCG_OK)
        exit (1);
      stats_add (&fast, stats_now () - start);
      if (run < N_SLOW_RUNS)
        {
          start = stats_now ();
          uint32_t length = obvious (analysis);
          stats_add (&slow, stats_now () - start);
          if (path.n != length || analysis->n_components != 1 || analysis->n_cycles != 1)
            {
              fputs ("the results differ\n", stderr);
              exit (1);
            }
        }
      gcg__cycle_path_fini (&path);
      gcg__analysis_free (analysis);
    }
  stats_compare ("ring of 30,000 with as many chords, shuffled", "s",
                 "everything, shortest cycle and cut", &fast, "a search from each object", &slow,
                 NULL);
  stats_free (&fast);
  stats_free (&slow);
  gcg__snapshot_close (snapshot);
}

int
main (int argc, char **argv)
{
  uint32_t n = argc > 1 ? (uint32_t)strtoul (argv[1], NULL, 10) : 10000000;
  if (n < RING_MAX)
    {
      fprintf (stderr, "usage: %s [OBJECTS], at least %d\n", argv[0], RING_MAX);
      return 2;
    }
  bench_ring ();
  bench_heap ("rings", rings (n, false));
  bench_heap ("reachable", rings (n, true));
  bench_heap ("scattered", scattered (n));
  return 0;
}
