/* room.h -- arrays that grow by doubling, so that N additions cost O(N).  Host side. */
#ifndef GCG_BASE_ROOM_H
#define GCG_BASE_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Makes the array at *ITEMS, of elements of BYTES, hold one more than N; *ROOM is how many it
   holds. NULL and 0 are an empty array; the caller frees it.  ITEMS is the address of a pointer.
   false: out of memory, or of numbers; the array is as before. */
bool gcg__room_for_one (void *items, uint32_t n, uint32_t *room, size_t bytes)
    __attribute__ ((warn_unused_result));

#endif
