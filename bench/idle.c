/* idle.c -- a program at work while gcglass is loaded and receives no requests.
 *
 * A heap of a million objects is walked, changed here and there, and collected.  The plain side is
 * the same source against libgc alone; the other one serves the profiler meanwhile (GCG_SERVE).
 */
#include <stdint.h>
#include <stdio.h>

#include <gcglass/gc.h>
#ifdef GCG_SERVE
#include <gcglass/gcglass.h>
#endif

#include "bench/stats.h"

enum
{
  OBJECTS = 1000000,
  ROUNDS = 20
};

struct node
{
  struct node *next;
  uint64_t value;
};

static struct node *list;

static uint64_t
walk (void)
{
  uint64_t sum = 0;
  for (struct node *node = list; node; node = node->next)
    {
      node->value = node->value * 6364136223846793005u + 1442695040888963407u;
      sum += node->value >> 33;
    }
  return sum;
}

int
main (void)
{
  GC_INIT ();
#ifdef GCG_SERVE
  struct gcg_options options = { .size = sizeof options, .port = -1, .quiet = 1 };
  struct gcg_server *server;
  struct gcg_error error;
  if (gcg_start_in_background (&options, &server, &error) != GCG_OK)
    {
      fprintf (stderr, "idle: %s\n", error.text);
      return 1;
    }
#endif
  for (int i = 0; i < OBJECTS; i++)
    {
      struct node *node = GC_MALLOC (sizeof (struct node));
      node->next = list;
      node->value = (uint64_t)i;
      list = node;
    }
  uint64_t sum = 0;
  double start = stats_now (), collecting = 0;
  for (int i = 0; i < ROUNDS; i++)
    {
      for (int j = 0; j < 10; j++)
        sum += walk ();
      double before = stats_now ();
      GC_gcollect ();
      collecting += stats_now () - before;
    }
  double all = stats_now () - start;
  printf ("figure computing = %f ms\n", (all - collecting) / ROUNDS * 1e3);
  printf ("figure a collection = %f ms\n", collecting / ROUNDS * 1e3);
  fprintf (stderr, "%s", sum == 1 ? "\n" : "");
#ifdef GCG_SERVE
  gcg_stop (server);
#endif
  return 0;
}
