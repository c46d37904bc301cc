/* access.h -- access control: the host, the origin and the token of a request.
 *
 * The server shows a program's memory, so a web page in the same browser, another user of the
 * machine and a name that is made to point to 127.0.0.1 (DNS rebinding) must get nothing:
 *   Host               one of 127.0.0.1:P, localhost:P, [::1]:P, else 403
 *   Origin             when sent, http:// and one of those, else 403
 *   Sec-Fetch-Site     when sent, same-origin or none, else 403; but a link on another site may
 *                      lead a person to a page
 *   POST               must say that it comes from our own page (Origin or Sec-Fetch-Site), or
 *                      carry X-Gcglass, which no other site can send; below /api/ always the latter
 *   token              128 random bits, made at start; everything but /static/ needs it
 * The token comes as "Authorization: Bearer TOKEN", or once in the printed URL, which gives the
 * browser a cookie with another secret (HttpOnly, SameSite=Strict) and is spent then; HEAD and a
 * prefetch do not spend it.  Opening a spent URL is answered 401 and makes a new URL, which is
 * printed where the first one was, and whose token is good as a Bearer, too.  A token that the user
 * has chosen is not spent.  Cookies do not know ports, hence the port in its name.
 */
#ifndef GCG_SERVER_ACCESS_H
#define GCG_SERVER_ACCESS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "gcglass/error.h"

struct gcg__assets;
struct gcg__reply;
struct gcg__request;

#define GCG__TOKEN_BYTES 128 /* of its text, NUL included */

struct gcg__access
{
  atomic_int port; /* 0 until the server has one: until then no Host is right */
  bool open;       /* no token is asked for */
  bool chosen;     /* the token is the user's own: it is not spent */
  char token[GCG__TOKEN_BYTES];
  char session[GCG__TOKEN_BYTES]; /* what the cookie holds */

  pthread_mutex_t lock;
  bool spent;                    /* under lock: LAUNCH was used */
  char launch[GCG__TOKEN_BYTES]; /* under lock: what a URL may hold; first the same as TOKEN */
  char before[GCG__TOKEN_BYTES]; /* under lock: the spent one */
  /* Called when a new URL was made because a spent one was opened; may be NULL. */
  void (*renewed) (void *context, const char *launch);
  void *context;
};

/* TOKEN: NULL or "" = make one, "off" = none, else the user's own.  Errors: GCG_INVALID (too short,
   or characters that a URL does not take as they are), GCG_SYSTEM. */
enum gcg_status gcg__access_init (struct gcg__access *access, const char *token,
                                  struct gcg_error *error) __attribute__ ((warn_unused_result));
void gcg__access_fini (struct gcg__access *access);

/* What the URL to open holds now. */
void gcg__access_launch (struct gcg__access *access, char launch[GCG__TOKEN_BYTES]);

/* Returns whether REQUEST may go on to its handler; if not, REPLY is the answer.  access->port must
   be set before the first call.  Any thread. */
bool gcg__access_check (struct gcg__access *access, const struct gcg__request *request,
                        const struct gcg__assets *assets, struct gcg__reply *reply);

#endif
