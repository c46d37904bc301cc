/* gc_module.h -- libgc as a module of this process: where its code is, and its lock.
 *
 * libgc does not export its lock.  In a copy of the process, whose other threads are gone, a lock
 * that is held is held for ever: so one has to know where it is, to look at it without taking it.
 */
#ifndef GCG_GC_MODULE_H
#define GCG_GC_MODULE_H

#include <stdbool.h>
#include <stdint.h>

/* Finds all that.  A thread of the program's, outside the collector, once libgc locks. */
void gcg__gc_module_find (void);

/* Is the lock known, and libgc a module of its own? */
bool gcg__gc_module_is_known (void);

/* Does a thread hold the lock?  If it is known. */
bool gcg__gc_is_locked (void);

/* Address of the word that says so, an int32_t. */
uint64_t gcg__gc_lock_place (void);

/* Is ADDRESS in libgc's module? */
bool gcg__gc_module_has (uint64_t address);

/* Stores the Ith of its writable areas in *LOW, a multiple of 8, and *HIGH; false: there are no
   more. */
bool gcg__gc_module_data (uint32_t i, uint64_t *low, uint64_t *high);

/* Does libgc find all that is alive by itself: has the program given it no procedure that marks?
   Only in a copy, not locked: afterwards libgc's table of mark procedures has one more. */
bool gcg__gc_marks_alone_stopped (void);

#endif
