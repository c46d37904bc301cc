/* source.c -- what comes into a source: the process's state, snapshots, their analysis. */
#include "config.h"

#include "server/source.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "report/model.h"
#include "server/samples.h"
#include "server/source_internal.h"
#include "snapshot/snapshot.h"

/* Memory that an analysis takes besides the snapshot, per object. */
#define MODEL_BYTES 64

static uint64_t
memory_budget (void)
{
  return (uint64_t)sysconf (_SC_PHYS_PAGES) * (uint64_t)sysconf (_SC_PAGESIZE) / 4;
}

void
gcg__entry_free (struct gcg__entry *entry)
{
  if (entry->model != NULL)
    gcg__model_free (entry->model);
  else
    gcg__snapshot_close (entry->snapshot);
  if (entry->fd >= 0)
    close (entry->fd);
  free (entry);
}

enum gcg_status
gcg__entry_open (int fd, const char *name, const char *description, struct gcg__entry **result,
                 struct gcg_error *error)
{
  struct gcg__entry *entry = calloc (1, sizeof *entry);
  int seals = fcntl (fd, F_GET_SEALS); /* fails for what is not a memfd */
  enum gcg_status status;
  if (entry == NULL)
    {
      close (fd);
      return gcg__error_write (error, GCG_NO_MEMORY, "out of memory");
    }
  entry->fd = fd;
  entry->references = 1;
  if (seals >= 0 && (~seals & (F_SEAL_SHRINK | F_SEAL_WRITE)) != 0)
    status = gcg__error_write (error, GCG_CORRUPT, "%s: the snapshot is not sealed", name);
  else
    status = gcg__snapshot_open_fd (fd, name, &entry->snapshot, error);
  if (status != GCG_OK)
    {
      gcg__entry_free (entry);
      return status;
    }
  const char *own = gcg__text (entry->snapshot, entry->snapshot->info->description);
  if (description == NULL && own[0] == '\0')
    description = strrchr (name, '/') == NULL ? name : strrchr (name, '/') + 1;
  else if (description == NULL || description[0] == '\0')
    description = own;
  snprintf (entry->description, sizeof entry->description, "%s", description);
  *result = entry;
  return GCG_OK;
}

/* --- under the lock --- */

static struct gcg__waiter *
find_waiter (struct gcg__source *source, uint32_t sequence)
{
  struct gcg__waiter *waiter = source->waiters;
  while (waiter != NULL && (sequence == 0 || waiter->sequence != sequence))
    waiter = waiter->next;
  return waiter;
}

static void
answer (struct gcg__source *source, uint32_t sequence, uint32_t id, const struct gcg_error *error)
{
  struct gcg__waiter *waiter = find_waiter (source, sequence);
  snprintf (source->failure, sizeof source->failure, "%s", error == NULL ? "" : error->text);
  if (waiter != NULL)
    {
      waiter->done = true;
      waiter->id = id;
      if (error != NULL)
        waiter->error = *error;
    }
  pthread_cond_broadcast (&source->changed);
}

/* Takes ENTRY out of sight: adds it to the N_GONE in GONE when it is to be freed. */
static void
drop (struct gcg__entry *entry, struct gcg__entry **gone, unsigned *n_gone)
{
  if (--entry->references == 0)
    gone[(*n_gone)++] = entry;
}

/* Shows ENTRY, in the place of the one with its id if there is one.  What is to be freed goes to
   GONE, which has room for one more than GCG__MAX_SNAPSHOTS; returns how many. */
static unsigned
show (struct gcg__source *source, struct gcg__entry *entry,
      struct gcg__entry *gone[GCG__MAX_SNAPSHOTS + 1])
{
  uint64_t budget = memory_budget (), used = 0;
  unsigned n = 0, n_gone = 0, i;
  if (entry->id == 0)
    entry->id = ++source->last_id;
  entry->generation = ++source->generation;
  for (i = 0; i < source->n_entries && source->entries[i]->id != entry->id; i++)
    ;
  if (i < source->n_entries)
    {
      drop (source->entries[i], gone, &n_gone);
      source->entries[i] = entry;
    }
  else
    {
      if (i == GCG__MAX_SNAPSHOTS)
        {
          drop (source->entries[0], gone, &n_gone);
          memmove (source->entries, source->entries + 1, (i - 1) * sizeof source->entries[0]);
          i = --source->n_entries;
        }
      source->entries[i] = entry;
      source->n_entries++;
    }
  /* The newest that fit, at least one. */
  while (n < source->n_entries)
    {
      const struct gcg__snapshot *s = source->entries[source->n_entries - 1 - n]->snapshot;
      used += s->map_bytes + (uint64_t)s->n_objects * MODEL_BYTES;
      if (n > 0 && used > budget)
        break;
      n++;
    }
  for (i = 0; i < source->n_entries - n; i++)
    drop (source->entries[i], gone, &n_gone);
  memmove (source->entries, source->entries + (source->n_entries - n),
           n * sizeof source->entries[0]);
  source->n_entries = n;
  return n_gone;
}

static void
enqueue (struct gcg__source *source, struct gcg__item *item)
{
  item->next = NULL;
  *source->last = item;
  source->last = &item->next;
  source->n_items++;
}

static struct gcg__item *
dequeue (struct gcg__source *source)
{
  struct gcg__item *item = source->first;
  if (item == NULL)
    return NULL;
  source->first = item->next;
  if (source->first == NULL)
    source->last = &source->first;
  source->n_items--;
  return item;
}

/* When snapshots come faster than they can be analysed, the oldest of those that no request waits
   for goes.  Returns it, or NULL. */
static struct gcg__item *
shed (struct gcg__source *source)
{
  struct gcg__item **place = &source->first;
  if (source->n_items <= GCG__MAX_SNAPSHOTS)
    return NULL;
  while (*place != NULL && find_waiter (source, (*place)->sequence) != NULL)
    place = &(*place)->next;
  struct gcg__item *item = *place;
  if (item == NULL || item->next == NULL)
    return NULL;
  *place = item->next;
  source->n_items--;
  return item;
}

/* --- the builder --- */

static void *
build (void *context)
{
  struct gcg__source *source = context;
  struct gcg__entry *gone[GCG__MAX_SNAPSHOTS + 1];
  pthread_mutex_lock (&source->lock);
  while (!source->shut)
    {
      struct gcg__item *item = dequeue (source);
      if (item == NULL)
        {
          pthread_cond_wait (&source->changed, &source->lock);
          continue;
        }
      source->building = true;
      pthread_mutex_unlock (&source->lock);
      struct gcg_error error;
      struct gcg__entry *entry = item->entry;
      enum gcg_status status = gcg__model_new (entry->snapshot, &entry->model, &error);
      pthread_mutex_lock (&source->lock);
      unsigned n_gone = 1;
      gone[0] = entry;
      if (status == GCG_OK)
        n_gone = show (source, entry, gone);
      source->building = false;
      answer (source, item->sequence, entry->id, status == GCG_OK ? NULL : &error);
      pthread_mutex_unlock (&source->lock);
      for (unsigned i = 0; i < n_gone; i++)
        gcg__entry_free (gone[i]);
      free (item);
      pthread_mutex_lock (&source->lock);
    }
  pthread_mutex_unlock (&source->lock);
  return NULL;
}

enum gcg_status
gcg__source_new (struct gcg__source **result, struct gcg_error *error)
{
  struct gcg__source *source = calloc (1, sizeof *source);
  pthread_condattr_t attributes;
  int failure;
  if (source == NULL || gcg__samples_new (&source->samples, error) != GCG_OK)
    {
      free (source);
      return gcg__error_write (error, GCG_NO_MEMORY, "out of memory");
    }
  pthread_mutex_init (&source->lock, NULL);
  pthread_condattr_init (&attributes);
  pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
  pthread_cond_init (&source->changed, &attributes);
  pthread_condattr_destroy (&attributes);
  source->last = &source->first;
  source->newest_fd = -1;
  source->wait_status = -1;
  source->start_ns = gcg__clock_ns (CLOCK_MONOTONIC);
  failure = pthread_create (&source->builder, NULL, build, source);
  if (failure != 0)
    {
      gcg__error_write (error, GCG_SYSTEM, "cannot start a thread: %s", strerror (failure));
      goto fail_thread;
    }
  *result = source;
  return GCG_OK;

fail_thread:
  pthread_cond_destroy (&source->changed);
  pthread_mutex_destroy (&source->lock);
  gcg__samples_free (source->samples);
  free (source);
  return GCG_SYSTEM;
}

void
gcg__source_shut (struct gcg__source *source)
{
  pthread_mutex_lock (&source->lock);
  source->shut = true;
  pthread_cond_broadcast (&source->changed);
  pthread_mutex_unlock (&source->lock);
  gcg__samples_shut (source->samples);
}

void
gcg__source_free (struct gcg__source *source)
{
  struct gcg__item *item;
  if (source == NULL)
    return;
  gcg__source_shut (source);
  pthread_join (source->builder, NULL);
  while ((item = dequeue (source)) != NULL)
    {
      gcg__entry_free (item->entry);
      free (item);
    }
  for (unsigned i = 0; i < source->n_entries; i++)
    gcg__entry_free (source->entries[i]);
  if (source->newest_fd >= 0)
    close (source->newest_fd);
  pthread_cond_destroy (&source->changed);
  pthread_mutex_destroy (&source->lock);
  gcg__samples_free (source->samples);
  free (source);
}

struct gcg__samples *
gcg__source_samples (struct gcg__source *source)
{
  return source->samples;
}

/* --- feeding --- */

void
gcg__source_set_process (struct gcg__source *source, pid_t pid, const char *program)
{
  pthread_mutex_lock (&source->lock);
  if (source->state == GCG__STATE_STARTING)
    source->pid = pid;
  if (program != NULL)
    snprintf (source->program, sizeof source->program, "%s", program);
  pthread_mutex_unlock (&source->lock);
}

void
gcg__source_set_program (struct gcg__source *source, const char *program)
{
  pthread_mutex_lock (&source->lock);
  snprintf (source->program, sizeof source->program, "%s", program);
  source->was_live = false;
  pthread_mutex_unlock (&source->lock);
}

void
gcg__source_set_ask (struct gcg__source *source, gcg__ask_function ask, void *context)
{
  pthread_mutex_lock (&source->lock);
  source->ask = ask;
  source->context = context;
  pthread_mutex_unlock (&source->lock);
}

void
gcg__source_set_live (struct gcg__source *source, pid_t pid)
{
  pthread_mutex_lock (&source->lock);
  source->state = GCG__STATE_LIVE;
  source->pid = pid;
  source->was_live = true;
  pthread_cond_broadcast (&source->changed);
  pthread_mutex_unlock (&source->lock);
}

/* The requests in progress will not be answered. */
static void
fall_silent (struct gcg__source *source, enum gcg__state state)
{
  source->state = state;
  source->unattended = 0;
  for (struct gcg__waiter *w = source->waiters; w != NULL; w = w->next)
    if (!w->arrived && !w->done)
      {
        w->done = true;
        gcg__error_write (&w->error, GCG_UNSUPPORTED,
                          "The program ended before it took the snapshot.");
      }
  pthread_cond_broadcast (&source->changed);
}

void
gcg__source_set_silent (struct gcg__source *source)
{
  pthread_mutex_lock (&source->lock);
  if (source->state == GCG__STATE_LIVE)
    fall_silent (source, GCG__STATE_STARTING);
  pthread_mutex_unlock (&source->lock);
}

void
gcg__source_set_ended (struct gcg__source *source, int wait_status)
{
  pthread_mutex_lock (&source->lock);
  source->end_ns = gcg__clock_ns (CLOCK_MONOTONIC);
  source->wait_status = wait_status;
  fall_silent (source, GCG__STATE_ENDED);
  pthread_mutex_unlock (&source->lock);
}

void
gcg__source_set_file (struct gcg__source *source, const char *program)
{
  pthread_mutex_lock (&source->lock);
  source->state = GCG__STATE_FILE;
  snprintf (source->program, sizeof source->program, "%s", program);
  pthread_mutex_unlock (&source->lock);
}

void
gcg__source_set_recorded (struct gcg__source *source, pid_t pid, double running_s, int wait_status)
{
  pthread_mutex_lock (&source->lock);
  source->pid = pid;
  source->running_s = running_s;
  source->wait_status = wait_status;
  pthread_mutex_unlock (&source->lock);
}

void
gcg__source_set_left_out (struct gcg__source *source, const char *text)
{
  pthread_mutex_lock (&source->lock);
  snprintf (source->left_out, sizeof source->left_out, "%s", text);
  pthread_mutex_unlock (&source->lock);
}

enum gcg_status
gcg__source_queue (struct gcg__source *source, struct gcg__entry *entry, uint32_t sequence,
                   bool news, struct gcg_error *error)
{
  struct gcg__item *item = malloc (sizeof *item), *old;
  int copy = news ? fcntl (entry->fd, F_DUPFD_CLOEXEC, 3) : -1;
  if (item == NULL || (news && copy < 0))
    {
      free (item);
      if (copy >= 0)
        close (copy);
      gcg__entry_free (entry);
      return gcg__error_write (error, GCG_NO_MEMORY, "out of memory");
    }
  *item = (struct gcg__item){ .entry = entry, .sequence = sequence };
  pthread_mutex_lock (&source->lock);
  if (news)
    {
      if (source->newest_fd >= 0)
        close (source->newest_fd);
      source->newest_fd = copy;
    }
  if (sequence != 0 && sequence == source->unattended)
    source->unattended = 0;
  struct gcg__waiter *waiter = find_waiter (source, sequence);
  if (waiter != NULL)
    waiter->arrived = true;
  enqueue (source, item);
  old = shed (source);
  pthread_cond_broadcast (&source->changed);
  pthread_mutex_unlock (&source->lock);
  if (old != NULL)
    {
      gcg__entry_free (old->entry);
      free (old);
    }
  return GCG_OK;
}

enum gcg_status
gcg__source_add (struct gcg__source *source, int fd, const char *name, const char *description,
                 uint32_t sequence, struct gcg_error *error)
{
  struct gcg__entry *entry;
  enum gcg_status status = gcg__entry_open (fd, name, description, &entry, error);
  if (status != GCG_OK)
    return status;
  return gcg__source_queue (source, entry, sequence, true, error);
}

enum gcg_status
gcg__source_keep (struct gcg__source *source, int fd, const char *name, struct gcg_error *error)
{
  struct gcg__entry *entry;
  enum gcg_status status = gcg__entry_open (fd, name, NULL, &entry, error);
  if (status != GCG_OK)
    return status;
  pthread_mutex_lock (&source->lock);
  int old = source->newest_fd;
  source->newest_fd = entry->fd;
  pthread_mutex_unlock (&source->lock);
  entry->fd = old;
  gcg__entry_free (entry);
  return GCG_OK;
}

void
gcg__source_fail (struct gcg__source *source, uint32_t sequence, enum gcg_status status,
                  const char *text)
{
  struct gcg_error error;
  gcg__error_write (&error, status, "%s", text);
  pthread_mutex_lock (&source->lock);
  if (sequence != 0 && sequence == source->unattended)
    source->unattended = 0;
  answer (source, sequence, 0, &error);
  pthread_mutex_unlock (&source->lock);
}

void
gcg__source_failure (struct gcg__source *source, char text[256])
{
  pthread_mutex_lock (&source->lock);
  memcpy (text, source->failure, sizeof source->failure);
  pthread_mutex_unlock (&source->lock);
}

void
gcg__source_settle (struct gcg__source *source)
{
  pthread_mutex_lock (&source->lock);
  while (!source->shut && (source->building || source->first != NULL))
    pthread_cond_wait (&source->changed, &source->lock);
  pthread_mutex_unlock (&source->lock);
}
