/* spawn_server.c -- see spawn_server.h.
 *
 * All look-ups are done before the clone; the children make system calls only.  A pipe
 * that closes at exec brings errno when there is no exec.
 */
#include "config.h"

#include "spawn_server.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>

#include "fail.h"
#include "raw.h"

#define MOST_PATH 4096

extern char **environ;

/* Copies the first executable of DIR/gcglass in the PATH. */
static bool
find_in_path (char path[MOST_PATH])
{
  const char *at = getenv ("PATH");

  while (at && *at)
    {
      size_t n = strcspn (at, ":");
      if (n && (size_t)snprintf (path, MOST_PATH, "%.*s/gcglass", (int)n, at) < MOST_PATH
          && access (path, X_OK) == 0)
        return true;
      at += n + (at[n] == ':');
    }
  return false;
}

/* Refuses for a program with more rights than its caller: that caller chose the environment, which
   the server and its libraries would trust. */
static enum gcg_status
find_server (char path[MOST_PATH], struct gcg_error *error)
{
  if (getauxval (AT_SECURE) != 0)
    return gcg__fail (error, GCG_NO_SERVER,
                      "a program that is set-user-id, set-group-id or has capabilities starts no "
                      "server: run it as the user whose rights it has, or save snapshots");
  const char *given = secure_getenv ("GCGLASS_SERVER");

  snprintf (path, MOST_PATH, "%s", given ? given : GCG_BINDIR "/gcglass");
  if (access (path, X_OK) == 0)
    return GCG_OK;
  if (given)
    return gcg__fail (error, GCG_NO_SERVER, "cannot start gcglass: %s: %s (from GCGLASS_SERVER)",
                      given, strerror (errno));
  if (find_in_path (path))
    return GCG_OK;
  return gcg__fail (error, GCG_NO_SERVER,
                    "cannot start gcglass: looked for " GCG_BINDIR
                    "/gcglass and for gcglass in the PATH; install gcglass or set GCGLASS_SERVER");
}

/* The environment without what is ours and without the preload object; NULL: no memory.  *BYTES are
   mapped for it: what is allocated would be the program's. */
static char **
server_environment (size_t *bytes)
{
  size_t n = 0, kept = 0;
  char **copy;

  while (environ && environ[n])
    n++;
  *bytes = (n + 1) * sizeof *copy;
  copy = raw_map (*bytes);
  if (copy == MAP_FAILED)
    return NULL;
  for (size_t i = 0; i < n; i++)
    if (strncmp (environ[i], "LD_PRELOAD=", 11) != 0
        && strncmp (environ[i], "GCGLASS_SOCKET=", 15) != 0)
      copy[kept++] = environ[i];
  copy[kept] = NULL;
  return copy;
}

/* In the grandchild: everything as a freshly started program expects it. */
static void
become_server (const char *path, const char *verb, char **environment, int socket, int report)
{
  static char name[] = "gcglass", option[] = "--fd", number[] = "3";
  char *arguments[] = { name, (char *)(uintptr_t)verb, option, number, NULL };
  struct sigaction action = { .sa_handler = SIG_DFL };
  uint64_t none = 0;
  int null = raw_open ("/dev/null", O_RDWR);

  for (int i = 1; i < NSIG; i++)
    sigaction (i, &action, NULL);
  setsid ();
  /* Out of the way of 0, 1 and 3 first. */
  report = fcntl (report, F_DUPFD_CLOEXEC, 10);
  socket = fcntl (socket, F_DUPFD_CLOEXEC, 10);
  dup2 (null, 0);
  dup2 (null, 1);
  dup2 (socket, 3);
  if (report > 4)
    syscall (SYS_close_range, 4u, (unsigned)report - 1, 0u);
  syscall (SYS_close_range, (unsigned)report + 1, ~0u, 0u);
  syscall (SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
  execve (path, arguments, environment);
  int error = errno;
  (void)!write (report, &error, sizeof error);
  syscall (SYS_exit_group, 127);
}

enum gcg_status
gcg__spawn_server (const char *verb, int socket, struct gcg_error *error)
{
  char path[MOST_PATH];
  enum gcg_status status = find_server (path, error);
  uint64_t all = ~UINT64_C (0), mask;
  int report[2], failure = 0;
  char **environment;
  size_t bytes;
  pid_t child;

  if (status != GCG_OK)
    return status;
  environment = server_environment (&bytes);
  if (!environment)
    return gcg__fail (error, GCG_NO_MEMORY, "no memory to start gcglass");
  if (pipe2 (report, O_CLOEXEC) < 0)
    {
      status = gcg__fail (error, GCG_SYSTEM, "cannot make a pipe: %s", strerror (errno));
      goto fail_pipe;
    }
  syscall (SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask, 8);
  child = (pid_t)syscall (SYS_clone, 0, NULL, NULL, NULL, NULL);
  if (child == 0)
    {
      if (syscall (SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) == 0)
        become_server (path, verb, environment, socket, report[1]);
      syscall (SYS_exit_group, 0);
    }
  syscall (SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8);
  close (report[1]);
  if (child < 0)
    status = gcg__fail (error, GCG_SYSTEM, "cannot start gcglass: %s", strerror (errno));
  else
    {
      while (waitpid (child, NULL, __WCLONE) < 0 && errno == EINTR)
        ;
      if (read (report[0], &failure, sizeof failure) == (ssize_t)sizeof failure)
        status = gcg__fail (error, GCG_NO_SERVER, "cannot start gcglass %s: %s", path,
                            strerror (failure));
    }
  close (report[0]);
fail_pipe:
  raw_unmap (environment, bytes);
  return status;
}
