/* exec.c -- wrappers of the exec family and of posix_spawn, so that the program that the process
 * becomes is observed too, and so is, where children are followed, the program that it starts.
 *
 * The new program gets the given environment plus the variables that load the agent (successor.h).
 * The given one is not modified: the call may fail, and the program continues.  Everything is on
 * the stack, because these calls are made in signal handlers and in children of vfork.
 *
 * In malloc mode the signal that stops threads would find no handler in the new program and kill
 * it.  So the caller waits until no stop is in progress and blocks new ones until the call has
 * failed.  A child of vfork shares the parent's memory, but is never stopped, and must not keep the
 * lock; threads of a forked child are never stopped either.
 *
 * system and popen call the C library's own posix_spawn: their shell keeps this process's kind of
 * agent, and the programs that the shell executes are asked about by that.
 */
#include <alloca.h>
#include <errno.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confined.h"
#include "lookup.h"
#include "raw.h"
#include "successor.h"
#include "visible.h"
#ifdef GCG_MALLOC
#include "malloc/stopworld.h"
#endif

#define DEFAULT_PATH "/bin:/usr/bin"

extern char **environ;

/* In a child of vfork they have been found, unless a library's constructor that came before has
   one. */
GCG__BEHIND (execvpe);
GCG__BEHIND (fexecve);
GCG__BEHIND (posix_spawn);
GCG__BEHIND (posix_spawnp);

#ifdef GCG_MALLOC
static pid_t own_pid;

static void __attribute__ ((constructor)) begin (void) { own_pid = (pid_t)syscall (SYS_getpid); }

static bool
hold (void)
{
  bool ours = !gcg__confined && (pid_t)syscall (SYS_getpid) == own_pid;
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
   no such file, or the new program, in a new child or not, is not to be observed. */
static int
look_up (int directory, const char *path, bool child)
{
  int old_errno = errno, fd = -1;

  if (gcg__successor_is_wanted (child))
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
look_up_in_path (const char *file, bool child)
{
  const char *at = getenv ("PATH");
  int old_errno = errno, fd = -1;

  if (!file || !*file || strchr (file, '/') || !gcg__successor_is_wanted (child))
    return file && strchr (file, '/') ? look_up (AT_FDCWD, file, child) : -1;
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

/* ENVIRONMENT becomes that of the program in FD (-1: not known), which need not stay open, and
   which runs in a new child or not. */
#define PREPARE(fd, close_it, environment, child)                                                  \
  struct gcg__successor next;                                                                      \
  gcg__successor_ask (&next, fd, environment, child);                                              \
  if ((close_it) && (fd) >= 0)                                                                     \
    raw_close (fd);                                                                                \
  environment = gcg__successor_environment (&next, environment,                                    \
                                            alloca (next.n_variables * sizeof (char *)),           \
                                            alloca (next.preload_bytes))

API int
execve (const char *path, char *const arguments[], char *const environment[])
{
  int fd = look_up (AT_FDCWD, path, false);
  PREPARE (fd, true, environment, false);
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
  int fd = look_up_in_path (file, false);
  PREPARE (fd, true, environment, false);
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
  bool wanted = environment && gcg__successor_is_wanted (false);
  int asked = wanted ? fd : -1;
  PREPARE (asked, false, environment, false);
  bool held = hold ();
  BEHIND (fexecve) (fd, arguments, environment);
  return failed (held);
}

API int
execveat (int directory, const char *path, char *const arguments[], char *const environment[],
          int flags)
{
  bool itself = (flags & AT_EMPTY_PATH) && !*path;
  int fd = itself ? -1 : look_up (directory, path, false);
  int asked = itself && gcg__successor_is_wanted (false) ? directory : fd;
  PREPARE (asked, !itself, environment, false);
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

/* The file of a relative PATH is looked for in this process's directory, even where ACTIONS change
   to another one: if it is not there, the child keeps the environment as it is. */
API int
posix_spawn (pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
             const posix_spawnattr_t *attributes, char *const arguments[],
             char *const environment[])
{
  int fd = look_up (AT_FDCWD, path, true);
  PREPARE (fd, true, environment, true);
  return BEHIND (posix_spawn) (pid, path, actions, attributes, arguments, environment);
}

API int
posix_spawnp (pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
              const posix_spawnattr_t *attributes, char *const arguments[],
              char *const environment[])
{
  int fd = look_up_in_path (file, true);
  PREPARE (fd, true, environment, true);
  return BEHIND (posix_spawnp) (pid, file, actions, attributes, arguments, environment);
}
