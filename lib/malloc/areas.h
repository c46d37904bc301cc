/* areas.h -- in malloc mode: the memory that keeps blocks, apart from static data (rootwalk.c).
 *
 * Of a thread: its stack from the stack pointer up, its registers, those for vectors included, its
 * thread-local data, its keys, however it was created.  Of the process: what it has mapped itself,
 * the dynamic linker's and the C library's own blocks, arguments and results of threads.
 */
#ifndef GCG_AREAS_H
#define GCG_AREAS_H

#include "agent_root.h"
#include "freeze/freeze.h"
#include "thread.h"

/* GCG__LOOK_... (agent_root.h).  Set before the first capture; usually 0. */
extern unsigned gcg__looks;

/* Where the stack ends that the stack pointer SP of the thread with thread pointer POINTER is in.
 */
uint64_t gcg__stack_top_stopped (struct gcg__freeze *freeze, uint64_t sp, uint64_t pointer);

/* Scans what belongs to THREAD, number INDEX, which NOTE tells of unless it is the one that
   captures. */
void gcg__thread_areas_stopped (struct gcg__freeze *freeze, uint32_t index,
                                const struct gcg__thread *thread, const struct gcg__stopped *note);

/* Scans what belongs to the process. */
void gcg__areas_stopped (struct gcg__freeze *freeze);

#endif
