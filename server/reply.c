/* reply.c -- see reply.h. */
#include "config.h"

#include "server/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/json.h"
#include "server/assets.h"
#include "server/request.h"

const char gcg__json_type[] = "application/json";
const char gcg__html_type[] = "text/html; charset=utf-8";

static const struct
{
  int status;
  const char *reason;
} reasons[] = {
  { 200, "OK" },
  { 302, "Found" },
  { 303, "See Other" },
  { 400, "Bad Request" },
  { 401, "Unauthorized" },
  { 403, "Forbidden" },
  { 404, "Not Found" },
  { 405, "Method Not Allowed" },
  { 409, "Conflict" },
  { 411, "Length Required" },
  { 413, "Content Too Large" },
  { 414, "URI Too Long" },
  { 415, "Unsupported Media Type" },
  { 431, "Request Header Fields Too Large" },
  { 500, "Internal Server Error" },
  { 501, "Not Implemented" },
  { 503, "Service Unavailable" },
  { 504, "Gateway Timeout" },
  { 505, "HTTP Version Not Supported" },
};

const char *
gcg__reply_reason (int status)
{
  for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
    if (reasons[i].status == status)
      return reasons[i].reason;
  return "Error";
}

void
gcg__reply_init (struct gcg__reply *reply)
{
  memset (reply, 0, sizeof *reply);
  reply->fd = -1;
}

static void
drop_body (struct gcg__reply *reply)
{
  free (reply->owned);
  if (reply->fd >= 0)
    close (reply->fd);
  reply->owned = NULL;
  reply->body = NULL;
  reply->bytes = 0;
  reply->fd = -1;
}

void
gcg__reply_fini (struct gcg__reply *reply)
{
  drop_body (reply);
}

void
gcg__reply_static (struct gcg__reply *reply, const char *type, const void *body, size_t bytes)
{
  drop_body (reply);
  if (reply->status == 0)
    reply->status = 200;
  reply->type = type;
  reply->body = body;
  reply->bytes = bytes;
}

void
gcg__reply_take (struct gcg__reply *reply, const char *type, char *body, size_t bytes)
{
  static const char no_memory[] = "Out of memory.\n";
  if (body == NULL)
    {
      reply->status = 503;
      gcg__reply_static (reply, "text/plain; charset=utf-8", no_memory, strlen (no_memory));
      return;
    }
  gcg__reply_static (reply, type, body, bytes);
  reply->owned = body;
}

void
gcg__reply_file (struct gcg__reply *reply, const char *type, int fd, size_t bytes)
{
  gcg__reply_static (reply, type, NULL, bytes);
  reply->fd = fd;
}

void
gcg__reply_header (struct gcg__reply *reply, const char *name, const char *value)
{
  size_t used = strlen (reply->headers);
  size_t room = sizeof reply->headers - used;
  int n = snprintf (reply->headers + used, room, "%s: %s\r\n", name, value);
  if (n < 0 || (size_t)n >= room)
    reply->headers[used] = '\0';
}

void
gcg__reply_redirect (struct gcg__reply *reply, int status, const char *path)
{
  reply->status = status;
  gcg__reply_static (reply, "text/plain; charset=utf-8", "", 0);
  gcg__reply_header (reply, "Location", path);
}

/* Appends TEXT to OUT with the five characters that mean something in HTML escaped. */
static void
put_escaped (FILE *out, const char *text)
{
  for (; *text != '\0'; text++)
    switch (*text)
      {
      case '&':
        fputs ("&amp;", out);
        break;
      case '<':
        fputs ("&lt;", out);
        break;
      case '>':
        fputs ("&gt;", out);
        break;
      case '"':
        fputs ("&quot;", out);
        break;
      case '\'':
        fputs ("&#39;", out);
        break;
      default:
        fputc (*text, out);
      }
}

/* Copies PAGE with {{status}} and {{text}} replaced; there is no other placeholder and no way to
   put in anything unescaped. */
static void
fill_page (FILE *out, const char *page, size_t bytes, const char *status, const char *text)
{
  const char *end = page + bytes;
  while (page < end)
    {
      const char *open = memmem (page, (size_t)(end - page), "{{", 2);
      size_t left;
      if (open == NULL)
        open = end;
      fwrite (page, 1, (size_t)(open - page), out);
      left = (size_t)(end - open);
      if (left >= 10 && memcmp (open, "{{status}}", 10) == 0)
        put_escaped (out, status), page = open + 10;
      else if (left >= 8 && memcmp (open, "{{text}}", 8) == 0)
        put_escaped (out, text), page = open + 8;
      else
        {
          size_t n = left < 2 ? left : 2;
          fwrite (open, 1, n, out);
          page = open + n;
        }
    }
}

static char *
error_page (const struct gcg__assets *assets, const char *status, const char *text, size_t *bytes)
{
  static const char plain[]
      = "<!DOCTYPE html><title>Error {{status}}</title><h1>Error {{status}}</h1><p>{{text}}</p>\n";
  struct gcg__asset page = { .data = plain, .bytes = sizeof plain - 1 };
  char *body = NULL;
  if (gcg__assets_find (assets, "error.html", &page) != GCG_OK)
    page = (struct gcg__asset){ .data = plain, .bytes = sizeof plain - 1 };
  FILE *out = open_memstream (&body, bytes);
  if (out != NULL)
    {
      fill_page (out, page.data, page.bytes, status, text);
      if (fclose (out) != 0)
        {
          free (body);
          body = NULL;
        }
    }
  free (page.owned);
  return body;
}

void
gcg__reply_error (struct gcg__reply *reply, const struct gcg__assets *assets,
                  const struct gcg__request *request, int status, const char *text)
{
  size_t bytes = 0;
  reply->status = status;
  reply->policy = NULL;
  if (request->path != NULL && gcg__request_is_api (request))
    {
      struct gcg__json json;
      gcg__json_init (&json, NULL, NULL);
      gcg__json_object (&json, NULL);
      gcg__json_object (&json, "error");
      gcg__json_unsigned (&json, "status", (uint64_t)status);
      gcg__json_string (&json, "text", text);
      gcg__json_end (&json);
      gcg__json_end (&json);
      char *body = gcg__json_take (&json, &bytes, NULL);
      gcg__reply_take (reply, gcg__json_type, body, bytes);
    }
  else
    {
      char number[16];
      snprintf (number, sizeof number, "%d", status);
      char *body = error_page (assets, number, text, &bytes);
      gcg__reply_take (reply, gcg__html_type, body, bytes);
    }
}
