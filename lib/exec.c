/* exec.c -- wrappers of the exec family, so that the program that the process becomes is observed
 * too.
 *
 * The new program gets the given environment plus the variables that load the agent (successor.h).
 * The given one is not modified: the call may fail, and the program continues.  Everything is on
 * the stack, because these calls are made in signal handlers and in children of vfork.
 *
 * In malloc mode the signal that stops threads would find no handler in the new program and kill
 * it.  So the caller waits until no stop is in progress and blocks new ones until the call has
 * failed.  A child of vfork shares the parent's memory, but is never stopped, and must not keep the
 * lock; threads of a forked child are never stopped either.
 */
#include <alloca.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lookup.h"
#include "raw.h"
#include "successor.h"
#ifdef GCG_MALLOC
#include "malloc/stopworld.h"
#endif

#define API          __attribute__ ((visibility ("default")))
#define DEFAULT_PATH "/bin:/usr/bin"

extern char **environ;

/* In a child of vfork they have been found, unless a library's constructor that came before has
   one. */
GCG__BEHIND (execvpe);
GCG__BEHIND (fexecve);

#ifdef GCG_MALLOC
static pid_t own_pid;

static void __attribute__ ((constructor)) begin (void) { own_pid = (pid_t)syscall (SYS_getpid); }

static bool
hold (void)
{
  bool ours = (pid_t)syscall (SYS_getpid) == own_pid;
  if (ours)
    gcg__world_hold ();
  return ours;
}

static int
failed (bool held)
{
  if (held)
    gcg__world_release ();
  return -1;
}
#else
static bool
hold (void)
{
  return false;
}

static int
failed (bool held)
{
  (void)held;
  return -1;
}
#endif

static int
open_path (int directory, const char *path)
{
  return raw_high ((int)syscall (SYS_openat, directory, path, O_PATH | O_CLOEXEC, 0));
}

/* Returns an O_PATH descriptor of the file PATH, relative to DIRECTORY, to ask gcglass about; -1:
   no such file, or the new program is not to be observed. */
static int
look_up (int directory, const char *path)
{
  int old_errno = errno, fd = -1;

  if (gcg__successor_is_wanted ())
    fd = open_path (directory, path);
  errno = old_errno;
  return fd;
}

/* Returns whether PATH, on which FD is open, is an executable regular file. */
static bool
is_executable (const char *path, int fd)
{
  struct stat status;
  return fstat (fd, &status) == 0 && S_ISREG (status.st_mode)
         && syscall (SYS_faccessat, AT_FDCWD, path, X_OK) == 0;
}

/* The same as look_up for the program FILE, which is looked for in the PATH. */
static int
look_up_in_path (const char *file)
{
  const char *at = getenv ("PATH");
  int old_errno = errno, fd = -1;

  if (!file || !*file || strchr (file, '/') || !gcg__successor_is_wanted ())
    return file && strchr (file, '/') ? look_up (AT_FDCWD, file) : -1;
  if (!at)
    at = DEFAULT_PATH;
  char *path = alloca (strlen (at) + strlen (file) + 2);
  for (;;)
    {
      size_t n = strcspn (at, ":");
      memcpy (path, at, n);
      strcpy (path + n, n ? "/" : "");
      strcat (path, file);
      fd = open_path (AT_FDCWD, path);
      if (fd >= 0 && is_executable (path, fd))
        break;
      if (fd >= 0)
        raw_close (fd);
      fd = -1;
      if (!at[n])
        break;
      at += n + 1;
    }
  errno = old_errno;
  return fd;
}

/* ENVIRONMENT becomes that of the program in FD (-1: not known), which need not stay open. */
#define PREPARE(fd, close_it, environment)                                                         \
  struct gcg__successor next;                                                                      \
  gcg__successor_ask (&next, fd, environment);                                                     \
  if ((close_it) && (fd) >= 0)                                                                     \
    raw_close (fd);                                                                                \
  environment = gcg__successor_environment (&next, environment,                                    \
                                            alloca (next.n_variables * sizeof (char *)),           \
                                            alloca (next.preload_bytes))

API int
execve (const char *path, char *const arguments[], char *const environment[])
{
  int fd = look_up (AT_FDCWD, path);
  PREPARE (fd, true, environment);
  bool held = hold ();
  syscall (SYS_execve, path, arguments, environment);
  return failed (held);
}

API int
execv (const char *path, char *const arguments[])
{
  return execve (path, arguments, environ);
}

API int
execvpe (const char *file, char *const arguments[], char *const environment[])
{
  int fd = look_up_in_path (file);
  PREPARE (fd, true, environment);
  bool held = hold ();
  BEHIND (execvpe) (file, arguments, environment);
  return failed (held);
}

API int
execvp (const char *file, char *const arguments[])
{
  return execvpe (file, arguments, environ);
}

API int
fexecve (int fd, char *const arguments[], char *const environment[])
{
  bool wanted = environment && gcg__successor_is_wanted ();
  int asked = wanted ? fd : -1;
  PREPARE (asked, false, environment);
  bool held = hold ();
  BEHIND (fexecve) (fd, arguments, environment);
  return failed (held);
}

API int
execveat (int directory, const char *path, char *const arguments[], char *const environment[],
          int flags)
{
  bool itself = (flags & AT_EMPTY_PATH) && !*path;
  int fd = itself ? -1 : look_up (directory, path);
  int asked = itself && gcg__successor_is_wanted () ? directory : fd;
  PREPARE (asked, !itself, environment);
  bool held = hold ();
  syscall (SYS_execveat, directory, path, arguments, environment, flags);
  return failed (held);
}

/* ARGUMENTS from FIRST and what follows it in LIST, which is left at what follows its NULL. */
#define GATHER(arguments, first, list)                                                             \
  va_list list;                                                                                    \
  size_t n_##arguments = 1;                                                                        \
  va_start (list, first);                                                                          \
  while (va_arg (list, const char *))                                                              \
    n_##arguments++;                                                                               \
  va_end (list);                                                                                   \
  char **arguments = alloca ((n_##arguments + 1) * sizeof (char *));                               \
  arguments[0] = (char *)(uintptr_t)first;                                                         \
  va_start (list, first);                                                                          \
  for (size_t i_ = 1; i_ <= n_##arguments; i_++)                                                   \
  arguments[i_] = va_arg (list, char *)

API int
execl (const char *path, const char *first, ...)
{
  GATHER (arguments, first, list);
  va_end (list);
  return execve (path, arguments, environ);
}

API int
execlp (const char *file, const char *first, ...)
{
  GATHER (arguments, first, list);
  va_end (list);
  return execvpe (file, arguments, environ);
}

API int
execle (const char *path, const char *first, ...)
{
  GATHER (arguments, first, list);
  char *const *environment = va_arg (list, char *const *);
  va_end (list);
  return execve (path, arguments, environment);
}
