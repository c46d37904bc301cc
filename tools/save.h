/* save.h -- a file that is there as a whole or not at all.
 *
 * What is written goes to a file without a name, which gets one when everything has arrived on the
 * disk: whoever is interrupted leaves nothing behind.  Where the file system knows no such files it
 * goes to one beside the target.  A target that is not a regular file (/dev/stdout, a pipe) is
 * written to directly.
 */
#ifndef GCG_TOOLS_SAVE_H
#define GCG_TOOLS_SAVE_H

#include <stdbool.h>
#include <stdio.h>

#include "gcglass/error.h"

struct save
{
  const char *path; /* as given: for messages; borrowed */
  char *target;     /* with symbolic links resolved; NULL: written directly */
  char *beside;     /* the name on the way, of length strlen (target) + 7; "" at its start: none */
  FILE *stream;     /* NULL: written through the descriptor */
  int fd;
};

/* Opens SAVE for PATH, which is borrowed; a new file is readable by its owner only when PRIVATE.
   Limits on file sizes become errors of write from here on (SIGXFSZ is ignored).  On GCG_OK to be
   ended with save_end.  Errors: GCG_SYSTEM, GCG_NO_MEMORY. */
enum gcg_status save_begin (struct save *save, const char *path, bool is_private,
                            struct gcg_error *error) __attribute__ ((warn_unused_result));

/* A stream to write to instead of save->fd, closed by save_end; NULL: no memory. */
FILE *save_stream (struct save *save);

/* Closes SAVE.  KEEP: what was written is put in its place; else it is removed, as it is when it
   did not arrive.  Errors: GCG_SYSTEM, with the file's name and why. */
enum gcg_status save_end (struct save *save, bool keep, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Copies all of FROM (a file or memfd; its position is left alone) to PATH, private.  Errors:
   GCG_SYSTEM, GCG_NO_MEMORY. */
enum gcg_status save_file (int from, const char *path, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

#endif
