/* objects.c -- see objects.h.
 *
 * Open addressing, linear, at most half full; places of what has been removed are used up until the
 * table is made anew.
 */
#include "objects.h"

#include "agent_root.h"
#include "arena.h"
#include "raw.h"

#define FIRST_ROOM 256u
#define REMOVED    1u

static struct gcg__root_objects table;
static uint64_t n_used, n_there; /* N_USED: with what has been removed */
static gcg__lock objects_lock = GCG__LOCK_INIT;

static struct gcg__root_object *
items (void)
{
  return (struct gcg__root_object *)(uintptr_t)table.items;
}

/* The entry of ADDRESS, or the unused one where it belongs. */
static struct gcg__root_object *
place_of (struct gcg__root_object *in, uint64_t room, uint64_t address)
{
  uint64_t at = (address >> 4) * UINT64_C (0x9e3779b97f4a7c15) >> 32 & (room - 1);

  while (in[at].address && in[at].address != address)
    at = (at + 1) & (room - 1);
  return &in[at];
}

/* Room for one more. */
static bool
grow (void)
{
  struct gcg__root_object *old = items (), *new;
  uint64_t room = FIRST_ROOM, old_room = table.room;

  if (n_used < old_room / 2)
    return true;
  while (room < n_there * 4)
    room *= 2;
  new = raw_map (room * sizeof *new);
  if (new == MAP_FAILED)
    return false;
  for (uint64_t i = 0; i < old_room; i++)
    if (old[i].address > REMOVED)
      *place_of (new, room, old[i].address) = old[i];
  table = (struct gcg__root_objects){ (uintptr_t) new, room };
  n_used = n_there;
  if (old)
    raw_unmap (old, old_room * sizeof *old);
  return true;
}

bool
gcg__objects_add (uint64_t address, uint64_t bytes, bool system)
{
  struct gcg__root_object *place;
  bool done;

  gcg__lock_take (&objects_lock);
  done = grow ();
  if (done)
    {
      place = place_of (items (), table.room, address);
      if (!place->address)
        {
          n_used++;
          n_there++;
        }
      place->bytes = bytes | (system ? GCG__OBJECT_OF_LINKER : 0);
      place->address = address;
    }
  gcg__lock_give (&objects_lock);
  return done;
}

void
gcg__objects_remove (uint64_t address)
{
  struct gcg__root_object *place;

  gcg__lock_take (&objects_lock);
  place = table.room ? place_of (items (), table.room, address) : NULL;
  if (place && place->address)
    {
      place->address = REMOVED;
      n_there--;
    }
  gcg__lock_give (&objects_lock);
}

uint64_t
gcg__objects_table (void)
{
  return (uintptr_t)&table;
}

void
gcg__objects_lock (void)
{
  gcg__lock_take (&objects_lock);
}

void
gcg__objects_unlock (void)
{
  gcg__lock_give (&objects_lock);
}
