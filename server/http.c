/* http.c -- server.h by means of civetweb, the only file that knows it.
 *
 * civetweb listens, parses and keeps the workers; every decision is ours, in begin_request, which
 * runs before anything else of it (before its CORS preflight and its authorisation).  So there is
 * no document root, no CGI, no directory listing to switch off one by one, and its form parser,
 * which has known holes (CVE-2025-9648), is never called.
 *
 * A slow client holds a worker until the timeout, so there are many workers (they are threads that
 * sleep) and the timeout is short: 100 clients that say nothing delay others by two timeouts.
 * Its threads sleep in polls of 2 s and so does mg_stop, unless a client connects or hangs up:
 * wake_up does both.
 */
#include "config.h"

#include "server/server.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <linux/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "server/pictures.h"
#include "server/reply.h"
#include "server/request.h"
#include "server/routes.h"
#include "server/tempdir.h"

#define WORKERS           "64"
#define REQUEST_TIMEOUT   "2500" /* ms */
#define MAX_REQUEST_BYTES 16384
#define TEXT(words)       #words
#define NUMBER_TEXT(n)    TEXT (n)
#define STACK_BYTES       ((size_t)2 << 20) /* of a worker */
#define WAKE_UP_NS        5000000
#define PATIENT_WAKE_UPS  40 /* 0.2 s */
#define DRAIN_MS          100
#define DRAINED_PIECES    1024

/* civetweb gives its workers 100 KiB of stack and no way to say otherwise; reading debug
   information in one of them went beyond, over the guard page, into what lay there.  libcivetweb
   calls this instead of the C library's function, because the program's own symbols come first. */
__attribute__ ((visibility ("default"))) int
pthread_attr_setstacksize (pthread_attr_t *attributes, size_t bytes)
{
  int (*set) (pthread_attr_t *, size_t);
  *(void **)&set = dlsym (RTLD_NEXT, "pthread_attr_setstacksize");
  return set (attributes, bytes < STACK_BYTES ? STACK_BYTES : bytes);
}

/* Scripts, styles and data come from this server, nothing is inline, no page may frame ours. */
static const char page_policy[]
    = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
      "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/* --- sending --- */

static bool
send_body (struct mg_connection *connection, const struct gcg__reply *reply)
{
  char piece[16384];
  size_t left = reply->bytes;
  if (reply->fd < 0)
    return left == 0 || mg_write (connection, reply->body, left) > 0;
  for (off_t offset = 0; left > 0;)
    {
      ssize_t n = pread (reply->fd, piece, left < sizeof piece ? left : sizeof piece, offset);
      if (n <= 0 || mg_write (connection, piece, (size_t)n) <= 0)
        return false;
      offset += n;
      left -= (size_t)n;
    }
  return true;
}

static void
send_reply (struct mg_connection *connection, const struct gcg__reply *reply, bool with_body)
{
  char head[2048];
  int n = snprintf (head, sizeof head,
                    "HTTP/1.1 %d %s\r\n"
                    "Connection: close\r\n"
                    "Content-Length: %zu\r\n"
                    "Content-Type: %s\r\n"
                    "Content-Security-Policy: %s\r\n"
                    "X-Content-Type-Options: nosniff\r\n"
                    "X-Frame-Options: DENY\r\n"
                    "Referrer-Policy: no-referrer\r\n"
                    "Cross-Origin-Opener-Policy: same-origin\r\n"
                    "Cross-Origin-Resource-Policy: same-origin\r\n"
                    "Cache-Control: no-store\r\n"
                    "%s\r\n",
                    reply->status, gcg__reply_reason (reply->status), reply->bytes,
                    reply->type == NULL ? "text/plain; charset=utf-8" : reply->type,
                    reply->policy == NULL ? page_policy : reply->policy, reply->headers);
  if (n > 0 && (size_t)n < sizeof head && mg_write (connection, head, (size_t)n) > 0 && with_body)
    send_body (connection, reply);
}

/* Returns whether FD is a connection to this server's PORT from the client port REMOTE (0: any). */
static bool
is_client (int fd, int port, int remote)
{
  struct sockaddr_in ours = { .sin_family = AF_UNSPEC }, theirs = ours;
  socklen_t n = sizeof ours, m = sizeof theirs;
  return fd > 2 && getsockname (fd, (struct sockaddr *)&ours, &n) == 0 && ours.sin_family == AF_INET
         && ntohs (ours.sin_port) == port
         && (remote == 0
             || (getpeername (fd, (struct sockaddr *)&theirs, &m) == 0
                 && ntohs (theirs.sin_port) == remote));
}

/* The socket of CONNECTION, -1: none.  civetweb does not show it; the client's port does. */
static int
find_socket (const struct gcg__server *server, const struct mg_connection *connection)
{
  const struct mg_request_info *info = mg_get_request_info (connection);
  DIR *descriptors = info == NULL || info->remote_port == 0 ? NULL : opendir ("/proc/self/fd");
  struct dirent *entry;
  int found = -1, port = atomic_load (&server->access.port);
  while (found < 0 && descriptors != NULL && (entry = readdir (descriptors)) != NULL)
    if (is_client (atoi (entry->d_name), port, info->remote_port))
      found = atoi (entry->d_name);
  if (descriptors != NULL)
    closedir (descriptors);
  return found;
}

/* Drains what a client still sends after its answer, for a limited time: unread data at close make
   the kernel reset the connection, and the client may lose the answer. */
static void
drain (int fd)
{
  char piece[16384];
  struct pollfd more = { .fd = fd, .events = POLLIN };
  if (fd < 0)
    return;
  shutdown (fd, SHUT_WR);
  for (int i = 0; i < DRAINED_PIECES && poll (&more, 1, DRAIN_MS) > 0; i++)
    if (recv (fd, piece, sizeof piece, MSG_DONTWAIT) <= 0)
      break;
}

/* Whether as many bytes were read from FD as civetweb has room for. */
static bool
has_filled_buffer (int fd)
{
  struct tcp_info info = { .tcpi_bytes_received = 0 };
  socklen_t n = sizeof info;
  int unread = 0;
  return fd >= 0 && getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0
         && ioctl (fd, FIONREAD, &unread) == 0
         && info.tcpi_bytes_received >= (uint64_t)unread + MAX_REQUEST_BYTES;
}

/* --- receiving --- */

/* Reads the whole body, whose length gcg__request_parse has limited. */
static int
read_body (struct mg_connection *connection, struct gcg__request *request, const char **text)
{
  size_t bytes = request->content_length > 0 ? (size_t)request->content_length : 0, done = 0;
  char *body = malloc (bytes + 1);
  if (body == NULL)
    {
      *text = "Out of memory.";
      return 503;
    }
  while (done < bytes)
    {
      int n = mg_read (connection, body + done, bytes - done);
      if (n <= 0)
        {
          free (body);
          *text = "The body is shorter than its length says.";
          return 400;
        }
      done += (size_t)n;
    }
  body[bytes] = '\0';
  return gcg__request_take_body (request, body, bytes, text);
}

static void
answer (struct gcg__server *server, struct mg_connection *connection, struct gcg__request *request,
        struct gcg__reply *reply)
{
  const char *text = "";
  int status = gcg__request_parse (request, &text);
  if (status != 0)
    {
      gcg__reply_error (reply, &server->assets, request, status, text);
      return;
    }
  if (!gcg__access_check (&server->access, request, &server->assets, reply))
    return;
  status = read_body (connection, request, &text);
  if (status != 0)
    {
      gcg__reply_error (reply, &server->assets, request, status, text);
      return;
    }
  gcg__routes_dispatch (server, request, reply);
}

static struct gcg__server *
server_of (const struct mg_connection *connection)
{
  return mg_get_user_data (mg_get_context (connection));
}

static void
log_request (const struct gcg__server *server, const struct gcg__request *request, int status)
{
  /* Not the query: it may hold the token. */
  if (server->options.debug)
    fprintf (stderr, "gcglass: %s %.200s: %d\n", request->method, request->path, status);
}

static int
begin_request (struct mg_connection *connection)
{
  const struct mg_request_info *info = mg_get_request_info (connection);
  struct gcg__server *server = server_of (connection);
  struct gcg__header headers[MG_MAX_HEADERS];
  struct gcg__request request = { .method = info->request_method,
                                  .path = info->request_uri,
                                  .query = info->query_string,
                                  .version = info->http_version,
                                  .headers = headers,
                                  .n_headers = info->num_headers,
                                  .content_length = info->content_length };
  struct gcg__reply reply;
  for (int i = 0; i < info->num_headers; i++)
    headers[i] = (struct gcg__header){ info->http_headers[i].name, info->http_headers[i].value };
  gcg__reply_init (&reply);
  mg_set_user_connection_data (connection, server);
  answer (server, connection, &request, &reply);
  send_reply (connection, &reply, strcmp (request.method, "HEAD") != 0);
  if (reply.status == 413)
    drain (find_socket (server, connection));
  log_request (server, &request, reply.status);
  int status = reply.status;
  if (reply.then_stop)
    server->options.stop (server->options.context);
  gcg__reply_fini (&reply);
  gcg__request_fini (&request);
  return status;
}

/* Refuses a request that civetweb rejects, in our format. */
static void
refuse (struct mg_connection *connection, int status, const char *text)
{
  const struct mg_request_info *info = mg_get_request_info (connection);
  struct gcg__server *server = server_of (connection);
  struct gcg__request request = { .method = "", .path = "" };
  if (info != NULL && info->request_uri != NULL)
    request.path = info->request_uri;
  struct gcg__reply reply;
  mg_set_user_connection_data (connection, server);
  gcg__reply_init (&reply);
  gcg__reply_error (&reply, &server->assets, &request, status, text);
  send_reply (connection, &reply, true);
  gcg__reply_fini (&reply);
  drain (find_socket (server, connection));
}

/* civetweb could not parse the request, or its head did not fit; it does not say which. */
static int
http_error (struct mg_connection *connection, int status, const char *message)
{
  (void)message;
  if (status == 413
      || (status == 400 && has_filled_buffer (find_socket (server_of (connection), connection))))
    refuse (connection, 431, "The head of the request is longer than 16 KiB.");
  else
    refuse (connection, status, gcg__reply_reason (status));
  return 0;
}

/* civetweb closes the connection without an answer when the address is that of another server, or
   an asterisk.  The data of a connection are set once it is answered. */
static void
on_close (const struct mg_connection *closing)
{
  struct mg_connection *connection = (struct mg_connection *)(uintptr_t)closing;
  const struct mg_request_info *info = mg_get_request_info (connection);
  if (mg_get_user_connection_data (connection) == NULL && info != NULL && info->request_uri != NULL)
    refuse (connection, 400, "The address is not one of gcglass.");
}

/* Called while it starts only with what is worth knowing; later with what clients do wrong. */
static int
log_message (const struct mg_connection *connection, const char *message)
{
  struct gcg__server *server = connection == NULL ? NULL : server_of (connection);
  if (server != NULL && atomic_load (&server->access.port) == 0)
    snprintf (server->failure, sizeof server->failure, "%s", message);
  if (server != NULL && server->options.debug)
    fprintf (stderr, "gcglass: http: %s\n", message);
  return 1;
}

/* --- starting and stopping --- */

static bool
is_loopback (const char *host)
{
  static const char *const names[] = { "localhost", "127.0.0.1", "::1", "[::1]" };
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (strcasecmp (host, names[i]) == 0)
      return true;
  return false;
}

/* errno of binding PORT of the loopback interface, 0 when it works.  *FD stays open. */
static int
try_port (int family, int port, int *fd)
{
  struct sockaddr_in four = { .sin_family = AF_INET,
                              .sin_port = htons ((uint16_t)port),
                              .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct sockaddr_in6 six = { .sin6_family = AF_INET6,
                              .sin6_port = htons ((uint16_t)port),
                              .sin6_addr = IN6ADDR_LOOPBACK_INIT };
  bool is_four = family == AF_INET;
  int on = 1;
  *fd = socket (family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (*fd < 0)
    return errno;
  if (is_four)
    setsockopt (*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind (*fd, is_four ? (struct sockaddr *)&four : (struct sockaddr *)&six,
            is_four ? sizeof four : sizeof six)
      == 0)
    return 0;
  int reason = errno;
  close (*fd);
  *fd = -1;
  return reason;
}

static enum gcg_status
start_failure (struct gcg__server *server, struct gcg_error *error)
{
  int fd, port = server->options.port;
  int reason = try_port (AF_INET, port, &fd);
  if (fd >= 0)
    close (fd);
  if (reason == EADDRINUSE)
    return gcg__error_write (error, GCG_BUSY, "port %d is in use, perhaps by another gcglass",
                             port);
  if (reason != 0)
    return gcg__error_write (error, GCG_SYSTEM, "cannot listen on port %d: %s", port,
                             strerror (reason));
  return gcg__error_write (error, GCG_SYSTEM, "the HTTP server does not start: %s",
                           server->failure[0] != '\0' ? server->failure : "no reason given");
}

static enum gcg_status
start_http (struct gcg__server *server, struct gcg_error *error)
{
  static const struct mg_callbacks callbacks = { .begin_request = begin_request,
                                                 .http_error = http_error,
                                                 .connection_close = on_close,
                                                 .log_message = log_message };
  char address[32];
  const char *options[] = { "listening_ports",
                            address,
                            "num_threads",
                            WORKERS,
                            "tcp_nodelay",
                            "1",
                            "connection_queue",
                            "128",
                            "listen_backlog",
                            "256",
                            "request_timeout_ms",
                            REQUEST_TIMEOUT,
                            "max_request_size",
                            NUMBER_TEXT (MAX_REQUEST_BYTES),
                            "enable_keep_alive",
                            "no",
                            "decode_url",
                            "no",
                            "enable_auth_domain_check",
                            "no",
                            "enable_directory_listing",
                            "no",
                            "access_control_allow_origin",
                            "",
                            "access_control_allow_methods",
                            "",
                            "access_control_allow_headers",
                            "",
                            NULL };
  struct mg_server_port ports[1];
  snprintf (address, sizeof address, "127.0.0.1:%d", server->options.port);
  struct mg_context *http = mg_start (&callbacks, server, options);
  if (http == NULL)
    return start_failure (server, error);
  server->http = http;
  if (mg_get_server_ports (http, 1, ports) != 1)
    return gcg__error_write (error, GCG_SYSTEM, "the HTTP server has no port");
  server->port = ports[0].port;
  /* A browser may try ::1 first: no other process may answer there. */
  server->numeric = try_port (AF_INET6, server->port, &server->guard_fd) == EADDRINUSE;
  return GCG_OK;
}

struct wake_up
{
  int port;
  bool done;
};

/* Shuts the connections of clients of PORT, whose workers sleep in a poll otherwise. */
static void
hang_up (int port)
{
  DIR *descriptors = opendir ("/proc/self/fd");
  struct dirent *entry;
  while (descriptors != NULL && (entry = readdir (descriptors)) != NULL)
    if (is_client (atoi (entry->d_name), port, 0))
      shutdown (atoi (entry->d_name), SHUT_RDWR);
  if (descriptors != NULL)
    closedir (descriptors);
}

/* Connects to our own port until DONE, so that the thread that accepts looks up from its poll;
   after a while, in which answers are finished, closes the remaining connections. */
static void *
wake_up (void *context)
{
  struct wake_up *wake = context;
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons ((uint16_t)wake->port),
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  static const struct timespec pause = { .tv_nsec = WAKE_UP_NS };
  for (int i = 1; !__atomic_load_n (&wake->done, __ATOMIC_ACQUIRE); i++)
    {
      int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      nanosleep (&pause, NULL);
      if (fd >= 0)
        {
          (void)!connect (fd, (struct sockaddr *)&address, sizeof address);
          close (fd);
        }
      if (i % PATIENT_WAKE_UPS == 0)
        hang_up (wake->port);
    }
  return NULL;
}

static void
stop_http (struct gcg__server *server)
{
  struct wake_up wake = { .port = server->port };
  pthread_t thread;
  if (server->http == NULL)
    return;
  bool started = pthread_create (&thread, NULL, wake_up, &wake) == 0;
  mg_stop (server->http);
  __atomic_store_n (&wake.done, true, __ATOMIC_RELEASE);
  if (started)
    pthread_join (thread, NULL);
  server->http = NULL;
}

static void
make_url (const struct gcg__server *server, const char *launch, char url[GCG__URL_BYTES])
{
  snprintf (url, GCG__URL_BYTES, "http://%s:%d/%s%s", server->numeric ? "127.0.0.1" : "localhost",
            server->port, server->access.open ? "" : "?token=", server->access.open ? "" : launch);
}

static void
renewed (void *context, const char *launch)
{
  struct gcg__server *server = context;
  char url[GCG__URL_BYTES];
  make_url (server, launch, url);
  server->options.renewed (server->options.context, url);
}

enum gcg_status
gcg__server_start (struct gcg__source *source, const struct gcg__server_options *options,
                   struct gcg__server **result, struct gcg_error *error)
{
  enum gcg_status status;
  if (options->host != NULL && !is_loopback (options->host))
    return gcg__error_write (error, GCG_INVALID,
                             "host %s: gcglass serves this machine only: localhost or 127.0.0.1",
                             options->host);
  struct gcg__server *server = calloc (1, sizeof *server);
  if (server == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory");
  server->options = *options;
  server->source = source;
  server->guard_fd = -1;
  status = gcg__access_init (&server->access, options->token, error);
  if (status != GCG_OK)
    goto fail_access;
  server->access.renewed = options->renewed == NULL ? NULL : renewed;
  server->access.context = server;
  status = gcg__assets_init (&server->assets, options->templates, error);
  if (status != GCG_OK)
    goto fail_access;
  status = gcg__tempdir_new (&server->tempdir, error);
  if (status != GCG_OK)
    goto fail_tempdir;
  status = gcg__pictures_new (server->tempdir, &server->pictures, error);
  if (status != GCG_OK)
    goto fail_pictures;
  status = start_http (server, error);
  if (status != GCG_OK)
    goto fail_http;
  atomic_store (&server->access.port, server->port);
  *result = server;
  return GCG_OK;

fail_http:
  stop_http (server);
  gcg__pictures_free (server->pictures);
fail_pictures:
  gcg__tempdir_free (server->tempdir);
fail_tempdir:
  gcg__assets_fini (&server->assets);
fail_access:
  gcg__access_fini (&server->access);
  free (server);
  return status;
}

void
gcg__server_url (struct gcg__server *server, char url[GCG__URL_BYTES])
{
  char launch[GCG__TOKEN_BYTES];
  gcg__access_launch (&server->access, launch);
  make_url (server, launch, url);
}

enum gcg_status
gcg__server_doorway (struct gcg__server *server, char path[4096], struct gcg_error *error)
{
  static const char name[] = GCG__DOORWAY_NAME;
  char url[GCG__URL_BYTES];
  gcg__server_url (server, url);
  gcg__tempdir_remove (server->tempdir, name);
  int fd = gcg__tempdir_create (server->tempdir, name, error);
  if (fd < 0)
    return GCG_SYSTEM;
  int n = dprintf (fd,
                   "<!DOCTYPE html><meta charset=\"utf-8\"><meta name=\"referrer\" "
                   "content=\"no-referrer\"><meta http-equiv=\"refresh\" content=\"0;url=%s\">"
                   "<title>gcglass</title><a href=\"%s\">gcglass</a>\n",
                   url, url);
  if (close (fd) != 0 || n < 0)
    return gcg__error_write (error, GCG_SYSTEM, "%s/%s: %s", gcg__tempdir_path (server->tempdir),
                             name, strerror (errno));
  snprintf (path, 4096, "%s/%s", gcg__tempdir_path (server->tempdir), name);
  return GCG_OK;
}

void
gcg__server_stop (struct gcg__server *server)
{
  if (server == NULL)
    return;
  gcg__pictures_shut (server->pictures);
  stop_http (server);
  if (server->guard_fd >= 0)
    close (server->guard_fd);
  gcg__pictures_free (server->pictures);
  gcg__tempdir_free (server->tempdir);
  gcg__assets_fini (&server->assets);
  gcg__access_fini (&server->access);
  free (server);
}
