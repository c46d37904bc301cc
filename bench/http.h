/* http.h -- asks a server on this machine for a page, and how long that took. */
#ifndef GCG_BENCH_HTTP_H
#define GCG_BENCH_HTTP_H

#include <stddef.h>

/* GETs PATH from the server at URL ("http://127.0.0.1:8090/..."), a connection of its own, and
   reads the answer to its end.  Returns the seconds from connecting to the end and sets *BYTES (may
   be NULL) to the length of the answer; ends the program with a message when the answer is not 200.
 */
double http_get (const char *url, const char *path, size_t *bytes);

/* The beginning of the answer to the same: head, and up to 60 KiB.  Borrowed until the next call.
 */
const char *http_text (const char *url, const char *path);

/* GETs the JSON at PATH again and again until it shows the snapshot described by DESCRIPTION;
   returns the seconds that took. */
double http_wait (const char *url, const char *path, const char *description);

#endif
