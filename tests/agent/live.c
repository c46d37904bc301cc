/* live.c -- what collections have left alive, in a program that knows it.
 *
 * At each step the program keeps so many bytes more, drops others, and collects.  Not every
 * collection is counted: it goes on until one of the step is.
 */
#define GC_THREADS             1
#define GC_NO_THREAD_REDIRECTS 1
#include <gcglass/gc.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "snapshot/snapshot.h"
#include "tap.h"

#define STEPS      5
#define KEPT       2000
#define ITEM_BYTES 200
#define LARGE      100000
#define DROPPED    20000
#define OTHERS     100000u /* bytes of the collector's own, and what stale words keep */
#define MOST_TRIES 1000

struct item
{
  struct item *next;
  char rest[ITEM_BYTES - sizeof (struct item *)];
};

static struct item *volatile items;
static char *volatile large[STEPS];
static void *volatile dropped;
static uint64_t known; /* bytes of the slots that are kept */

static void
keep (int step)
{
  for (int i = 0; i < KEPT; i++)
    {
      struct item *item = GC_NEW (struct item);
      item->next = items;
      items = item;
      known += GC_size (item);
    }
  large[step] = GC_MALLOC_ATOMIC (LARGE);
  known += GC_size (large[step]);
}

static void __attribute__ ((noinline)) drop (void)
{
  for (int i = 0; i < DROPPED; i++)
    dropped = i % 2 ? GC_MALLOC (ITEM_BYTES) : GC_MALLOC_ATOMIC (3 * ITEM_BYTES);
  dropped = NULL;
}

/* What collection NUMBER and the snapshot's own have left alive, from a snapshot of now. */
static bool
look (uint64_t number, uint64_t *live, uint64_t *own)
{
  struct gcg__snapshot *snapshot;
  struct gcg_error error;
  char path[64];
  snprintf (path, sizeof path, "live-%d.gcsnap", (int)getpid ());
  if (gcg_save (path, &error) != GCG_OK || gcg__snapshot_open (path, &snapshot, &error) != GCG_OK)
    {
      printf ("# %s\n", error.text);
      return false;
    }
  unlink (path);
  *live = *own = 0;
  for (uint32_t i = 0; snapshot->live && i < snapshot->n_collections; i++)
    if (snapshot->collections[i].number == number)
      *live = snapshot->live[i];
  if (snapshot->live)
    *own = snapshot->live[snapshot->n_collections - 1];
  gcg__snapshot_close (snapshot);
  return true;
}

int
main (void)
{
  GC_INIT ();
  for (int step = 0; step < STEPS; step++)
    {
      uint64_t live = 0, own = 0;
      int tries = 0;
      keep (step);
      drop ();
      do
        GC_gcollect ();
      while (look (GC_get_gc_no (), &live, &own) && live == 0 && ++tries < MOST_TRIES);
      tap_ok (live >= known && live <= known + OTHERS,
              "step %d: %llu bytes are live where the program keeps %llu", step,
              (unsigned long long)live, (unsigned long long)known);
      tap_ok (own >= known && own <= known + OTHERS,
              "so they are in the snapshot's own collection");
    }
  return tap_done ();
}
