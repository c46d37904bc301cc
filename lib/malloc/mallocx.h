/* mallocx.h -- jemalloc's non-standard functions, in terms of malloc's here.
 *
 * What a program that is linked with jemalloc's library asks of them comes here (foreign.h), so
 * that their blocks and malloc's are of one kind, as they are with jemalloc.
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
