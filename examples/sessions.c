/* sessions.c -- a server with worker threads whose sessions leak when they time out.
 *
 *   struct session --user--> struct user --session--> struct session
 *   struct session --connection--> struct connection --user--> struct user
 *
 * Workers take requests from a queue: log in, work, log out.  The table of sessions is all that
 * keeps a session.  A user who logs out is taken from the table and the link back to the session
 * is cut; a session that times out is only taken from the table.  Sessions and connections have
 * ordered finalizers (the last words to the log, the socket), so whatever timed out stays for ever.
 * Nothing crashes and nothing warns; the process grows.
 *
 * gcglass shows one component per timed-out session, allocated in session_open on any of the
 * worker threads, and the edge to cut: struct user.session.  --fixed cuts it on both ways out.
 */
#include <pthread.h>
#include <stdio.h>

#define GC_THREADS
#include <gcglass/gc.h>

#include "examples/example.h"

enum
{
  WORKERS = 4,
  REQUESTS = 2000,
  ALIVE = 64,         /* sessions in the table */
  TIME_OUT_EVERY = 10 /* one in so many sessions is never logged out */
};

struct session
{
  struct user *user;
  struct connection *connection;
  int id;
};

struct user
{
  char *name;
  struct session *session;
};

struct connection
{
  struct user *user;
  char *buffer;
  int socket;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct session *table[ALIVE]; /* by id modulo ALIVE */
static int next_request, timed_out, logged_out, ended_sessions, closed_connections;
static bool fixed;

static void
session_finalize (void *object, void *unused)
{
  (void)object;
  (void)unused;
  __atomic_add_fetch (&ended_sessions, 1, __ATOMIC_RELAXED);
}

static void
connection_finalize (void *object, void *unused)
{
  (void)object;
  (void)unused;
  __atomic_add_fetch (&closed_connections, 1, __ATOMIC_RELAXED);
}

static struct session *
session_open (int id)
{
  char name[32];
  snprintf (name, sizeof name, "user-%d", id);

  struct session *session = GC_MALLOC (sizeof (struct session));
  struct user *user = GC_MALLOC (sizeof (struct user));
  struct connection *connection = GC_MALLOC (sizeof (struct connection));
  user->name = GC_STRDUP (name);
  user->session = session;
  connection->user = user;
  connection->buffer = GC_MALLOC_ATOMIC (1024);
  connection->socket = id;
  session->user = user;
  session->connection = connection;
  session->id = id;
  GC_REGISTER_FINALIZER (session, session_finalize, NULL, NULL, NULL);
  GC_REGISTER_FINALIZER (connection, connection_finalize, NULL, NULL, NULL);
  return session;
}

/* The older of two that want one slot of the table goes: logged out or timed out.  LOCK is held. */
static void
session_close (struct session *session)
{
  bool timeout = session->id % TIME_OUT_EVERY == 0;
  *(timeout ? &timed_out : &logged_out) += 1;
  if (!timeout || fixed)
    session->user->session = NULL;
}

static void __attribute__ ((noinline)) handle_request (int id)
{
  struct session *session = session_open (id);
  for (int i = 0; i < 1023; i++)
    session->connection->buffer[i] = (char)('a' + (i + id) % 26);

  pthread_mutex_lock (&lock);
  struct session **slot = &table[id % ALIVE], *older = *slot;
  if (older && older->id > id) /* another worker was faster */
    {
      older = session;
      session = *slot;
    }
  *slot = session;
  if (older)
    session_close (older);
  pthread_mutex_unlock (&lock);
}

static int
take_request (int end)
{
  pthread_mutex_lock (&lock);
  int id = next_request < end ? next_request++ : -1;
  pthread_mutex_unlock (&lock);
  return id;
}

static void *
worker (void *argument)
{
  int end = *(int *)argument;
  for (int id; (id = take_request (end)) >= 0;)
    handle_request (id);
  return NULL;
}

/* Lets the workers handle COUNT more requests. */
static void
serve_requests (int count)
{
  pthread_t threads[WORKERS];
  int started = 0, end = next_request + count;
  while (started < WORKERS && pthread_create (&threads[started], NULL, worker, &end) == 0)
    started++;
  if (started == 0)
    worker (&end);
  for (int i = 0; i < started; i++)
    pthread_join (threads[i], NULL);
}

static void
serve_more (void)
{
  serve_requests (40);
}

int
main (int argc, char **argv)
{
  struct example example;
  example_begin (&example, argc, argv);
  fixed = example.fixed;
  serve_requests (REQUESTS);
  for (int i = 0; i < 5; i++)
    GC_gcollect ();
  GC_invoke_finalizers ();
  printf ("%d sessions: %d logged out, %d timed out, %d alive\n", next_request, logged_out,
          timed_out, next_request - logged_out - timed_out);
  printf ("%d ended, %d connections closed\n", ended_sessions, closed_connections);
  return example_end (&example, serve_more);
}
