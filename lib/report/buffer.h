/* buffer.h -- text that grows, or that flows into a sink piece by piece.
 *
 * All output of lib/report goes through one: JSON, DOT and reports for the terminal.  Failure is
 * sticky: after the first one (out of memory, or the sink said no) nothing is added any more, and
 * gcg__buffer_status reports it at the end, so writers need no check after each word.
 * One thread at a time.
 */
#ifndef GCG_REPORT_BUFFER_H
#define GCG_REPORT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "gcglass/error.h"

/* Takes N bytes; false: cannot, stop. */
typedef bool (*gcg__sink) (void *context, const char *bytes, size_t n);

struct gcg__buffer
{
  char *bytes; /* [n] and a NUL after them once anything was added; NULL before */
  size_t n;
  size_t size;
  gcg__sink sink; /* NULL: keep everything */
  void *context;
  enum gcg_status status;
};

/* SINK NULL: a buffer that grows.  Else what is added is handed to SINK in pieces of about 64 KiB,
   the last one by gcg__buffer_flush. */
void gcg__buffer_init (struct gcg__buffer *buffer, gcg__sink sink, void *context);
/* Frees the text and makes BUFFER empty, its failure forgotten. */
void gcg__buffer_fini (struct gcg__buffer *buffer);
/* Empties a growing buffer, keeps its memory and its failure. */
void gcg__buffer_clear (struct gcg__buffer *buffer);

void gcg__buffer_add (struct gcg__buffer *buffer, const char *bytes, size_t n);
void gcg__buffer_text (struct gcg__buffer *buffer, const char *text);
void gcg__buffer_format (struct gcg__buffer *buffer, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));
/* TEXT as it may stand on a terminal or in a file: invalid UTF-8 becomes U+FFFD, control characters
   (C0, DEL, C1, line and paragraph separators, bidirectional overrides) become '?'. */
void gcg__buffer_clean (struct gcg__buffer *buffer, const char *text);
/* Hands what is left to the sink. */
void gcg__buffer_flush (struct gcg__buffer *buffer);

/* Everything arrived, or why not.  Errors: GCG_NO_MEMORY; GCG_SYSTEM: the sink refused. */
enum gcg_status gcg__buffer_status (const struct gcg__buffer *buffer, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* The text so far, "" when there is none; borrowed until BUFFER changes. */
const char *gcg__buffer_string (const struct gcg__buffer *buffer);
/* Takes the text out of a growing buffer; caller frees it.  NULL when BUFFER has failed. */
char *gcg__buffer_take (struct gcg__buffer *buffer);

/* Reads one character of UTF-8 at *TEXT, which ends in NUL, and moves *TEXT past it: the code
   point, or U+FFFD for one byte that does not belong to a valid, shortest form. */
unsigned gcg__utf8_next (const char **text);

#endif
