/* limited.c -- threads in calls with a time limit, each of which ends when that has passed; see
 * target.h. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/image/target.h"

#define LIMIT_MS 400

static const struct timespec limit = { 0, LIMIT_MS * 1000000L };
static struct epoll_event event;
static char byte;

static void
set_limit (int fd, int option)
{
  struct timeval time = { 0, LIMIT_MS * 1000L };
  if (setsockopt (fd, SOL_SOCKET, option, &time, sizeof time) != 0)
    exit (98);
}

static long
wait_for_events (int fd)
{
  return epoll_wait (fd, &event, 1, LIMIT_MS);
}

/* As a program that has system calls of its own: it goes on with the registers that it had. */
static long
wait_by_itself (int fd)
{
  long result;
#if defined __x86_64__
  register long ms __asm__("r10") = LIMIT_MS;
  __asm__ volatile("syscall"
                   : "=a"(result), "+r"(ms)
                   : "0"(SYS_epoll_wait), "D"(fd), "S"(&event), "d"(1)
                   : "rcx", "r11", "memory");
  if (ms != LIMIT_MS)
    exit (97);
#else
  result = wait_for_events (fd);
#endif
  errno = (int)-result;
  return result;
}

static long
wait_with_mask (int fd)
{
  sigset_t none = one_signal (0);
  return epoll_pwait (fd, &event, 1, LIMIT_MS, &none);
}

static long
wait_for_signal (int fd)
{
  (void)fd;
  sigset_t set = one_signal (SIGUSR2);
  return sigtimedwait (&set, NULL, &limit);
}

static long
operate (int fd)
{
  (void)fd;
  struct sembuf operation = { 0, -1, 0 };
  int set = semget (IPC_PRIVATE, 1, 0600);
  long result = semtimedop (set, &operation, 1, &limit);
  int failure = errno;
  semctl (set, 0, IPC_RMID);
  errno = failure;
  return result;
}

static long
accept_one (int unused)
{
  (void)unused;
  struct sockaddr_in address
      = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_STREAM, 0);
  set_limit (fd, SO_RCVTIMEO);
  if (bind (fd, (struct sockaddr *)&address, sizeof address) != 0 || listen (fd, 1) != 0)
    exit (98);
  return accept (fd, NULL, NULL);
}

/* An end of a pair of sockets; the other end stays open. */
static int
pair (void)
{
  int fds[2];
  if (socketpair (AF_UNIX, SOCK_STREAM, 0, fds) != 0)
    exit (98);
  return fds[0];
}

static long
receive (int unused)
{
  (void)unused;
  int fd = pair ();
  set_limit (fd, SO_RCVTIMEO);
  return recv (fd, &byte, 1, 0);
}

static long
read_socket (int unused)
{
  (void)unused;
  int fd = pair ();
  set_limit (fd, SO_RCVTIMEO);
  return read (fd, &byte, 1);
}

static long
send_much (int unused)
{
  (void)unused;
  int fd = pair ();
  while (send (fd, &byte, 1, MSG_DONTWAIT) == 1)
    continue;
  set_limit (fd, SO_SNDTIMEO);
  return send (fd, &byte, 1, 0);
}

struct kind
{
  const char *name;
  long (*wait) (int fd);
  long result;
  int failure;
};

static const struct kind kinds[] = {
  { "epoll_wait", wait_for_events, 0, 0 },
  { "epoll_wait without the C library", wait_by_itself, 0, 0 },
  { "epoll_pwait", wait_with_mask, 0, 0 },
  { "sigtimedwait", wait_for_signal, -1, EAGAIN },
  { "semtimedop", operate, -1, EAGAIN },
  { "accept", accept_one, -1, EAGAIN },
  { "recv", receive, -1, EAGAIN },
  { "read", read_socket, -1, EAGAIN },
  { "send", send_much, -1, EAGAIN },
};
#define KINDS (sizeof kinds / sizeof kinds[0])

static int n_wrong;

/* What a stop has cut short (EINTR) is done again: see run_waits_as_the_kernel_has_it. */
static void *
wait_once (void *kind_of_wait)
{
  const struct kind *kind = kind_of_wait;
  int fd = epoll_create1 (EPOLL_CLOEXEC);
  struct timespec first, last;
  long result;
  do
    {
      errno = 0;
      clock_gettime (CLOCK_MONOTONIC, &first);
      result = kind->wait (fd);
      clock_gettime (CLOCK_MONOTONIC, &last);
    }
  while (result < 0 && errno == EINTR);
  int failure = errno;
  long ms = (last.tv_sec - first.tv_sec) * 1000 + (last.tv_nsec - first.tv_nsec + 999999) / 1000000;
  printf ("# %s: %ld, errno %d, %ld ms\n", kind->name, result, failure, ms);
  if (result != kind->result || (result < 0 && failure != kind->failure) || ms < LIMIT_MS)
    __atomic_add_fetch (&n_wrong, 1, __ATOMIC_RELAXED);
  return NULL;
}

int
limited (void)
{
  pthread_t threads[KINDS];
  sigset_t set = one_signal (SIGUSR2);
  pthread_sigmask (SIG_BLOCK, &set, NULL);
  setvbuf (stdout, NULL, _IOFBF, 65536);
  ready ();
  for (size_t i = 0; i < KINDS; i++)
    threads[i] = start (wait_once, (void *)(uintptr_t)&kinds[i]);
  for (size_t i = 0; i < KINDS; i++)
    pthread_join (threads[i], NULL);
  printf ("all are over\n");
  fflush (stdout);
  until_over ();
  return verdict (n_wrong == 0, "limited");
}
