/* holders.c -- see holders.h.
 *
 * Two searches over blocks, breadth first: one from what is in use (root areas, memory of threads,
 * marked objects), then one from garbage.  A pointer to any place in a block counts, because
 * interior pointers are common in malloc'd memory.  Runs in the frozen child; the queue is a column
 * of block numbers.
 */
#include "holders.h"

#include "heapwalk.h"
#include "maps.h"
#include "tls.h"

struct search
{
  struct gcg__freeze *freeze;
  struct malloced *blocks;
  uint64_t n, low, high; /* bounds of all blocks */
  struct column queue;   /* uint32_t: blocks whose words are to be looked at */
  bool from_garbage;
};

/* The block that WORD points into, or NULL. */
static struct malloced *
block_of_stopped (const struct search *search, uint64_t word)
{
  uint64_t low = 0, high = search->n;

  while (low < high)
    {
      uint64_t middle = (low + high) / 2;
      if (search->blocks[middle].high <= word)
        low = middle + 1;
      else
        high = middle;
    }
  /* The bins of malloc point to the headers of free chunks, whose first word is the block's last.
   */
  return low < search->n && search->blocks[low].low <= word && word != search->blocks[low].high - 8
             ? &search->blocks[low]
             : NULL;
}

static void
reach_stopped (struct search *search, uint64_t word)
{
  struct malloced *block = block_of_stopped (search, word);
  bool *reached;

  if (!block || block->is_held)
    return;
  reached = search->from_garbage ? &block->is_of_garbage : &block->is_held;
  if (*reached)
    return;
  *reached = true;
  COLUMN_PUSH (&search->queue, uint32_t, (uint32_t)(block - search->blocks),
               &search->freeze->error);
}

/* The words of [LOW, HIGH). */
static void
words_stopped (struct search *search, uint64_t low, uint64_t high)
{
  for (uint64_t at = (low + 7) & ~UINT64_C (7); at + 8 <= high; at += 8)
    {
      uint64_t word = *(const uint64_t *)(uintptr_t)at;
      if (word - search->low < search->high - search->low)
        reach_stopped (search, word);
    }
}

/* What those on the QUEUE lead to is as they are. */
static void
spread_stopped (struct search *search)
{
  for (uint64_t i = 0; i < search->queue.n && !search->freeze->error; i++)
    {
      const struct malloced *block = &search->blocks[((const uint32_t *)search->queue.data)[i]];
      words_stopped (search, block->low, block->high);
    }
  search->queue.n = 0;
}

/* The words of objects that are marked, or of those that are not, as the search asks for. */
static void
objects_stopped (struct search *search)
{
  struct gcg__freeze *freeze = search->freeze;
  const struct gcg__block *blocks = COLUMN (freeze, BLOCKS)->data;
  const uint8_t *slots = COLUMN (freeze, SLOTS)->data;
  const uint64_t *words = COLUMN (freeze, WORDS)->data;
  uint64_t n_objects = COLUMN (freeze, SLOTS)->n, n_blocks = COLUMN (freeze, BLOCKS)->n;

  for (uint64_t b = 0; b < n_blocks; b++)
    {
      const struct gcg__block *block = &blocks[b];
      uint64_t end = b + 1 < n_blocks ? block[1].first_object : n_objects;
      const struct heap_block *large = NULL;
      if (block->kind == GCG__KIND_ATOMIC || block->kind == GCG__KIND_ATOMIC_UNCOLLECTABLE)
        continue;
      if (block->slot_bytes > HEAP_BLOCK_BYTES / 2)
        large = block_at_stopped (freeze, block->address);
      for (uint64_t object = block->first_object; object < end; object++)
        {
          uint64_t low = block->address + slots[object] * block->slot_bytes;
          uint64_t high = low + block->slot_bytes;
          bool marked = words[object] >> GCG__WORD_FLAG_SHIFT & GCG__OBJECT_MARKED;
          if (marked == search->from_garbage)
            continue;
          if (large && rest_of_stopped (freeze, large)->readable_end < high)
            high = rest_of_stopped (freeze, large)->readable_end;
          words_stopped (search, low, high);
        }
    }
}

/* Root areas, and what else threads have. */
static void
roots_stopped (struct search *search, const struct column *areas)
{
  struct gcg__freeze *freeze = search->freeze;
  const struct gcg__region *regions = COLUMN (freeze, REGIONS)->data;
  const struct gcg__thread *threads = COLUMN (freeze, THREADS)->data;
  const struct area *area = areas->data;

  for (uint64_t i = 0; i < COLUMN (freeze, REGIONS)->n; i++)
    if (regions[i].kind != GCG__REGION_REGISTERS)
      words_stopped (search, regions[i].low, regions[i].high);
  for (uint64_t i = 0; i < COLUMN (freeze, THREADS)->n; i++)
    for (unsigned k = 0; k < sizeof threads[i].registers / sizeof *threads[i].registers; k++)
      reach_stopped (search, threads[i].registers[k]);
  for (uint64_t i = 0; i < areas->n; i++)
    words_stopped (search, area[i].low, area[i].high);
}

void
gcg__holders_stopped (struct gcg__freeze *freeze, struct column *blocks, const struct column *areas)
{
  struct search search = { .freeze = freeze, .blocks = blocks->data, .n = blocks->n };

  if (!blocks->n)
    return;
  search.low = search.blocks[0].low;
  search.high = search.blocks[search.n - 1].high;
  roots_stopped (&search, areas);
  objects_stopped (&search);
  spread_stopped (&search);
  search.from_garbage = true;
  objects_stopped (&search);
  spread_stopped (&search);
  column_fini_stopped (&search.queue);
}
