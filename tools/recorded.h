/* recorded.h -- the snapshots in a recording, and those that are damaged. */
#ifndef GCG_TOOLS_RECORDED_H
#define GCG_TOOLS_RECORDED_H

#include "gcglass/error.h"
#include "recording/recording.h"

#define RECORDED_TEXT_BYTES 512

/* Takes the snapshot in FD (taken), which NAME stands for in messages, after it has checked it. */
typedef enum gcg_status (*recorded_take) (void *context, int fd, const char *name,
                                          struct gcg_error *error);

/* Passes the snapshots of RECORDING, which was read from PATH, to TAKE one by one.  Those that it
   refuses as damaged are skipped, and LEFT_OUT lists them with the reason; "": none.  Errors: other
   errors of TAKE; GCG_SYSTEM. */
enum gcg_status recorded_each (const struct gcg__recording *recording, const char *path,
                               recorded_take take, void *context,
                               char left_out[RECORDED_TEXT_BYTES], struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* The same for a command that shows none of them. */
enum gcg_status recorded_check (const struct gcg__recording *recording, const char *path,
                                char left_out[RECORDED_TEXT_BYTES], struct gcg_error *error)
    __attribute__ ((warn_unused_result));

#endif
