/* source_ask.c -- what is asked of a source: snapshots to look at, new ones, how things stand. */
#include "config.h"

#include "server/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "server/patience.h"
#include "server/source_internal.h"
#include "snapshot/snapshot.h"

#define CAPTURE_SECONDS 90
#define MAX_WAITERS     8
#define LOAD_NS         UINT64_C (1000000000)

enum gcg_status
gcg__source_get (struct gcg__source *source, uint32_t id, const struct gcg__entry **result,
                 struct gcg_error *error)
{
  struct gcg__entry *entry = NULL;
  bool none;
  pthread_mutex_lock (&source->lock);
  none = source->n_entries == 0 && id == 0;
  for (unsigned i = 0; i < source->n_entries; i++)
    if (source->entries[i]->id == id || (id == 0 && i == source->n_entries - 1))
      {
        entry = source->entries[i];
        entry->references++;
      }
  pthread_mutex_unlock (&source->lock);
  if (none)
    return gcg__error_write (error, GCG_BUSY, "There is no snapshot yet.");
  if (entry == NULL)
    return gcg__error_write (
        error, GCG_NOT_FOUND,
        "There is no snapshot %u: only the newest %d are kept, fewer when they are "
        "large.",
        id, GCG__MAX_SNAPSHOTS);
  *result = entry;
  return GCG_OK;
}

void
gcg__source_put (struct gcg__source *source, const struct gcg__entry *held)
{
  struct gcg__entry *entry = (struct gcg__entry *)(uintptr_t)held;
  bool last;
  pthread_mutex_lock (&source->lock);
  last = --entry->references == 0;
  pthread_mutex_unlock (&source->lock);
  if (last)
    gcg__entry_free (entry);
}

static bool
can_ask (const struct gcg__source *source)
{
  return source->state == GCG__STATE_LIVE && source->ask != NULL && !source->shut;
}

/* Waits until WAITER is done; it is in the list, the lock is held. */
static void
await (struct gcg__source *source, struct gcg__waiter *waiter)
{
  struct gcg__patience patience;
  gcg__patience_init (&patience, CAPTURE_SECONDS);
  while (!waiter->done && !source->shut
         && gcg__patience_wait (&patience, &source->changed, &source->lock, source->pid))
    ;
  if (!waiter->done && source->shut)
    gcg__error_write (&waiter->error, GCG_BUSY, "gcglass is ending.");
  else if (!waiter->done && gcg__patience_is_stopped (&patience))
    gcg__error_write (
        &waiter->error, GCG_TIMEOUT,
        "The program is stopped (by SIGSTOP, a debugger or job control): the snapshot "
        "is taken when it is continued.");
  else if (!waiter->done)
    gcg__error_write (
        &waiter->error, GCG_TIMEOUT,
        "The program has not taken the snapshot within %d s: it may hold the collector's lock.",
        CAPTURE_SECONDS);
  struct gcg__waiter **place = &source->waiters;
  while (*place != waiter)
    place = &(*place)->next;
  *place = waiter->next;
  source->n_waiters--;
}

enum gcg_status
gcg__source_capture (struct gcg__source *source, bool collect, const char *description,
                     uint32_t *id, struct gcg_error *error)
{
  struct gcg__waiter waiter = { .next = NULL };
  pthread_mutex_lock (&source->lock);
  if (!can_ask (source) || source->n_waiters == MAX_WAITERS)
    {
      enum gcg_status status;
      if (source->state == GCG__STATE_STARTING)
        status
            = gcg__error_write (error, GCG_UNSUPPORTED,
                                "The program has not used the collector yet: nothing to look at.");
      else if (!can_ask (source))
        status = gcg__error_write (error, GCG_UNSUPPORTED,
                                   "There is no live process to take a snapshot of.");
      else
        status
            = gcg__error_write (error, GCG_BUSY, "Too many snapshots are being taken: try again.");
      pthread_mutex_unlock (&source->lock);
      return status;
    }
  gcg__ask_function ask = source->ask;
  void *context = source->context;
  waiter.sequence = ++source->sequence;
  waiter.next = source->waiters;
  source->waiters = &waiter;
  source->n_waiters++;
  pthread_mutex_unlock (&source->lock);
  bool asked = ask (context, waiter.sequence, collect, description);
  pthread_mutex_lock (&source->lock);
  if (!asked && !waiter.done)
    {
      waiter.done = true;
      gcg__error_write (&waiter.error, GCG_UNSUPPORTED, "The program does not answer any more.");
    }
  await (source, &waiter);
  pthread_mutex_unlock (&source->lock);
  if (waiter.error.status != GCG_OK)
    {
      if (error != NULL)
        *error = waiter.error;
      return waiter.error.status;
    }
  *id = waiter.id;
  return GCG_OK;
}

void
gcg__source_look (struct gcg__source *source)
{
  uint32_t sequence = 0;
  gcg__ask_function ask;
  void *context;
  pthread_mutex_lock (&source->lock);
  bool idle = source->unattended == 0 && source->waiters == NULL && source->first == NULL
              && !source->building;
  if (can_ask (source) && idle && source->n_entries == 0)
    sequence = source->unattended = ++source->sequence;
  ask = source->ask;
  context = source->context;
  pthread_mutex_unlock (&source->lock);
  if (sequence != 0 && !ask (context, sequence, false, "first look"))
    gcg__source_fail (source, sequence, GCG_UNSUPPORTED, "The program does not answer any more.");
}

enum gcg_status
gcg__source_analyse_again (struct gcg__source *source, struct gcg_error *error)
{
  const struct gcg__entry *newest;
  struct gcg__entry *entry;
  enum gcg_status status = gcg__source_get (source, 0, &newest, error);
  if (status != GCG_OK)
    return status;
  int fd = fcntl (newest->fd, F_DUPFD_CLOEXEC, 3);
  if (fd < 0)
    status = gcg__error_write (error, GCG_SYSTEM, "cannot open the snapshot again: %s",
                               strerror (errno));
  else
    status = gcg__entry_open (fd, "snapshot", newest->description, &entry, error);
  if (status == GCG_OK)
    {
      entry->id = newest->id;
      status = gcg__source_queue (source, entry, 0, false, error);
    }
  gcg__source_put (source, newest);
  if (status == GCG_OK)
    gcg__source_settle (source);
  return status;
}

/* Whether the process of SOURCE has had the time to load the agent and runs without: a script that
   ends in exec of something else is not a rare beginning. */
static bool
runs_another_program (const struct gcg__source *source)
{
  char path[64], line[4096];
  bool found = false;
  snprintf (path, sizeof path, "/proc/%d/maps", (int)source->pid);
  FILE *file
      = gcg__clock_ns (CLOCK_MONOTONIC) - source->start_ns > LOAD_NS ? fopen (path, "re") : NULL;
  if (file == NULL)
    return false;
  while (!found && fgets (line, sizeof line, file) != NULL)
    found = strstr (line, "/libgcglass") != NULL;
  const bool read = ferror (file) == 0;
  fclose (file);
  return read && !found;
}

/* Why nothing is to be seen yet.  Under the lock. */
static void
say_waiting (const struct gcg__source *source, char *text, size_t bytes)
{
  if (source->building || source->first != NULL)
    snprintf (text, bytes, "The first snapshot is being analysed.");
  else if (source->state == GCG__STATE_STARTING && runs_another_program (source))
    snprintf (text, bytes,
              "The process runs another program by now (exec), without gcglass: give "
              "that program to gcglass run.");
  else if (source->state == GCG__STATE_STARTING)
    snprintf (text, bytes, "The program has not used the collector yet.");
  else if (source->failure[0] != '\0')
    snprintf (text, bytes, "No snapshot: %s", source->failure);
  else if (source->state == GCG__STATE_LIVE && gcg__process_is_stopped (source->pid))
    snprintf (text, bytes,
              "The program is stopped (by SIGSTOP, a debugger or job control): the first snapshot "
              "is taken when it is continued.");
  else if (source->state == GCG__STATE_LIVE)
    snprintf (text, bytes, "The first snapshot is being taken.");
  else if (source->state == GCG__STATE_FILE)
    snprintf (text, bytes, "This recording holds samples and no snapshot: the tracker shows them.");
  else if (source->was_live)
    snprintf (text, bytes, "The program ended before a snapshot was taken.");
  else
    snprintf (text, bytes, "The program ended without using the collector: nothing was seen.");
}

void
gcg__source_overall (struct gcg__source *source, struct gcg__overall *overall)
{
  memset (overall, 0, sizeof *overall);
  pthread_mutex_lock (&source->lock);
  uint64_t now = gcg__clock_ns (CLOCK_MONOTONIC), start = source->start_ns;
  overall->state = source->state;
  overall->pid = source->pid;
  overall->wait_status = source->wait_status;
  memcpy (overall->program, source->program, sizeof overall->program);
  memcpy (overall->left_out, source->left_out, sizeof overall->left_out);
  for (unsigned i = source->n_entries; i > 0; i--)
    {
      source->entries[i - 1]->references++;
      overall->entries[overall->n_entries++] = source->entries[i - 1];
    }
  if (source->state == GCG__STATE_ENDED)
    {
      overall->ended_s = (double)(now - source->end_ns) / 1e9;
      now = source->end_ns;
    }
  if (overall->n_entries == 0)
    say_waiting (source, overall->waiting, sizeof overall->waiting);
  else
    {
      const struct gcg__info *info = overall->entries[0]->snapshot->info;
      start = info->program_start_ns;
      if (source->state == GCG__STATE_FILE)
        {
          now = info->monotonic_ns;
          overall->pid = (pid_t)info->pid;
        }
    }
  overall->running_s = now > start ? (double)(now - start) / 1e9 : 0;
  if (source->running_s > 0)
    overall->running_s = source->running_s;
  pthread_mutex_unlock (&source->lock);
}

void
gcg__overall_fini (struct gcg__source *source, struct gcg__overall *overall)
{
  for (unsigned i = 0; i < overall->n_entries; i++)
    gcg__source_put (source, overall->entries[i]);
  overall->n_entries = 0;
}

bool
gcg__source_was_live (struct gcg__source *source)
{
  pthread_mutex_lock (&source->lock);
  bool was_live = source->was_live;
  pthread_mutex_unlock (&source->lock);
  return was_live;
}

int
gcg__source_newest (struct gcg__source *source)
{
  pthread_mutex_lock (&source->lock);
  int fd = source->newest_fd < 0 ? -1 : fcntl (source->newest_fd, F_DUPFD_CLOEXEC, 3);
  pthread_mutex_unlock (&source->lock);
  return fd;
}
