/* pages.c -- the pages: static skeletons, which fetch their data from /api/; their pictures.
 *
 * A page about something that is not there is an error page, so the number of a component is looked
 * up here too.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"
#include "server/handlers.h"
#include "server/pictures.h"
#include "server/reply.h"
#include "server/request.h"
#include "server/samples.h"
#include "server/server.h"
#include "server/source.h"

/* A picture opened by itself: nothing in it may run or be fetched. */
static const char picture_policy[] = "default-src 'none'; style-src 'unsafe-inline'; "
                                     "frame-ancestors 'none'; base-uri 'none'; sandbox";

int
gcg__http_status (enum gcg_status status)
{
  switch (status)
    {
    case GCG_OK:
      return 200;
    case GCG_INVALID:
      return 400;
    case GCG_NOT_FOUND:
      return 404;
    case GCG_UNSUPPORTED:
    case GCG_DISABLED:
    case GCG_NO_COLLECTOR:
      return 409;
    case GCG_NO_MEMORY:
    case GCG_BUSY:
    case GCG_NO_RENDERER:
    case GCG_RENDER:
      return 503;
    case GCG_TIMEOUT:
      return 504;
    case GCG_SYSTEM:
    case GCG_CORRUPT:
    case GCG_VERSION:
    case GCG_NO_SERVER:
      break;
    }
  return 500;
}

void
gcg__answer_failure (struct gcg__server *server, const struct gcg__request *request,
                     struct gcg__reply *reply, const struct gcg_error *error)
{
  if (error->status == GCG_BUSY)
    gcg__reply_header (reply, "Retry-After", "2");
  gcg__reply_error (reply, &server->assets, request, gcg__http_status (error->status), error->text);
}

bool
gcg__answer_entry (struct gcg__server *server, const struct gcg__request *request,
                   struct gcg__reply *reply, const struct gcg__entry **entry)
{
  struct gcg_error error;
  uint64_t id;
  if (!gcg__request_number (request, "snapshot", 1, UINT32_MAX, 0, &id))
    {
      gcg__reply_error (reply, &server->assets, request, 400,
                        "snapshot must be the number of a snapshot.");
      return false;
    }
  *entry = NULL;
  enum gcg_status status = gcg__source_get (server->source, (uint32_t)id, entry, &error);
  if (status == GCG_BUSY)
    gcg__source_look (server->source);
  else if (status != GCG_OK)
    {
      gcg__answer_failure (server, request, reply, &error);
      return false;
    }
  return true;
}

uint64_t
gcg__captured_number (const struct gcg__captures *captures)
{
  uint64_t number;
  return gcg__parse_number (captures->text[0], 1, UINT32_MAX, &number) ? number : 0;
}

/* The file NAME of the front end. */
static void
send_asset (struct gcg__server *server, const struct gcg__request *request,
            struct gcg__reply *reply, const char *name)
{
  struct gcg__asset asset;
  enum gcg_status status = gcg__assets_find (&server->assets, name, &asset);
  if (status == GCG_OK && asset.owned != NULL)
    gcg__reply_take (reply, asset.type, asset.owned, asset.bytes);
  else if (status == GCG_OK && asset.packed != NULL)
    {
      bool packed = gcg__request_takes_gzip (request);
      gcg__reply_static (reply, asset.type, packed ? asset.packed : asset.data,
                         packed ? asset.packed_bytes : asset.bytes);
      gcg__reply_header (reply, "Vary", "Accept-Encoding");
      if (packed)
        gcg__reply_header (reply, "Content-Encoding", "gzip");
    }
  else if (status == GCG_OK)
    gcg__reply_static (reply, asset.type, asset.data, asset.bytes);
  else
    gcg__reply_error (reply, &server->assets, request, gcg__http_status (status),
                      "There is no such file.");
}

/* A page about the snapshot that is asked for. */
static void
send_page (struct gcg__server *server, const struct gcg__request *request, struct gcg__reply *reply,
           const char *name)
{
  const struct gcg__entry *entry;
  if (!gcg__answer_entry (server, request, reply, &entry))
    return;
  if (entry != NULL)
    gcg__source_put (server->source, entry);
  send_asset (server, request, reply, name);
}

GCG__HANDLER (gcg__page_overview)
{
  (void)captures;
  send_page (server, request, reply, "overview.html");
}

GCG__HANDLER (gcg__page_process)
{
  (void)captures;
  send_page (server, request, reply, "process.html");
}

GCG__HANDLER (gcg__page_threads)
{
  (void)captures;
  send_page (server, request, reply, "threads.html");
}

GCG__HANDLER (gcg__page_thread)
{
  const struct gcg__entry *entry;
  uint64_t id = gcg__captured_number (captures);
  bool found = false;
  if (!gcg__answer_entry (server, request, reply, &entry))
    return;
  for (uint32_t i = 0; entry != NULL && i < entry->model->snapshot->n_threads; i++)
    found = found || entry->model->snapshot->threads[i].tid == id;
  if (entry == NULL || found)
    send_asset (server, request, reply, "thread.html");
  else
    gcg__reply_error (reply, &server->assets, request, 404,
                      "There is no such thread in this snapshot: it has ended, or began later.");
  if (entry != NULL)
    gcg__source_put (server->source, entry);
}

GCG__HANDLER (gcg__page_objects)
{
  (void)captures;
  send_page (server, request, reply, "objects.html");
}

/* An address inside an object leads to the object's own. */
GCG__HANDLER (gcg__page_object)
{
  const struct gcg__entry *entry;
  struct gcg__object object;
  struct gcg_error error;
  uint64_t offset = 0;
  if (!gcg__answer_entry (server, request, reply, &entry))
    return;
  if (entry != NULL
      && gcg__object_find (entry->model, captures->text[0], &object, &offset, &error) != GCG_OK)
    gcg__answer_failure (server, request, reply, &error);
  else if (offset > 0)
    {
      char place[96];
      snprintf (place, sizeof place, "/objects/0x%llx?snapshot=%u&at=%llu",
                (unsigned long long)object.address, (unsigned)entry->id,
                (unsigned long long)offset);
      gcg__reply_redirect (reply, 302, place);
    }
  else
    send_asset (server, request, reply, "object.html");
  if (entry != NULL)
    gcg__source_put (server->source, entry);
}

GCG__HANDLER (gcg__page_types)
{
  (void)captures;
  send_page (server, request, reply, "types.html");
}

GCG__HANDLER (gcg__page_tracker)
{
  (void)captures;
  send_page (server, request, reply, "tracker.html");
}

GCG__HANDLER (gcg__page_sample)
{
  struct gcg__samples *samples = gcg__source_samples (server->source);
  struct gcg__timeline *timeline;
  struct gcg_error error;
  uint64_t number = gcg__captured_number (captures);
  if (gcg__samples_borrow (samples, NULL, &timeline, &error) != GCG_OK)
    {
      gcg__answer_failure (server, request, reply, &error);
      return;
    }
  enum gcg_status status = gcg__sample_exists (timeline, number, &error);
  gcg__samples_give_back (samples);
  if (status == GCG_OK)
    send_page (server, request, reply, "sample.html");
  else
    gcg__answer_failure (server, request, reply, &error);
}

GCG__HANDLER (gcg__page_difference)
{
  (void)captures;
  send_page (server, request, reply, "difference.html");
}

GCG__HANDLER (gcg__page_type)
{
  struct gcg__samples *samples = gcg__source_samples (server->source);
  const struct gcg__entry *entry;
  struct gcg__timeline *timeline;
  struct gcg_error error;
  if (!gcg__answer_entry (server, request, reply, &entry))
    return;
  enum gcg_status status = gcg__samples_borrow (samples, entry, &timeline, &error);
  if (status == GCG_OK)
    {
      if (entry != NULL)
        status = gcg__type_exists (entry->model, timeline, captures->text[0], &error);
      gcg__samples_give_back (samples);
    }
  if (status == GCG_OK)
    send_asset (server, request, reply, "type.html");
  else
    gcg__answer_failure (server, request, reply, &error);
  if (entry != NULL)
    gcg__source_put (server->source, entry);
}

GCG__HANDLER (gcg__page_garbage)
{
  (void)captures;
  send_page (server, request, reply, "garbage.html");
}

GCG__HANDLER (gcg__page_help)
{
  (void)captures;
  send_asset (server, request, reply, "help.html");
}

/* Scripts, styles, pictures: not the skeletons, which have addresses of their own. */
GCG__HANDLER (gcg__page_static)
{
  const char *ending = strrchr (captures->text[0], '.');
  if (ending != NULL && strcmp (ending, ".html") == 0)
    gcg__reply_error (reply, &server->assets, request, 404, "There is no such file.");
  else
    send_asset (server, request, reply, captures->text[0]);
}

/* Whether component NUMBER is in ENTRY; if not, REPLY is the answer. */
static bool
check_component (struct gcg__server *server, const struct gcg__request *request,
                 struct gcg__reply *reply, const struct gcg__entry *entry, uint64_t number)
{
  uint32_t n = entry->model->analysis->n_components;
  char text[160];
  if (number >= 1 && number <= n)
    return true;
  if (n == 0)
    snprintf (text, sizeof text, "There is no garbage in snapshot %u.", (unsigned)entry->id);
  else
    snprintf (text, sizeof text, "The garbage of snapshot %u has components 1 to %u.",
              (unsigned)entry->id, (unsigned)n);
  gcg__reply_error (reply, &server->assets, request, 404, text);
  return false;
}

GCG__HANDLER (gcg__page_component)
{
  const struct gcg__entry *entry;
  if (!gcg__answer_entry (server, request, reply, &entry))
    return;
  if (entry == NULL
      || check_component (server, request, reply, entry, gcg__captured_number (captures)))
    send_asset (server, request, reply, "component.html");
  if (entry != NULL)
    gcg__source_put (server->source, entry);
}

/* The picture that REQUEST asks for; ENTRY is held on success. */
static bool
find_picture (struct gcg__server *server, const struct gcg__request *request,
              const struct gcg__captures *captures, struct gcg__reply *reply,
              const struct gcg__entry **entry, struct gcg__picture *picture)
{
  uint64_t reduce;
  if (!gcg__request_number (request, "reduce", 0, 1, 0, &reduce))
    {
      gcg__reply_error (reply, &server->assets, request, 400, "reduce must be 0 or 1.");
      return false;
    }
  if (!gcg__answer_entry (server, request, reply, entry))
    return false;
  picture->number = gcg__captured_number (captures);
  picture->reduce = reduce == 1;
  if (*entry == NULL)
    {
      struct gcg_error waiting = { GCG_BUSY, "There is no snapshot yet." };
      gcg__answer_failure (server, request, reply, &waiting);
      return false;
    }
  if (check_component (server, request, reply, *entry, picture->number))
    return true;
  gcg__source_put (server->source, *entry);
  return false;
}

/* The reason, and where the same can be had as text. */
static void
answer_no_picture (struct gcg__server *server, const struct gcg__request *request,
                   struct gcg__reply *reply, const struct gcg__picture *picture,
                   struct gcg_error *error)
{
  if (error->status != GCG_NOT_FOUND && error->status != GCG_BUSY)
    {
      char link[96], *text = NULL;
      snprintf (link, sizeof link, "</garbage/%llu/graph.dot%s>; rel=\"alternate\"",
                (unsigned long long)picture->number, picture->reduce ? "?reduce=1" : "");
      gcg__reply_header (reply, "Link", link);
      int n = asprintf (&text,
                        "No picture: %s. The graph as text for graphviz is at "
                        "/garbage/%llu/graph.dot%s",
                        error->text, (unsigned long long)picture->number,
                        picture->reduce ? "?reduce=1" : "");
      gcg__reply_error (reply, &server->assets, request, gcg__http_status (error->status),
                        n < 0 ? error->text : text);
      if (n >= 0)
        free (text);
      return;
    }
  gcg__answer_failure (server, request, reply, error);
}

static void
send_picture (struct gcg__server *server, const struct gcg__request *request,
              const struct gcg__captures *captures, struct gcg__reply *reply,
              enum gcg__picture_format format)
{
  const struct gcg__entry *entry;
  struct gcg__picture picture = { .format = format };
  struct gcg_error error;
  size_t bytes;
  int fd;
  if (!find_picture (server, request, captures, reply, &entry, &picture))
    return;
  if (gcg__pictures_get (server->pictures, entry, &picture, &fd, &bytes, &error) == GCG_OK)
    {
      reply->policy = picture_policy;
      gcg__reply_file (reply, format == GCG__PICTURE_SVG ? "image/svg+xml" : "image/png", fd,
                       bytes);
    }
  else
    answer_no_picture (server, request, reply, &picture, &error);
  gcg__source_put (server->source, entry);
}

GCG__HANDLER (gcg__picture_png)
{
  send_picture (server, request, captures, reply, GCG__PICTURE_PNG);
}

GCG__HANDLER (gcg__picture_svg)
{
  send_picture (server, request, captures, reply, GCG__PICTURE_SVG);
}

GCG__HANDLER (gcg__picture_dot)
{
  const struct gcg__entry *entry;
  struct gcg__picture picture;
  struct gcg__buffer dot;
  struct gcg_error error;
  uint32_t nodes;
  if (!find_picture (server, request, captures, reply, &entry, &picture))
    return;
  struct gcg__dot_options options = { .number = picture.number, .reduce = picture.reduce };
  gcg__buffer_init (&dot, NULL, NULL);
  enum gcg_status status = gcg__dot_write (entry->model, &options, &dot, &nodes, &error);
  if (status == GCG_OK)
    status = gcg__buffer_status (&dot, &error);
  if (status == GCG_OK)
    {
      size_t bytes = dot.n;
      gcg__reply_take (reply, "text/vnd.graphviz; charset=utf-8", gcg__buffer_take (&dot), bytes);
    }
  else
    gcg__answer_failure (server, request, reply, &error);
  gcg__buffer_fini (&dot);
  gcg__source_put (server->source, entry);
}
