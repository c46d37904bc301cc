/* request.h -- a request as the handlers see it: checked, parsed, independent of the HTTP library.
 *
 * gcg__request_parse refuses what no browser sends and what two parsers could read differently:
 * more than one Host or Content-Length, Transfer-Encoding, "//" or a backslash in the path, ".." or
 * a percent sign but in the name of a type (no other path of ours needs them), NUL or broken
 * percent escapes in the query, a parameter given twice.  Numbers are parsed strictly.
 */
#ifndef GCG_SERVER_REQUEST_H
#define GCG_SERVER_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GCG__MAX_PATH_BYTES  2048
#define GCG__MAX_QUERY_BYTES 8192
#define GCG__MAX_BODY_BYTES  65536
#define GCG__MAX_HEADERS     64 /* the HTTP library drops what comes after the 64th */
#define GCG__MAX_PARAMETERS  32

struct gcg__header
{
  const char *name;
  const char *value;
};

struct gcg__parameter
{
  const char *name;
  const char *value;
};

struct gcg__request
{
  /* Set by the caller, borrowed. */
  const char *method;
  const char *path;    /* as sent, without the query */
  const char *query;   /* as sent, NULL = none */
  const char *version; /* "1.1" */
  const struct gcg__header *headers;
  int n_headers;
  long long content_length; /* -1 = none */

  /* Set by gcg__request_parse. */
  struct gcg__parameter parameters[GCG__MAX_PARAMETERS];
  int n_parameters;
  char *storage; /* of the parameters */

  /* Set by gcg__request_take_body. */
  char *body; /* NUL-terminated */
  size_t body_bytes;
};

/* Checks and parses what the caller has set.  Returns 0, or the HTTP status of the error and why in
 *TEXT.  Either way gcg__request_fini is to be called. */
int gcg__request_parse (struct gcg__request *request, const char **text);

/* Takes BODY (malloc'd, NUL-terminated, BYTES without the NUL): the fields of a form or of a flat
   JSON object become parameters beside those of the query.  Returns 0 or an HTTP status. */
int gcg__request_take_body (struct gcg__request *request, char *body, size_t bytes,
                            const char **text);

void gcg__request_fini (struct gcg__request *request);

/* The only header NAME (any case), NULL when there is none.  *COUNT, when not NULL, is set to how
   many there are. */
const char *gcg__request_header (const struct gcg__request *request, const char *name, int *count);

/* Returns whether the client takes an answer that gzip has made shorter. */
bool gcg__request_takes_gzip (const struct gcg__request *request);

/* A GET, or a HEAD, which is a GET without the body. */
bool gcg__request_is_get (const struct gcg__request *request);

/* The answer is for a program, not for a person: the path is below /api/. */
bool gcg__request_is_api (const struct gcg__request *request);

/* The value of parameter NAME, NULL when it was not given. */
const char *gcg__request_text (const struct gcg__request *request, const char *name);

/* Sets *VALUE to parameter NAME, or to FALLBACK when it was not given.  False when it is not a
   decimal number from LOW to HIGH. */
bool gcg__request_number (const struct gcg__request *request, const char *name, uint64_t low,
                          uint64_t high, uint64_t fallback, uint64_t *value);

/* The same for TEXT. */
bool gcg__parse_number (const char *text, uint64_t low, uint64_t high, uint64_t *value);

/* Returns whether the BYTES at TEXT are UTF-8 without control characters. */
bool gcg__is_clean_text (const char *text, size_t bytes);

#endif
