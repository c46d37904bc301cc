/* routes.c -- see routes.h. */
#include "config.h"

#include "server/routes.h"

#include <stdbool.h>
#include <string.h>

#include "report/json.h"
#include "server/handlers.h"
#include "server/reply.h"
#include "server/request.h"
#include "server/server.h"

#define SNAPSHOT_PARAMETER                                                                         \
  {                                                                                                \
    "snapshot", "which snapshot, by id; the newest without it"                                     \
  }
#define TABLE_PARAMETERS                                                                           \
  { "offset", "first row, from 0" }, { "limit", "number of rows, 1 to 1000, 50 without it" },      \
      { "sort", "column to sort by" }, { "order", "asc or desc" },                                 \
  {                                                                                                \
    "q", "only rows with this text in them"                                                        \
  }

static const struct gcg__route_parameter snapshot_only[] = { SNAPSHOT_PARAMETER, { NULL, NULL } };
static const struct gcg__route_parameter table[]
    = { SNAPSHOT_PARAMETER, TABLE_PARAMETERS, { NULL, NULL } };
static const struct gcg__route_parameter typed_table[] = {
  SNAPSHOT_PARAMETER, TABLE_PARAMETERS, { "type", "only objects of this type" }, { NULL, NULL }
};
static const struct gcg__route_parameter object_table[]
    = { SNAPSHOT_PARAMETER,
        TABLE_PARAMETERS,
        { "type", "only objects of this type" },
        { "site", "only objects of this site, by its number" },
        { NULL, NULL } };
static const struct gcg__route_parameter list[]
    = { SNAPSHOT_PARAMETER,
        { "offset", "first row, from 0" },
        { "limit", "number of rows, 1 to 1000, 50 without it" },
        { NULL, NULL } };
static const struct gcg__route_parameter garbage_table[]
    = { SNAPSHOT_PARAMETER,
        TABLE_PARAMETERS,
        { "type", "only components with objects of this type" },
        { "cycles", "1: only components with cycles" },
        { NULL, NULL } };
static const struct gcg__route_parameter samples_table[] = { TABLE_PARAMETERS, { NULL, NULL } };
static const struct gcg__route_parameter chart[]
    = { { "points", "samples in the chart, at most 1000, 300 without it" },
        { "from", "number of the first sample" },
        { "to", "number of the last sample" },
        { "types", "types with a series of their own, 8 without it" },
        { NULL, NULL } };
static const struct gcg__route_parameter difference[]
    = { { "from", "number of a sample, the first without it" },
        { "to", "number of another, the last without it" },
        { "by", "type or site" },
        TABLE_PARAMETERS,
        { NULL, NULL } };
static const struct gcg__route_parameter sample[]
    = { { "description", "what to call the sample" }, { NULL, NULL } };
static const struct gcg__route_parameter interval[]
    = { { "every", "seconds between samples, 0.01 to 1000000; 0: none" }, { NULL, NULL } };
static const struct gcg__route_parameter picture[]
    = { SNAPSHOT_PARAMETER, { "reduce", "1: only objects on cycles" }, { NULL, NULL } };
static const struct gcg__route_parameter description[]
    = { { "description", "what to call the snapshot" }, { NULL, NULL } };
static const struct gcg__route_parameter back[]
    = { { "back", "the page to go to afterwards" }, { NULL, NULL } };

const struct gcg__route gcg__routes[] = {
  { "GET", "/", "overview: memory, heap, garbage, what looks wrong", snapshot_only,
    gcg__page_overview },
  { "GET", "/process", "memory, collector, modules, threads", snapshot_only, gcg__page_process },
  { "GET", "/threads", "the threads as the collector stopped them", table, gcg__page_threads },
  { "GET", "/threads/{N}", "one thread, by its id: its calls and what their variables hold",
    snapshot_only, gcg__page_thread },
  { "GET", "/objects", "all objects: search by address, type or place", object_table,
    gcg__page_objects },
  { "GET", "/objects/{ADDRESS}", "one object, why it is alive, what it is connected with",
    snapshot_only, gcg__page_object },
  { "GET", "/types", "how many objects of which type, and how large", table, gcg__page_types },
  { "GET", "/tracker", "memory over time, and the samples it is made of", chart,
    gcg__page_tracker },
  { "GET", "/tracker/samples/{N}", "what was alive at one moment, by its number", samples_table,
    gcg__page_sample },
  { "GET", "/tracker/difference", "what has grown between two samples", difference,
    gcg__page_difference },
  { "GET", "/tracker/type/{NAME}", "all about one type", snapshot_only, gcg__page_type },
  { "GET", "/garbage", "what is unreachable, by connected component", garbage_table,
    gcg__page_garbage },
  { "GET", "/garbage/{N}", "one component: its cycles, where to cut them, its objects", table,
    gcg__page_component },
  { "GET", "/garbage/{N}/graph.png", "picture of the component", picture, gcg__picture_png },
  { "GET", "/garbage/{N}/graph.svg", "picture of the component", picture, gcg__picture_svg },
  { "GET", "/garbage/{N}/graph.dot", "the same as text for graphviz", picture, gcg__picture_dot },
  { "GET", "/help", "the manual", NULL, gcg__page_help },
  { "POST", "/refresh", "takes a snapshot, forgets what was found out before, goes back", back,
    gcg__refresh },
  { "GET", "/static/{NAME}", "scripts, styles and pictures of the pages", NULL, gcg__page_static },
  { "GET", "/api/", "this list", NULL, gcg__api_index },
  { "GET", "/api/frame", "the process, its state, its snapshots", snapshot_only, gcg__api_frame },
  { "GET", "/api/overview", "what / shows", snapshot_only, gcg__api_overview },
  { "GET", "/api/process", "what /process shows", snapshot_only, gcg__api_process },
  { "GET", "/api/threads", "what /threads shows", table, gcg__api_threads },
  { "GET", "/api/threads/{N}", "what /threads/{N} shows", snapshot_only, gcg__api_thread },
  { "GET", "/api/objects", "what /objects shows; q may be any address in an object", object_table,
    gcg__api_objects },
  { "GET", "/api/objects/{ADDRESS}", "what /objects/{ADDRESS} shows", snapshot_only,
    gcg__api_object },
  { "GET", "/api/objects/{ADDRESS}/referents", "what the object points to, by field", list,
    gcg__api_referents },
  { "GET", "/api/objects/{ADDRESS}/referrers", "what points to the object, roots first", list,
    gcg__api_referrers },
  { "GET", "/api/types", "what /types shows", table, gcg__api_types },
  { "GET", "/api/tracker", "what /tracker shows in its chart", chart, gcg__api_tracker },
  { "GET", "/api/tracker/samples", "the samples, newest first", samples_table, gcg__api_samples },
  { "GET", "/api/tracker/samples/{N}", "what /tracker/samples/{N} shows", samples_table,
    gcg__api_sample },
  { "GET", "/api/tracker/difference", "what /tracker/difference shows", difference,
    gcg__api_difference },
  { "GET", "/api/tracker/type/{NAME}", "what /tracker/type/{NAME} shows", snapshot_only,
    gcg__api_type },
  { "GET", "/api/tracker/type/{NAME}/instances", "the objects of the type", table,
    gcg__api_instances },
  { "GET", "/api/sites", "where objects were allocated", typed_table, gcg__api_sites },
  { "GET", "/api/garbage", "what /garbage shows", garbage_table, gcg__api_garbage },
  { "GET", "/api/hazards", "who still points to what the collector will take", table,
    gcg__api_hazards },
  { "GET", "/api/garbage/{N}", "what /garbage/{N} shows", table, gcg__api_component },
  { "POST", "/api/snapshot", "takes a snapshot now", description, gcg__api_snapshot },
  { "POST", "/api/sample", "takes a sample now", sample, gcg__api_take_sample },
  { "POST", "/api/sampling", "sets how often samples are taken", interval, gcg__api_sampling },
  { "POST", "/api/stop", "ends a server that the program itself has started", NULL, gcg__api_stop },
  { NULL, NULL, NULL, NULL, NULL }
};

static int
hexadecimal (char c)
{
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

/* Decodes the N bytes of a segment, whose escapes have been checked, into TEXT; false when it is
   empty or too long. */
static bool
decode (const char *segment, size_t n, char text[GCG__MAX_SEGMENT_BYTES + 1])
{
  size_t length = 0;
  for (size_t i = 0; i < n; i++)
    {
      if (length == GCG__MAX_SEGMENT_BYTES)
        return false;
      if (segment[i] != '%')
        text[length++] = segment[i];
      else
        {
          text[length++] = (char)(hexadecimal (segment[i + 1]) * 16 + hexadecimal (segment[i + 2]));
          i += 2;
        }
    }
  text[length] = '\0';
  return length > 0;
}

/* Whether PATH is one of PATTERN; a segment in braces takes any one segment into CAPTURES. */
static bool
match (const char *pattern, const char *path, struct gcg__captures *captures)
{
  captures->n = 0;
  while (*pattern != '\0' || *path != '\0')
    {
      size_t wanted = strcspn (pattern, "/"), given = strcspn (path, "/");
      if (pattern[0] == '{')
        {
          if (!decode (path, given, captures->text[captures->n++]))
            return false;
        }
      else if (wanted != given || memcmp (pattern, path, given) != 0)
        return false;
      pattern += wanted;
      path += given;
      if (*pattern != *path)
        return false;
      if (*pattern == '/')
        pattern++, path++;
    }
  return true;
}

void
gcg__routes_dispatch (struct gcg__server *server, const struct gcg__request *request,
                      struct gcg__reply *reply)
{
  struct gcg__captures captures;
  const char *allowed = NULL;
  const char *method = gcg__request_is_get (request) ? "GET" : request->method;
  for (const struct gcg__route *route = gcg__routes; route->path != NULL; route++)
    if (match (route->path, request->path, &captures))
      {
        if (strcmp (route->method, method) == 0)
          {
            route->handler (server, request, &captures, reply);
            return;
          }
        allowed = route->method;
      }
  if (allowed == NULL)
    gcg__reply_error (reply, &server->assets, request, 404, "There is no such page.");
  else
    {
      gcg__reply_header (reply, "Allow", strcmp (allowed, "GET") == 0 ? "GET, HEAD" : allowed);
      gcg__reply_error (reply, &server->assets, request, 405,
                        strcmp (allowed, "GET") == 0 ? "This page can only be looked at."
                                                     : "This changes something: it takes a POST.");
    }
}

GCG__HANDLER (gcg__api_index)
{
  struct gcg__json json;
  size_t bytes = 0;
  (void)server, (void)request, (void)captures;
  gcg__json_init (&json, NULL, NULL);
  gcg__json_object (&json, NULL);
  gcg__json_array (&json, "routes");
  for (const struct gcg__route *route = gcg__routes; route->path != NULL; route++)
    {
      gcg__json_object (&json, NULL);
      gcg__json_string (&json, "method", route->method);
      gcg__json_string (&json, "path", route->path);
      gcg__json_string (&json, "summary", route->summary);
      gcg__json_array (&json, "parameters");
      for (const struct gcg__route_parameter *p = route->parameters; p != NULL && p->name != NULL;
           p++)
        {
          gcg__json_object (&json, NULL);
          gcg__json_string (&json, "name", p->name);
          gcg__json_string (&json, "summary", p->summary);
          gcg__json_end (&json);
        }
      gcg__json_end (&json);
      gcg__json_end (&json);
    }
  gcg__json_end (&json);
  gcg__json_end (&json);
  char *body = gcg__json_take (&json, &bytes, NULL);
  gcg__reply_take (reply, gcg__json_type, body, bytes);
}
