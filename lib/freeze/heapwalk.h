/* heapwalk.h -- the collector's heap: blocks, objects, edges.
 *
 * The heap is walked block by block (4,096 bytes) through GC_base and GC_get_kind_and_size; no
 * internals of libgc are needed.  An object is a slot that carries a valid tag, or one that the
 * collector has marked and that is on no free list.
 *
 * Slots that only look like objects are recognised first (heaptaken.c).
 */
#ifndef GCG_HEAPWALK_H
#define GCG_HEAPWALK_H

#include "freeze.h"

#define HEAP_BLOCK_BYTES 4096u
#define HEAP_MOST_SLOTS  (HEAP_BLOCK_BYTES / 16)

/* A block of small slots, or one large object: what resolving a pointer needs, in one cache line,
   because pointers lead all over the heap. */
struct heap_block
{
  uint64_t address, slot_bytes;
  uint32_t inverse; /* 2^32 / slot_bytes, rounded up: offset / slot_bytes by multiplication */
  uint32_t first_object;
  uint16_t n_slots;
  bool is_full;        /* every slot holds an object */
  uint8_t rank[4];     /* objects before each 64 slots */
  uint64_t objects[4]; /* bit for each slot that holds one */
};
_Static_assert(sizeof (struct heap_block) == 64, "a block is a cache line");

/* The rest of it, in a column of the same length. */
struct heap_block_rest
{
  uint64_t readable_end; /* of a large object: what may be read of it */
  uint64_t taken[4];     /* bit for each slot that is no object: heaptaken.c */
  uint64_t reached[4];   /* bit for each slot that our own trace has reached: trace.c */
  uint32_t kind;
};

/* A disappearing link, by its place: before finalizers are looked at, the collector clears it when
   it has not marked the object, so it is no edge then. */
struct heap_link
{
  uint64_t place;
  uint64_t object; /* address */
};

/* A stretch of heap without gaps: for each 4,096 bytes the index of its block plus 1, 0 = none. */
struct heap_range
{
  uint64_t low, high;
  uint32_t *index;
};

/* Fills FREEZE->blocks, ->ranges and the columns BLOCKS, SLOTS, WORDS, BIG_SLACKS. */
void gcg__heap_objects_stopped (struct gcg__freeze *freeze);

/* Fills EDGE_COUNTS, EDGE_TARGETS, EDGE_STEPS, BIG_COUNTS, BIG_STEPS and the blocks' first edges.
 */
void gcg__heap_edges_stopped (struct gcg__freeze *freeze);

/* Number of the first edge of each object, and of all after the last: [n + 1], in FIRSTS.  NULL: no
   memory. */
const uint64_t *gcg__first_edges_stopped (struct gcg__freeze *freeze, struct column *firsts);

/* The object that WORD points to as the collector sees it, FROM_HEAP (where interior pointers may
   not count) or from a root; false when it is none. */
bool gcg__heap_resolve_stopped (struct gcg__freeze *freeze, uint64_t word, bool from_heap,
                                uint32_t *object);

/* Notes the slots that are on a free list or hold the collector's own data, and the disappearing
   links that the latter reports, sorted (heaptaken.c).  In a copy made from outside also those that
   are dead and not swept, and what is alive. */
void gcg__heap_taken_stopped (struct gcg__freeze *freeze);

/* Is the object at BASE, or was it at the end of the last collection's marking, alive? */
bool gcg__heap_marked_stopped (struct gcg__freeze *freeze, uint64_t base);

/* In a copy made from outside: does libgc know the thread with thread pointer POINTER? */
bool gcg__heap_has_thread_stopped (struct gcg__freeze *freeze, uint64_t pointer);

/* Where libgc takes that thread's stack to end, which is in [LOW, HIGH]; 0: it does not say. */
uint64_t gcg__heap_stack_end_stopped (struct gcg__freeze *freeze, uint64_t pointer, uint64_t low,
                                      uint64_t high);

/* The tag of the slot of BLOCK at BASE, or NULL. */
const uint64_t *gcg__slot_tag_stopped (const struct gcg__freeze *freeze,
                                       const struct heap_block *block,
                                       const struct heap_block_rest *rest, uint64_t base);

void gcg__heap_fini_stopped (struct gcg__freeze *freeze);

static inline struct heap_block *
block_at_stopped (struct gcg__freeze *freeze, uint64_t address)
{
  struct heap_range *ranges = freeze->ranges.data;
  struct heap_range *range;

  if (address < freeze->heap_low || address >= freeze->heap_high || freeze->ranges.n == 0)
    return NULL;
  range = &ranges[freeze->last_range];
  if (address < range->low || address >= range->high)
    {
      uint64_t low = 0, high = freeze->ranges.n;
      while (low < high)
        {
          uint64_t middle = (low + high) / 2;
          if (ranges[middle].high <= address)
            low = middle + 1;
          else
            high = middle;
        }
      if (low == freeze->ranges.n || address < ranges[low].low)
        return NULL;
      freeze->last_range = (uint32_t)low;
      range = &ranges[low];
    }
  uint32_t index = range->index[(address - range->low) / HEAP_BLOCK_BYTES];
  return index ? (struct heap_block *)freeze->blocks.data + index - 1 : NULL;
}

static inline struct heap_block_rest *
rest_of_stopped (struct gcg__freeze *freeze, const struct heap_block *block)
{
  return (struct heap_block_rest *)freeze->rests.data
         + (block - (const struct heap_block *)freeze->blocks.data);
}

/* Slot of BLOCK that ADDRESS lies in, and its distance from the slot's start; false beyond. */
static inline bool
slot_at_stopped (const struct heap_block *block, uint64_t address, uint32_t *slot,
                 uint64_t *distance)
{
  uint64_t offset = address - block->address;

  if (block->n_slots == 1)
    {
      *slot = 0;
      *distance = offset;
      return offset < block->slot_bytes;
    }
  *slot = (uint32_t)(offset * block->inverse >> 32);
  *distance = offset - *slot * block->slot_bytes;
  return *slot < block->n_slots;
}

#endif
