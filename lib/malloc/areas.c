/* areas.c -- see areas.h.
 *
 * A thread may run on a stack that is not its own: a coroutine's, or one for signals.  Where it has
 * left its own is not known then, and all of that is scanned.  A stack in a block ends with the
 * block, one that the program has mapped with that mapping, one of pthread_create's at the thread's
 * own data; others end where their mapping does, or before the next block: mappings that lie side
 * by side look like one.
 */
#include "areas.h"

#include <string.h>

#include "early.h"
#include "freeze/heapwalk.h"
#include "freeze/keytables.h"
#include "freeze/maps.h"
#include "regions.h"
#include "roots.h"
#include "freeze/rootwalk.h"
#include "tag.h"
#include "threads.h"

#define PAGE UINT64_C (4096)

/* The thread-local data of all modules that have been there from the start, of the thread with
   POINTER. */
static struct gcg__range
static_tls (uint64_t pointer)
{
#if defined __x86_64__
  return (struct gcg__range){ pointer - gcg__tls_bytes () + gcg__control_bytes, pointer };
#else
  return (struct gcg__range){ pointer, pointer + 16 + gcg__tls_bytes () };
#endif
}

/* Where the stack of the thread with POINTER begins, of which SP is, if pthread_create has made it:
   below what the C library keeps of the thread. */
static uint64_t
own_top (uint64_t sp, uint64_t pointer)
{
  uint64_t control = gcg__control_low (pointer), tls = static_tls (pointer).low;
  uint64_t low = control < tls ? control : tls;
  return low > sp ? low : sp;
}

/* The program's own mapping that holds ADDRESS, or one that is empty. */
static struct gcg__range
region_at (uint64_t address)
{
  uint32_t n;
  const struct gcg__range *regions = gcg__regions_stopped (&n);

  for (uint32_t i = 0; i < n; i++)
    if (address >= regions[i].low && address < regions[i].high)
      return regions[i];
  return (struct gcg__range){ 0, 0 };
}

uint64_t
gcg__stack_top_stopped (struct gcg__freeze *freeze, uint64_t sp, uint64_t pointer)
{
  const struct map *map = gcg__maps_find_stopped (freeze, sp);
  const struct heap_block *block = block_at_stopped (freeze, sp);
  struct gcg__range region = region_at (sp);
  uint64_t top = map ? map->high : sp, distance;
  uint32_t slot;

  if (block && slot_at_stopped (block, sp, &slot, &distance))
    return block->address + (slot + 1) * block->slot_bytes;
  if (region.high && region.high < top)
    top = region.high;
  if (map && map->is_stack)
    return top;
  if (sp < pointer && pointer <= top)
    return own_top (sp, pointer);
  for (uint64_t at = (sp & -PAGE) + PAGE; at < top; at += PAGE)
    if (block_at_stopped (freeze, at))
      return at;
  return top;
}

/* Is POINTER that of several threads, so that it does not show THREAD's own stack? */
static bool
is_shared (const struct gcg__freeze *freeze, uint64_t pointer)
{
  uint32_t n, found = freeze->collecting_tid && pointer == freeze->collecting_pointer;
  const struct gcg__stopped *stopped = gcg__thread_stopped (&n);

  for (uint32_t i = 0; i < n; i++)
    found += stopped[i].thread_pointer == pointer
             && stopped[i].tid != (uint64_t)freeze->collecting_tid;
  return found > 1 || pointer == freeze->thread_pointer;
}

/* The stack that the kernel or pthread_create has given to THREAD, which runs on another. */
static void
left_stack_stopped (struct gcg__freeze *freeze, uint32_t index, const struct gcg__thread *thread,
                    uint64_t pointer)
{
  const struct map *maps = freeze->maps.data, *map;
  uint64_t own = own_top (0, pointer);

  if (thread->tid == (uint32_t)freeze->pid)
    for (uint64_t i = 0; i < freeze->maps.n; i++)
      {
        if (maps[i].is_stack && (thread->sp < maps[i].low || thread->sp >= maps[i].high))
          gcg__roots_scan_stopped (freeze, GCG__REGION_STACK, index, maps[i].low, maps[i].high);
      }
  else if (thread->stack_high != own_top (thread->sp, pointer) && !is_shared (freeze, pointer)
           && !block_at_stopped (freeze, own - 1) && !region_at (own - 1).high
           && (map = gcg__maps_find_stopped (freeze, own - 1)) != NULL)
    gcg__roots_scan_stopped (freeze, GCG__REGION_STACK, index, map->low, own);
}

unsigned gcg__looks;

void
gcg__thread_areas_stopped (struct gcg__freeze *freeze, uint32_t index,
                           const struct gcg__thread *thread, const struct gcg__stopped *note)
{
  uint64_t pointer = note ? note->thread_pointer : freeze->collecting_pointer;
  struct gcg__range tls = static_tls (pointer);
  uint64_t control = gcg__control_low (pointer), tables[GCG__KEY_TABLES];
  uint32_t n = gcg__key_tables_stopped (control, control + gcg__control_bytes, tables);

  if (!(gcg__looks & GCG__LOOK_NO_STACKS))
    {
      gcg__roots_scan_stopped (freeze, GCG__REGION_STACK, index,
                               thread->stack_low - (note ? GCG__RED_ZONE : 0), thread->stack_high);
      left_stack_stopped (freeze, index, thread, pointer);
    }
  if (note && !(gcg__looks & GCG__LOOK_NO_REGISTERS))
    gcg__vectors_stopped (freeze, index, note->context);
  if (gcg__looks & GCG__LOOK_NO_TLS)
    return;
  gcg__roots_scan_stopped (freeze, GCG__REGION_TLS, index, tls.low, tls.high);
  for (uint32_t i = 0; i < n; i++)
    if (tables[i])
      gcg__roots_scan_stopped (freeze, GCG__REGION_TLS, index, tables[i],
                               tables[i] + GCG__KEY_TABLE_BYTES);
  if (n == 0)
    gcg__roots_scan_stopped (freeze, GCG__REGION_TLS, index, control, control + gcg__control_bytes);
}

/* Is what NAME is mapped from memory that only looks like a file? */
static bool
is_memory (const char *name)
{
  static const char *const beginnings[] = { "/memfd:", "/SYSV", "/dev/shm/", "/dev/zero" };

  for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
    if (strncmp (name, beginnings[i], strlen (beginnings[i])) == 0)
      return true;
  return false;
}

/* May MAP, of a file, be looked at?  What is mapped to be shared keeps nothing: an address means
   nothing to other processes that map it.  A look at a device may do something. */
static bool
is_private_stopped (const struct gcg__freeze *freeze, const struct map *map)
{
  const char *name = (const char *)COLUMN (freeze, STRINGS)->data + map->name;

  return is_memory (name) || (!map->is_shared && strncmp (name, "/dev/", 5) != 0);
}

/* The program's own mapping. */
static void
region_stopped (struct gcg__freeze *freeze, struct gcg__range region)
{
  uint64_t end;

  for (uint64_t low = region.low; low < region.high; low = end)
    {
      const struct map *map = gcg__maps_find_stopped (freeze, low);
      end = !map ? low + PAGE : map->high < region.high ? map->high : region.high;
      if (map && (!map->is_file || is_private_stopped (freeze, map)))
        gcg__roots_scan_stopped (freeze, GCG__REGION_EXPLICIT, 0, low, end);
    }
}

/* An argument or a result, at AT. */
static void
held_stopped (void *freeze, uint64_t at)
{
  gcg__roots_scan_stopped (freeze, GCG__REGION_EXPLICIT, 0, at, at + sizeof (void *));
}

/* What the dynamic linker has asked for: thread-local data of libraries that were loaded, and
   tables of it. */
static void
linker_blocks_stopped (struct gcg__freeze *freeze)
{
  const struct heap_block *blocks = freeze->blocks.data;

  for (uint64_t i = 0; i < freeze->blocks.n; i++)
    {
      if (rest_of_stopped (freeze, &blocks[i])->kind != GCG__KIND_UNCOLLECTABLE)
        continue;
      for (uint32_t slot = 0; slot < blocks[i].n_slots; slot++)
        {
          char *base = (char *)(uintptr_t)(blocks[i].address + slot * blocks[i].slot_bytes);
          if (tag_valid (base, *tag_place (base, blocks[i].slot_bytes)))
            gcg__roots_scan_stopped (freeze, GCG__REGION_EXPLICIT, 0, (uintptr_t)base,
                                     (uintptr_t)base + blocks[i].slot_bytes - 8);
        }
    }
}

void
gcg__areas_stopped (struct gcg__freeze *freeze)
{
  const struct gcg__range *own = freeze->own.data, *regions;
  uint64_t low, high;
  uint32_t n;

  regions = gcg__regions_stopped (&n);
  for (uint32_t i = 0; i < n; i++)
    region_stopped (freeze, regions[i]);
  gcg__early_range (&low, &high);
  gcg__roots_scan_stopped (freeze, GCG__REGION_EXPLICIT, 0, low, high);
  for (uint64_t i = 0; i < freeze->own.n; i++)
    gcg__roots_scan_stopped (freeze, GCG__REGION_EXPLICIT, 0, own[i].low, own[i].high);
  if (!(gcg__looks & GCG__LOOK_NO_TLS))
    linker_blocks_stopped (freeze);
  gcg__threads_held_stopped (held_stopped, freeze);
}
