/* limit.c -- see limit.h. */
#include <config.h>

#include "image/limit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MS          INT64_C (1000000)
#define SECOND      INT64_C (1000000000)
#define NO_ARGUMENT (-1)

enum kind
{
  IN_MS,     /* an argument is the number of milliseconds, negative: none */
  IN_MEMORY, /* ... the address of a struct timespec, 0: none */
  RECEIVING, /* argument 0 is a socket, with its option SO_RCVTIMEO */
  SENDING    /* ... SO_SNDTIMEO */
};

struct limited
{
  long call;
  enum kind kind;
  int argument;
  int result; /* when the limit has passed */
};

static const struct limited calls[] = {
#ifdef SYS_epoll_wait
  { SYS_epoll_wait, IN_MS, 3, 0 },
#endif
  { SYS_epoll_pwait, IN_MS, 3, 0 },
#ifdef SYS_epoll_pwait2
  { SYS_epoll_pwait2, IN_MEMORY, 3, 0 },
#endif
  { SYS_rt_sigtimedwait, IN_MEMORY, 2, -EAGAIN },
  { SYS_semtimedop, IN_MEMORY, 3, -EAGAIN },
  { SYS_io_getevents, IN_MEMORY, 4, 0 },
  { SYS_accept, RECEIVING, NO_ARGUMENT, -EAGAIN },
  { SYS_accept4, RECEIVING, NO_ARGUMENT, -EAGAIN },
  { SYS_recvfrom, RECEIVING, NO_ARGUMENT, -EAGAIN },
  { SYS_recvmsg, RECEIVING, NO_ARGUMENT, -EAGAIN },
  { SYS_read, RECEIVING, NO_ARGUMENT, -EAGAIN },
  { SYS_readv, RECEIVING, NO_ARGUMENT, -EAGAIN },
  { SYS_sendto, SENDING, NO_ARGUMENT, -EAGAIN },
  { SYS_sendmsg, SENDING, NO_ARGUMENT, -EAGAIN },
  { SYS_write, SENDING, NO_ARGUMENT, -EAGAIN },
  { SYS_writev, SENDING, NO_ARGUMENT, -EAGAIN },
  { SYS_connect, SENDING, NO_ARGUMENT, -EINPROGRESS },
};

static const struct limited *
find (long call)
{
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
    if (calls[i].call == call)
      return &calls[i];
  return NULL;
}

bool
gcg__limit_has (long call)
{
  return find (call) != NULL;
}

/* OPTION, a time, of descriptor FD of the process, if it is a socket; -1: none. */
static int64_t
socket_limit (pid_t pid, int fd, int option)
{
  char path[64], target[16] = "";
  snprintf (path, sizeof path, "/proc/%d/fd/%d", pid, fd);
  /* The close of another kind of file may wait for the process, which stands. */
  if (readlink (path, target, sizeof target - 1) < 0 || strncmp (target, "socket:", 7) != 0)
    return -1;
  int process = (int)syscall (SYS_pidfd_open, pid, 0);
  if (process < 0)
    return -1;
  int own = (int)syscall (SYS_pidfd_getfd, process, fd, 0);
  struct timeval time = { 0, 0 };
  socklen_t bytes = sizeof time;
  if (own >= 0)
    {
      if (getsockopt (own, SOL_SOCKET, option, &time, &bytes) != 0)
        time = (struct timeval){ 0, 0 };
      close (own);
    }
  close (process);
  int64_t ns = time.tv_sec * SECOND + time.tv_usec * 1000;
  return ns > 0 ? ns : -1;
}

/* The struct timespec at ADDRESS of the process; -1: none. */
static int64_t
memory_limit (const struct gcg__stop *stop, uint64_t address)
{
  struct timespec time;
  if (address == 0 || pread (stop->mem, &time, sizeof time, (off_t)address) != (ssize_t)sizeof time
      || time.tv_sec < 0 || time.tv_sec > INT64_MAX / SECOND - 1 || time.tv_nsec < 0
      || time.tv_nsec >= SECOND)
    return -1;
  return time.tv_sec * SECOND + time.tv_nsec;
}

/* In ns; -1: the call has no limit. */
static int64_t
limit_of (const struct gcg__stop *stop, const struct gcg__regs *regs, const struct limited *limited)
{
  switch (limited->kind)
    {
    case IN_MS:
      {
        int ms = (int)gcg__arch_argument (regs, limited->argument);
        return ms >= 0 ? ms * MS : -1;
      }
    case IN_MEMORY:
      return memory_limit (stop, gcg__arch_argument (regs, limited->argument));
    case RECEIVING:
    case SENDING:
      return socket_limit (stop->pid, (int)gcg__arch_argument (regs, 0),
                           limited->kind == RECEIVING ? SO_RCVTIMEO : SO_SNDTIMEO);
    }
  return -1;
}

void
gcg__limit_again (const struct gcg__stop *stop, struct gcg__regs *regs, struct gcg__wait *wait)
{
  const struct limited *limited = wait != NULL ? find (gcg__arch_call_number (regs)) : NULL;
  int64_t limit = limited != NULL ? limit_of (stop, regs, limited) : -1;
  int64_t now = gcg__now_ns (), left = limit >= 0 ? limit - (now - wait->since_ns) : 1;
  if (left <= 0)
    {
      gcg__arch_return (regs, limited->result);
      return;
    }
  gcg__arch_again (regs);
  if (limit >= 0 && limited->kind == IN_MS && wait->is_in_libc)
    {
      gcg__arch_set_argument (regs, limited->argument, (uint64_t)((left + MS - 1) / MS));
      wait->since_ns = now;
    }
}
