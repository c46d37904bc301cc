/* fail.h -- says what has failed. */
#ifndef GCG_FAIL_H
#define GCG_FAIL_H

#include "gcglass/error.h"

/* Fills ERROR (may be NULL) with STATUS and a formatted line; returns STATUS. */
enum gcg_status gcg__fail (struct gcg_error *error, enum gcg_status status, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

#endif
