/* hazard_module.c -- a library for dlopen that keeps pointers in thread-local and in static data.
 */
#include <stdint.h>

static __thread void *volatile local[100000];
static void *volatile global;

void hazard_module_keep (int is_local, uintptr_t hidden) __attribute__ ((visibility ("default")));

void
hazard_module_keep (int is_local, uintptr_t hidden)
{
  *(is_local ? &local[70000] : &global) = (void *)~hidden;
}
