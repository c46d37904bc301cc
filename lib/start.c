/* start.c -- gcg_start and its kin: servers of this process (gcglass/gcglass.h).
 *
 * A server is a program of its own at the other end of a socketpair.  Each has an eventfd that is
 * written to when its connection has ended, by whichever side; gcg_start and gcg_stop wait on it.
 * The structures are mapped, not malloc'd, and linked under a mutex.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "arena.h"
#include "contents.h"
#include "fail.h"
#include "control.h"
#include "gcglass/gcglass.h"
#include "sample/lifetime.h"
#ifdef GCG_MALLOC
#include "malloc/allocate.h"
#endif
#include "protocol.h"
#include "raw.h"
#include "spawn_server.h"
#include "wire.h"

#define START_SECONDS 20
#define STOP_SECONDS  10

struct gcg_server
{
  struct gcg_server *next;
  int socket;       /* our end; owned by the control thread once it is added */
  int closed_event; /* eventfd */
  int socket_copy;  /* to say STOP on */
  char url[1000];
};

static pthread_mutex_t servers_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct gcg_server *servers;
static struct gcg_server *spare; /* freed ones */

/* Ctrl+C ends the suspended calls of gcg_start, however many there are. */
static int interrupt_event = -1;
static unsigned n_suspended;
static struct sigaction program_interrupt;

static const struct gcg_options *
defaults (void)
{
  static const struct gcg_options options = { .size = sizeof options };
  return &options;
}

/* GIVEN, with defaults for what its program does not know of yet. */
static struct gcg_options
whole_options (const struct gcg_options *given)
{
  struct gcg_options options = *defaults ();
  size_t known = given->size && given->size < sizeof options ? given->size : sizeof options;
  memcpy (&options, given, known);
  return options;
}

/* What is asked of the agent itself; GCG_INVALID when it cannot be. */
static enum gcg_status
check_every (double every, struct gcg_error *error)
{
  if (every <= 0 || (every >= GCG__LEAST_INTERVAL && every <= GCG__MOST_INTERVAL))
    return GCG_OK;
  return gcg__fail (error, GCG_INVALID, "an interval is 0.01 to 1,000,000 seconds");
}

static void
set_sampling (const struct gcg_options *options)
{
  if (options->contents)
    gcg__contents_want ();
  if (options->lifetimes)
    gcg__lifetime_begin ();
#ifdef GCG_MALLOC
  if (options->stack_depth > 0)
    gcg__malloc_set_depth ((unsigned)options->stack_depth);
#endif
  if (options->every >= 0)
    gcg__control_every (options->every > 0 ? options->every : 1);
}

/* The SERVE message for options; GCG_INVALID when they cannot be. */
static enum gcg_status
serve_message (const struct gcg_options *options, struct gcg__message *message,
               struct gcg_error *error)
{
  const char *texts[4];
  int n;

  *message = (struct gcg__message){ .magic = GCG__PROTOCOL_MAGIC,
                                    .version = GCG__PROTOCOL_VERSION,
                                    .type = GCG__SERVE,
                                    .pid = (uint32_t)getpid () };
  texts[0] = options->host ? options->host : "localhost";
  texts[1] = options->token ? options->token : "";
  texts[2] = options->snapshot ? options->snapshot : "";
  texts[3] = options->templates ? options->templates : "";
  for (int i = 0; i < 4; i++)
    if (strchr (texts[i], '\n'))
      return gcg__fail (error, GCG_INVALID, "an option holds a line break");
  if (options->port < -1 || options->port > 65535)
    return gcg__fail (error, GCG_INVALID, "port %d: ports are 1 to 65535, 0 for 8090, -1 for any",
                      options->port);
  n = snprintf (message->text, sizeof message->text,
                "host=%s\nport=%d\ntoken=%s\nsnapshot=%s\ntemplates=%s\ndebug=%d\n", texts[0],
                options->port == 0  ? 8090
                : options->port < 0 ? 0
                                    : options->port,
                texts[1], texts[2], texts[3], options->debug != 0);
  if (n >= (int)sizeof message->text)
    return gcg__fail (error, GCG_INVALID, "the options are too long together");
  return GCG_OK;
}

static struct gcg_server *
server_new (void)
{
  struct gcg_server *server;

  pthread_mutex_lock (&servers_mutex);
  server = spare;
  if (server)
    spare = server->next;
  pthread_mutex_unlock (&servers_mutex);
  if (!server)
    server = gcg__arena_take (sizeof *server);
  if (server)
    memset (server, 0, sizeof *server);
  return server;
}

static void
server_free (struct gcg_server *server)
{
  pthread_mutex_lock (&servers_mutex);
  for (struct gcg_server **at = &servers; *at; at = &(*at)->next)
    if (*at == server)
      {
        *at = server->next;
        break;
      }
  server->next = spare;
  spare = server;
  pthread_mutex_unlock (&servers_mutex);
}

/* Waits for the server's URL, or its excuse. */
static enum gcg_status
await_url (struct gcg_server *server, struct gcg_error *error)
{
  struct pollfd fd = { server->socket, POLLIN, 0 };
  struct gcg__message message;
  int ready;

  do
    ready = poll (&fd, 1, START_SECONDS * 1000);
  while (ready < 0 && errno == EINTR);
  if (ready == 0)
    return gcg__fail (error, GCG_TIMEOUT, "the server has not started within %d s", START_SECONDS);
  if (ready < 0 || gcg__wire_receive (server->socket, MSG_DONTWAIT, &message) <= 0
      || message.type != GCG__URL)
    return gcg__fail (error, GCG_NO_SERVER, "the server ended while it was starting");
  if (message.status != GCG_OK)
    return gcg__fail (error, (enum gcg_status)message.status, "%s", message.text);
  memcpy (server->url, message.text, sizeof message.text);
  return GCG_OK;
}

/* Says what is wanted and gets the URL. */
static enum gcg_status
introduce (struct gcg_server *server, const struct gcg__message *serve, struct gcg_error *error)
{
  if (!gcg__control_hello (server->socket)
      || send (server->socket, serve, sizeof *serve, MSG_NOSIGNAL) != (ssize_t)sizeof *serve)
    return gcg__fail (error, GCG_NO_SERVER, "the server ended while it was starting");
  return await_url (server, error);
}

static enum gcg_status
start_server (const struct gcg_options *options, struct gcg_server **out, struct gcg_error *error)
{
  struct gcg_server *server;
  struct gcg_options all;
  struct gcg__message serve;
  enum gcg_status status;
  int pair[2];

  all = whole_options (options ? options : defaults ());
  status = serve_message (&all, &serve, error);
  if (status == GCG_OK)
    status = check_every (all.every, error);
  if (status == GCG_OK)
    status = gcg__control_start (error);
  if (status != GCG_OK)
    return status;
  server = server_new ();
  if (!server)
    return gcg__fail (error, GCG_NO_MEMORY, "no memory for a server");
  server->closed_event = raw_high (eventfd (0, EFD_CLOEXEC));
  if (server->closed_event < 0 || socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
    {
      status = gcg__fail (error, GCG_SYSTEM, "cannot reach a server: %s", strerror (errno));
      goto fail_socket;
    }
  server->socket = raw_high (pair[0]);
  status = gcg__spawn_server ("serve", pair[1], error);
  close (pair[1]);
  if (status == GCG_OK)
    status = introduce (server, &serve, error);
  if (status != GCG_OK)
    goto fail_introduce;
  server->socket_copy = raw_high (fcntl (server->socket, F_DUPFD_CLOEXEC, 3));
  status = gcg__control_add (server->socket, server->closed_event, error);
  server->socket = -1;
  if (status != GCG_OK)
    goto fail_add;
  pthread_mutex_lock (&servers_mutex);
  server->next = servers;
  servers = server;
  pthread_mutex_unlock (&servers_mutex);
  set_sampling (&all);
  if (!all.quiet)
    dprintf (STDERR_FILENO, "gcglass: %s\n", server->url);
  if (out)
    *out = server;
  return GCG_OK;

fail_add:
  close (server->socket_copy);
  goto fail_socket;
fail_introduce:
  close (server->socket);
fail_socket:
  if (server->closed_event >= 0)
    close (server->closed_event);
  server_free (server);
  return status;
}

/* A caller without ERROR is usually interactive: print the line. */
enum gcg_status
gcg_start_in_background (const struct gcg_options *options, struct gcg_server **out,
                         struct gcg_error *error)
{
  struct gcg_error own;
  enum gcg_status status = start_server (options, out, error ? error : &own);

  if (status != GCG_OK && !error)
    dprintf (STDERR_FILENO, "gcglass: %s\n", own.text);
  return status;
}

const char *
gcg_url (const struct gcg_server *server)
{
  return server ? server->url : "";
}

static void
say_stop (struct gcg_server *server)
{
  struct gcg__message stop = { .magic = GCG__PROTOCOL_MAGIC,
                               .version = GCG__PROTOCOL_VERSION,
                               .type = GCG__STOP,
                               .pid = (uint32_t)getpid () };
  (void)!send (server->socket_copy, &stop, sizeof stop, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void
gcg_stop (struct gcg_server *server)
{
  struct pollfd fd;
  int ready;

  if (!server)
    return;
  say_stop (server);
  fd = (struct pollfd){ server->closed_event, POLLIN, 0 };
  do
    ready = poll (&fd, 1, STOP_SECONDS * 1000);
  while (ready < 0 && errno == EINTR);
  close (server->socket_copy);
  close (server->closed_event);
  server_free (server);
}

void
gcg_stop_all (void)
{
  pthread_mutex_lock (&servers_mutex);
  for (struct gcg_server *server = servers; server; server = server->next)
    say_stop (server);
  pthread_mutex_unlock (&servers_mutex);
}

static void
on_interrupt (int signal)
{
  int old_errno = errno;
  (void)signal;
  eventfd_write (interrupt_event, 1);
  errno = old_errno;
}

static void
take_interrupt (void)
{
  struct sigaction action = { .sa_handler = on_interrupt };

  pthread_mutex_lock (&servers_mutex);
  if (n_suspended++ == 0)
    {
      interrupt_event = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
      sigemptyset (&action.sa_mask);
      sigaction (SIGINT, &action, &program_interrupt);
    }
  pthread_mutex_unlock (&servers_mutex);
}

static void
give_interrupt_back (void)
{
  pthread_mutex_lock (&servers_mutex);
  if (--n_suspended == 0)
    {
      sigaction (SIGINT, &program_interrupt, NULL);
      close (interrupt_event);
      interrupt_event = -1;
    }
  pthread_mutex_unlock (&servers_mutex);
}

enum gcg_status
gcg_start (const struct gcg_options *options, struct gcg_error *error)
{
  struct gcg_server *server;
  enum gcg_status status = gcg_start_in_background (options, &server, error);
  struct pollfd fds[2];

  if (status != GCG_OK)
    return status;
  take_interrupt ();
  fds[0] = (struct pollfd){ server->closed_event, POLLIN, 0 };
  fds[1] = (struct pollfd){ interrupt_event, POLLIN, 0 };
  while (poll (fds, 2, -1) < 0 && errno == EINTR)
    ;
  gcg_stop (server);
  give_interrupt_back ();
  return GCG_OK;
}
