/* sample_text.c -- samples in a terminal: the last one, and how it differs from one before.
 *
 *   sample 12 "after login", 3 s after sample 11: 12,310 objects, 1.2 MiB alive
 *   heap 8.0 MiB, 31 collections, resident 20 MiB
 *
 *        objects       bytes  bytes since 11        made  type
 *         10,000     312 KiB        +312 KiB      10,000  struct node
 */
#include <config.h>

#include "report/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "report/words.h"

struct sum
{
  uint32_t group;
  uint64_t count, bytes, bytes_before, made;
};

static int
sum_compare (const void *a, const void *b)
{
  const struct sum *x = a, *y = b;
  if (x->bytes != y->bytes)
    return x->bytes < y->bytes ? 1 : -1;
  return (x->group > y->group) - (x->group < y->group);
}

/* What each group has in the last sample, and had in sample BEFORE (an index); NULL: no memory. */
static struct sum *
sum_groups (const struct gcg__timeline *timeline, uint32_t before)
{
  const struct gcg__recording *recording = timeline->recording;
  uint32_t n = gcg__timeline_groups (timeline);
  struct sum *sums = calloc (n, sizeof *sums);
  struct gcg__sample_site *now = calloc (recording->n_sites, sizeof *now);
  if (sums == NULL || now == NULL)
    {
      free (sums);
      free (now);
      return NULL;
    }
  for (uint32_t i = 0; i <= before; i++)
    gcg__recording_apply (recording->samples[i], now);
  for (uint32_t g = 0; g < n; g++)
    sums[g].group = g;
  for (uint32_t site = 0; site < recording->n_sites; site++)
    {
      struct sum *sum = &sums[gcg__timeline_group (timeline, site)];
      sum->bytes_before += now[site].live_bytes;
      sum->count += recording->now[site].live_count;
      sum->bytes += recording->now[site].live_bytes;
      sum->made += recording->now[site].made_count;
    }
  free (now);
  return sums;
}

static void
right (struct gcg__buffer *out, const char *word, size_t width)
{
  gcg__buffer_format (out, "%*s", (int)width, word);
}

static void
write_change (struct gcg__buffer *out, uint64_t before, uint64_t after)
{
  char text[GCG__WORD_BYTES + 1];
  if (before == after)
    strcpy (text, "0 B");
  else
    snprintf (text, sizeof text, "%c%s", after > before ? '+' : '-',
              gcg__word_size (after > before ? after - before : before - after).text);
  right (out, text, 16);
}

static void
write_head (const struct gcg__recording *recording, uint32_t before, const struct sum *sums,
            uint32_t n, struct gcg__buffer *out)
{
  const struct gcg__sample *last = recording->samples[recording->n_samples - 1];
  const struct gcg__sample *first = recording->samples[before];
  uint64_t count = 0, bytes = 0;
  for (uint32_t i = 0; i < n; i++)
    {
      count += sums[i].count;
      bytes += sums[i].bytes;
    }
  gcg__buffer_format (out, "sample %" PRIu32, last->head.number);
  if (last->description[0] != '\0')
    {
      gcg__buffer_text (out, " \"");
      gcg__buffer_clean (out, last->description);
      gcg__buffer_text (out, "\"");
    }
  if (first != last)
    gcg__buffer_format (
        out, ", %s after sample %" PRIu32,
        gcg__word_duration (last->head.monotonic_ns - first->head.monotonic_ns).text,
        first->head.number);
  gcg__buffer_text (out, ": ");
  gcg__words_number (out, count, "object");
  gcg__buffer_format (out, ", %s alive\n", gcg__word_size (bytes).text);
  gcg__buffer_format (out, "heap %s, ", gcg__word_size (last->head.heap_bytes).text);
  gcg__words_number (out, last->head.collections, "collection");
  gcg__buffer_format (out, ", resident %s\n", gcg__word_size (last->head.resident_bytes).text);
}

enum gcg_status
gcg__sample_text_write (const struct gcg__timeline *timeline, bool from_first, uint32_t top,
                        struct gcg__buffer *out, struct gcg_error *error)
{
  const struct gcg__recording *recording = timeline->recording;
  uint32_t n = gcg__timeline_groups (timeline), last = recording->n_samples - 1;
  if (recording->n_samples == 0)
    return gcg__error_write (error, GCG_NOT_FOUND, "there is no sample in it");
  uint32_t before = from_first || last == 0 ? 0 : last - 1;
  struct sum *sums = sum_groups (timeline, before);
  if (sums == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory for a sample");
  write_head (recording, before, sums, n, out);
  qsort (sums, n, sizeof *sums, sum_compare);
  char since[GCG__WORD_BYTES];
  snprintf (since, sizeof since, "since %" PRIu32, recording->samples[before]->head.number);
  gcg__buffer_format (out, "\n%14s%12s%16s%14s  type\n", "objects", "bytes", since, "made");
  for (uint32_t i = 0; i < n && i < top; i++)
    {
      if (sums[i].count == 0 && sums[i].bytes == sums[i].bytes_before)
        continue;
      right (out, gcg__word_count (sums[i].count).text, 14);
      right (out, gcg__word_size (sums[i].bytes).text, 12);
      write_change (out, sums[i].bytes_before, sums[i].bytes);
      right (out, gcg__word_count (sums[i].made).text, 14);
      gcg__buffer_text (out, "  ");
      gcg__buffer_text (out, gcg__timeline_group_name (timeline, sums[i].group));
      gcg__buffer_text (out, "\n");
    }
  free (sums);
  return GCG_OK;
}
