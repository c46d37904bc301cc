/* heapwalk.c -- see heapwalk.h.
 *
 * Three passes: blocks, then the objects in them (each slot's tag and mark), then the words of each
 * object.  The last is where the time goes: each word between the heap's bounds is looked up by its
 * block, and words lead anywhere, so descriptors are one cache line each and are fetched ahead
 * while the heap is read in order.
 */
#include "heapwalk.h"

#include <string.h>

#include "collector.h"
#include "gc_calls.h"
#include "maps.h"
#include "site.h"
#include "tag.h"
#include "trace.h"

#define FETCH_AHEAD_BYTES 384

static inline __attribute__ ((always_inline)) bool
resolve_stopped (struct gcg__freeze *freeze, uint64_t word, bool from_heap, uint32_t *object)
{
  struct heap_block *block = block_at_stopped (freeze, word);
  uint64_t distance;
  uint32_t slot;

  if (!block || !slot_at_stopped (block, word, &slot, &distance)
      || !(block->objects[slot / 64] >> slot % 64 & 1))
    return false;
  if (from_heap && !freeze->interior && !gcg__collector_has_displacement (distance))
    return false;
  *object = block->first_object
            + (block->is_full
                   ? slot
                   : block->rank[slot / 64]
                         + (uint32_t)__builtin_popcountll (block->objects[slot / 64]
                                                           & ((UINT64_C (1) << slot % 64) - 1)));
  return true;
}

bool
gcg__heap_resolve_stopped (struct gcg__freeze *freeze, uint64_t word, bool from_heap,
                           uint32_t *object)
{
  return resolve_stopped (freeze, word, from_heap, object);
}

/* Notes the block of objects at BASE (of SIZE bytes and KIND); returns the bytes it covers. */
static uint64_t
add_block_stopped (struct gcg__freeze *freeze, uint64_t base, uint64_t size, uint32_t kind,
                   uint64_t readable_end)
{
  struct heap_block block = { .address = base, .slot_bytes = size };
  struct heap_block_rest rest
      = { .readable_end = base + size < readable_end ? base + size : readable_end, .kind = kind };
  uint64_t covered = HEAP_BLOCK_BYTES;

  if (size <= HEAP_BLOCK_BYTES / 2)
    {
      block.n_slots = (uint16_t)(HEAP_BLOCK_BYTES / size);
      block.inverse = (uint32_t)(((UINT64_C (1) << 32) + size - 1) / size);
    }
  else
    {
      block.n_slots = 1;
      covered = (size + HEAP_BLOCK_BYTES - 1) / HEAP_BLOCK_BYTES * HEAP_BLOCK_BYTES;
    }
  COLUMN_PUSH (&freeze->blocks, struct heap_block, block, &freeze->error);
  COLUMN_PUSH (&freeze->rests, struct heap_block_rest, rest, &freeze->error);
  return covered;
}

/* Is MAP, or a part of it, in the heap, perhaps? */
static bool
is_usable_stopped (struct gcg__freeze *freeze, const struct map *map)
{
  if (map->is_file || map->is_stack || map->high <= freeze->heap_low
      || map->low >= freeze->heap_high)
    return false;
  return map->readable;
}

/* Finds the blocks in the stretch [LOW, HIGH). */
static void
walk_range_stopped (struct gcg__freeze *freeze, uint64_t low, uint64_t high)
{
  uint64_t pages = (high - low) / HEAP_BLOCK_BYTES;
  struct heap_range range = { low, low + pages * HEAP_BLOCK_BYTES, NULL };
  bool any = false;

  range.index = raw_map (pages * sizeof *range.index);
  if (range.index == MAP_FAILED)
    {
      freeze->error = ENOMEM;
      return;
    }
  for (uint64_t at = low; at < range.high && !freeze->error;)
    {
      uint64_t base = (uintptr_t)GC_base ((void *)(uintptr_t)at), covered;
      size_t size;
      if (base != at)
        {
          at += HEAP_BLOCK_BYTES;
          continue;
        }
      uint32_t kind = (uint32_t)GCG__GC (get_kind_and_size) ((void *)(uintptr_t)base, &size);
      covered = add_block_stopped (freeze, base, size, kind, range.high);
      for (; covered && at < range.high; covered -= HEAP_BLOCK_BYTES, at += HEAP_BLOCK_BYTES)
        range.index[(at - low) / HEAP_BLOCK_BYTES] = (uint32_t)freeze->blocks.n;
      any = true;
    }
  if (any)
    COLUMN_PUSH (&freeze->ranges, struct heap_range, range, &freeze->error);
  else
    raw_unmap (range.index, pages * sizeof *range.index);
}

/* The heap lies in readable mappings without a file between its plausible bounds. */
static void
walk_blocks_stopped (struct gcg__freeze *freeze)
{
  const struct map *maps = freeze->maps.data;
  uint64_t low = 0, high = 0;

  for (uint64_t i = 0; i <= freeze->maps.n; i++)
    {
      bool usable = i < freeze->maps.n && is_usable_stopped (freeze, &maps[i]);
      if (usable && maps[i].low == high)
        {
          high = maps[i].high;
          continue;
        }
      if (low < high)
        walk_range_stopped (freeze, low, high);
      low = usable ? maps[i].low : 0;
      high = usable ? maps[i].high : 0;
    }
}

const uint64_t *
gcg__slot_tag_stopped (const struct gcg__freeze *freeze, const struct heap_block *block,
                       const struct heap_block_rest *rest, uint64_t base)
{
  void *object = (void *)(uintptr_t)base;
  const uint64_t *place = tag_place (object, block->slot_bytes);

  if (base + block->slot_bytes > rest->readable_end && block->n_slots == 1)
    return NULL;
  if (tag_valid (object, *place) && tag_fits (*place, block->slot_bytes, freeze->n_sites))
    return place;
  /* Typed objects end in their descriptor. */
  return rest->kind > GCG__KIND_ATOMIC_UNCOLLECTABLE && block->slot_bytes >= 32
                 && tag_valid (object, place[-1])
                 && tag_fits (place[-1], block->slot_bytes, freeze->n_sites)
             ? place - 1
             : NULL;
}

static void
add_object_stopped (struct gcg__freeze *freeze, const struct heap_block *block, uint32_t slot,
                    const uint64_t *tag, bool marked)
{
  uint64_t word = marked ? (uint64_t)GCG__OBJECT_MARKED << GCG__WORD_FLAG_SHIFT : 0;
  struct column *words = COLUMN (freeze, WORDS);

  if (tag)
    {
      uint64_t slack = tag_slack (tag);
      word |= (*tag & TAG_LOW_MASK) | (uint64_t)GCG__OBJECT_TAGGED << GCG__WORD_FLAG_SHIFT;
      if (slack >= GCG__SLACK_BIG)
        {
          struct gcg__big big
              = { words->n, slack <= block->slot_bytes - 8 ? slack : block->slot_bytes - 8 };
          if (big.value < GCG__SLACK_BIG)
            big.value = GCG__SLACK_BIG;
          COLUMN_PUSH (COLUMN (freeze, BIG_SLACKS), struct gcg__big, big, &freeze->error);
        }
    }
  COLUMN_PUSH (COLUMN (freeze, SLOTS), uint8_t, (uint8_t)slot, &freeze->error);
  COLUMN_PUSH (words, uint64_t, word, &freeze->error);
}

/* The objects of one block. */
static void
block_objects_stopped (struct gcg__freeze *freeze, struct heap_block *block)
{
  const struct heap_block_rest *rest = rest_of_stopped (freeze, block);
  uint64_t before = COLUMN (freeze, SLOTS)->n;
  uint32_t n = 0;

  block->first_object = (uint32_t)before;
  for (uint32_t slot = 0; slot < block->n_slots; slot++)
    {
      uint64_t base = block->address + slot * block->slot_bytes;
      if (slot % 64 == 0)
        block->rank[slot / 64] = (uint8_t)n;
      if (rest->taken[slot / 64] >> slot % 64 & 1)
        continue;
      const uint64_t *tag = gcg__slot_tag_stopped (freeze, block, rest, base);
      bool marked = gcg__heap_marked_stopped (freeze, base);
      if (!tag && !marked)
        continue;
      block->objects[slot / 64] |= UINT64_C (1) << slot % 64;
      add_object_stopped (freeze, block, slot, tag, marked);
      n++;
    }
  block->is_full = n == block->n_slots;
  if (n)
    {
      struct gcg__block out = { .address = block->address,
                                .slot_bytes = block->slot_bytes,
                                .first_object = block->first_object,
                                .kind = rest->kind };
      COLUMN_PUSH (COLUMN (freeze, BLOCKS), struct gcg__block, out, &freeze->error);
    }
}

/* Numbers the objects of all blocks, in order of address. */
static void
number_objects_stopped (struct gcg__freeze *freeze)
{
  struct heap_block *blocks = freeze->blocks.data;

  COLUMN (freeze, BLOCKS)->n = COLUMN (freeze, SLOTS)->n = 0;
  COLUMN (freeze, WORDS)->n = COLUMN (freeze, BIG_SLACKS)->n = 0;
  for (uint64_t i = 0; i < freeze->blocks.n && !freeze->error; i++)
    {
      memset (blocks[i].objects, 0, sizeof blocks[i].objects);
      block_objects_stopped (freeze, &blocks[i]);
    }
}

void
gcg__heap_objects_stopped (struct gcg__freeze *freeze)
{
  freeze->heap_low = (uintptr_t)GC_least_plausible_heap_addr;
  freeze->heap_high = (uintptr_t)GC_greatest_plausible_heap_addr;
  freeze->n_sites = gcg__site_count ();
  freeze->interior = GC_get_all_interior_pointers ();
  walk_blocks_stopped (freeze);
  if (freeze->error || !freeze->ranges.n)
    return;
  freeze->compares = gcg__trace_compares_stopped (freeze);
  gcg__heap_taken_stopped (freeze);
  number_objects_stopped (freeze);
  if (freeze->compares)
    gcg__trace_compare_stopped (freeze);
  if (COLUMN (freeze, SLOTS)->n >= UINT32_MAX)
    freeze->error = EOVERFLOW;
}

/* Is the word at AT a disappearing link that this collection clears?  Words are asked about in
   ascending order. */
static inline bool
is_cleared_link_stopped (struct gcg__freeze *freeze, uint64_t at)
{
  const struct heap_link *links = freeze->links.data;

  while (freeze->next_link < freeze->links.n && links[freeze->next_link].place < at)
    freeze->next_link++;
  return freeze->next_link < freeze->links.n && links[freeze->next_link].place == at;
}

/* Fetches the block that the word a little after AT leads to: by the time it is resolved it is
   there. The heap is read in order, what it points to is not: this is where the time goes. */
static inline void
fetch_ahead_stopped (struct gcg__freeze *freeze, uint64_t at)
{
  uint64_t ahead = at + FETCH_AHEAD_BYTES;

  if ((ahead ^ at) < HEAP_BLOCK_BYTES)
    __builtin_prefetch (block_at_stopped (freeze, *(const uint64_t *)(uintptr_t)ahead));
}

/* The edges of the object at BASE; the last word, the tag's, is left out when it has one. */
static void
object_edges_stopped (struct gcg__freeze *freeze, uint64_t object, uint64_t base, uint64_t end)
{
  struct column *targets = COLUMN (freeze, EDGE_TARGETS), *steps = COLUMN (freeze, EDGE_STEPS);
  uint64_t first = targets->n, expected = base, count;

  for (uint64_t at = base; at + 8 <= end; at += 8)
    {
      uint64_t word = *(const uint64_t *)(uintptr_t)at, step;
      uint32_t target;
      fetch_ahead_stopped (freeze, at);
      if (word < freeze->heap_low || word >= freeze->heap_high
          || !resolve_stopped (freeze, word, true, &target) || is_cleared_link_stopped (freeze, at))
        continue;
      step = (at - expected) / 8;
      expected = at + 8;
      if (step >= GCG__STEP_BIG)
        {
          struct gcg__big big = { targets->n, step };
          COLUMN_PUSH (COLUMN (freeze, BIG_STEPS), struct gcg__big, big, &freeze->error);
          step = GCG__STEP_BIG;
        }
      COLUMN_PUSH (targets, uint32_t, target, &freeze->error);
      COLUMN_PUSH (steps, uint8_t, (uint8_t)step, &freeze->error);
    }
  count = targets->n - first;
  if (count >= GCG__COUNT_BIG)
    {
      struct gcg__big big = { object, count };
      COLUMN_PUSH (COLUMN (freeze, BIG_COUNTS), struct gcg__big, big, &freeze->error);
      count = GCG__COUNT_BIG;
    }
  COLUMN_PUSH (COLUMN (freeze, EDGE_COUNTS), uint8_t, (uint8_t)count, &freeze->error);
}

void
gcg__heap_edges_stopped (struct gcg__freeze *freeze)
{
  struct gcg__block *out = COLUMN (freeze, BLOCKS)->data;
  const uint8_t *slots = COLUMN (freeze, SLOTS)->data;
  const uint64_t *words = COLUMN (freeze, WORDS)->data;
  uint64_t n = COLUMN (freeze, SLOTS)->n, block = 0;

  for (uint64_t object = 0; object < n && !freeze->error; object++)
    {
      if (block < COLUMN (freeze, BLOCKS)->n && out[block].first_object == object)
        out[block++].first_edge = COLUMN (freeze, EDGE_TARGETS)->n;
      const struct gcg__block *in = &out[block - 1];
      uint64_t base = in->address + slots[object] * in->slot_bytes, end = base + in->slot_bytes;
      if (words[object] >> GCG__WORD_FLAG_SHIFT & GCG__OBJECT_TAGGED)
        end -= 8;
      if (in->kind == GCG__KIND_ATOMIC || in->kind == GCG__KIND_ATOMIC_UNCOLLECTABLE)
        end = base;
      else if (in->slot_bytes > HEAP_BLOCK_BYTES / 2)
        {
          const struct heap_block *large = block_at_stopped (freeze, base);
          if (large && rest_of_stopped (freeze, large)->readable_end < end)
            end = rest_of_stopped (freeze, large)->readable_end;
        }
      object_edges_stopped (freeze, object, base, end);
    }
}

const uint64_t *
gcg__first_edges_stopped (struct gcg__freeze *freeze, struct column *firsts)
{
  const uint8_t *counts = COLUMN (freeze, EDGE_COUNTS)->data;
  const struct gcg__big *bigs = COLUMN (freeze, BIG_COUNTS)->data;
  uint64_t n = COLUMN (freeze, EDGE_COUNTS)->n, sum = 0, big = 0;
  uint64_t *first = column_reserve_stopped (firsts, sizeof *first, n + 1, &freeze->error);

  for (uint64_t i = 0; first && i < n; i++)
    {
      first[i] = sum;
      sum += counts[i] == GCG__COUNT_BIG ? bigs[big++].value : counts[i];
    }
  if (first)
    first[n] = sum;
  return first;
}

void
gcg__heap_fini_stopped (struct gcg__freeze *freeze)
{
  struct heap_range *ranges = freeze->ranges.data;

  for (uint64_t i = 0; i < freeze->ranges.n; i++)
    raw_unmap (ranges[i].index,
               (ranges[i].high - ranges[i].low) / HEAP_BLOCK_BYTES * sizeof *ranges[i].index);
  column_fini_stopped (&freeze->ranges);
  column_fini_stopped (&freeze->blocks);
  column_fini_stopped (&freeze->rests);
  column_fini_stopped (&freeze->links);
  column_fini_stopped (&freeze->maps);
  column_fini_stopped (&freeze->own);
}
