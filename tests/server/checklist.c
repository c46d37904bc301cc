/* checklist.c -- the checklist of doc/design/server.md, as far as a row is one request and its
 * answer: each row is a test, named by the id there.
 *
 * One gcglass view is asked by sockets, byte for byte.  Whatever the answer is, it carries the
 * headers of X7, lets no other site read it, gives away no file and no cookie, and below /api/ it
 * is JSON.
 */
#include "config.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <jansson.h>

#include "tests/server/client.h"

static struct server server;

/* In a request, @P is the port, @Q the next one, @T the token, @W one that differs in the last
   character, and @B the lines Host and Authorization as they should be. */
struct row
{
  const char *name;
  const char *request;
  int status[4];        /* any of these; CLOSED: no answer at all */
  const char *contains; /* in the answer; NULL: anything */
};
#define CLOSED (-1)

#define GET(path)         "GET " path " HTTP/1.1\r\n@B\r\n"
#define GET_WITH(lines)   "GET /api/frame HTTP/1.1\r\n" lines "\r\n"
#define HOST(host)        "GET /api/frame HTTP/1.1\r\nHost: " host "\r\nAuthorization: Bearer @T\r\n\r\n"
#define TOKEN(line)       "GET /api/frame HTTP/1.1\r\nHost: localhost:@P\r\n" line "\r\n"
#define POST(path, more)  "POST " path " HTTP/1.1\r\n@B" more "Content-Length: 0\r\n\r\n"
#define BODY(lines, body) "POST /api/snapshot HTTP/1.1\r\n@BX-Gcglass: 1\r\n" lines "\r\n" body
#define METHOD(method)    method " /garbage HTTP/1.1\r\n@BX-Gcglass: 1\r\nContent-Length: 0\r\n\r\n"

static const struct row hosts[] = {
  { "H1 Host 127.0.0.1", HOST ("127.0.0.1:@P"), { 200 }, NULL },
  { "H2 Host localhost", HOST ("localhost:@P"), { 200 }, NULL },
  { "H2 Host in other letters", HOST ("LocalHost:@P"), { 200 }, NULL },
  { "H3 Host [::1]", HOST ("[::1]:@P"), { 200 }, NULL },
  { "H4 Host evil.example", HOST ("evil.example"), { 403 }, NULL },
  { "H5 Host evil.example with our port", HOST ("evil.example:@P"), { 403 }, NULL },
  { "H6 Host localhost.evil", HOST ("localhost.evil:@P"), { 403 }, NULL },
  { "H6 Host localhost with a dot", HOST ("localhost.:@P"), { 403 }, NULL },
  { "H7 Host 127.0.0.1.nip.io", HOST ("127.0.0.1.nip.io:@P"), { 403 }, NULL },
  { "H8 Host localhost6", HOST ("localhost6:@P"), { 403 }, NULL },
  { "H9 Host 10.0.0.1", HOST ("10.0.0.1:@P"), { 403 }, NULL },
  { "H10 Host with another port", HOST ("127.0.0.1:@Q"), { 403 }, NULL },
  { "H10 Host without a port", HOST ("localhost"), { 403 }, NULL },
  { "H10 Host with more than a port", HOST ("localhost:@P1"), { 403 }, NULL },
  { "H10 Host with the port in another way", HOST ("localhost:0@P"), { 403 }, NULL },
  { "H10 Host with a user", HOST ("localhost:@P@evil"), { 403 }, NULL },
  { "H11 no Host", GET_WITH ("Authorization: Bearer @T\r\n"), { 400 }, NULL },
  { "H12 two Hosts", GET_WITH ("@BHost: evil.example\r\n"), { 400 }, NULL },
  { "H12 the same Host twice", GET_WITH ("@BHost: localhost:@P\r\n"), { 400 }, NULL },
  { "H13 HTTP/1.0 without Host",
    "GET /api/frame HTTP/1.0\r\nAuthorization: Bearer @T\r\n\r\n",
    { 400 },
    NULL },
  { "H14 absolute URI", GET ("http://evil.example/api/frame"), { 400 }, NULL },
  { "H14 absolute URI, the root", GET ("http://evil/"), { 400 }, NULL },
  { "H14 absolute URI with a port", GET ("http://evil:@P/"), { 400 }, NULL },
  { "H14 absolute URI of another scheme", GET ("https://localhost:@P/"), { 400 }, NULL },
  { "H14 absolute URI without a path", GET ("http://evil.example"), { 400 }, NULL },
  { "H14 absolute URI of ours", GET ("http://localhost:@P/api/frame"), { 400 }, NULL },
  { "H14 an asterisk", GET ("*"), { 400 }, NULL },
  { "H14 no address", GET (""), { 400 }, NULL },
  { "H14 not an address", GET ("evil.example:80"), { 400 }, NULL },
};

static const struct row tokens[] = {
  { "A1 no token", TOKEN (""), { 401 }, NULL },
  { "A1 no token, a page that is not there",
    "GET /no/such HTTP/1.1\r\nHost: localhost:@P\r\n\r\n",
    { 401 },
    NULL },
  { "A1 an empty token", TOKEN ("Authorization: Bearer \r\n"), { 401 }, NULL },
  { "A2 a wrong token", TOKEN ("Authorization: Bearer wrong\r\n"), { 401 }, NULL },
  { "A2 the token as a password", TOKEN ("Authorization: Basic @T\r\n"), { 401 }, NULL },
  { "A2 the token as the cookie", TOKEN ("Cookie: gcglass-@P=@T\r\n"), { 401 }, NULL },
  { "A2 the token in the address of JSON",
    "GET /api/frame?token=@T HTTP/1.1\r\nHost: localhost:@P\r\n\r\n",
    { 401 },
    NULL },
  { "A3 one character off", TOKEN ("Authorization: Bearer @W\r\n"), { 401 }, NULL },
  { "A3 one character more", TOKEN ("Authorization: Bearer @Tx\r\n"), { 401 }, NULL },
  { "A4 Authorization: Bearer", TOKEN ("Authorization: Bearer @T\r\n"), { 200 }, "\"frame\"" },
  { "A4 static files need none",
    "GET /static/style.css HTTP/1.1\r\nHost: localhost:@P\r\n\r\n",
    { 200 },
    NULL },
};

static const struct row sites[] = {
  { "C1 POST without X-Gcglass", POST ("/api/snapshot", ""), { 403 }, NULL },
  { "C1 POST with our Origin only",
    POST ("/api/snapshot", "Origin: http://localhost:@P\r\n"),
    { 403 },
    NULL },
  { "C1 POST of a form from nowhere", POST ("/refresh", ""), { 403 }, NULL },
  { "C1 POST of a form from our page",
    POST ("/refresh", "Origin: http://localhost:@P\r\n"),
    { 303 },
    NULL },
  { "C1 POST of a form, same-origin",
    POST ("/refresh", "Sec-Fetch-Site: same-origin\r\n"),
    { 303 },
    NULL },
  { "C1 POST with X-Gcglass", POST ("/api/snapshot", "X-Gcglass: 1\r\n"), { 409 }, NULL },
  { "C2 POST, Origin evil",
    POST ("/api/snapshot", "X-Gcglass: 1\r\nOrigin: http://evil.example\r\n"),
    { 403 },
    NULL },
  { "C2 POST, Origin null",
    POST ("/api/snapshot", "X-Gcglass: 1\r\nOrigin: null\r\n"),
    { 403 },
    NULL },
  { "C2 POST, Origin https",
    POST ("/api/snapshot", "X-Gcglass: 1\r\nOrigin: https://localhost:@P\r\n"),
    { 403 },
    NULL },
  { "C2 POST, two Origins",
    POST ("/api/snapshot", "X-Gcglass: 1\r\nOrigin: http://localhost:@P\r\n"
                           "Origin: http://evil.example\r\n"),
    { 403 },
    NULL },
  { "C2 POST of a form, Origin evil",
    POST ("/refresh", "Origin: http://evil.example\r\n"),
    { 403 },
    NULL },
  { "C3 POST, cross-site",
    POST ("/api/snapshot", "X-Gcglass: 1\r\nSec-Fetch-Site: cross-site\r\n"),
    { 403 },
    NULL },
  { "C3 POST, same-site",
    POST ("/api/snapshot", "X-Gcglass: 1\r\nSec-Fetch-Site: same-site\r\n"),
    { 403 },
    NULL },
  { "C3 POST, by no page at all",
    POST ("/api/snapshot", "X-Gcglass: 1\r\nSec-Fetch-Site: none\r\n"),
    { 403 },
    NULL },
  { "C4 GET /refresh", GET ("/refresh"), { 405 }, "\r\nAllow: POST\r\n" },
  { "C4 GET /api/snapshot", GET ("/api/snapshot"), { 405 }, "\r\nAllow: POST\r\n" },
  { "C4 GET /api/sample", GET ("/api/sample"), { 405 }, "\r\nAllow: POST\r\n" },
  { "C4 GET /api/sampling", GET ("/api/sampling?every=1"), { 405 }, "\r\nAllow: POST\r\n" },
  { "C4 GET /api/stop", GET ("/api/stop"), { 405 }, "\r\nAllow: POST\r\n" },
  { "C5 preflight",
    "OPTIONS /api/frame HTTP/1.1\r\nHost: localhost:@P\r\nOrigin: http://evil.example\r\n"
    "Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: authorization\r\n\r\n",
    { 403 },
    NULL },
  { "C6 GET, Origin evil", GET_WITH ("@BOrigin: http://evil.example\r\n"), { 403 }, NULL },
  { "C6 GET, cross-site", GET_WITH ("@BSec-Fetch-Site: cross-site\r\n"), { 403 }, NULL },
  { "C6 GET by a frame of another site",
    "GET /garbage HTTP/1.1\r\n@BSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"
    "Sec-Fetch-Dest: iframe\r\n\r\n",
    { 403 },
    NULL },
  { "C6 websocket",
    "GET /garbage HTTP/1.1\r\n@BConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    { 200, 400 },
    NULL },
  { "C7 TRACE", "TRACE /garbage HTTP/1.1\r\n@BX-Secret: 1\r\n\r\n", { 405, 400, 501 }, NULL },
  { "C7 PUT", METHOD ("PUT"), { 405 }, "\r\nAllow: GET, HEAD\r\n" },
  { "C7 DELETE", METHOD ("DELETE"), { 405 }, "\r\nAllow: GET, HEAD\r\n" },
  { "C7 PATCH", METHOD ("PATCH"), { 405 }, "\r\nAllow: GET, HEAD\r\n" },
  { "C7 OPTIONS", METHOD ("OPTIONS"), { 405 }, "\r\nAllow: GET, HEAD\r\n" },
  { "C7 PROPFIND", METHOD ("PROPFIND"), { 405 }, "\r\nAllow: GET, HEAD\r\n" },
  { "C7 CONNECT", METHOD ("CONNECT"), { 405, 400, 501, CLOSED }, NULL },
  { "C7 no method at all", METHOD ("NONSENSE"), { 405, 400, 501 }, NULL },
};

static const struct row paths[] = {
  { "T1 ..", GET ("/static/../../etc/passwd"), { 400, 404 }, NULL },
  { "T1 .. in a page", GET ("/garbage/1/../2"), { 400, 404 }, NULL },
  { "T1 a dot", GET ("/static/."), { 400, 404 }, NULL },
  { "T1 a hidden file", GET ("/static/.hidden.css"), { 400, 404 }, NULL },
  { "T1 a file that is there, but not for this", GET ("/static/local.mk"), { 404 }, NULL },
  { "T1 a skeleton", GET ("/static/overview.html"), { 404 }, NULL },
  { "T1 the folder itself", GET ("/static/"), { 400, 404 }, NULL },
  { "T2 %2e%2e", GET ("/static/%2e%2e/%2e%2e/etc/passwd"), { 400, 404 }, NULL },
  { "T2 %2e", GET ("/static/style%2ecss"), { 400, 404 }, NULL },
  { "T3 ..%2f", GET ("/static/..%2f..%2fetc%2fpasswd"), { 400, 404 }, NULL },
  { "T3 %2f in the name of a type", GET ("/tracker/type/%2e%2e%2fetc%2fpasswd"), { 404 }, NULL },
  { "T1 .. after the name of a type", GET ("/tracker/type/x/../../process"), { 400, 404 }, NULL },
  { "T1 .. as the name of a type", GET ("/api/tracker/type/.."), { 400 }, NULL },
  { "T3 a type that is called like a file", GET ("/api/tracker/type/..%2Fx.c"), { 404 }, "type" },
  { "T4 %00", GET ("/static/style.css%00.html"), { 400, 404 }, NULL },
  { "T4 %00 in the name of a type", GET ("/api/tracker/type/a%00b"), { 400 }, NULL },
  { "T4 %0d%0a", GET ("/%0d%0aSet-Cookie:a=b"), { 400, 404 }, NULL },
  { "T5 backslash", GET ("/static/..\\..\\etc\\passwd"), { 400, 404 }, NULL },
  { "T6 // first", GET ("//static/style.css"), { 400, 404 }, NULL },
  { "T6 // within", GET ("/static//style.css"), { 400, 404 }, NULL },
  { "T7 snapshot ../x", GET ("/?snapshot=../x"), { 400 }, NULL },
  { "T7 snapshot an absolute path", GET ("/api/frame?snapshot=%2Fetc%2Fpasswd"), { 400 }, NULL },
  { "T7 snapshot NUL", GET ("/api/frame?snapshot=%00"), { 400 }, NULL },
  { "T7 snapshot 2^32", GET ("/api/frame?snapshot=4294967296"), { 400 }, NULL },
  { "T7 snapshot that is not there", GET ("/api/frame?snapshot=77"), { 404 }, NULL },
};

static const struct row sizes[] = {
  { "R2 body of 10 MiB", BODY ("Content-Length: 10485760\r\n", "x"), { 413 }, NULL },
  { "R2 body a byte too long", BODY ("Content-Length: 65537\r\n", "x"), { 413 }, NULL },
  { "R2 length -1", BODY ("Content-Length: -1\r\n", "x"), { 411, 400, CLOSED }, NULL },
  { "R2 length 2^64",
    BODY ("Content-Length: 18446744073709551616\r\n", "x"),
    { 413, 411, 400, CLOSED },
    NULL },
  { "R2 length and chunks",
    BODY ("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    { 400 },
    NULL },
  { "R2 two lengths", BODY ("Content-Length: 0\r\nContent-Length: 5\r\n", "x"), { 400 }, NULL },
  { "R2 the same length twice",
    BODY ("Content-Length: 0\r\nContent-Length: 0\r\n", ""),
    { 400 },
    NULL },
  { "R2 chunks", BODY ("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"), { 411 }, NULL },
  { "R2 no length", BODY ("", ""), { 411 }, NULL },
  { "R2 a body of another kind",
    BODY ("Content-Length: 1\r\nContent-Type: text/plain\r\n", "x"),
    { 415 },
    NULL },
  { "R2 a body that is no JSON",
    BODY ("Content-Length: 1\r\nContent-Type: application/json\r\n", "x"),
    { 400 },
    NULL },
};

static const struct row numbers[] = {
  { "R5 limit 10^12", GET ("/api/types?limit=1000000000000"), { 400 }, NULL },
  { "R5 limit 0", GET ("/api/types?limit=0"), { 400 }, NULL },
  { "R5 limit -1", GET ("/api/threads?limit=-1"), { 400 }, NULL },
  { "R5 limit NaN", GET ("/api/types?limit=NaN"), { 400 }, NULL },
  { "R5 limit 1e3", GET ("/api/types?limit=1e3"), { 400 }, NULL },
  { "R5 offset 2^63", GET ("/api/types?offset=9223372036854775808"), { 400 }, NULL },
  { "R5 offset -1", GET ("/api/types?offset=-1"), { 400 }, NULL },
  { "R5 points 10^12", GET ("/api/tracker?points=1000000000000"), { 400 }, NULL },
  { "R5 a sample 2^63", GET ("/api/tracker?from=9223372036854775808"), { 400 }, NULL },
  { "R5 a site that cannot be", GET ("/api/objects?site=1048576"), { 400 }, NULL },
  { "R5 site 0", GET ("/api/objects?site=0"), { 400 }, NULL },
  { "R5 order up", GET ("/api/types?order=up"), { 400 }, NULL },
  { "R5 a column that is not there", GET ("/api/types?sort=nothing"), { 400 }, NULL },
  { "R5 the same twice", GET ("/api/types?limit=1&limit=2"), { 400 }, NULL },
  { "R5 text with NUL", GET ("/api/types?q=%00"), { 400 }, NULL },
  { "R5 text with a broken escape", GET ("/api/types?q=%zz"), { 400 }, NULL },
  { "R5 text with half an escape", GET ("/api/types?q=%2"), { 400 }, NULL },
  { "R5 text that is not UTF-8", GET ("/api/types?q=%ff%fe"), { 400 }, NULL },
  { "R5 text with a line end", GET ("/api/types?q=a%0ab"), { 400 }, NULL },
  { "R5 reduce 2", GET ("/garbage/1/graph.dot?reduce=2"), { 400 }, NULL },
  { "R5 reduce nothing", GET ("/garbage/1/graph.dot?reduce="), { 400 }, NULL },
  { "R5 a parameter that is not there", GET ("/api/types?depth=-1"), { 400 }, "depth" },
  { "R5 a parameter of another route", GET ("/api/frame?q=x"), { 400 }, "/api/frame" },
  { "R5 a parameter of a picture", GET ("/garbage/1/graph.dot?q=x"), { 400 }, NULL },
  { "R5 a parameter in a body",
    BODY ("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n", "q=x"),
    { 400 },
    NULL },
  { "R5 a page minds its own state", GET ("/types?whatever=1"), { 200 }, NULL },
  { "R5 component 0", GET ("/garbage/0"), { 404 }, NULL },
  { "R5 component -1", GET ("/garbage/-1"), { 404 }, NULL },
  { "R5 component of many digits", GET ("/garbage/99999999999999999999"), { 404 }, NULL },
  { "R5 component in words", GET ("/garbage/one"), { 404 }, NULL },
  { "R5 component without a number", GET ("/garbage/"), { 404 }, NULL },
  { "R5 component that is not there", GET ("/api/garbage/3"), { 404 }, NULL },
  { "R5 picture of it", GET ("/garbage/3/graph.png"), { 404 }, NULL },
  { "R5 picture of another kind", GET ("/garbage/1/graph.pdf"), { 404 }, NULL },
  { "R5 thread that is not there", GET ("/api/threads/1"), { 404 }, NULL },
  { "R5 object that is not there", GET ("/api/objects/0x1"), { 404 }, NULL },
  { "R5 type that is not there", GET ("/api/tracker/type/nothing"), { 404 }, NULL },
  { "R5 sample that is not there", GET ("/api/tracker/samples/99"), { 404 }, NULL },
};

static const struct row rubbish[] = {
  { "M1 a TLS hello",
    "\x16\x03\x01\x02\x01\x01\x01\x01\xfc\x03\x03 a TLS client hello\r\n\r\n",
    { 400, CLOSED },
    NULL },
  { "M1 nonsense", "NONSENSE\r\n\r\n", { 400, CLOSED }, NULL },
  { "M1 HTTP/3.0", "GET /api/frame HTTP/3.0\r\n@B\r\n", { 400, 505, CLOSED }, NULL },
  { "M1 nothing but lines", "\r\n\r\n\r\n\r\n", { 400, CLOSED }, NULL },
};

/* REQUEST with its @... replaced; malloc'd. */
static char *
fill_in (const char *request)
{
  char *text = NULL;
  size_t n = 0, last = strlen (server.token) - 1;
  FILE *out = open_memstream (&text, &n);
  assert_non_null (out);
  for (const char *p = request; *p != '\0'; p++)
    if (*p == '@' && p[1] == 'P')
      fprintf (out, "%d", server.port), p++;
    else if (*p == '@' && p[1] == 'Q')
      fprintf (out, "%d", server.port + 1), p++;
    else if (*p == '@' && p[1] == 'T')
      fputs (server.token, out), p++;
    else if (*p == '@' && p[1] == 'W')
      {
        fprintf (out, "%.*s%c", (int)last, server.token, server.token[last] == '0' ? '1' : '0');
        p++;
      }
    else if (*p == '@' && p[1] == 'B')
      {
        fprintf (out, "Host: localhost:%d\r\nAuthorization: Bearer %s\r\n", server.port,
                 server.token);
        p++;
      }
    else
      fputc (*p, out);
  assert_int_equal (fclose (out), 0);
  return text;
}

static bool
holds (const struct answer *answer, const char *text)
{
  return memmem (answer->text, answer->n, text, strlen (text)) != NULL;
}

/* What must be so of every answer. */
static void
check_answer (const struct answer *answer, const char *request)
{
  if (answer->status == 0)
    return;
  const char *policy = answer_header (answer, "Content-Security-Policy");
  assert_non_null (policy);
  assert_non_null (strstr (policy, "default-src 'none'"));
  assert_null (strstr (policy, "unsafe-eval"));
  assert_string_equal (answer_header (answer, "X-Content-Type-Options"), "nosniff");
  assert_string_equal (answer_header (answer, "Cache-Control"), "no-store");
  assert_string_equal (answer_header (answer, "Referrer-Policy"), "no-referrer");
  assert_string_equal (answer_header (answer, "Cross-Origin-Opener-Policy"), "same-origin");
  assert_string_equal (answer_header (answer, "Cross-Origin-Resource-Policy"), "same-origin");
  assert_string_equal (answer_header (answer, "X-Frame-Options"), "DENY");
  assert_false (holds (answer, "Access-Control-Allow"));
  assert_false (holds (answer, "Set-Cookie"));
  assert_false (holds (answer, "root:x:"));
  assert_false (holds (answer, "X-Secret"));
  assert_false (holds (answer, server.token));
  if (answer->status != 200)
    assert_false (holds (answer, "\"frame\":"));
  const char *path = strchr (request, ' ');
  if (path == NULL || strncmp (path, " /api/", 6) != 0)
    return;
  assert_string_equal (answer_header (answer, "Content-Type"), "application/json");
  json_t *json = json_loadb (answer->body, answer->n_body, JSON_REJECT_DUPLICATES, NULL);
  json_t *error = json_object_get (json, "error");
  assert_non_null (json);
  if (answer->status >= 400)
    {
      assert_int_equal (json_integer_value (json_object_get (error, "status")), answer->status);
      assert_true (json_string_length (json_object_get (error, "text")) > 5);
    }
  else
    assert_null (error);
  json_decref (json);
}

static void
check_row (void **state)
{
  const struct row *row = *state;
  char *request = fill_in (row->request);
  struct answer answer = ask_raw (server.port, request, strlen (request));
  bool right = false;
  for (size_t i = 0; i < sizeof row->status / sizeof row->status[0] && row->status[i] != 0; i++)
    right = right || answer.status == (row->status[i] == CLOSED ? 0 : row->status[i]);
  if (!right)
    fail_msg ("%s: %d: %.300s", row->name, answer.status, answer.text);
  if (row->contains != NULL && !holds (&answer, row->contains))
    fail_msg ("%s: no '%s' in %.300s", row->name, row->contains, answer.text);
  check_answer (&answer, request);
  answer_free (&answer);
  free (request);
}

/* --- R1: sizes of heads --- */

static int
status_of_long (const char *path, const char *lines)
{
  struct answer answer = ask_as_owner (&server, "GET", path, lines, NULL);
  int status = answer.status;
  check_answer (&answer, "GET / HTTP/1.1");
  answer_free (&answer);
  return status;
}

static void
long_heads (void **state)
{
  char *path = malloc (20001), *lines = malloc (20100);
  (void)state;
  assert_non_null (path);
  assert_non_null (lines);
  memset (path, 'a', 20000);
  path[0] = '/';
  path[20000] = '\0';
  assert_int_equal (status_of_long (path, NULL), 431);
  path[3000] = '\0';
  assert_int_equal (status_of_long (path, NULL), 414);
  for (int i = 0; i < 200; i++)
    sprintf (lines + 8 * i, "X-%03d:\r\n", i);
  lines[8 * 200] = '\0';
  assert_int_equal (status_of_long ("/api/frame", lines), 431);
  /* The answer arrives also when much more is sent than is read. */
  for (int bytes = 17000; bytes <= 2200000; bytes *= 5)
    {
      lines = realloc (lines, (size_t)bytes + 3);
      assert_non_null (lines);
      memset (lines, 'b', (size_t)bytes);
      memcpy (lines, "X-B: ", 5);
      strcpy (lines + bytes, "\r\n");
      assert_int_equal (status_of_long ("/api/frame", lines), 431);
    }
  free (path);
  free (lines);
}

/* T7: the number of a snapshot, in 300 characters: read as a number, however long. */
static void
long_snapshot_number (void **state)
{
  char path[400];
  (void)state;
  snprintf (path, sizeof path, "/api/frame?snapshot=%0300d", 1);
  assert_int_equal (status_of (&server, path), 200);
  memset (path + strlen (path) - 300, '9', 300);
  assert_int_equal (status_of (&server, path), 400);
}

static void
ranges (void **state)
{
  char *lines = malloc (9000);
  (void)state;
  assert_non_null (lines);
  strcpy (lines, "Range: bytes=0-");
  for (int i = 0; i < 1000; i++)
    strcat (lines, ",0-");
  strcat (lines, "\r\n");
  struct answer answer = ask_as_owner (&server, "GET", "/static/style.css", lines, NULL);
  assert_int_equal (answer.status, 200);
  assert_int_equal (atoi (answer_header (&answer, "Content-Length")), answer.n_body);
  check_answer (&answer, "GET /static/style.css");
  answer_free (&answer);
  free (lines);
}

/* --- M1 --- */

static void
nul_in_a_line (void **state)
{
  static const char nul[] = "GET /\0/ HTTP/1.1\r\nHost: x\r\n\r\n";
  (void)state;
  struct answer answer = ask_raw (server.port, nul, sizeof nul - 1);
  assert_true (answer.status == 0 || answer.status >= 400);
  answer_free (&answer);
  assert_int_equal (status_of (&server, "/api/frame"), 200);
}

static void
byte_by_byte (void **state)
{
  char *text = fill_in ("GET /api/frame HTTP/1.1\r\n@B\r\n"), got[65536];
  size_t n = 0;
  ssize_t k;
  (void)state;
  int fd = dial (server.port);
  for (const char *p = text; *p != '\0'; p++)
    {
      assert_int_equal (write (fd, p, 1), 1);
      usleep (1000);
    }
  while (n < sizeof got - 1 && (k = read (fd, got + n, sizeof got - 1 - n)) > 0)
    n += (size_t)k;
  got[n] = '\0';
  close (fd);
  free (text);
  assert_non_null (strstr (got, "HTTP/1.1 200"));
  assert_non_null (strstr (got, "\"frame\":"));
}

/* One request for each connection: the first is answered, and that this was all is said. */
static void
pipelined (void **state)
{
  char *one = fill_in ("GET /api/frame HTTP/1.1\r\n@B\r\n");
  size_t bytes = strlen (one);
  char *text = malloc (1000 * bytes);
  (void)state;
  assert_non_null (text);
  for (size_t i = 0; i < 1000; i++)
    memcpy (text + i * bytes, one, bytes);
  struct answer answer = ask_raw (server.port, text, 1000 * bytes);
  free (text);
  free (one);
  assert_int_equal (answer.status, 200);
  assert_string_equal (answer_header (&answer, "Connection"), "close");
  check_answer (&answer, "GET /static/");
  answer_free (&answer);
  assert_int_equal (status_of (&server, "/api/frame"), 200);
}

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

int
main (void)
{
  static const struct CMUnitTest others[] = {
    { "R1 long addresses, long lines, many lines", long_heads, NULL, NULL, NULL },
    { "R6 a thousand ranges", ranges, NULL, NULL, NULL },
    { "T7 snapshot with 300 characters", long_snapshot_number, NULL, NULL, NULL },
    { "M1 NUL in the request line", nul_in_a_line, NULL, NULL, NULL },
    { "M1 byte by byte", byte_by_byte, NULL, NULL, NULL },
    { "M1 a thousand requests at once", pipelined, NULL, NULL, NULL },
  };
#define TABLE(rows)                                                                                \
  {                                                                                                \
    rows, sizeof rows / sizeof rows[0]                                                             \
  }
  static const struct
  {
    const struct row *rows;
    size_t n;
  } tables[] = { TABLE (hosts), TABLE (tokens),  TABLE (sites),  TABLE (paths),
                 TABLE (sizes), TABLE (numbers), TABLE (rubbish) };
  struct CMUnitTest tests[300];
  size_t n = 0;
  for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++)
    for (size_t i = 0; i < tables[t].n; i++)
      tests[n++] = (struct CMUnitTest){ tables[t].rows[i].name, check_row, NULL, NULL,
                                        (void *)(uintptr_t)&tables[t].rows[i] };
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
    tests[n++] = others[i];
  return _cmocka_run_group_tests ("checklist", tests, n, start, stop);
}
