/* sort.h -- sorting ids by 64-bit keys. */
#ifndef GCG_ANALYSIS_SORT_H
#define GCG_ANALYSIS_SORT_H

#include <stdint.h>

/* Sorts the N ids by KEYS[id], biggest first, equal ones staying in their order.  SPARE has room
   for N ids as well.  O(n) for each 11-bit digit in which keys differ. */
void gcg__sort_descending (uint32_t *ids, uint32_t n, const uint64_t *keys, uint32_t *spare);

/* Sorts 0 ... N - 1 by MAJOR[i], then MINOR[i], biggest first, then i, smallest first: RANK[i] is
   i's place.  ORDER and SPARE have room for N. */
void gcg__sort_rank (uint32_t n, const uint64_t *major, const uint64_t *minor, uint32_t *rank,
                     uint32_t *order, uint32_t *spare);

#endif
