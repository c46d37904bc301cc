/* agent_areas.c -- see agent_areas.h.
 *
 * A thread may run on a stack that is not its own: a coroutine's, or one for signals.  Where it has
 * left its own is not known then, and all of that is an area.  A stack in a block ends with the
 * block, one that the program has mapped with that mapping, one of pthread_create's at the thread's
 * own data; others end where their mapping does, or before the next block: mappings that lie side
 * by side look like one.
 */
#include "config.h"

#include "image/agent_areas.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/room.h"

#define PAGE        UINT64_C (4096)
#define MOST_CHUNKS 4096u  /* of notes */
#define MOST_NOTES  16384u /* bytes of a chunk */
#if defined __x86_64__
#define RED_ZONE 128u /* bytes below the stack pointer that a function may use */
#else
#define RED_ZONE 0u
#endif

struct listing
{
  const struct gcg__agent *agent;
  const struct gcg__heap_index *index;
  const struct gcg__vmas *vmas;
  struct gcg__agent_areas *areas;
  struct gcg__root_range *regions; /* the program's own mappings */
  size_t n_regions;
  uint32_t room;
  bool no_memory;
};

static void
add (struct listing *listing, struct gcg__root_area area)
{
  struct gcg__agent_areas *areas = listing->areas;

  if (!gcg__room_for_one (&areas->items, (uint32_t)areas->n, &listing->room, sizeof *areas->items))
    listing->no_memory = true;
  else
    areas->items[areas->n++] = area;
}

static void
add_memory (struct listing *listing, uint32_t kind, uint32_t index, uint64_t low, uint64_t high)
{
  if (low < high)
    add (listing,
         (struct gcg__root_area){ .kind = kind, .index = index, .low = low, .high = high });
}

/* --- modules --- */

/* The data of the dynamic linker hold nothing: its own blocks are roots already, and its words may
   be stale.  Those of the collector and the agent are not the program's. */
static bool
is_excluded (const struct gcg__agent *agent, const struct gcg__loaded_module *module)
{
  static const enum gcg__root_library libraries[]
      = { GCG__ROOT_LINKER, GCG__ROOT_COLLECTOR, GCG__ROOT_AGENT };

  for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
    {
      const struct gcg__root_range *range = &agent->areas.libraries[libraries[i]];
      if (range->low < module->high && range->high > module->low)
        return true;
    }
  return false;
}

static void
add_modules (struct listing *listing)
{
  const struct gcg__loaded_modules *modules = &listing->agent->modules;

  for (size_t i = 0; i < modules->n_data; i++)
    if (!is_excluded (listing->agent, &modules->items[modules->data[i].module]))
      add_memory (listing, GCG__REGION_STATIC, modules->data[i].module, modules->data[i].low,
                  modules->data[i].high);
}

/* --- threads --- */

/* The thread-local data of all modules that have been there from the start, of the thread with
   POINTER. */
static struct gcg__root_range
static_tls (const struct gcg__agent *agent, uint64_t pointer)
{
#if defined __x86_64__
  return (struct gcg__root_range){ pointer - agent->areas.tls_bytes + agent->areas.control_bytes,
                                   pointer };
#else
  return (struct gcg__root_range){ pointer, pointer + 16 + agent->areas.tls_bytes };
#endif
}

/* Where the stack of the thread with POINTER begins, of which SP is, if pthread_create has made it:
   below what the C library keeps of the thread. */
static uint64_t
own_top (const struct gcg__agent *agent, uint64_t sp, uint64_t pointer)
{
  uint64_t control = gcg__agent_control (agent, pointer), tls = static_tls (agent, pointer).low;
  uint64_t low = control < tls ? control : tls;

  return low > sp ? low : sp;
}

/* The program's own mapping that holds ADDRESS, or one that is empty. */
static struct gcg__root_range
region_at (const struct listing *listing, uint64_t address)
{
  for (size_t i = 0; i < listing->n_regions; i++)
    if (address >= listing->regions[i].low && address < listing->regions[i].high)
      return listing->regions[i];
  return (struct gcg__root_range){ 0, 0 };
}

/* Where the stack ends that SP, in MAP, of the thread with POINTER is in. */
static uint64_t
stack_top (const struct listing *listing, const struct gcg__vma *map, uint64_t sp, uint64_t pointer)
{
  struct gcg__root_range region = region_at (listing, sp);
  uint64_t top = map->high, next, end = gcg__heap_slot_end (listing->index, sp, &next);

  if (end)
    return end;
  if (region.high && region.high < top)
    top = region.high;
  if (map->is_stack)
    return top;
  if (sp < pointer && pointer <= top)
    return own_top (listing->agent, sp, pointer);
  return next < top ? next & -PAGE : top;
}

/* Is POINTER that of several threads, or the first one's, so that it does not show a thread's own
   stack? */
static bool
is_shared (const struct gcg__agent *agent, uint64_t pointer)
{
  size_t n = 0;

  for (size_t i = 0; i < agent->n_threads; i++)
    n += gcg__agent_pointer (agent, i) == pointer;
  return n > 1 || pointer == gcg__agent_word (agent, agent->areas.first_pointer);
}

/* The stack that the kernel or pthread_create has given to THREAD, which runs on another. */
static void
add_left_stack (struct listing *listing, uint32_t index, const struct gcg__thread *thread,
                uint64_t pointer)
{
  const struct gcg__agent *agent = listing->agent;
  const struct gcg__vmas *vmas = listing->vmas;
  uint64_t own = own_top (agent, 0, pointer), next;
  const struct gcg__vma *map;

  if (thread->tid == agent->root.pid)
    {
      for (size_t i = 0; i < vmas->n; i++)
        if (vmas->items[i].is_stack
            && (thread->sp < vmas->items[i].low || thread->sp >= vmas->items[i].high))
          add_memory (listing, GCG__REGION_STACK, index, vmas->items[i].low, vmas->items[i].high);
    }
  else if (thread->stack_high != own_top (agent, thread->sp, pointer) && !is_shared (agent, pointer)
           && !gcg__heap_slot_end (listing->index, own - 1, &next)
           && !region_at (listing, own - 1).high && (map = gcg__vmas_find (vmas, own - 1)) != NULL)
    add_memory (listing, GCG__REGION_STACK, index, map->low, own);
}

/* The vector registers of FROZEN: where the kernel would save them for a signal handler, on the
   stack below the red zone. */
static void
add_vectors (struct listing *listing, uint32_t index, const struct gcg__frozen_thread *frozen)
{
  uint64_t bytes = frozen->n_vectors / 8 * 8, high = (frozen->sp - RED_ZONE) & ~UINT64_C (63);

  if (frozen->vectors && bytes && high > bytes)
    add (listing, (struct gcg__root_area){ .kind = GCG__REGION_STACK,
                                           .index = index,
                                           .low = high - bytes,
                                           .high = high,
                                           .values = frozen->vectors,
                                           .step = 8 });
}

/* Thread-local data of thread INDEX, with POINTER, and the tables of its keys. */
static void
add_local (struct listing *listing, uint32_t index, uint64_t pointer)
{
  const struct gcg__agent *agent = listing->agent;
  struct gcg__root_range tls = static_tls (agent, pointer);
  uint64_t tables[GCG__AGENT_KEY_TABLES], control = gcg__agent_control (agent, pointer);
  uint32_t n = gcg__agent_key_tables (agent, pointer, tables);

  if (!pointer || (agent->areas.looks & GCG__LOOK_NO_TLS))
    return;
  add_memory (listing, GCG__REGION_TLS, index, tls.low, tls.high);
  for (uint32_t i = 0; i < n; i++)
    if (tables[i])
      add_memory (listing, GCG__REGION_TLS, index, tables[i],
                  tables[i] + GCG__AGENT_KEY_TABLE_BYTES);
  if (n == 0)
    add_memory (listing, GCG__REGION_TLS, index, control, control + agent->areas.control_bytes);
}

/* The areas of THREAD, number INDEX, which is FROZEN and, unless it IS_CALLING, in the middle of
   something.  One whose stack pointer is in no memory has overflowed its stack. */
static void
add_thread_areas (struct listing *listing, uint32_t index, const struct gcg__thread *thread,
                  const struct gcg__frozen_thread *frozen, uint64_t pointer, bool is_calling)
{
  uint32_t looks = listing->agent->areas.looks;

  if (!(looks & GCG__LOOK_NO_STACKS))
    {
      if (thread->stack_high != 0)
        add_memory (listing, GCG__REGION_STACK, index,
                    thread->stack_low - (is_calling ? 0 : RED_ZONE), thread->stack_high);
      if (pointer)
        add_left_stack (listing, index, thread, pointer);
    }
  if (!is_calling && !(looks & GCG__LOOK_NO_REGISTERS))
    add_vectors (listing, index, frozen);
  add_local (listing, index, pointer);
  if (!is_calling && !(looks & GCG__LOOK_NO_REGISTERS))
    add (listing, (struct gcg__root_area){ .kind = GCG__REGION_REGISTERS,
                                           .index = index,
                                           .low = 0,
                                           .high = GCG__FROZEN_REGISTERS,
                                           .values = frozen->registers });
}

/* Thread NUMBER of those that are frozen. */
static void
add_thread (struct listing *listing, size_t number)
{
  const struct gcg__agent *agent = listing->agent;
  const struct gcg__frozen_thread *frozen = &agent->threads[number];
  struct gcg__agent_areas *areas = listing->areas;
  uint32_t index = (uint32_t)areas->n_threads;
  uint64_t pointer = gcg__agent_pointer (agent, number);
  bool is_calling = agent->calling && frozen->own_tid == agent->calling;
  struct gcg__thread *thread = &areas->threads[index];
  const struct gcg__vma *map;

  *thread
      = (struct gcg__thread){ .tid = (uint32_t)frozen->own_tid,
                              .flags = is_calling ? GCG__THREAD_COLLECTING : GCG__THREAD_STOPPED,
                              .state = (unsigned char)frozen->state,
                              .pc = frozen->pc,
                              .sp = frozen->sp,
                              .fp = frozen->fp };
  memcpy (thread->registers, frozen->registers, sizeof thread->registers);
  if (thread->tid == gcg__agent_number (agent, agent->areas.agent_thread))
    thread->flags |= GCG__THREAD_AGENT;
  if (is_calling && agent->exit_frame)
    thread->sp = agent->exit_frame;
  map = thread->sp ? gcg__vmas_find (listing->vmas, thread->sp) : NULL;
  if (map)
    {
      thread->stack_low = thread->sp;
      thread->stack_high = stack_top (listing, map, thread->sp, pointer);
    }
  areas->order[index] = (uint32_t)number;
  areas->n_threads++;
  if (thread->sp && !(thread->flags & GCG__THREAD_AGENT))
    add_thread_areas (listing, index, thread, frozen, pointer, is_calling);
}

/* The one that asks comes first. */
static void
add_threads (struct listing *listing)
{
  const struct gcg__agent *agent = listing->agent;
  struct gcg__agent_areas *areas = listing->areas;

  areas->threads = calloc (agent->n_threads + 1, sizeof *areas->threads);
  areas->order = calloc (agent->n_threads + 1, sizeof *areas->order);
  if (!areas->threads || !areas->order)
    {
      listing->no_memory = true;
      return;
    }
  for (int others = !agent->calling; others < 2; others++)
    for (size_t i = 0; i < agent->n_threads; i++)
      if ((!agent->calling || agent->threads[i].own_tid != agent->calling) == (others == 1))
        add_thread (listing, i);
}

/* --- the process --- */

/* May MAP, of a file, be looked at?  What is mapped to be shared keeps nothing: an address means
   nothing to other processes that map it.  A look at a device may do something. */
static bool
is_private (const struct gcg__vma *map)
{
  static const char *const memory[] = { "/memfd:", "/SYSV", "/dev/shm/", "/dev/zero" };

  for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
    if (strncmp (map->name, memory[i], strlen (memory[i])) == 0)
      return true;
  return !map->is_shared && strncmp (map->name, "/dev/", 5) != 0;
}

/* The program's own mapping. */
static void
add_region (struct listing *listing, const struct gcg__root_range *region)
{
  const struct gcg__vmas *vmas = listing->vmas;

  for (size_t i = gcg__vmas_above (vmas, region->low);
       i < vmas->n && vmas->items[i].low < region->high; i++)
    {
      const struct gcg__vma *map = &vmas->items[i];
      if (!map->is_file || is_private (map))
        add_memory (listing, GCG__REGION_EXPLICIT, 0,
                    map->low > region->low ? map->low : region->low,
                    map->high < region->high ? map->high : region->high);
    }
}

/* Arguments and results of threads, by the notes that the agent has of them. */
static void
add_held (struct listing *listing)
{
  const struct gcg__agent *agent = listing->agent;
  const struct gcg__root_areas *tables = &agent->areas;
  uint64_t chunk = gcg__agent_word (agent, tables->notes);
  uint32_t bytes = tables->note_bytes;

  if (bytes > MOST_NOTES || tables->note_first > MOST_NOTES || tables->n_notes > 256
      || tables->note_state > bytes || tables->note_held > bytes)
    return;
  for (uint32_t n = 0; chunk && n < MOST_CHUNKS; n++)
    {
      for (uint32_t i = 0; i < tables->n_notes; i++)
        {
          uint64_t note = chunk + tables->note_first + (uint64_t)i * bytes;
          uint32_t state = gcg__agent_number (agent, note + tables->note_state);
          if (state == tables->note_made || state == tables->note_ended)
            add_memory (listing, GCG__REGION_EXPLICIT, 0, note + tables->note_held,
                        note + tables->note_held + 8);
        }
      chunk = gcg__agent_word (agent, chunk);
    }
}

static void
add_given (struct listing *listing)
{
  const struct gcg__agent *agent = listing->agent;
  size_t n;
  struct gcg__root_range *ranges = gcg__agent_ranges (
      agent, agent->areas.given, gcg__agent_number (agent, agent->areas.n_given), &n);

  listing->no_memory = listing->no_memory || !ranges;
  for (size_t i = 0; i < n; i++)
    add_memory (listing, GCG__REGION_EXPLICIT, 0, ranges[i].low, ranges[i].high);
  free (ranges);
}

static void
add_process (struct listing *listing, const struct gcg__agent_heap *heap,
             const struct gcg__agent_own *own)
{
  const struct gcg__agent *agent = listing->agent;
  struct gcg__root_range early;

  for (size_t i = 0; i < listing->n_regions; i++)
    add_region (listing, &listing->regions[i]);
  if (gcg__image_get (agent->image, agent->areas.early, &early, sizeof early))
    add_memory (listing, GCG__REGION_EXPLICIT, 0, early.low, early.high);
  for (size_t i = 0; i < own->n_ranges; i++)
    add_memory (listing, GCG__REGION_EXPLICIT, 0, own->ranges[i].low, own->ranges[i].high);
  if (!(agent->areas.looks & GCG__LOOK_NO_TLS))
    for (size_t i = 0; i < heap->n_linker; i++)
      add_memory (listing, GCG__REGION_EXPLICIT, 0, heap->linker[i].low, heap->linker[i].high);
  add_held (listing);
}

static void
read_regions (struct listing *listing)
{
  const struct gcg__agent *agent = listing->agent;
  struct gcg__root_table table = { 0 };

  if (!gcg__image_get (agent->image, agent->areas.regions, &table, sizeof table))
    table.n = 0;
  listing->regions = gcg__agent_ranges (agent, table.ranges, table.n, &listing->n_regions);
  listing->no_memory = !listing->regions;
}

enum gcg_status
gcg__agent_areas_list (const struct gcg__agent *agent, const struct gcg__heap_index *index,
                       const struct gcg__agent_heap *heap, const struct gcg__agent_own *own,
                       struct gcg__agent_areas *areas, struct gcg_error *error)
{
  struct gcg__agent_areas found = { 0 };
  struct listing listing
      = { .agent = agent, .index = index, .vmas = gcg__image_vmas (agent->image), .areas = &found };

  read_regions (&listing);
  if (!listing.no_memory)
    {
      add_modules (&listing);
      add_given (&listing);
      add_threads (&listing);
      add_process (&listing, heap, own);
    }
  free (listing.regions);
  if (!listing.no_memory)
    {
      *areas = found;
      return GCG_OK;
    }
  gcg__agent_areas_fini (&found);
  return gcg__error_write (error, GCG_NO_MEMORY, "no memory for the areas that keep blocks");
}

void
gcg__agent_areas_fini (struct gcg__agent_areas *areas)
{
  free (areas->items);
  free (areas->threads);
  free (areas->order);
  *areas = (struct gcg__agent_areas){ 0 };
}
