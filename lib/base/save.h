/* save.h -- atomic saving: the file appears as a whole or not at all, owned by the caller.
 *
 * Data go to an unnamed file, which is linked to its name when all bytes are on the disk; an
 * interrupted writer leaves nothing behind.  On file systems without unnamed files they go to a
 * file beside the target, with a random, unused name.
 *
 * Other users may have put something in the way.  The file is always new: it belongs to the caller,
 * has mode 0600, and replaces what is there, whatever owner, mode or links that has.  Two kinds are
 * not replaced:
 *   a symbolic link is followed when it is the caller's or root's and its directory can be written
 *   to by neither group nor others; any other link is replaced itself
 *   a character device and a FIFO are written to; a FIFO of another user in a directory that others
 *   can write to, a block device, a directory and a socket are refused
 *
 * Allocates nothing, so the agent and the host side can both use it.  Any thread.
 */
#ifndef GCG_BASE_SAVE_H
#define GCG_BASE_SAVE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "gcglass/error.h"

#define GCG__SAVE_SECONDS 5

struct gcg__save
{
  const char *path;          /* as given, for messages; borrowed */
  int fd;                    /* to write to */
  int directory;             /* where the file gets its name; -1: FD has its place already */
  char name[NAME_MAX + 1];   /* in DIRECTORY */
  char beside[NAME_MAX + 1]; /* in DIRECTORY, the name on the way; "": none */
};

/* Opens SAVE for PATH, which is borrowed until gcg__save_end, to be called after GCG_OK.  PATIENT:
   waits without limit for the reader of a FIFO; else a FIFO without a reader is refused, and
   gcg__write_all fails after GCG__SAVE_SECONDS without progress.  Errors: GCG_SYSTEM; GCG_INVALID:
   PATH cannot be saved to. */
enum gcg_status gcg__save_begin (struct gcg__save *save, const char *path, bool patient,
                                 struct gcg_error *error) __attribute__ ((warn_unused_result));

/* Gives the file its final name now; the writer may continue to append to it. Errors:
   GCG_SYSTEM. */
enum gcg_status gcg__save_place (struct gcg__save *save, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Closes SAVE.  KEEP: the file gets its name, and both are synchronised to the disk; else, and
   after an error, it is removed.  Errors: GCG_SYSTEM. */
enum gcg_status gcg__save_end (struct gcg__save *save, bool keep, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Copies all of FROM, a file or memfd whose position is left alone, to PATH, patiently.  A limit on
   file sizes and a FIFO without a reader any more are errors, not signals.  Errors: as above. */
enum gcg_status gcg__save_copy (int from, const char *path, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Writes the N bytes at BYTES to FD; false with errno, ETIMEDOUT among them (above). */
bool gcg__write_all (int fd, const void *bytes, size_t n) __attribute__ ((warn_unused_result));

#endif
