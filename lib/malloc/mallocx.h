/* mallocx.h -- jemalloc's non-standard functions, in terms of malloc's here.
 *
 * Calls of a program that is linked with jemalloc's library are diverted here (foreign.h), so that
 * their blocks and malloc's can be mixed, as with jemalloc.
 */
#ifndef GCG_MALLOC_MALLOCX_H
#define GCG_MALLOC_MALLOCX_H

#include <stddef.h>

void *gcg__mallocx (size_t bytes, int flags);
void *gcg__rallocx (void *block, size_t bytes, int flags);
size_t gcg__xallocx (void *block, size_t bytes, size_t extra, int flags);
size_t gcg__sallocx (const void *block, int flags);
void gcg__dallocx (void *block, int flags);
void gcg__sdallocx (void *block, size_t bytes, int flags);
size_t gcg__nallocx (size_t bytes, int flags);

#endif
