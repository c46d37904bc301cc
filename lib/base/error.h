/* error.h -- fills a struct gcg_error and returns its status.  Host side; any thread. */
#ifndef GCG_BASE_ERROR_H
#define GCG_BASE_ERROR_H

#include "gcglass/error.h"

/* Sets ERROR (which may be NULL) to STATUS and the text, cut to fit, control characters replaced by
   spaces: it is one line whatever a file's name holds.  Returns STATUS. */
enum gcg_status gcg__error_write (struct gcg_error *error, enum gcg_status status,
                                  const char *format, ...) __attribute__ ((format (printf, 3, 4)));

#endif
