/* save.c -- see save.h.
 *
 * The directory is opened once and every step is relative to it, so that the file replaced is the
 * file that was checked.  Links are followed here, one by one, because the kernel does not check
 * their owner.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "base/save.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#define MOST_LINKS 40
#define TRIES      100
#define MOST_SHOWN 150 /* of a path, in messages */

/* Reports why PATH is not written.  A long path is cut at its beginning, so that the reason
   fits. */
static enum gcg_status
fail_to_write (const char *path, enum gcg_status status, const char *why, struct gcg_error *error)
{
  size_t n = strlen (path);
  bool cut = n > MOST_SHOWN;
  if (error == NULL)
    return status;
  error->status = status;
  snprintf (error->text, sizeof error->text, "cannot write %s%s: %s", cut ? "..." : "",
            cut ? path + n - MOST_SHOWN : path, why);
  return status;
}

static enum gcg_status
fail_errno (const struct gcg__save *save, int why, struct gcg_error *error)
{
  return fail_to_write (save->path, GCG_SYSTEM, strerror (why), error);
}

/* --- finding the place --- */

static bool
is_own (const struct stat *file)
{
  return file->st_uid == 0 || file->st_uid == geteuid ();
}

/* Returns whether only the caller and root can change names in DIRECTORY. */
static bool
is_guarded (int directory)
{
  struct stat about;
  return fstat (directory, &about) == 0 && is_own (&about)
         && (about.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Opens the directory of PATH and copies the last name; 0 or an errno. */
static int
open_directory (struct gcg__save *save, char path[PATH_MAX])
{
  char *slash = strrchr (path, '/');
  const char *name = slash == NULL ? path : slash + 1, *parent = ".";
  if (strlen (name) > NAME_MAX)
    return ENAMETOOLONG;
  strcpy (save->name, name);
  if (slash != NULL)
    {
      *slash = '\0';
      parent = slash == path ? "/" : path;
    }
  if (*name == '\0' || strcmp (name, ".") == 0 || strcmp (name, "..") == 0)
    return slash == NULL && *name == '\0' ? ENOENT : EISDIR;
  save->directory = open (parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  /* A write-only directory cannot be synchronised, but works otherwise. */
  if (save->directory < 0 && errno == EACCES)
    save->directory = open (parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return save->directory < 0 ? errno : 0;
}

static void
close_directory (struct gcg__save *save)
{
  if (save->directory >= 0)
    close (save->directory);
  save->directory = -1;
}

/* Replaces PATH, already cut to its directory, by the target of the link in SAVE.  0 or an
   errno. */
static int
follow_link (const struct gcg__save *save, char path[PATH_MAX], bool in_directory)
{
  char target[PATH_MAX];
  ssize_t n = readlinkat (save->directory, save->name, target, sizeof target - 1);
  size_t used = in_directory ? strlen (path) : 0;
  if (n < 0)
    return errno;
  target[n] = '\0';
  if (target[0] == '/')
    used = 0;
  else if (in_directory)
    path[used++] = '/';
  if (used + (size_t)n >= PATH_MAX)
    return ENAMETOOLONG;
  strcpy (path + used, target);
  return 0;
}

/* Opens the existing target for writing, with FLAGS besides; it then needs no renaming.  0 or an
   errno. */
static int
open_as_it_is (struct gcg__save *save, int flags)
{
  save->fd = openat (save->directory, save->name, O_WRONLY | O_CLOEXEC | O_NOCTTY | flags);
  int why = save->fd < 0 ? errno : 0;
  close_directory (save);
  return why;
}

/* Opens a target that is neither a file nor a link, with FLAGS besides.  *REFUSED: why it must not
   be written to. */
static int
open_special (struct gcg__save *save, const struct stat *there, int flags, const char **refused)
{
  bool is_pipe = S_ISFIFO (there->st_mode);
  struct stat opened;
  if (S_ISDIR (there->st_mode))
    return EISDIR;
  if (!is_pipe && !S_ISCHR (there->st_mode))
    *refused = S_ISBLK (there->st_mode) ? "it is a block device" : "it is a socket";
  else if (is_pipe && !is_own (there) && !is_guarded (save->directory))
    *refused = "it is another user's FIFO in a directory that others can write to";
  if (*refused != NULL)
    return EPERM;
  int why = open_as_it_is (save, O_NOFOLLOW | flags);
  if (why == ENXIO && is_pipe)
    *refused = "no process reads this FIFO";
  if (why == 0
      && (fstat (save->fd, &opened) != 0 || opened.st_dev != there->st_dev
          || opened.st_ino != there->st_ino))
    {
      close (save->fd);
      why = EAGAIN;
    }
  return why;
}

/* A link of /proc leads to an open file, which need not have a name: /dev/stdout. */
static bool
is_magic (int directory)
{
  struct statfs about;
  return fstatfs (directory, &about) == 0 && about.f_type == PROC_SUPER_MAGIC;
}

/* Resolves GIVEN to a directory and a name in it, or opens an existing device or FIFO, with FLAGS
   besides.  0 or an errno; *REFUSED: why the existing target must not be written to. */
static int
find_place (struct gcg__save *save, const char *given, int flags, const char **refused)
{
  char path[PATH_MAX];
  if (strlen (given) >= sizeof path)
    return ENAMETOOLONG;
  strcpy (path, given);
  for (int links = 0; links < MOST_LINKS; links++)
    {
      struct stat there;
      bool in_directory = strchr (path, '/') != NULL;
      int why = open_directory (save, path);
      if (why != 0)
        return why;
      if (fstatat (save->directory, save->name, &there, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? 0 : errno;
      if (S_ISREG (there.st_mode))
        return 0;
      if (!S_ISLNK (there.st_mode))
        return open_special (save, &there, flags, refused);
      if (!is_own (&there) || !is_guarded (save->directory))
        return 0;
      if (is_magic (save->directory))
        return open_as_it_is (save, O_APPEND | flags);
      why = follow_link (save, path, in_directory);
      if (why != 0)
        return why;
      close_directory (save);
    }
  return ELOOP;
}

/* --- making the file --- */

/* A name that is probably free. */
static void
random_name (char name[NAME_MAX + 1])
{
  static unsigned count;
  uint64_t random = 0;
  if (getrandom (&random, sizeof random, GRND_NONBLOCK) != sizeof random)
    {
      struct timespec now;
      clock_gettime (CLOCK_MONOTONIC, &now);
      random = (uint64_t)now.tv_nsec << 32 ^ (uint64_t)getpid () << 8
               ^ __atomic_add_fetch (&count, 1, __ATOMIC_RELAXED);
    }
  snprintf (name, NAME_MAX + 1, ".gcglass-%016llx", (unsigned long long)random);
}

/* Writes the /proc name of the unnamed file's descriptor, from which it is linked. */
static void
descriptor_name (const struct gcg__save *save, char name[40])
{
  snprintf (name, 40, "/proc/self/fd/%d", save->fd);
}

/* Creates an unnamed file in the directory; false with errno: the file needs a name. */
static bool
make_nameless (struct gcg__save *save)
{
  char name[40];
  save->fd = openat (save->directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (save->fd < 0)
    return false;
  descriptor_name (save, name);
  if (access (name, F_OK) == 0)
    return true;
  /* Without /proc it could not be linked to a name later. */
  close (save->fd);
  save->fd = -1;
  errno = EOPNOTSUPP;
  return false;
}

/* Creates a file in the directory, unnamed or, where that is unsupported, with a random name.  0 or
   an errno. */
static int
make_file (struct gcg__save *save)
{
  (void)!make_nameless (save);
  for (int tries = 0; save->fd < 0 && tries < TRIES; tries++)
    {
      if (tries > 0 ? errno != EEXIST
                    : errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL && errno != ENOENT)
        return errno;
      random_name (save->beside);
      save->fd = openat (save->directory, save->beside,
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    }
  if (save->fd < 0)
    {
      save->beside[0] = '\0';
      return errno;
    }
  /* Independent of the umask. */
  (void)!fchmod (save->fd, 0600);
  return 0;
}

enum gcg_status
gcg__save_begin (struct gcg__save *save, const char *path, bool patient, struct gcg_error *error)
{
  const char *refused = NULL;
  *save = (struct gcg__save){ .path = path, .fd = -1, .directory = -1 };
  int why = find_place (save, path, patient ? 0 : O_NONBLOCK, &refused);
  if (why == 0 && save->fd < 0)
    why = make_file (save);
  if (why == 0)
    return GCG_OK;
  close_directory (save);
  if (refused != NULL)
    return fail_to_write (path, GCG_INVALID, refused, error);
  return fail_errno (save, why, error);
}

/* --- putting it in its place --- */

/* Links the unnamed file to its final name if that is free, else to a temporary one.  0 or an
   errno. */
static int
name_file (struct gcg__save *save)
{
  char descriptor[40];
  descriptor_name (save, descriptor);
  if (linkat (AT_FDCWD, descriptor, save->directory, save->name, AT_SYMLINK_FOLLOW) == 0)
    return 0;
  for (int tries = 0; errno == EEXIST && tries < TRIES; tries++)
    {
      random_name (save->beside);
      if (linkat (AT_FDCWD, descriptor, save->directory, save->beside, AT_SYMLINK_FOLLOW) == 0)
        return 0;
    }
  save->beside[0] = '\0';
  return errno;
}

/* A file without fsync support has nothing to wait for. */
static int
synchronise (int fd)
{
  return fsync (fd) == 0 || errno == EINVAL || errno == EROFS || errno == EBADF ? 0 : errno;
}

/* 0 or an errno. */
static int
put_in_place (struct gcg__save *save)
{
  int why = synchronise (save->fd);
  if (why == 0 && save->directory >= 0 && save->beside[0] == '\0')
    why = name_file (save);
  if (why == 0 && save->beside[0] != '\0')
    {
      if (renameat (save->directory, save->beside, save->directory, save->name) != 0)
        return errno;
      save->beside[0] = '\0';
    }
  if (why == 0 && save->directory >= 0)
    {
      why = synchronise (save->directory);
      close_directory (save);
    }
  return why;
}

/* Removes the temporary file. */
static void
give_up (struct gcg__save *save)
{
  if (save->directory >= 0 && save->beside[0] != '\0')
    unlinkat (save->directory, save->beside, 0);
  save->beside[0] = '\0';
  close_directory (save);
}

enum gcg_status
gcg__save_place (struct gcg__save *save, struct gcg_error *error)
{
  int why = put_in_place (save);
  return why == 0 ? GCG_OK : fail_errno (save, why, error);
}

enum gcg_status
gcg__save_end (struct gcg__save *save, bool keep, struct gcg_error *error)
{
  int why = keep ? put_in_place (save) : 0;
  if (close (save->fd) != 0 && why == 0 && keep)
    why = errno;
  save->fd = -1;
  give_up (save);
  return why == 0 ? GCG_OK : fail_errno (save, why, error);
}

/* --- writing --- */

/* Waits until FD accepts more; false with errno. */
static bool
await_room (int fd)
{
  struct pollfd room = { .fd = fd, .events = POLLOUT };
  int ready = poll (&room, 1, GCG__SAVE_SECONDS * 1000);
  if (ready == 0)
    errno = ETIMEDOUT;
  return ready > 0 || (ready < 0 && errno == EINTR);
}

bool
gcg__write_all (int fd, const void *bytes, size_t n)
{
  const char *at = bytes;
  while (n > 0)
    {
      ssize_t done = write (fd, at, n);
      if (done < 0 && errno != EINTR && (errno != EAGAIN || !await_room (fd)))
        return false;
      if (done > 0)
        {
          at += done;
          n -= (size_t)done;
        }
    }
  return true;
}

/* Copies all of FROM to TO; false with errno. */
static bool
copy_all (int from, int to)
{
  char piece[8192]; /* stacks may be small */
  off_t offset = 0;
  for (;;)
    {
      ssize_t n = pread (from, piece, sizeof piece, offset);
      if (n == 0)
        return true;
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 || !gcg__write_all (to, piece, (size_t)n))
        return false;
      offset += n;
    }
}

/* As copy_all; a limit on file sizes sends no signal, nor does a pipe without a reader. */
static bool
copy_quietly (int from, int to)
{
  static const struct timespec none;
  sigset_t ours, before, pending;
  sigemptyset (&ours);
  sigaddset (&ours, SIGXFSZ);
  sigaddset (&ours, SIGPIPE);
  sigpending (&pending);
  pthread_sigmask (SIG_BLOCK, &ours, &before);
  bool copied = copy_all (from, to);
  int why = errno, sent = copied ? 0 : why == EFBIG ? SIGXFSZ : why == EPIPE ? SIGPIPE : 0;
  if (sent != 0 && !sigismember (&pending, sent))
    {
      sigemptyset (&ours);
      sigaddset (&ours, sent);
      sigtimedwait (&ours, NULL, &none);
    }
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  errno = why;
  return copied;
}

enum gcg_status
gcg__save_copy (int from, const char *path, struct gcg_error *error)
{
  struct gcg__save save;
  enum gcg_status status = gcg__save_begin (&save, path, true, error);
  if (status != GCG_OK)
    return status;
  bool copied = copy_quietly (from, save.fd);
  int why = errno;
  status = gcg__save_end (&save, copied, error);
  return copied ? status : fail_errno (&save, why, error);
}
