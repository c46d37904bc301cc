/* exec.c -- the calls by which the program becomes another one.
 *
 * The signal that stops threads would find no handler in the new program, and end it.  So whoever
 * executes waits until no stop is under way and lets none begin; when the call fails it lets them
 * again.  A child of vfork shares our memory, but it is not who is stopped, and must not keep the
 * lock; a forked child has nobody who stops it.  execl and its kin are not here: they are rare, and
 * what they call cannot be seen.
 */
#include <stdbool.h>
#include <unistd.h>

#include <dlfcn.h>

#include "raw.h"
#include "stopworld.h"

#define API __attribute__ ((visibility ("default")))

extern char **environ;

static pid_t own_pid;
static int (*real_execvpe) (const char *, char *const[], char *const[]);

static void
find_real (void)
{
  *(void **)&real_execvpe = dlsym (RTLD_NEXT, "execvpe");
}

/* Not looked for in a child of vfork, unless a library's constructor that came before has one. */
static void __attribute__ ((constructor)) begin (void)
{
  own_pid = (pid_t)syscall (SYS_getpid);
  find_real ();
}

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

API int
execve (const char *path, char *const arguments[], char *const environment[])
{
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
  if (!real_execvpe)
    find_real ();
  bool held = hold ();
  real_execvpe (file, arguments, environment);
  return failed (held);
}

API int
execvp (const char *file, char *const arguments[])
{
  return execvpe (file, arguments, environ);
}
