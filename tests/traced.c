/* traced.c -- a program that ends in ways of which the C library knows nothing; see traced.test.
 *
 *   traced [--threads N] HOW [NUMBER]
 *
 * One block of 100 bytes is leaked; one of 1,000 is held by main's stack alone, and each of N
 * threads holds one of 2,000 by its own.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(condition)                                                                           \
  do                                                                                               \
    if (!(condition))                                                                              \
      fail (__LINE__, #condition);                                                                 \
  while (0)

static void __attribute__ ((noreturn)) fail (int line, const char *what)
{
  printf ("line %d: %s: %s\n", line, what, strerror (errno));
  exit (97);
}

/* Without the C library's functions, which somebody may have wrapped. */
static long
call (long number, long first, long second, long third)
{
#if defined __x86_64__
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(first), "S"(second), "d"(third)
                   : "rcx", "r11", "memory");
  return result;
#else
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = first;
  register long x1 __asm__("x1") = second;
  register long x2 __asm__("x2") = third;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
#endif
}

static void __attribute__ ((noinline)) leak (void)
{
  char *volatile block = malloc (100);
  CHECK (block != NULL);
  block = NULL;
}

static void __attribute__ ((noinline)) clear (void)
{
  volatile char stack[8192];
  for (size_t i = 0; i < sizeof stack; i++)
    stack[i] = 0;
}

static pthread_barrier_t barrier;

static void *
hold (void *unused)
{
  void *volatile block = malloc (2000);
  CHECK (block != NULL);
  pthread_barrier_wait (&barrier);
  for (;;)
    pause ();
  return unused;
}

static volatile int *no_memory;

static void *
fault (void *unused)
{
  *no_memory = 1;
  return unused;
}

static void *
leave (void *number)
{
  call (SYS_exit_group, *(int *)number, 0, 0);
  return number;
}

static void *
execute (void *arguments)
{
  execv (((char **)arguments)[0], arguments);
  fail (__LINE__, "execv");
}

static void __attribute__ ((noreturn)) rest (void)
{
  for (;;)
    pause ();
}

static int __attribute__ ((noinline)) overflow (int depth)
{
  volatile char frame[65536];
  for (size_t i = 0; i < sizeof frame; i += 4096)
    frame[i] = (char)depth;
  return depth == 0 ? 0 : overflow (depth - 1) + frame[4096];
}

static void *
overflow_in_thread (void *unused)
{
  overflow (1000000);
  return unused;
}

/* --- What is to go on undisturbed. */

static volatile sig_atomic_t n_signals, last_value, is_wrong;

static void
on_signal (int signal, siginfo_t *info, void *context)
{
  (void)context;
  /* In the order in which they were sent, with what was sent with them. */
  is_wrong |= info->si_code != SI_QUEUE || info->si_value.sival_int != n_signals
              || info->si_pid != getpid () || signal != SIGRTMIN;
  last_value = info->si_value.sival_int;
  n_signals++;
}

/* Signals that wait in a queue come with their values. */
static int
queue (int n)
{
  struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
  sigset_t only;
  sigemptyset (&only);
  sigaddset (&only, SIGRTMIN);
  CHECK (sigaction (SIGRTMIN, &action, NULL) == 0);
  for (int i = 0; i < n; i += 100)
    {
      CHECK (sigprocmask (SIG_BLOCK, &only, NULL) == 0);
      for (int j = i; j < i + 100; j++)
        CHECK (sigqueue (getpid (), SIGRTMIN, (union sigval){ .sival_int = j }) == 0);
      CHECK (sigprocmask (SIG_UNBLOCK, &only, NULL) == 0);
      CHECK (n_signals == i + 100 && last_value == i + 99 && !is_wrong);
    }
  return 0;
}

/* Signals that are ignored, by default or by request, and children that end, cut no wait short;
   those with a handler do. */
static int
ignored (int n)
{
  struct epoll_event event = { .events = EPOLLIN };
  int queue_fd = epoll_create1 (EPOLL_CLOEXEC), ends[2], status;
  char byte = 0;
  CHECK (queue_fd >= 0 && pipe (ends) == 0);
  CHECK (epoll_ctl (queue_fd, EPOLL_CTL_ADD, ends[0], &event) == 0);
  signal (SIGUSR1, SIG_IGN);
  for (int i = 0; i < n; i++)
    {
      pid_t program = getpid (), child = fork ();
      CHECK (child >= 0);
      if (child == 0)
        {
          static const int signals[] = { SIGWINCH, SIGURG, SIGUSR1, SIGCHLD, SIGCONT };
          usleep (2000);
          for (size_t j = 0; j < sizeof signals / sizeof *signals; j++)
            kill (program, signals[j]);
          usleep (2000);
          _exit (write (ends[1], &byte, 1) != 1);
        }
      CHECK (epoll_wait (queue_fd, &event, 1, -1) == 1);
      CHECK (read (ends[0], &byte, 1) == 1);
      CHECK (waitpid (child, &status, 0) == child && status == 0);
    }
  return 0;
}

/* Threads that come and go. */
static void *
come (void *unused)
{
  return malloc (unused != NULL ? 10 : 20);
}

static int
churn (int n)
{
  for (int i = 0; i < n; i++)
    {
      pthread_t thread;
      void *block;
      CHECK (pthread_create (&thread, NULL, come, NULL) == 0);
      CHECK (pthread_join (thread, &block) == 0);
      free (block);
    }
  return 0;
}

/* --- Ends. */

static int
end (const char *how, int number, char **arguments)
{
  pthread_t thread;
  if (strcmp (how, "exit_group") == 0)
    call (SYS_exit_group, number, 0, 0);
  else if (strcmp (how, "exit") == 0)
    call (SYS_exit, number, 0, 0);
  else if (strcmp (how, "signal") == 0)
    call (SYS_tgkill, getpid (), gettid (), number);
  else if (strcmp (how, "fault") == 0)
    *no_memory = 1;
  else if (strcmp (how, "fault-in-thread") == 0)
    CHECK (pthread_create (&thread, NULL, fault, NULL) == 0);
  else if (strcmp (how, "exit_group-in-thread") == 0)
    CHECK (pthread_create (&thread, NULL, leave, &number) == 0);
  else if (strcmp (how, "overflow") == 0)
    return overflow (1000000);
  else if (strcmp (how, "abort") == 0)
    abort ();
  else if (strcmp (how, "overflow-in-thread") == 0)
    CHECK (pthread_create (&thread, NULL, overflow_in_thread, NULL) == 0);
  else if (strcmp (how, "libc") == 0)
    exit (number);
  else if (strcmp (how, "wait") == 0)
    {
      puts ("waits");
      fflush (stdout);
    }
  else if (strcmp (how, "execute") == 0)
    execute (arguments);
  else if (strcmp (how, "execute-in-thread") == 0)
    CHECK (pthread_create (&thread, NULL, execute, arguments) == 0);
  else if (strcmp (how, "queue") == 0)
    return queue (number);
  else if (strcmp (how, "ignored") == 0)
    return ignored (number);
  else if (strcmp (how, "churn") == 0)
    return churn (number);
  else
    fail (__LINE__, how);
  rest ();
}

int
main (int argc, char **argv)
{
  int n_threads = 0;
  if (argc > 2 && strcmp (argv[1], "--threads") == 0)
    {
      n_threads = atoi (argv[2]);
      argv += 2;
      argc -= 2;
    }
  CHECK (argc > 1);
  leak ();
  clear ();
  void *volatile held = malloc (1000);
  CHECK (held != NULL && pthread_barrier_init (&barrier, NULL, (unsigned)n_threads + 1) == 0);
  for (int i = 0; i < n_threads; i++)
    {
      pthread_t thread;
      CHECK (pthread_create (&thread, NULL, hold, NULL) == 0);
    }
  no_memory = mmap (NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  pthread_barrier_wait (&barrier);
  return end (argv[1], argc > 2 ? atoi (argv[2]) : 0, argv + 2);
}
