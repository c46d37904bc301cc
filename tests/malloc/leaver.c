/* leaver.c -- leaks 1,337 bytes and leaves by the way that its argument names; for leaks_run.test.
 *
 * Blocks of 100 bytes are lost on command: "lose" reads a line from the standard input for each.
 */
#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALONE __attribute__ ((noinline, noclone))

struct couple
{
  struct couple *other;
  char pad[40];
};

static void *volatile nowhere;
static void *freed_by_handler, *freed_by_destructor;
static char *self;

static void ALONE
lose (size_t bytes)
{
  nowhere = malloc (bytes);
  memset (nowhere, 1, bytes);
  nowhere = NULL;
}

/* As if another process did it. */
static void
kill_unseen (int signal)
{
  syscall (SYS_kill, getpid (), signal);
}

static void ALONE
lose_couple (void)
{
  struct couple *a = malloc (sizeof (struct couple));
  struct couple *b = malloc (sizeof (struct couple));
  nowhere = a;
  a->other = b;
  b->other = a;
  nowhere = NULL;
}

/* What was on the stack is there no more. */
static void ALONE
clear_stack (void)
{
  volatile char room[8192];
  for (size_t i = 0; i < sizeof room; i++)
    room[i] = 0;
}

static void
on_exit_free (void)
{
  free (freed_by_handler);
}

static void __attribute__ ((destructor)) on_end (void) { free (freed_by_destructor); }

static void
on_quick_exit (void)
{
  free (freed_by_handler);
}

static void *
last_thread (void *main_thread)
{
  pthread_join (*(pthread_t *)main_thread, NULL);
  puts ("main has gone");
  return NULL;
}

static void *
exit_thread (void *unused)
{
  exit (3);
  return unused;
}

static void
on_alarm (int signal)
{
  (void)signal;
  _exit (3);
}

static void
on_user (int signal)
{
  (void)signal;
  (void)!write (STDOUT_FILENO, "mine\n", 5);
}

/* This thread cannot be stopped. */
static void *
stubborn_thread (void *pipe)
{
  unsigned long all = ~0ul;
  char byte;
  syscall (SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof all);
  (void)!write (((int *)pipe)[1], "x", 1);
  while (read (((int *)pipe)[0], &byte, 0) == 0)
    pause ();
  return NULL;
}

static void
leave_by_thread (void *(*function) (void *))
{
  static pthread_t self_thread;
  pthread_t thread;
  self_thread = pthread_self ();
  pthread_create (&thread, NULL, function, &self_thread);
  pthread_exit (NULL);
}

static int
leave_stubborn (void)
{
  static int ends[2];
  pthread_t thread;
  char byte;
  if (pipe (ends) != 0 || pthread_create (&thread, NULL, stubborn_thread, ends) != 0
      || read (ends[0], &byte, 1) != 1)
    return 99;
  puts ("still here");
  return 3;
}

/* A child that loses 50 bytes and ends as its argument says. */
static void
fork_one (const char *how)
{
  pid_t child = fork ();
  if (child != 0)
    {
      waitpid (child, NULL, 0);
      return;
    }
  clear_stack ();
  lose (50);
  clear_stack ();
  if (strcmp (how, "exec") == 0)
    execl (self, self, "return", (char *)NULL);
  else if (strcmp (how, "_exit") == 0)
    _exit (0);
  else if (strcmp (how, "kill") == 0)
    kill_unseen (SIGKILL);
  exit (0);
}

/* Loses a block for each line. */
static int
lose_on_command (void)
{
  char line[16];
  setvbuf (stdin, NULL, _IONBF, 0);
  while (puts ("ready"), fflush (stdout), fgets (line, sizeof line, stdin) != NULL)
    {
      lose (100);
      clear_stack ();
    }
  return 3;
}

static int
leave (const char *how)
{
  struct sigaction alarmed = { .sa_handler = on_alarm }, user = { .sa_handler = on_user };
  if (strcmp (how, "exit") == 0)
    exit (3);
  if (strcmp (how, "_exit") == 0)
    _exit (3);
  if (strcmp (how, "_Exit") == 0)
    _Exit (3);
  if (strcmp (how, "quick_exit") == 0)
    {
      at_quick_exit (on_quick_exit);
      quick_exit (3);
    }
  if (strcmp (how, "last-thread") == 0)
    leave_by_thread (last_thread);
  if (strcmp (how, "exit-thread") == 0)
    leave_by_thread (exit_thread);
  if (strcmp (how, "in-malloc") == 0)
    {
      sigaction (SIGALRM, &alarmed, NULL);
      ualarm (20000, 0);
      for (;;)
        free (malloc (100000));
    }
  if (strcmp (how, "crash") == 0)
    kill_unseen (SIGSEGV);
  if (strcmp (how, "term") == 0)
    for (;;)
      pause ();
  if (strcmp (how, "close-all") == 0)
    syscall (SYS_close_range, 3, ~0u, 0);
  if (strcmp (how, "system-call") == 0)
    syscall (SYS_exit_group, 3);
  if (strcmp (how, "exec") == 0)
    execl (self, self, "return", (char *)NULL);
  if (strcmp (how, "stubborn") == 0)
    return leave_stubborn ();
  if (strcmp (how, "couple") == 0)
    lose_couple ();
  if (strcmp (how, "lose") == 0)
    return lose_on_command ();
  if (strcmp (how, "own-handler") == 0)
    {
      sigaction (SIGUSR1, &user, NULL);
      raise (SIGUSR1);
    }
  if (strcmp (how, "forks") == 0)
    {
      fork_one ("exit");
      fork_one ("_exit");
      fork_one ("exec");
      fork_one ("kill");
    }
  if (strcmp (how, "orphan") == 0 && fork () == 0)
    {
      sleep (1);
      lose (50);
    }
  return 3;
}

int
main (int argc, char **argv)
{
  self = argv[0];
  freed_by_handler = malloc (64);
  freed_by_destructor = malloc (64);
  atexit (on_exit_free);
  lose (1337);
  clear_stack ();
  errno = 0;
  return leave (argc > 1 ? argv[1] : "return");
}
