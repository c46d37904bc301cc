/* fail.h -- fills a struct gcg_error and returns its status. */
#ifndef GCG_REPORT_FAIL_H
#define GCG_REPORT_FAIL_H

#include "gcglass/error.h"

/* Sets ERROR (which may be NULL) to STATUS and the text, cut to fit, control characters replaced by
   spaces: it is one line whatever a file's name holds.  Returns STATUS. */
enum gcg_status gcg__report_fail (struct gcg_error *error, enum gcg_status status,
                                  const char *format, ...) __attribute__ ((format (printf, 3, 4)));

#endif
