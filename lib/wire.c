/* wire.c -- see wire.h. */
#include "wire.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/packet.h"
#include "raw.h"

#define SECOND_NS UINT64_C (1000000000)

socklen_t
gcg__wire_address (struct sockaddr_un *address, const char *name)
{
  size_t n = strlen (name);

  memset (address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  if (n > sizeof address->sun_path - 1)
    n = sizeof address->sun_path - 1;
  memcpy (address->sun_path + 1, name, n);
  return (socklen_t)(offsetof (struct sockaddr_un, sun_path) + 1 + n);
}

bool
gcg__wire_allowed (int fd)
{
  struct ucred peer;
  socklen_t n = sizeof peer;
  return getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0
         && (peer.uid == geteuid () || peer.uid == 0);
}

bool
gcg__wire_send (int fd, const struct gcg__message *message, int attached)
{
  return gcg__packet_send (fd, message, sizeof *message, attached);
}

struct gcg__message
gcg__wire_message (enum gcg__message_type type)
{
  return (struct gcg__message){ .magic = GCG__PROTOCOL_MAGIC,
                                .version = GCG__PROTOCOL_VERSION,
                                .type = (uint16_t)type,
                                .pid = (uint32_t)getpid () };
}

void
gcg__wire_text (struct gcg__message *message, const char *text)
{
  size_t n = strlen (text);
  if (n > sizeof message->text - 1)
    n = sizeof message->text - 1;
  memcpy (message->text, text, n);
  message->text[n] = 0;
}

bool
gcg__wire_read (struct gcg__message *message, const void *bytes, size_t n)
{
  if (n != sizeof *message)
    return false;
  memcpy (message, bytes, n);
  message->text[sizeof message->text - 1] = 0;
  return message->magic == GCG__PROTOCOL_MAGIC && message->version == GCG__PROTOCOL_VERSION;
}

int
gcg__wire_receive (int fd, int flags, struct gcg__message *message)
{
  struct gcg__message packet;
  /* With MSG_TRUNC the length is the packet's, not what there was room for. */
  long n = syscall (SYS_recvfrom, fd, &packet, sizeof packet, flags | MSG_TRUNC, NULL, NULL);

  if (n < 0)
    return errno == EAGAIN || errno == EINTR ? -1 : 0;
  return gcg__wire_read (message, &packet, (size_t)n);
}

/* As gcg__wire_receive, with the first descriptor that comes with it. */
static int
receive_attached (int fd, struct gcg__message *message, int *attached)
{
  struct gcg__message packet;
  struct iovec part = { &packet, sizeof packet };
  char control[CMSG_SPACE (sizeof *attached)] __attribute__ ((aligned (8)));
  struct msghdr header = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
  };
  long n = syscall (SYS_recvmsg, fd, &header, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
  const struct cmsghdr *first = n >= 0 ? CMSG_FIRSTHDR (&header) : NULL;

  *attached = -1;
  if (n < 0)
    return errno == EAGAIN || errno == EINTR ? -1 : 0;
  if (first && first->cmsg_level == SOL_SOCKET && first->cmsg_type == SCM_RIGHTS
      && first->cmsg_len >= CMSG_LEN (sizeof *attached))
    {
      memcpy (attached, CMSG_DATA (first), sizeof *attached);
      *attached = raw_high (*attached);
    }
  return gcg__wire_read (message, &packet, (size_t)n);
}

bool
gcg__wire_await (int fd, enum gcg__message_type type, int patience_ms, struct gcg__message *message,
                 int *attached)
{
  uint64_t end = raw_now (CLOCK_MONOTONIC) + (uint64_t)patience_ms * 1000000u;

  for (;;)
    {
      uint64_t now = raw_now (CLOCK_MONOTONIC), left = now < end ? end - now : 0;
      struct timespec patience = { (time_t)(left / SECOND_NS), (long)(left % SECOND_NS) };
      struct pollfd wait = { fd, POLLIN, 0 };
      long n = syscall (SYS_ppoll, &wait, 1, &patience, NULL, 0);
      if (n == 0 || (n < 0 && errno != EINTR))
        return false;
      if (n < 0)
        continue;
      n = attached ? receive_attached (fd, message, attached)
                   : gcg__wire_receive (fd, MSG_DONTWAIT, message);
      if (n == 1 && message->type == type)
        return true;
      if (attached && *attached >= 0)
        raw_close (*attached);
      if (n == 0)
        return false;
    }
}

char *
gcg__wire_put_address (char *at, uint64_t address)
{
  static const char digits[] = "0123456789abcdef";

  for (int shift = 60; shift >= 0; shift -= 4)
    *at++ = digits[address >> shift & 15];
  return at;
}

void
gcg__wire_get_count (const struct gcg__message *message, uint64_t *objects, uint64_t *bytes)
{
  char *end;

  *objects = strtoull (message->text, &end, 10);
  *bytes = strtoull (end, NULL, 10);
}

void
gcg__wire_put_interval (struct gcg__message *message, uint64_t ns)
{
  snprintf (message->text, sizeof message->text, "%" PRIu64 ".%09" PRIu64, ns / SECOND_NS,
            ns % SECOND_NS);
}

/* The number at *AT, which does not go beyond MOST; false: there is none, or it does. */
static bool
read_digits (const char **at, uint64_t most, uint64_t *number)
{
  const char *first = *at;

  for (*number = 0; **at >= '0' && **at <= '9' && *number <= most; ++*at)
    *number = *number * 10 + (uint64_t)(**at - '0');
  return *at > first && *number <= most;
}

bool
gcg__wire_get_interval (const struct gcg__message *message, uint64_t *ns)
{
  const char *at = message->text;
  uint64_t seconds, fraction = 0;

  if (!read_digits (&at, GCG__MOST_INTERVAL_NS / SECOND_NS, &seconds))
    return false;
  if (*at == '.')
    {
      at++;
      /* What is below a nanosecond is cut off. */
      for (uint64_t place = SECOND_NS / 10; *at >= '0' && *at <= '9'; at++, place /= 10)
        fraction += place * (uint64_t)(*at - '0');
    }
  *ns = seconds * SECOND_NS + fraction;
  return *at == 0 && (*ns == 0 || (*ns >= GCG__LEAST_INTERVAL_NS && *ns <= GCG__MOST_INTERVAL_NS));
}

bool
gcg__wire_connect (int fd, const char *name)
{
  const struct timespec moment = { 0, 2000000 };
  struct sockaddr_un address;
  socklen_t n = gcg__wire_address (&address, name);

  for (int tries = 0; tries < 100; tries++)
    {
      if (connect (fd, (struct sockaddr *)&address, n) == 0)
        return true;
      if (errno != EAGAIN && errno != EINTR)
        return false;
      syscall (SYS_nanosleep, &moment, NULL);
    }
  return false;
}

int
gcg__wire_listen (const char *name)
{
  struct sockaddr_un address;
  socklen_t n = gcg__wire_address (&address, name);
  int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

  if (fd < 0)
    return -1;
  if (bind (fd, (struct sockaddr *)&address, n) < 0 || listen (fd, 8) < 0)
    {
      close (fd);
      return -1;
    }
  return fd;
}
