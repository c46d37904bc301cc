/* regions.c -- see regions.h.
 *
 * A table that grows by mapping; what has grown out of is not unmapped, so that who reads it with
 * the world stopped finds a whole one.  A region that is unmapped in its middle becomes two.
 */
#include "regions.h"

#include <string.h>

#include "arena.h"
#include "signals.h"

static struct gcg__range *regions;
static uint32_t n_regions, room;
static gcg__lock regions_lock = GCG__LOCK_INIT;

/* The lock is held. */
static void
append (uint64_t low, uint64_t high)
{
  if (low >= high)
    return;
  if (n_regions == room)
    {
      uint32_t more = room ? room * 2 : 1024;
      struct gcg__range *grown = gcg__arena_take (more * sizeof *grown);
      if (!grown)
        return;
      if (n_regions)
        memcpy (grown, regions, n_regions * sizeof *grown);
      __atomic_store_n (&regions, grown, __ATOMIC_RELEASE);
      room = more;
    }
  regions[n_regions] = (struct gcg__range){ low, high };
  __atomic_store_n (&n_regions, n_regions + 1, __ATOMIC_RELEASE);
}

static void
cut (uint64_t low, uint64_t high)
{
  for (uint32_t i = 0; i < n_regions; i++)
    {
      struct gcg__range old = regions[i];
      if (old.high <= low || old.low >= high)
        continue;
      regions[i] = regions[--n_regions];
      i--;
      append (old.low, low);
      append (high > old.low ? high : old.low, old.high);
    }
}

void
gcg__regions_add (uint64_t low, uint64_t high)
{
  uint64_t signals = gcg__signals_wait ();

  gcg__lock_take (&regions_lock);
  cut (low, high); /* MAP_FIXED */
  append (low, high);
  gcg__lock_give (&regions_lock);
  gcg__signals_go_on (signals);
}

void
gcg__regions_remove (uint64_t low, uint64_t high)
{
  uint64_t signals = gcg__signals_wait ();

  gcg__lock_take (&regions_lock);
  cut (low, high);
  gcg__lock_give (&regions_lock);
  gcg__signals_go_on (signals);
}

const struct gcg__range *
gcg__regions_stopped (uint32_t *n)
{
  *n = n_regions;
  return regions;
}
