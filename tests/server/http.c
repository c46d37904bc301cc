/* http.c -- what the server makes of any request: headers, paths, parameters, sizes, things that
 * are no requests at all.
 *
 * One gcglass view is asked by sockets, byte for byte.  The letters before the names of the tests
 * are those of the checklist in doc/design/server.md.
 */
#include "config.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <jansson.h>

#include "tests/server/client.h"
#include "tests/tape.h"

static struct server server;

static int
start (void **state)
{
  char recording[] = "/tmp/gcglass-http-XXXXXX";
  const char *arguments[] = { "view", "--port", "0", recording, test_snapshot (40), NULL };
  struct tape *tape = tape_new (4242);
  (void)state;
  close (mkstemp (recording));
  tape_alive (tape, tape_site (tape, "struct node", "list.c", 12, "new_node"), 3, 72, 3);
  tape_sample (tape, "", 0);
  tape_write (tape, recording);
  tape_free (tape);
  server_start (&server, arguments);
  await_snapshot (&server);
  unlink (recording);
  return 0;
}

static int
stop (void **state)
{
  (void)state;
  server_end (&server, SIGTERM);
  return 0;
}

static bool
holds (const struct answer *answer, const char *text)
{
  return memmem (answer->text, answer->n, text, strlen (text)) != NULL;
}

/* --- X: every answer carries the security headers --- */

static void
x_headers (void **state)
{
  static const char *const paths[] = { "/",
                                       "/garbage/1",
                                       "/api/",
                                       "/api/frame",
                                       "/api/types",
                                       "/process",
                                       "/threads",
                                       "/objects",
                                       "/objects/0x1",
                                       "/api/process",
                                       "/api/threads",
                                       "/api/objects",
                                       "/api/objects/0x1",
                                       "/static/style.css",
                                       "/static/api.js",
                                       "/static/favicon.svg",
                                       "/nope",
                                       "/api/nope",
                                       "/refresh",
                                       "/garbage/77",
                                       "/api/types?limit=0" };
  (void)state;
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
    {
      struct answer answer = ask_as_owner (&server, "GET", paths[i], NULL, NULL);
      const char *policy = answer_header (&answer, "Content-Security-Policy");
      assert_non_null (policy);
      assert_non_null (strstr (policy, "default-src 'none'"));
      assert_null (strstr (policy, "unsafe-eval"));
      assert_string_equal (answer_header (&answer, "X-Content-Type-Options"), "nosniff");
      assert_string_equal (answer_header (&answer, "Cache-Control"), "no-store");
      assert_string_equal (answer_header (&answer, "Referrer-Policy"), "no-referrer");
      assert_string_equal (answer_header (&answer, "Cross-Origin-Opener-Policy"), "same-origin");
      assert_string_equal (answer_header (&answer, "Cross-Origin-Resource-Policy"), "same-origin");
      if (strncmp (paths[i], "/api/", 5) == 0)
        {
          assert_string_equal (answer_header (&answer, "Content-Type"), "application/json");
          json_t *json = json_loadb (answer.body, answer.n_body, JSON_REJECT_DUPLICATES, NULL);
          assert_non_null (json);
          if (answer.status != 200)
            assert_int_equal (
                json_integer_value (json_object_get (json_object_get (json, "error"), "status")),
                answer.status);
          json_decref (json);
        }
      answer_free (&answer);
    }
  /* Answers that the HTTP library makes by itself, too. */
  struct answer answer = ask (server.port, "NONSENSE\r\n\r\n");
  if (answer.status != 0)
    assert_non_null (answer_header (&answer, "Content-Security-Policy"));
  answer_free (&answer);
}

static void
x_names_are_escaped (void **state)
{
  static const char *const paths[]
      = { "/api/sites", "/api/types", "/api/garbage", "/api/garbage/2", "/garbage/2/graph.svg" };
  (void)state;
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
    {
      struct answer answer = ask_as_owner (&server, "GET", paths[i], NULL, NULL);
      assert_true (answer.status == 200 || answer.status == 503);
      assert_false (holds (&answer, "</script>"));
      assert_false (holds (&answer, "<img"));
      answer_free (&answer);
    }
}

/* --- packed files of the front end --- */

/* Whether PACKED, unpacked by gzip, is PLAIN. */
static bool
unpacks_to (const struct answer *packed, const struct answer *plain)
{
  char path[] = "/tmp/gcglass-packed-XXXXXX", command[64];
  int fd = mkstemp (path);
  bool same = write (fd, packed->body, packed->n_body) == (ssize_t)packed->n_body;
  close (fd);
  snprintf (command, sizeof command, "gzip -dc <%s", path);
  FILE *pipe = popen (command, "r");
  char *unpacked = malloc (plain->n_body + 1);
  size_t n = fread (unpacked, 1, plain->n_body + 1, pipe);
  same = pclose (pipe) == 0 && same && n == plain->n_body && memcmp (unpacked, plain->body, n) == 0;
  free (unpacked);
  unlink (path);
  return same;
}

static void
packed_when_taken (void **state)
{
  static const char *const paths[]
      = { "/", "/tracker", "/static/chart.min.js", "/static/style.css" };
  (void)state;
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
    {
      struct answer plain = ask_as_owner (&server, "GET", paths[i], NULL, NULL);
      struct answer packed = ask_as_owner (&server, "GET", paths[i],
                                           "Accept-Encoding: br;q=0.5, GZIP ;q=0.8\r\n", NULL);
      assert_int_equal (plain.status, 200);
      assert_null (answer_header (&plain, "Content-Encoding"));
      assert_string_equal (answer_header (&plain, "Vary"), "Accept-Encoding");
      assert_int_equal (packed.status, 200);
      assert_string_equal (answer_header (&packed, "Content-Encoding"), "gzip");
      assert_true (packed.n_body < plain.n_body);
      assert_true (unpacks_to (&packed, &plain));
      answer_free (&plain);
      answer_free (&packed);
    }
}

static void
plain_when_not_taken (void **state)
{
  static const char *const headers[]
      = { "Accept-Encoding: gzip;q=0\r\n", "Accept-Encoding: br, gzip; q= 0.000, deflate\r\n",
          "Accept-Encoding: gzipped, x-gzip\r\n", "Accept-Encoding: \r\n",
          "Accept-Encoding: ,;,;q=1\r\n" };
  (void)state;
  for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
    {
      struct answer answer = ask_as_owner (&server, "GET", "/static/style.css", headers[i], NULL);
      assert_int_equal (answer.status, 200);
      assert_null (answer_header (&answer, "Content-Encoding"));
      answer_free (&answer);
    }
}

/* --- bodies --- */

static void
r_forms_with_odd_bytes (void **state)
{
  static const char head[] = "POST /api/snapshot HTTP/1.1\r\nHost: localhost:%d\r\n"
                             "Authorization: Bearer %s\r\nX-Gcglass: 1\r\n"
                             "Content-Type: %s\r\nContent-Length: %d\r\n\r\n";
  static const struct
  {
    const char *type, *body;
    int bytes, status;
  } rows[] = {
    { "application/x-www-form-urlencoded", "a=b\0c=d", 7, 400 },
    { "application/x-www-form-urlencoded", "description=x%00y", 17, 400 },
    { "application/x-www-form-urlencoded; charset=utf-8", "description=x", 13, 409 },
    { "application/json", "{\"description\":\"x\"}", 19, 409 },
    { "application/json", "{\"description\":3}", 17, 400 },
    { "application/json", "{\"description\":\"a\",\"description\":\"b\"}", 37, 400 },
    { "application/json", "[[[[[[[[[[[[[[[[[[[[", 20, 400 },
    { "multipart/form-data; boundary=x", "--x--\r\n", 7, 415 },
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    {
      char text[1024];
      int n = snprintf (text, sizeof text, head, server.port, server.token, rows[i].type,
                        rows[i].bytes);
      memcpy (text + n, rows[i].body, (size_t)rows[i].bytes);
      struct answer answer = ask_raw (server.port, text, (size_t)(n + rows[i].bytes));
      if (answer.status != rows[i].status)
        fail_msg ("%s %s gave %d", rows[i].type, rows[i].body, answer.status);
      answer_free (&answer);
    }
}

static void
head_is_get_without_the_body (void **state)
{
  (void)state;
  struct answer answer = ask_as_owner (&server, "HEAD", "/api/frame", NULL, NULL);
  assert_int_equal (answer.status, 200);
  assert_int_equal (answer.n_body, 0);
  assert_true (atoi (answer_header (&answer, "Content-Length")) > 100);
  answer_free (&answer);
}

/* --- the index --- */

/* The address of an object of the snapshot that is shown. */
static void
some_address (char address[32])
{
  struct answer answer = ask_as_owner (&server, "GET", "/api/objects?limit=1", NULL, NULL);
  json_t *json = json_loadb (answer.body, answer.n_body, 0, NULL);
  json_t *row = json_array_get (json_object_get (json, "rows"), 0);
  snprintf (address, 32, "%s", json_string_value (json_object_get (row, "address")));
  json_decref (json);
  answer_free (&answer);
}

static void
index_is_the_table (void **state)
{
  size_t i;
  json_t *route;
  char address[32];
  (void)state;
  some_address (address);
  struct answer answer = ask_as_owner (&server, "GET", "/api/", NULL, NULL);
  json_t *json = json_loadb (answer.body, answer.n_body, 0, NULL);
  json_t *routes = json_object_get (json, "routes");
  assert_true (json_array_size (routes) > 15);
  json_array_foreach (routes, i, route)
  {
    const char *method = json_string_value (json_object_get (route, "method"));
    const char *path = json_string_value (json_object_get (route, "path"));
    char actual[128];
    assert_non_null (method);
    assert_non_null (path);
    assert_true (strlen (json_string_value (json_object_get (route, "summary"))) > 5);
    const char *brace = strchr (path, '{');
    if (brace == NULL)
      strcpy (actual, path);
    else
      sprintf (actual, "%.*s%s%s", (int)(brace - path), path,
               strstr (path, "threads") != NULL       ? "4711" /* of tests/heap.c */
               : strncmp (brace, "{N}", 3) == 0       ? "1"
               : strncmp (brace, "{ADDRESS}", 9) == 0 ? address
               : strstr (path, "tracker") != NULL     ? "struct%20node"
                                                      : "style.css",
               strchr (brace, '}') + 1);
    int status = status_of (&server, actual);
    /* A picture may lack its renderer here; the rest answers. */
    if (strcmp (method, "POST") == 0)
      assert_int_equal (status, 405);
    else if (strstr (path, "graph.") == NULL)
      assert_int_equal (status, 200);
    else
      assert_true (status == 200 || status == 503);
  }
  json_decref (json);
  answer_free (&answer);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    { "X7 every kind of answer has the headers", x_headers, NULL, NULL, NULL },
    { "X1 names are escaped in JSON and SVG", x_names_are_escaped, NULL, NULL, NULL },
    cmocka_unit_test (packed_when_taken),
    cmocka_unit_test (plain_when_not_taken),
    { "R2 forms with odd bytes", r_forms_with_odd_bytes, NULL, NULL, NULL },
    cmocka_unit_test (head_is_get_without_the_body),
    cmocka_unit_test (index_is_the_table),
  };
  return cmocka_run_group_tests (tests, start, stop);
}
