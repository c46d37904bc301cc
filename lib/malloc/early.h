/* early.h -- bootstrap allocator, used by the dynamic linker and our own start-up code before
 * malloc is ready.
 *
 * Never freed: it is little, and most of it lives as long as the process.  What lies here is a root
 * area.
 */
#ifndef GCG_EARLY_H
#define GCG_EARLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* BYTES of zeroed memory aligned to ALIGNMENT (a power of 2), or NULL.  Any thread. */
void *gcg__early_new (size_t bytes, size_t alignment);

/* Returns whether BLOCK is from here, and how large it is. */
bool gcg__early_has (const void *block);
size_t gcg__early_bytes (const void *block);

/* Address of the range of memory that has been handed out (agent_root.h). */
uint64_t gcg__early_table (void);

#endif
