/* baseline.h -- leaks that are known already.
 *
 * Known by their signatures (leaks.h): those of the "groups" of a JSON report of "gcglass leaks",
 * or a text with one on each line, where empty lines and those that begin with # do not count.
 */
#ifndef GCG_REPORT_BASELINE_H
#define GCG_REPORT_BASELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "gcglass/error.h"

/* All zero: nothing is known. */
struct gcg__baseline
{
  char **signatures; /* [n], sorted */
  uint32_t n, size;
};

/* Reads the file at PATH.  On GCG_OK *BASELINE is to be ended with gcg__baseline_fini.  Errors:
   GCG_SYSTEM, GCG_NO_MEMORY; GCG_INVALID: JSON that is no such report. */
enum gcg_status gcg__baseline_read (struct gcg__baseline *baseline, const char *path,
                                    struct gcg_error *error) __attribute__ ((warn_unused_result));
void gcg__baseline_fini (struct gcg__baseline *baseline);

/* O(log n). */
bool gcg__baseline_knows (const struct gcg__baseline *baseline, const char *signature);

#endif
