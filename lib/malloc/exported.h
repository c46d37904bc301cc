/* exported.h -- which functions a loaded module exports, read from the module itself.
 *
 * dlsym is not used: a failure sets dlerror, it may take a lock that the current call holds, and it
 * finds only the first module that exports a name.  Allocates nothing, locks nothing.  A look-up
 * costs a hash of the name and some words of the module.
 */
#ifndef GCG_MALLOC_EXPORTED_H
#define GCG_MALLOC_EXPORTED_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gcg__export
{
  uintptr_t address;
  size_t bytes; /* of code; 0: not known */
};

/* Finds the function NAME, of its default version, in MODULE, as dl_iterate_phdr describes it. */
bool gcg__exported (const struct dl_phdr_info *module, const char *name, struct gcg__export *found);

#endif
