/* access.c -- see access.h. */
#include "config.h"

#include "server/access.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "server/assets.h"
#include "base/error.h"
#include "server/reply.h"
#include "server/request.h"

#define RANDOM_BYTES 16 /* 128 bits */
#define SHORTEST_OWN 8

static bool
make_secret (char text[GCG__TOKEN_BYTES])
{
  uint8_t bytes[RANDOM_BYTES];
  if (getrandom (bytes, sizeof bytes, 0) != sizeof bytes)
    return false;
  for (size_t i = 0; i < sizeof bytes; i++)
    snprintf (text + 2 * i, 3, "%02x", bytes[i]);
  return true;
}

/* Takes the same time wherever the texts differ.  Their lengths are no secret. */
static bool
same_secret (const char *secret, const char *given, size_t n)
{
  unsigned difference = 0;
  if (strlen (secret) != n || n == 0)
    return false;
  for (size_t i = 0; i < n; i++)
    difference |= (unsigned char)secret[i] ^ (unsigned char)given[i];
  return difference == 0;
}

enum gcg_status
gcg__access_init (struct gcg__access *access, const char *token, struct gcg_error *error)
{
  memset (access, 0, sizeof *access);
  pthread_mutex_init (&access->lock, NULL);
  access->open = token != NULL && strcmp (token, "off") == 0;
  if (!make_secret (access->session))
    return gcg__error_write (error, GCG_SYSTEM, "no random numbers: %s", strerror (errno));
  if (token != NULL && *token != '\0' && !access->open)
    {
      size_t n = strlen (token);
      if (n < SHORTEST_OWN || n >= sizeof access->token
          || token[strspn (token,
                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~")]
                 != '\0')
        return gcg__error_write (error, GCG_INVALID,
                                 "a token must be %d to %d letters, digits, '-', '_', '.' or '~'",
                                 SHORTEST_OWN, GCG__TOKEN_BYTES - 1);
      access->chosen = true;
      strcpy (access->token, token);
    }
  else if (!make_secret (access->token))
    return gcg__error_write (error, GCG_SYSTEM, "no random numbers: %s", strerror (errno));
  strcpy (access->launch, access->token);
  return GCG_OK;
}

void
gcg__access_fini (struct gcg__access *access)
{
  pthread_mutex_destroy (&access->lock);
  explicit_bzero (access, sizeof *access);
}

void
gcg__access_launch (struct gcg__access *access, char launch[GCG__TOKEN_BYTES])
{
  pthread_mutex_lock (&access->lock);
  strcpy (launch, access->launch);
  pthread_mutex_unlock (&access->lock);
}

/* Whether HOST is a name of ours with our port. */
static bool
our_host (const struct gcg__access *access, const char *host)
{
  static const char *const names[] = { "127.0.0.1", "localhost", "[::1]" };
  char port[16];
  int number = atomic_load (&access->port);
  if (number == 0)
    return false;
  snprintf (port, sizeof port, ":%d", number);
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    {
      size_t n = strlen (names[i]);
      if (strncasecmp (host, names[i], n) == 0
          && (strcmp (host + n, port) == 0 || (number == 80 && host[n] == '\0')))
        return true;
    }
  return false;
}

static bool
check_origin (const struct gcg__access *access, const struct gcg__request *request)
{
  int origins, sites;
  const char *origin = gcg__request_header (request, "Origin", &origins);
  const char *site = gcg__request_header (request, "Sec-Fetch-Site", &sites);
  const char *mode = gcg__request_header (request, "Sec-Fetch-Mode", NULL);
  const char *target = gcg__request_header (request, "Sec-Fetch-Dest", NULL);
  const char *mark = gcg__request_header (request, "X-Gcglass", NULL);
  bool marked = mark != NULL && strcmp (mark, "1") == 0;
  bool get = gcg__request_is_get (request), api = gcg__request_is_api (request);
  if (origins > 1 || sites > 1)
    return false;
  if (origin != NULL && (strncmp (origin, "http://", 7) != 0 || !our_host (access, origin + 7)))
    return false;
  if (site != NULL && strcmp (site, "same-origin") != 0 && (strcmp (site, "none") != 0 || !get)
      && !(get && !api && mode != NULL && strcmp (mode, "navigate") == 0 && target != NULL
           && strcmp (target, "document") == 0))
    return false;
  if (get)
    return true;
  return marked || (!api && (origin != NULL || site != NULL));
}

/* The first token, and that of the address that was printed last, spent or not. */
static bool
has_bearer (struct gcg__access *access, const struct gcg__request *request)
{
  const char *given = gcg__request_header (request, "Authorization", NULL);
  if (given == NULL || strncasecmp (given, "Bearer ", 7) != 0)
    return false;
  size_t n = strlen (given + 7);
  pthread_mutex_lock (&access->lock);
  bool is_last = same_secret (access->launch, given + 7, n);
  pthread_mutex_unlock (&access->lock);
  return same_secret (access->token, given + 7, n) || is_last;
}

static bool
has_cookie (const struct gcg__access *access, const struct gcg__request *request)
{
  char name[32];
  int length = snprintf (name, sizeof name, "gcglass-%d=", access->port);
  for (int i = 0; i < request->n_headers; i++)
    {
      const char *p = request->headers[i].value;
      if (strcasecmp (request->headers[i].name, "Cookie") != 0)
        continue;
      for (p += strspn (p, "; "); *p != '\0'; p += strspn (p, "; "))
        {
          size_t n = strcspn (p, ";");
          if (strncmp (p, name, (size_t)length) == 0
              && same_secret (access->session, p + length, n - (size_t)length))
            return true;
          p += n;
        }
    }
  return false;
}

enum launch
{
  WRONG,
  GOOD,
  SPENT
};

/* Spends the token of a URL, or only compares it if LOOKS.  A spent one is replaced, and NEW is the
   next one. */
static enum launch
take_launch (struct gcg__access *access, const char *given, bool looks, char new[GCG__TOKEN_BYTES])
{
  enum launch result = WRONG;
  size_t n = strlen (given);
  new[0] = '\0';
  pthread_mutex_lock (&access->lock);
  if (same_secret (access->launch, given, n))
    {
      result = access->spent ? SPENT : GOOD;
      access->spent |= !access->chosen && !looks;
    }
  else if (same_secret (access->before, given, n) || same_secret (access->token, given, n))
    result = SPENT;
  if (result == SPENT && access->spent && !looks)
    {
      strcpy (access->before, access->launch);
      access->spent = !make_secret (access->launch);
      if (!access->spent)
        strcpy (new, access->launch);
    }
  pthread_mutex_unlock (&access->lock);
  return result;
}

/* The browser has shown a good URL, or has the cookie already: on to the page itself.  A Strict
   cookie does not come along when another site (or a file) led here, not even after a redirect, so
   then a page of ours leads on. */
static void
enter (struct gcg__access *access, const struct gcg__request *request, bool give,
       struct gcg__reply *reply)
{
  const char *site = gcg__request_header (request, "Sec-Fetch-Site", NULL);
  char cookie[GCG__TOKEN_BYTES + 64], *page = NULL;
  if (give)
    {
      snprintf (cookie, sizeof cookie, "gcglass-%d=%s; Path=/; HttpOnly; SameSite=Strict",
                access->port, access->session);
      gcg__reply_header (reply, "Set-Cookie", cookie);
    }
  if (site == NULL || strcmp (site, "none") == 0 || strcmp (site, "same-origin") == 0)
    {
      gcg__reply_redirect (reply, 302, request->path);
      return;
    }
  int n = asprintf (&page,
                    "<!DOCTYPE html><meta http-equiv=\"refresh\" content=\"0;url=%s\">"
                    "<title>gcglass</title><a href=\"%s\">gcglass</a>\n",
                    request->path, request->path);
  gcg__reply_take (reply, "text/html; charset=utf-8", n < 0 ? NULL : page, n < 0 ? 0 : (size_t)n);
}

/* Returns whether a page is prefetched: the browser requests it again when it is shown. */
static bool
is_prefetch (const struct gcg__request *request)
{
  static const char *const names[] = { "Sec-Purpose", "Purpose", "X-Moz" };
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    {
      const char *value = gcg__request_header (request, names[i], NULL);
      if (value != NULL && strncasecmp (value, "prefetch", 8) == 0)
        return true;
    }
  return false;
}

/* Returns why REQUEST, which holds the token GIVEN, is not authorised; NULL: it is the first use,
   and REPLY redirects to the page. */
static const char *
enter_with (struct gcg__access *access, const struct gcg__request *request, const char *given,
            bool known, struct gcg__reply *reply)
{
  char new[GCG__TOKEN_BYTES];
  bool looks = strcmp (request->method, "HEAD") == 0;
  enum launch launch = known ? GOOD : take_launch (access, given, looks, new);
  if (launch == GOOD)
    {
      enter (access, request, !known && !looks, reply);
      return NULL;
    }
  if (launch == WRONG)
    return "This is not the token of this gcglass: open the address that it printed last.";
  if (new[0] != '\0' && access->renewed != NULL)
    access->renewed (access->context, new);
  explicit_bzero (new, sizeof new);
  if (access->renewed == NULL)
    return "This address was opened already, and works once. gcglass prints no new one, since it "
           "was "
           "started with --quiet: choose a token, which works many times (--token-file, "
           "GCGLASS_TOKEN).";
  return "This address was opened already, and works once. A new one was printed where gcglass "
         "printed "
         "this one, to its standard error: look in the terminal where it, or the program, was "
         "started, or in the file that this output goes to. The token in it is also good for "
         "\"Authorization: Bearer TOKEN\"; one that you choose (--token-file, GCGLASS_TOKEN) works "
         "many times.";
}

/* Whether REQUEST is authorised; if not, or when it is the first look, REPLY is the answer. */
static bool
check_token (struct gcg__access *access, const struct gcg__request *request,
             const struct gcg__assets *assets, struct gcg__reply *reply)
{
  const char *text = "No token: open the address that gcglass printed when it started, with its "
                     "?token= part, or send \"Authorization: Bearer TOKEN\".";
  const char *given = gcg__request_text (request, "token");
  bool known = access->open || has_bearer (access, request) || has_cookie (access, request);
  if (given != NULL && gcg__request_is_get (request) && !gcg__request_is_api (request))
    {
      if (!known && is_prefetch (request))
        {
          gcg__reply_error (reply, assets, request, 503,
                            "The address works once and is not fetched in advance.");
          return false;
        }
      text = enter_with (access, request, given, known, reply);
      if (text == NULL)
        return false;
    }
  else if (known)
    return true;
  gcg__reply_header (reply, "WWW-Authenticate", "Bearer realm=\"gcglass\"");
  gcg__reply_error (reply, assets, request, 401, text);
  return false;
}

bool
gcg__access_check (struct gcg__access *access, const struct gcg__request *request,
                   const struct gcg__assets *assets, struct gcg__reply *reply)
{
  const char *host = gcg__request_header (request, "Host", NULL);
  if (host == NULL || !our_host (access, host))
    {
      gcg__reply_error (reply, assets, request, 403,
                        "gcglass answers to localhost and 127.0.0.1 only.");
      return false;
    }
  if (!check_origin (access, request))
    {
      gcg__reply_error (reply, assets, request, 403,
                        "This request comes from another site, or does not say that it does not.");
      return false;
    }
  if (strncmp (request->path, "/static/", 8) == 0 && gcg__request_is_get (request))
    return true;
  return check_token (access, request, assets, reply);
}
