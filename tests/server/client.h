/* client.h -- a gcglass that is started for a test, and requests to it, byte for byte.
 *
 * The test works in a directory of its own, which is removed at its end.
 *
 * Nothing here parses more than it must: what a client sends is what the test says, and what comes
 * back is kept whole.  Whatever goes wrong in the test itself aborts it with a message.
 */
#ifndef GCG_TESTS_SERVER_CLIENT_H
#define GCG_TESTS_SERVER_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* --- the server --- */

struct server
{
  pid_t pid;
  int port;
  char token[160]; /* "" when it has none */
  int error_fd;    /* what it says */
  char said[16384];
  size_t n_said;
};

/* Starts "gcglass ARGUMENTS..." (NULL after the last; not gcglass itself) and waits for its URL.
   PORT and TOKEN are those of the URL. */
void server_start (struct server *server, const char *const *arguments);
/* Waits until the first snapshot, which is analysed in the background, is shown. */
void await_snapshot (const struct server *server);
/* Reads what it says until NEEDLE stands in server->said, for at most SECONDS. */
bool server_says (struct server *server, const char *needle, double seconds);
/* Sends SIGNAL (0: none), waits for the end, and returns the status of waitpid.  What a sanitizer
   has said by then ends the test. */
int server_end (struct server *server, int signal);
/* Waits until process PID has no signal SIGNAL pending: it has been taken, or is ignored. */
void await_signal_taken (pid_t pid, int signal);
/* Open descriptors of process PID, and threads. */
int count_descriptors (pid_t pid);

/* The path of the snapshot file that the tests of the server look at; made anew by each
   call.  It has NODES objects on one leaked cycle with chords, and some that are
   reachable. */
const char *test_snapshot (unsigned nodes);

/* --- requests --- */

struct answer
{
  int status; /* 0: the connection was closed without an answer */
  char *text; /* all of it, NUL-terminated; freed by answer_free */
  size_t n;
  const char *body;
  size_t n_body;
  double seconds; /* until the last byte */
};
void answer_free (struct answer *answer);

/* A connection to PORT of 127.0.0.1. */
int dial (int port);
/* Sends TEXT and reads until the other side closes, for at most 60 s. */
struct answer ask_raw (int port, const char *text, size_t n);
/* printf into ask_raw. */
struct answer ask (int port, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
/* METHOD PATH with the right Host and token; MORE is further header lines, each with CR LF, and
   BODY, when not NULL, a body with its length. */
struct answer ask_as_owner (const struct server *server, const char *method, const char *path,
                            const char *more, const char *body);
/* The status of a GET of PATH by the owner. */
int status_of (const struct server *server, const char *path);
/* Value of header NAME in ANSWER, NULL when it is not there or there twice.  Valid until the next
   call. */
const char *answer_header (const struct answer *answer, const char *name);

double seconds_now (void);

#endif
