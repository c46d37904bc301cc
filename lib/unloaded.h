/* unloaded.h -- modules that the program has unloaded while objects they allocated remain.
 *
 * A plugin's allocations outlive it, but another module may be loaded at its addresses later.  So
 * when a module is unloaded, its addresses in call stacks are moved to a range of its own where no
 * program has memory (from GCG__UNLOADED_LOW).  Snapshots list the module there by file and build
 * id, and its names are found like any other's.  When the same file is loaded at its old address
 * again, its return addresses are moved at once, so that the same call is the same site.
 */
#ifndef GCG_UNLOADED_H
#define GCG_UNLOADED_H

#include <stddef.h>
#include <stdint.h>

#include "agent_root.h"
#include "agent_tables.h"

/* What is loaded before a call of dlclose. */
struct gcg__loaded
{
  struct gcg__loaded_module *modules;
  size_t n, bytes;
  unsigned long long subtracted; /* as the dynamic linker counts */
};

/* Lists what is loaded, for gcg__unloaded_after, which records what was unloaded since. */
void gcg__unloaded_before (struct gcg__loaded *loaded);
void gcg__unloaded_after (struct gcg__loaded *loaded);

/* Moves those of the N return addresses FRAMES that are in a module which was unloaded and loaded
   again.  O(1) unless an address lies where a module was unloaded. */
void gcg__unloaded_place (uint64_t *frames, uint32_t n);

/* Writes into FACTS where they are. */
struct gcg__root_facts;
void gcg__unloaded_show (struct gcg__root_facts *facts);

/* All of them, *N. */
const struct gcg__unloaded *const *gcg__unloaded_all (uint32_t *n);

/* Says where they are. */
void gcg__unloaded_root (struct gcg__root_samples *root);

#endif
