/* sort.c -- stable radix sort, least significant digit first (Knuth, TAOCP 3, 5.2.5).
 *
 * Keys are byte counts: most heaps have few large ones, so most digits are the same everywhere and
 * are skipped.  Being stable, two sorts in a row sort by two keys.
 */
#include "config.h"

#include "analysis/sort.h"

#include <string.h>

#define DIGIT_BITS 11
#define N_DIGITS   (1u << DIGIT_BITS)

static uint32_t
sort_digit (uint64_t key, unsigned shift)
{
  /* Inverted: biggest first. */
  return (uint32_t)(~key >> shift) & (N_DIGITS - 1);
}

/* One pass: FROM to TO by the digit at SHIFT. */
static void
sort_pass (const uint32_t *from, uint32_t *to, uint32_t n, const uint64_t *keys, unsigned shift)
{
  uint32_t start[N_DIGITS] = { 0 };
  for (uint32_t i = 0; i < n; i++)
    start[sort_digit (keys[from[i]], shift)]++;
  uint32_t sum = 0;
  for (uint32_t d = 0; d < N_DIGITS; d++)
    {
      uint32_t count = start[d];
      start[d] = sum;
      sum += count;
    }
  for (uint32_t i = 0; i < n; i++)
    to[start[sort_digit (keys[from[i]], shift)]++] = from[i];
}

void
gcg__sort_descending (uint32_t *ids, uint32_t n, const uint64_t *keys, uint32_t *spare)
{
  uint64_t all_ones = UINT64_MAX, any_ones = 0;
  for (uint32_t i = 0; i < n; i++)
    {
      all_ones &= keys[ids[i]];
      any_ones |= keys[ids[i]];
    }
  uint64_t differ = any_ones & ~all_ones;

  uint32_t *from = ids, *to = spare;
  for (unsigned shift = 0; shift < 64; shift += DIGIT_BITS)
    if ((differ >> shift & (N_DIGITS - 1)) != 0)
      {
        sort_pass (from, to, n, keys, shift);
        uint32_t *swap = from;
        from = to;
        to = swap;
      }
  if (from != ids)
    memcpy (ids, from, n * sizeof *ids);
}

void
gcg__sort_rank (uint32_t n, const uint64_t *major, const uint64_t *minor, uint32_t *rank,
                uint32_t *order, uint32_t *spare)
{
  for (uint32_t i = 0; i < n; i++)
    order[i] = i;
  gcg__sort_descending (order, n, minor, spare);
  gcg__sort_descending (order, n, major, spare);
  for (uint32_t place = 0; place < n; place++)
    rank[order[place]] = place;
}
