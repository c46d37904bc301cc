/* request.c -- a fuzz target (driver.c): the parser and the access checks let no forbidden request
 * through.
 *
 * An input is a request as text: a line "METHOD PATH?QUERY", lines of headers, an empty line, a
 * body.  It is split here as the HTTP library splits it.  Accepted requests, and the header lines
 * of each answer, are checked again by a second implementation of the rules.
 */
#include "config.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "server/access.h"
#include "server/assets.h"
#include "server/reply.h"
#include "server/request.h"
#include "tests/fuzz/target.h"

#define TOKEN   "fuzz-token-0123456789"
#define SESSION "fuzz-session-0123456789"
#define HOST    "localhost:8090"
#define COOKIE  "gcglass-8090=" SESSION

static struct gcg__access access_state;
static struct gcg__assets assets;

static void
begin (void)
{
  struct gcg_error error;
  if (gcg__assets_init (&assets, NULL, &error) != GCG_OK
      || gcg__access_init (&access_state, NULL, &error) != GCG_OK)
    abort ();
  atomic_store (&access_state.port, 8090);
}

/* As if nothing had been asked yet. */
static void
reset (void)
{
  strcpy (access_state.token, TOKEN);
  strcpy (access_state.launch, TOKEN);
  strcpy (access_state.session, SESSION);
  memset (access_state.before, 0, sizeof access_state.before);
  access_state.spent = false;
}

/* Returns the next line of *AT, terminated; NULL: no line, or an empty one. */
static char *
next_line (char **at)
{
  char *line = *at, *end = strchr (line, '\n');
  if (*line == '\0' || *line == '\n' || (line[0] == '\r' && line[1] == '\n'))
    {
      *at = end == NULL ? line + strlen (line) : end + 1;
      return NULL;
    }
  *at = end == NULL ? line + strlen (line) : end + 1;
  if (end != NULL)
    *end = '\0';
  size_t n = strlen (line);
  if (n > 0 && line[n - 1] == '\r')
    line[n - 1] = '\0';
  return line;
}

/* Splits TEXT; false: the HTTP library would refuse it. */
static bool
split (char *text, struct gcg__request *request, struct gcg__header headers[GCG__MAX_HEADERS],
       char **body)
{
  char *at = text, *line = next_line (&at), *path = line == NULL ? NULL : strchr (line, ' ');
  if (path == NULL)
    return false;
  *path++ = '\0';
  char *query = strchr (path, '?');
  if (query != NULL)
    *query++ = '\0';
  *request = (struct gcg__request){ .method = line,
                                    .path = path,
                                    .query = query,
                                    .version = "1.1",
                                    .headers = headers,
                                    .content_length = -1 };
  while ((line = next_line (&at)) != NULL)
    {
      char *value = strchr (line, ':');
      if (value == NULL)
        return false;
      *value++ = '\0';
      value += strspn (value, " \t");
      if (request->n_headers < GCG__MAX_HEADERS)
        headers[request->n_headers++] = (struct gcg__header){ line, value };
      if (strcasecmp (line, "Content-Length") == 0)
        request->content_length = strtoll (value, NULL, 10);
    }
  *body = at;
  return true;
}

static bool
has (const struct gcg__request *request, const char *name, const char *value)
{
  for (int i = 0; i < request->n_headers; i++)
    if (strcasecmp (request->headers[i].name, name) == 0
        && strcasecmp (request->headers[i].value, value) == 0)
      return true;
  return false;
}

static bool
has_any (const struct gcg__request *request, const char *name)
{
  int n;
  gcg__request_header (request, name, &n);
  return n > 0;
}

static bool
is_authorised (const struct gcg__request *request)
{
  for (int i = 0; i < request->n_headers; i++)
    if ((strcasecmp (request->headers[i].name, "Cookie") == 0
         && strstr (request->headers[i].value, COOKIE) != NULL)
        || (strcasecmp (request->headers[i].name, "Authorization") == 0
            && strcasecmp (request->headers[i].value, "Bearer " TOKEN) == 0))
      return true;
  return false;
}

/* REQUEST was let in. */
static void
check_let_in (const struct gcg__request *request)
{
  bool get = strcmp (request->method, "GET") == 0 || strcmp (request->method, "HEAD") == 0;
  bool is_static = strncmp (request->path, "/static/", 8) == 0;
  bool api = strncmp (request->path, "/api/", 5) == 0;
  if (!has (request, "Host", HOST) && !has (request, "Host", "127.0.0.1:8090")
      && !has (request, "Host", "[::1]:8090"))
    abort ();
  if (!is_authorised (request) && !(get && is_static))
    abort ();
  if (has_any (request, "Origin") && !has (request, "Origin", "http://" HOST)
      && !has (request, "Origin", "http://127.0.0.1:8090")
      && !has (request, "Origin", "http://[::1]:8090"))
    abort ();
  if (!get && !has (request, "X-Gcglass", "1")
      && (api || (!has_any (request, "Origin") && !has_any (request, "Sec-Fetch-Site"))))
    abort ();
  if (request->path[0] != '/' || strstr (request->path, "/../") != NULL
      || strchr (request->path, '\\') != NULL)
    abort ();
}

/* Header lines of ours are whole, and hold nothing of the client's. */
static void
check_reply (const struct gcg__reply *reply)
{
  for (const char *line = reply->headers; *line != '\0';)
    {
      const char *end = strstr (line, "\r\n");
      if (end == NULL || memchr (line, ':', (size_t)(end - line)) == NULL)
        abort ();
      for (; line < end; line++)
        if (iscntrl ((unsigned char)*line))
          abort ();
      line = end + 2;
    }
  if (reply->status < 200 || reply->status > 599)
    abort ();
}

static void
check_parameters (const struct gcg__request *request)
{
  if (request->n_parameters > GCG__MAX_PARAMETERS)
    abort ();
  for (int i = 0; i < request->n_parameters; i++)
    if (!gcg__is_clean_text (request->parameters[i].name, strlen (request->parameters[i].name))
        || !gcg__is_clean_text (request->parameters[i].value,
                                strlen (request->parameters[i].value)))
      abort ();
}

static void
answer (struct gcg__request *request, const char *body)
{
  struct gcg__reply reply;
  const char *text = "";
  if (gcg__request_parse (request, &text) != 0)
    return;
  check_parameters (request);
  (void)gcg__request_takes_gzip (request);
  gcg__reply_init (&reply);
  if (!gcg__access_check (&access_state, request, &assets, &reply))
    check_reply (&reply);
  else
    {
      size_t n = strlen (body);
      char *copy = strdup (body);
      check_let_in (request);
      if (copy == NULL)
        abort ();
      if (gcg__request_take_body (request, copy, n, &text) == 0)
        check_parameters (request);
    }
  gcg__reply_fini (&reply);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static bool begun;
  struct gcg__header headers[GCG__MAX_HEADERS];
  struct gcg__request request;
  char *text = malloc (size + 1), *body;
  if (text == NULL)
    abort ();
  if (!begun)
    begin ();
  begun = true;
  reset ();
  memcpy (text, data, size);
  text[size] = '\0';
  if (split (text, &request, headers, &body))
    {
      answer (&request, body);
      gcg__request_fini (&request);
    }
  free (text);
  return 0;
}
