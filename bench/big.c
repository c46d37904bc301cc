/* big.c -- ten million objects and twenty million edges: pauses, captures, pages.
 *
 *   big [--objects N] [--runs N]
 *
 * The heap is a chain with random links across, all of it reached, and ten thousand rings of ten
 * objects that finalizers keep as garbage.  Measured are, in turn:
 *   marking            the collection's own, in each capture
 *   extra pause        what the capture adds to it
 *   capture            from the request over the agent's socket to a checked snapshot
 *   collection         the whole of GC_gcollect, without a capture
 *   pages              through HTTP, first (analysed) and then again
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gcglass/gc.h>
#include <gcglass/gcglass.h>

#include "bench/http.h"
#include "bench/stats.h"
#include "protocol.h"
#include "snapshot/snapshot.h"

enum
{
  RINGS = 10000,
  RING_LENGTH = 10
};

struct node
{
  struct node *next;
  struct node *other;
};

static struct node *last; /* the root of the chain */

static uint64_t
next_random (void)
{
  static uint64_t state = 88172645463325252u;
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

static void __attribute__ ((noreturn)) fail (const char *what, const char *why)
{
  fprintf (stderr, "big: %s: %s\n", what, why);
  exit (1);
}

/* The table of addresses stands where the collector does not look. */
static void __attribute__ ((noinline)) make_chain (size_t n)
{
  size_t bytes = n * sizeof (struct node *);
  struct node **all
      = mmap (NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED)
    fail ("mmap", strerror (errno));
  for (size_t i = 0; i < n; i++)
    {
      struct node *node = GC_MALLOC (sizeof (struct node));
      node->next = last;
      node->other = i ? all[next_random () % i] : node;
      all[i] = last = node;
    }
  munmap (all, bytes);
}

static void
finalize (void *object, void *unused)
{
  (void)object;
  (void)unused;
}

static void __attribute__ ((noinline)) make_ring (void)
{
  struct node *first = GC_MALLOC (sizeof (struct node)), *node = first;
  for (int i = 1; i < RING_LENGTH; i++)
    {
      node->next = GC_MALLOC (sizeof (struct node));
      node->other = first;
      node = node->next;
    }
  node->next = first;
  GC_REGISTER_FINALIZER (first, finalize, NULL, NULL, NULL);
}

static int
connect_to_agent (void)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int length = snprintf (address.sun_path + 1, sizeof address.sun_path - 1, GCG__AGENT_NAME,
                         (int)getpid ());
  int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd < 0
      || connect (fd, (struct sockaddr *)&address,
                  (socklen_t)(offsetof (struct sockaddr_un, sun_path) + 1 + (size_t)length)))
    fail ("the agent's socket", strerror (errno));
  return fd;
}

/* Receives messages until a SNAPSHOT with a descriptor, which is returned. */
static int
receive_snapshot (int agent)
{
  for (;;)
    {
      struct gcg__message message;
      union
      {
        struct cmsghdr header;
        char bytes[CMSG_SPACE (sizeof (int))];
      } control;
      struct iovec data = { &message, sizeof message };
      struct msghdr packet = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
      };
      if (recvmsg (agent, &packet, MSG_CMSG_CLOEXEC) != sizeof message)
        fail ("the agent", "has hung up");
      if (message.type != GCG__SNAPSHOT)
        continue;
      const struct cmsghdr *header = CMSG_FIRSTHDR (&packet);
      if (message.status != GCG_OK || !header)
        fail ("capture", message.text);
      int fd;
      memcpy (&fd, CMSG_DATA (header), sizeof fd);
      return fd;
    }
}

struct figures
{
  struct stats collection, marking, pause, capture, writing;
};

static void
measure_capture (int agent, struct figures *figures)
{
  struct gcg__message request = { .magic = GCG__PROTOCOL_MAGIC,
                                  .version = GCG__PROTOCOL_VERSION,
                                  .type = GCG__CAPTURE,
                                  .sequence = 1,
                                  .text = "bench" };
  struct gcg__snapshot *snapshot;
  struct gcg_error error;
  double start = stats_now ();
  if (send (agent, &request, sizeof request, MSG_NOSIGNAL) != sizeof request)
    fail ("the agent", strerror (errno));
  int fd = receive_snapshot (agent);
  if (gcg__snapshot_open_fd (fd, "capture", &snapshot, &error) != GCG_OK)
    fail ("the snapshot", error.text);
  stats_add (&figures->capture, stats_now () - start);
  stats_add (&figures->marking, (double)snapshot->info->mark_ns * 1e-6);
  stats_add (&figures->pause, (double)snapshot->info->pause_ns * 1e-6);
  stats_add (&figures->writing, (double)snapshot->info->total_ns * 1e-9);
  if (figures->capture.n == 1)
    printf ("%u objects, %llu edges, snapshot of %.1f bytes an object\n", snapshot->n_objects,
            (unsigned long long)snapshot->n_edges,
            (double)snapshot->map_bytes / snapshot->n_objects);
  gcg__snapshot_close (snapshot);
  close (fd);
}

static void
measure_pages (int runs)
{
  static const char *const pages[] = { "/api/overview", "/api/types",     "/api/sites",
                                       "/api/garbage",  "/api/garbage/1", "/garbage" };
  struct gcg_options options = { .size = sizeof options, .port = -1, .token = "off", .quiet = 1 };
  struct gcg_server *server;
  struct gcg_error error;
  if (gcg_start_in_background (&options, &server, &error) != GCG_OK)
    fail ("the server", error.text);
  /* The first request makes the server ask for a snapshot by itself. */
  http_wait (gcg_url (server), pages[0], "first look");
  if (gcg_snapshot ("pages", &error) != GCG_OK)
    fail ("gcg_snapshot", error.text);
  printf ("page: from the snapshot to the first answer, checked and analysed\n  %.3f s\n",
          http_wait (gcg_url (server), pages[0], "pages"));
  for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
    {
      struct stats stats = { 0 };
      size_t bytes;
      for (int run = 0; run < runs; run++)
        stats_add (&stats, http_get (gcg_url (server), pages[i], &bytes) * 1e3);
      printf ("page: %s (%zu bytes), aim <= 50 ms\n", pages[i], bytes);
      stats_print ("through HTTP", "ms", &stats);
      stats_free (&stats);
    }
  gcg_stop (server);
}

int
main (int argc, char **argv)
{
  size_t objects = 10000000;
  int runs = 11;
  for (int i = 1; i + 1 < argc; i += 2)
    if (strcmp (argv[i], "--objects") == 0)
      objects = strtoul (argv[i + 1], NULL, 10);
    else if (strcmp (argv[i], "--runs") == 0)
      runs = atoi (argv[i + 1]);
    else
      fail (argv[i], "no such option");
  GC_INIT ();
  GC_set_warn_proc (GC_ignore_warn_proc);
  make_chain (objects);
  for (int i = 0; i < RINGS; i++)
    make_ring ();

  /* The agent listens once there is something for it to do. */
  struct gcg_error error;
  if (gcg_start_periodic_samples (1e6, &error) != GCG_OK)
    fail ("the agent", error.text);
  struct figures figures = { 0 };
  int agent = connect_to_agent ();
  for (int i = 0; i < runs; i++)
    {
      double start = stats_now ();
      GC_gcollect ();
      stats_add (&figures.collection, (stats_now () - start) * 1e3);
      measure_capture (agent, &figures);
    }
  close (agent);
  stats_compare ("pause: of a snapshot, against that collection's own marking", "ms", "marking",
                 &figures.marking, "extra pause", &figures.pause, "<= 0.20");
  printf ("capture: from the request to a readable snapshot, aim <= 1.0 s\n");
  stats_print ("plain collection", "ms", &figures.collection);
  stats_print ("captured and written", "s", &figures.writing);
  stats_print ("captured, written, checked", "s", &figures.capture);
  measure_pages (runs);
  return 0;
}
