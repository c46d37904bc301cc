/* target.c -- programs that are frozen; tests/image/freeze.c runs them.
 *
 *   target MODE [ARGUMENT]
 *   target parent MODE [ARGUMENT]   started by a process that waits for any child, and fails when
 * it has seen any but the one
 *
 * Each prints "ready PID", does its work until the end of its standard input, checks it, prints
 * what it has found, and exits with 7 when all is well.
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/image/target.h"

volatile int is_over;
static volatile sig_atomic_t n_signals;
static volatile int n_wrong, n_spins;
static struct epoll_event event;

/* What is read, written and called in a copy. */
static volatile long held = 1234;
static pthread_mutex_t locked = PTHREAD_MUTEX_INITIALIZER;

static long
combine (long a, long b, long c, long d, long e, long f)
{
  static __thread long own = 5;
  return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + held + own;
}

static long
crash (volatile long *address)
{
  return *address;
}

static long
hang (void)
{
  pthread_mutex_lock (&locked);
  return pthread_mutex_lock (&locked);
}

void
ready (void)
{
  printf ("ready %d %p %p %p %p\n", getpid (), (void *)&held, (void *)combine, (void *)crash,
          (void *)hang);
  fflush (stdout);
}

void
until_over (void)
{
  char c;
  ssize_t n;
  while ((n = read (0, &c, 1)) > 0 || (n < 0 && errno == EINTR))
    continue;
  is_over = 1;
}

int
verdict (int is_good, const char *what)
{
  printf ("%s %s\n", is_good ? "good" : "BAD", what);
  fflush (stdout);
  return is_good ? TARGET_GOOD : 1;
}

pthread_t
start (void *(*function) (void *), void *argument)
{
  pthread_t thread;
  if (pthread_create (&thread, NULL, function, argument) != 0)
    exit (99);
  return thread;
}

struct timespec
later (clockid_t clock)
{
  struct timespec at;
  clock_gettime (clock, &at);
  at.tv_sec += TARGET_LONG_S;
  return at;
}

sigset_t
one_signal (int signal)
{
  sigset_t set;
  sigemptyset (&set);
  if (signal != 0)
    sigaddset (&set, signal);
  return set;
}

/* Until the threads have begun to work. */
static void
until_begun (void)
{
  while (n_spins == 0)
    sched_yield ();
}

/* --- Registers: general ones and vectors keep their values, whatever happens between two
   instructions. */

static void *
hold_registers (void *seed)
{
#if defined __x86_64__
  uint64_t value = (uint64_t)(uintptr_t)seed * UINT64_C (0x9e3779b97f4a7c15) + 1;
  uint64_t result[8];
  while (!is_over)
    {
      __asm__ volatile("movq %1, %%xmm0\n\tpunpcklqdq %%xmm0, %%xmm0\n\t"
                       "movdqa %%xmm0, %%xmm7\n\tmovdqa %%xmm0, %%xmm15\n\t"
                       "mov %1, %%r12\n\tmov %1, %%r13\n\tmov %1, %%rcx\n\tmov %1, %%r10\n\t"
                       "mov $20000, %%r11\n"
                       "1:\tdec %%r11\n\tjnz 1b\n\t"
                       "movq %%xmm7, (%0)\n\tmovhps %%xmm15, 8(%0)\n\t"
                       "mov %%r12, 16(%0)\n\tmov %%r13, 24(%0)\n\tmov %%rcx, 32(%0)\n\t"
                       "mov %%r10, 40(%0)\n\tmov %%r11, 48(%0)\n\t"
                       :
                       : "r"(result), "r"(value)
                       : "memory", "xmm0", "xmm7", "xmm15", "r10", "r11", "r12", "r13", "rcx",
                         "cc");
      result[7] = 0;
      for (int i = 0; i < 6; i++)
        n_wrong += result[i] != value;
      n_wrong += result[6] != 0;
      n_spins++;
    }
#else
  (void)seed;
#endif
  return NULL;
}

/* A mask and a signal stack that stay. */
static void *
hold_mask (void *unused)
{
  (void)unused;
  static char room[65536];
  stack_t mine = { .ss_sp = room, .ss_size = sizeof room }, now;
  sigset_t set = one_signal (SIGUSR1), mask;
  pthread_sigmask (SIG_SETMASK, &set, NULL);
  sigaltstack (&mine, NULL);
  while (!is_over)
    {
      usleep (100);
      pthread_sigmask (SIG_SETMASK, NULL, &mask);
      sigaltstack (NULL, &now);
      n_wrong += memcmp (&mask, &set, 8) != 0 || now.ss_sp != room || now.ss_size != sizeof room;
    }
  return NULL;
}

static int
registers (void)
{
  pthread_t threads[] = { start (hold_registers, (void *)1), start (hold_registers, (void *)2),
                          start (hold_mask, NULL) };
  until_begun ();
  ready ();
  until_over ();
  for (int i = 0; i < 3; i++)
    pthread_join (threads[i], NULL);
  return verdict (n_wrong == 0 && n_spins > 0, "registers");
}

/* --- Work that locks: malloc, stdio, the dynamic linker, threads that come and go. */

static void *
allocate (void *seed)
{
  unsigned state = (unsigned)(uintptr_t)seed;
  char *blocks[64] = { NULL };
  while (!is_over)
    {
      state = state * 1103515245u + 12345u;
      char **block = &blocks[state >> 16 & 63];
      if (*block != NULL)
        n_wrong += **block != (char)(uintptr_t)*block;
      free (*block);
      *block = malloc (16 + (state >> 8 & 4095));
      **block = (char)(uintptr_t)*block;
    }
  for (int i = 0; i < 64; i++)
    free (blocks[i]);
  return NULL;
}

static void *
print (void *unused)
{
  (void)unused;
  FILE *file = fopen ("/dev/null", "w");
  while (!is_over)
    fprintf (file, "%d %s\n", n_wrong, "a line that is printed");
  fclose (file);
  return NULL;
}

static void *
load (void *unused)
{
  (void)unused;
  while (!is_over)
    {
      void *module = dlopen ("libm.so.6", RTLD_NOW | RTLD_LOCAL);
      n_wrong += module == NULL || dlsym (module, "cos") == NULL;
      if (module != NULL)
        dlclose (module);
    }
  return NULL;
}

static void *
nothing (void *result)
{
  return result;
}

static void *
come_and_go (void *unused)
{
  (void)unused;
  while (!is_over)
    {
      void *result;
      pthread_join (start (nothing, (void *)11), &result);
      n_wrong += result != (void *)11;
      n_spins++;
    }
  return NULL;
}

static int
work (void)
{
  pthread_t threads[] = { start (allocate, (void *)1), start (allocate, (void *)2),
                          start (print, NULL), start (load, NULL), start (come_and_go, NULL) };
  until_begun ();
  ready ();
  until_over ();
  for (int i = 0; i < 5; i++)
    pthread_join (threads[i], NULL);
  return verdict (n_wrong == 0 && n_spins > 0, "work");
}

static void *
stay (void *unused)
{
  (void)unused;
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock (&mutex);
  while (!is_over)
    {
      struct timespec at = later (CLOCK_REALTIME);
      if (pthread_mutex_timedlock (&mutex, &at) == 0)
        n_wrong++;
    }
  return NULL;
}

static int
crowd (int n)
{
  pthread_attr_t small;
  pthread_attr_init (&small);
  pthread_attr_setstacksize (&small, 16384);
  for (int i = 0; i < n; i++)
    {
      pthread_t thread;
      if (pthread_create (&thread, &small, stay, NULL) != 0)
        return verdict (0, "no threads");
    }
  pthread_t churn = start (come_and_go, NULL);
  ready ();
  until_over ();
  pthread_join (churn, NULL);
  return verdict (n_wrong == 0, "crowd");
}

/* --- Children. */

static void
reap_one (pid_t child, int expected)
{
  int status;
  pid_t waited;
  while ((waited = waitpid (child, &status, 0)) < 0 && errno == EINTR)
    n_wrong++;
  n_wrong += waited != child || !WIFEXITED (status) || WEXITSTATUS (status) != expected;
  n_spins++;
}

static void *
fork_often (void *unused)
{
  (void)unused;
  while (!is_over)
    {
      pid_t child = fork ();
      if (child == 0)
        _exit (23);
      reap_one (child, 23);
    }
  return NULL;
}

static void *
vfork_often (void *path)
{
  while (!is_over)
    {
      pid_t child = vfork ();
      if (child == 0)
        {
          execl (path, path, "exit", (char *)NULL);
          _exit (1);
        }
      reap_one (child, 24);
    }
  return NULL;
}

static void *
wait_for_any (void *unused)
{
  (void)unused;
  while (!is_over)
    {
      int status;
      if (waitpid (-1, &status, __WALL | WNOHANG) != -1 || errno != ECHILD)
        n_wrong++;
      n_spins++;
    }
  return NULL;
}

static int
children (void *(*how) (void *), char *argument, const char *what)
{
  pthread_t thread = start (how, argument);
  until_begun ();
  ready ();
  until_over ();
  pthread_join (thread, NULL);
  return verdict (n_wrong == 0 && n_spins > 0, what);
}

/* A wait for any child that goes on all the time, with one that ends at last. */
static int
wait_for_one (void)
{
  pid_t child = fork ();
  if (child == 0)
    {
      until_over ();
      _exit (23);
    }
  ready ();
  int status;
  pid_t waited = waitpid (-1, &status, __WALL);
  int is_good = waited == child && WIFEXITED (status) && WEXITSTATUS (status) == 23;
  return verdict (is_good && waitpid (-1, &status, __WALL) == -1 && errno == ECHILD, "wait-any");
}

/* --- Programs that follow one another: each runs for a moment with three threads. */

static void *
spin (void *unused)
{
  (void)unused;
  for (;;)
    n_spins++;
  return NULL;
}

static void *
execute (void *arguments)
{
  char **argv = arguments;
  execv (argv[0], argv);
  _exit (97);
}

static int
successor (char **argv, int left)
{
  struct pollfd input = { .fd = 0, .events = POLLIN };
  if (poll (&input, 1, 0) > 0)
    {
      until_over ();
      return verdict (1, "exec");
    }
  char text[16];
  snprintf (text, sizeof text, "%d", left - 1);
  char *next[] = { argv[0], argv[1], text, NULL };
  if (left == 0)
    ready ();
  start (spin, NULL);
  if (left % 2 == 0)
    execute (next);
  start (execute, next);
  for (;;)
    pause ();
}

/* --- Signals. */

static void
count_signal (int signal)
{
  (void)signal;
  n_signals++;
}

/* Each signal must cut the wait short, or come between two. */
static int
signals (int is_epoll)
{
  struct sigaction action = { .sa_handler = count_signal };
  sigaction (SIGUSR1, &action, NULL);
  int poller = epoll_create1 (0);
  struct epoll_event input = { .events = EPOLLIN };
  epoll_ctl (poller, EPOLL_CTL_ADD, 0, &input);
  int n_eintr = 0, n_other = 0;
  ready ();
  for (;;)
    {
      int n;
      if (is_epoll)
        n = epoll_wait (poller, &event, 1, -1);
      else
        {
          fd_set set;
          FD_ZERO (&set);
          FD_SET (0, &set);
          n = select (1, &set, NULL, NULL, NULL);
        }
      if (n > 0)
        break;
      if (n < 0 && errno == EINTR)
        {
          n_eintr++;
          printf ("cut %d\n", (int)n_signals);
          fflush (stdout);
        }
      else
        n_other++;
    }
  until_over ();
  printf ("signals %d cut %d\n", (int)n_signals, n_eintr);
  return verdict (n_other == 0 && n_eintr <= n_signals, "signals");
}

/* --- What forbids a copy. */

static int
filtered (void)
{
  struct sock_filter allow[] = { BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
  struct sock_fprog program = { 1, allow };
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
      || prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
    return verdict (0, "filter");
  return signals (1);
}

static int
new_name_space (void)
{
  if (unshare (CLONE_NEWPID) != 0)
    return verdict (0, "unshare");
  ready ();
  until_over ();
  /* The first process of the new name space is one of ours, and then others can be made. */
  pid_t first = fork ();
  if (first == 0)
    for (;;)
      pause ();
  pid_t second = fork ();
  if (second == 0)
    _exit (23);
  if (first < 0 || second < 0)
    n_wrong++;
  else
    reap_one (second, 23);
  kill (first, SIGKILL);
  waitpid (first, NULL, 0);
  return verdict (n_wrong == 0, "name space");
}

static int
subreaper (void)
{
  prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  return children (wait_for_any, NULL, "subreaper");
}

static int
no_processes (void)
{
  struct rlimit none = { 0, 0 };
  if (setgid (65534) != 0 || setuid (65534) != 0 || setrlimit (RLIMIT_NPROC, &none) != 0)
    return verdict (0, "limit");
  prctl (PR_SET_DUMPABLE, 1, 0, 0, 0);
  ready ();
  until_over ();
  return verdict (1, "limit");
}

/* --- The main thread ends before the others. */

static void *
outlive (void *unused)
{
  (void)unused;
  ready ();
  until_over ();
  exit (verdict (1, "outlived"));
}

static int
dispatch (int argc, char **argv)
{
  const char *mode = argc > 1 ? argv[1] : "";
  signal (SIGPIPE, SIG_IGN); /* the reader may be gone */
  int number = argc > 2 ? atoi (argv[2]) : 0;
  if (strcmp (mode, "exit") == 0)
    return 24;
  if (strcmp (mode, "waits") == 0)
    return waits (number ? fork_often : NULL);
  if (strcmp (mode, "limited") == 0)
    return limited ();
  if (strcmp (mode, "registers") == 0)
    return registers ();
  if (strcmp (mode, "work") == 0)
    return work ();
  if (strcmp (mode, "crowd") == 0)
    return crowd (number);
  if (strcmp (mode, "fork") == 0)
    return children (fork_often, NULL, "fork");
  if (strcmp (mode, "vfork") == 0)
    return children (vfork_often, argv[0], "vfork");
  if (strcmp (mode, "wait") == 0)
    return children (wait_for_any, NULL, "wait");
  if (strcmp (mode, "wait-any") == 0)
    return wait_for_one ();
  if (strcmp (mode, "exec") == 0)
    return successor (argv, number);
  if (strcmp (mode, "signals") == 0)
    return signals (number);
  if (strcmp (mode, "filter") == 0)
    return filtered ();
  if (strcmp (mode, "unshare") == 0)
    return new_name_space ();
  if (strcmp (mode, "subreaper") == 0)
    return subreaper ();
  if (strcmp (mode, "limit") == 0)
    return no_processes ();
  if (strcmp (mode, "outlive") == 0)
    {
      start (outlive, NULL);
      pthread_exit (NULL);
    }
  fprintf (stderr, "target: no mode %s\n", mode);
  return 2;
}

/* Waits for any child, over and over. */
static int
parent (int argc, char **argv)
{
  pid_t child = fork ();
  if (child == 0)
    _exit (dispatch (argc, argv));
  close (0);
  int status, end = 96;
  pid_t waited;
  while ((waited = waitpid (-1, &status, __WALL)) > 0 || errno == EINTR)
    {
      if (waited != child)
        return 95;
      if (!WIFEXITED (status))
        return 94;
      end = WEXITSTATUS (status);
    }
  return end;
}

int
main (int argc, char **argv)
{
  if (argc > 2 && strcmp (argv[1], "parent") == 0)
    {
      argv[1] = argv[0];
      return parent (argc - 1, argv + 1);
    }
  return dispatch (argc, argv);
}
