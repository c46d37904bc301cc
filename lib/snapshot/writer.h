/* writer.h -- columns in memory to the bytes of a snapshot.
 *
 * Runs in the frozen child (and in tests): only raw write(2) and lseek-free sequential output; no
 * allocation, no locks, no stdio.  Calls nothing of libc but memcpy, memset and write.
 */
#ifndef GCG_SNAPSHOT_WRITER_H
#define GCG_SNAPSHOT_WRITER_H

#include "gcglass/error.h"
#include "snapshot/format.h"

/* One column: DATA holds N elements of the section's element type; borrowed. */
struct gcg__column
{
  const void *data;
  uint64_t n;
};

/* Writes a whole snapshot to FD, from its current position, which must be offset 0 of an empty
   file.  COLUMNS is indexed by section code - 1; empty columns may have NULL data.
   Errors: GCG_SYSTEM with errno set (ENOSPC, EIO, EFBIG, ...).  Short writes are continued, EINTR
   retried. */
enum gcg_status gcg__snapshot_write (int fd, const struct gcg__column columns[GCG__N_SECTIONS])
    __attribute__ ((warn_unused_result));

#endif
