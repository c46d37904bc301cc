/* preview.c -- see preview.h.
 *
 * Bytes are text when they are printable UTF-8 up to a NUL or to the preview's end, where a
 * character may be cut; what stands behind the NUL does not count if the text is long enough not to
 * be chance, and must be zeros otherwise.  UTF-8 as in RFC 3629: no surrogates, nothing overlong.
 */
#include <config.h>

#include "report/preview.h"

#include <string.h>

#define SURE_BYTES 4u /* so long a text is none by chance */

/* Length of the character at BYTES[0 ... n - 1]: 0 = not text, > N = cut. */
static uint32_t
character_bytes (const uint8_t *bytes, uint32_t n)
{
  static const struct
  {
    uint8_t mask, lead;
    uint32_t least, length;
  } forms[] = { { 0xe0, 0xc0, 0x80, 2 }, { 0xf0, 0xe0, 0x800, 3 }, { 0xf8, 0xf0, 0x10000, 4 } };
  if (bytes[0] < 0x80)
    return (bytes[0] >= ' ' && bytes[0] != 0x7f) || (bytes[0] >= '\t' && bytes[0] <= '\r');
  for (uint32_t f = 0; f < sizeof forms / sizeof *forms; f++)
    if ((bytes[0] & forms[f].mask) == forms[f].lead)
      {
        uint32_t code = bytes[0] & (uint8_t)~forms[f].mask, length = forms[f].length;
        for (uint32_t i = 1; i < length && i < n; i++)
          {
            if ((bytes[i] & 0xc0) != 0x80)
              return 0;
            code = code << 6 | (bytes[i] & 0x3f);
          }
        if (n < length)
          return length;
        bool right = code >= forms[f].least && code < 0x110000 && (code < 0xd800 || code > 0xdfff)
                     && code >= 0xa0; /* U+0080 ... U+009F are controls */
        return right ? length : 0;
      }
  return 0;
}

/* How many of the N bytes are text; 0 = they are none.  CUT: the object goes on after them. */
static uint32_t
text_bytes (const uint8_t *bytes, uint32_t n, bool cut)
{
  uint32_t at = 0;
  while (at < n && bytes[at] != 0)
    {
      uint32_t length = character_bytes (bytes + at, n - at);
      if (length == 0)
        return 0;
      if (length > n - at)
        return cut ? at : 0;
      at += length;
    }
  for (uint32_t i = at; i < n && at < SURE_BYTES; i++)
    if (bytes[i] != 0)
      return 0;
  return at;
}

void
gcg__preview_write (const struct gcg__snapshot *snapshot, const struct gcg__object *object,
                    struct gcg__json *json)
{
  char hex[2 * GCG__PREVIEW_BYTES + 1], text[GCG__PREVIEW_BYTES + 1];
  uint32_t n;
  const uint8_t *bytes = gcg__snapshot_preview (snapshot, object->id, &n);
  if (bytes == NULL)
    {
      gcg__json_null (json, "preview");
      return;
    }
  for (uint32_t i = 0; i < n; i++)
    {
      hex[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
      hex[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
  hex[2 * n] = '\0';
  uint32_t length = text_bytes (bytes, n, object->requested_bytes > n);
  memcpy (text, bytes, length);
  text[length] = '\0';
  gcg__json_object (json, "preview");
  gcg__json_string (json, "hex", hex);
  gcg__json_string (json, "text", length > 0 ? text : NULL);
  gcg__json_end (json);
}
