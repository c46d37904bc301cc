/* packet.c -- see packet.h. */
#include "base/packet.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

bool
gcg__packet_send (int fd, const void *bytes, size_t n, int attached)
{
  struct iovec part = { (void *)(uintptr_t)bytes, n };
  char control[CMSG_SPACE (sizeof attached)] __attribute__ ((aligned (8))) = { 0 };
  struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
  ssize_t sent;
  if (attached >= 0)
    {
      header.msg_control = control;
      header.msg_controllen = sizeof control;
      struct cmsghdr *c = CMSG_FIRSTHDR (&header);
      c->cmsg_level = SOL_SOCKET;
      c->cmsg_type = SCM_RIGHTS;
      c->cmsg_len = CMSG_LEN (sizeof attached);
      memcpy (CMSG_DATA (c), &attached, sizeof attached);
    }
  do
    sent = sendmsg (fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  return sent == (ssize_t)n;
}
