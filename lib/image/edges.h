/* edges.h -- the pointers from objects to objects: columns EDGE_... of a snapshot.
 *
 * Every word of every object is looked up; on all processors.  The result does not depend on how
 * many there are.
 */
#ifndef GCG_IMAGE_EDGES_H
#define GCG_IMAGE_EDGES_H

#include "image/heap_index.h"
#include "image/image.h"

struct gcg__edges
{
  uint64_t *first_edges; /* [n_blocks]: of the first object of each block */
  uint8_t *counts;       /* [n_objects], GCG__COUNT_BIG: see big_counts */
  uint32_t *targets;     /* [n] */
  uint8_t *steps;        /* [n], GCG__STEP_BIG: see big_steps */
  uint8_t *places;       /* [n] with rules.requested, else NULL */
  size_t n;
  struct gcg__big *big_counts, *big_steps;
  size_t n_big_counts, n_big_steps;
};

/* Finds the edges of INDEX's heap in IMAGE, loaded or not, on up to N_THREADS threads (0: all
   processors).  Atomic objects have none, nor have words that the program may not read or that are
   not there.  The caller frees EDGES's contents by gcg__edges_fini.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__edges_find (const struct gcg__memory_image *image,
                                 const struct gcg__heap_index *index, unsigned n_threads,
                                 struct gcg__edges *edges, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Harmless on zeroed ones. */
void gcg__edges_fini (struct gcg__edges *edges);

#endif
