/* heap_index.c -- see heap_index.h.
 *
 * Blocks are checked and filled by all threads, in runs of RUN_BLOCKS; then one pass in order of
 * addresses counts the stretches, and a second one enters them.
 */
#include "config.h"

#include "image/heap_index.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/parallel.h"
#include "snapshot/snapshot.h"

#define RUN_BLOCKS     4096u
#define STRETCH_PAGES  (1u << (GCG__HEAP_STRETCH_SHIFT - GCG__HEAP_PAGE_SHIFT))
#define MOST_STRETCHES (UINT64_C (1) << 20) /* 4 TiB: more is no heap */

struct building
{
  struct gcg__heap_index *index;
  size_t wrong; /* the first block that cannot be; atomic */
};

/* One past the objects of block B. */
static inline uint32_t
objects_end (const struct gcg__heap_columns *columns, size_t b)
{
  return b + 1 < columns->n_blocks ? columns->blocks[b + 1].first_object
                                   : (uint32_t)columns->n_objects;
}

/* Where the last object of a filled BLOCK ends. */
static inline uint64_t
block_end (const struct gcg__heap_block *block)
{
  return block->address + block->n_slots * block->slot_bytes;
}

/* Checks block B by itself and fills what is looked up; false: it cannot be. */
static bool
fill_block (struct gcg__heap_index *index, size_t b)
{
  const struct gcg__heap_columns *columns = &index->columns;
  const struct gcg__block *in = &columns->blocks[b];
  struct gcg__heap_block *block = &index->blocks[b];
  uint32_t first = in->first_object, end = objects_end (columns, b), n = 0;
  uint64_t extent;

  if (first >= end || end > columns->n_objects || end - first > GCG__HEAP_MOST_SLOTS
      || (b == 0 && first != 0) || in->slot_bytes == 0 || in->slot_bytes % 8 != 0
      || in->address % 8 != 0)
    return false;
  *block = (struct gcg__heap_block){ .address = in->address,
                                     .slot_bytes = in->slot_bytes,
                                     .first_object = first,
                                     .n_slots = (uint16_t)(columns->slots[end - 1] + 1) };
  if (in->slot_bytes <= GCG__HEAP_MOST_SLOT)
    block->inverse = (uint32_t)(((UINT64_C (1) << 32) + in->slot_bytes - 1) / in->slot_bytes);
  else if (block->n_slots != 1)
    return false;
  for (uint32_t i = first; i < end; i++)
    {
      uint8_t slot = columns->slots[i];
      if (i > first && slot <= columns->slots[i - 1])
        return false;
      block->objects[slot / 64] |= UINT64_C (1) << slot % 64;
    }
  for (int i = 0; i < 4; i++)
    {
      block->rank[i] = (uint8_t)n;
      n += (uint32_t)__builtin_popcountll (block->objects[i]);
    }
  block->is_full = n == block->n_slots;
  return !__builtin_mul_overflow (in->slot_bytes, (uint64_t)block->n_slots, &extent)
         && !__builtin_add_overflow (in->address, extent, &extent);
}

static void
fill_run (void *state, size_t number, unsigned worker)
{
  struct building *building = state;
  size_t b = number * RUN_BLOCKS, end = b + RUN_BLOCKS, wrong;

  (void)worker;
  end = end < building->index->columns.n_blocks ? end : building->index->columns.n_blocks;
  while (b < end && fill_block (building->index, b))
    b++;
  if (b == end)
    return;
  wrong = __atomic_load_n (&building->wrong, __ATOMIC_RELAXED);
  while (b < wrong
         && !__atomic_compare_exchange_n (&building->wrong, &wrong, b, true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED))
    ;
}

/* The place of stretch NUMBER in the table: its own, or a free one. */
static struct gcg__heap_stretch *
place_of (struct gcg__heap_index *index, uint64_t number)
{
  uint64_t mask = (UINT64_C (1) << (64 - index->stretch_shift)) - 1;
  uint64_t at = number * UINT64_C (0x9E3779B97F4A7C15) >> index->stretch_shift;

  while ((index->stretches[at].first || index->stretches[at].whole)
         && index->stretches[at].number != number)
    at = (at + 1) & mask;
  return &index->stretches[at];
}

struct stretches
{
  uint64_t n, n_tables; /* so far: all, and those that need a table of pages */
  uint64_t last;        /* number of the last stretch that has a table; UINT64_MAX: none has */
};

/* Enters BLOCK, number B, in the table of stretch NUMBER. */
static void
enter_pages (struct gcg__heap_index *index, struct stretches *stretches, uint64_t number, size_t b)
{
  const struct gcg__heap_block *block = &index->blocks[b];
  uint64_t start = number << GCG__HEAP_STRETCH_SHIFT;
  uint64_t low = block->address > start ? block->address - start : 0;
  uint64_t high = block_end (block) - start;
  struct gcg__heap_stretch *place = place_of (index, number);

  if (!place->first)
    *place = (struct gcg__heap_stretch){ number,
                                         index->pages + stretches->n_tables++ * STRETCH_PAGES, 0 };
  for (uint64_t page = low >> GCG__HEAP_PAGE_SHIFT;
       page < STRETCH_PAGES && page << GCG__HEAP_PAGE_SHIFT < high; page++)
    {
      uint32_t *first = &place->first[page];
      *first = *first ? *first | GCG__HEAP_SEVERAL : (uint32_t)b + 1;
    }
}

/* Counts the stretches of all blocks, or, once there is memory for them, enters them. */
static void
walk_stretches (struct gcg__heap_index *index, struct stretches *stretches, bool enter)
{
  *stretches = (struct stretches){ .last = UINT64_MAX };
  for (size_t b = 0; b < index->columns.n_blocks && stretches->n <= MOST_STRETCHES; b++)
    {
      const struct gcg__heap_block *block = &index->blocks[b];
      uint64_t end = block_end (block);
      uint64_t number = block->address >> GCG__HEAP_STRETCH_SHIFT;
      uint64_t last = (end - 1) >> GCG__HEAP_STRETCH_SHIFT;
      for (; number <= last && stretches->n <= MOST_STRETCHES; number++)
        {
          uint64_t start = number << GCG__HEAP_STRETCH_SHIFT;
          bool whole
              = block->address <= start && end - start >= UINT64_C (1) << GCG__HEAP_STRETCH_SHIFT;
          if (whole && enter)
            *place_of (index, number) = (struct gcg__heap_stretch){ number, NULL, (uint32_t)b + 1 };
          else if (!whole && enter)
            enter_pages (index, stretches, number, b);
          if (whole || number != stretches->last)
            stretches->n++;
          if (!whole && number != stretches->last)
            {
              stretches->n_tables += !enter;
              stretches->last = number;
            }
        }
    }
}

/* The tables of stretches and pages; GCG_CORRUPT: there are too many. */
static enum gcg_status
make_stretches (struct gcg__heap_index *index)
{
  struct stretches stretches;
  unsigned bits = 4;

  walk_stretches (index, &stretches, false);
  if (stretches.n > MOST_STRETCHES)
    return GCG_CORRUPT;
  while (UINT64_C (1) << bits < 2 * stretches.n)
    bits++;
  index->stretch_shift = 64 - bits;
  index->stretches = calloc (UINT64_C (1) << bits, sizeof *index->stretches);
  index->pages = calloc (stretches.n_tables * STRETCH_PAGES + 1, sizeof *index->pages);
  if (!index->stretches || !index->pages)
    return GCG_NO_MEMORY;
  walk_stretches (index, &stretches, true);
  return GCG_OK;
}

/* Index of the first block that overlaps the one before, or of none. */
static size_t
find_overlap (const struct gcg__heap_index *index)
{
  for (size_t b = 1; b < index->columns.n_blocks; b++)
    if (index->blocks[b].address < block_end (&index->blocks[b - 1]))
      return b;
  return index->columns.n_blocks;
}

static enum gcg_status
fill_index (struct gcg__heap_index *index, unsigned n_threads, struct gcg_error *error)
{
  const struct gcg__heap_columns *columns = &index->columns;
  struct building building = { index, columns->n_blocks };
  enum gcg_status status;

  if (columns->n_objects >= UINT32_MAX || columns->n_blocks >= GCG__HEAP_SEVERAL
      || (columns->n_blocks == 0) != (columns->n_objects == 0))
    return gcg__error_write (error, GCG_CORRUPT, "a heap of %zu objects in %zu blocks",
                             columns->n_objects, columns->n_blocks);
  index->blocks = aligned_alloc (64, (columns->n_blocks + 1) * sizeof *index->blocks);
  if (!index->blocks)
    return gcg__error_write (error, GCG_NO_MEMORY, "no memory for an index of the heap");
  gcg__parallel_run (n_threads, (columns->n_blocks + RUN_BLOCKS - 1) / RUN_BLOCKS, fill_run,
                     &building);
  if (building.wrong == columns->n_blocks)
    building.wrong = find_overlap (index);
  if (building.wrong < columns->n_blocks)
    return gcg__error_write (error, GCG_CORRUPT,
                             "block %zu of the heap, at %#" PRIx64 ", cannot be", building.wrong,
                             columns->blocks[building.wrong].address);
  if (columns->n_blocks)
    {
      index->low = index->blocks[0].address;
      index->high = block_end (&index->blocks[columns->n_blocks - 1]);
    }
  status = make_stretches (index);
  if (status == GCG_CORRUPT)
    return gcg__error_write (error, status, "a heap of more than 4 TiB");
  if (status != GCG_OK)
    return gcg__error_write (error, status, "no memory for an index of the heap");
  return GCG_OK;
}

enum gcg_status
gcg__heap_index_new (const struct gcg__heap_columns *columns, const struct gcg__heap_rules *rules,
                     unsigned n_threads, struct gcg__heap_index **index, struct gcg_error *error)
{
  struct gcg__heap_index *made = calloc (1, sizeof *made);
  enum gcg_status status;

  if (!made)
    return gcg__error_write (error, GCG_NO_MEMORY, "no memory for an index of the heap");
  made->columns = *columns;
  made->rules = *rules;
  status = fill_index (made, n_threads, error);
  if (status == GCG_OK)
    *index = made;
  else
    gcg__heap_index_free (made);
  return status;
}

void
gcg__heap_index_free (struct gcg__heap_index *index)
{
  if (!index)
    return;
  free (index->blocks);
  free (index->stretches);
  free (index->pages);
  free (index);
}

uint64_t
gcg__heap_requested (const struct gcg__heap_index *index, uint32_t object, uint64_t slot_bytes)
{
  const struct gcg__heap_columns *columns = &index->columns;
  uint64_t word = columns->words[object], slack = word >> GCG__WORD_SLACK_SHIFT & 255;

  if (!(word >> GCG__WORD_FLAG_SHIFT & GCG__OBJECT_TAGGED))
    return slot_bytes;
  if (slack == GCG__SLACK_BIG)
    slack = gcg__big_value (columns->big_slacks, columns->n_big_slacks, object);
  return slack < slot_bytes - 8 ? slot_bytes - 8 - slack : 0;
}

/* Index of the first block of [LOW, HIGH) that begins above ADDRESS; HIGH: none does. */
static size_t
block_above (const struct gcg__heap_index *index, size_t low, size_t high, uint64_t address)
{
  while (low < high)
    {
      size_t middle = low + (high - low) / 2;
      if (index->blocks[middle].address <= address)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

const struct gcg__heap_block *
gcg__heap_block_among (const struct gcg__heap_index *index, uint32_t first, uint64_t address)
{
  size_t low = (first & ~GCG__HEAP_SEVERAL) - 1;
  size_t high = low + (1u << GCG__HEAP_PAGE_SHIFT) / 8 + 1;

  high = high < index->columns.n_blocks ? high : index->columns.n_blocks;
  size_t above = block_above (index, low, high, address);
  return above > low ? &index->blocks[above - 1] : NULL;
}

uint64_t
gcg__heap_slot_end (const struct gcg__heap_index *index, uint64_t address, uint64_t *next)
{
  size_t above = block_above (index, 0, index->columns.n_blocks, address);

  *next = above < index->columns.n_blocks ? index->blocks[above].address : UINT64_MAX;
  if (above == 0)
    return 0;
  const struct gcg__heap_block *block = &index->blocks[above - 1];
  if (address >= block_end (block))
    return 0;
  return address - (address - block->address) % block->slot_bytes + block->slot_bytes;
}
