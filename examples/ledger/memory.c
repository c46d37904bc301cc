#include "memory.h"

#include <stdio.h>
#include <stdlib.h>

void *
new_memory (size_t n)
{
  void *memory = calloc (1, n);
  if (memory == NULL)
    {
      fputs ("ledger: out of memory\n", stderr);
      exit (1);
    }
  return memory;
}
