/* sampled_plugin.c -- a library that allocates, and may be unloaded. */
#include <stdlib.h>

void *make_block (size_t bytes);

void *
make_block (size_t bytes)
{
  return malloc (bytes);
}
