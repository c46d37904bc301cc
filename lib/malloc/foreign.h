/* foreign.h -- other allocators in the program: every block is freed by the allocator that made it.
 *
 * Determined once, when malloc is set up: which modules export malloc, in the search order of the
 * dynamic linker.
 *
 *   whose malloc is first   and besides                       then
 *   ours                    the C library's                   its functions lead to ours (divert.h)
 *   ours                    jemalloc, gperftools' tcmalloc    so do theirs, with all that they have
 *                                                             beside malloc: mallocx, tc_new, ...
 *   ours                    one that is not known             it is left alone: aside
 *   another's               anything                          the same
 *
 * With the others diverted, the program has one malloc, as it would without the agent: a plugin
 * loaded with RTLD_DEEPBIND, or a caller that looks up the C library's malloc by dlsym, gets our
 * blocks and frees them here.  If the C library cannot be made writable, blocks that are not ours
 * are passed on to it.
 *
 * Aside: our malloc functions, some of which the program may still call, pass calls on to those
 * that it would use without the agent; libgc is not used, and gcglass reports why there will be no
 * report.  The same applies if the program contains a copy of libgc that takes our calls.
 */
#ifndef GCG_MALLOC_FOREIGN_H
#define GCG_MALLOC_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>

/* Examines the modules and diverts functions.  Returns true if the program's malloc is ours; else
   we stand aside. */
bool gcg__foreign_begin (void);

/* Returns the reason for standing aside; NULL: not aside. */
const char *gcg__foreign_reason (void);

/* When aside: returns BYTES of zeroes aligned to ALIGNMENT, or NULL. */
void *gcg__foreign_new (size_t bytes, size_t alignment);

/* Passes BLOCK, which is not ours, on to its allocator.  False, with *NEW and *BYTES unchanged, if
   no allocator can have made it. */
bool gcg__foreign_free (void *block);
bool gcg__foreign_realloc (void *block, size_t bytes, void **new);
bool gcg__foreign_bytes (void *block, size_t *bytes);

#endif
