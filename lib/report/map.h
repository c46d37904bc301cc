/* map.h -- 64-bit hashes to 32-bit numbers. */
#ifndef GCG_REPORT_MAP_H
#define GCG_REPORT_MAP_H

#include <stdint.h>

/* All zero: empty. */
struct gcg__map
{
  uint64_t *keys; /* [size] 0: free */
  uint32_t *values;
  uint32_t n, size; /* a power of two, or 0 */
};

void gcg__map_fini (struct gcg__map *map);

/* The value of KEY, UINT32_MAX when it is new; borrowed until the next call.  NULL: out of memory.
 */
uint32_t *gcg__map_at (struct gcg__map *map, uint64_t key);

/* VALUE mixed into HASH; begin with any number. */
uint64_t gcg__map_mix (uint64_t hash, uint64_t value);
/* The hash of TEXT. */
uint64_t gcg__map_text (const char *text);

#endif
