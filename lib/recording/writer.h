/* writer.h -- a recording on its way to a file.
 *
 * Records are appended as they come and never rewritten: whatever happens, the file is the
 * recording up to the last record that is whole.  One thread at a time.
 */
#ifndef GCG_RECORDING_WRITER_H
#define GCG_RECORDING_WRITER_H

#include <stddef.h>

#include "gcglass/error.h"

struct gcg__recording_writer;

/* Creates PATH anew (base/save.h).  A FIFO must have a reader that keeps reading.  Close WRITER
   after GCG_OK.  Errors: GCG_SYSTEM, GCG_NO_MEMORY. */
enum gcg_status gcg__recording_writer_new (const char *path, struct gcg__recording_writer **writer,
                                           struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Appends the N bytes of whole, checked records at BYTES.  After a failure the file ends with the
   record before, and everything more fails.  Errors: GCG_SYSTEM. */
enum gcg_status gcg__recording_writer_append (struct gcg__recording_writer *writer,
                                              const void *bytes, size_t n, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Appends the N bytes of a snapshot file.  Errors: as above. */
enum gcg_status gcg__recording_writer_snapshot (struct gcg__recording_writer *writer,
                                                const void *bytes, size_t n,
                                                struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Appends how the process ended: WAIT_STATUS as from waitpid. */
enum gcg_status gcg__recording_writer_exit (struct gcg__recording_writer *writer, int wait_status,
                                            struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Takes WRITER (NULL is fine); the file is on the disk when this returns GCG_OK. */
enum gcg_status gcg__recording_writer_close (struct gcg__recording_writer *writer,
                                             struct gcg_error *error);

#endif
