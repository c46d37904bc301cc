/* told.h -- leaked blocks that an earlier report about the same process has reported.
 *
 * A leaked block stays where it is: no code can free it.  Should that happen all the same, because
 * a pointer was hidden, the next block at its address has another birth, unless it was born before
 * the report.
 */
#ifndef GCG_REPORT_TOLD_H
#define GCG_REPORT_TOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "analysis/leaks.h"

/* All zero: nothing has been reported. */
struct gcg__told
{
  uint64_t *keys; /* [n], ascending */
  uint32_t n;
};

/* Makes TOLD (which is zero, or is replaced) what LEAKS finds leaked.  Errors: GCG_NO_MEMORY; then
   it is as it was. */
enum gcg_status gcg__told_set (struct gcg__told *told, const struct gcg__leaks *leaks,
                               struct gcg_error *error) __attribute__ ((warn_unused_result));
void gcg__told_fini (struct gcg__told *told);

/* O(log n). */
bool gcg__told_knows (const struct gcg__told *told, const struct gcg__object *object);

#endif
