/* foreign.h -- other allocators in the program: every block goes back to who made it.
 *
 * Found once, when malloc is set up: which modules export malloc, in the order in which the dynamic
 * linker looks.
 *
 *   whose malloc is first   and besides                       then
 *   ours                    the C library's                   its functions lead to ours (divert.h)
 *   ours                    jemalloc, gperftools' tcmalloc    so do theirs, with all that they have
 *                                                             beside malloc: mallocx, tc_new, ...
 *   ours                    one that is not known             it is left alone: aside
 *   another's               anything                          the same
 *
 * Led to ours, there is one malloc in the program, as there would be without us: a plugin that is
 * loaded with RTLD_DEEPBIND, or who asks the C library for its malloc by dlsym, gets our blocks and
 * gives them back here.  Where the C library must not be written to, what comes here and is not
 * ours is passed on to it.
 *
 * Aside: malloc's functions here, of which the program may still call some, pass on to those that
 * it would have without us, libgc is not used, and whoever has started the program is told why
 * there will be no report.  The same where the program has a copy of libgc of its own that takes
 * our calls as well.
 */
#ifndef GCG_MALLOC_FOREIGN_H
#define GCG_MALLOC_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>

/* Finds out and diverts.  Returns whether the program's malloc is here; else we are aside. */
bool gcg__foreign_begin (void);

/* Why there is no report; NULL when not aside. */
const char *gcg__foreign_reason (void);

/* Aside: BYTES of zeroes aligned to ALIGNMENT, or NULL. */
void *gcg__foreign_new (size_t bytes, size_t alignment);

/* BLOCK is none of ours: passes it on.  False, *NEW and *BYTES unchanged, when it can be nobody's.
 */
bool gcg__foreign_free (void *block);
bool gcg__foreign_realloc (void *block, size_t bytes, void **new);
bool gcg__foreign_bytes (void *block, size_t *bytes);

#endif
