/* tls.c -- see tls.h.
 *
 * It is undocumented where the C library's structures have their members, so they are found by what
 * only they hold, and each guess is checked before it is believed: thread id     the word in the
 * collecting thread's control block that is its id, 16 bytes after a link of a ring of links that
 * leads back threads       the ring goes through the control blocks of all threads that
 * pthread_create made; a second ring, whose head lies beside the first one's, through the others
 *   keys          the first table stands in the control block, 512 bytes before a pointer to it,
 *                 which begins the 32 pointers to all tables
 *   TLS           the dynamic thread vector: for each module number a pointer
 * Drepper, "ELF Handling For Thread-Local Storage", gives the last.  Where something is not found,
 * those areas are missing.  All is read by process_vm_readv: a thread may have been frozen while it
 * changed them.
 *
 * Not found: thread-local data of the initial-exec kind of modules that dlopen has loaded, in
 * threads that were there before: the vector does not show it.
 */
#include "tls.h"

#include <link.h>
#include <string.h>

#include "heapwalk.h"
#include "keytables.h"
#include "maps.h"
#include "peek.h"
#include "thread.h"

#define MOST_MODULES 1024u
#define MOST_RING    65536u
#define MOST_TLS     (UINT64_C (1) << 30)

static uint64_t tls_bytes[MOST_MODULES]; /* by module number, 0 = none */

static int
note_module (struct dl_phdr_info *info, size_t bytes, void *noted)
{
  if (bytes < offsetof (struct dl_phdr_info, dlpi_tls_modid) + sizeof info->dlpi_tls_modid
      || info->dlpi_tls_modid == 0 || info->dlpi_tls_modid >= MOST_MODULES)
    return 0;
  for (int i = 0; i < info->dlpi_phnum; i++)
    if (info->dlpi_phdr[i].p_type == PT_TLS)
      ((uint64_t *)noted)[info->dlpi_tls_modid] = info->dlpi_phdr[i].p_memsz;
  return 0;
}

static void __attribute__ ((constructor)) ask (void) { gcg__control_ask (); }

void
gcg__tls_note (void)
{
  uint64_t noted[MOST_MODULES] = { 0 };
  dl_iterate_phdr (note_module, noted);
  /* What has not changed stays as it is: a copy of the program may be made at any moment. */
  memcpy (tls_bytes, noted, sizeof noted);
}

static bool
peek_word (uint64_t address, uint64_t *word)
{
  return address % 8 == 0 && gcg__peek (address, word, sizeof *word);
}

/* Adds [LOW, HIGH) as far as it is writable memory and none of the collector's. */
static void
add_area_stopped (struct gcg__freeze *freeze, struct column *areas, struct area area)
{
  const struct map *map = gcg__maps_find_stopped (freeze, area.low);

  if (!map || !map->readable || !map->writable || block_at_stopped (freeze, area.low))
    return;
  if (area.high > map->high)
    area.high = map->high;
  area.low = (area.low + 7) & ~UINT64_C (7);
  area.high &= ~UINT64_C (7);
  if (area.low < area.high)
    COLUMN_PUSH (areas, struct area, area, &freeze->error);
}

/* The blocks of thread-local data of the thread with thread pointer POINTER; returns the lowest of
   those that lie below it in MAP, or POINTER's control block's start. */
static uint64_t
add_blocks_stopped (struct gcg__freeze *freeze, struct column *areas, uint32_t thread,
                    uint64_t pointer, const struct map *map)
{
  uint64_t vector, n, at, lowest = gcg__control_low (pointer);

#if defined __x86_64__
  at = pointer + 8;
#elif defined __aarch64__
  at = pointer;
#endif
  if (!peek_word (at, &vector) || !peek_word (vector - 16, &n))
    return lowest;
  for (uint64_t i = 1; i <= n && i < MOST_MODULES; i++)
    {
      uint64_t low, bytes = tls_bytes[i];
      if (bytes == 0 || bytes > MOST_TLS || !peek_word (vector + 16 * i, &low) || low == 0
          || low >= UINT64_MAX - bytes)
        continue;
      add_area_stopped (freeze, areas, (struct area){ low, low + bytes, GCG__HAZARD_TLS, thread });
      if (low >= map->low && low < lowest)
        lowest = low;
    }
  return lowest;
}

/* The control block and the tables of keys. */
static void
add_control_stopped (struct gcg__freeze *freeze, struct column *areas, uint32_t thread,
                     uint64_t pointer, const struct map *map)
{
  uint64_t low = gcg__control_low (pointer), high = low + gcg__control_bytes;
  uint64_t tables[GCG__KEY_TABLES];

  low = low > map->low ? low : map->low;
  high = high < map->high ? high : map->high;
  if (gcg__key_tables_stopped (low, high, tables))
    {
      add_area_stopped (freeze, areas, (struct area){ low, tables[0], GCG__HAZARD_TLS, thread });
      for (uint32_t i = 0; i < GCG__KEY_TABLES; i++)
        if (tables[i])
          add_area_stopped (freeze, areas,
                            (struct area){ tables[i], tables[i] + GCG__KEY_TABLE_BYTES,
                                           GCG__HAZARD_KEY, thread });
      low = tables[0] + GCG__KEY_TABLE_BYTES;
    }
  add_area_stopped (freeze, areas, (struct area){ low, high, GCG__HAZARD_TLS, thread });
}

/* Does a thread of this kind count: is it one of the program's? */
static bool
is_program_stopped (const struct gcg__freeze *freeze, const struct gcg__thread *thread)
{
  const char *name = (const char *)COLUMN (freeze, STRINGS)->data + thread->name;

  return !(thread->flags & GCG__THREAD_AGENT) && strncmp (name, "GC-marker-", 10) != 0;
}

static void
add_thread_stopped (struct gcg__freeze *freeze, struct column *areas, uint32_t index,
                    uint64_t pointer)
{
  const struct gcg__thread *thread
      = (const struct gcg__thread *)COLUMN (freeze, THREADS)->data + index;
  const struct map *map = gcg__maps_find_stopped (freeze, pointer - 1);
  bool known = thread->flags & (GCG__THREAD_STOPPED | GCG__THREAD_COLLECTING);
  bool ours = !is_program_stopped (freeze, thread);
  uint64_t low;

#if defined __x86_64__
  if (!map || map->high <= pointer)
    map = gcg__maps_find_stopped (freeze, pointer);
#endif
  if (!map || map->is_file)
    return;
  if (ours)
    {
      struct area all = { map->low, map->high, AREA_KNOWN, index };
      add_area_stopped (freeze, areas, all);
      return;
    }
  low = add_blocks_stopped (freeze, areas, index, pointer, map);
  add_control_stopped (freeze, areas, index, pointer, map);
  if (thread->tid != (uint32_t)freeze->pid)
    add_area_stopped (
        freeze, areas,
        (struct area){ map->low, low, known ? AREA_KNOWN : GCG__HAZARD_STACK, index });
}

/* Notes the thread pointers of the threads in the ring that LINK is in, by their index; LINKS
   before their ids, which are DISTANCE (negative: below) from the thread pointer. */
static void
walk_ring_stopped (struct gcg__freeze *freeze, uint64_t link, int64_t distance, uint64_t *pointers)
{
  const struct gcg__thread *threads = COLUMN (freeze, THREADS)->data;
  uint64_t at = link, next, back;

  for (uint32_t n = 0; n < MOST_RING; n++)
    {
      uint64_t id;
      if (!peek_word (at, &next) || !peek_word (next + 8, &back) || back != at)
        return;
      if (peek_word (at + 16, &id))
        for (uint64_t i = 0; i < COLUMN (freeze, THREADS)->n; i++)
          if (threads[i].tid == (uint32_t)id && !pointers[i])
            pointers[i] = at + 16 - (uint64_t)distance;
      if (next == link)
        return;
      at = next;
    }
}

/* The head of the ring that LINK is in: the link that lies in a module's data; 0 when there is
   none. */
static uint64_t
ring_head_stopped (struct gcg__freeze *freeze, uint64_t link)
{
  uint64_t at = link;

  for (uint32_t n = 0; n < MOST_RING; n++)
    {
      const struct map *map = gcg__maps_find_stopped (freeze, at);
      if (!map)
        return 0;
      if (map->is_file)
        return at;
      if (!peek_word (at, &at) || at == link)
        return 0;
    }
  return 0;
}

/* The thread pointers of all threads, by index, into POINTERS (zeroed); 0 where not found. */
static void
find_pointers_stopped (struct gcg__freeze *freeze, uint64_t *pointers)
{
  const struct gcg__thread *threads = COLUMN (freeze, THREADS)->data;
  uint64_t own = (uintptr_t)__builtin_thread_pointer (), low = gcg__control_low (own);
  uint32_t n_stopped;
  const struct gcg__stopped *stopped = gcg__thread_stopped (&n_stopped);

  for (uint64_t i = 0; i < COLUMN (freeze, THREADS)->n; i++)
    {
      if (threads[i].tid == (uint32_t)freeze->collecting_tid)
        pointers[i] = own;
      for (uint32_t j = 0; j < n_stopped; j++)
        if (stopped[j].tid == threads[i].tid)
          pointers[i] = stopped[j].thread_pointer;
    }
  if (freeze->walk)
    return; /* all have been given */
  for (uint64_t at = low + 16; at < low + gcg__control_bytes; at += 8)
    {
      uint64_t id, next, back, link = at - 16;
      if (!peek_word (at, &id) || (uint32_t)id != (uint32_t)freeze->collecting_tid
          || !peek_word (link, &next) || !peek_word (next + 8, &back) || back != link)
        continue;
      uint64_t head = ring_head_stopped (freeze, link);
      walk_ring_stopped (freeze, link, (int64_t)(at - own), pointers);
      for (int side = -1; head && side <= 1; side += 2)
        walk_ring_stopped (freeze, head + (uint64_t)(16 * side), (int64_t)(at - own), pointers);
      return;
    }
}

/* The main thread's stack is a mapping with a name of its own. */
static void
add_main_stack_stopped (struct gcg__freeze *freeze, struct column *areas, uint32_t index)
{
  const struct gcg__thread *thread
      = (const struct gcg__thread *)COLUMN (freeze, THREADS)->data + index;
  const struct map *maps = freeze->maps.data;

  if (thread->flags & (GCG__THREAD_STOPPED | GCG__THREAD_COLLECTING | GCG__THREAD_AGENT))
    return;
  for (uint64_t i = 0; i < freeze->maps.n; i++)
    if (maps[i].is_stack)
      {
        struct area area = { maps[i].low, maps[i].high, GCG__HAZARD_STACK, index };
        add_area_stopped (freeze, areas, area);
      }
}

void
gcg__tls_areas_stopped (struct gcg__freeze *freeze, struct column *areas)
{
  const struct gcg__thread *threads = COLUMN (freeze, THREADS)->data;
  uint64_t n = COLUMN (freeze, THREADS)->n;
  struct column pointers = { 0 };
  uint64_t *pointer = column_reserve_stopped (&pointers, sizeof *pointer, n + 1, &freeze->error);

  if (!pointer)
    return;
  find_pointers_stopped (freeze, pointer);
  for (uint32_t i = 0; i < n; i++)
    {
      if (pointer[i])
        add_thread_stopped (freeze, areas, i, pointer[i]);
      if (threads[i].tid == (uint32_t)freeze->pid)
        add_main_stack_stopped (freeze, areas, i);
    }
  column_fini_stopped (&pointers);
  gcg__column_sort_stopped (areas, UINT64_MAX);
}
