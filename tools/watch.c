/* watch.c -- see watch.h.
 *
 * A client that does not speak like an agent is disconnected.  A connection that has ended leaves
 * its place to the last one; so events for one round of poll are looked up by their descriptors,
 * and no new one is accepted until all have been read.
 */
#include <config.h>

#include "tools/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "image/traced.h"
#include "link/door.h"
#include "link/jobs.h"
#include "link/read.h"

struct connection
{
  struct watched who;
  int fd;                      /* -1: it has ended, and snapshots of it are under way */
  struct gcg__agent_link link; /* it is looked at from outside when its root is known */
  struct gcg__door *door;      /* who asks for it by its number */
  bool greeted;                /* HELLO was read */
  bool asked;                  /* for a snapshot that has not come yet */
};

struct watch
{
  struct watch_events events;
  struct gcg__jobs *jobs;
  int listen_fd;
  uint32_t last_id, last_sequence;
  struct connection connections[WATCH_FDS - 2];
  uint32_t n;
};

enum gcg_status
watch_new (const struct watch_events *events, char name[GCG__SOCKET_NAME_BYTES],
           struct watch **result, struct gcg_error *error)
{
  struct watch *watch = calloc (1, sizeof *watch);
  if (watch == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory");
  watch->events = *events;
  enum gcg_status status = gcg__jobs_new (&watch->jobs, error);
  if (status != GCG_OK)
    {
      free (watch);
      return status;
    }
  watch->listen_fd = gcg__link_socket (name);
  if (watch->listen_fd < 0)
    {
      gcg__jobs_free (watch->jobs);
      free (watch);
      return gcg__error_write (error, GCG_SYSTEM, "cannot make a socket: %s", strerror (errno));
    }
  *result = watch;
  return GCG_OK;
}

nfds_t
watch_fill (const struct watch *watch, struct pollfd fds[WATCH_FDS])
{
  nfds_t n = 0;
  for (uint32_t i = 0; i < watch->n; i++)
    fds[n++] = (struct pollfd){ watch->connections[i].fd, POLLIN, 0 };
  fds[n++] = (struct pollfd){ gcg__jobs_fd (watch->jobs), POLLIN, 0 };
  /* Excess connections wait until one has ended. */
  if (watch->n < WATCH_FDS - 2)
    fds[n++] = (struct pollfd){ watch->listen_fd, POLLIN, 0 };
  return n;
}

static void
accept_one (struct watch *watch)
{
  int fd = accept4 (watch->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  struct ucred peer = { .pid = 0 };
  socklen_t n = sizeof peer;
  if (fd < 0)
    return;
  if (!gcg__link_allows (fd) || getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0)
    {
      close (fd);
      return;
    }
  watch->connections[watch->n++]
      = (struct connection){ .who = { .id = ++watch->last_id, .pid = peer.pid }, .fd = fd };
}

static void
take_snapshot (struct watch *watch, struct connection *connection,
               const struct gcg__message *message, int attached)
{
  const struct watch_events *events = &watch->events;
  connection->asked = connection->asked && message->sequence == 0;
  connection->who.told = connection->who.told || (message->flags & GCG__FLAG_EXIT) != 0;
  if (message->status == GCG_OK && attached >= 0)
    {
      events->snapshot (events->context, &connection->who, attached, message->flags);
      return;
    }
  if (attached >= 0)
    close (attached);
  events->failed (events->context, &connection->who, message->flags,
                  message->status == GCG_OK ? "the snapshot came without its file" : message->text);
}

/* Answers a process that is about to execute FILE, or whose new child is. */
static void
answer_exec (struct watch *watch, const struct connection *connection, int file,
             const struct gcg__message *ask)
{
  struct gcg__message answer = { .type = GCG__EXEC };
  pid_t pid = (ask->flags & GCG__FLAG_CHILD) != 0 ? 0 : connection->who.pid;
  watch->events.executes (watch->events.context, pid, file, ask->text, &answer);
  if (pid != 0 && answer.status != GCG_OK)
    gcg__traced_leave (pid);
  gcg__link_send (connection->fd, &answer);
}

/* Reads one message; false when the conversation is over. */
static bool
read_one (struct watch *watch, struct connection *connection)
{
  struct gcg__message message;
  int attached;
  errno = 0;
  if (!gcg__link_receive (connection->fd, &message, &attached))
    return errno == EAGAIN;
  if (message.type == GCG__SNAPSHOT && connection->greeted)
    {
      gcg__read_received (&message, &attached);
      take_snapshot (watch, connection, &message, attached);
      return true;
    }
  if (message.type == GCG__HELLO && !connection->greeted)
    {
      connection->link = (struct gcg__agent_link){ .pid = connection->who.pid,
                                                   .fd = connection->fd,
                                                   .key = connection->who.id,
                                                   .collects = watch->events.collects,
                                                   .traces = watch->events.traces };
      struct gcg_error error = { GCG_OK, "" };
      if (!gcg__jobs_hello (watch->jobs, &connection->link, &message, false, &error))
        watch->events.inside (watch->events.context, &connection->who, error.text);
      if (connection->link.root != 0 && (message.flags & GCG__FLAG_THREAD) == 0)
        connection->door = gcg__door_open (connection->who.pid, connection->link.root);
    }
  if (connection->greeted)
    gcg__jobs_message (watch->jobs, &connection->link, &message, attached);
  if (message.type == GCG__EXEC && attached >= 0 && !connection->greeted)
    answer_exec (watch, connection, attached, &message);
  if (attached >= 0)
    close (attached);
  connection->greeted = connection->greeted || message.type == GCG__HELLO;
  return connection->greeted;
}

/* The connection has ended; it is forgotten when no snapshot of its process is under way. */
static void
hang_up (struct watch *watch, struct connection *connection)
{
  struct watched who = connection->who;
  bool greeted = connection->greeted;
  if (connection->fd >= 0)
    close (connection->fd);
  connection->fd = -1;
  gcg__door_close (connection->door);
  connection->door = NULL;
  if (gcg__jobs_has (watch->jobs, connection->who.id))
    return;
  *connection = watch->connections[--watch->n];
  if (greeted)
    watch->events.left (watch->events.context, &who);
}

/* Takes the snapshots from outside that are done. */
static void
take_results (struct watch *watch)
{
  struct gcg__job_result result;
  while (gcg__jobs_next (watch->jobs, &result))
    {
      uint32_t c = 0;
      while (c < watch->n && watch->connections[c].who.id != result.key)
        c++;
      /* It has ended, or executed another program: that is seen by itself. */
      if (c < watch->n && result.message.status == GCG_NOT_FOUND && result.message.flags == 0)
        watch->connections[c].asked = false;
      else if (c < watch->n)
        take_snapshot (watch, &watch->connections[c], &result.message, result.fd);
      else if (result.fd >= 0)
        close (result.fd);
    }
  for (uint32_t c = watch->n; c-- > 0;)
    if (watch->connections[c].fd < 0)
      hang_up (watch, &watch->connections[c]);
}

void
watch_serve (struct watch *watch, const struct pollfd *fds, nfds_t n)
{
  for (nfds_t i = 0; i < n; i++)
    for (uint32_t c = 0; fds[i].revents != 0 && c < watch->n; c++)
      if (watch->connections[c].fd == fds[i].fd && fds[i].fd >= 0)
        {
          if (!read_one (watch, &watch->connections[c]))
            hang_up (watch, &watch->connections[c]);
          break;
        }
  for (nfds_t i = 0; i < n; i++)
    if (fds[i].revents != 0 && fds[i].fd == gcg__jobs_fd (watch->jobs))
      take_results (watch);
  for (nfds_t i = 0; i < n; i++)
    if (fds[i].revents != 0 && fds[i].fd == watch->listen_fd)
      accept_one (watch);
}

uint32_t
watch_ask (struct watch *watch, const char *description)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < watch->n; i++)
    {
      struct connection *connection = &watch->connections[i];
      struct gcg__message message = { .type = GCG__CAPTURE, .sequence = ++watch->last_sequence };
      if (!connection->greeted || connection->asked || connection->fd < 0)
        continue;
      snprintf (message.text, sizeof message.text, "%s", description);
      if (connection->link.root != 0)
        connection->asked
            = gcg__jobs_capture (watch->jobs, &connection->link, message.sequence, 0, description);
      else
        connection->asked = gcg__link_send (connection->fd, &message);
      n += connection->asked;
    }
  return n;
}

bool
watch_is_awaiting (const struct watch *watch)
{
  for (uint32_t i = 0; i < watch->n; i++)
    if (watch->connections[i].asked)
      return true;
  return false;
}

bool
watch_is_busy (const struct watch *watch)
{
  return gcg__jobs_has (watch->jobs, 0);
}

uint32_t
watch_connected (const struct watch *watch)
{
  return watch->n;
}

void
watch_free (struct watch *watch)
{
  if (watch == NULL)
    return;
  for (uint32_t i = 0; i < watch->n; i++)
    {
      if (watch->connections[i].fd >= 0)
        close (watch->connections[i].fd);
      gcg__door_close (watch->connections[i].door);
    }
  gcg__jobs_free (watch->jobs);
  close (watch->listen_fd);
  free (watch);
}
