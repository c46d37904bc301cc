/* entries.h -- malloc(3) as it is here, by names that no other module can take.
 *
 * malloc by its own name is, inside this library too, whichever the dynamic linker has bound it to,
 * and its address may be that of a jump in the program.  malloc.c defines these.
 */
#ifndef GCG_MALLOC_ENTRIES_H
#define GCG_MALLOC_ENTRIES_H

#include <malloc.h>
#include <stdlib.h>

#define GCG__ENTRIES(XX)                                                                           \
  XX (malloc)                                                                                      \
  XX (free)                                                                                        \
  XX (calloc)                                                                                      \
  XX (realloc)                                                                                     \
  XX (reallocarray)                                                                                \
  XX (memalign)                                                                                    \
  XX (aligned_alloc)                                                                               \
  XX (posix_memalign)                                                                              \
  XX (valloc)                                                                                      \
  XX (pvalloc)                                                                                     \
  XX (malloc_usable_size)

#define GCG__ENTRY(name)                                                                           \
  extern __typeof__ (name) gcg__entry_##name __attribute__ ((visibility ("hidden")));
GCG__ENTRIES (GCG__ENTRY)
#undef GCG__ENTRY

#endif
