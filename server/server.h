/* server.h -- what shows a source in the browser: the pages on a port of the loopback interface.
 *
 *   tools/ (run, view, serve)            server/
 *   source, live  ───────────────→  http.c ─→ request ─→ access ─→ routes ─→ pages, api, pictures
 *                                      ↑                                          │
 *                                      └──────────────── reply ←──────────────────┘
 *
 * Threads: those of the HTTP library (workers, one request each), the source's builder, the live
 * conversation, and the caller's, which waits for signals.  All block every signal; the caller must
 * have done so before gcg__server_start, which starts the first of them.
 */
#ifndef GCG_SERVER_SERVER_H
#define GCG_SERVER_SERVER_H

#include <stdbool.h>

#include "gcglass/error.h"
#include "server/access.h"
#include "server/assets.h"

#define GCG__DEFAULT_PORT 8090
#define GCG__URL_BYTES    256

struct gcg__pictures;
struct gcg__source;
struct gcg__tempdir;
struct mg_context;

struct gcg__server_options
{
  const char *host;      /* NULL = localhost; only names and addresses of this machine's loopback */
  int port;              /* 0 = any free one */
  const char *token;     /* NULL, "" = made; "off" = none */
  const char *templates; /* NULL = the embedded files */
  bool debug;            /* requests are logged to the standard error */
  bool collects;         /* the collector collects before each snapshot, asked for or not */
  /* Prints a URL that replaces one which was opened already; NULL: none is printed. */
  void (*renewed) (void *context, const char *url);
  /* POST /api/stop; NULL: that is refused with 409. */
  void (*stop) (void *context);
  void *context;
};

/* For routes and handlers; constant after the start. */
struct gcg__server
{
  struct gcg__server_options options;
  struct gcg__source *source;
  struct gcg__assets assets;
  struct gcg__access access;
  struct gcg__tempdir *tempdir;
  struct gcg__pictures *pictures;
  struct mg_context *http;
  int port;
  int guard_fd;      /* holds the port of [::1], so that no other process can answer to localhost */
  bool numeric;      /* another process has it: URLs say 127.0.0.1 */
  char failure[256]; /* what the HTTP library said last while it started */
};

/* Serves SOURCE (borrowed until the stop).  On GCG_OK *SERVER is to be given to gcg__server_stop.
   Errors: GCG_INVALID: not a loopback host, a bad token; GCG_BUSY: the port is in use; GCG_SYSTEM,
   GCG_NO_MEMORY. */
enum gcg_status gcg__server_start (struct gcg__source *source,
                                   const struct gcg__server_options *options,
                                   struct gcg__server **server, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* The address to open, with the token. */
void gcg__server_url (struct gcg__server *server, char url[GCG__URL_BYTES]);

/* Writes a file that leads a browser to the address, so that the token stands in no command line;
   PATH gets its name.  Errors: GCG_SYSTEM. */
enum gcg_status gcg__server_doorway (struct gcg__server *server, char path[4096],
                                     struct gcg_error *error) __attribute__ ((warn_unused_result));

/* Ends all requests (shut the source first, or wait for those that wait on it) and removes the
   temporary directory.  NULL is fine. */
void gcg__server_stop (struct gcg__server *server);

#endif
