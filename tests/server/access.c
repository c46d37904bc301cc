/* access.c -- who gets what from the server: names of the host, tokens, other sites, methods.
 *
 * One gcglass view is asked by sockets, byte for byte.  The letters before the names of the tests
 * are those of the checklist in doc/design/server.md.
 */
#include "config.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/server/client.h"

static struct server server;

static int
start (void **state)
{
  const char *arguments[] = { "view", "--port", "0", test_snapshot (40), NULL };
  (void)state;
  server_start (&server, arguments);
  /* The first snapshot is analysed in the background. */
  for (int i = 0; i < 500; i++)
    {
      struct answer answer = ask_as_owner (&server, "GET", "/api/frame", NULL, NULL);
      bool ready = answer.status == 200 && strstr (answer.body, "\"waiting\":null") != NULL;
      answer_free (&answer);
      if (ready)
        return 0;
      usleep (20000);
    }
  return -1;
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

/* --- H: the Host line --- */

static int
status_with_host (const char *lines)
{
  struct answer answer
      = ask (server.port, "GET /api/frame HTTP/1.1\r\n%sAuthorization: Bearer %s\r\n\r\n", lines,
             server.token);
  int status = answer.status;
  /* Nothing of the program may be in a refusal. */
  if (status != 200)
    assert_false (holds (&answer, "\"frame\""));
  answer_free (&answer);
  return status;
}

static void
h_hosts (void **state)
{
  static const struct
  {
    const char *format; /* of the port */
    int status;
  } rows[] = {
    { "Host: 127.0.0.1:%d\r\n", 200 },
    { "Host: localhost:%d\r\n", 200 },
    { "Host: LocalHost:%d\r\n", 200 },
    { "Host: [::1]:%d\r\n", 200 },
    { "Host: evil.example\r\n", 403 },
    { "Host: evil.example:%d\r\n", 403 },
    { "Host: localhost.evil:%d\r\n", 403 },
    { "Host: localhost.:%d\r\n", 403 },
    { "Host: 127.0.0.1.nip.io:%d\r\n", 403 },
    { "Host: localhost6:%d\r\n", 403 },
    { "Host: 10.0.0.1:%d\r\n", 403 },
    { "Host: localhost\r\n", 403 },
    { "Host: localhost:%d1\r\n", 403 },
    { "Host: localhost:0%d\r\n", 403 },
    { "Host: localhost:%d@evil\r\n", 403 },
    { "", 400 },
    { "Host: localhost:%d\r\nHost: evil.example\r\n", 400 },
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    {
      char lines[256];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
      snprintf (lines, sizeof lines, rows[i].format, server.port);
#pragma GCC diagnostic pop
      int status = status_with_host (lines);
      if (status != rows[i].status)
        fail_msg ("%s gave %d, not %d", rows[i].format, status, rows[i].status);
    }
  char other[64];
  snprintf (other, sizeof other, "Host: 127.0.0.1:%d\r\n", server.port + 1);
  assert_int_equal (status_with_host (other), 403);
}

static void
h_absolute_uri_and_old_protocol (void **state)
{
  (void)state;
  struct answer answer = ask (
      server.port, "GET http://evil.example/api/frame HTTP/1.1\r\nHost: localhost:%d\r\n\r\n",
      server.port);
  assert_int_not_equal (answer.status, 200);
  answer_free (&answer);
  answer = ask (server.port, "GET /api/frame HTTP/1.0\r\n\r\n");
  assert_int_equal (answer.status, 400);
  answer_free (&answer);
}

/* --- A: the token --- */

static int
status_with (const char *path, const char *lines)
{
  struct answer answer = ask (server.port, "GET %s HTTP/1.1\r\nHost: localhost:%d\r\n%s\r\n", path,
                              server.port, lines);
  int status = answer.status;
  answer_free (&answer);
  return status;
}

static void
a_bearer (void **state)
{
  char line[256];
  size_t n = strlen (server.token);
  (void)state;
  assert_true (n >= 32);
  assert_int_equal (status_with ("/", ""), 401);
  assert_int_equal (status_with ("/api/frame", ""), 401);
  assert_int_equal (status_with ("/no/such/page", ""), 401);
  assert_int_equal (status_with ("/api/frame", "Authorization: Bearer \r\n"), 401);
  assert_int_equal (status_with ("/api/frame", "Authorization: Bearer wrong\r\n"), 401);
  snprintf (line, sizeof line, "Authorization: Bearer %s\r\n", server.token);
  assert_int_equal (status_with ("/api/frame", line), 200);
  snprintf (line, sizeof line, "Authorization: Basic %s\r\n", server.token);
  assert_int_equal (status_with ("/api/frame", line), 401);
  snprintf (line, sizeof line, "Authorization: Bearer %sx\r\n", server.token);
  assert_int_equal (status_with ("/api/frame", line), 401);
  snprintf (line, sizeof line, "Authorization: Bearer %.*s%c\r\n", (int)n - 1, server.token,
            server.token[n - 1] == '0' ? '1' : '0');
  assert_int_equal (status_with ("/api/frame", line), 401);
  snprintf (line, sizeof line, "Cookie: gcglass-%d=%s\r\n", server.port, server.token);
  assert_int_equal (status_with ("/api/frame", line), 401);
  /* A token in the address is for a person's first look, not for programs. */
  snprintf (line, sizeof line, "/api/frame?token=%s", server.token);
  assert_int_equal (status_with (line, ""), 401);
}

static void
a_static_files_need_no_token (void **state)
{
  (void)state;
  assert_int_equal (status_with ("/static/style.css", ""), 200);
  assert_int_equal (status_with ("/static/overview.html", ""), 404);
  assert_int_equal (status_with ("/static/none.css", ""), 404);
}

/* The URL works once and gives a cookie; opening it again makes a new one, which is said where the
   first one was. */
static void
a_one_shot_url (void **state)
{
  char path[256], cookie[512];
  (void)state;
  snprintf (path, sizeof path, "/garbage?token=%s", server.token);
  struct answer answer
      = ask (server.port, "GET %s HTTP/1.1\r\nHost: localhost:%d\r\n\r\n", path, server.port);
  assert_int_equal (answer.status, 302);
  assert_string_equal (answer_header (&answer, "Location"), "/garbage");
  const char *set = answer_header (&answer, "Set-Cookie");
  assert_non_null (set);
  assert_non_null (strstr (set, "; HttpOnly"));
  assert_non_null (strstr (set, "; SameSite=Strict"));
  assert_non_null (strstr (set, "; Path=/"));
  assert_null (strstr (set, server.token));
  snprintf (cookie, sizeof cookie, "Cookie: theme=dark; %.*s; x=y\r\n", (int)strcspn (set, ";"),
            set);
  answer_free (&answer);
  assert_int_equal (status_with ("/api/frame", cookie), 200);
  assert_int_equal (status_with ("/garbage", cookie), 200);
  /* The same browser may follow its bookmark. */
  assert_int_equal (status_with (path, cookie), 302);
  assert_int_equal (status_with (path, ""), 401);
  assert_true (server_says (&server, "a new one: http://", 10));
  assert_true (server_says (&server, "\n", 10));
  const char *fresh = strstr (strstr (server.said, "a new one: http://"), "token=");
  assert_non_null (fresh);
  snprintf (path, sizeof path, "/?%.*s", (int)strcspn (fresh, "\n"), fresh);
  assert_int_equal (status_with ("/?token=wrongwrongwrong", ""), 401);
  assert_int_equal (status_with (path, ""), 302);
  assert_int_equal (status_with (path, ""), 401);
  /* The first token goes on working for programs. */
  assert_int_equal (status_of (&server, "/api/frame"), 200);
}

/* A Strict cookie does not come along when a file or another site led here: then a page leads on.
 */
static void
a_link_from_elsewhere (void **state)
{
  const char *arguments[] = { "view", "--port", "0", test_snapshot (4), NULL };
  struct server other;
  (void)state;
  server_start (&other, arguments);
  struct answer answer
      = ask (other.port,
             "GET /?token=%s HTTP/1.1\r\nHost: localhost:%d\r\nSec-Fetch-Site: cross-site\r\n"
             "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n\r\n",
             other.token, other.port);
  assert_int_equal (answer.status, 200);
  assert_non_null (answer_header (&answer, "Set-Cookie"));
  assert_non_null (strstr (answer.body, "http-equiv=\"refresh\""));
  assert_null (strstr (answer.body, other.token));
  answer_free (&answer);
  server_end (&other, SIGTERM);
}

static void
a_token_stands_nowhere (void **state)
{
  static const char *const paths[] = { "/",
                                       "/types",
                                       "/garbage",
                                       "/garbage/1",
                                       "/help",
                                       "/api/overview",
                                       "/api/",
                                       "/garbage/1/graph.dot",
                                       "/static/api.js",
                                       "/nope" };
  char path[64], text[8192] = "";
  (void)state;
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
    {
      struct answer answer = ask_as_owner (&server, "GET", paths[i], NULL, NULL);
      assert_int_not_equal (answer.status, 0);
      assert_false (holds (&answer, server.token));
      answer_free (&answer);
    }
  snprintf (path, sizeof path, "/proc/%d/cmdline", (int)server.pid);
  FILE *file = fopen (path, "r");
  assert_non_null (file);
  size_t n = fread (text, 1, sizeof text, file);
  fclose (file);
  assert_true (n > 0);
  assert_null (memmem (text, n, server.token, strlen (server.token)));
}

static void
a_own_token (void **state)
{
  const char *arguments[]
      = { "view", "--port", "0", "--token", "my-own-token.1", test_snapshot (4), NULL };
  char path[64], text[8192] = "";
  struct server other;
  (void)state;
  server_start (&other, arguments);
  assert_string_equal (other.token, "my-own-token.1");
  for (int i = 0; i < 3; i++)
    {
      struct answer answer
          = ask (other.port, "GET /?token=%s HTTP/1.1\r\nHost: localhost:%d\r\n\r\n", other.token,
                 other.port);
      assert_int_equal (answer.status, 302);
      answer_free (&answer);
    }
  snprintf (path, sizeof path, "/proc/%d/cmdline", (int)other.pid);
  FILE *file = fopen (path, "r");
  assert_non_null (file);
  size_t n = fread (text, 1, sizeof text, file);
  fclose (file);
  assert_non_null (memmem (text, n, "--token", 7));
  assert_null (memmem (text, n, other.token, strlen (other.token)));
  server_end (&other, SIGTERM);
}

static void
a_token_off (void **state)
{
  const char *arguments[] = { "view", "--port", "0", "--token", "off", test_snapshot (4), NULL };
  struct server other;
  (void)state;
  server_start (&other, arguments);
  assert_string_equal (other.token, "");
  struct answer answer
      = ask (other.port, "GET /api/frame HTTP/1.1\r\nHost: localhost:%d\r\n\r\n", other.port);
  assert_int_equal (answer.status, 200);
  answer_free (&answer);
  /* The rest of the checks stands. */
  answer = ask (other.port, "GET /api/frame HTTP/1.1\r\nHost: evil.example:%d\r\n\r\n", other.port);
  assert_int_equal (answer.status, 403);
  answer_free (&answer);
  answer
      = ask (other.port,
             "GET /api/frame HTTP/1.1\r\nHost: localhost:%d\r\nSec-Fetch-Site: same-site\r\n\r\n",
             other.port);
  assert_int_equal (answer.status, 403);
  answer_free (&answer);
  server_end (&other, SIGTERM);
}

/* Who asks for localhost may be led to ::1 first: nobody else can answer there, and where somebody
   does already, the URL does not say localhost. */
static void
a_nobody_else_is_localhost (void **state)
{
  struct sockaddr_in6 address = { .sin6_family = AF_INET6,
                                  .sin6_addr = IN6ADDR_LOOPBACK_INIT,
                                  .sin6_port = htons ((uint16_t)server.port) };
  socklen_t n = sizeof address;
  char port[16];
  struct server other;
  int fd = socket (AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  (void)state;
  if (fd < 0)
    skip ();
  setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind (fd, (struct sockaddr *)&address, n) == 0)
    fail_msg ("[::1]:%d was free", server.port);
  if (errno != EADDRINUSE)
    skip ();
  assert_int_not_equal (connect (fd, (struct sockaddr *)&address, n), 0);
  address.sin6_port = 0;
  assert_int_equal (bind (fd, (struct sockaddr *)&address, n), 0);
  assert_int_equal (listen (fd, 1), 0);
  assert_int_equal (getsockname (fd, (struct sockaddr *)&address, &n), 0);
  snprintf (port, sizeof port, "%d", ntohs (address.sin6_port));
  const char *arguments[] = { "view", "--port", port, test_snapshot (4), NULL };
  server_start (&other, arguments);
  assert_non_null (strstr (other.said, "http://127.0.0.1:"));
  server_end (&other, SIGTERM);
  close (fd);
}

/* --- C: other sites, methods --- */

static int
post (const char *path, const char *lines, const char *body)
{
  struct answer answer = ask_as_owner (&server, "POST", path, lines, body);
  int status = answer.status;
  answer_free (&answer);
  return status;
}

static void
c_posts (void **state)
{
  char origin[128];
  (void)state;
  snprintf (origin, sizeof origin, "Origin: http://localhost:%d\r\n", server.port);
  assert_int_equal (post ("/api/snapshot", "", ""), 403);
  assert_int_equal (post ("/api/snapshot", origin, ""), 403);
  assert_int_equal (post ("/api/snapshot", "X-Gcglass: 1\r\nOrigin: http://evil.example\r\n", ""),
                    403);
  assert_int_equal (post ("/api/snapshot", "X-Gcglass: 1\r\nOrigin: null\r\n", ""), 403);
  assert_int_equal (post ("/api/snapshot", "X-Gcglass: 1\r\nSec-Fetch-Site: cross-site\r\n", ""),
                    403);
  assert_int_equal (post ("/api/snapshot", "X-Gcglass: 1\r\nSec-Fetch-Site: same-site\r\n", ""),
                    403);
  /* Right, but files cannot be asked. */
  assert_int_equal (post ("/api/snapshot", "X-Gcglass: 1\r\n", ""), 409);
  assert_int_equal (post ("/api/stop", "X-Gcglass: 1\r\n", ""), 409);
  assert_int_equal (post ("/refresh", "", ""), 403);
  assert_int_equal (post ("/refresh", "Origin: http://evil.example\r\n", ""), 403);
  assert_int_equal (post ("/refresh", origin, ""), 303);
  assert_int_equal (post ("/refresh", "Sec-Fetch-Site: same-origin\r\n", ""), 303);
}

static void
c_refresh_goes_back (void **state)
{
  static const struct
  {
    const char *body;
    int status;
    const char *location;
  } rows[] = { { "back=%2Fgarbage%3Fsort%3Dbytes", 303, "/garbage?sort=bytes" },
               { "", 303, "/" },
               { "back=http%3A%2F%2Fevil.example", 400, NULL },
               { "back=%2F%2Fevil.example", 400, NULL },
               { "back=%2F%5Cevil.example", 400, NULL },
               { "back=%2F%0D%0ASet-Cookie%3A+a%3Db", 400, NULL },
               { "back=%2F&back=%2F", 400, NULL } };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    {
      struct answer answer = ask_as_owner (
          &server, "POST", "/refresh",
          "X-Gcglass: 1\r\nContent-Type: application/x-www-form-urlencoded\r\n", rows[i].body);
      assert_int_equal (answer.status, rows[i].status);
      if (rows[i].location != NULL)
        assert_string_equal (answer_header (&answer, "Location"), rows[i].location);
      else
        assert_null (answer_header (&answer, "Location"));
      answer_free (&answer);
    }
}

static void
c_methods (void **state)
{
  static const char *const changing[] = { "/refresh", "/api/snapshot", "/api/stop" };
  static const char *const methods[] = { "PUT", "DELETE", "PROPFIND", "OPTIONS", "PATCH" };
  (void)state;
  for (size_t i = 0; i < sizeof changing / sizeof changing[0]; i++)
    {
      struct answer answer = ask_as_owner (&server, "GET", changing[i], NULL, NULL);
      assert_int_equal (answer.status, 405);
      assert_string_equal (answer_header (&answer, "Allow"), "POST");
      answer_free (&answer);
    }
  for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
    {
      struct answer answer = ask_as_owner (&server, methods[i], "/garbage", "X-Gcglass: 1\r\n", "");
      assert_int_equal (answer.status, 405);
      assert_string_equal (answer_header (&answer, "Allow"), "GET, HEAD");
      answer_free (&answer);
    }
  struct answer answer = ask_as_owner (&server, "TRACE", "/garbage", "X-Secret: 1\r\n", NULL);
  assert_true (answer.status == 405 || answer.status == 400 || answer.status == 501);
  assert_false (holds (&answer, "X-Secret"));
  answer_free (&answer);
  answer = ask_as_owner (&server, "CONNECT", "/", NULL, NULL);
  assert_int_not_equal (answer.status, 200);
  answer_free (&answer);
  answer = ask_as_owner (&server, "HEAD", "/api/frame", NULL, NULL);
  assert_int_equal (answer.status, 200);
  assert_int_equal (answer.n_body, 0);
  assert_true (atoi (answer_header (&answer, "Content-Length")) > 100);
  answer_free (&answer);
}

static void
c_other_origins_read_nothing (void **state)
{
  (void)state;
  struct answer answer
      = ask (server.port,
             "OPTIONS /api/frame HTTP/1.1\r\nHost: localhost:%d\r\nOrigin: http://evil.example\r\n"
             "Access-Control-Request-Method: GET\r\n"
             "Access-Control-Request-Headers: authorization\r\n\r\n",
             server.port);
  assert_int_equal (answer.status, 403);
  assert_false (holds (&answer, "Access-Control-Allow"));
  answer_free (&answer);
  answer = ask_as_owner (&server, "GET", "/api/frame", "Origin: http://evil.example\r\n", NULL);
  assert_int_equal (answer.status, 403);
  assert_false (holds (&answer, "Access-Control-Allow"));
  answer_free (&answer);
  answer = ask_as_owner (&server, "GET", "/api/frame", "Sec-Fetch-Site: cross-site\r\n", NULL);
  assert_int_equal (answer.status, 403);
  answer_free (&answer);
  /* Embedded in another page: not even with the mode of a link. */
  answer = ask_as_owner (&server, "GET", "/garbage",
                         "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"
                         "Sec-Fetch-Dest: iframe\r\n",
                         NULL);
  assert_int_equal (answer.status, 403);
  answer_free (&answer);
  answer = ask_as_owner (
      &server, "GET", "/garbage",
      "Connection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
      NULL);
  assert_int_not_equal (answer.status, 101);
  answer_free (&answer);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (h_hosts),
    cmocka_unit_test (h_absolute_uri_and_old_protocol),
    cmocka_unit_test (a_bearer),
    cmocka_unit_test (a_static_files_need_no_token),
    cmocka_unit_test (a_one_shot_url),
    cmocka_unit_test (a_link_from_elsewhere),
    cmocka_unit_test (a_token_stands_nowhere),
    cmocka_unit_test (a_own_token),
    cmocka_unit_test (a_token_off),
    cmocka_unit_test (a_nobody_else_is_localhost),
    cmocka_unit_test (c_posts),
    cmocka_unit_test (c_refresh_goes_back),
    cmocka_unit_test (c_methods),
    cmocka_unit_test (c_other_origins_read_nothing),
  };
  return cmocka_run_group_tests (tests, start, stop);
}
