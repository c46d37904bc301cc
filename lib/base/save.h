/* save.h -- a file that is there as a whole or not at all, and the writer's own.
 *
 * What is written goes to a file without a name, which gets one when all bytes are on the disk; an
 * interrupted writer leaves nothing behind.  Where the file system has no such files, it goes to a
 * file beside the target, whose name is random and was free.
 *
 * Other users may have put something in the way.  The file is always new: it belongs to the caller,
 * has mode 0600, and replaces what is there, whatever owner, mode or links that has.  Two kinds are
 * not replaced:
 *   a symbolic link is followed when it is the caller's or root's and its directory can be written
 *   to by neither group nor others; any other link is replaced itself
 *   a character device and a FIFO are written to; a FIFO of another user in a directory that others
 *   can write to, a block device, a directory and a socket are refused
 *
 * Nothing is allocated, so that it serves the agent and the host side alike.  Any thread.
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

/* Opens SAVE for PATH, which is borrowed.  On GCG_OK it is to be ended with gcg__save_end. PATIENT:
   a FIFO is opened and written to as slowly as its reader comes and reads; else one without a
   reader is refused, and gcg__write_all fails after GCG__SAVE_SECONDS without progress.  Errors:
   GCG_SYSTEM, GCG_INVALID: PATH is no place to save to. */
enum gcg_status gcg__save_begin (struct gcg__save *save, const char *path, bool patient,
                                 struct gcg_error *error) __attribute__ ((warn_unused_result));

/* Puts the file with what was written so far in its place, for a writer that goes on writing.
   Errors: GCG_SYSTEM. */
enum gcg_status gcg__save_place (struct gcg__save *save, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Closes SAVE.  KEEP: the file is put in its place, and the file and its name are on the disk; else
   it is removed, as it is after an error.  Errors: GCG_SYSTEM. */
enum gcg_status gcg__save_end (struct gcg__save *save, bool keep, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Copies all of FROM, a file or memfd whose position is left alone, to PATH, patiently.  A limit on
   file sizes and a FIFO without a reader any more are errors, not signals.  Errors: as above. */
enum gcg_status gcg__save_copy (int from, const char *path, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Writes the N bytes at BYTES to FD; false with errno, ETIMEDOUT among them (above). */
bool gcg__write_all (int fd, const void *bytes, size_t n) __attribute__ ((warn_unused_result));

#endif
