/* save.c -- base/save.h: existing targets, their owners, and calls that fail.
 *
 * The linker leads openat, linkat, renameat, fsync and write of the code under test here (--wrap),
 * where one of them fails, or file systems know no files without names.  What another user does
 * needs root, and is left out without.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/save.h"

#define OTHER 65534

/* --- calls that fail --- */

static int fail_at;          /* this call fails, counted from 1; 0: none */
static int calls;            /* so far */
static bool no_nameless;     /* O_TMPFILE is not supported */
static char synchronised[8]; /* 'f' for each file, 'd' for each directory, 'r' for each rename */

static bool
is_due (void)
{
  bool due = ++calls == fail_at;
  if (due)
    errno = EIO;
  return due;
}

static void
note (char what)
{
  size_t n = strlen (synchronised);
  if (n + 1 < sizeof synchronised)
    synchronised[n] = what;
}

int __real_openat (int directory, const char *name, int flags, ...);
int __wrap_openat (int directory, const char *name, int flags, ...);
int __real_linkat (int from, const char *name, int to, const char *other, int flags);
int __wrap_linkat (int from, const char *name, int to, const char *other, int flags);
int __real_renameat (int from, const char *name, int to, const char *other);
int __wrap_renameat (int from, const char *name, int to, const char *other);
int __real_fsync (int fd);
int __wrap_fsync (int fd);
ssize_t __real_write (int fd, const void *bytes, size_t n);
ssize_t __wrap_write (int fd, const void *bytes, size_t n);

int
__wrap_openat (int directory, const char *name, int flags, ...)
{
  if (no_nameless && (flags & O_TMPFILE) == O_TMPFILE)
    {
      errno = EOPNOTSUPP;
      return -1;
    }
  return is_due () ? -1 : __real_openat (directory, name, flags, 0600);
}

int
__wrap_linkat (int from, const char *name, int to, const char *other, int flags)
{
  return is_due () ? -1 : __real_linkat (from, name, to, other, flags);
}

int
__wrap_renameat (int from, const char *name, int to, const char *other)
{
  note ('r');
  return is_due () ? -1 : __real_renameat (from, name, to, other);
}

int
__wrap_fsync (int fd)
{
  struct stat about;
  note (fstat (fd, &about) == 0 && S_ISDIR (about.st_mode) ? 'd' : 'f');
  return is_due () ? -1 : __real_fsync (fd);
}

/* Writes less than it could, too. */
ssize_t
__wrap_write (int fd, const void *bytes, size_t n)
{
  return is_due () ? -1 : __real_write (fd, bytes, n > 3 ? n / 2 : n);
}

/* --- the folder of a test --- */

static char folder[] = "/tmp/gcglass-save-XXXXXX";
static int content_fd;

static void
put (const char *path, const char *text, mode_t mode)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  assert_true (fd >= 0);
  assert_int_equal (dprintf (fd, "%s", text), strlen (text));
  assert_int_equal (fchmod (fd, mode), 0);
  close (fd);
}

static void
assert_text (const char *path, const char *text)
{
  char got[100];
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  assert_true (fd >= 0);
  ssize_t n = read (fd, got, sizeof got - 1);
  close (fd);
  assert_true (n >= 0);
  got[n] = '\0';
  assert_string_equal (got, text);
}

/* PATH is a file of ours with what was saved. */
static void
assert_new (const char *path)
{
  struct stat about;
  assert_int_equal (lstat (path, &about), 0);
  assert_true (S_ISREG (about.st_mode));
  assert_int_equal (about.st_mode & 07777, 0600);
  assert_int_equal (about.st_uid, geteuid ());
  assert_int_equal (about.st_nlink, 1);
  assert_text (path, "contents");
}

static enum gcg_status
save (const char *path, struct gcg_error *error)
{
  return gcg__save_copy (content_fd, path, error);
}

static void
assert_saved (const char *path)
{
  struct gcg_error error = { GCG_OK, "" };
  enum gcg_status status = save (path, &error);
  assert_string_equal (error.text, "");
  assert_int_equal (status, GCG_OK);
}

static void
assert_refused (const char *path, const char *why)
{
  struct gcg_error error = { GCG_OK, "" };
  assert_int_not_equal (save (path, &error), GCG_OK);
  if (strstr (error.text, why) == NULL || strstr (error.text, "cannot write") == NULL)
    fail_msg ("%s: %s", why, error.text);
}

static int
count_files (void)
{
  DIR *here = opendir (".");
  int n = 0;
  assert_non_null (here);
  for (struct dirent *entry; (entry = readdir (here)) != NULL;)
    n += strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0;
  closedir (here);
  return n;
}

static int
enter (void **state)
{
  (void)state;
  strcpy (folder + sizeof folder - 7, "XXXXXX");
  fail_at = calls = 0;
  no_nameless = false;
  memset (synchronised, 0, sizeof synchronised);
  umask (022);
  return mkdtemp (folder) == NULL || chdir (folder) != 0;
}

static int
leave (void **state)
{
  char command[100];
  (void)state;
  fail_at = 0;
  snprintf (command, sizeof command, "chmod -R u+rwx %s; rm -rf %s", folder, folder);
  return chdir ("/") != 0 || system (command) != 0;
}

/* --- files --- */

static void
new_file (void **state)
{
  (void)state;
  for (int with = 0; with < 2; with++)
    {
      no_nameless = with;
      umask (0);
      assert_saved ("a");
      assert_new ("a");
      umask (0777);
      assert_saved ("b");
      assert_new ("b");
      assert_saved ("./b");
      assert_int_equal (count_files (), 2);
      unlink ("a");
      unlink ("b");
    }
}

static void
replaced (void **state)
{
  struct stat before, after;
  (void)state;
  put ("x", "something longer than the contents", 0666);
  assert_int_equal (link ("x", "y"), 0);
  assert_int_equal (stat ("x", &before), 0);
  assert_saved ("x");
  assert_new ("x");
  assert_text ("y", "something longer than the contents");
  assert_int_equal (stat ("x", &after), 0);
  assert_true (before.st_ino != after.st_ino);
  assert_int_equal (count_files (), 2);
}

/* The file is on the disk before it has its name, and the name before we say so. */
static void
on_the_disk (void **state)
{
  (void)state;
  assert_saved ("x");
  assert_string_equal (synchronised, "fd");
  memset (synchronised, 0, sizeof synchronised);
  assert_saved ("x");
  assert_string_equal (synchronised, "frd");
}

/* What a killed process may have left under any name does not matter. */
static void
left_behind (void **state)
{
  char name[40];
  (void)state;
  for (int with = 0; with < 2; with++)
    {
      no_nameless = with;
      snprintf (name, sizeof name, "x.%d.tmp", (int)getpid ());
      put (name, "stale", 0600);
      assert_saved ("x");
      assert_new ("x");
      assert_text (name, "stale");
    }
}

static void
no_place (void **state)
{
  char name[NAME_MAX + 2], path[PATH_MAX + 10];
  (void)state;
  memset (name, 'n', sizeof name);
  name[NAME_MAX + 1] = '\0';
  memset (path, 'p', sizeof path);
  path[sizeof path - 1] = '\0';
  assert_int_equal (mkdir ("folder", 0700), 0);
  assert_refused ("", "No such file");
  assert_refused ("none/x", "No such file");
  assert_refused ("folder", "Is a directory");
  assert_refused ("folder/", "Is a directory");
  assert_refused (".", "Is a directory");
  assert_refused ("folder/..", "Is a directory");
  assert_refused ("/", "Is a directory");
  assert_refused (name, "too long");
  assert_refused (path, "too long");
  name[NAME_MAX] = '\0';
  assert_saved (name);
  assert_new (name);
}

/* Each call fails in turn: there is the old file or the new one, whole, and nothing else. */
static void
every_failure (void **state)
{
  (void)state;
  for (int with = 0; with < 4; with++)
    {
      bool failed = true;
      no_nameless = with & 1;
      for (int at = 1; failed; at++)
        {
          struct gcg_error error = { GCG_OK, "" };
          unlink ("x");
          if (with & 2)
            put ("x", "old", 0600);
          calls = 0;
          fail_at = at;
          failed = save ("x", &error) != GCG_OK;
          /* An O_TMPFILE that fails in an unknown way is not tried otherwise. */
          assert_true (calls >= at || !failed);
          fail_at = 0;
          assert_int_equal (failed, strstr (error.text, "cannot write x: Input/output") != NULL);
          struct stat about;
          if (stat ("x", &about) == 0 && about.st_size == 3)
            assert_text ("x", "old");
          else if (stat ("x", &about) == 0)
            assert_new ("x");
          assert_true (count_files () <= 1);
          assert_true (failed || count_files () == 1);
          assert_true (at < 100);
        }
    }
}

static void
limits (void **state)
{
  struct rlimit limit, before;
  (void)state;
  put ("x", "old", 0600);
  getrlimit (RLIMIT_FSIZE, &before);
  limit = before;
  for (rlim_t bytes = 0; bytes < 8; bytes++)
    {
      limit.rlim_cur = bytes;
      setrlimit (RLIMIT_FSIZE, &limit);
      struct gcg_error error = { GCG_OK, "" };
      enum gcg_status status = save ("x", &error);
      setrlimit (RLIMIT_FSIZE, &before);
      assert_int_equal (status, GCG_SYSTEM);
      assert_non_null (strstr (error.text, "File too large"));
      assert_text ("x", "old");
    }
  assert_int_equal (count_files (), 1);
}

/* --- links --- */

static void
links (void **state)
{
  char path[PATH_MAX];
  (void)state;
  assert_int_equal (mkdir ("folder", 0755), 0);
  put ("folder/target", "old", 0644);
  assert_int_equal (symlink ("folder/target", "relative"), 0);
  snprintf (path, sizeof path, "%s/folder/target", folder);
  assert_int_equal (symlink (path, "absolute"), 0);
  assert_int_equal (symlink ("../relative", "folder/chain"), 0);
  assert_int_equal (symlink ("folder/fresh", "dangling"), 0);
  assert_int_equal (symlink ("loop", "loop"), 0);
  const char *const names[] = { "relative", "absolute", "folder/chain" };
  for (int i = 0; i < 3; i++)
    {
      struct stat about;
      put ("folder/target", "old", 0644);
      assert_saved (names[i]);
      assert_new ("folder/target");
      assert_int_equal (lstat (names[i], &about), 0);
      assert_true (S_ISLNK (about.st_mode));
    }
  assert_saved ("dangling");
  assert_new ("folder/fresh");
  assert_refused ("loop", "Too many levels");
}

/* Where others can make links, none is followed. */
static void
links_of_anybody (void **state)
{
  static const mode_t modes[] = { 0777, 01777, 0775 };
  (void)state;
  put ("victim", "victim", 0644);
  for (int i = 0; i < 3; i++)
    {
      char name[20];
      snprintf (name, sizeof name, "open%d", i);
      assert_int_equal (mkdir (name, 0700), 0);
      assert_int_equal (chmod (name, modes[i]), 0);
      snprintf (name, sizeof name, "open%d/x", i);
      assert_int_equal (symlink ("../victim", name), 0);
      assert_saved (name);
      assert_new (name);
      assert_text ("victim", "victim");
      /* Nor by way of a link that is good. */
      unlink (name);
      unlink ("good");
      assert_int_equal (symlink ("../victim", name), 0);
      assert_int_equal (symlink (name, "good"), 0);
      assert_saved ("good");
      assert_new (name);
      assert_text ("victim", "victim");
    }
}

/* --- devices, pipes --- */

static void
devices (void **state)
{
  struct stat before, after;
  (void)state;
  assert_int_equal (stat ("/dev/null", &before), 0);
  assert_saved ("/dev/null");
  assert_int_equal (stat ("/dev/null", &after), 0);
  assert_true (S_ISCHR (after.st_mode));
  assert_int_equal (before.st_ino, after.st_ino);
  assert_int_equal (before.st_mode, after.st_mode);
  assert_int_equal (symlink ("/dev/null", "null"), 0);
  assert_saved ("null");
  assert_refused ("/dev/full", "No space");
  if (geteuid () == 0 && mknod ("disk", S_IFBLK | 0600, makedev (7, 200)) == 0)
    assert_refused ("disk", "block device");
}

static void
pipes (void **state)
{
  char got[20];
  (void)state;
  assert_int_equal (mkfifo ("pipe", 0600), 0);
  int reader = open ("pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  assert_saved ("pipe");
  ssize_t n = read (reader, got, sizeof got);
  assert_int_equal (n, 8);
  assert_memory_equal (got, "contents", 8);
  close (reader);
  struct stat about;
  assert_int_equal (stat ("pipe", &about), 0);
  assert_true (S_ISFIFO (about.st_mode));
  struct gcg__save impatient;
  struct gcg_error error;
  assert_int_equal (gcg__save_begin (&impatient, "pipe", false, &error), GCG_INVALID);
  assert_non_null (strstr (error.text, "no process reads"));
}

/* What is opened already has no name to be replaced. */
static void
open_descriptors (void **state)
{
  char name[40], got[20];
  int ends[2];
  (void)state;
  assert_int_equal (pipe2 (ends, O_CLOEXEC), 0);
  snprintf (name, sizeof name, "/dev/fd/%d", ends[1]);
  assert_saved (name);
  assert_int_equal (read (ends[0], got, sizeof got), 8);
  close (ends[0]);
  close (ends[1]);
  put ("x", "", 0644);
  int fd = open ("x", O_WRONLY | O_CLOEXEC);
  unlink ("x");
  snprintf (name, sizeof name, "/proc/self/fd/%d", fd);
  assert_saved (name);
  struct stat about;
  assert_int_equal (fstat (fd, &about), 0);
  assert_int_equal (about.st_size, 8);
  close (fd);
  assert_int_equal (count_files (), 0);
}

/* --- another user --- */

/* Whether there is another user, and one of ours is root. */
static bool
have_other (void)
{
  if (geteuid () != 0)
    {
      print_message ("# not root: what another user does is left out\n");
      return false;
    }
  return true;
}

static void
planted_for_root (void **state)
{
  (void)state;
  if (!have_other ())
    return;
  put ("secret", "secret", 0600);
  assert_int_equal (mkdir ("theirs", 0755), 0);
  assert_int_equal (mkdir ("everybodys", 0700), 0);
  assert_int_equal (chmod ("everybodys", 01777), 0);
  const char *const names[] = { "theirs/x", "everybodys/x" };
  for (int i = 0; i < 2; i++)
    {
      const char *x = names[i];
      put (x, "planted", 0666);
      assert_int_equal (chown (x, OTHER, OTHER), 0);
      assert_saved (x);
      assert_new (x);
      unlink (x);
      assert_int_equal (symlink ("../secret", x), 0);
      assert_int_equal (lchown (x, OTHER, OTHER), 0);
      assert_int_equal (chown ("theirs", OTHER, OTHER), 0);
      assert_saved (x);
      assert_new (x);
      assert_text ("secret", "secret");
      unlink (x);
      assert_int_equal (mkfifo (x, 0666), 0);
      assert_int_equal (chown (x, OTHER, OTHER), 0);
      assert_refused (x, "another user's FIFO");
    }
}

/* Root's own file, link and names, seen by another user. */
static void
planted_by_root (void **state)
{
  (void)state;
  if (!have_other ())
    return;
  assert_int_equal (chmod (".", 0755), 0);
  assert_int_equal (mkdir ("theirs", 0755), 0);
  assert_int_equal (chown ("theirs", OTHER, OTHER), 0);
  assert_int_equal (mkdir ("sticky", 0700), 0);
  assert_int_equal (chmod ("sticky", 01777), 0);
  put ("theirs/x", "root's", 0666);
  put ("sticky/x", "root's", 0666);
  pid_t child = fork ();
  if (child == 0)
    {
      struct gcg_error error;
      struct stat about;
      bool good = setgroups (0, NULL) == 0 && setgid (OTHER) == 0 && setuid (OTHER) == 0
                  && save ("theirs/x", &error) == GCG_OK && lstat ("theirs/x", &about) == 0
                  && about.st_uid == OTHER && (about.st_mode & 07777) == 0600
                  && save ("sticky/x", &error) == GCG_SYSTEM && save ("new", &error) == GCG_SYSTEM;
      _exit (good ? 0 : 1);
    }
  int status;
  assert_int_equal (waitpid (child, &status, 0), child);
  assert_int_equal (status, 0);
  assert_text ("sticky/x", "root's");
}

int
main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, enter, leave)
  const struct CMUnitTest tests[] = {
    TEST (new_file),         TEST (replaced),        TEST (on_the_disk), TEST (left_behind),
    TEST (no_place),         TEST (every_failure),   TEST (limits),      TEST (links),
    TEST (links_of_anybody), TEST (devices),         TEST (pipes),       TEST (open_descriptors),
    TEST (planted_for_root), TEST (planted_by_root),
  };
  content_fd = memfd_create ("contents", MFD_CLOEXEC);
  if (content_fd < 0 || dprintf (content_fd, "contents") != 8)
    return 1;
  return cmocka_run_group_tests (tests, NULL, NULL);
}
