/* terminal.c -- gcglass run at a terminal: Ctrl+C, Ctrl+\, Ctrl+Z, a resized window do to
 * the program what they would do without us, and once.
 *
 * The test is the terminal; its child is a shell that knows one job (POSIX job control, as in the
 * GNU C library's manual, "Implementing a Shell").
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/server/client.h"

struct terminal
{
  int fd;
  pid_t shell;
  char seen[65536];
  size_t n;
};

/* In the child: runs the job in the foreground; says how it went on; continues it when stopped. */
static void __attribute__ ((noreturn)) shell (char *const *job)
{
  int status;
  signal (SIGTTOU, SIG_IGN);
  signal (SIGINT, SIG_IGN);
  signal (SIGQUIT, SIG_IGN);
  signal (SIGTSTP, SIG_IGN);
  pid_t pid = fork ();
  if (pid == 0)
    {
      setpgid (0, 0);
      tcsetpgrp (0, getpid ());
      signal (SIGTTOU, SIG_DFL);
      signal (SIGINT, SIG_DFL);
      signal (SIGQUIT, SIG_DFL);
      signal (SIGTSTP, SIG_DFL);
      execv (job[0], job);
      _exit (127);
    }
  setpgid (pid, pid);
  while (waitpid (pid, &status, WUNTRACED) == pid && WIFSTOPPED (status))
    {
      tcsetpgrp (0, getpgrp ());
      printf ("[stopped]\n");
      fflush (stdout);
      while (getchar () != '\n') /* fg */
        ;
      tcsetpgrp (0, pid);
      kill (-pid, SIGCONT);
      printf ("[continued]\n");
      fflush (stdout);
    }
  tcsetpgrp (0, getpgrp ());
  if (WIFSIGNALED (status))
    printf ("[signal %d]\n", WTERMSIG (status));
  else
    printf ("[status %d]\n", WEXITSTATUS (status));
  fflush (stdout);
  /* The terminal goes, and with it what has not been read, when its session's first process does.
   */
  signal (SIGHUP, SIG_DFL);
  for (;;)
    pause ();
}

/* gcglass run OPTIONS -- probe ARGUMENTS, words separated by spaces. */
static void
open_terminal (struct terminal *terminal, const char *options, const char *arguments)
{
  static char line[8192];
  char *words[32], *rest = line;
  const char *top = getenv ("top_builddir");
  size_t n = 0;
  top = top == NULL ? "." : top;
  setenv ("GCGLASS_STACK_DEPTH", "0", 1);
  snprintf (line, sizeof line, "%s/tools/gcglass run --port 0 %s -- %s/tests/server/probe %s", top,
            options, top, arguments);
  for (char *word; n < 31 && (word = strsep (&rest, " ")) != NULL;)
    if (*word != '\0')
      words[n++] = word;
  words[n] = NULL;
  memset (terminal, 0, sizeof *terminal);
  terminal->shell = forkpty (&terminal->fd, NULL, NULL, NULL);
  assert_true (terminal->shell >= 0);
  if (terminal->shell == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGHUP);
      shell (words);
    }
}

/* Reads until TEXT is seen. */
static void
await (struct terminal *terminal, const char *text)
{
  double end = seconds_now () + 20;
  while (strstr (terminal->seen, text) == NULL)
    {
      struct pollfd fd = { terminal->fd, POLLIN, 0 };
      ssize_t n = 0;
      if (poll (&fd, 1, 1000) > 0)
        n = read (terminal->fd, terminal->seen + terminal->n,
                  sizeof terminal->seen - 1 - terminal->n);
      if (n > 0)
        terminal->n += (size_t)n;
      if (seconds_now () > end || n < 0)
        fail_msg ("never '%s' in '%s'", text, terminal->seen);
    }
}

static void
type (struct terminal *terminal, char c)
{
  assert_int_equal (write (terminal->fd, &c, 1), 1);
}

static void
close_terminal (struct terminal *terminal)
{
  close (terminal->fd);
  waitpid (terminal->shell, NULL, 0);
}

/* Sends SIGNAL to gcglass, which passes it on, and waits for WORDS, what the program says to it.
   All signals of smaller numbers that gcglass would pass on have been passed on by then. */
static void
pass_on (struct terminal *terminal, int signal, const char *words)
{
  pid_t foreground = tcgetpgrp (terminal->fd);
  assert_true (foreground > 1);
  assert_int_equal (kill (foreground, signal), 0);
  await (terminal, words);
}

static int
count_of (const struct terminal *terminal, const char *text)
{
  int n = 0;
  for (const char *p = terminal->seen; (p = strstr (p, text)) != NULL; p++)
    n++;
  return n;
}

static void
interrupt_reaches_the_program_once (void **state)
{
  struct terminal terminal;
  (void)state;
  open_terminal (&terminal, "--exit --quiet", "signals 3");
  await (&terminal, "ready");
  type (&terminal, 3);
  await (&terminal, "got INT");
  type (&terminal, 28);
  await (&terminal, "got QUIT");
  pass_on (&terminal, SIGIO, "got POLL");
  await (&terminal, "[status 0]");
  assert_int_equal (count_of (&terminal, "got INT"), 1);
  assert_int_equal (count_of (&terminal, "got QUIT"), 1);
  close_terminal (&terminal);
}

static void
interrupt_ends_the_program_not_us (void **state)
{
  struct terminal terminal;
  (void)state;
  open_terminal (&terminal, "", "hold");
  await (&terminal, "http://");
  await (&terminal, "holding");
  type (&terminal, 3);
  await (&terminal, "was killed by signal 2");
  await (&terminal, "still serving");
  type (&terminal, 3);
  await (&terminal, "[signal 2]");
  close_terminal (&terminal);
}

static void
quit_ends_both (void **state)
{
  struct terminal terminal;
  (void)state;
  open_terminal (&terminal, "--exit --quiet", "hold");
  await (&terminal, "holding");
  type (&terminal, 28);
  await (&terminal, "[signal 3]");
  close_terminal (&terminal);
}

static void
serving_on_ends_by_interrupt (void **state)
{
  struct terminal terminal;
  (void)state;
  open_terminal (&terminal, "", "status 5");
  await (&terminal, "ended with status 5; still serving, Ctrl+C ends");
  type (&terminal, 3);
  await (&terminal, "[status 5]");
  close_terminal (&terminal);
}

static void
stop_and_continue (void **state)
{
  struct terminal terminal;
  (void)state;
  open_terminal (&terminal, "--exit --quiet", "signals 1");
  await (&terminal, "ready");
  type (&terminal, 26);
  await (&terminal, "[stopped]");
  type (&terminal, '\n');
  await (&terminal, "got CONT");
  await (&terminal, "[status 0]");
  assert_int_equal (count_of (&terminal, "got CONT"), 1);
  close_terminal (&terminal);
}

/* The shell has its terminal back, and the pages answer. */
static void
pages_while_stopped (void **state)
{
  struct terminal terminal;
  (void)state;
  open_terminal (&terminal, "--token off", "signals 1");
  await (&terminal, "ready");
  await (&terminal, "http://");
  await (&terminal, "/\r\n");
  int port = atoi (strchr (strstr (terminal.seen, "http://") + 7, ':') + 1);
  for (int i = 0; i < 2; i++)
    {
      struct answer answer
          = ask (port, "GET /api/frame HTTP/1.1\r\nHost: localhost:%d\r\n\r\n", port);
      assert_int_equal (answer.status, 200);
      answer_free (&answer);
      if (i == 1)
        break;
      type (&terminal, 26);
      await (&terminal, "[stopped]");
    }
  type (&terminal, '\n');
  await (&terminal, "got CONT");
  await (&terminal, "still serving");
  /* Now it is ours to stop, and the pages still are there. */
  memset (terminal.seen, 0, sizeof terminal.seen);
  terminal.n = 0;
  type (&terminal, 26);
  await (&terminal, "[stopped]");
  struct answer answer = ask (port, "GET /api/frame HTTP/1.1\r\nHost: localhost:%d\r\n\r\n", port);
  assert_int_equal (answer.status, 200);
  answer_free (&answer);
  type (&terminal, '\n');
  await (&terminal, "[continued]");
  type (&terminal, 3);
  await (&terminal, "[status 0]");
  close_terminal (&terminal);
}

static void
resized (void **state)
{
  struct terminal terminal;
  struct winsize size = { .ws_row = 33, .ws_col = 99 };
  (void)state;
  open_terminal (&terminal, "--exit --quiet", "signals 2");
  await (&terminal, "ready");
  assert_int_equal (ioctl (terminal.fd, TIOCSWINSZ, &size), 0);
  await (&terminal, "got WINCH");
  pass_on (&terminal, SIGIO, "got POLL");
  await (&terminal, "[status 0]");
  assert_int_equal (count_of (&terminal, "got WINCH"), 1);
  close_terminal (&terminal);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (interrupt_reaches_the_program_once),
    cmocka_unit_test (interrupt_ends_the_program_not_us),
    cmocka_unit_test (quit_ends_both),
    cmocka_unit_test (serving_on_ends_by_interrupt),
    cmocka_unit_test (stop_and_continue),
    cmocka_unit_test (pages_while_stopped),
    cmocka_unit_test (resized),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
