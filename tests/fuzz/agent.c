/* agent.c -- a fuzz target (driver.c): the agent takes no packet for a message that is none, and no
 * interval that cannot be set.
 *
 * An input is a row of packets, each with a byte that says how it is made, and two for its length:
 * with the right beginning or without, cut short or too long, as an interval.  What is expected is
 * worked out a second time.  One of 32 goes through a socket, with unwanted descriptors,
 * which may not stay open in the program.
 */
#include "config.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "snapshot/format.h"
#include "tests/fuzz/target.h"
#include "wire.h"

uint64_t fuzz_accepted;

enum
{
  WITH_BEGINNING = 1, /* the magic and the version are made right */
  OF_SIZE = 2,        /* the rest of the message is zeros */
  ONLY_TEXT = 4,      /* the bytes are the text of an interval */
  MOST_PACKETS = 8,
  MOST_BYTES = 2 * sizeof (struct gcg__message),
  MOST_DESCRIPTORS = 3
};

struct packet
{
  uint8_t *bytes; /* of its exact size */
  size_t n;
};

/* Makes a packet of the N bytes at DATA. */
static struct packet
make (unsigned how, const uint8_t *data, size_t n)
{
  struct gcg__message begin
      = { .magic = GCG__PROTOCOL_MAGIC, .version = GCG__PROTOCOL_VERSION, .type = GCG__SAMPLING };
  size_t at = how & ONLY_TEXT ? offsetof (struct gcg__message, text) : 0, end = at + n;
  struct packet packet = { NULL, how & OF_SIZE ? sizeof begin : end };
  packet.bytes = calloc (1, packet.n + !packet.n);
  if (packet.bytes == NULL)
    abort ();
  if (at < packet.n)
    memcpy (packet.bytes + at, data, (end < packet.n ? end : packet.n) - at);
  if (how & (WITH_BEGINNING | ONLY_TEXT))
    {
      size_t head = how & ONLY_TEXT ? at : offsetof (struct gcg__message, type);
      memcpy (packet.bytes, &begin, head < packet.n ? head : packet.n);
    }
  return packet;
}

static bool
is_message (const struct packet *packet)
{
  struct gcg__message message;
  if (packet->n != sizeof message)
    return false;
  memcpy (&message, packet->bytes, sizeof message);
  return message.magic == GCG__PROTOCOL_MAGIC && message.version == GCG__PROTOCOL_VERSION;
}

/* Reads the interval as a number of another kind; this program's locale is C. */
static bool
is_interval (const char *text, double *seconds)
{
  size_t whole = strspn (text, "0123456789"), part = 0;
  if (text[whole] == '.')
    part = 1 + strspn (text + whole + 1, "0123456789");
  *seconds = strtod (text, NULL);
  return whole > 0 && text[whole + part] == '\0';
}

static void
check_interval (const struct gcg__message *message)
{
  struct gcg__message again = { .text = "" };
  uint64_t ns, same;
  double seconds;
  bool is = is_interval (message->text, &seconds);
  if (!gcg__wire_get_interval (message, &ns))
    {
      /* Near the limits the two may differ. */
      if (is && (seconds == 0 || (seconds > 0.0100001 && seconds < 999999)))
        abort ();
      return;
    }
  if (!is || fabs (seconds - (double)ns / 1e9) > 1e-6
      || !(ns == 0 || (seconds > 0.0099999 && seconds < 1000001)))
    abort ();
  gcg__wire_put_interval (&again, ns);
  if (!gcg__wire_get_interval (&again, &same) || same != ns)
    abort ();
}

/* Sends PACKET with N descriptors. */
static void
send_packet (int to, const struct packet *packet, unsigned n)
{
  struct iovec part = { packet->bytes, packet->n };
  char control[CMSG_SPACE (MOST_DESCRIPTORS * sizeof (int))] __attribute__ ((aligned (8))) = { 0 };
  struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
  if (n > 0)
    {
      header.msg_control = control;
      header.msg_controllen = CMSG_SPACE (n * sizeof (int));
      struct cmsghdr *c = CMSG_FIRSTHDR (&header);
      c->cmsg_level = SOL_SOCKET;
      c->cmsg_type = SCM_RIGHTS;
      c->cmsg_len = CMSG_LEN (n * sizeof (int));
      for (unsigned i = 0; i < n; i++)
        memcpy (CMSG_DATA (c) + i * sizeof to, &to, sizeof to);
    }
  if (sendmsg (to, &header, MSG_NOSIGNAL) != (ssize_t)packet->n)
    abort ();
}

/* The number that the next descriptor gets. */
static int
next_descriptor (void)
{
  int fd = dup (0);
  if (fd < 0)
    abort ();
  close (fd);
  return fd;
}

static void
go_through_socket (const struct packet *packet, unsigned descriptors)
{
  struct gcg__message message;
  int ends[2];
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    abort ();
  int next = next_descriptor ();
  if (gcg__wire_receive (ends[0], MSG_DONTWAIT, &message) != -1)
    abort ();
  send_packet (ends[1], packet, descriptors);
  if (gcg__wire_receive (ends[0], MSG_DONTWAIT, &message) != is_message (packet)
      || next_descriptor () != next)
    abort ();
  close (ends[0]);
  close (ends[1]);
}

/* Returns whether it is a message. */
static bool
take (unsigned how, const uint8_t *data, size_t n)
{
  struct gcg__message message;
  struct packet packet = make (how, data, n);
  bool is = gcg__wire_read (&message, packet.bytes, packet.n);
  if (is != is_message (&packet))
    abort ();
  if (is)
    {
      if (strnlen (message.text, sizeof message.text) == sizeof message.text)
        abort ();
      check_interval (&message);
    }
  if (gcg__checksum (packet.bytes, packet.n) % 32 == 0)
    go_through_socket (&packet, (how >> 3) % (MOST_DESCRIPTORS + 1));
  free (packet.bytes);
  return is;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  bool any = false;
  for (unsigned packets = 0; size >= 3 && packets < MOST_PACKETS; packets++)
    {
      size_t n = ((size_t)data[1] | (size_t)data[2] << 8) % (MOST_BYTES + 1);
      if (n > size - 3)
        n = size - 3;
      any |= take (data[0], data + 3, n);
      data += 3 + n;
      size -= 3 + n;
    }
  fuzz_accepted += any;
  return 0;
}
