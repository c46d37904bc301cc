/* allocate.h -- malloc as the other files of this folder need it. */
#ifndef GCG_ALLOCATE_H
#define GCG_ALLOCATE_H

#include <stdbool.h>
#include <stddef.h>

/* Sets up the collector and the agent when it is time; may a block be made? */
bool gcg__malloc_begin (void);

/* Call stacks have DEPTH frames (at least 1) from now on. */
void gcg__malloc_set_depth (unsigned depth);

/* malloc for a function that the program called with KEY and that returns to CALLER; errno is set
   when there is no memory. */
void *gcg__allocate (size_t bytes, size_t key, void *caller);

/* memalign and realloc for a function that returns to CALLER. */
void *gcg__allocate_aligned (size_t bytes, size_t alignment, void *caller);
void *gcg__reallocate (void *old, size_t bytes, void *caller);

#endif
