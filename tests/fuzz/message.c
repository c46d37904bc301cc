/* message.c -- a fuzz target (driver.c): no messages of an agent, real or not, harm the server.
 *
 * An input is a row of messages, each with a byte that says what comes with it, and two for its
 * length: cut short, with the right beginning or without, with a snapshot, records, nonsense or no
 * file.  They are read from a socket as those of an agent are, by the code of server/live.c itself,
 * which is included here because the conversation has a thread of its own otherwise.
 */
#include "server/live.c"

#include <sys/mman.h>

#include "tests/heap.h"
#include "tests/tape.h"
#include "tests/fuzz/target.h"

#define MOST_MESSAGES 8

enum
{
  WITH_BEGINNING = 1, /* the magic and the version are made right */
  WITH_FILE = 6,      /* these two bits: which */
  WITH_TYPE = 8       /* the type is made a valid one */
};

static int snapshot_fd, records_fd, nonsense_fd;

static int
sealed (const void *bytes, size_t n)
{
  int fd = memfd_create ("fuzzed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0 || write (fd, bytes, n) != (ssize_t)n
      || fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
    abort ();
  return fd;
}

static void
begin (void)
{
  struct heap *heap = heap_new ();
  struct tape *tape = tape_new (1);
  size_t n;
  heap_root (heap, heap_object (heap, 24, GCG__KIND_NORMAL, 0));
  snapshot_fd = heap_write (heap);
  heap_free (heap);
  tape_alive (tape, tape_site (tape, "T", "t.c", 1, "f"), 1, 8, 1);
  tape_sample (tape, "one", 0);
  const void *records = tape_records (tape, &n);
  records_fd = sealed (records, n);
  tape_free (tape);
  nonsense_fd = sealed ("nonsense", 8);
}

static void
say (int to, unsigned how, const uint8_t *bytes, size_t n)
{
  struct gcg__message message = { .magic = 0 };
  const int files[] = { -1, snapshot_fd, records_fd, nonsense_fd };
  int file = files[(how & WITH_FILE) >> 1];
  memcpy (&message, bytes, n);
  if ((how & WITH_BEGINNING) != 0)
    {
      message.magic = GCG__PROTOCOL_MAGIC;
      message.version = GCG__PROTOCOL_VERSION;
      n = sizeof message;
    }
  if ((how & WITH_TYPE) != 0)
    message.type = (uint16_t)(1 + message.type % (GCG__EXEC + 1));
  struct iovec part = { &message, n };
  char control[CMSG_SPACE (sizeof (int))] __attribute__ ((aligned (8))) = { 0 };
  struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
  if (file >= 0)
    {
      header.msg_control = control;
      header.msg_controllen = sizeof control;
      struct cmsghdr *c = CMSG_FIRSTHDR (&header);
      *c = (struct cmsghdr){ .cmsg_len = CMSG_LEN (sizeof (int)),
                             .cmsg_level = SOL_SOCKET,
                             .cmsg_type = SCM_RIGHTS };
      memcpy (CMSG_DATA (c), &file, sizeof file);
    }
  if (sendmsg (to, &header, MSG_NOSIGNAL) != (ssize_t)n)
    abort ();
}

/* Sends what the input holds; returns how many messages. */
static unsigned
say_all (int to, const uint8_t *data, size_t size)
{
  unsigned messages = 0;
  while (size > 3 && messages < MOST_MESSAGES)
    {
      size_t n = (size_t)data[1] | (size_t)data[2] << 8;
      n = n % (sizeof (struct gcg__message) + 1);
      if (n == 0 || n > size - 3)
        n = size - 3 < sizeof (struct gcg__message) ? size - 3 : sizeof (struct gcg__message);
      say (to, data[0], data + 3, n);
      data += 3 + n;
      size -= 3 + n;
      messages++;
    }
  return messages;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static struct gcg__source *source;
  static struct gcg__reader *reader;
  struct gcg__live live = { .fd = -1, .parted_fd = -1, .listen_fd = -1 };
  struct gcg_error error;
  int ends[2];
  if (source == NULL)
    {
      begin ();
      if (gcg__source_new (&source, &error) != GCG_OK
          || gcg__reader_new (gcg__source_samples (source), &reader, &error) != GCG_OK)
        abort ();
    }
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    abort ();
  live.source = source;
  live.reader = reader;
  live.fd = ends[0];
  gcg__source_set_live (source, 1);
  for (unsigned left = say_all (ends[1], data, size); left > 0 && read_one (&live); left--)
    ;
  gcg__source_settle (source);
  close (ends[0]);
  close (ends[1]);
  return 0;
}
