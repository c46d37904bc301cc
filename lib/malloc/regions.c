/* regions.c -- see regions.h.
 *
 * A table that grows by mapping; what has grown out of is not unmapped, so that a thread that reads
 * it with the world stopped finds a whole one.  A region that is unmapped in its middle becomes
 * two.
 */
#include "regions.h"

#include <string.h>

#include "arena.h"
#include "signals.h"

/* As struct gcg__root_table, for who looks at it from outside. */
struct table
{
  struct gcg__range *ranges;
  uint32_t n, room;
};
static struct table mapped, hidden;
static gcg__lock regions_lock = GCG__LOCK_INIT;

/* The lock is held. */
static void
append (struct table *table, uint64_t low, uint64_t high)
{
  if (low >= high)
    return;
  if (table->n == table->room)
    {
      uint32_t more = table->room ? table->room * 2 : 1024;
      struct gcg__range *grown = gcg__arena_take (more * sizeof *grown);
      if (!grown)
        return;
      if (table->n)
        memcpy (grown, table->ranges, table->n * sizeof *grown);
      __atomic_store_n (&table->ranges, grown, __ATOMIC_RELEASE);
      table->room = more;
    }
  table->ranges[table->n] = (struct gcg__range){ low, high };
  __atomic_store_n (&table->n, table->n + 1, __ATOMIC_RELEASE);
}

static void
cut (struct table *table, uint64_t low, uint64_t high)
{
  for (uint32_t i = 0; i < table->n; i++)
    {
      struct gcg__range old = table->ranges[i];
      if (old.high <= low || old.low >= high)
        continue;
      table->ranges[i] = table->ranges[--table->n];
      i--;
      append (table, old.low, low);
      append (table, high > old.low ? high : old.low, old.high);
    }
}

/* Removes [LOW, HIGH) from TABLE, and adds it again if IS; FRESH: a new mapping, which is not
   hidden either. */
static void
note (struct table *table, uint64_t low, uint64_t high, bool is, bool fresh)
{
  uint64_t signals = gcg__signals_wait ();

  gcg__lock_take (&regions_lock);
  cut (table, low, high);
  if (fresh)
    cut (&hidden, low, high);
  if (is)
    append (table, low, high);
  gcg__lock_give (&regions_lock);
  gcg__signals_go_on (signals);
}

void
gcg__regions_add (uint64_t low, uint64_t high)
{
  note (&mapped, low, high, true, true);
}

void
gcg__regions_remove (uint64_t low, uint64_t high)
{
  note (&mapped, low, high, false, true);
}

void
gcg__regions_hide (uint64_t low, uint64_t high, bool is)
{
  note (&hidden, low, high, is, false);
}

uint64_t
gcg__regions_table (void)
{
  return (uintptr_t)&mapped;
}

uint64_t
gcg__regions_hidden_table (void)
{
  return (uintptr_t)&hidden;
}

const struct gcg__range *
gcg__regions_hidden_stopped (uint32_t *n)
{
  *n = hidden.n;
  return hidden.ranges;
}
