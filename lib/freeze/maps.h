/* maps.h -- the address space of the frozen process, and the modules in it.
 *
 * /proc/self/maps read by raw calls; modules are recognised by the ELF header that their first
 * mapping begins with, read through process_vm_readv, which fails where a plain read would fault.
 * (The dynamic linker's own list needs its lock.)
 */
#ifndef GCG_MAPS_H
#define GCG_MAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "freeze.h"

struct map
{
  uint64_t low, high, offset;
  uint32_t name; /* in STRINGS; 0: anonymous */
  bool readable, writable, is_shared, is_file, is_stack;
};

/* Fills FREEZE->maps. */
void gcg__maps_read_stopped (struct gcg__freeze *freeze);

/* The map that holds ADDRESS, or NULL. */
const struct map *gcg__maps_find_stopped (const struct gcg__freeze *freeze, uint64_t address);

/* Where the first map above ADDRESS begins; UINT64_MAX when there is none. */
uint64_t gcg__maps_next_stopped (const struct gcg__freeze *freeze, uint64_t address);

/* Fills MODULES, and for each module calls ROOT with its index and the writable ranges of its data
   (read-only after relocation ones left out). */
void gcg__modules_stopped (struct gcg__freeze *freeze,
                           void (*root) (struct gcg__freeze *freeze, uint32_t module, uint64_t low,
                                         uint64_t high));

/* Up to where from LOW on, and at most HIGH, can be read: pages of a mapping that lie behind the
   end of its file cannot, as while the dynamic linker maps a library. */
uint64_t gcg__readable_end_stopped (uint64_t low, uint64_t high);

#endif
