/* checksum.c -- the checksum of a snapshot's sections.
 *
 * FNV-1a (Fowler, Noll, Vo) taken a 64-bit word at a time instead of a byte at a time, in four
 * independent lanes so that the four multiplications overlap: about 8 bytes per cycle, more than
 * memory delivers.  Each step h = (h ^ word) * prime is a bijection of h and of the word, so any
 * change confined to one word of a lane changes the result for certain; other damage escapes with
 * a chance near 2^-64, except that an even number of changes to nothing but the topmost bit of
 * words of one lane cancels out.  It guards against accidents, not against forgery: the checker
 * (check.c) trusts nothing because its checksum is right.
 *
 * Runs in the frozen child as well: calls nothing but memcpy.  Any thread, no state.
 */
#include "snapshot/format.h"

#include <string.h>

#define FNV_BASIS UINT64_C (0xcbf29ce484222325)
#define FNV_PRIME UINT64_C (0x100000001b3)
#define LANES     4

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "snapshots are little-endian");

static inline uint64_t
checksum_step (uint64_t hash, uint64_t word)
{
  return (hash ^ word) * FNV_PRIME;
}

uint64_t
gcg__checksum (const void *bytes, uint64_t n)
{
  const unsigned char *p = bytes;
  uint64_t a = FNV_BASIS, b = FNV_BASIS + 1, c = FNV_BASIS + 2, d = FNV_BASIS + 3;
  uint64_t left = n;
  while (left >= LANES * 8)
    {
      uint64_t words[LANES];
      memcpy (words, p, sizeof words);
      a = checksum_step (a, words[0]);
      b = checksum_step (b, words[1]);
      c = checksum_step (c, words[2]);
      d = checksum_step (d, words[3]);
      p += sizeof words;
      left -= sizeof words;
    }
  uint64_t lanes[LANES] = { a, b, c, d };
  for (unsigned i = 0; left > 0; i++)
    {
      uint64_t word = 0, part = left < 8 ? left : 8;
      memcpy (&word, p, part);
      lanes[i] = checksum_step (lanes[i], word);
      p += part;
      left -= part;
    }
  uint64_t hash = FNV_BASIS;
  for (unsigned i = 0; i < LANES; i++)
    hash = checksum_step (hash, lanes[i]);
  return checksum_step (hash, n);
}
