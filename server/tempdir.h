/* tempdir.h -- a private directory for pictures, inaccessible to other users.
 *
 * Made by mkdtemp below $TMPDIR or /tmp: mode 0700, ours, never an existing one.  From then on it
 * is used through its descriptor only, so that renaming it or planting a link of its name changes
 * nothing.  It is locked (flock) while it is used: a directory of such a name whose lock is free,
 * and in which there is nothing but the files named here, was left behind by a gcglass that was
 * killed, and the next one that starts removes it.
 */
#ifndef GCG_SERVER_TEMPDIR_H
#define GCG_SERVER_TEMPDIR_H

#include "gcglass/error.h"

struct gcg__tempdir;

/* The only names of files in it: what opens the browser; numbered pictures. */
#define GCG__DOORWAY_NAME   "open.html"
#define GCG__PICTURE_PREFIX "picture-"

/* Makes the directory, and removes those left behind.  On GCG_OK *DIRECTORY is to be given to
   gcg__tempdir_free.  Errors: GCG_SYSTEM, GCG_NO_MEMORY. */
enum gcg_status gcg__tempdir_new (struct gcg__tempdir **directory, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Removes the directory with all that is in it.  NULL is fine. */
void gcg__tempdir_free (struct gcg__tempdir *directory);

/* Its path, borrowed until it is freed. */
const char *gcg__tempdir_path (const struct gcg__tempdir *directory);

/* Creates the file NAME (mode 0600, must not exist, no link is followed) for writing and reading;
   returns a descriptor, caller closes, or -1 with ERROR filled. */
int gcg__tempdir_create (struct gcg__tempdir *directory, const char *name, struct gcg_error *error);

/* Opens the file NAME for reading; -1 when it is not there, or is no plain file. */
int gcg__tempdir_open (struct gcg__tempdir *directory, const char *name);

/* Removes the file NAME; it may be missing. */
void gcg__tempdir_remove (struct gcg__tempdir *directory, const char *name);

#endif
