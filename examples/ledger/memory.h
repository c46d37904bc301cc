/* memory.h -- allocation that does not fail. */
#ifndef LEDGER_MEMORY_H
#define LEDGER_MEMORY_H

#include <stddef.h>

/* N bytes of zeroes; ends the program when there are none. */
void *new_memory (size_t n);

#endif
