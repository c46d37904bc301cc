/* actions.c -- what a POST does: takes a snapshot, refreshes, stops. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "report/report.h"
#include "server/handlers.h"
#include "server/pictures.h"
#include "server/reply.h"
#include "server/request.h"
#include "server/samples.h"
#include "server/server.h"
#include "server/source.h"

#define MAX_DESCRIPTION 200

GCG__HANDLER (gcg__api_snapshot)
{
  const char *description = gcg__request_text (request, "description");
  const struct gcg__entry *entry;
  struct gcg__frame_snapshot row;
  struct gcg__json json;
  struct gcg_error error;
  size_t bytes = 0;
  uint64_t collect;
  uint32_t id;
  (void)captures;
  if (description == NULL)
    description = "";
  if (strlen (description) > MAX_DESCRIPTION)
    {
      gcg__reply_error (reply, &server->assets, request, 400,
                        "The description must be at most 200 bytes long.");
      return;
    }
  if (!gcg__request_number (request, "collect", 0, 1, 0, &collect))
    {
      gcg__reply_error (reply, &server->assets, request, 400, "collect must be 0 or 1.");
      return;
    }
  if (gcg__source_capture (server->source, collect == 1, description, &id, &error) != GCG_OK
      || gcg__source_get (server->source, id, &entry, &error) != GCG_OK)
    {
      gcg__answer_failure (server, request, reply, &error);
      return;
    }
  gcg__frame_snapshot_init (&row, entry->model, entry->id,
                            gcg__clock_ns (CLOCK_REALTIME) / 1000000);
  row.description = entry->description;
  gcg__json_init (&json, NULL, NULL);
  gcg__json_object (&json, NULL);
  gcg__frame_snapshot_write (&row, "snapshot", &json);
  gcg__json_end (&json);
  char *body = gcg__json_take (&json, &bytes, &error);
  gcg__reply_take (reply, gcg__json_type, body, bytes);
  gcg__source_put (server->source, entry);
}

GCG__HANDLER (gcg__api_take_sample)
{
  const char *description = gcg__request_text (request, "description");
  struct gcg__samples *samples = gcg__source_samples (server->source);
  struct gcg__timeline *timeline;
  struct gcg__json json;
  struct gcg_error error;
  size_t bytes = 0;
  char *body = NULL;
  (void)captures;
  if (description != NULL && strlen (description) > MAX_DESCRIPTION)
    {
      gcg__reply_error (reply, &server->assets, request, 400,
                        "The description must be at most 200 bytes long.");
      return;
    }
  enum gcg_status status
      = gcg__samples_take (samples, description == NULL ? "" : description, &error);
  if (status == GCG_OK)
    status = gcg__samples_borrow (samples, NULL, &timeline, &error);
  if (status == GCG_OK)
    {
      gcg__json_init (&json, NULL, NULL);
      status = gcg__last_sample_write (timeline, &json, &error);
      gcg__samples_give_back (samples);
      body = status == GCG_OK ? gcg__json_take (&json, &bytes, &error) : NULL;
      if (status != GCG_OK)
        gcg__json_fini (&json);
    }
  if (body != NULL)
    gcg__reply_take (reply, gcg__json_type, body, bytes);
  else
    gcg__answer_failure (server, request, reply, &error);
}

GCG__HANDLER (gcg__api_sampling)
{
  const char *text = gcg__request_text (request, "every");
  struct gcg__samples *samples = gcg__source_samples (server->source);
  struct gcg__sampling sampling;
  struct gcg__json json;
  struct gcg_error error;
  size_t bytes = 0;
  char *end = NULL;
  double every = text != NULL ? strtod (text, &end) : -1;
  (void)captures;
  if (text == NULL || end == text || *end != '\0'
      || !(every == 0 || (every >= 0.01 && every <= 1e6)))
    {
      gcg__reply_error (reply, &server->assets, request, 400,
                        "every must be 0, or seconds from 0.01 to 1000000.");
      return;
    }
  if (gcg__samples_set_every (samples, every, &error) != GCG_OK)
    {
      gcg__answer_failure (server, request, reply, &error);
      return;
    }
  gcg__samples_sampling (samples, &sampling);
  gcg__json_init (&json, NULL, NULL);
  gcg__sampling_page (&sampling, &json);
  char *body = gcg__json_take (&json, &bytes, &error);
  if (body != NULL)
    gcg__reply_take (reply, gcg__json_type, body, bytes);
  else
    gcg__answer_failure (server, request, reply, &error);
}

GCG__HANDLER (gcg__api_stop)
{
  static const char stopping[] = "{\"stopping\":true}";
  (void)captures;
  if (server->options.stop == NULL)
    {
      gcg__reply_error (reply, &server->assets, request, 409,
                        "This gcglass was started in a terminal: Ctrl+C there ends it.");
      return;
    }
  gcg__reply_static (reply, gcg__json_type, stopping, strlen (stopping));
  reply->then_stop = true;
}

/* Whether TEXT is the address of a page of ours: nothing that another parser could take for the
   name of another server, or for a second header line. */
static bool
is_local (const char *text)
{
  if (text[0] != '/' || text[1] == '/' || strlen (text) > 400)
    return false;
  for (const char *p = text; *p != '\0'; p++)
    if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f || *p == '\\' || *p == '"')
      return false;
  return true;
}

GCG__HANDLER (gcg__refresh)
{
  const char *back = gcg__request_text (request, "back");
  struct gcg__overall overall;
  struct gcg_error error;
  enum gcg_status status;
  uint32_t id;
  (void)captures;
  if (back == NULL)
    back = "/";
  if (!is_local (back))
    {
      gcg__reply_error (reply, &server->assets, request, 400, "back must be a page of gcglass.");
      return;
    }
  gcg__source_overall (server->source, &overall);
  bool live = overall.state == GCG__STATE_LIVE;
  bool empty = overall.n_entries == 0;
  gcg__overall_fini (server->source, &overall);
  gcg__pictures_forget (server->pictures);
  if (live)
    status = gcg__source_capture (server->source, false, "", &id, &error);
  else if (empty)
    status = GCG_OK;
  else
    status = gcg__source_analyse_again (server->source, &error);
  if (status == GCG_OK)
    gcg__reply_redirect (reply, 303, back);
  else
    gcg__answer_failure (server, request, reply, &error);
}
