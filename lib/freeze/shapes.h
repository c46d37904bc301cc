/* shapes.h -- recognises what the collector keeps in its own heap by its shape.
 *
 * libgc's threads, its tables of finalizers and disappearing links and their entries are objects of
 * its heap like the program's, and marked.  Each begins with what nothing else does: the
 * complemented address of an object beside its size, or beside the complemented address of a link;
 * 25 words for each kind that are a small count or a free slot of just that many granules, followed
 * by a word of all ones (gc_tiny_fl.h).  Objects that carry a tag are never asked about.
 *
 * Two walks ask: the frozen one, which knows blocks by its own index, and that of samples, which
 * asks libgc; so each says how slots are found.
 */
#ifndef GCG_SHAPES_H
#define GCG_SHAPES_H

#include <stdbool.h>
#include <stdint.h>

#define SHAPE_TINY_GRANULES 24u
#define SHAPE_LIST_WORDS    (SHAPE_TINY_GRANULES + 1)
#define SHAPE_LEAST_WORDS   4u /* of a disappearing link */
#define SHAPE_MOST_WORDS    8u /* of an entry */

/* The size of the slot that begins at ADDRESS, 0 when none does. */
typedef uint64_t (*shape_slot) (void *heap, uint64_t address);

/* An entry of the table of finalizers: ~object next function data object's-size procedure.  One
   whose turn has come holds the object's address itself. */
static inline bool
shape_is_finalizer (const uint64_t *words, uint64_t n, shape_slot slot, void *heap)
{
  uint64_t size;

  if (n < 6 || n > SHAPE_MOST_WORDS || !words[2] || !words[4] || !words[5])
    return false;
  size = slot (heap, ~words[0]);
  return (size ? size : slot (heap, words[0])) == words[4];
}

/* An entry of a table of disappearing links: ~place next ~object. */
static inline bool
shape_is_link (const uint64_t *words, uint64_t n, shape_slot slot, void *heap)
{
  return n >= SHAPE_LEAST_WORDS && n <= SHAPE_MOST_WORDS && ~words[0] < UINT64_C (1) << 56
         && slot (heap, ~words[2]);
}

/* A weak toggle reference: ~object. */
static inline bool
is_weak_toggle (uint64_t word)
{
  return word & 1;
}

/* At PLACE libgc's array of toggle references, how many there are, for how many there is room; the
   array is a slot of SLOT_BYTES. */
static inline bool
shape_is_toggles (const uint64_t place[3], uint64_t slot_bytes, shape_slot slot, void *heap)
{
  const uint64_t *words = (const uint64_t *)(uintptr_t)place[0];

  if (place[2] < 32 || (place[2] & (place[2] - 1)) || place[2] > slot_bytes / 8
      || place[1] > place[2])
    return false;
  for (uint64_t i = 0; i < place[1]; i++)
    if (words[i] && !slot (heap, is_weak_toggle (words[i]) ? ~words[i] : words[i]))
      return false;
  return true;
}

/* A thread's list heads for one kind: 25 words. */
static inline bool
shape_is_lists (const uint64_t *words, shape_slot slot, void *heap)
{
  for (uint32_t granules = 0; granules <= SHAPE_TINY_GRANULES; granules++)
    if (words[granules] >= 4096 && slot (heap, words[granules]) != (granules ? granules : 1) * 16)
      return false;
  return true;
}

#endif
