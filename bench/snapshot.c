/* snapshot.c -- ten million objects and twenty million edges: writing, opening and walking them.
 *
 *   snapshot [--objects N] [--runs N] [--contents 1]
 *
 * The heap is imaginary (tests/heap.h), so this is lib/snapshot alone: objects of five sizes, each
 * with an edge to the next one and one to any.  Measured are, in turn:
 *   write          columns in memory to a memfd, as the frozen child does
 *   open, mapped   a sealed memfd, as from a live process: mapping it and checking every invariant
 *   open, copied   the same bytes from a file that others may change
 *   walk           every object and edge once, with offsets
 * and beside them reading the same bytes once (gcg__checksum), which no checker can undercut.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/stats.h"
#include "snapshot/writer.h"
#include "tests/columns.h"
#include "tests/heap.h"

static uint64_t
next_random (void)
{
  static uint64_t state = 88172645463325252u;
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

static void __attribute__ ((noreturn)) fail (const char *what, const char *why)
{
  fprintf (stderr, "snapshot: %s: %s\n", what, why);
  exit (1);
}

static struct gcg__snapshot *
make_heap (uint32_t n, bool contents)
{
  struct heap *heap = heap_new ();
  uint32_t site = heap_site (heap, "struct node", "node.c", 1, "make");
  for (uint32_t i = 0; i < n; i++)
    heap_object (heap, 24 + 16 * ((i >> 10) % 5), GCG__KIND_NORMAL, site);
  for (uint32_t i = 0; i < n; i++)
    {
      heap_edge (heap, i, 0, (i + 1) % n);
      heap_edge (heap, i, 16, next_random () % n);
    }
  heap_root (heap, n / 2);
  if (contents)
    heap_contents (heap, 0, "contents", 8);
  struct gcg__snapshot *snapshot = heap_snapshot (heap);
  heap_free (heap);
  return snapshot;
}

/* Writes COLUMNS to a new memfd, sealed or not, and adds how long that took. */
static int
measure_write (const struct columns *columns, bool sealed, struct stats *stats)
{
  struct gcg__column sections[GCG__N_SECTIONS];
  for (unsigned i = 0; i < GCG__N_SECTIONS; i++)
    sections[i] = (struct gcg__column){ columns->sections[i].data, columns->sections[i].n };
  int fd = memfd_create ("bench", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0)
    fail ("memfd_create", strerror (errno));
  double start = stats_now ();
  if (gcg__snapshot_write (fd, sections) != GCG_OK)
    fail ("write", strerror (errno));
  stats_add (stats, stats_now () - start);
  if (sealed && fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
    fail ("seal", strerror (errno));
  return fd;
}

static struct gcg__snapshot *
measure_open (int fd, struct stats *stats)
{
  struct gcg__snapshot *snapshot;
  struct gcg_error error;
  double start = stats_now ();
  if (gcg__snapshot_open_fd (fd, "bench", &snapshot, &error) != GCG_OK)
    fail ("open", error.text);
  stats_add (stats, stats_now () - start);
  return snapshot;
}

static uint64_t
measure_walk (const struct gcg__snapshot *snapshot, struct stats *stats)
{
  uint64_t sum = 0;
  double start = stats_now ();
  struct gcg__object_walk walk = gcg__objects (snapshot);
  while (gcg__next_object (&walk))
    {
      sum += walk.object.requested_bytes;
      struct gcg__edge_walk edges = gcg__edges_here (&walk);
      while (gcg__next_edge (&edges))
        sum += edges.target ^ edges.offset;
    }
  stats_add (stats, stats_now () - start);
  return sum;
}

int
main (int argc, char **argv)
{
  uint32_t n = 10000000;
  int runs = 9, contents = 0;
  for (int i = 1; i + 1 < argc; i += 2)
    if (strcmp (argv[i], "--objects") == 0)
      n = (uint32_t)strtoul (argv[i + 1], NULL, 10);
    else if (strcmp (argv[i], "--runs") == 0)
      runs = atoi (argv[i + 1]);
    else if (strcmp (argv[i], "--contents") == 0)
      contents = atoi (argv[i + 1]);
  if (n < 1 || runs < 1)
    fail ("arguments", "--objects N, --runs N, both at least 1; --contents 1");
  struct gcg__snapshot *snapshot = make_heap (n, contents != 0);
  struct columns columns;
  columns_load (&columns, snapshot);
  printf ("%" PRIu32 " objects, %" PRIu64 " edges: %.2f bytes an object   aim <= 24\n",
          snapshot->n_objects, snapshot->n_edges, (double)snapshot->map_bytes / n);
  struct stats writing = { 0 }, mapped = { 0 }, copied = { 0 }, walk = { 0 }, read = { 0 };
  uint64_t sums = 0;
  for (int run = 0; run < runs; run++)
    for (int sealed = 0; sealed < 2; sealed++)
      {
        int fd = measure_write (&columns, sealed, &writing);
        struct gcg__snapshot *opened = measure_open (fd, sealed ? &mapped : &copied);
        sums += measure_walk (opened, &walk);
        double start = stats_now ();
        sums += gcg__checksum (opened->map, opened->map_bytes);
        stats_add (&read, stats_now () - start);
        gcg__snapshot_close (opened);
        close (fd);
      }
  stats_print ("write", "s", &writing);
  stats_print ("open and check, mapped", "s", &mapped);
  stats_print ("open and check, copied", "s", &copied);
  stats_print ("walk", "s", &walk);
  stats_print ("reading the bytes once", "s", &read);
  printf ("  open, mapped, and one walk: %.3f s   aim <= 0.300   (sum %" PRIx64 ")\n",
          stats_quantile (&mapped, 0.5) + stats_quantile (&walk, 0.5), sums);
  stats_free (&writing);
  stats_free (&mapped);
  stats_free (&copied);
  stats_free (&walk);
  stats_free (&read);
  columns_free (&columns);
  gcg__snapshot_close (snapshot);
  return 0;
}
