/* crowd.c -- many clients ask everything at once while snapshots and samples come, are looked at
 * anew, and the process ends.
 *
 * Each path has answers that may be, and at least one of all its answers is what was asked for.  In
 * a build with -fsanitize=thread no two threads of the server were in each other's way.
 */
#include "config.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <jansson.h>

#include "tests/server/client.h"

#define CLIENTS 8
#define ROUNDS  3

/* What is asked for, and what else than 200, 302 and 303 may be the answer.  %s is an address of an
   object, %d a thread's id. */
static const struct
{
  const char *path;
  int other;
} paths[] = {
  { "/", 0 },
  { "/api/", 0 },
  { "/api/frame", 0 },
  { "/api/overview", 0 },
  { "/api/process", 0 },
  { "/api/threads", 0 },
  { "/api/threads/%d", 404 },
  { "/threads/%d", 0 },
  { "/api/objects?sort=bytes&order=desc", 0 },
  { "/api/objects?q=struct", 0 },
  { "/objects/%s", 0 },
  { "/api/objects/%s", 404 },
  { "/api/objects/%s/referents", 404 },
  { "/api/objects/%s/referrers", 404 },
  { "/api/types", 0 },
  { "/api/sites", 0 },
  { "/api/tracker", 0 },
  { "/api/tracker/samples", 0 },
  { "/api/tracker/samples/1", 404 },
  { "/api/tracker/difference", 0 },
  { "/api/tracker/difference?by=site", 0 },
  { "/api/tracker/type/struct%%20view", 0 },
  { "/api/tracker/type/struct%%20view/instances", 0 },
  { "/tracker/type/struct%%20view", 0 },
  { "/api/garbage?cycles=1", 0 },
  { "/api/hazards", 0 },
  { "/garbage/1", 0 },
  { "/api/garbage/1", 0 },
  { "/api/garbage/2", 0 },
  { "/garbage/1/graph.dot", 0 },
  { "/garbage/1/graph.svg", 503 },
  { "/garbage/2/graph.svg?reduce=1", 503 },
  { "/static/style.css", 0 },
  { "/nope", 404 },
};
#define N_PATHS (sizeof paths / sizeof paths[0])

/* The last answers 404 and nothing else, each other one something that is well, sometime. */
#define NOWHERE (N_PATHS - 1)

/* The program may have ended (409), others may be waiting already (503). */
static const char *const posts[] = { "/api/snapshot", "/refresh", "/api/sample", "/api/sampling" };
#define N_POSTS (sizeof posts / sizeof posts[0])

struct client
{
  const struct server *server;
  unsigned number;
  const char *address; /* of an object */
  int thread;
  unsigned strange, done; /* answers */
  char what[200];         /* of the first strange one */
  pthread_t pthread;
};

/* Answers so far, of all clients: all, and those to each path that were well. */
static unsigned all_done, well[N_PATHS];

static void
note (struct client *client, const char *path, bool good, struct answer *answer)
{
  client->done++;
  __atomic_add_fetch (&all_done, 1, __ATOMIC_RELAXED);
  if (!good && client->strange++ == 0)
    snprintf (client->what, sizeof client->what, "%s: %d: %.100s", path, answer->status,
              answer->body);
  answer_free (answer);
}

static bool
is_well (int status)
{
  return status == 200 || status == 302 || status == 303;
}

static void *
ask_everything (void *context)
{
  struct client *client = context;
  for (unsigned i = 0; i < ROUNDS * N_PATHS; i++)
    {
      char path[300];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
      /* Each begins elsewhere, and goes on in its own steps. */
      size_t which = (client->number * 5 + i * (2 * client->number + 1)) % N_PATHS;
      const char *format = paths[which].path;
      if (strstr (format, "%d") != NULL)
        snprintf (path, sizeof path, format, client->thread);
      else
        snprintf (path, sizeof path, format, client->address);
#pragma GCC diagnostic pop
      struct answer answer = ask_as_owner (client->server, "GET", path, NULL, NULL);
      if (is_well (answer.status))
        __atomic_add_fetch (&well[which], 1, __ATOMIC_RELAXED);
      note (client, path, is_well (answer.status) || answer.status == paths[which].other, &answer);
      if (i % 10 == client->number)
        {
          const char *post = posts[(client->number + i / 10) % N_POSTS];
          bool sampling = strcmp (post, "/api/sampling") == 0;
          answer = ask_as_owner (client->server, "POST", post,
                                 "X-Gcglass: 1\r\nContent-Type: application/json\r\n",
                                 sampling ? "{\"every\":\"0.05\"}" : "{}");
          bool good = is_well (answer.status) || answer.status == 409 || answer.status == 503;
          note (client, post, good, &answer);
        }
    }
  return NULL;
}

static json_t *
get_json (const struct server *server, const char *path)
{
  struct answer answer = ask_as_owner (server, "GET", path, NULL, NULL);
  json_t *json = json_loadb (answer.body, answer.n_body, 0, NULL);
  assert_int_equal (answer.status, 200);
  answer_free (&answer);
  return json;
}

static void
everybody_at_once (void **state)
{
  const char *top = getenv ("top_builddir");
  char observer[4096], address[64];
  struct client clients[CLIENTS];
  struct server server;
  struct rlimit all;
  (void)state;
  assert_int_equal (getrlimit (RLIMIT_NOFILE, &all), 0);
  const struct rlimit few = { .rlim_cur = 64, .rlim_max = all.rlim_max };
  snprintf (observer, sizeof observer, "%s/examples/observer", top == NULL ? "." : top);
  const char *arguments[]
      = { "run", "--port", "0", "--contents", "--every", "0.05", "--", observer, "--wait", NULL };
  /* Each snapshot keeps files of modules open: fewer than needed here. */
  setrlimit (RLIMIT_NOFILE, &few);
  server_start (&server, arguments);
  setrlimit (RLIMIT_NOFILE, &all);
  await_snapshot (&server);
  json_t *objects = get_json (&server, "/api/objects?q=struct%20view&limit=1");
  json_t *row = json_array_get (json_object_get (objects, "rows"), 0);
  snprintf (address, sizeof address, "%s", json_string_value (json_object_get (row, "address")));
  json_decref (objects);
  json_t *frame = get_json (&server, "/api/frame");
  pid_t pid = (pid_t)json_integer_value (json_object_get (json_object_get (frame, "frame"), "pid"));
  json_decref (frame);
  assert_true (pid > 1);
  for (unsigned i = 0; i < CLIENTS; i++)
    {
      clients[i] = (struct client){ &server, i, address, (int)pid, 0, 0, "", 0 };
      assert_int_equal (pthread_create (&clients[i].pthread, NULL, ask_everything, &clients[i]), 0);
    }
  /* In the middle of it the process ends. */
  while (__atomic_load_n (&all_done, __ATOMIC_RELAXED) < CLIENTS * ROUNDS * N_PATHS / 2)
    usleep (1000);
  kill (pid, SIGTERM);
  for (unsigned i = 0; i < CLIENTS; i++)
    {
      pthread_join (clients[i].pthread, NULL);
      if (clients[i].strange > 0)
        fail_msg ("%u of %u: %s", clients[i].strange, clients[i].done, clients[i].what);
      assert_true (clients[i].done > ROUNDS * N_PATHS);
    }
  for (size_t i = 0; i < N_PATHS; i++)
    if ((well[i] > 0) == (i == NOWHERE))
      fail_msg ("%s: %u good answers", paths[i].path, well[i]);
  assert_int_equal (status_of (&server, "/api/types"), 200);
  server_end (&server, SIGINT);
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (everybody_at_once) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
