/* save.c -- see save.h. */
#include <config.h>

#include "tools/save.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/fail.h"

#define SUFFIX ".XXXXXX"

/* Opens a file without a name in the directory of PATH, or, where there are none, one beside it,
   whose name is left in SAVE->beside.  -1 with errno when neither can be. */
static int
open_target (struct save *save)
{
  char *copy = strdup (save->target);
  if (copy == NULL)
    return -1;
  int fd = open (dirname (copy), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  free (copy);
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
    return fd;
  strcpy (stpcpy (save->beside, save->target), SUFFIX);
  fd = mkostemp (save->beside, O_CLOEXEC);
  if (fd < 0)
    save->beside[0] = '\0';
  return fd;
}

static void
forget (struct save *save)
{
  free (save->target);
  free (save->beside);
  save->target = save->beside = NULL;
}

enum gcg_status
save_begin (struct save *save, const char *path, bool is_private, struct gcg_error *error)
{
  struct stat there;
  *save = (struct save){ .path = path, .fd = -1 };
  signal (SIGXFSZ, SIG_IGN);
  bool exists = stat (path, &there) == 0;
  if (exists && !S_ISREG (there.st_mode))
    save->fd = open (path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
  else
    {
      mode_t mask = umask (077);
      umask (mask);
      save->target = exists ? realpath (path, NULL) : strdup (path);
      save->beside
          = save->target != NULL ? calloc (1, strlen (save->target) + sizeof SUFFIX) : NULL;
      if (save->beside != NULL)
        save->fd = open_target (save);
      if (save->fd >= 0 && (exists || !is_private))
        (void)!fchmod (save->fd, exists ? there.st_mode & 0777 : 0666 & ~mask); /* or private */
    }
  if (save->fd >= 0)
    return GCG_OK;
  int why = errno;
  forget (save);
  return gcg__report_fail (error, why == ENOMEM ? GCG_NO_MEMORY : GCG_SYSTEM, "%s: %s", path,
                           strerror (why));
}

FILE *
save_stream (struct save *save)
{
  save->stream = fdopen (save->fd, "w");
  return save->stream;
}

/* Gives the file without a name one beside the target; false with errno. */
static bool
name_beside (struct save *save)
{
  char descriptor[40];
  snprintf (descriptor, sizeof descriptor, "/proc/self/fd/%d", save->fd);
  for (int tries = 0; tries < 100; tries++)
    {
      /* mkostemp chooses a name that is free; linking fails when somebody takes it meanwhile. */
      strcpy (stpcpy (save->beside, save->target), SUFFIX);
      int fd = mkostemp (save->beside, O_CLOEXEC);
      if (fd < 0)
        break;
      close (fd);
      unlink (save->beside);
      if (linkat (AT_FDCWD, descriptor, AT_FDCWD, save->beside, AT_SYMLINK_FOLLOW) == 0)
        return true;
      if (errno != EEXIST)
        break;
    }
  save->beside[0] = '\0';
  return false;
}

/* Puts the file in its place; 0 or an errno. */
static int
put_in_place (struct save *save)
{
  if (fsync (save->fd) != 0)
    return errno;
  if (save->beside[0] == '\0' && !name_beside (save))
    return errno;
  if (rename (save->beside, save->target) != 0)
    return errno;
  save->beside[0] = '\0';
  return 0;
}

enum gcg_status
save_end (struct save *save, bool keep, struct gcg_error *error)
{
  int why = 0;
  if (save->stream != NULL && (fflush (save->stream) != 0 || ferror (save->stream)))
    why = errno;
  if (why == 0 && keep && save->target != NULL)
    why = put_in_place (save);
  if (save->target != NULL && save->beside[0] != '\0')
    unlink (save->beside);
  int closed = save->stream != NULL ? fclose (save->stream) : close (save->fd);
  if (closed != 0 && why == 0)
    why = errno;
  forget (save);
  if (why != 0 && keep)
    return gcg__report_fail (error, GCG_SYSTEM, "%s is not written: %s", save->path,
                             strerror (why));
  return GCG_OK;
}

/* Copies all of FROM to TO; false with errno. */
static bool
copy (int from, int to)
{
  char piece[65536];
  off_t offset = 0;
  for (;;)
    {
      ssize_t n = pread (from, piece, sizeof piece, offset), done = 0;
      if (n == 0)
        return true;
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return false;
      while (done < n)
        {
          ssize_t written = write (to, piece + done, (size_t)(n - done));
          if (written < 0 && errno != EINTR)
            return false;
          done += written > 0 ? written : 0;
        }
      offset += n;
    }
}

enum gcg_status
save_file (int from, const char *path, struct gcg_error *error)
{
  struct save save;
  enum gcg_status status = save_begin (&save, path, true, error);
  if (status != GCG_OK)
    return status;
  bool copied = copy (from, save.fd);
  int why = errno;
  status = save_end (&save, copied, error);
  if (copied)
    return status;
  return gcg__report_fail (error, GCG_SYSTEM, "%s is not written: %s", path, strerror (why));
}
