/* stack.h -- call stacks for allocation sites of unmodified programs.
 *
 * unw_backtrace of libunwind when it is installed (about 0.1 us for 16 frames), opened with
 * RTLD_LOCAL: linked or preloaded it would replace glibc's backtrace and libgcc's unwinder and make
 * C++ exceptions thirty times slower.  Otherwise glibc's backtrace (2 to 3 us).  Both may be in the
 * middle of their work when the collector stops the thread: libunwind blocks signals while it holds
 * a lock, glibc's takes none (_dl_find_object).
 */
#ifndef GCG_STACK_H
#define GCG_STACK_H

#include <stdint.h>

/* Finds the unwinder, once; DEPTH is the number of frames wanted, 0 = return address only.  Called
   when the program has turned out to use the collector. */
void gcg__stack_init (unsigned depth);

/* Id of the site of the call whose return address is CALLER, in the program. */
uint32_t gcg__stack_site (void *caller);

#endif
