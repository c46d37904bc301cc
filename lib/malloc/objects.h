/* objects.h -- libgc's objects that are blocks, but for those that are found by their page
 * (blocks.c): a table for reading the heap from outside (agent_root.h).
 *
 * It changes with libgc's heap, between gcg__libgc_enter and gcg__libgc_leave: so no handler of the
 * program's runs meanwhile, and a copy of the program that is whole has a whole table.  Cost: some
 * tens of nanoseconds for each large block.
 */
#ifndef GCG_OBJECTS_H
#define GCG_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

/* Adds the block at ADDRESS with BYTES from there to the end of its slot; SYSTEM: the dynamic
   linker's.  False: no memory. */
bool gcg__objects_add (uint64_t address, uint64_t bytes, bool system);

/* Removes it, if it is there. */
void gcg__objects_remove (uint64_t address);

/* Address of the table, a struct gcg__root_objects. */
uint64_t gcg__objects_table (void);

/* Around fork: no other thread is in the middle of it. */
void gcg__objects_lock (void);
void gcg__objects_unlock (void);

#endif
