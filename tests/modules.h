/* modules.h -- module lists for tests of lib/symbol: a snapshot that holds nothing else. */
#ifndef GCG_TESTS_MODULES_H
#define GCG_TESTS_MODULES_H

#include "snapshot/snapshot.h"

struct modules;

/* Never fails: aborts when out of memory. */
struct modules *modules_new (void);
void modules_free (struct modules *modules);

/* Adds a module as it would stand in a snapshot. */
void modules_add (struct modules *modules, const char *path, uint64_t base, uint64_t low,
                  uint64_t high, const char *build_id);
/* Adds a module loaded from PATH at BIAS, whose extent and build id are those of the ELF file FILE.
   False when that is none. */
bool modules_add_file (struct modules *modules, const char *path, const char *file, uint64_t bias);
/* Adds what is loaded into this process, the main program first. */
void modules_add_process (struct modules *modules);

/* The list so far as a snapshot, owned by MODULES; adding to the list afterwards ends its life. */
const struct gcg__snapshot *modules_snapshot (struct modules *modules);

#endif
