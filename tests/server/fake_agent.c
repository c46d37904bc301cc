/* fake_agent.c -- a program that speaks lib/protocol.h without a collector: what it sends is what a
 * test wants to be sent.
 *
 *   fake_agent [STEP]...     connects to GCGLASS_SOCKET, says HELLO, then does step after step:
 *     answer N               waits for N requests and answers each with a snapshot of its own
 *     refuse N               answers N requests with an error
 *     ignore N               takes N requests and does not answer
 *     push N                 sends N snapshots without a request
 *     exit-snapshot          sends one that says that the program is ending
 *     unsealed | damaged | nothing
 *                            answers a request with a memfd without seals; with one that is no
 *                            snapshot; with no descriptor at all
 *     sample N               sends N samples, the first with how sampling is set
 *     answer-sample          waits for a request for a sample and answers it
 *     damaged-sample         sends records that are none
 *     rubbish                sends a packet that is not a message
 *     flood                  sends 50 descriptors with one message
 *     deaf                   waits for a request, does not read it, and keeps gcglass stopped from
 *                            then on until this process has ended
 *     sleep MS               waits
 *     fork                   leaves a child that keeps the connection for 60 s
 *     close                  ends the connection
 *     status N | kill N      ends with status N, or by signal N
 */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "gcglass/error.h"
#include "protocol.h"
#include "tests/heap.h"
#include "tests/tape.h"

static int connection;

static void
connect_to_server (void)
{
  const char *name = getenv ("GCGLASS_SOCKET");
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  if (name == NULL)
    {
      fputs ("fake_agent: no GCGLASS_SOCKET\n", stderr);
      exit (99);
    }
  memcpy (address.sun_path + 1, name, strlen (name));
  connection = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (connect (connection, (struct sockaddr *)&address,
               (socklen_t)(offsetof (struct sockaddr_un, sun_path) + 1 + strlen (name)))
      != 0)
    {
      perror ("fake_agent: connect");
      exit (99);
    }
}

static void
say (struct gcg__message *message, const int *descriptors, size_t n)
{
  struct iovec part = { message, sizeof *message };
  char control[CMSG_SPACE (64 * sizeof (int))] __attribute__ ((aligned (8))) = { 0 };
  struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
  message->magic = GCG__PROTOCOL_MAGIC;
  message->version = GCG__PROTOCOL_VERSION;
  message->pid = (uint32_t)getpid ();
  if (n > 0)
    {
      header.msg_control = control;
      header.msg_controllen = CMSG_SPACE (n * sizeof (int));
      struct cmsghdr *c = CMSG_FIRSTHDR (&header);
      c->cmsg_level = SOL_SOCKET;
      c->cmsg_type = SCM_RIGHTS;
      c->cmsg_len = CMSG_LEN (n * sizeof (int));
      memcpy (CMSG_DATA (c), descriptors, n * sizeof (int));
    }
  if (sendmsg (connection, &header, MSG_NOSIGNAL) < 0)
    {
      perror ("fake_agent: sendmsg");
      exit (98);
    }
}

/* A memfd with a snapshot of a few objects; a new one has more of them. */
static int
make_snapshot (bool sealed)
{
  static unsigned made;
  struct heap *heap = heap_new ();
  uint32_t site = heap_site (heap, "struct node", "list.c", 12, "new_node");
  uint32_t root = heap_object (heap, 24, GCG__KIND_NORMAL, site);
  char piece[65536];
  ssize_t n;
  heap_root (heap, root);
  made++;
  for (unsigned i = 0; i < made; i++)
    heap_object (heap, 40, GCG__KIND_NORMAL, site);
  int from = heap_write (heap);
  int fd = memfd_create ("snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  lseek (from, 0, SEEK_SET);
  while ((n = read (from, piece, sizeof piece)) > 0)
    if (write (fd, piece, (size_t)n) != n)
      exit (97);
  close (from);
  heap_free (heap);
  if (sealed)
    fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  return fd;
}

static void
send_snapshot (uint32_t sequence, uint32_t flags, const char *description, int fd)
{
  struct gcg__message message = { .type = GCG__SNAPSHOT, .sequence = sequence, .flags = flags };
  snprintf (message.text, sizeof message.text, "%s", description);
  say (&message, &fd, fd >= 0 ? 1 : 0);
  if (fd >= 0)
    close (fd);
}

/* Waits for a request of TYPE. */
static struct gcg__message
hear_type (enum gcg__message_type type)
{
  struct gcg__message message;
  ssize_t n = recv (connection, &message, sizeof message, 0);
  if (n != (ssize_t)sizeof message || message.type != type)
    exit (96);
  return message;
}

static struct gcg__message
hear (void)
{
  return hear_type (GCG__CAPTURE);
}

/* Sends the N bytes at RECORDS. */
static void
send_records (const void *records, size_t n, uint32_t sequence)
{
  struct gcg__message message = { .type = GCG__SAMPLES, .sequence = sequence };
  int fd = memfd_create ("samples", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (write (fd, records, n) != (ssize_t)n)
    exit (94);
  fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  say (&message, &fd, 1);
  close (fd);
}

/* A sample more than the last time, in the answer to SEQUENCE. */
static void
send_sample (const char *description, uint32_t sequence)
{
  static struct tape *tape;
  static uint32_t node, made;
  static size_t sent;
  size_t n;
  if (tape == NULL)
    {
      struct gcg__message sampling = { .type = GCG__SAMPLING, .flags = GCG__FLAG_LIFETIMES };
      strcpy (sampling.text, "0.25");
      say (&sampling, NULL, 0);
      tape = tape_new ((uint32_t)getpid ());
      node = tape_site (tape, "struct node", "list.c", 12, "new_node");
    }
  made++;
  tape_alive (tape, node, made, made * UINT64_C (24), made);
  tape_sample (tape, description, 0);
  const char *records = tape_records (tape, &n);
  send_records (records + sent, n - sent, sequence);
  sent = n;
}

static int
make_damaged (void)
{
  int fd = make_snapshot (false);
  if (pwrite (fd, "damage", 6, 300) != 6)
    exit (95);
  fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  return fd;
}

static void
answer_oddly (const char *step)
{
  struct gcg__message ask = hear ();
  send_snapshot (ask.sequence, 0, ask.text,
                 strcmp (step, "unsealed") == 0  ? make_snapshot (false)
                 : strcmp (step, "damaged") == 0 ? make_damaged ()
                                                 : -1);
}

static void
refuse (void)
{
  struct gcg__message ask = hear ();
  struct gcg__message no
      = { .type = GCG__SNAPSHOT, .sequence = ask.sequence, .status = GCG_DISABLED };
  strcpy (no.text, "the collector is switched off (GC_disable): no snapshot");
  say (&no, NULL, 0);
}

static void
flood (void)
{
  struct gcg__message message = { .type = GCG__SNAPSHOT };
  int descriptors[50];
  for (int i = 0; i < 50; i++)
    descriptors[i] = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  say (&message, descriptors, 50);
}

static void
repeat (const char *step, int n)
{
  for (int i = 0; i < n; i++)
    if (strcmp (step, "answer") == 0)
      {
        struct gcg__message ask = hear ();
        send_snapshot (ask.sequence, 0, ask.text, make_snapshot (true));
      }
    else if (strcmp (step, "refuse") == 0)
      refuse ();
    else if (strcmp (step, "ignore") == 0)
      {
        hear ();
        fputs ("asked and silent\n", stderr);
      }
    else if (strcmp (step, "sample") == 0)
      send_sample ("", 0);
    else
      send_snapshot (0, 0, "pushed", make_snapshot (true));
}

/* A child stops gcglass and lets it go on when we have ended. */
static void
be_deaf (void)
{
  struct pollfd request = { connection, POLLIN, 0 };
  pid_t gcglass = getppid (), stopper;
  char path[64], state = 0;
  int ours[2], its[2];
  if (poll (&request, 1, -1) != 1 || pipe (ours) != 0 || pipe (its) != 0 || (stopper = fork ()) < 0)
    exit (93);
  if (stopper == 0)
    {
      close (connection);
      close (ours[1]);
      kill (gcglass, SIGSTOP);
      snprintf (path, sizeof path, "/proc/%d/stat", (int)gcglass);
      while (state != 'T')
        {
          FILE *file = fopen (path, "r");
          if (file == NULL || fscanf (file, "%*d (%*[^)]) %c", &state) != 1)
            _exit (1);
          fclose (file);
        }
      (void)!write (its[1], "", 1);
      (void)!read (ours[0], &state, 1); /* until its other end is closed */
      kill (gcglass, SIGCONT);
      _exit (0);
    }
  close (ours[0]);
  (void)!read (its[0], &state, 1);
}

static void
end (const char *step, int n)
{
  if (strcmp (step, "kill") == 0)
    kill (getpid (), n);
  _exit (n);
}

int
main (int argc, char **argv)
{
  struct gcg__message hello = { .type = GCG__HELLO };
  connect_to_server ();
  strcpy (hello.text, "fake");
  say (&hello, NULL, 0);
  for (int i = 1; i < argc; i++)
    {
      const char *step = argv[i];
      if (strcmp (step, "unsealed") == 0 || strcmp (step, "damaged") == 0
          || strcmp (step, "nothing") == 0)
        answer_oddly (step);
      else if (strcmp (step, "exit-snapshot") == 0)
        send_snapshot (0, GCG__FLAG_EXIT, "", make_snapshot (true));
      else if (strcmp (step, "answer-sample") == 0)
        {
          struct gcg__message ask = hear_type (GCG__SAMPLE);
          send_sample (ask.text, ask.sequence);
        }
      else if (strcmp (step, "damaged-sample") == 0)
        send_records ("these are no records at all, but bytes", 32, 0);
      else if (strcmp (step, "rubbish") == 0)
        (void)!send (connection, "rubbish", 7, MSG_NOSIGNAL);
      else if (strcmp (step, "flood") == 0)
        flood ();
      else if (strcmp (step, "close") == 0)
        close (connection);
      else if (strcmp (step, "deaf") == 0)
        be_deaf ();
      else if (strcmp (step, "fork") == 0)
        {
          if (fork () == 0)
            {
              sleep (60);
              _exit (0);
            }
        }
      else if (i + 1 == argc)
        return 99;
      else if (strcmp (step, "sleep") == 0)
        usleep ((useconds_t)atoi (argv[++i]) * 1000);
      else if (strcmp (step, "status") == 0 || strcmp (step, "kill") == 0)
        end (step, atoi (argv[++i]));
      else
        repeat (step, atoi (argv[++i]));
    }
  return 0;
}
