/* gc.h -- malloc under libgc's names: bench/factor.c with FREES, see bench/plain.c. */
#include <stdlib.h>

#define GC_MALLOC malloc
#define GC_INIT() ((void)0)
