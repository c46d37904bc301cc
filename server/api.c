/* api.c -- the JSON twins of the pages (doc/api.md): takes the snapshot and the frame together, and
 * has lib/report write.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "report/report.h"
#include "server/handlers.h"
#include "server/reply.h"
#include "server/request.h"
#include "server/samples.h"
#include "server/server.h"
#include "server/source.h"

#define PROC_TEXT_BYTES 8192

/* All that an answer is made from. */
struct answer
{
  const struct gcg__entry *entry; /* NULL: there is no snapshot yet */
  struct gcg__overall overall;
  struct gcg__frame_snapshot snapshots[GCG__MAX_SNAPSHOTS];
  struct gcg__frame_state frame;
  struct gcg__query query;
  struct gcg__json json;
};

static void
fill_frame (const struct gcg__server *server, struct answer *answer)
{
  static const char *const states[] = { "live", "live", "ended", "file" };
  struct gcg__overall *overall = &answer->overall;
  struct gcg__frame_state *frame = &answer->frame;
  uint64_t now_ms = gcg__clock_ns (CLOCK_REALTIME) / 1000000;
  *frame = (struct gcg__frame_state){ .ended_s = -1 };
  if (answer->entry != NULL)
    gcg__frame_init (frame, answer->entry->model);
  for (unsigned i = 0; i < overall->n_entries; i++)
    {
      const struct gcg__entry *entry = overall->entries[i];
      gcg__frame_snapshot_init (&answer->snapshots[i], entry->model, entry->id, now_ms);
      answer->snapshots[i].description = entry->description;
      if (answer->entry != NULL && entry->id == answer->entry->id)
        frame->shown = i;
    }
  frame->snapshots = answer->snapshots;
  frame->n_snapshots = overall->n_entries;
  frame->state = states[overall->state];
  frame->running_s = overall->running_s;
  frame->stoppable = server->options.stop != NULL;
  frame->collects = server->options.collects;
  if (overall->state != GCG__STATE_FILE || frame->program == NULL)
    {
      frame->program = overall->program;
      frame->pid = (uint32_t)overall->pid;
    }
  frame->waiting = answer->entry == NULL ? overall->waiting : NULL;
  frame->left_out = overall->left_out[0] != '\0' ? overall->left_out : NULL;
  if (overall->state == GCG__STATE_ENDED)
    frame->ended_s = overall->ended_s;
  if (overall->state == GCG__STATE_ENDED || overall->state == GCG__STATE_FILE)
    {
      int status = overall->wait_status;
      if (status != -1 && WIFSIGNALED (status))
        {
          frame->exit = GCG__EXIT_SIGNAL;
          frame->exit_value = WTERMSIG (status);
        }
      else if (status != -1)
        {
          frame->exit = GCG__EXIT_STATUS;
          frame->exit_value = WEXITSTATUS (status);
        }
    }
}

/* Makes the entry that the answer is about one of the listed ones: it may have left the list, or
   come to it, between the two looks. */
static bool
take_entry (struct gcg__server *server, const struct gcg__request *request,
            struct gcg__reply *reply, struct answer *answer)
{
  const struct gcg__entry *entry;
  if (!gcg__answer_entry (server, request, reply, &entry))
    return false;
  gcg__source_overall (server->source, &answer->overall);
  for (unsigned i = 0; entry != NULL && i < answer->overall.n_entries; i++)
    if (answer->overall.entries[i]->id == entry->id)
      answer->entry = answer->overall.entries[i];
  bool listed = entry == NULL || answer->entry != NULL;
  if (entry != NULL)
    gcg__source_put (server->source, entry);
  if (entry == NULL && answer->overall.n_entries > 0)
    answer->entry = answer->overall.entries[0];
  if (listed)
    return true;
  gcg__reply_error (reply, &server->assets, request, 404, "This snapshot is no longer kept.");
  gcg__overall_fini (server->source, &answer->overall);
  return false;
}

static bool
take_query (struct gcg__server *server, const struct gcg__request *request,
            struct gcg__reply *reply, struct gcg__query *query)
{
  struct gcg_error error;
  gcg__query_init (query);
  for (int i = 0; i < request->n_parameters; i++)
    if (strcmp (request->parameters[i].name, "snapshot") != 0
        && gcg__query_set (query, request->parameters[i].name, request->parameters[i].value, &error)
               != GCG_OK)
      {
        gcg__reply_error (reply, &server->assets, request, 400, error.text);
        return false;
      }
  return true;
}

static bool
answer_begin (struct gcg__server *server, const struct gcg__request *request,
              struct gcg__reply *reply, struct answer *answer)
{
  answer->entry = NULL;
  if (!take_query (server, request, reply, &answer->query)
      || !take_entry (server, request, reply, answer))
    return false;
  fill_frame (server, answer);
  gcg__json_init (&answer->json, NULL, NULL);
  return true;
}

static void
answer_end (struct gcg__server *server, const struct gcg__request *request,
            struct gcg__reply *reply, struct answer *answer, enum gcg_status status,
            struct gcg_error *error)
{
  size_t bytes = 0;
  char *body = status == GCG_OK ? gcg__json_take (&answer->json, &bytes, error) : NULL;
  if (body != NULL)
    gcg__reply_take (reply, gcg__json_type, body, bytes);
  else
    {
      gcg__json_fini (&answer->json);
      gcg__answer_failure (server, request, reply, error);
    }
  gcg__overall_fini (server->source, &answer->overall);
}

/* What all pages but the overview answer while there is no snapshot. */
static enum gcg_status
write_waiting (struct answer *answer)
{
  gcg__frame_page (&answer->frame, &answer->json);
  return GCG_OK;
}

GCG__HANDLER (gcg__api_frame)
{
  struct answer answer;
  struct gcg_error error;
  (void)captures;
  if (!answer_begin (server, request, reply, &answer))
    return;
  gcg__frame_page (&answer.frame, &answer.json);
  answer_end (server, request, reply, &answer, GCG_OK, &error);
}

/* The text of /proc/PID/NAME; NULL when the process has gone. */
static char *
read_proc (pid_t pid, const char *name)
{
  char path[64], *text = malloc (PROC_TEXT_BYTES);
  size_t done = 0;
  snprintf (path, sizeof path, "/proc/%d/%s", (int)pid, name);
  int fd = text == NULL ? -1 : open (path, O_RDONLY | O_CLOEXEC);
  while (fd >= 0 && done < PROC_TEXT_BYTES - 1)
    {
      ssize_t n = read (fd, text + done, PROC_TEXT_BYTES - 1 - done);
      if (n <= 0)
        break;
      done += (size_t)n;
    }
  if (fd >= 0)
    close (fd);
  if (done == 0)
    {
      free (text);
      return NULL;
    }
  text[done] = '\0';
  return text;
}

/* What /proc says of a process that lives. */
struct live_text
{
  char *status, *stat, *smaps;
  struct gcg__process_text text;
};

/* NULL: it does not live. */
static const struct gcg__process_text *
live_read (struct live_text *live, const struct gcg__overall *overall, bool smaps)
{
  *live = (struct live_text){ 0 };
  if (overall->state != GCG__STATE_LIVE && overall->state != GCG__STATE_STARTING)
    return NULL;
  live->status = read_proc (overall->pid, "status");
  live->stat = read_proc (overall->pid, "stat");
  live->smaps = smaps ? read_proc (overall->pid, "smaps_rollup") : NULL;
  live->text = (struct gcg__process_text){ live->status, live->stat, live->smaps };
  return live->status != NULL && live->stat != NULL ? &live->text : NULL;
}

static void
live_free (struct live_text *live)
{
  free (live->status);
  free (live->stat);
  free (live->smaps);
}

GCG__HANDLER (gcg__api_overview)
{
  struct answer answer;
  struct live_text live;
  struct gcg_error error;
  enum gcg_status status = GCG_OK;
  (void)captures;
  if (!answer_begin (server, request, reply, &answer))
    return;
  const struct gcg__process_text *text = live_read (&live, &answer.overall, false);
  if (answer.entry == NULL)
    gcg__overview_waiting (&answer.frame, text, &answer.json);
  else
    status = gcg__overview_page (answer.entry->model, &answer.frame, text, &answer.json, &error);
  answer_end (server, request, reply, &answer, status, &error);
  live_free (&live);
}

GCG__HANDLER (gcg__api_process)
{
  struct answer answer;
  struct live_text live;
  struct gcg_error error;
  (void)captures;
  if (!answer_begin (server, request, reply, &answer))
    return;
  const struct gcg__process_text *text = live_read (&live, &answer.overall, true);
  enum gcg_status status
      = answer.entry == NULL
            ? write_waiting (&answer)
            : gcg__process_page (answer.entry->model, &answer.frame, text, &answer.json, &error);
  answer_end (server, request, reply, &answer, status, &error);
  live_free (&live);
}

/* Writes a page about ANSWER->entry. */
typedef enum gcg_status (*page_writer) (struct answer *answer, const struct gcg__captures *captures,
                                        struct gcg_error *error);

/* Answers with what WRITE writes, or that there is no snapshot yet. */
static void
answer_page (struct gcg__server *server, const struct gcg__request *request,
             const struct gcg__captures *captures, struct gcg__reply *reply, page_writer write)
{
  struct answer answer;
  struct gcg_error error;
  if (!answer_begin (server, request, reply, &answer))
    return;
  enum gcg_status status
      = answer.entry == NULL ? write_waiting (&answer) : write (&answer, captures, &error);
  answer_end (server, request, reply, &answer, status, &error);
}

/* The handler NAME answers with what the function PAGE of lib/report writes; in EXTRA, "," and
   arguments, CAPTURES are the parts of the address. */
#define PAGE(name, page, ...)                                                                      \
  static enum gcg_status name##_write (                                                            \
      struct answer *answer, const struct gcg__captures *captures, struct gcg_error *error)        \
  {                                                                                                \
    (void)captures;                                                                                \
    return page (answer->entry->model, &answer->frame, __VA_ARGS__, &answer->json, error);         \
  }                                                                                                \
  GCG__HANDLER (name) { answer_page (server, request, captures, reply, name##_write); }

/* Writes a page about the samples. */
typedef enum gcg_status (*samples_writer) (struct answer *answer,
                                           const struct gcg__timeline *timeline,
                                           const struct gcg__sampling *sampling,
                                           const struct gcg__captures *captures,
                                           struct gcg_error *error);

/* Answers with what WRITE writes; samples need no snapshot. */
static void
answer_samples (struct gcg__server *server, const struct gcg__request *request,
                const struct gcg__captures *captures, struct gcg__reply *reply,
                samples_writer write)
{
  struct gcg__samples *samples = gcg__source_samples (server->source);
  struct gcg__sampling sampling;
  struct gcg__timeline *timeline;
  struct answer answer;
  struct gcg_error error;
  if (!answer_begin (server, request, reply, &answer))
    return;
  gcg__samples_sampling (samples, &sampling);
  const struct gcg__entry *newest = answer.overall.n_entries > 0 ? answer.overall.entries[0] : NULL;
  enum gcg_status status = gcg__samples_borrow (samples, newest, &timeline, &error);
  if (status == GCG_OK)
    {
      status = write (&answer, timeline, &sampling, captures, &error);
      gcg__samples_give_back (samples);
    }
  answer_end (server, request, reply, &answer, status, &error);
}

static enum gcg_status
write_tracker (struct answer *answer, const struct gcg__timeline *timeline,
               const struct gcg__sampling *sampling, const struct gcg__captures *captures,
               struct gcg_error *error)
{
  (void)captures;
  return gcg__tracker_page (timeline, sampling, &answer->frame, &answer->query, &answer->json,
                            error);
}

GCG__HANDLER (gcg__api_tracker)
{
  answer_samples (server, request, captures, reply, write_tracker);
}

/* As PAGE, with a function that takes the timeline. */
#define SAMPLES_PAGE(name, page, ...)                                                              \
  static enum gcg_status name##_write (                                                            \
      struct answer *answer, const struct gcg__timeline *timeline,                                 \
      const struct gcg__sampling *sampling, const struct gcg__captures *captures,                  \
      struct gcg_error *error)                                                                     \
  {                                                                                                \
    (void)sampling, (void)captures;                                                                \
    return page (timeline, &answer->frame, __VA_ARGS__, &answer->json, error);                     \
  }                                                                                                \
  GCG__HANDLER (name) { answer_samples (server, request, captures, reply, name##_write); }

SAMPLES_PAGE (gcg__api_samples, gcg__samples_page, &answer->query)
SAMPLES_PAGE (gcg__api_sample, gcg__sample_page, gcg__captured_number (captures), &answer->query)
SAMPLES_PAGE (gcg__api_difference, gcg__difference_page, &answer->query)

static enum gcg_status
write_type (struct answer *answer, const struct gcg__timeline *timeline,
            const struct gcg__sampling *sampling, const struct gcg__captures *captures,
            struct gcg_error *error)
{
  (void)sampling;
  if (answer->entry == NULL)
    return write_waiting (answer);
  return gcg__type_page (answer->entry->model, timeline, &answer->frame, captures->text[0],
                         &answer->json, error);
}

GCG__HANDLER (gcg__api_type) { answer_samples (server, request, captures, reply, write_type); }

static enum gcg_status
write_instances (struct answer *answer, const struct gcg__timeline *timeline,
                 const struct gcg__sampling *sampling, const struct gcg__captures *captures,
                 struct gcg_error *error)
{
  (void)sampling;
  if (answer->entry == NULL)
    return write_waiting (answer);
  return gcg__type_instances_page (answer->entry->model, timeline, &answer->frame,
                                   captures->text[0], &answer->query, &answer->json, error);
}

GCG__HANDLER (gcg__api_instances)
{
  answer_samples (server, request, captures, reply, write_instances);
}

PAGE (gcg__api_types, gcg__types_page, &answer->query)
PAGE (gcg__api_sites, gcg__sites_page, &answer->query)
PAGE (gcg__api_threads, gcg__threads_page, &answer->query)
PAGE (gcg__api_thread, gcg__thread_page, gcg__captured_number (captures))
PAGE (gcg__api_garbage, gcg__garbage_page, &answer->query)
PAGE (gcg__api_kinds, gcg__kinds_page, &answer->query)
PAGE (gcg__api_hazards, gcg__hazards_page, &answer->query)
PAGE (gcg__api_component, gcg__component_page, gcg__captured_number (captures), &answer->query)
PAGE (gcg__api_objects, gcg__objects_page, &answer->query)
PAGE (gcg__api_object, gcg__object_page, captures->text[0])
PAGE (gcg__api_referents, gcg__referents_page, captures->text[0], &answer->query)
PAGE (gcg__api_referrers, gcg__referrers_page, captures->text[0], &answer->query)
