/* unwinder.h -- libunwind, for stacks that our own unwinder cannot take (stack.h).
 *
 * unw_backtrace of libunwind when it is installed (about 0.1 us for 16 frames), opened with
 * RTLD_LOCAL: linked or preloaded it would replace glibc's backtrace and libgcc's unwinder and make
 * C++ exceptions thirty times slower.  Otherwise glibc's backtrace (2 to 3 us).  Both may be in the
 * middle of their work when the collector stops the thread: libunwind blocks signals while it holds
 * a lock, glibc's takes none (_dl_find_object).
 */
#ifndef GCG_UNWINDER_H
#define GCG_UNWINDER_H

#include <stdint.h>

/* Loads the unwinder, which may clear the program's pending dlerror. */
void gcg__unwinder_load (void);

/* Prepares it for use, loads it if that was not done.  Allocates; libunwind opens a pipe, above
   RAW_HIGH_DESCRIPTOR as far as the limit allows. */
void gcg__unwinder_init (void);

/* The return addresses from CALLER on, innermost first, at most MOST (GCG__MOST_FRAMES) of them;
   returns how many, at least 1: where CALLER is not found it stands alone. */
uint32_t gcg__unwinder_frames (void *caller, uint64_t *frames, uint32_t most);

#endif
