/* control.c -- see control.h.
 *
 * The mutex guards the table of connections and is never held across a capture.  Sending never
 * waits: a server that does not read loses snapshots, not the program its time.  poll's table is
 * made anew each round; a connection that ended is found by its descriptor.
 */
#include "config.h"

#include "control.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "agent.h"
#include "answer.h"
#include "capture.h"
#include "fail.h"
#include "gc_calls.h"
#include "listen.h"
#include "outside.h"
#include "sample/lifetime.h"
#include "protocol.h"
#include "raw.h"
#include "recording/format.h"
#include "sample/sample.h"
#include "thread.h"
#include "wire.h"

#define MOST_CONNECTIONS 16
#define STACK_BYTES      ((size_t)256 << 10)
#define LAST_MS          5000

enum kind
{
  SERVER,  /* is sent all snapshots and samples */
  READER,  /* all snapshots; reads the counters itself (outside.h) */
  CHECKER, /* all snapshots */
  ASKER    /* what it asks for: it came in through the listening socket */
};

struct connection
{
  int fd; /* -1: free */
  int closed_eventfd;
  enum kind kind;
  bool outside; /* it may stop the program (outside.h) */
  ino_t inode;  /* of the socket: the program may have closed it, and have something else there */
};

static pthread_mutex_t control_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct connection connections[MOST_CONNECTIONS]
    = { [0 ... MOST_CONNECTIONS - 1] = { -1, -1, SERVER, false, 0 } };
static bool running;
static int listen_fd = -1, wake_fd = -1, attached_fd = -1;
static uint64_t interval_ns, last_ns; /* last: when the last periodic sample was due, 0: none */
static int check_signal;
static bool check_wanted, last_wanted, last_done;

void
gcg__control_attach (int fd)
{
  attached_fd = fd;
}

static bool
say_hello (int fd, uint32_t flags)
{
  struct gcg__message hello = gcg__wire_message (GCG__HELLO);
  hello.flags = flags;
  gcg__wire_text (&hello, PACKAGE_VERSION);
  gcg__outside_announce (&hello);
  return gcg__wire_send (fd, &hello, attached_fd) || gcg__wire_send (fd, &hello, -1);
}

bool
gcg__control_hello (int fd)
{
  return say_hello (fd, 0);
}

static ino_t
inode_of (int fd)
{
  struct stat status;
  return fstat (fd, &status) == 0 ? status.st_ino : 0;
}

/* Is CONNECTION there, and still what it was?  One that the program has closed is forgotten.  The
   mutex is held. */
static bool
is_there (struct connection *connection)
{
  if (connection->fd >= 0 && inode_of (connection->fd) != connection->inode)
    connection->fd = -1;
  return connection->fd >= 0;
}

/* The mutex is held. */
static void
drop_connection (struct connection *connection)
{
  if (is_there (connection))
    close (connection->fd);
  connection->fd = -1;
  if (connection->closed_eventfd >= 0)
    eventfd_write (connection->closed_eventfd, 1);
}

/* What sampling is set to. */
static struct gcg__message
sampling_message (void)
{
  struct gcg__message message = gcg__wire_message (GCG__SAMPLING);

  message.flags = gcg__lifetime_is_on () ? GCG__FLAG_LIFETIMES : 0;
  gcg__wire_put_interval (&message, __atomic_load_n (&interval_ns, __ATOMIC_RELAXED));
  return message;
}

/* Brings a server that has just connected up to date.  The mutex is held: what is sampled from now
   on comes after it. */
static void
send_log (int fd)
{
  struct gcg__message sampling = sampling_message (), message = gcg__wire_message (GCG__SAMPLES);
  int log;

  gcg__sample_prepare ();
  gcg__wire_send (fd, &sampling, -1);
  log = gcg__sample_log (false);
  if (log < 0)
    return;
  gcg__wire_send (fd, &message, log);
  close (log);
}

static enum gcg_status
add_connection (int fd, int closed_eventfd, enum kind kind, struct gcg_error *error)
{
  struct connection *free = NULL;

  pthread_mutex_lock (&control_mutex);
  for (int i = 0; i < MOST_CONNECTIONS && !free; i++)
    if (connections[i].fd < 0)
      free = &connections[i];
  if (free)
    {
      *free = (struct connection){ fd, closed_eventfd, kind, kind != ASKER && gcg__outside_is_on (),
                                   inode_of (fd) };
      if (kind == SERVER)
        send_log (fd);
    }
  pthread_mutex_unlock (&control_mutex);
  if (!free)
    {
      close (fd);
      return gcg__fail (error, GCG_BUSY, "this process already has %d servers", MOST_CONNECTIONS);
    }
  if (wake_fd >= 0)
    eventfd_write (wake_fd, 1);
  return GCG_OK;
}

enum gcg_status
gcg__control_add (int fd, int closed_eventfd, struct gcg_error *error)
{
  return add_connection (fd, closed_eventfd, SERVER, error);
}

/* Returns whether a client of a kind up to MOST is connected. */
static bool
has_any (enum kind most)
{
  bool any = false;
  pthread_mutex_lock (&control_mutex);
  for (int i = 0; i < MOST_CONNECTIONS; i++)
    any = any || (connections[i].kind <= most && is_there (&connections[i]));
  pthread_mutex_unlock (&control_mutex);
  return any;
}

bool
gcg__control_is_sampled (void)
{
  return has_any (SERVER);
}

bool
gcg__control_has_servers (void)
{
  return has_any (CHECKER);
}

/* Sends MESSAGE and what is ATTACHED to everybody of a kind up to MOST. */
static void
send_to_all (enum kind most, const struct gcg__message *message, int attached)
{
  pthread_mutex_lock (&control_mutex);
  for (int i = 0; i < MOST_CONNECTIONS; i++)
    if (connections[i].kind <= most && is_there (&connections[i]))
      gcg__wire_send (connections[i].fd, message, attached);
  pthread_mutex_unlock (&control_mutex);
}

void
gcg__control_publish (int fd, const char *description, uint32_t flags)
{
  struct gcg__message message = gcg__wire_message (GCG__SNAPSHOT);

  if (has_any (SERVER))
    (void)gcg__control_sample (description, GCG__SAMPLE_SNAPSHOT, true, NULL);
  message.flags = flags;
  gcg__wire_text (&message, description);
  send_to_all (CHECKER, &message, fd);
}

void
gcg__control_publish_failure (const struct gcg_error *why, uint32_t flags)
{
  struct gcg__message message = gcg__wire_message (GCG__SNAPSHOT);

  message.status = why->status;
  message.flags = flags;
  gcg__wire_text (&message, why->text);
  send_to_all (CHECKER, &message, -1);
}

/* Takes a snapshot and sends it, or the reason why it failed. */
static void
publish_now (const char *description, uint32_t flags)
{
  struct gcg_error error = { GCG_OK, "" };
  int fd = -1;

  if (gcg__capture (description, (flags & GCG__FLAG_EXIT) != 0, &fd, &error) != GCG_OK)
    {
      gcg__control_publish_failure (&error, flags);
      return;
    }
  gcg__control_publish (fd, description, flags | GCG__CAPTURE_FLAGS);
  close (fd);
}

void
gcg__control_last (void)
{
  const struct timespec moment = { 0, 1000000 };

  if (wake_fd < 0)
    return;
  __atomic_store_n (&last_wanted, true, __ATOMIC_RELEASE);
  eventfd_write (wake_fd, 1);
  for (int i = 0; i < LAST_MS && !__atomic_load_n (&last_done, __ATOMIC_ACQUIRE); i++)
    syscall (SYS_nanosleep, &moment, NULL);
}

/* Does what was asked for by flags. */
static void
do_wanted (void)
{
  if (__atomic_exchange_n (&check_wanted, false, __ATOMIC_ACQ_REL))
    publish_now ("signal", GCG__FLAG_CHECK);
  if (__atomic_exchange_n (&last_wanted, false, __ATOMIC_ACQ_REL))
    {
      publish_now ("at exit", GCG__FLAG_EXIT);
      __atomic_store_n (&last_done, true, __ATOMIC_RELEASE);
    }
}

static void
on_check_signal (int signal)
{
  int old_errno = errno, fd = wake_fd;

  (void)signal;
  __atomic_store_n (&check_wanted, true, __ATOMIC_RELEASE);
  if (fd >= 0)
    eventfd_write (fd, 1);
  for (int i = 0; i < MOST_CONNECTIONS && fd < 0; i++)
    if (connections[i].outside && connections[i].fd >= 0)
      gcg__outside_check (connections[i].fd);
  errno = old_errno;
}

/* The connections of KIND. */
static uint32_t
connections_of (enum kind kind, int fds[MOST_CONNECTIONS])
{
  uint32_t n = 0;

  pthread_mutex_lock (&control_mutex);
  for (int i = 0; i < MOST_CONNECTIONS; i++)
    if (connections[i].kind == kind && is_there (&connections[i]))
      fds[n++] = connections[i].fd;
  pthread_mutex_unlock (&control_mutex);
  return n;
}

/* The connections that a snapshot without a request goes to; 0 unless all of them look from
   outside. */
static uint32_t
outside_connections (int fds[MOST_CONNECTIONS])
{
  uint32_t n = 0, others = 0;

  pthread_mutex_lock (&control_mutex);
  for (int i = 0; i < MOST_CONNECTIONS; i++)
    if (connections[i].kind != ASKER && is_there (&connections[i]))
      {
        others += !connections[i].outside;
        fds[n++] = connections[i].fd;
      }
  pthread_mutex_unlock (&control_mutex);
  return others ? 0 : n;
}

bool
gcg__control_end (void)
{
  int fds[MOST_CONNECTIONS];
  uint32_t n = outside_connections (fds), taken = 0;

  while (taken < n && gcg__outside_end (fds[taken], running))
    taken++;
  return n > 0 && taken == n;
}

int
gcg__control_outside (void)
{
  int fd = -1;
  pthread_mutex_lock (&control_mutex);
  for (int i = 0; i < MOST_CONNECTIONS && fd < 0; i++)
    fd = connections[i].outside && is_there (&connections[i]) ? connections[i].fd : -1;
  pthread_mutex_unlock (&control_mutex);
  return fd;
}

void
gcg__control_confine (void)
{
  int fds[MOST_CONNECTIONS];

  for (uint32_t n = outside_connections (fds); n > 0; n--)
    gcg__outside_confine (fds[n - 1]);
}

void
gcg__control_signal (int signal)
{
  struct sigaction old,
      ours = { .sa_handler = on_check_signal, .sa_flags = SA_RESTART | SA_ONSTACK };

  if (sigaction (signal, NULL, &old) != 0 || (old.sa_flags & SA_SIGINFO)
      || old.sa_handler != SIG_DFL || sigaction (signal, &ours, NULL) != 0)
    return;
  check_signal = signal;
}

/* Lets the clients that read the counters do so now. */
static void
let_readers_read (const char *description)
{
  int fds[MOST_CONNECTIONS];
  uint32_t n = connections_of (READER, fds);

  for (uint32_t i = 0; i < n; i++)
    gcg__outside_sample (fds[i], description ? description : "");
}

enum gcg_status
gcg__control_sample (const char *description, uint32_t flags, bool exact, struct gcg_error *error)
{
  struct gcg__message message = gcg__wire_message (GCG__SAMPLES);
  enum gcg_status status = gcg__sample_take (description, flags, exact, error);
  int samples;

  if (status == GCG_OK && exact && !flags)
    let_readers_read (description);
  if (status != GCG_OK || !has_any (SERVER))
    return status;
  samples = gcg__sample_last ();
  if (samples < 0)
    return gcg__fail (error, GCG_NO_MEMORY, "no memory for a sample");
  send_to_all (SERVER, &message, samples);
  close (samples);
  return GCG_OK;
}

/* The connection at FD; the agent's thread reads it, so it is there. */
static struct connection
connection_at (int fd)
{
  struct connection found = { .fd = -1 };
  pthread_mutex_lock (&control_mutex);
  for (int i = 0; i < MOST_CONNECTIONS; i++)
    if (connections[i].fd == fd)
      found = connections[i];
  pthread_mutex_unlock (&control_mutex);
  return found;
}

static void
set_interval (uint64_t interval)
{
  struct gcg__message message;

  __atomic_store_n (&interval_ns, interval, __ATOMIC_RELAXED);
  if (wake_fd >= 0)
    eventfd_write (wake_fd, 1);
  message = sampling_message ();
  send_to_all (READER, &message, -1);
}

void
gcg__control_every (double seconds)
{
  set_interval (seconds > 0 ? (uint64_t)(seconds * 1e9) : 0);
}

/* A server sets the interval. */
static bool
set_sampling (const struct gcg__message *ask)
{
  uint64_t interval;

  if (gcg__wire_get_interval (ask, &interval))
    set_interval (interval);
  return true;
}

/* Reads one message; false when the connection has ended or speaks another language. */
static bool
serve_connection (int fd)
{
  struct connection from = connection_at (fd);
  struct gcg__message message;
  int received = gcg__wire_receive (fd, MSG_DONTWAIT, &message);

  if (received <= 0)
    return received < 0;
  switch (message.type)
    {
    case GCG__CAPTURE:
      /* Whoever can do so has tried from outside. */
      return gcg__answer_capture (fd, &message, from.kind == ASKER || from.outside);
    case GCG__SAMPLE:
      return gcg__answer_sample (fd, &message, from.kind == ASKER);
    case GCG__SAMPLING:
      return set_sampling (&message);
    case GCG__END:
      gcg__outside_answered (&message);
      return true;
    default:
      return true;
    }
}

static void
accept_client (void)
{
  int fd = raw_high (accept4 (listen_fd, NULL, NULL, SOCK_CLOEXEC));

  if (fd < 0)
    return;
  if (!gcg__wire_allowed (fd) || !gcg__control_hello (fd))
    close (fd);
  else
    (void)add_connection (fd, -1, ASKER, NULL);
}

/* Takes the periodic sample when its time has come; returns the wait in ms until the next. */
static int
periodic (void)
{
  uint64_t interval = __atomic_load_n (&interval_ns, __ATOMIC_RELAXED);
  uint64_t now = raw_now (CLOCK_MONOTONIC);

  if (!interval)
    {
      last_ns = 0;
      return -1;
    }
  /* Counted from the last sample: a changed interval applies at once. */
  if (!last_ns || now >= last_ns + interval)
    {
      (void)gcg__control_sample ("", 0, false, NULL);
      now = raw_now (CLOCK_MONOTONIC);
      last_ns = last_ns && last_ns + 2 * interval > now ? last_ns + interval : now;
    }
  return (int)((last_ns + interval - now) / 1000000) + 1;
}

/* What poll is to wait for; returns the number of entries. */
static nfds_t
watched (struct pollfd fds[MOST_CONNECTIONS + 2])
{
  nfds_t n = 2;
  fds[0] = (struct pollfd){ wake_fd, POLLIN, 0 };
  fds[1] = (struct pollfd){ listen_fd, POLLIN, 0 };
  pthread_mutex_lock (&control_mutex);
  for (int i = 0; i < MOST_CONNECTIONS; i++)
    if (connections[i].fd >= 0)
      fds[n++] = (struct pollfd){ connections[i].fd, POLLIN, 0 };
  pthread_mutex_unlock (&control_mutex);
  return n;
}

static void *
control_main (void *unused)
{
  struct pollfd fds[MOST_CONNECTIONS + 2];
  (void)unused;

  pthread_setname_np (pthread_self (), "gcglass");
  gcg__agent_set_tid ((pid_t)syscall (SYS_gettid));
  for (;;)
    {
      int wait = gcg__listen_again (&listen_fd, periodic ());
      nfds_t n = watched (fds);
      if (poll (fds, n, wait) <= 0)
        continue;
      if (fds[0].revents)
        {
          eventfd_t ignored;
          eventfd_read (wake_fd, &ignored);
          do_wanted ();
        }
      if (fds[1].revents)
        accept_client ();
      for (nfds_t i = 2; i < n; i++)
        if (fds[i].revents && !serve_connection (fds[i].fd))
          {
            pthread_mutex_lock (&control_mutex);
            for (int j = 0; j < MOST_CONNECTIONS; j++)
              if (connections[j].fd == fds[i].fd)
                drop_connection (&connections[j]);
            pthread_mutex_unlock (&control_mutex);
          }
    }
  return NULL;
}

/* The mutex is held. */
static int
start_thread (void)
{
  sigset_t old;
  pthread_attr_t attributes;
  pthread_t thread;
  int error;

  gcg__thread_hold_signals (&old);
  pthread_attr_init (&attributes);
  pthread_attr_setstacksize (&attributes, STACK_BYTES);
  pthread_attr_setdetachstate (&attributes, PTHREAD_CREATE_DETACHED);
  error = pthread_create (&thread, &attributes, control_main, NULL);
  pthread_attr_destroy (&attributes);
  pthread_sigmask (SIG_SETMASK, &old, NULL);
  if (!error)
    gcg__thread_uncount ();
  return error;
}

enum gcg_status
gcg__control_start (struct gcg_error *error)
{
  enum gcg_status status = GCG_OK;
  int failure;

  gcg__agent_ready ();
  pthread_mutex_lock (&control_mutex);
  if (running)
    goto done;
  wake_fd = raw_high (eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (wake_fd < 0)
    {
      status = gcg__fail (error, GCG_SYSTEM, "cannot make an eventfd: %s", strerror (errno));
      goto done;
    }
  listen_fd = gcg__listen_begin ();
  failure = start_thread ();
  if (failure)
    {
      status
          = gcg__fail (error, GCG_SYSTEM, "cannot start gcglass's thread: %s", strerror (failure));
      goto fail_thread;
    }
  running = true;
  goto done;

fail_thread:
  if (listen_fd >= 0)
    close (listen_fd);
  close (wake_fd);
done:
  pthread_mutex_unlock (&control_mutex);
  return status;
}

/* Connects to NAME as one of KIND; FLAGS are those of HELLO. */
static enum gcg_status
connect_to (const char *name, enum kind kind, uint32_t flags, struct gcg_error *error)
{
  int fd = raw_high (socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));

  if (fd < 0)
    return gcg__fail (error, GCG_SYSTEM, "cannot make a socket: %s", strerror (errno));
  if (!gcg__wire_connect (fd, name) || !gcg__wire_allowed (fd) || !say_hello (fd, flags))
    {
      enum gcg_status status
          = gcg__fail (error, GCG_SYSTEM, "cannot reach the server: %s", strerror (errno));
      close (fd);
      return status;
    }
  return add_connection (fd, -1, kind, error);
}

enum gcg_status
gcg__control_connect (const char *name, bool sampled, struct gcg_error *error)
{
  return connect_to (name, sampled ? SERVER : CHECKER, 0, error);
}

/* Clients that were to read the counters may not: the agent samples for them. */
static void
serve_readers (void)
{
  pthread_mutex_lock (&control_mutex);
  for (int i = 0; i < MOST_CONNECTIONS; i++)
    if (connections[i].kind == READER && is_there (&connections[i]))
      {
        connections[i].kind = SERVER;
        send_log (connections[i].fd);
      }
  pthread_mutex_unlock (&control_mutex);
}

enum gcg_status
gcg__control_connect_outside (const char *name, bool sampled, bool *alone, struct gcg_error *error)
{
  enum kind sampler = GCG__OUTSIDE_ALL ? READER : SERVER;
  enum gcg_status status = connect_to (name, sampled ? sampler : CHECKER, 0, error);
  int fds[MOST_CONNECTIONS];

  *alone = false;
  if (status == GCG_OK && outside_connections (fds) == 1)
    *alone = gcg__outside_greeted (fds[0]);
  if (status == GCG_OK && !*alone)
    serve_readers ();
  return status;
}

enum gcg_status
gcg__control_connect_alone (const char *name)
{
  return connect_to (name, CHECKER, GCG__FLAG_AGAIN, NULL);
}

/* The handler was the parent's: a signal to the child is not meant for us. */
static void
forget_signal (void)
{
  struct sigaction now, usual = { .sa_handler = SIG_DFL };

  if (check_signal && sigaction (check_signal, NULL, &now) == 0 && !(now.sa_flags & SA_SIGINFO)
      && now.sa_handler == on_check_signal)
    sigaction (check_signal, &usual, NULL);
  check_signal = 0;
}

void
gcg__control_forget (void)
{
  pthread_mutex_init (&control_mutex, NULL);
  forget_signal ();
  for (int i = 0; i < MOST_CONNECTIONS; i++)
    if (connections[i].fd >= 0)
      {
        close (connections[i].fd);
        connections[i].fd = -1;
      }
  check_wanted = last_wanted = last_done = false;
  if (!running)
    return;
  running = false;
  close (wake_fd);
  if (listen_fd >= 0)
    close (listen_fd);
  listen_fd = wake_fd = -1;
}
