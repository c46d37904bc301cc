/* peek.h -- a look at memory and at /proc that neither faults, locks nor allocates. */
#ifndef GCG_PEEK_H
#define GCG_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads N bytes at ADDRESS of this process; false where there are none. */
bool gcg__peek (uint64_t address, void *bytes, size_t n);

/* "PREFIX<pid>SUFFIX" into PATH. */
void gcg__path (char *path, size_t bytes, const char *prefix, uint64_t number, const char *suffix);

#endif
