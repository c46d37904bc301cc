/* preview.c -- see preview.h.
 *
 * A pass over the objects, in order of address, that copies up to GCG__PREVIEW_BYTES of each: in
 * the child, so that it costs the program nothing but the pages that both come to write.  The first
 * bytes of an object lie in its first page, which is readable even where its end is not.
 */
#include "preview.h"

#include <string.h>

/* Bytes that OBJECT, in a slot of SLOT_BYTES, was asked for; *BIG moves along BIG_SLACKS. */
static uint64_t
requested_stopped (struct gcg__freeze *freeze, uint64_t object, uint64_t slot_bytes, uint64_t *big)
{
  uint64_t word = ((const uint64_t *)COLUMN (freeze, WORDS)->data)[object];
  uint64_t slack = word >> GCG__WORD_SLACK_SHIFT & 255;

  if (!(word >> GCG__WORD_FLAG_SHIFT & GCG__OBJECT_TAGGED))
    return slot_bytes;
  if (slack == GCG__SLACK_BIG)
    slack = ((const struct gcg__big *)COLUMN (freeze, BIG_SLACKS)->data)[(*big)++].value;
  return slot_bytes - 8 - slack;
}

void
gcg__previews_stopped (struct gcg__freeze *freeze)
{
  struct column *previews = COLUMN (freeze, PREVIEWS);
  const struct gcg__block *blocks = COLUMN (freeze, BLOCKS)->data;
  const uint8_t *slots = COLUMN (freeze, SLOTS)->data;
  uint64_t n_blocks = COLUMN (freeze, BLOCKS)->n, n = COLUMN (freeze, SLOTS)->n, big = 0;

  for (uint64_t b = 0; b < n_blocks; b++)
    {
      uint64_t end = b + 1 < n_blocks ? blocks[b + 1].first_object : n,
               bytes = blocks[b].slot_bytes;
      COLUMN_PUSH (COLUMN (freeze, PREVIEW_STARTS), uint64_t, previews->n, &freeze->error);
      for (uint64_t object = blocks[b].first_object; object < end; object++)
        {
          uint64_t length = requested_stopped (freeze, object, bytes, &big);
          if (length > GCG__PREVIEW_BYTES)
            length = GCG__PREVIEW_BYTES;
          char *to = column_reserve_stopped (previews, 1, GCG__PREVIEW_BYTES, &freeze->error);
          if (!to)
            return;
          memcpy (to, (const char *)(uintptr_t)blocks[b].address + slots[object] * bytes, length);
          previews->n += length;
        }
    }
}
