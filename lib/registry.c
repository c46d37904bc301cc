/* registry.c -- see registry.h.
 *
 * Removed entries (address 1) are dropped when the table grows.  The lock is held for a probe or a
 * copy, and nothing of the collector is called meanwhile: the collector calls us with its own lock
 * held (gcg__registry_ran).
 */
#include "registry.h"

#include "arena.h"
#include "raw.h"

#define FIRST_SLOTS 1024u

/* The table and its size are one mapping behind one pointer: a thread that stops the world, at
   whatever instruction of ours, finds either the old or the new one whole. */
struct table
{
  uint64_t n_slots, n_used; /* used: live and removed */
  struct gcg__entry entries[];
};

static gcg__lock registry_lock = GCG__LOCK_INIT;
static struct table *registry;

static uint64_t
registry_home (const struct table *table, uint64_t address)
{
  return ((address >> 4) * UINT64_C (0x9e3779b97f4a7c15) >> 20) & (table->n_slots - 1);
}

/* The entry of ADDRESS, or the empty one where it belongs. */
static struct gcg__entry *
registry_place (struct table *table, uint64_t address)
{
  uint64_t at = registry_home (table, address);
  while (table->entries[at].address && table->entries[at].address != address)
    at = (at + 1) & (table->n_slots - 1);
  return &table->entries[at];
}

/* The entry of ADDRESS, or NULL. */
static struct gcg__entry *
registry_find (uint64_t address)
{
  struct gcg__entry *entry = registry ? registry_place (registry, address) : NULL;
  return entry && entry->address ? entry : NULL;
}

static size_t
registry_bytes (uint64_t slots)
{
  return sizeof (struct table) + slots * sizeof (struct gcg__entry);
}

/* Room for one more. */
static bool
registry_grow (void)
{
  struct table *old = registry, *table;
  uint64_t live = 0, slots = FIRST_SLOTS;

  if (old && old->n_used < old->n_slots / 2)
    return true;
  for (uint64_t i = 0; old && i < old->n_slots; i++)
    live += old->entries[i].address > 1;
  while (slots < live * 4)
    slots *= 2;
  table = raw_map (registry_bytes (slots));
  if (table == MAP_FAILED)
    return false;
  table->n_slots = slots;
  table->n_used = live;
  for (uint64_t i = 0; old && i < old->n_slots; i++)
    if (old->entries[i].address > 1)
      *registry_place (table, old->entries[i].address) = old->entries[i];
  __atomic_store_n (&registry, table, __ATOMIC_RELEASE);
  if (old)
    raw_unmap (old, registry_bytes (old->n_slots));
  return true;
}

/* The entry of ADDRESS, made when it is not there; a stale one is emptied. */
static struct gcg__entry *
registry_enter (uint64_t address, uint64_t tag)
{
  struct gcg__entry *entry = registry_find (address);
  if (!entry)
    {
      if (!registry_grow ())
        return NULL;
      entry = registry_place (registry, address);
      registry->n_used++;
    }
  if (entry->address != address || entry->tag != tag)
    *entry = (struct gcg__entry){ .address = address, .tag = tag };
  return entry;
}

static void
registry_drop_if_empty (struct gcg__entry *entry)
{
  if (!entry->mode && !entry->ignored)
    entry->address = 1;
}

void
gcg__registry_finalizer (uint64_t address, uint64_t tag, uint64_t function, uint32_t mode)
{
  struct gcg__entry *entry;

  gcg__lock_take (&registry_lock);
  entry = mode ? registry_enter (address, tag) : registry_find (address);
  if (entry)
    {
      entry->function = function;
      entry->mode = mode;
      registry_drop_if_empty (entry);
    }
  gcg__lock_give (&registry_lock);
}

bool
gcg__registry_ignore (uint64_t address, uint64_t tag)
{
  struct gcg__entry *entry;

  gcg__lock_take (&registry_lock);
  entry = registry_enter (address, tag);
  if (entry)
    entry->ignored = 1;
  gcg__lock_give (&registry_lock);
  return entry != NULL;
}

void
gcg__registry_ran (uint64_t address)
{
  gcg__registry_finalizer (address, 0, 0, 0);
}

void
gcg__registry_retag (uint64_t address, uint64_t old_tag, uint64_t tag)
{
  struct gcg__entry *entry;

  gcg__lock_take (&registry_lock);
  entry = registry_find (address);
  if (entry && entry->tag == old_tag)
    entry->tag = tag;
  gcg__lock_give (&registry_lock);
}

const struct gcg__entry *
gcg__registry_entries_stopped (uint64_t *n)
{
  *n = registry ? registry->n_slots : 0;
  return registry ? registry->entries : NULL;
}
