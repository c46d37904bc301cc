/* buffer.c -- see buffer.h.  Growth doubles, so adding a byte costs O(1). */
#include <config.h>

#include "report/buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define PIECE_BYTES (64u << 10)
#define REPLACEMENT 0xfffdu

void
gcg__buffer_init (struct gcg__buffer *buffer, gcg__sink sink, void *context)
{
  *buffer = (struct gcg__buffer){ .sink = sink, .context = context };
}

void
gcg__buffer_fini (struct gcg__buffer *buffer)
{
  free (buffer->bytes);
  gcg__buffer_init (buffer, buffer->sink, buffer->context);
}

void
gcg__buffer_clear (struct gcg__buffer *buffer)
{
  buffer->n = 0;
  if (buffer->bytes != NULL)
    buffer->bytes[0] = '\0';
}

void
gcg__buffer_flush (struct gcg__buffer *buffer)
{
  if (buffer->sink == NULL || buffer->status != GCG_OK || buffer->n == 0)
    return;
  if (!buffer->sink (buffer->context, buffer->bytes, buffer->n))
    buffer->status = GCG_SYSTEM;
  gcg__buffer_clear (buffer);
}

/* Makes room for N more bytes and a NUL; false when there is no memory. */
static bool
buffer_reserve (struct gcg__buffer *buffer, size_t n)
{
  if (buffer->status != GCG_OK)
    return false;
  if (n < buffer->size - buffer->n)
    return true;
  size_t size = buffer->size < 256 ? 256 : buffer->size;
  while (size - buffer->n <= n && size <= SIZE_MAX / 2)
    size *= 2;
  char *bytes = size - buffer->n > n ? realloc (buffer->bytes, size) : NULL;
  if (bytes == NULL)
    {
      buffer->status = GCG_NO_MEMORY;
      return false;
    }
  buffer->bytes = bytes;
  buffer->size = size;
  return true;
}

void
gcg__buffer_add (struct gcg__buffer *buffer, const char *bytes, size_t n)
{
  if (n == 0 || !buffer_reserve (buffer, n))
    return;
  memcpy (buffer->bytes + buffer->n, bytes, n);
  buffer->n += n;
  buffer->bytes[buffer->n] = '\0';
  if (buffer->sink != NULL && buffer->n >= PIECE_BYTES)
    gcg__buffer_flush (buffer);
}

void
gcg__buffer_text (struct gcg__buffer *buffer, const char *text)
{
  gcg__buffer_add (buffer, text, strlen (text));
}

void
gcg__buffer_format (struct gcg__buffer *buffer, const char *format, ...)
{
  char small[256];
  va_list arguments;
  va_start (arguments, format);
  int n = vsnprintf (small, sizeof small, format, arguments);
  va_end (arguments);
  if (n < 0)
    {
      buffer->status = GCG_NO_MEMORY;
      return;
    }
  if ((size_t)n < sizeof small)
    {
      gcg__buffer_add (buffer, small, (size_t)n);
      return;
    }
  if (!buffer_reserve (buffer, (size_t)n))
    return;
  va_start (arguments, format);
  vsnprintf (buffer->bytes + buffer->n, (size_t)n + 1, format, arguments);
  va_end (arguments);
  buffer->n += (size_t)n;
}

unsigned
gcg__utf8_next (const char **text)
{
  const unsigned char *s = (const unsigned char *)*text;
  unsigned code = s[0], more, least;
  if (code < 0x80)
    more = 0, least = 0;
  else if (code >= 0xc2 && code < 0xe0)
    more = 1, code &= 0x1f, least = 0x80;
  else if (code >= 0xe0 && code < 0xf0)
    more = 2, code &= 0x0f, least = 0x800;
  else if (code >= 0xf0 && code < 0xf5)
    more = 3, code &= 0x07, least = 0x10000;
  else
    goto fail_invalid;
  for (unsigned i = 1; i <= more; i++)
    {
      if ((s[i] & 0xc0) != 0x80) /* the final NUL is none either */
        goto fail_invalid;
      code = code << 6 | (s[i] & 0x3f);
    }
  if (code < least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
    goto fail_invalid;
  *text += more + 1;
  return code;

fail_invalid:
  *text += 1;
  return REPLACEMENT;
}

static bool
is_control (unsigned code)
{
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x200e && code <= 0x200f)
         || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

void
gcg__buffer_clean (struct gcg__buffer *buffer, const char *text)
{
  while (*text != '\0')
    {
      const char *start = text;
      unsigned code = gcg__utf8_next (&text);
      if (is_control (code))
        gcg__buffer_add (buffer, "?", 1);
      else if (code == REPLACEMENT)
        gcg__buffer_text (buffer, "\xef\xbf\xbd");
      else
        gcg__buffer_add (buffer, start, (size_t)(text - start));
    }
}

enum gcg_status
gcg__buffer_status (const struct gcg__buffer *buffer, struct gcg_error *error)
{
  if (buffer->status == GCG_NO_MEMORY)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory while writing the report");
  if (buffer->status != GCG_OK)
    return gcg__error_write (error, buffer->status, "the output cannot be written");
  return GCG_OK;
}

const char *
gcg__buffer_string (const struct gcg__buffer *buffer)
{
  return buffer->bytes != NULL ? buffer->bytes : "";
}

char *
gcg__buffer_take (struct gcg__buffer *buffer)
{
  char *text = NULL;
  if (buffer->status == GCG_OK)
    text = buffer->bytes != NULL ? buffer->bytes : calloc (1, 1);
  if (text != NULL)
    buffer->bytes = NULL;
  gcg__buffer_fini (buffer);
  return text;
}
