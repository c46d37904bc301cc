/* gc.h -- libgc's own, under the name of gcglass's: see bench/plain.c. */
#include <gc.h>
