/* gc.h -- for bench/plain.c: see gcglass/gc.h here. */
#include "gcglass/gc.h"
