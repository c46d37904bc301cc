/* mallocwalk.c -- see mallocwalk.h.
 *
 * Doug Lea, "A Memory Allocator"; glibc's malloc/malloc.c and arena.c have the layout, which has
 * not changed in what is used here since 2.3.  A chain is believed as long as each chunk's size
 * leads to another plausible one; where it breaks (a thread was frozen in the middle of a change)
 * it is taken up at the next place from where four in a row are plausible.
 *
 * A freed block waits in its thread's cache with its header unchanged, but carries a key in its
 * second word (glibc 2.29 and later); one is read from the main thread's cache, which is the first
 * chunk of [heap].  Blocks in fast bins look like blocks in use.
 *
 * Cost: one pass over the headers.  Mappings are searched for large blocks page by page, only those
 * pages that have memory, and at most MOST_PROBES of them in all.
 */
#include "mallocwalk.h"

#include <string.h>
#include <unistd.h>

#include "heapwalk.h"
#include "maps.h"
#include "tls.h"

#define PAGE_BYTES      UINT64_C (4096)
#define ARENA_BYTES     (UINT64_C (64) << 20)
#define ARENA_HEADER    0x1000u /* of an arena's first heap: the first chunk is within it */
#define CHUNK_LEAST     32u
#define CHUNK_IN_USE    1u /* the chunk before is */
#define CHUNK_MAPPED    2u
#define CHUNK_FLAGS     7u
#define CHUNKS_IN_A_ROW 4
#define CACHE_CHUNK     0x290u /* that of the thread's cache, and in it the heads of 64 lists */
#define CACHE_HEADS     (16 + 128)
#define MOST_PROBES     (UINT64_C (1) << 20)

struct walk
{
  struct gcg__freeze *freeze;
  const struct column *areas;
  bool (*block) (void *state, uint64_t low, uint64_t high);
  void *state;
  struct resident resident;
  uint64_t key; /* in the second word of blocks that wait in a cache; 0 = not known */
  uint64_t probes;
  bool stopped;
};

static inline uint64_t
word_at (uint64_t address)
{
  return *(const uint64_t *)(uintptr_t)address;
}

bool
gcg__resident_stopped (struct resident *resident, uint64_t address)
{
  if (address < resident->low || address >= resident->high)
    {
      uint64_t page = (uint64_t)getpagesize ();
      resident->page_bytes = page;
      resident->low = address & -page;
      resident->high = resident->low + RESIDENT_PAGES * page;
      /* It fails where a mapping ends within: then page by page. */
      if (syscall (SYS_mincore, resident->low, RESIDENT_PAGES * page, resident->pages) != 0)
        {
          resident->high = resident->low + page;
          if (syscall (SYS_mincore, resident->low, page, resident->pages) != 0)
            resident->pages[0] = 0;
        }
    }
  return resident->pages[(address - resident->low) / resident->page_bytes] & 1;
}

const struct area *
gcg__area_find_stopped (const struct column *areas, uint64_t address)
{
  const struct area *all = areas->data;
  uint64_t low = 0, high = areas->n;

  while (low < high)
    {
      uint64_t middle = (low + high) / 2;
      if (all[middle].low <= address)
        low = middle + 1;
      else
        high = middle;
    }
  return low > 0 && address < all[low - 1].high ? &all[low - 1] : NULL;
}

/* Bytes of the chunk at AT, when it may be one of a chain that ends at END; else 0. */
static inline uint64_t
chunk_bytes (uint64_t at, uint64_t end)
{
  uint64_t size = word_at (at + 8), bytes = size & ~(uint64_t)CHUNK_FLAGS;

  return (size & CHUNK_MAPPED) == 0 && bytes >= CHUNK_LEAST && bytes % 16 == 0 && bytes <= end - at
             ? bytes
             : 0;
}

/* Do several chunks follow one another from AT on, or to END? */
static bool
is_chain (uint64_t at, uint64_t end)
{
  for (int i = 0; i < CHUNKS_IN_A_ROW && at + CHUNK_LEAST <= end; i++)
    {
      uint64_t bytes = chunk_bytes (at, end);
      if (!bytes)
        return false;
      at += bytes;
    }
  return true;
}

/* The blocks in use in the chain from AT to END, whose last chunk is what has never been used. */
static void
walk_chain_stopped (struct walk *walk, uint64_t at, uint64_t end)
{
  while (at + CHUNK_LEAST <= end && !walk->stopped)
    {
      uint64_t bytes = chunk_bytes (at, end), next = at + bytes;
      if (!bytes)
        {
          do
            at += 16;
          while (at + CHUNK_LEAST <= end && !is_chain (at, end));
          continue;
        }
      if (next + CHUNK_LEAST > end)
        return;
      if ((word_at (next + 8) & CHUNK_IN_USE) && (!walk->key || word_at (at + 24) != walk->key))
        walk->stopped = !walk->block (walk->state, at + 16, next + 8);
      at = next;
    }
}

/* What blocks in the cache that begins at chunk AT of [LOW, HIGH) carry; 0 when it is no cache, or
   empty. */
static uint64_t
cache_key (uint64_t at, uint64_t high)
{
  if (high - at < CACHE_CHUNK || chunk_bytes (at, high) != CACHE_CHUNK)
    return 0;
  for (uint64_t head = at + CACHE_HEADS; head < at + CACHE_CHUNK; head += 8)
    {
      uint64_t block = word_at (head);
      if (block % 16 == 0 && block > at && block + 16 <= high && word_at (block + 8))
        return word_at (block + 8);
    }
  return 0;
}

/* The heap of an arena at AT, a multiple of ARENA_BYTES in a mapping that ends at HIGH: its end, or
   0 when there is none. */
static uint64_t
walk_arena_stopped (struct walk *walk, uint64_t at, uint64_t high)
{
  uint64_t arena = word_at (at), bytes = word_at (at + 16), header = arena % ARENA_BYTES, chunk;

  if (word_at (at + 8) % ARENA_BYTES != 0 || header < 32 || header > 256 || header % 16 != 0
      || bytes < PAGE_BYTES || bytes % PAGE_BYTES != 0 || bytes > high - at)
    return 0;
  chunk = at + header;
  if (arena - header == at)
    while (chunk < at + ARENA_HEADER && !is_chain (chunk, at + bytes))
      chunk += 16;
  walk_chain_stopped (walk, chunk, at + bytes);
  return at + bytes;
}

/* Large blocks and arenas in the mapping [AT, HIGH). */
static void
walk_mapping_stopped (struct walk *walk, uint64_t at, uint64_t high)
{
  while (at < high && !walk->stopped && walk->probes < MOST_PROBES)
    {
      const struct area *area = gcg__area_find_stopped (walk->areas, at);
      const struct heap_block *block = block_at_stopped (walk->freeze, at);
      uint64_t past = at + PAGE_BYTES, end;
      if (area)
        past = (area->high + PAGE_BYTES - 1) & -PAGE_BYTES;
      else if (block && block->n_slots == 1)
        past = (block->address + block->slot_bytes + PAGE_BYTES - 1) & -PAGE_BYTES;
      else if (!block && gcg__resident_stopped (&walk->resident, at))
        {
          uint64_t size = word_at (at + 8), bytes = size & ~(uint64_t)CHUNK_FLAGS;
          walk->probes++;
          if (at % ARENA_BYTES == 0 && (end = walk_arena_stopped (walk, at, high)) != 0)
            past = end;
          else if (word_at (at) == 0 && (size & CHUNK_FLAGS) == CHUNK_MAPPED && bytes >= PAGE_BYTES
                   && bytes % PAGE_BYTES == 0 && bytes <= high - at)
            {
              past = at + bytes;
              walk->stopped = !walk->block (walk->state, at + 16, past);
            }
        }
      at = past > at ? past : high;
    }
}

void
gcg__malloc_walk_stopped (struct gcg__freeze *freeze, const struct column *areas,
                          bool (*block) (void *state, uint64_t low, uint64_t high), void *state)
{
  struct walk walk = { .freeze = freeze, .areas = areas, .block = block, .state = state };
  const struct map *maps = freeze->maps.data;
  const char *strings = COLUMN (freeze, STRINGS)->data;

  for (uint64_t i = 0; i < freeze->maps.n && !walk.stopped; i++)
    {
      const char *name = strings + maps[i].name;
      uint64_t low = maps[i].low, high = maps[i].high;
      if (!maps[i].readable || !maps[i].writable || maps[i].is_file || maps[i].is_stack)
        continue;
      if (strcmp (name, "[heap]") == 0)
        {
          for (; i + 1 < freeze->maps.n && maps[i + 1].low == high && maps[i + 1].writable
                 && strcmp (strings + maps[i + 1].name, name) == 0;
               i++)
            high = maps[i + 1].high;
          walk.key = cache_key (low, high);
          walk_chain_stopped (&walk, low, high);
        }
      else if (!*name || strncmp (name, "[anon", 5) == 0)
        walk_mapping_stopped (&walk, low, high);
    }
}
