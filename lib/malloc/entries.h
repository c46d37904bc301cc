/* entries.h -- our malloc functions under private names, which no other module can interpose.
 *
 * The name malloc is bound by the dynamic linker, inside this library too, and its address may be
 * that of a PLT entry of the program.  malloc.c defines these.
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
