/* heapwalk.h -- the collector's heap: blocks, objects, edges.
 *
 * The heap is walked block by block (4,096 bytes) through GC_base and GC_get_kind_and_size; no
 * internals of libgc are needed.  An object is a slot that carries a valid tag, or one that the
 * collector has marked and that is on no free list.
 *
 * Free slots: libgc exports the heads of its global free lists; each thread has lists of its own,
 * of up to 24 granules, in arrays that are found by their shape (gc_tiny_fl.h gives it): 25 words
 * for each kind, each a small count or a free slot of just that many granules, followed by a word
 * of all ones.  The slots of thread lists are marked by the collector and must not be taken for
 * objects; those of pointer-free kinds still carry the tag of the object that died there.
 */
#ifndef GCG_HEAPWALK_H
#define GCG_HEAPWALK_H

#include "freeze.h"

#define HEAP_BLOCK_BYTES 4096u
#define HEAP_MOST_SLOTS (HEAP_BLOCK_BYTES / 16)

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
_Static_assert (sizeof (struct heap_block) == 64, "a block is a cache line");

/* The rest of it, in a column of the same length. */
struct heap_block_rest
{
  uint64_t readable_end; /* of a large object: what may be read of it */
  uint64_t free[4];      /* bit for each slot on a free list */
  uint32_t kind;
};

/* A stretch of heap without gaps: for each 4,096 bytes the index of its block plus 1, 0 = none. */
struct heap_range
{
  uint64_t low, high;
  uint32_t *index;
};

/* Fills FREEZE->blocks, ->ranges and the columns BLOCKS, SLOTS, WORDS, BIG_SLACKS. */
void gcg__heap_objects_stopped (struct gcg__freeze *freeze);

/* Fills EDGE_COUNTS, EDGE_TARGETS, EDGE_STEPS, BIG_COUNTS, BIG_STEPS and the blocks' first edges. */
void gcg__heap_edges_stopped (struct gcg__freeze *freeze);

/* The object that WORD points to as the collector sees it, FROM_HEAP (where interior pointers may
   not count) or from a root; false when it is none. */
bool gcg__heap_resolve_stopped (struct gcg__freeze *freeze, uint64_t word, bool from_heap,
                                uint32_t *object);

void gcg__heap_fini_stopped (struct gcg__freeze *freeze);

#endif
