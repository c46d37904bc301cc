/* heap_index.h -- from a word to the object that it points to.
 *
 * A heap is given as the columns of a snapshot that describe it (BLOCKS, SLOTS, WORDS, BIG_SLACKS):
 * runs of slots of one size, of which some hold objects, numbered in the order of addresses.  What
 * has made them (a walker, a reader of an allocator's structures) is not trusted: it may have seen
 * a damaged process.
 *
 * Words lead all over a heap, so what resolving one needs of a block is one cache line, found by
 * two steps: a table of the stretches of 4 MiB that have any block (small, so it stays in the
 * cache), and for each of its pages the first block.
 *
 * An index never changes; any number of threads may ask it.
 */
#ifndef GCG_IMAGE_HEAP_INDEX_H
#define GCG_IMAGE_HEAP_INDEX_H

#include <stdbool.h>
#include <stddef.h>

#include "gcglass/error.h"
#include "snapshot/format.h"

#define GCG__HEAP_PAGE_SHIFT    12
#define GCG__HEAP_STRETCH_SHIFT 22
#define GCG__HEAP_MOST_SLOTS    256u  /* of one block */
#define GCG__HEAP_MOST_SLOT     4096u /* bytes of each of several: a larger one is alone */
#define GCG__HEAP_DISPLACEMENTS 4096u

/* Which words count as pointers. */
struct gcg__heap_rules
{
  bool interior; /* from the heap, too, pointers into objects count; from roots they always do */
  /* Where INTERIOR is false: distances from an object's start that count, a bit each; NULL: 0 only.
   */
  const uint64_t *displacements; /* [GCG__HEAP_DISPLACEMENTS / 64] */
  bool requested;   /* what stands behind the requested bytes does not count, nor do pointers more
                       than   one past them; places are noted */
  bool unaligned;   /* pointers at any address count, not at multiples of 8 alone */
  bool marked_only; /* only roots of marked objects count */
  bool read_only;   /* root areas that may not be written count, too */
  /* Words that are no pointers whatever they hold (disappearing links): ascending addresses. */
  const uint64_t *cleared;
  size_t n_cleared;
};

/* All borrowed as long as the index lives. */
struct gcg__heap_columns
{
  const struct gcg__block *blocks; /* ascending, not overlapping; first_edge is not used */
  size_t n_blocks;
  const uint8_t *slots;  /* of each object: ascending within its block */
  const uint64_t *words; /* of each object */
  size_t n_objects;
  const struct gcg__big *big_slacks; /* ascending by object */
  size_t n_big_slacks;
  const uint64_t *readable_ends; /* of each block: what lies behind is not read; NULL: all is */
};

/* What resolving a word needs of a block. */
struct gcg__heap_block
{
  uint64_t address, slot_bytes;
  uint32_t inverse; /* 2^32 / slot_bytes, rounded up: offset / slot_bytes by multiplication */
  uint32_t first_object;
  uint16_t n_slots;    /* one more than the last that holds an object */
  bool is_full;        /* every slot holds one */
  uint8_t rank[4];     /* objects before each 64 slots */
  uint64_t objects[4]; /* bit for each slot that holds one */
};
_Static_assert(sizeof (struct gcg__heap_block) == 64, "a block is a cache line");

/* The pages of one stretch: for each the index of the first block that covers a part of it, plus 1;
   0: none does.  SEVERAL: others do, too.  A stretch within one large block needs no table. */
#define GCG__HEAP_SEVERAL (UINT32_C (1) << 31)
struct gcg__heap_stretch
{
  uint64_t number; /* address >> GCG__HEAP_STRETCH_SHIFT */
  uint32_t *first; /* NULL: there is no table */
  uint32_t whole;  /* then the only block's index plus 1; 0: this place is free */
};

struct gcg__heap_index
{
  struct gcg__heap_columns columns;
  struct gcg__heap_rules rules;
  uint64_t low, high; /* of all blocks */
  struct gcg__heap_block *blocks;
  struct gcg__heap_stretch *stretches; /* open addressing by number, linear */
  unsigned stretch_shift;              /* 64 - log2 of their number */
  uint32_t *pages;                     /* what the stretches point to */
};

/* The object that a word points to, and where in it. */
struct gcg__heap_hit
{
  uint32_t object;
  uint8_t place; /* GCG__PLACE_..., with rules.requested; else START */
};

/* Makes an index of COLUMNS with RULES, on up to N_THREADS threads (0: all processors).  The caller
   frees *INDEX by gcg__heap_index_free.  Errors: GCG_NO_MEMORY; GCG_CORRUPT: the columns contradict
   one another or themselves; the text says where. */
enum gcg_status gcg__heap_index_new (const struct gcg__heap_columns *columns,
                                     const struct gcg__heap_rules *rules, unsigned n_threads,
                                     struct gcg__heap_index **index, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* NULL is harmless. */
void gcg__heap_index_free (struct gcg__heap_index *index);

/* Bytes that were asked for of OBJECT, which has a slot of SLOT_BYTES. */
uint64_t gcg__heap_requested (const struct gcg__heap_index *index, uint32_t object,
                              uint64_t slot_bytes);

/* The last block of the page whose entry is FIRST that begins at or below ADDRESS. */
const struct gcg__heap_block *gcg__heap_block_among (const struct gcg__heap_index *index,
                                                     uint32_t first, uint64_t address);

/* Where a slot ends that holds ADDRESS, whether it holds an object or not; 0 when none does.  NEXT:
   where the first block above begins, UINT64_MAX: none does. */
uint64_t gcg__heap_slot_end (const struct gcg__heap_index *index, uint64_t address, uint64_t *next);

/* The block that may hold ADDRESS, or NULL. */
static inline const struct gcg__heap_block *
gcg__heap_block_at (const struct gcg__heap_index *index, uint64_t address)
{
  const struct gcg__heap_stretch *stretch;
  uint64_t number = address >> GCG__HEAP_STRETCH_SHIFT, at;
  uint32_t first;

  if (address - index->low >= index->high - index->low)
    return NULL;
  at = number * UINT64_C (0x9E3779B97F4A7C15) >> index->stretch_shift;
  for (;; at = (at + 1) & ((UINT64_C (1) << (64 - index->stretch_shift)) - 1))
    {
      stretch = &index->stretches[at];
      if (stretch->number == number && stretch->whole)
        return &index->blocks[stretch->whole - 1];
      if (!stretch->first && !stretch->whole)
        return NULL;
      if (stretch->number == number)
        break;
    }
  first = stretch->first[address >> GCG__HEAP_PAGE_SHIFT
                         & ((1u << (GCG__HEAP_STRETCH_SHIFT - GCG__HEAP_PAGE_SHIFT)) - 1)];
  if (!first)
    return NULL;
  if (__builtin_expect (first & GCG__HEAP_SEVERAL, 0))
    return gcg__heap_block_among (index, first, address);
  return &index->blocks[first - 1];
}

/* Does WORD, which leads to BLOCK (gcg__heap_block_at), point to an object?  As below. */
static inline __attribute__ ((always_inline)) bool
gcg__heap_resolve_in (const struct gcg__heap_index *index, const struct gcg__heap_block *block,
                      uint64_t word, bool from_heap, struct gcg__heap_hit *hit)
{
  uint64_t offset = word - block->address, distance;
  uint32_t slot = 0;

  if (word < block->address)
    return false;
  if (block->n_slots == 1)
    {
      if (offset >= block->slot_bytes)
        return false;
    }
  else
    {
      if (offset >= GCG__HEAP_MOST_SLOTS * GCG__HEAP_MOST_SLOT)
        return false;
      slot = (uint32_t)(offset * block->inverse >> 32);
      if (slot >= block->n_slots)
        return false;
    }
  distance = offset - slot * block->slot_bytes;
  if (!(block->objects[slot / 64] >> slot % 64 & 1))
    return false;
  if (from_heap && !index->rules.interior && distance
      && (!index->rules.displacements || distance >= GCG__HEAP_DISPLACEMENTS
          || !(index->rules.displacements[distance / 64] >> distance % 64 & 1)))
    return false;
  hit->object
      = block->first_object
        + (block->is_full ? slot
                          : block->rank[slot / 64]
                                + (uint32_t)__builtin_popcountll (
                                    block->objects[slot / 64] & ((UINT64_C (1) << slot % 64) - 1)));
  hit->place = GCG__PLACE_START;
  if (index->rules.requested && distance)
    {
      uint64_t requested = gcg__heap_requested (index, hit->object, block->slot_bytes);
      if (distance > requested)
        return false;
      hit->place = distance < requested ? GCG__PLACE_INSIDE : GCG__PLACE_PAST;
    }
  return true;
}

/* Does WORD, found in the heap (FROM_HEAP) or in a root area, point to an object?  HIT: which. */
static inline bool
gcg__heap_resolve (const struct gcg__heap_index *index, uint64_t word, bool from_heap,
                   struct gcg__heap_hit *hit)
{
  const struct gcg__heap_block *block = gcg__heap_block_at (index, word);

  return block && gcg__heap_resolve_in (index, block, word, from_heap, hit);
}

#endif
