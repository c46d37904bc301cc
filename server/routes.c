/* routes.c -- see routes.h. */
#include "config.h"

#include "server/routes.h"

#include <stdio.h>
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

#define OBJECT_PARAMETERS                                                                          \
  SNAPSHOT_PARAMETER, TABLE_PARAMETERS, { "type", "only objects of this type" },                   \
      { "site", "only objects of this site, by its number" },                                      \
  {                                                                                                \
    "cycles", "1: only objects on cycles"                                                          \
  }
#define END                                                                                        \
  {                                                                                                \
    NULL, NULL                                                                                     \
  }

static const struct gcg__route_parameter snapshot_only[] = { SNAPSHOT_PARAMETER, END };
static const struct gcg__route_parameter table[] = { SNAPSHOT_PARAMETER, TABLE_PARAMETERS, END };
static const struct gcg__route_parameter typed_table[]
    = { SNAPSHOT_PARAMETER, TABLE_PARAMETERS, { "type", "only what is of this type" }, END };
static const struct gcg__route_parameter object_table[] = { OBJECT_PARAMETERS, END };
static const struct gcg__route_parameter object_page[]
    = { SNAPSHOT_PARAMETER, { "at", "the offset that was asked for, of an address inside" }, END };
static const struct gcg__route_parameter component_page[]
    = { OBJECT_PARAMETERS, { "graph", "full or reduced: which picture" }, END };
static const struct gcg__route_parameter list[]
    = { SNAPSHOT_PARAMETER,
        { "offset", "first row, from 0" },
        { "limit", "number of rows, 1 to 1000, 50 without it" },
        END };
static const struct gcg__route_parameter garbage_table[]
    = { SNAPSHOT_PARAMETER,
        TABLE_PARAMETERS,
        { "type", "only components with objects of this type" },
        { "cycles", "1: only components with cycles" },
        END };
static const struct gcg__route_parameter kinds_table[]
    = { SNAPSHOT_PARAMETER, TABLE_PARAMETERS, { "show", "leaks, harmless or all" }, END };
static const struct gcg__route_parameter chart[]
    = { SNAPSHOT_PARAMETER,
        { "points", "samples in the chart, at most 1000, 300 without it" },
        { "from", "number of the first sample" },
        { "to", "number of the last sample" },
        { "types", "types with a series of their own, at most 1000, 8 without it" },
        END };
static const struct gcg__route_parameter tracker_page[]
    = { SNAPSHOT_PARAMETER,
        TABLE_PARAMETERS,
        { "from", "number of the first sample in the chart" },
        { "to", "number of the last" },
        { "hide", "series that the chart leaves out" },
        END };
static const struct gcg__route_parameter difference[]
    = { SNAPSHOT_PARAMETER,
        { "from", "number of a sample, the first without it" },
        { "to", "number of another, the last without it" },
        { "by", "type or site" },
        TABLE_PARAMETERS,
        END };
static const struct gcg__route_parameter sample[]
    = { { "description", "what to call the sample, at most 200 bytes" }, END };
static const struct gcg__route_parameter interval[]
    = { { "every", "seconds between samples, 0.01 to 1000000; 0: none" }, END };
static const struct gcg__route_parameter picture[]
    = { SNAPSHOT_PARAMETER, { "reduce", "1: only objects on cycles" }, END };
static const struct gcg__route_parameter description[]
    = { { "description", "what to call the snapshot, at most 200 bytes" },
        { "collect", "1: the collector collects first, and says what is garbage" },
        END };
static const struct gcg__route_parameter back[]
    = { { "back", "the page to go to afterwards" }, END };

/* A page keeps its state in its address, for its own script. */
#define PAGE(path, summary, parameters, handler)                                                   \
  {                                                                                                \
    "GET", path, summary, parameters, handler, true                                                \
  }
#define GET(path, summary, parameters, handler)                                                    \
  {                                                                                                \
    "GET", path, summary, parameters, handler, false                                               \
  }
#define POST(path, summary, parameters, handler)                                                   \
  {                                                                                                \
    "POST", path, summary, parameters, handler, false                                              \
  }

const struct gcg__route gcg__routes[] = {
  PAGE ("/", "overview: memory, heap, garbage, what looks wrong", snapshot_only,
        gcg__page_overview),
  PAGE ("/process", "memory, collector, modules, threads", snapshot_only, gcg__page_process),
  PAGE ("/threads", "the threads as the collector stopped them", table, gcg__page_threads),
  PAGE ("/threads/{N}", "one thread, by its id: its calls and what their variables hold",
        snapshot_only, gcg__page_thread),
  PAGE ("/objects", "all objects: search by address, type or place", object_table,
        gcg__page_objects),
  PAGE ("/objects/{ADDRESS}", "one object, why it is alive, what it is connected with", object_page,
        gcg__page_object),
  PAGE ("/types", "how many objects of which type, and how large", table, gcg__page_types),
  PAGE ("/tracker", "memory over time, and the samples it is made of", tracker_page,
        gcg__page_tracker),
  PAGE ("/tracker/samples/{N}", "what was alive at one moment, by its number", table,
        gcg__page_sample),
  PAGE ("/tracker/difference", "what has grown between two samples", difference,
        gcg__page_difference),
  PAGE ("/tracker/type/{NAME}", "all about one type", object_table, gcg__page_type),
  PAGE ("/garbage", "what is unreachable, by connected component", garbage_table,
        gcg__page_garbage),
  PAGE ("/garbage/{N}", "one component: its cycles, where to cut them, its objects", component_page,
        gcg__page_component),
  GET ("/garbage/{N}/graph.png", "picture of the component", picture, gcg__picture_png),
  GET ("/garbage/{N}/graph.svg", "picture of the component", picture, gcg__picture_svg),
  GET ("/garbage/{N}/graph.dot", "the same as text for graphviz", picture, gcg__picture_dot),
  PAGE ("/help", "the manual", NULL, gcg__page_help),
  POST ("/refresh", "takes a snapshot, forgets what was found out before, goes back", back,
        gcg__refresh),
  GET ("/static/{NAME}", "scripts, styles and pictures of the pages", NULL, gcg__page_static),
  GET ("/api/", "this list", NULL, gcg__api_index),
  GET ("/api/frame", "the process, its state, its snapshots", snapshot_only, gcg__api_frame),
  GET ("/api/overview", "what / shows", snapshot_only, gcg__api_overview),
  GET ("/api/process", "what /process shows", snapshot_only, gcg__api_process),
  GET ("/api/threads", "what /threads shows", table, gcg__api_threads),
  GET ("/api/threads/{N}", "what /threads/{N} shows", snapshot_only, gcg__api_thread),
  GET ("/api/objects", "what /objects shows; q may be any address in an object", object_table,
       gcg__api_objects),
  GET ("/api/objects/{ADDRESS}", "what /objects/{ADDRESS} shows", snapshot_only, gcg__api_object),
  GET ("/api/objects/{ADDRESS}/referents", "what the object points to, by field", list,
       gcg__api_referents),
  GET ("/api/objects/{ADDRESS}/referrers", "what points to the object, roots first", list,
       gcg__api_referrers),
  GET ("/api/types", "what /types shows", typed_table, gcg__api_types),
  GET ("/api/tracker", "what /tracker shows in its chart", chart, gcg__api_tracker),
  GET ("/api/tracker/samples", "the samples, newest first", table, gcg__api_samples),
  GET ("/api/tracker/samples/{N}", "what /tracker/samples/{N} shows", table, gcg__api_sample),
  GET ("/api/tracker/difference", "what /tracker/difference shows", difference,
       gcg__api_difference),
  GET ("/api/tracker/type/{NAME}", "what /tracker/type/{NAME} shows", snapshot_only, gcg__api_type),
  GET ("/api/tracker/type/{NAME}/instances", "the objects of the type", object_table,
       gcg__api_instances),
  GET ("/api/sites", "where objects were allocated", typed_table, gcg__api_sites),
  GET ("/api/garbage", "what /garbage shows", garbage_table, gcg__api_garbage),
  GET ("/api/garbage/kinds", "leaks and cycles by kind, those that hold most first", kinds_table,
       gcg__api_kinds),
  GET ("/api/hazards", "who still points to what the collector will take", table, gcg__api_hazards),
  GET ("/api/garbage/{N}", "what /garbage/{N} shows", object_table, gcg__api_component),
  POST ("/api/snapshot", "takes a snapshot now", description, gcg__api_snapshot),
  POST ("/api/sample", "takes a sample now", sample, gcg__api_take_sample),
  POST ("/api/sampling", "sets how often samples are taken", interval, gcg__api_sampling),
  POST ("/api/stop", "ends a server that the program itself has started", NULL, gcg__api_stop),
  { NULL, NULL, NULL, NULL, NULL, false }
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

/* Whether ROUTE takes every parameter of REQUEST; if not, REPLY is the answer.  So the index at
   /api/ cannot leave one out. */
static bool
takes_all (const struct gcg__server *server, const struct gcg__route *route,
           const struct gcg__request *request, struct gcg__reply *reply)
{
  for (int i = 0; i < request->n_parameters && !route->page; i++)
    {
      const struct gcg__route_parameter *p = route->parameters;
      const char *name = request->parameters[i].name;
      char text[160];
      while (p != NULL && p->name != NULL && strcmp (p->name, name) != 0)
        p++;
      if (p != NULL && p->name != NULL)
        continue;
      snprintf (text, sizeof text, "There is no parameter %.40s here: /api/ lists those of %s.",
                name, route->path);
      gcg__reply_error (reply, &server->assets, request, 400, text);
      return false;
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
            if (takes_all (server, route, request, reply))
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
