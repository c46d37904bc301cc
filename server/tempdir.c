/* tempdir.c -- see tempdir.h.
 *
 * One level of plain files.  Any thread: the descriptors never change after gcg__tempdir_new.
 */
#include "config.h"

#include "server/tempdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"

#define PREFIX   "gcglass-"
#define TEMPLATE "XXXXXX"

/* A directory younger than this may belong to a gcglass that has not locked it yet. */
#define ABANDONED_SECONDS 60

struct gcg__tempdir
{
  int parent_fd;
  int fd;           /* locked */
  const char *name; /* in the parent; the end of path */
  char path[];
};

static void
directory_empty (int fd)
{
  int copy = openat (fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *files = copy < 0 ? NULL : fdopendir (copy);
  struct dirent *file;
  if (files == NULL)
    {
      if (copy >= 0)
        close (copy);
      return;
    }
  while ((file = readdir (files)) != NULL)
    if (strcmp (file->d_name, ".") != 0 && strcmp (file->d_name, "..") != 0)
      unlinkat (fd, file->d_name, 0);
  closedir (files);
}

/* Opens NAME when it is a directory of ours that no other user may enter. */
static int
directory_open (int parent_fd, const char *name, struct stat *status)
{
  int fd = openat (parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return -1;
  if (fstat (fd, status) == 0 && status->st_uid == geteuid () && (status->st_mode & 07777) == 0700)
    return fd;
  close (fd);
  errno = EPERM;
  return -1;
}

/* Whether NAME is as mkdtemp makes them here. */
static bool
is_our_name (const char *name)
{
  return strncmp (name, PREFIX, strlen (PREFIX)) == 0 && strlen (name) == strlen (PREFIX TEMPLATE);
}

/* Whether there is nothing in directory FD but files that are made here: a person may have chosen
   such a name too. */
static bool
holds_only_ours (int fd)
{
  int copy = openat (fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *files = copy < 0 ? NULL : fdopendir (copy);
  struct dirent *file;
  bool ours = true;
  if (files == NULL)
    {
      if (copy >= 0)
        close (copy);
      return false;
    }
  while ((file = readdir (files)) != NULL)
    ours = ours
           && (strcmp (file->d_name, ".") == 0 || strcmp (file->d_name, "..") == 0
               || strcmp (file->d_name, GCG__DOORWAY_NAME) == 0
               || strncmp (file->d_name, GCG__PICTURE_PREFIX, strlen (GCG__PICTURE_PREFIX)) == 0);
  closedir (files);
  return ours;
}

static void
directory_sweep (int parent_fd)
{
  int copy = openat (parent_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *entries = copy < 0 ? NULL : fdopendir (copy);
  struct dirent *entry;
  if (entries == NULL)
    {
      if (copy >= 0)
        close (copy);
      return;
    }
  while ((entry = readdir (entries)) != NULL)
    {
      struct stat status;
      if (!is_our_name (entry->d_name))
        continue;
      int fd = directory_open (parent_fd, entry->d_name, &status);
      if (fd < 0)
        continue;
      if (status.st_mtime + ABANDONED_SECONDS < time (NULL) && flock (fd, LOCK_EX | LOCK_NB) == 0
          && holds_only_ours (fd))
        {
          directory_empty (fd);
          unlinkat (parent_fd, entry->d_name, AT_REMOVEDIR);
        }
      close (fd);
    }
  closedir (entries);
}

enum gcg_status
gcg__tempdir_new (struct gcg__tempdir **result, struct gcg_error *error)
{
  const char *parent = secure_getenv ("TMPDIR");
  if (parent == NULL || parent[0] != '/')
    parent = "/tmp";
  size_t bytes = strlen (parent) + sizeof ("/" PREFIX TEMPLATE);
  struct gcg__tempdir *directory = malloc (sizeof (*directory) + bytes);
  struct stat status;
  if (directory == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory");
  directory->parent_fd = open (parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory->parent_fd < 0)
    {
      gcg__error_write (error, GCG_SYSTEM, "%s: %s: set TMPDIR to a directory to write to", parent,
                        strerror (errno));
      goto fail_parent;
    }
  directory_sweep (directory->parent_fd);
  snprintf (directory->path, bytes, "%s/" PREFIX TEMPLATE, parent);
  directory->name = directory->path + strlen (parent) + 1;
  if (mkdtemp (directory->path) == NULL)
    {
      gcg__error_write (error, GCG_SYSTEM,
                        "cannot make a temporary directory in %s: %s: set TMPDIR to another",
                        parent, strerror (errno));
      goto fail_make;
    }
  directory->fd = directory_open (directory->parent_fd, directory->name, &status);
  if (directory->fd < 0 || flock (directory->fd, LOCK_EX | LOCK_NB) != 0)
    {
      gcg__error_write (error, GCG_SYSTEM, "%s: %s", directory->path, strerror (errno));
      goto fail_open;
    }
  *result = directory;
  return GCG_OK;

fail_open:
  if (directory->fd >= 0)
    close (directory->fd);
  unlinkat (directory->parent_fd, directory->name, AT_REMOVEDIR);
fail_make:
  close (directory->parent_fd);
fail_parent:
  free (directory);
  return GCG_SYSTEM;
}

void
gcg__tempdir_free (struct gcg__tempdir *directory)
{
  if (directory == NULL)
    return;
  directory_empty (directory->fd);
  unlinkat (directory->parent_fd, directory->name, AT_REMOVEDIR);
  close (directory->fd);
  close (directory->parent_fd);
  free (directory);
}

const char *
gcg__tempdir_path (const struct gcg__tempdir *directory)
{
  return directory->path;
}

int
gcg__tempdir_create (struct gcg__tempdir *directory, const char *name, struct gcg_error *error)
{
  int fd = openat (directory->fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    gcg__error_write (error, GCG_SYSTEM, "%s/%s: %s", directory->path, name, strerror (errno));
  return fd;
}

int
gcg__tempdir_open (struct gcg__tempdir *directory, const char *name)
{
  /* Something else in the place of the file must neither be followed nor waited for. */
  int fd = openat (directory->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  struct stat status;
  if (fd < 0 || (fstat (fd, &status) == 0 && S_ISREG (status.st_mode)))
    return fd;
  close (fd);
  errno = EINVAL;
  return -1;
}

void
gcg__tempdir_remove (struct gcg__tempdir *directory, const char *name)
{
  unlinkat (directory->fd, name, 0);
}
