/* waits.c -- threads in sixteen kinds of waits, none of which may end; see target.h. */
#include <errno.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/image/target.h"

static int n_cut;

#define WAIT(name, expression)                                                                     \
  static void *name (void *unused)                                                                 \
  {                                                                                                \
    (void)unused;                                                                                  \
    errno = 0;                                                                                     \
    long result = (long)(expression);                                                              \
    if (!is_over)                                                                                  \
      {                                                                                            \
        __atomic_add_fetch (&n_cut, 1, __ATOMIC_RELAXED);                                          \
        printf ("%s returned %ld, errno %d\n", #name, result, errno);                              \
      }                                                                                            \
    return NULL;                                                                                   \
  }

static sem_t semaphore;
static int futex_word;
static struct timespec length = { TARGET_LONG_S, 0 };

static int
listening (void)
{
  int fd = socket (AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address
      = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct timeval limit = { TARGET_LONG_S, 0 };
  if (bind (fd, (struct sockaddr *)&address, sizeof address) != 0 || listen (fd, 1) != 0
      || setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0)
    exit (98);
  return fd;
}

static int
receiving (void)
{
  int fds[2];
  struct timeval limit = { TARGET_LONG_S, 0 };
  if (socketpair (AF_UNIX, SOCK_STREAM, 0, fds) != 0
      || setsockopt (fds[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0)
    exit (98);
  return fds[0];
}

static int
reading (void)
{
  int fds[2];
  if (pipe (fds) != 0)
    exit (98);
  return fds[0];
}

static char byte;
static struct epoll_event event;
WAIT (pausing, pause ())
WAIT (sleeping, sleep (TARGET_LONG_S))
WAIT (napping, usleep (TARGET_LONG_S * 1000000u))
WAIT (polling, poll (NULL, 0, TARGET_LONG_S * 1000))
WAIT (selecting, ({
        struct timeval limit = { TARGET_LONG_S, 0 };
        select (0, NULL, NULL, NULL, &limit);
      }))
WAIT (epolling, epoll_wait (epoll_create1 (0), &event, 1, TARGET_LONG_S * 1000))
WAIT (semaphoring, ({
        struct timespec at = later (CLOCK_REALTIME);
        sem_timedwait (&semaphore, &at);
      }))
WAIT (messaging, ({
        struct
        {
          long type;
          char text[8];
        } message;
        msgrcv (msgget (IPC_PRIVATE, 0600), &message, sizeof message.text, 0, 0);
      }))
WAIT (operating, ({
        struct sembuf operation = { 0, -1, 0 };
        semop (semget (IPC_PRIVATE, 1, 0600), &operation, 1);
      }))
WAIT (accepting, accept (listening (), NULL, NULL))
WAIT (awaiting_signal, ({
        sigset_t set = one_signal (SIGUSR2);
        sigtimedwait (&set, NULL, &length);
      }))
WAIT (futexing, syscall (SYS_futex, &futex_word, FUTEX_WAIT, 0, &length, NULL, 0))
WAIT (suspending, ({
        sigset_t set = one_signal (0);
        sigsuspend (&set);
      }))
WAIT (sleeping_until, ({
        struct timespec at = later (CLOCK_MONOTONIC);
        clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
      }))
WAIT (reading_pipe, read (reading (), &byte, 1))
WAIT (receiving_late, recv (receiving (), &byte, 1, 0))

int
waits (void *(*other) (void *))
{
  static void *(*const all[]) (void *)
      = { pausing,     sleeping,       napping,      polling,       selecting,       epolling,
          semaphoring, messaging,      operating,    accepting,     awaiting_signal, futexing,
          suspending,  sleeping_until, reading_pipe, receiving_late };
  sigset_t set = one_signal (SIGUSR2);
  pthread_sigmask (SIG_BLOCK, &set, NULL);
  sem_init (&semaphore, 0, 0);
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    start (all[i], NULL);
  pthread_t thread;
  if (other != NULL)
    thread = start (other, NULL);
  ready ();
  until_over ();
  if (other != NULL)
    pthread_join (thread, NULL);
  return verdict (n_cut == 0, "waits");
}
