/* columns.c -- a fuzz target (driver.c): no columns of a snapshot crash or stall their reader.
 *
 * An input is a list of changes to a sound snapshot (change.h), which stays in memory: no file is
 * written, no checksum made.  What the checker accepts is read in every way (tour), which aborts
 * where a promise does not hold.  snapshot.c is about files.
 */
#include "config.h"

#include <stdint.h>

#include "tests/columns.h"
#include "tests/fuzz/change.h"
#include "tests/fuzz/target.h"

uint64_t fuzz_accepted;

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct columns columns;
  struct gcg__snapshot view;
  columns_load (&columns, changes_sound ());
  changes_apply (&columns, data, size);
  if (columns_check (&columns, &view))
    {
      fuzz_accepted++;
      tour (&view);
    }
  columns_free (&columns);
  return 0;
}
