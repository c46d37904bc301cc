/* save.c -- see save.h. */
#include <config.h>

#include "tools/save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/fail.h"

enum gcg_status
save_begin (struct save *save, const char *path, struct gcg_error *error)
{
  struct stat there;
  *save = (struct save){ .path = path, .fd = -1 };
  bool exists = stat (path, &there) == 0;
  if (exists && !S_ISREG (there.st_mode))
    save->fd = open (path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
  else if (snprintf (save->temporary, sizeof save->temporary, "%s.XXXXXX", path)
           >= (int)sizeof save->temporary)
    errno = ENAMETOOLONG;
  else
    save->fd = mkostemp (save->temporary, O_CLOEXEC);
  if (save->fd < 0)
    return gcg__report_fail (error, GCG_SYSTEM, "%s: %s", path, strerror (errno));
  if (save->temporary[0] != '\0')
    {
      mode_t mask = umask (0);
      umask (mask);
      /* Not worth failing for: the file is then readable by its owner only. */
      (void)!fchmod (save->fd, exists ? there.st_mode & 0777 : 0666 & ~mask);
    }
  return GCG_OK;
}

FILE *
save_stream (struct save *save)
{
  save->stream = fdopen (save->fd, "w");
  return save->stream;
}

enum gcg_status
save_end (struct save *save, bool keep, struct gcg_error *error)
{
  bool whole = save->stream == NULL || (fflush (save->stream) == 0 && !ferror (save->stream));
  int why = whole ? 0 : errno;
  if (whole && keep && save->temporary[0] != '\0' && fsync (save->fd) != 0)
    why = errno;
  if (save->stream != NULL ? fclose (save->stream) != 0 : close (save->fd) != 0)
    why = why != 0 ? why : errno;
  if (why == 0 && keep && save->temporary[0] != '\0' && rename (save->temporary, save->path) != 0)
    why = errno;
  if ((why != 0 || !keep) && save->temporary[0] != '\0')
    unlink (save->temporary);
  if (why != 0 && keep)
    return gcg__report_fail (error, GCG_SYSTEM, "%s: %s", save->path, strerror (why));
  return GCG_OK;
}
