/* child.c -- see child.h.
 *
 * Between fork and exec only async-signal-safe functions are called: other threads are running.
 */
#include "config.h"

#include "tools/child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/traced.h"
#include "tools/front.h"
#include "tools/program.h"

#define TEXT_BYTES 512

/* How many descriptors the program may have open; 0, 0: as many as we. */
static struct rlimit original_limit;

void
child_raise_limit (void)
{
  struct rlimit limit;
  if (original_limit.rlim_max > 0 || getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return;
  original_limit = limit;
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
}

/* In the child: becomes the program, or says why not and ends. */
static void __attribute__ ((noreturn))
become (const struct signals *signals, int report_fd, const char *path, char *const *arguments,
        char *const *script_arguments, char *const *environment)
{
  signals_restore (signals);
  if (original_limit.rlim_max > 0)
    setrlimit (RLIMIT_NOFILE, &original_limit);
  execve (path, arguments, environment);
  /* A script without a first line that names its interpreter, as a shell would run it. */
  if (errno == ENOEXEC)
    execve ("/bin/sh", script_arguments, environment);
  int failure = errno;
  (void)!write (report_fd, &failure, sizeof failure);
  _exit (PROGRAM_NOT_FOUND);
}

/* {"sh", PATH, argument 1, ...}; caller frees the array. */
static char **
make_script_arguments (const char *path, char *const *arguments)
{
  static char shell[] = "sh";
  size_t n = 0;
  while (arguments[n] != NULL)
    n++;
  char **result = calloc (n + 3, sizeof *result);
  if (result == NULL)
    return NULL;
  result[0] = shell;
  result[1] = (char *)(uintptr_t)path;
  for (size_t i = 1; i < n; i++)
    result[i + 1] = arguments[i];
  return result;
}

int
child_start (struct child *child, const struct signals *signals, const char *path,
             char *const *arguments, char *const *environment, char text[TEXT_BYTES])
{
  int report[2], failure = 0;
  char **script_arguments = make_script_arguments (path, arguments);
  memset (child, 0, sizeof *child);
  if (script_arguments == NULL || pipe2 (report, O_CLOEXEC) != 0)
    {
      snprintf (text, TEXT_BYTES, "cannot start %s: %s", path, strerror (errno));
      free (script_arguments);
      return PROGRAM_FAILED;
    }
  child->pid = fork ();
  if (child->pid == 0)
    become (signals, report[1], path, arguments, script_arguments, environment);
  failure = child->pid < 0 ? errno : 0;
  close (report[1]);
  if (child->pid > 0 && read (report[0], &failure, sizeof failure) == (ssize_t)sizeof failure)
    waitpid (child->pid, NULL, 0);
  close (report[0]);
  free (script_arguments);
  if (failure == 0)
    return 0;
  snprintf (text, TEXT_BYTES, "cannot run %s: %s", path, strerror (failure));
  return child->pid < 0 ? PROGRAM_FAILED : failure == ENOENT ? PROGRAM_NOT_FOUND : PROGRAM_NOT_RUN;
}

/* Returns whether a wait for the program finds something other than a stop by us, which the thread
   that has stopped it waits for (image/freeze.h); of one that is traced, only its end. */
static bool
is_to_be_waited_for (const struct child *child)
{
  siginfo_t info = { .si_pid = 0 };
  unsigned n_turns;
  bool traced = gcg__traced_is (child->pid, &n_turns);
  return waitid (P_PID, (id_t)child->pid, &info,
                 WEXITED | WSTOPPED | WCONTINUED | WNOHANG | WNOWAIT)
             == 0
         && info.si_pid != 0 && info.si_code != CLD_TRAPPED
         && (!traced || info.si_code == CLD_EXITED || info.si_code == CLD_KILLED
             || info.si_code == CLD_DUMPED);
}

/* The program has stopped, or goes on.  Only our front does the same: the pages stay available. */
static void
set_stopped (struct child *child, bool stopped)
{
  child->stopped = stopped;
  if (stopped)
    front_stop ();
  else
    front_continue ();
}

/* Deals with what the kernel says of the program; of one that is traced for its life it does not
   say who stops it (image/traced.h). */
static void
look_after (struct child *child)
{
  int status;
  unsigned n_turns;
  if (!child->ended && gcg__traced_is (child->pid, &n_turns) && n_turns != child->n_turns)
    {
      child->n_turns = n_turns;
      set_stopped (child, n_turns % 2 == 1);
    }
  while (!child->ended && is_to_be_waited_for (child)
         && waitpid (child->pid, &status, WNOHANG | WUNTRACED | WCONTINUED) == child->pid)
    if (WIFSTOPPED (status) || WIFCONTINUED (status))
      set_stopped (child, WIFSTOPPED (status));
    else
      {
        child->ended = true;
        child->status = status;
      }
}

void
child_signal (struct child *child, const struct signalfd_siginfo *info)
{
  int signal = (int)info->ssi_signo;
  /* What the kernel sends (Ctrl+C, a resized window) it has sent to the program too. */
  bool from_process = info->ssi_code <= 0;
  /* Ctrl+C ends the program, and a second one our serving on; but without a terminal there is no
     one to type it. */
  child->finish = child->finish || signal == SIGHUP || (from_process && signals_is_end (info));
  if (signal == SIGCHLD || signal == SIGCONT)
    look_after (child);
  /* SIGCONT for us is meant for the program, which the terminal may already have continued. */
  if (signal == SIGCONT && child->stopped)
    kill (child->pid, SIGCONT);
  else if (signal == SIGTSTP && child->ended)
    front_stop ();
  else if (signal != SIGCHLD && signal != SIGPIPE && signal != SIGCONT && from_process
           && !child->ended)
    kill (child->pid, signal);
}

void
child_describe (const struct child *child, char text[128])
{
  if (WIFSIGNALED (child->status))
    snprintf (text, 128, "was killed by signal %d (%s)", WTERMSIG (child->status),
              strsignal (WTERMSIG (child->status)));
  else
    snprintf (text, 128, "ended with status %d", WEXITSTATUS (child->status));
}

void
child_imitate (const struct child *child, int status)
{
  static const struct rlimit no_core;
  fflush (stderr);
  if (WIFSIGNALED (child->status))
    {
      struct sigaction usual = { .sa_handler = SIG_DFL };
      sigset_t only;
      int signal = WTERMSIG (child->status);
      setrlimit (RLIMIT_CORE, &no_core);
      sigaction (signal, &usual, NULL);
      sigemptyset (&only);
      sigaddset (&only, signal);
      raise (signal);
      sigprocmask (SIG_UNBLOCK, &only, NULL);
      _exit (128 + signal);
    }
  if (WEXITSTATUS (child->status) != 0)
    status = WEXITSTATUS (child->status);
  _exit (status);
}
