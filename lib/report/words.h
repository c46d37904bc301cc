/* words.h -- figures as people read them: 1.2 MiB, 12,310 objects, 3.4 s. */
#ifndef GCG_REPORT_WORDS_H
#define GCG_REPORT_WORDS_H

#include <stdint.h>

#include "report/buffer.h"

/* Long enough for any of these. */
#define GCG__WORD_BYTES 40

struct gcg__word
{
  char text[GCG__WORD_BYTES];
};

/* "96 B", "1.2 KiB", "340 MiB"; base 1024. */
struct gcg__word gcg__word_size (uint64_t bytes);
/* "12,310" */
struct gcg__word gcg__word_count (uint64_t n);
/* "850 us", "12 ms", "3.4 s", "2 min 5 s" */
struct gcg__word gcg__word_duration (uint64_t ns);
/* "18 %", "< 1 %", of WHOLE; "0 %" of nothing. */
struct gcg__word gcg__word_share (uint64_t part, uint64_t whole);

/* Returns what follows the last slash of PATH, or all of it; points into PATH. */
const char *gcg__base_name (const char *path);

/* Adds "1 object", "12,310 objects": NOUN's plural ends in s. */
void gcg__words_number (struct gcg__buffer *out, uint64_t n, const char *noun);

#endif
