/* json.c -- see json.h; RFC 8259. */
#include <config.h>

#include "report/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

void
gcg__json_init (struct gcg__json *json, gcg__sink sink, void *context)
{
  memset (json, 0, sizeof *json);
  gcg__buffer_init (&json->out, sink, context);
}

void
gcg__json_fini (struct gcg__json *json)
{
  gcg__buffer_fini (&json->out);
}

/* Adds TEXT between quotes.  Plain stretches are copied whole. */
static void
json_quote (struct gcg__json *json, const char *text)
{
  struct gcg__buffer *out = &json->out;
  gcg__buffer_add (out, "\"", 1);
  const char *plain = text;
  while (*text != '\0')
    {
      const char *start = text;
      unsigned code = gcg__utf8_next (&text);
      bool valid = code != 0xfffd || text - start == 3;
      bool escape = code < 0x20 || code == '"' || code == '\\' || code == '<' || code == 0x7f
                    || code == 0x2028 || code == 0x2029;
      if (valid && !escape)
        continue;
      gcg__buffer_add (out, plain, (size_t)(start - plain));
      plain = text;
      if (!valid)
        gcg__buffer_text (out, "\xef\xbf\xbd");
      else if (code == '"' || code == '\\')
        gcg__buffer_format (out, "\\%c", (int)code);
      else
        gcg__buffer_format (out, "\\u%04x", code);
    }
  gcg__buffer_add (out, plain, (size_t)(text - plain));
  gcg__buffer_add (out, "\"", 1);
}

/* What stands before a value: comma and key. */
static void
json_begin (struct gcg__json *json, const char *key)
{
  if (json->follows[json->depth])
    gcg__buffer_add (&json->out, ",", 1);
  json->follows[json->depth] = true;
  if (key != NULL)
    {
      json_quote (json, key);
      gcg__buffer_add (&json->out, ":", 1);
    }
}

static void
json_open (struct gcg__json *json, const char *key, const char *bracket, char closing)
{
  json_begin (json, key);
  if (json->depth == GCG__JSON_DEPTH)
    {
      json->out.status = GCG_INVALID;
      return;
    }
  gcg__buffer_add (&json->out, bracket, 1);
  json->depth++;
  json->follows[json->depth] = false;
  json->closing[json->depth] = closing;
}

void
gcg__json_object (struct gcg__json *json, const char *key)
{
  json_open (json, key, "{", '}');
}

void
gcg__json_array (struct gcg__json *json, const char *key)
{
  json_open (json, key, "[", ']');
}

void
gcg__json_end (struct gcg__json *json)
{
  if (json->depth == 0)
    {
      json->out.status = GCG_INVALID;
      return;
    }
  gcg__buffer_add (&json->out, &json->closing[json->depth], 1);
  json->depth--;
}

void
gcg__json_string (struct gcg__json *json, const char *key, const char *text)
{
  if (text == NULL)
    {
      gcg__json_null (json, key);
      return;
    }
  json_begin (json, key);
  json_quote (json, text);
}

void
gcg__json_address (struct gcg__json *json, const char *key, uint64_t address)
{
  json_begin (json, key);
  gcg__buffer_format (&json->out, "\"0x%llx\"", (unsigned long long)address);
}

void
gcg__json_unsigned (struct gcg__json *json, const char *key, uint64_t number)
{
  json_begin (json, key);
  if (number > INT64_MAX)
    number = INT64_MAX;
  gcg__buffer_format (&json->out, "%llu", (unsigned long long)number);
}

void
gcg__json_signed (struct gcg__json *json, const char *key, int64_t number)
{
  json_begin (json, key);
  gcg__buffer_format (&json->out, "%lld", (long long)number);
}

void
gcg__json_real (struct gcg__json *json, const char *key, double number)
{
  if (!isfinite (number))
    {
      gcg__json_null (json, key);
      return;
    }
  json_begin (json, key);
  char text[32];
  snprintf (text, sizeof text, "%.9g", number);
  char *comma = strchr (text, ','); /* a locale's decimal comma */
  if (comma != NULL)
    *comma = '.';
  gcg__buffer_text (&json->out, text);
}

void
gcg__json_bool (struct gcg__json *json, const char *key, bool value)
{
  json_begin (json, key);
  gcg__buffer_text (&json->out, value ? "true" : "false");
}

void
gcg__json_null (struct gcg__json *json, const char *key)
{
  json_begin (json, key);
  gcg__buffer_text (&json->out, "null");
}

void
gcg__json_members (struct gcg__json *json, const char *members, size_t n)
{
  if (n == 0)
    return;
  json_begin (json, NULL);
  gcg__buffer_add (&json->out, members, n);
}

void
gcg__json_totals (struct gcg__json *json, const char *key, uint64_t count, uint64_t bytes)
{
  gcg__json_object (json, key);
  gcg__json_unsigned (json, "count", count);
  gcg__json_unsigned (json, "bytes", bytes);
  gcg__json_end (json);
}

enum gcg_status
gcg__json_finish (struct gcg__json *json, struct gcg_error *error)
{
  gcg__buffer_flush (&json->out);
  if (json->out.status == GCG_INVALID || (json->out.status == GCG_OK && json->depth != 0))
    return gcg__error_write (error, GCG_INVALID, "the report nests too deep or is not closed");
  return gcg__buffer_status (&json->out, error);
}

char *
gcg__json_take (struct gcg__json *json, size_t *bytes, struct gcg_error *error)
{
  if (gcg__json_finish (json, error) != GCG_OK)
    {
      gcg__json_fini (json);
      return NULL;
    }
  *bytes = json->out.n;
  char *text = gcg__buffer_take (&json->out);
  if (text == NULL)
    (void)gcg__error_write (error, GCG_NO_MEMORY, "out of memory while writing the report");
  return text;
}
