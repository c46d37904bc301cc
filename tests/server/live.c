/* live.c -- the server of a live process, played by fake_agent: snapshots come, fail, are damaged,
 * are too many; the process ends in every way, and so does gcglass.
 */
#include "config.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <jansson.h>

#include "tests/server/client.h"

#define MAX_STEPS 16

/* gcglass run OPTIONS -- fake_agent STEPS; both end in NULL. */
static struct server
run_agent (const char *const *options, const char *const *steps)
{
  static char agent[4096], preload[4096];
  const char *arguments[2 * MAX_STEPS + 8] = { "run", "--port", "0" };
  const char *top = getenv ("top_builddir");
  struct server server;
  int n = 3;
  snprintf (agent, sizeof agent, "%s/tests/server/fake_agent", top == NULL ? "." : top);
  snprintf (preload, sizeof preload, "%s/tests/server/.libs/empty.so", top == NULL ? "." : top);
  setenv ("GCGLASS_PRELOAD", preload, 1);
  /* A preload object before the sanitizer's own library is no mistake here. */
  setenv ("ASAN_OPTIONS", "verify_asan_link_order=0", 0);
  while (*options != NULL)
    arguments[n++] = *options++;
  arguments[n++] = "--";
  arguments[n++] = agent;
  while (*steps != NULL)
    arguments[n++] = *steps++;
  server_start (&server, arguments);
  return server;
}
#define RUN(...)                                                                                   \
  run_agent ((const char *const[]){ NULL }, (const char *const[]){ __VA_ARGS__, NULL })

/* /api/frame's frame, or with PATH another answer; json_decref it. */
static json_t *
get_json (const struct server *server, const char *path, int status)
{
  struct answer answer = ask_as_owner (server, "GET", path, NULL, NULL);
  if (answer.status != status)
    fail_msg ("%s gave %d: %s", path, answer.status, answer.body);
  json_t *json = json_loadb (answer.body, answer.n_body, 0, NULL);
  answer_free (&answer);
  assert_non_null (json);
  return json;
}

static const char *
state_of (const json_t *json)
{
  return json_string_value (json_object_get (json_object_get (json, "frame"), "state"));
}

/* Asks for the frame until EXPRESSION, about json_t *frame, is true. */
#define AWAIT(server, expression)                                                                  \
  for (int try_ = 0;; try_++)                                                                      \
    {                                                                                              \
      json_t *json_ = get_json (server, "/api/frame", 200);                                        \
      json_t *frame = json_object_get (json_, "frame");                                            \
      bool good_ = (expression);                                                                   \
      json_decref (json_);                                                                         \
      if (good_)                                                                                   \
        break;                                                                                     \
      if (try_ == 500)                                                                             \
        fail_msg ("never: %s", #expression);                                                       \
      usleep (20000);                                                                              \
    }
#define FIELD(name) json_object_get (frame, name)
#define N_SNAPSHOTS json_array_size (FIELD ("snapshots"))

/* POSTs {KEY: VALUE} to PATH; the answer's body goes to TEXT. */
static int
post (const struct server *server, const char *path, const char *key, const char *value,
      char text[1024])
{
  char body[512];
  snprintf (body, sizeof body, "{\"%s\":\"%s\"}", key, value);
  struct answer answer = ask_as_owner (server, "POST", path,
                                       "X-Gcglass: 1\r\nContent-Type: application/json\r\n", body);
  int status = answer.status;
  snprintf (text, 1024, "%s", answer.body);
  answer_free (&answer);
  return status;
}

static int
post_snapshot (const struct server *server, const char *description, char text[1024])
{
  return post (server, "/api/snapshot", "description", description, text);
}

/* Without a request nothing happens; the first look takes the first snapshot, further ones are
   asked for and named. */
static void
looks_and_snapshots (void **state)
{
  struct server server = RUN ("answer", "3", "sleep", "60000");
  char text[1024];
  (void)state;
  AWAIT (&server, json_is_null (FIELD ("waiting")));
  AWAIT (&server, N_SNAPSHOTS == 1);
  assert_int_equal (post_snapshot (&server, "after login", text), 200);
  assert_non_null (strstr (text, "\"snapshot\":{\"id\":2,"));
  assert_int_equal (post_snapshot (&server, "", text), 200);
  json_t *json = get_json (&server, "/api/frame", 200);
  assert_string_equal (state_of (json), "live");
  json_t *frame = json_object_get (json, "frame");
  assert_int_equal (json_integer_value (json_object_get (FIELD ("snapshot"), "id")), 3);
  assert_int_equal (N_SNAPSHOTS, 3);
  assert_string_equal (
      json_string_value (json_object_get (json_array_get (FIELD ("snapshots"), 1), "description")),
      "after login");
  json_decref (json);
  json = get_json (&server, "/api/garbage?snapshot=2", 200);
  frame = json_object_get (json, "frame");
  assert_int_equal (json_integer_value (json_object_get (FIELD ("snapshot"), "id")), 2);
  assert_int_equal (
      json_integer_value (json_object_get (json_object_get (json, "summary"), "count")), 2);
  json_decref (json);
  server_end (&server, SIGTERM);
}

static void
without_a_snapshot (void **state)
{
  struct server server = RUN ("ignore", "1", "sleep", "60000");
  static const char *const paths[]
      = { "/api/types", "/api/sites", "/api/garbage", "/api/garbage/1" };
  (void)state;
  AWAIT (&server, json_is_string (FIELD ("waiting")) && json_is_null (FIELD ("snapshot")));
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
    {
      json_t *json = get_json (&server, paths[i], 200);
      assert_int_equal (json_object_size (json), 1);
      json_decref (json);
    }
  /* It may just be starting. */
  json_t *json = get_json (&server, "/api/overview", 200);
  for (int i = 0; i < 100 && !json_is_object (json_object_get (json, "process")); i++)
    {
      json_decref (json);
      usleep (20000);
      json = get_json (&server, "/api/overview", 200);
    }
  assert_true (
      json_integer_value (json_object_get (json_object_get (json, "process"), "resident_bytes"))
      > 0);
  json_decref (json);
  assert_int_equal (status_of (&server, "/garbage/1"), 200);
  assert_int_equal (status_of (&server, "/garbage/1/graph.png"), 503);
  server_end (&server, SIGTERM);
}

static void
refused_and_damaged (void **state)
{
  struct server server = RUN ("answer", "1", "refuse", "1", "unsealed", "damaged", "nothing",
                              "answer", "1", "sleep", "60000");
  char text[1024];
  (void)state;
  AWAIT (&server, N_SNAPSHOTS == 1);
  int descriptors = count_descriptors (server.pid);
  assert_int_equal (post_snapshot (&server, "", text), 409);
  assert_non_null (strstr (text, "GC_disable"));
  assert_int_equal (post_snapshot (&server, "", text), 500);
  assert_non_null (strstr (text, "not sealed"));
  assert_int_equal (post_snapshot (&server, "", text), 500);
  assert_int_equal (post_snapshot (&server, "", text), 500);
  for (int i = 0; i < 100 && count_descriptors (server.pid) > descriptors; i++)
    usleep (20000);
  assert_true (count_descriptors (server.pid) <= descriptors);
  assert_int_equal (post_snapshot (&server, "fine again", text), 200);
  server_end (&server, SIGTERM);
}

/* Only the newest are kept; a packet with many descriptors leaves none behind. */
static void
many_snapshots (void **state)
{
  struct server server = RUN ("push", "12", "sleep", "1500", "push", "12", "flood", "flood",
                              "flood", "sleep", "60000");
  (void)state;
  AWAIT (&server, N_SNAPSHOTS == 16
                      && json_integer_value (
                             json_object_get (json_array_get (FIELD ("snapshots"), 15), "id"))
                             > 1);
  usleep (300000);
  json_t *json = get_json (&server, "/api/frame", 200);
  json_t *frame = json_object_get (json, "frame");
  long newest = (long)json_integer_value (json_object_get (FIELD ("snapshot"), "id"));
  json_decref (json);
  char path[64];
  snprintf (path, sizeof path, "/api/types?snapshot=%ld", newest - 16);
  assert_int_equal (status_of (&server, path), 404);
  assert_int_equal (status_of (&server, "/api/types?snapshot=1"), 404);
  snprintf (path, sizeof path, "/api/types?snapshot=%ld", newest - 15);
  assert_int_equal (status_of (&server, path), 200);
  assert_true (count_descriptors (server.pid) < 60);
  server_end (&server, SIGTERM);
}

static void
rubbish_ends_the_conversation (void **state)
{
  struct server server = RUN ("push", "1", "rubbish", "sleep", "60000");
  char text[1024];
  (void)state;
  AWAIT (&server, N_SNAPSHOTS == 1);
  for (int i = 0; i < 100 && post_snapshot (&server, "", text) != 409; i++)
    usleep (20000);
  assert_int_equal (post_snapshot (&server, "", text), 409);
  server_end (&server, SIGTERM);
}

/* A client that waits for a snapshot gets an answer when the program ends instead. */
static void
ends_while_asked (void **state)
{
  struct server server = RUN ("push", "1", "ignore", "1", "sleep", "300", "kill", "9");
  char text[1024];
  (void)state;
  AWAIT (&server, N_SNAPSHOTS == 1);
  assert_int_equal (post_snapshot (&server, "", text), 409);
  assert_non_null (strstr (text, "ended"));
  AWAIT (&server, strcmp (json_string_value (FIELD ("state")), "ended") == 0
                      && json_integer_value (json_object_get (FIELD ("exit"), "signal")) == 9
                      && json_real_value (FIELD ("ended_s")) >= 0);
  int status = server_end (&server, SIGINT);
  assert_true (WIFSIGNALED (status) && WTERMSIG (status) == 9);
}

static void
ends_by_itself (void **state)
{
  struct server server = RUN ("push", "1", "exit-snapshot", "status", "7");
  (void)state;
  assert_true (server_says (&server, "ended with status 7; still serving", 20));
  AWAIT (&server, strcmp (json_string_value (FIELD ("state")), "ended") == 0 && N_SNAPSHOTS == 2
                      && json_integer_value (json_object_get (FIELD ("exit"), "status")) == 7);
  assert_int_equal (status_of (&server, "/api/types"), 200);
  json_t *json = get_json (&server, "/api/frame", 200);
  json_t *frame = json_object_get (json, "frame");
  assert_string_equal (json_string_value (json_object_get (FIELD ("snapshot"), "description")),
                       "at exit");
  json_decref (json);
  int status = server_end (&server, SIGINT);
  assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 7);
}

/* A child of the program that keeps the connection does not keep us. */
static void
ends_with_heirs (void **state)
{
  struct server server = RUN ("push", "1", "fork", "status", "3");
  (void)state;
  assert_true (server_says (&server, "ended with status 3", 20));
  int status = server_end (&server, SIGINT);
  assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 3);
}

/* Each signal that ends gcglass reaches the program first; nothing waits for the one who does not
   answer. */
static void
ends_from_outside (void **state)
{
  static const int signals[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT };
  (void)state;
  for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
    {
      struct server server = RUN ("push", "1", "ignore", "9", "sleep", "60000");
      char answer[1024];
      AWAIT (&server, N_SNAPSHOTS == 1);
      /* A client waits for a snapshot that does not come. */
      int fd = dial (server.port);
      dprintf (fd,
               "POST /api/snapshot HTTP/1.1\r\nHost: localhost:%d\r\nX-Gcglass: 1\r\n"
               "Authorization: Bearer %s\r\nContent-Length: 0\r\n\r\n",
               server.port, server.token);
      assert_true (server_says (&server, "asked and silent", 60));
      int status = server_end (&server, signals[i]);
      /* The answer, if there is one, is not that it has taken too long. */
      ssize_t n = read (fd, answer, sizeof answer - 1);
      answer[n > 0 ? n : 0] = '\0';
      assert_null (strstr (answer, " 504 "));
      close (fd);
      assert_true (WIFSIGNALED (status));
      assert_int_equal (WTERMSIG (status), signals[i]);
    }
}

static void
exit_and_save (void **state)
{
  static const char *const options[] = { "--exit", "-o", "saved.gcsnap", NULL };
  static const char *const steps[] = { "push", "2", "exit-snapshot", "status", "5", NULL };
  (void)state;
  unlink ("saved.gcsnap");
  struct server server = run_agent (options, steps);
  int status = server_end (&server, 0);
  assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 5);
  const char *arguments[] = { "view", "--port", "0", "saved.gcsnap", NULL };
  server_start (&server, arguments);
  AWAIT (&server, N_SNAPSHOTS == 1);
  json_t *json = get_json (&server, "/api/garbage", 200);
  assert_int_equal (
      json_integer_value (json_object_get (json_object_get (json, "summary"), "count")), 3);
  assert_string_equal (state_of (json), "file");
  json_decref (json);
  server_end (&server, SIGTERM);
  unlink ("saved.gcsnap");
}

static json_int_t
n_samples (struct server *server)
{
  json_t *json = get_json (server, "/api/tracker", 200);
  json_int_t n = json_integer_value (json_object_get (json, "total"));
  json_decref (json);
  return n;
}

/* Samples come by themselves and when they are asked for, are recorded, and are all there when the
   process has gone. */
static void
samples (void **state)
{
  static const char *const options[] = { "--record", "samples.gcrec", NULL };
  static const char *const steps[]
      = { "sample", "3", "ignore", "1", "answer-sample", "sleep", "100", "status", "3", NULL };
  char text[1024];
  (void)state;
  struct server server = run_agent (options, steps);
  for (int i = 0; i < 500 && n_samples (&server) < 3; i++)
    usleep (10000);
  json_t *json = get_json (&server, "/api/tracker", 200);
  json_t *sampling = json_object_get (json, "sampling");
  assert_true (json_is_true (json_object_get (sampling, "possible")));
  assert_true (json_is_true (json_object_get (sampling, "lifetimes")));
  assert_true (json_number_value (json_object_get (sampling, "every_s")) == 0.25);
  json_decref (json);
  assert_int_equal (post (&server, "/api/sample", "description", "asked for", text), 200);
  assert_non_null (strstr (text, "asked for"));
  for (int i = 0; i < 500; i++)
    {
      json = get_json (&server, "/api/frame", 200);
      bool ended = strcmp (state_of (json), "ended") == 0;
      json_decref (json);
      if (ended)
        break;
      usleep (10000);
    }
  assert_int_equal (n_samples (&server), 4);
  assert_int_equal (post (&server, "/api/sampling", "every", "1", text), 409);
  assert_int_equal (post (&server, "/api/sampling", "every", "often", text), 400);
  server_end (&server, SIGTERM);
  const char *arguments[] = { "view", "--port", "0", "samples.gcrec", NULL };
  server_start (&server, arguments);
  assert_int_equal (n_samples (&server), 4);
  json = get_json (&server, "/api/frame", 200);
  json_t *frame = json_object_get (json, "frame");
  assert_string_equal (json_string_value (json_object_get (frame, "program")), "program");
  assert_int_equal (
      json_integer_value (json_object_get (json_object_get (frame, "exit"), "status")), 3);
  json_decref (json);
  json_decref (get_json (&server, "/api/tracker/samples/2", 200));
  json_decref (get_json (&server, "/api/tracker/samples/5", 404));
  json_decref (get_json (&server, "/api/tracker/difference?from=1&to=4", 200));
  server_end (&server, SIGTERM);
  unlink ("samples.gcrec");
}

/* Records that are none: no more is taken from this process, and everything else goes on. */
static void
damaged_samples (void **state)
{
  static const char *const steps[]
      = { "sample", "2", "damaged-sample", "sample", "2", "push", "1", "answer", "9", NULL };
  static const char *const none[] = { NULL };
  (void)state;
  struct server server = run_agent (none, steps);
  AWAIT (&server, N_SNAPSHOTS >= 1);
  assert_int_equal (n_samples (&server), 2);
  server_end (&server, SIGTERM);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (looks_and_snapshots),
    cmocka_unit_test (without_a_snapshot),
    cmocka_unit_test (refused_and_damaged),
    cmocka_unit_test (many_snapshots),
    cmocka_unit_test (rubbish_ends_the_conversation),
    cmocka_unit_test (ends_while_asked),
    cmocka_unit_test (ends_by_itself),
    cmocka_unit_test (ends_with_heirs),
    cmocka_unit_test (ends_from_outside),
    cmocka_unit_test (exit_and_save),
    cmocka_unit_test (samples),
    cmocka_unit_test (damaged_samples),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
