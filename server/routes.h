/* routes.h -- which address means what: one table, from which dispatch, 404, 405 and the index at
 * /api/ are made.
 */
#ifndef GCG_SERVER_ROUTES_H
#define GCG_SERVER_ROUTES_H

#include <stdbool.h>

struct gcg__reply;
struct gcg__request;
struct gcg__server;

struct gcg__route_parameter
{
  const char *name; /* NULL after the last */
  const char *summary;
};

/* Names of types are cut to 400 bytes and three dots. */
#define GCG__MAX_SEGMENT_BYTES 1000

/* What the {...} of a path stood for, percent escapes decoded. */
struct gcg__captures
{
  char text[2][GCG__MAX_SEGMENT_BYTES + 1];
  int n;
};

typedef void (*gcg__handler) (struct gcg__server *server, const struct gcg__request *request,
                              const struct gcg__captures *captures, struct gcg__reply *reply);

struct gcg__route
{
  const char *method; /* "GET" (which HEAD is too) or "POST" */
  const char *path;   /* {N} and {NAME} stand for one segment */
  const char *summary;
  const struct gcg__route_parameter *parameters; /* NULL = none */
  gcg__handler handler;
  bool page; /* parameters that are not listed are not refused: they do nothing */
};

extern const struct gcg__route gcg__routes[]; /* path NULL after the last */

/* Answers REQUEST, which has been let in: an address that is not in the table is 404, a method that
   is not is 405 with Allow, a parameter that the route does not list is 400.  Any thread. */
void gcg__routes_dispatch (struct gcg__server *server, const struct gcg__request *request,
                           struct gcg__reply *reply);

#endif
