/* rootwalk.h -- what keeps objects alive: root areas, root words, threads.
 *
 * The areas are those that libgc scans: writable data of every module (its own and ours left out),
 * explicit roots, the stacks and registers of the threads it has stopped, the stack of the thread
 * that collects.  A word there counts as a root only if the collector has marked what it points to:
 * its marks are the truth about what is a root.
 */
#ifndef GCG_ROOTWALK_H
#define GCG_ROOTWALK_H

#include "freeze.h"

/* Fills MODULES, THREADS, REGIONS and ROOTS.  After gcg__heap_objects_stopped. */
void gcg__roots_stopped (struct gcg__freeze *freeze);

/* Scans the readable parts of [LOW, HIGH): regions of KIND and INDEX (format.h), their roots. */
void gcg__roots_scan_stopped (struct gcg__freeze *freeze, uint32_t kind, uint32_t index,
                              uint64_t low, uint64_t high);

/* Scans the vector registers of thread INDEX, where CONTEXT says that the kernel has saved them. */
void gcg__vectors_stopped (struct gcg__freeze *freeze, uint32_t index, const ucontext_t *context);

/* Bytes below the stack pointer that a function may use. */
#if defined __x86_64__
#define GCG__RED_ZONE 128u
#else
#define GCG__RED_ZONE 0u
#endif

#endif
