/* save.h -- base/save.h for what is written to a stream. */
#ifndef GCG_TOOLS_SAVE_H
#define GCG_TOOLS_SAVE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/save.h"

struct save
{
  struct gcg__save file;
  FILE *stream; /* closed by save_end */
};

/* Opens SAVE for PATH, which is borrowed.  Limits on file sizes become errors of write from here on
   (SIGXFSZ is ignored).  On GCG_OK to be ended with save_end.  Errors: those of gcg__save_begin,
   GCG_NO_MEMORY. */
enum gcg_status save_begin (struct save *save, const char *path, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Closes SAVE.  KEEP: what was written is put in its place; else it is removed, as it is when it
   did not arrive.  Errors: GCG_SYSTEM, with the file's name and why. */
enum gcg_status save_end (struct save *save, bool keep, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

#endif
