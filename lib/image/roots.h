/* roots.h -- the pointers from root areas to objects: columns REGIONS, ROOTS and ROOT_PLACES of a
 * snapshot.
 *
 * Areas are given; each becomes a region for each mapping that it is in.  On all processors; the
 * result does not depend on how many there are.
 */
#ifndef GCG_IMAGE_ROOTS_H
#define GCG_IMAGE_ROOTS_H

#include "image/heap_index.h"
#include "image/image.h"

struct gcg__root_area
{
  uint32_t kind, index; /* of struct gcg__region */
  uint64_t low, high;
  /* Words that are in no memory (registers), numbered from LOW on up to HIGH, or, with STEP, with
     addresses so many bytes apart; NULL: the memory from LOW to HIGH. */
  const uint64_t *values;
  uint32_t step; /* 0: 1 */
};

struct gcg__roots
{
  struct gcg__region *regions; /* in the order of the areas */
  size_t n_regions;
  struct gcg__root *roots; /* by region, then by address */
  uint8_t *places;         /* [n] with rules.requested, else NULL */
  size_t n;
};

/* Finds the roots of INDEX's heap in AREAS[N] of IMAGE, on up to N_THREADS threads (0: all
   processors).  Memory that is not mapped, may not be read, or (without rules.read_only) written,
   is left out.  The caller frees ROOTS's contents by gcg__roots_fini.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__roots_find (const struct gcg__memory_image *image,
                                 const struct gcg__heap_index *index,
                                 const struct gcg__root_area *areas, size_t n, unsigned n_threads,
                                 struct gcg__roots *roots, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Harmless on zeroed ones. */
void gcg__roots_fini (struct gcg__roots *roots);

#endif
