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
  await_snapshot (&server);
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

/* A HEAD request or a prefetch spends nothing and gets nothing. */
static void
a_look_does_not_spend (void **state)
{
  const char *arguments[] = { "view", "--port", "0", test_snapshot (4), NULL };
  struct server other;
  char path[256];
  (void)state;
  server_start (&other, arguments);
  for (int i = 0; i < 3; i++)
    {
      struct answer answer
          = ask (other.port, "HEAD /?token=%s HTTP/1.1\r\nHost: localhost:%d\r\n\r\n", other.token,
                 other.port);
      assert_int_equal (answer.status, 302);
      assert_null (answer_header (&answer, "Set-Cookie"));
      answer_free (&answer);
      answer = ask (other.port,
                    "GET /?token=%s HTTP/1.1\r\nHost: localhost:%d\r\n"
                    "Sec-Purpose: prefetch;prerender\r\n\r\n",
                    other.token, other.port);
      assert_int_equal (answer.status, 503);
      assert_null (answer_header (&answer, "Set-Cookie"));
      answer_free (&answer);
    }
  struct answer answer = ask (other.port, "GET /?token=%s HTTP/1.1\r\nHost: localhost:%d\r\n\r\n",
                              other.token, other.port);
  assert_int_equal (answer.status, 302);
  assert_non_null (answer_header (&answer, "Set-Cookie"));
  answer_free (&answer);
  /* Nor does it make a new one. */
  answer = ask (other.port, "HEAD /?token=%s HTTP/1.1\r\nHost: localhost:%d\r\n\r\n", other.token,
                other.port);
  assert_int_equal (answer.status, 401);
  answer_free (&answer);
  answer = ask (other.port, "GET /?token=%s HTTP/1.1\r\nHost: localhost:%d\r\n\r\n", other.token,
                other.port);
  assert_int_equal (answer.status, 401);
  /* Where the new one is, and what it is good for. */
  assert_non_null (strstr (answer.body, "standard error"));
  assert_non_null (strstr (answer.body, "terminal"));
  assert_non_null (strstr (answer.body, "Bearer"));
  answer_free (&answer);
  assert_true (server_says (&other, "a new one: http://", 10));
  assert_true (server_says (&other, "\n", 10));
  const char *first = strstr (other.said, "a new one: http://");
  assert_null (strstr (first + 1, "a new one: http://"));
  const char *token = strstr (first, "token=") + strlen ("token=");
  int n = (int)strcspn (token, "\n");
  for (int i = 0; i < 2; i++)
    {
      answer = ask (other.port,
                    "GET /api/frame HTTP/1.1\r\nHost: localhost:%d\r\n"
                    "Authorization: Bearer %.*s\r\n\r\n",
                    other.port, n, token);
      assert_int_equal (answer.status, 200);
      answer_free (&answer);
      snprintf (path, sizeof path, "/?token=%.*s", n, token);
      answer = ask (other.port, "GET %s HTTP/1.1\r\nHost: localhost:%d\r\n\r\n", path, other.port);
      assert_int_equal (answer.status, i == 0 ? 302 : 401);
      answer_free (&answer);
    }
  server_end (&other, SIGTERM);
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
                                       "/garbage/1/graph.svg",
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
  /* It was said once, in the address. */
  const char *said = strstr (server.said, server.token);
  assert_non_null (said);
  assert_null (strstr (said + 1, server.token));
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

/* The token in a file: it is in no argument list at any time. */
static void
a_token_file (void **state)
{
  static const struct
  {
    const char *content, *token;
  } rows[] = { { "from-a-file\n", "from-a-file" },
               { "from-a-file", "from-a-file" },
               { "from-a-file\r\nmore\n", "from-a-file" } };
  char file[] = "/tmp/gcglass-token-XXXXXX";
  int fd = mkstemp (file);
  (void)state;
  assert_true (fd >= 0);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    {
      const char *arguments[]
          = { "view", "--port", "0", "--token-file", file, test_snapshot (4), NULL };
      struct server other;
      assert_int_equal (ftruncate (fd, 0), 0);
      assert_int_equal (pwrite (fd, rows[i].content, strlen (rows[i].content), 0),
                        strlen (rows[i].content));
      server_start (&other, arguments);
      assert_string_equal (other.token, rows[i].token);
      for (int times = 0; times < 2; times++)
        {
          struct answer answer
              = ask (other.port, "GET /?token=%s HTTP/1.1\r\nHost: localhost:%d\r\n\r\n",
                     other.token, other.port);
          assert_int_equal (answer.status, 302);
          answer_free (&answer);
        }
      server_end (&other, SIGTERM);
    }
  close (fd);
  unlink (file);
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

int
main (void)
{
  const struct CMUnitTest tests[] = {
    { "A5 the URL gives a cookie, A6 and works once", a_one_shot_url, NULL, NULL, NULL },
    { "A5 a look spends nothing, A6 and says where the new one is", a_look_does_not_spend, NULL,
      NULL, NULL },
    { "A5 a link from elsewhere", a_link_from_elsewhere, NULL, NULL, NULL },
    { "A7 the token stands nowhere", a_token_stands_nowhere, NULL, NULL, NULL },
    { "A4 a token of one's own", a_own_token, NULL, NULL, NULL },
    { "A4 a token from a file", a_token_file, NULL, NULL, NULL },
    { "A1 no token is asked for, the rest is", a_token_off, NULL, NULL, NULL },
    { "P1 nobody else is localhost", a_nobody_else_is_localhost, NULL, NULL, NULL },
    { "C1 a refresh goes back to a page of ours", c_refresh_goes_back, NULL, NULL, NULL },
  };
  return cmocka_run_group_tests (tests, start, stop);
}
