/* message.c -- see message.h. */
#include "config.h"

#include "link/message.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/packet.h"

#define MOST_GENERATIONS 64

/* The parent of PID; 0: not known. */
static pid_t
parent_of (pid_t pid)
{
  char path[40], text[256] = "";
  int parent = 0;
  snprintf (path, sizeof path, "/proc/%d/stat", (int)pid);
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd >= 0 ? read (fd, text, sizeof text - 1) : -1;
  if (fd >= 0)
    close (fd);
  /* "PID (NAME) STATE PARENT ..."; the name may hold parentheses. */
  const char *end = n > 0 ? strrchr (text, ')') : NULL;
  return end != NULL && sscanf (end + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

bool
gcg__link_is_ancestor (pid_t ancestor, pid_t pid)
{
  for (int i = 0; i < MOST_GENERATIONS && pid > 1 && pid != ancestor; i++)
    pid = parent_of (pid);
  return pid == ancestor;
}

bool
gcg__link_allows (int fd)
{
  struct ucred peer;
  socklen_t n = sizeof peer;
  return getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0
         && (peer.uid == geteuid () || peer.uid == 0
             || gcg__link_is_ancestor (getpid (), peer.pid));
}

/* Takes the first descriptor of HEADER and closes the others, if more were sent. */
static int
take_descriptor (struct msghdr *header)
{
  int taken = -1;
  for (struct cmsghdr *c = CMSG_FIRSTHDR (header); c != NULL; c = CMSG_NXTHDR (header, c))
    {
      if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
        continue;
      size_t n = (c->cmsg_len - CMSG_LEN (0)) / sizeof (int);
      for (size_t i = 0; i < n; i++)
        {
          int fd;
          memcpy (&fd, CMSG_DATA (c) + i * sizeof fd, sizeof fd);
          if (taken < 0)
            taken = fd;
          else
            close (fd);
        }
    }
  return taken;
}

bool
gcg__link_receive (int fd, struct gcg__message *message, int *attached)
{
  struct iovec part = { message, sizeof *message };
  char control[CMSG_SPACE (4 * sizeof (int))] __attribute__ ((aligned (8)));
  struct msghdr header = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
  };
  ssize_t n;
  /* ECONNRESET, once: the other side has ended without reading all that it was sent.  What it has
     sent comes after that. */
  do
    n = recvmsg (fd, &header, MSG_CMSG_CLOEXEC);
  while (n < 0 && (errno == EINTR || errno == ECONNRESET));
  *attached = n < 0 ? -1 : take_descriptor (&header);
  if (n == (ssize_t)sizeof *message && (header.msg_flags & MSG_TRUNC) == 0
      && message->magic == GCG__PROTOCOL_MAGIC && message->version == GCG__PROTOCOL_VERSION)
    {
      message->text[sizeof message->text - 1] = '\0';
      return true;
    }
  if (*attached >= 0)
    close (*attached);
  *attached = -1;
  return false;
}

bool
gcg__link_send (int fd, struct gcg__message *message)
{
  return gcg__link_send_file (fd, message, -1);
}

bool
gcg__link_send_file (int fd, struct gcg__message *message, int attached)
{
  message->magic = GCG__PROTOCOL_MAGIC;
  message->version = GCG__PROTOCOL_VERSION;
  message->pid = (uint32_t)getpid ();
  return gcg__packet_send (fd, message, sizeof *message, attached);
}

/* Binds FD to a fresh abstract name and listens. */
static bool
bind_new_name (int fd, char name[GCG__SOCKET_NAME_BYTES])
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  uint64_t random[2];
  if (getrandom (random, sizeof random, 0) != sizeof random)
    return false;
  int n = snprintf (name, GCG__SOCKET_NAME_BYTES, "gcglass/run/%016llx%016llx",
                    (unsigned long long)random[0], (unsigned long long)random[1]);
  memcpy (address.sun_path + 1, name, (size_t)n);
  return bind (fd, (struct sockaddr *)&address,
               (socklen_t)(offsetof (struct sockaddr_un, sun_path) + 1 + (size_t)n))
             == 0
         && listen (fd, 128) == 0;
}

int
gcg__link_socket (char name[GCG__SOCKET_NAME_BYTES])
{
  int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || bind_new_name (fd, name))
    return fd;
  int why = errno;
  close (fd);
  errno = why;
  return -1;
}
