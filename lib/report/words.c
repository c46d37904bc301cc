/* words.c -- see words.h. */
#include <config.h>

#include "report/words.h"

#include <stdio.h>
#include <string.h>

struct gcg__word
gcg__word_size (uint64_t bytes)
{
  static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
  struct gcg__word word;
  if (bytes < 1024)
    {
      snprintf (word.text, sizeof word.text, "%u B", (unsigned)bytes);
      return word;
    }
  double value = (double)bytes / 1024;
  unsigned unit = 0;
  /* At most three digits before the unit: 1000 KiB are 1.0 MiB, rounded. */
  while (value >= 999.5 && unit < 5)
    {
      value /= 1024;
      unit++;
    }
  snprintf (word.text, sizeof word.text, "%.*f %s", value < 99.95 ? 1 : 0, value, units[unit]);
  return word;
}

struct gcg__word
gcg__word_count (uint64_t n)
{
  char digits[24];
  int length = snprintf (digits, sizeof digits, "%llu", (unsigned long long)n);
  struct gcg__word word;
  char *to = word.text;
  for (int i = 0; i < length; i++)
    {
      if (i > 0 && (length - i) % 3 == 0)
        *to++ = ',';
      *to++ = digits[i];
    }
  *to = '\0';
  return word;
}

struct gcg__word
gcg__word_duration (uint64_t ns)
{
  struct gcg__word word;
  double s = (double)ns / 1e9;
  if (ns < 1000000)
    snprintf (word.text, sizeof word.text, "%.0f us", s * 1e6);
  else if (s < 0.01)
    snprintf (word.text, sizeof word.text, "%.1f ms", s * 1e3);
  else if (s < 1)
    snprintf (word.text, sizeof word.text, "%.0f ms", s * 1e3);
  else if (s < 60)
    snprintf (word.text, sizeof word.text, "%.1f s", s);
  else if (s < 3600)
    snprintf (word.text, sizeof word.text, "%.0f min %.0f s", (double)(ns / 60000000000u),
              (double)(ns / 1000000000 % 60));
  else
    snprintf (word.text, sizeof word.text, "%llu h %llu min",
              (unsigned long long)(ns / 3600000000000u),
              (unsigned long long)(ns / 60000000000u % 60));
  return word;
}

struct gcg__word
gcg__word_share (uint64_t part, uint64_t whole)
{
  struct gcg__word word;
  double share = whole == 0 ? 0 : 100.0 * (double)part / (double)whole;
  if (part > 0 && share < 1)
    strcpy (word.text, "< 1 %");
  else
    snprintf (word.text, sizeof word.text, "%.0f %%", share);
  return word;
}

void
gcg__words_number (struct gcg__buffer *out, uint64_t n, const char *noun)
{
  gcg__buffer_format (out, "%s %s%s", gcg__word_count (n).text, noun, n == 1 ? "" : "s");
}

const char *
gcg__base_name (const char *path)
{
  const char *slash = strrchr (path, '/');
  return slash != NULL ? slash + 1 : path;
}
