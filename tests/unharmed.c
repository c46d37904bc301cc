/* unharmed.c -- a program that notices what a look at it could disturb: ends, executions, children,
 * threads that come and go, work in the middle of malloc, stdio and the loader.
 *
 * Usage: unharmed end WAY STATUS | die SIGNAL | through N WAY STATUS | storm CALL N | stops N |
 *        forks N | churn N | crowd N SECONDS | busy SECONDS
 * Compiled with USE_GC it uses the collector.  The status is 0 when nothing was wrong, else the
 * line of the check that failed.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef USE_GC
#define GC_THREADS
#include <gc.h>
#define GET(n) GC_MALLOC (n)
#define PUT(p) (void)(p)
/* What is loaded and unloaded stays in memory all the time: the collector looks at it. */
#define BEGIN()                                                                                    \
  do                                                                                               \
    {                                                                                              \
      GC_INIT ();                                                                                  \
      (void)dlopen ("libm.so.6", RTLD_NOW | RTLD_NODELETE);                                        \
    }                                                                                              \
  while (0)
#else
#define GET(n)  malloc (n)
#define PUT(p)  free (p)
#define BEGIN() (void)0
#endif

#define CHECK(condition)                                                                           \
  do                                                                                               \
    if (!(condition))                                                                              \
      {                                                                                            \
        fprintf (stderr, "line %d: %s: %s\n", __LINE__, #condition, strerror (errno));             \
        _exit (97);                                                                                \
      }                                                                                            \
  while (0)
#define BUSY_THREADS 5

extern char **environ;

static int status;
static volatile bool is_over;
static volatile sig_atomic_t n_alarms;

/* --- Ends. */

static void *
exit_there (void *unused)
{
  (void)unused;
  exit (status);
}

static int
end (const char *way)
{
  pthread_t thread;
  if (strcmp (way, "exit") == 0)
    exit (status);
  if (strcmp (way, "_exit") == 0)
    _exit (status);
  if (strcmp (way, "quick_exit") == 0)
    quick_exit (status);
  if (strcmp (way, "thread") == 0)
    {
      CHECK (pthread_create (&thread, NULL, exit_there, NULL) == 0);
      while (true)
        pause ();
    }
  return status;
}

static int
die (int number)
{
  const struct rlimit none = { 0, 0 };
  setrlimit (RLIMIT_CORE, &none);
  signal (number, SIG_DFL);
  raise (number);
  return 96;
}

/* --- Executions. */

/* Executes this program, by CALL, with ARGUMENTS; -1 with errno, or the child's number where CALL
   makes a child. */
static pid_t
execute (const char *call, char **arguments)
{
  char *self = arguments[0];
  pid_t child;
  if (strcmp (call, "execl") == 0)
    return execl (self, self, arguments[1], arguments[2], arguments[3], (char *)NULL);
  if (strcmp (call, "execlp") == 0)
    return execlp (self, self, arguments[1], arguments[2], arguments[3], (char *)NULL);
  if (strcmp (call, "execle") == 0)
    return execle (self, self, arguments[1], arguments[2], arguments[3], (char *)NULL, environ);
  if (strcmp (call, "execv") == 0)
    return execv (self, arguments);
  if (strcmp (call, "execvp") == 0)
    return execvp (self, arguments);
  if (strcmp (call, "execvpe") == 0)
    return execvpe (self, arguments, environ);
  if (strcmp (call, "fexecve") == 0)
    return fexecve (open (self, O_RDONLY | O_CLOEXEC), arguments, environ);
  if (strcmp (call, "posix_spawn") == 0)
    return posix_spawn (&child, self, NULL, NULL, arguments, environ) == 0 ? child : -1;
  return execve (self, arguments, environ);
}

/* A child that executes by CALL ends as it should, N times. */
static int
storm (char *self, const char *call, int n)
{
  char *arguments[] = { self, "end", "return", "7", NULL };
  bool is_spawn = strcmp (call, "posix_spawn") == 0;
  for (int i = 0; i < n; i++)
    {
      int ended;
      void *kept = GET (100);
      pid_t child = is_spawn ? execute (call, arguments) : fork ();
      CHECK (child >= 0);
      if (child == 0)
        {
          execute (call, arguments);
          _exit (95);
        }
      CHECK (waitpid (child, &ended, 0) == child);
      CHECK (WIFEXITED (ended) && WEXITSTATUS (ended) == 7);
      PUT (kept);
    }
  return 0;
}

/* N programs one after the other in this process, of which the last one ends. */
static int
through (char **arguments, int n)
{
  char left[16];
  char *end_arguments[] = { arguments[0], "end", arguments[3], arguments[4], NULL };
  char *next_arguments[] = { arguments[0], "through", left, arguments[3], arguments[4], NULL };
  snprintf (left, sizeof left, "%d", n - 1);
  execv (arguments[0], n <= 1 ? end_arguments : next_arguments);
  return 94;
}

/* --- Children. */

static int
stops (int n)
{
  for (int i = 0; i < n; i++)
    {
      int changed;
      pid_t child = fork ();
      CHECK (child >= 0);
      if (child == 0)
        {
          raise (SIGSTOP);
          _exit (9);
        }
      CHECK (waitpid (child, &changed, WUNTRACED) == child);
      CHECK (WIFSTOPPED (changed) && WSTOPSIG (changed) == SIGSTOP);
      CHECK (kill (child, SIGCONT) == 0);
      CHECK (waitpid (child, &changed, WCONTINUED) == child);
      if (WIFCONTINUED (changed))
        CHECK (waitpid (child, &changed, 0) == child);
      CHECK (WIFEXITED (changed) && WEXITSTATUS (changed) == 9);
    }
  CHECK (waitpid (-1, NULL, __WALL | WNOHANG) == -1 && errno == ECHILD);
  return 0;
}

static int
forks (int n)
{
  for (int i = 0; i < n; i++)
    {
      int ended;
      void *kept = GET (1000);
      pid_t child = fork ();
      CHECK (child >= 0);
      if (child == 0)
        {
          PUT (kept);
          kept = GET (2000);
          _exit (kept != NULL ? i % 200 : 93);
        }
      CHECK (waitpid (-1, &ended, 0) == child);
      CHECK (WIFEXITED (ended) && WEXITSTATUS (ended) == i % 200);
      PUT (kept);
    }
  CHECK (waitpid (-1, NULL, __WALL | WNOHANG) == -1 && errno == ECHILD);
  return 0;
}

/* --- Threads. */

static void *
come_and_go (void *number)
{
  void *block = GET (64);
  PUT (block);
  return number;
}

static int
churn (int n)
{
  for (int i = 0; i < n; i++)
    {
      pthread_t thread;
      void *result;
      CHECK (pthread_create (&thread, NULL, come_and_go, &n) == 0);
      CHECK (pthread_join (thread, &result) == 0 && result == &n);
    }
  return 0;
}

/* Sleeps in the middle of what others do; no sleep ends early. */
static void *
sleep_all_along (void *unused)
{
  (void)unused;
  while (!is_over)
    CHECK (usleep (50000) == 0);
  return NULL;
}

static int
crowd (int n, int seconds)
{
  pthread_t *threads = calloc ((size_t)n, sizeof *threads);
  CHECK (threads != NULL);
#ifdef USE_GC /* its own collections end sleeps early */
  GC_disable ();
#endif
  for (int i = 0; i < n; i++)
    CHECK (pthread_create (&threads[i], NULL, sleep_all_along, NULL) == 0);
  CHECK (sleep ((unsigned)seconds) == 0);
  is_over = true;
  for (int i = 0; i < n; i++)
    CHECK (pthread_join (threads[i], NULL) == 0);
  free (threads);
  return 0;
}

/* --- In the middle of everything. */

static void
on_alarm (int number)
{
  (void)number;
  n_alarms++;
#ifndef USE_GC /* a handler must not allocate there */
  free (malloc (48));
#endif
}

static void *
be_busy (void *number)
{
  int what = *(int *)number;
  sigset_t alarm;
  sigemptyset (&alarm);
  sigaddset (&alarm, SIGALRM);
  /* The handler must not interrupt malloc: in the thread below it interrupts only arithmetic. */
  CHECK (what == 4 || pthread_sigmask (SIG_BLOCK, &alarm, NULL) == 0);
  for (unsigned i = 0; !is_over; i++)
    {
      void *library, *block;
      char text[64];
      FILE *file;
      switch (what)
        {
        case 0:
          block = GET (16 + i % 4000);
          CHECK (block != NULL);
          memset (block, 1, 16);
          PUT (block);
          break;
        case 1:
          CHECK ((file = fopen ("/dev/null", "w")) != NULL);
          CHECK (fprintf (file, "%u %s\n", i, "text") > 0);
          CHECK (fclose (file) == 0);
          break;
        case 2:
          CHECK (dlsym (RTLD_DEFAULT, "malloc") != NULL);
          CHECK (dlsym (RTLD_DEFAULT, "there_is_no_such_name") == NULL);
          break;
        case 3:
          CHECK ((library = dlopen ("libm.so.6", RTLD_NOW)) != NULL);
          CHECK (dlclose (library) == 0);
          break;
        default:
          snprintf (text, sizeof text, "%u", i);
        }
    }
  return NULL;
}

static int
busy (int seconds)
{
  static int numbers[BUSY_THREADS];
  pthread_t threads[BUSY_THREADS];
  const struct itimerval often = { { 0, 5000 }, { 0, 5000 } }, never = { { 0, 0 }, { 0, 0 } };
  struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
  sigset_t alarm;
  CHECK (sigaction (SIGALRM, &action, NULL) == 0);
  for (int i = 0; i < BUSY_THREADS; i++)
    {
      numbers[i] = i;
      CHECK (pthread_create (&threads[i], NULL, be_busy, &numbers[i]) == 0);
    }
  sigemptyset (&alarm);
  sigaddset (&alarm, SIGALRM);
  pthread_sigmask (SIG_BLOCK, &alarm, NULL);
  setitimer (ITIMER_REAL, &often, NULL);
  struct timespec end;
  clock_gettime (CLOCK_MONOTONIC, &end);
  end.tv_sec += seconds;
  /* The collector's own signals cut it short. */
  while (clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR)
    continue;
  is_over = true;
  for (int i = 0; i < BUSY_THREADS; i++)
    CHECK (pthread_join (threads[i], NULL) == 0);
  setitimer (ITIMER_REAL, &never, NULL);
  CHECK (n_alarms > 0);
  return 0;
}

int
main (int argc, char **argv)
{
  const char *what = argc > 1 ? argv[1] : "";
  int first = argc > 2 ? atoi (argv[2]) : 0, second = argc > 3 ? atoi (argv[3]) : 0;
  BEGIN ();
  status = second;
  if (strcmp (what, "end") == 0 && argc > 3)
    return end (argv[2]);
  if (strcmp (what, "die") == 0 && argc > 2)
    return die (first);
  if (strcmp (what, "through") == 0 && argc > 4)
    return through (argv, first);
  if (strcmp (what, "storm") == 0 && argc > 3)
    return storm (argv[0], argv[2], second);
  if (strcmp (what, "stops") == 0)
    return stops (first);
  if (strcmp (what, "forks") == 0)
    return forks (first);
  if (strcmp (what, "churn") == 0)
    return churn (first);
  if (strcmp (what, "crowd") == 0 && argc > 3)
    return crowd (first, second);
  if (strcmp (what, "busy") == 0)
    return busy (first);
  fprintf (stderr, "usage: unharmed end WAY STATUS | die SIGNAL | through N WAY STATUS | "
                   "storm CALL N | stops N | forks N | churn N | crowd N SECONDS | busy SECONDS\n");
  return 2;
}
