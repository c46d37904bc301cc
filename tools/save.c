/* save.c -- see save.h. */
#include <config.h>

#include "tools/save.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

enum gcg_status
save_begin (struct save *save, const char *path, struct gcg_error *error)
{
  signal (SIGXFSZ, SIG_IGN);
  enum gcg_status status = gcg__save_begin (&save->file, path, true, error);
  if (status != GCG_OK)
    return status;
  /* The descriptor itself stays open for save_end, which synchronises it. */
  int copy = fcntl (save->file.fd, F_DUPFD_CLOEXEC, 0);
  save->stream = copy < 0 ? NULL : fdopen (copy, "w");
  if (save->stream != NULL)
    return GCG_OK;
  int why = errno;
  struct gcg_error ignored;
  if (copy >= 0)
    close (copy);
  (void)!gcg__save_end (&save->file, false, &ignored);
  return gcg__error_write (error, why == ENOMEM ? GCG_NO_MEMORY : GCG_SYSTEM, "cannot write %s: %s",
                           path, strerror (why));
}

enum gcg_status
save_end (struct save *save, bool keep, struct gcg_error *error)
{
  int why = errno; /* probably of an earlier write */
  bool failed = ferror (save->stream) != 0;
  if (fflush (save->stream) != 0)
    {
      failed = true;
      why = errno;
    }
  failed |= fclose (save->stream) != 0;
  enum gcg_status status = gcg__save_end (&save->file, keep && !failed, error);
  if (keep && failed)
    return gcg__error_write (error, GCG_SYSTEM, "cannot write %s: %s", save->file.path,
                             strerror (why));
  return status;
}
