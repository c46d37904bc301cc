/* random_heap.h -- heaps made by chance for tests of lib/image, and the slow, obvious way to find
 * their pointers.
 *
 * A heap has blocks of small slots, some of them empty, large objects, and blocks of one odd object
 * each that share a page; its words are pointers to starts, insides and ends, near misses, and
 * noise. Everything follows from the seed.
 */
#ifndef TESTS_IMAGE_RANDOM_HEAP_H
#define TESTS_IMAGE_RANDOM_HEAP_H

#include "image/edges.h"
#include "image/roots.h"

struct random_heap
{
  struct gcg__heap_columns columns;
  struct gcg__heap_rules rules;
  struct gcg__memory_buffers memory; /* of the heap, and of the root areas */
  struct gcg__vmas vmas;             /* contents to be taken; some pages may not be read */
  struct gcg__root_area *areas;
  size_t n_areas;
  void *owned[16];
  size_t n_owned;
};

/* MOST_LARGE: bytes of the largest object, about. */
void random_heap_make (struct random_heap *heap, uint64_t seed, size_t n_blocks,
                       uint64_t most_large);
void random_heap_free (struct random_heap *heap);

/* What gcg__edges_find and gcg__roots_find are to find.  Linear in objects times words. */
void oracle_edges (const struct random_heap *heap, struct gcg__edges *edges);
void oracle_roots (const struct random_heap *heap, struct gcg__roots *roots);

/* Compare; on a difference print it and return false. */
bool same_edges (const struct random_heap *heap, const struct gcg__edges *a,
                 const struct gcg__edges *b);
bool same_roots (const struct gcg__roots *a, const struct gcg__roots *b);

#endif
