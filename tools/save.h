/* save.h -- a file that is there as a whole or not at all.
 *
 * What is written goes to a new file beside the one that is meant, which takes its name when
 * everything has arrived on the disk.  A target that is not a regular file (/dev/stdout, a pipe) is
 * written to directly.
 */
#ifndef GCG_TOOLS_SAVE_H
#define GCG_TOOLS_SAVE_H

#include <stdbool.h>
#include <stdio.h>

#include "gcglass/error.h"

#define SAVE_PATH_BYTES 4096

struct save
{
  const char *path;                /* borrowed */
  char temporary[SAVE_PATH_BYTES]; /* "": written directly */
  FILE *stream;                    /* NULL: written through the descriptor */
  int fd;
};

/* Opens SAVE for PATH.  On GCG_OK to be ended with save_end.  Errors: GCG_SYSTEM. */
enum gcg_status save_begin (struct save *save, const char *path, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* A stream to write to instead of save->fd, closed by save_end; NULL: no memory. */
FILE *save_stream (struct save *save);

/* Closes SAVE.  KEEP: what was written is put in its place; else it is removed, as it is when it
   did not arrive.  Errors: GCG_SYSTEM, with the file's name and why. */
enum gcg_status save_end (struct save *save, bool keep, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

#endif
