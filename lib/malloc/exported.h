/* exported.h -- which functions a loaded module exports, read from the module itself.
 *
 * Not by dlsym: what it does not find leaves a message, it may lock what the call that we are in
 * has locked, and it does not say which modules export a name, but only which is first.  Allocates
 * nothing, locks nothing.  A look-up costs a hash of the name and some words of the module.
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
