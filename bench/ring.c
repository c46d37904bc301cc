/* ring.c -- 30,000 garbage objects in one ring with as many random chords: until the page answers.
 *
 * They are allocated in shuffled order and kept as garbage by one ordered finalizer.  Pympler's
 * garbage page for the same graph in Python takes 508 s.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define GC_THREADS
#include <gcglass/gc.h>
#include <gcglass/gcglass.h>

#include "bench/http.h"
#include "bench/stats.h"

enum
{
  LENGTH = 30000,
  RUNS = 11
};

struct node
{
  struct node *next;
  struct node *chord;
  int number;
};

static uint32_t
next_random (void)
{
  static uint32_t state = 2463534242u;
  state ^= state << 13;
  state ^= state >> 17;
  return state ^= state << 5;
}

static void
finalize (void *object, void *unused)
{
  (void)object;
  (void)unused;
}

static void *
make_ring (void *unused)
{
  struct node **nodes = GC_MALLOC (LENGTH * sizeof *nodes);
  for (int i = 0; i < LENGTH; i++)
    nodes[i] = GC_MALLOC (sizeof (struct node));
  for (int i = LENGTH - 1; i > 0; i--)
    {
      int j = (int)(next_random () % (uint32_t)(i + 1));
      struct node *other = nodes[i];
      nodes[i] = nodes[j];
      nodes[j] = other;
    }
  for (int i = 0; i < LENGTH; i++)
    {
      nodes[i]->number = i;
      nodes[i]->next = nodes[(i + 1) % LENGTH];
      nodes[i]->chord = nodes[next_random () % LENGTH];
    }
  GC_REGISTER_FINALIZER (nodes[0], finalize, NULL, NULL, NULL);
  for (int i = 0; i < LENGTH; i++)
    nodes[i] = NULL;
  GC_FREE (nodes);
  return unused;
}

int
main (void)
{
  GC_INIT ();
  GC_set_warn_proc (GC_ignore_warn_proc);
  /* On a thread that ends: its stack and its vector registers would keep the ring alive. */
  pthread_t maker;
  if (pthread_create (&maker, NULL, make_ring, NULL) || pthread_join (maker, NULL))
    {
      fputs ("ring: no thread\n", stderr);
      return 1;
    }
  struct gcg_options options = { .size = sizeof options, .port = -1, .token = "off", .quiet = 1 };
  struct gcg_server *server;
  struct gcg_error error;
  if (gcg_start_in_background (&options, &server, &error) != GCG_OK)
    {
      fprintf (stderr, "ring: %s\n", error.text);
      return 1;
    }
  /* The first request makes the server ask for a snapshot by itself. */
  http_wait (gcg_url (server), "/api/garbage/1", "first look");
  struct stats page = { 0 }, both = { 0 };
  for (int i = 0; i < RUNS; i++)
    {
      char description[16];
      snprintf (description, sizeof description, "ring %d", i);
      double start = stats_now ();
      if (gcg_snapshot (description, &error) != GCG_OK)
        {
          fprintf (stderr, "ring: %s\n", error.text);
          return 1;
        }
      stats_add (&page, http_wait (gcg_url (server), "/api/garbage/1", description) * 1e3);
      stats_add (&both, (stats_now () - start) * 1e3);
    }
  printf ("ring: 30,000 objects and 30,000 chords, aim <= 100 ms (Pympler: 508,000 ms)\n");
  stats_print ("from the snapshot to the page", "ms", &page);
  stats_print ("from the request to the page", "ms", &both);
  gcg_stop (server);
  return 0;
}
