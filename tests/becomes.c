/* becomes.c -- a program that becomes another one: becomes HOW PROGRAM [ARGUMENT]...
 * HOW is the call, or a situation in which execv is called, or a function that runs a child.  It
 * loses 700 bytes before, which are not the other program's.  Compiled with USE_GC it uses the
 * collector.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef USE_GC
#include <gc.h>
#define LOSE(n) GC_MALLOC_UNCOLLECTABLE (n)
#else
#define LOSE(n) malloc (n)
#endif

extern char **environ;

static char **program;

/* A copy that fork handlers do not know of lives on until the standard input ends. */
static void
leave_copy (void)
{
  char byte;
  if (syscall (SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) != 0)
    return;
  while (read (0, &byte, 1) > 0)
    ;
  syscall (SYS_exit_group, 0);
}

static void *
run_program (void *unused)
{
  (void)unused;
  execv (program[0], program);
  return NULL;
}

static void
on_signal (int signal)
{
  (void)signal;
  execv (program[0], program);
}

/* From now on a socket ends the process. */
static void
forbid_sockets (void)
{
  struct sock_filter filter[]
      = { BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
          BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 1),
          BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
          BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
  struct sock_fprog rules = { sizeof filter / sizeof *filter, filter };
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
      || prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &rules) != 0)
    _exit (79);
}

static int
status_of (pid_t child)
{
  int status;
  return waitpid (child, &status, 0) == child ? WEXITSTATUS (status) : 81;
}

/* The status of the program, run by a child of vfork. */
static int
run_by_vfork (void)
{
  pid_t child = vfork ();
  if (child == 0)
    {
      execv (program[0], program);
      _exit (78);
    }
  return status_of (child);
}

/* Runs the program by posix_spawnp (BY_PATH), or by posix_spawn: in the directory that it is in,
   and with an empty environment. */
static int
run_by_spawn (bool by_path)
{
  char *name = strrchr (program[0], '/'), *nothing[] = { NULL };
  posix_spawn_file_actions_t files;
  pid_t child;
  int failure;
  if (posix_spawn (&child, "/nonexistent", NULL, NULL, program, environ) != ENOENT
      || posix_spawnp (&child, "nonexistent-program", NULL, NULL, program, environ) != ENOENT
      || posix_spawn (&child, "/dev/null", NULL, NULL, program, nothing) != EACCES || name == NULL
      || posix_spawn_file_actions_init (&files) != 0)
    return 82;
  if (by_path)
    failure = posix_spawnp (&child, name + 1, NULL, NULL, program, environ);
  else
    {
      *name = 0;
      failure = posix_spawn_file_actions_addchdir_np (&files, program[0]);
      *name = '/';
      if (failure == 0)
        failure = posix_spawn (&child, program[0], &files, NULL, program, nothing);
    }
  posix_spawn_file_actions_destroy (&files);
  return failure != 0 ? 83 : status_of (child);
}

/* Runs the program and its argument by a shell. */
static int
run_by_shell (bool to_read)
{
  char command[4096];
  snprintf (command, sizeof command, "%s %s; exit $?", program[0], program[1]);
  if (!to_read)
    return WEXITSTATUS (system (command));
  FILE *pipe = popen (command, "r");
  while (pipe != NULL && getc (pipe) != EOF)
    ;
  return pipe != NULL ? WEXITSTATUS (pclose (pipe)) : 84;
}

/* A missing program, and a file that is not one: the caller goes on. */
static int
fail (void)
{
  static char *nothing[] = { NULL };
  if (execl ("/nonexistent", "x", (char *)NULL) != -1 || errno != ENOENT
      || execlp ("nonexistent-program", "x", (char *)NULL) != -1 || errno != ENOENT
      || execve ("/dev/null", nothing, environ) != -1 || errno != EACCES
      || fexecve (-1, nothing, environ) != -1)
    return 80;
  return program[0] == NULL ? 3 : -1;
}

static int
call (const char *how)
{
  const char *name = strrchr (program[0], '/');
  name = name == NULL ? program[0] : name + 1;
  if (strcmp (how, "execv") == 0)
    execv (program[0], program);
  if (strcmp (how, "execve") == 0)
    execve (program[0], program, environ);
  if (strcmp (how, "execvp") == 0)
    execvp (name, program);
  if (strcmp (how, "execvpe") == 0)
    execvpe (name, program, environ);
  if (strcmp (how, "execl") == 0)
    execl (program[0], program[0], program[1], (char *)NULL);
  if (strcmp (how, "execlp") == 0)
    execlp (name, name, program[1], (char *)NULL);
  if (strcmp (how, "execle") == 0)
    execle (program[0], program[0], program[1], (char *)NULL, environ);
  if (strcmp (how, "fexecve") == 0)
    fexecve (open (program[0], O_RDONLY | O_CLOEXEC), program, environ);
  if (strcmp (how, "execveat") == 0)
    execveat (open (program[0], O_PATH | O_CLOEXEC), "", program, environ, AT_EMPTY_PATH);
  return 77;
}

static int
arrange (const char *how)
{
  pthread_t thread;
  if (strcmp (how, "thread") == 0)
    return pthread_create (&thread, NULL, run_program, NULL) != 0
           || pthread_join (thread, NULL) != 0;
  if (strcmp (how, "handler") == 0)
    return signal (SIGUSR1, on_signal) == SIG_ERR || raise (SIGUSR1);
  if (strcmp (how, "vfork") == 0)
    return run_by_vfork ();
  if (strncmp (how, "posix_spawn", 11) == 0)
    return run_by_spawn (how[11] == 'p');
  if (strcmp (how, "system") == 0 || strcmp (how, "popen") == 0)
    return run_by_shell (*how == 'p');
  if (strcmp (how, "no-environment") == 0)
    return clearenv () != 0 || execv (program[0], program);
  if (strcmp (how, "no-sockets") == 0)
    forbid_sockets ();
  if (strcmp (how, "copied") == 0)
    leave_copy ();
  if (strcmp (how, "fails") == 0)
    {
      int status = fail ();
      if (status >= 0)
        return status;
    }
  return execv (program[0], program);
}

static void __attribute__ ((noinline)) lose (void)
{
  volatile char *block = LOSE (700);
  *block = 1;
}

static void __attribute__ ((noinline)) clear_stack (void)
{
  volatile char bytes[4096];
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = 0;
}

int
main (int argc, char **argv)
{
  if (argc < 2)
    return 2;
#ifdef USE_GC
  GC_INIT ();
#endif
  lose ();
  clear_stack ();
  program = argv + 2;
  return strncmp (argv[1], "exec", 4) == 0 || strcmp (argv[1], "fexecve") == 0 ? call (argv[1])
                                                                               : arrange (argv[1]);
}
