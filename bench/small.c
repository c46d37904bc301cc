/* small.c -- nanoseconds per allocation of 16 and of 100 bytes, kept alive briefly.
 *
 * Compiled against <gcglass/gc.h>, against it and sampled every second (GCG_SAMPLED: every
 * allocation is counted), and against <gc.h>; collections are part of the price on all sides.
 */
#include <stdio.h>

#include <gcglass/gc.h>
#ifdef GCG_SAMPLED
#include <gcglass/gcglass.h>
#endif

#include "bench/stats.h"
#include "examples/example.h"

enum
{
  COUNT = 4000000,
  RING = 1024
};

static void *ring[RING]; /* the youngest stay */

static double
allocate_16 (void)
{
  double start = stats_now ();
  for (int i = 0; i < COUNT; i++)
    ring[i % RING] = GC_MALLOC (16);
  return (stats_now () - start) / COUNT * 1e9;
}

static double
allocate_100 (void)
{
  double start = stats_now ();
  for (int i = 0; i < COUNT; i++)
    ring[i % RING] = GC_MALLOC (100);
  return (stats_now () - start) / COUNT * 1e9;
}

static double
allocate_atomic_100 (void)
{
  double start = stats_now ();
  for (int i = 0; i < COUNT; i++)
    ring[i % RING] = GC_MALLOC_ATOMIC (100);
  return (stats_now () - start) / COUNT * 1e9;
}

int
main (int argc, char **argv)
{
  struct example example;
  example_begin (&example, argc, argv);
#ifdef GCG_SAMPLED
  struct gcg_error error;
  if (gcg_start_periodic_samples (1, &error) != GCG_OK)
    {
      fprintf (stderr, "small: %s\n", error.text);
      return 1;
    }
#endif
  allocate_16 ();
  printf ("figure 16 bytes = %f ns\n", allocate_16 ());
  printf ("figure 100 bytes = %f ns\n", allocate_100 ());
  printf ("figure 100 bytes without pointers = %f ns\n", allocate_atomic_100 ());
  return example_end (&example, NULL);
}
