/* reply.h -- an answer before it is sent.
 *
 * Handlers fill it; http.c sends it, adds the security headers, and leaves out the body for HEAD.
 * Whatever comes from outside goes into the body only, never into a header.
 */
#ifndef GCG_SERVER_REPLY_H
#define GCG_SERVER_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gcg__assets;
struct gcg__request;

struct gcg__reply
{
  int status;         /* 0 until something is set */
  const char *type;   /* of the body; static */
  const char *policy; /* Content-Security-Policy; NULL = that of pages; static */
  const void *body;   /* BYTES of it; NULL = none, or FD's */
  size_t bytes;
  char *owned;       /* freed with the reply, usually the body */
  bool then_stop;    /* the server is to end when this has been sent */
  int fd;            /* -1, or a file that is the body, from its start; closed with the reply */
  char headers[512]; /* more header lines, each with CR LF */
};

extern const char gcg__json_type[];
extern const char gcg__html_type[];

void gcg__reply_init (struct gcg__reply *reply);
void gcg__reply_fini (struct gcg__reply *reply);

/* The body is BYTES at BODY, static. */
void gcg__reply_static (struct gcg__reply *reply, const char *type, const void *body, size_t bytes);

/* The body is BYTES at BODY, malloc'd, taken.  NULL is "out of memory" (503). */
void gcg__reply_take (struct gcg__reply *reply, const char *type, char *body, size_t bytes);

/* The body is what FD holds, BYTES long, taken. */
void gcg__reply_file (struct gcg__reply *reply, const char *type, int fd, size_t bytes);

/* Adds the header line NAME: VALUE.  VALUE must be of our own making. */
void gcg__reply_header (struct gcg__reply *reply, const char *name, const char *value);

/* Goes to the local PATH, which gcg__request_parse has passed. */
void gcg__reply_redirect (struct gcg__reply *reply, int status, const char *path);

/* An error: JSON below /api/, else the page error.html with STATUS and TEXT in it, escaped. */
void gcg__reply_error (struct gcg__reply *reply, const struct gcg__assets *assets,
                       const struct gcg__request *request, int status, const char *text);

/* The words of an HTTP status. */
const char *gcg__reply_reason (int status);

#endif
