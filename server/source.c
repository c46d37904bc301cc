/* source.c -- see source.h.
 *
 * One mutex guards everything but the analysis itself.  The condition is broadcast whenever
 * something changed; those who wait are few.  An entry is freed by whoever drops its last
 * reference, outside the mutex.
 */
#include "config.h"

#include "server/source.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "report/model.h"
#include "report/fail.h"
#include "snapshot/snapshot.h"

#define CAPTURE_SECONDS 90
#define MAX_WAITERS     8

/* Memory that an analysis takes besides the snapshot, per object. */
#define MODEL_BYTES 64

/* A snapshot that waits for its analysis. */
struct item
{
  struct item *next;
  struct gcg__entry *entry; /* id 0: gets the next one */
  uint32_t sequence;
};

/* Somebody who waits for the answer to SEQUENCE; lives on the waiting thread's stack. */
struct waiter
{
  struct waiter *next;
  uint32_t sequence;
  bool arrived; /* the snapshot is here, and will be shown or fail */
  bool done;
  uint32_t id;
  struct gcg_error error;
};

struct gcg__source
{
  pthread_mutex_t lock;
  pthread_cond_t changed;
  pthread_t builder;
  bool shut;

  enum gcg__state state;
  bool was_live;
  pid_t pid;
  char program[256];
  uint64_t start_ns, end_ns; /* CLOCK_MONOTONIC */
  int wait_status;
  gcg__ask_function ask;
  void *context;

  struct gcg__entry *entries[GCG__MAX_SNAPSHOTS]; /* oldest first */
  unsigned n_entries;
  uint32_t last_id, generation;
  int newest_fd; /* of the snapshot that came last, analysed or not; -1 = none */

  struct item *first, **last;
  unsigned n_items;
  bool building;

  struct waiter *waiters;
  unsigned n_waiters;
  uint32_t sequence;
  uint32_t unattended; /* request under way that nobody waits for, 0 = none */
  char failure[256];   /* of the last analysis or unattended request; "" after a success */
};

static uint64_t
now_ns (void)
{
  struct timespec now;
  clock_gettime (CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t
memory_budget (void)
{
  return (uint64_t)sysconf (_SC_PHYS_PAGES) * (uint64_t)sysconf (_SC_PAGESIZE) / 4;
}

static void
entry_free (struct gcg__entry *entry)
{
  if (entry->model != NULL)
    gcg__model_free (entry->model);
  else
    gcg__snapshot_close (entry->snapshot);
  if (entry->fd >= 0)
    close (entry->fd);
  free (entry);
}

/* Opens the snapshot in FD (taken). */
static enum gcg_status
entry_open (int fd, const char *name, const char *description, struct gcg__entry **result,
            struct gcg_error *error)
{
  struct gcg__entry *entry = calloc (1, sizeof *entry);
  int seals = fcntl (fd, F_GET_SEALS); /* fails for what is not a memfd */
  enum gcg_status status;
  if (entry == NULL)
    {
      close (fd);
      return gcg__report_fail (error, GCG_NO_MEMORY, "out of memory");
    }
  entry->fd = fd;
  entry->references = 1;
  if (seals >= 0 && (~seals & (F_SEAL_SHRINK | F_SEAL_WRITE)) != 0)
    status = gcg__report_fail (error, GCG_CORRUPT, "%s: the snapshot is not sealed", name);
  else
    status = gcg__snapshot_open_fd (fd, name, &entry->snapshot, error);
  if (status != GCG_OK)
    {
      entry_free (entry);
      return status;
    }
  const char *own = gcg__text (entry->snapshot, entry->snapshot->info->description);
  snprintf (entry->description, sizeof entry->description, "%s",
            own[0] != '\0' ? own : description);
  *result = entry;
  return GCG_OK;
}

/* --- under the lock --- */

static struct waiter *
find_waiter (struct gcg__source *source, uint32_t sequence)
{
  struct waiter *waiter = source->waiters;
  while (waiter != NULL && (sequence == 0 || waiter->sequence != sequence))
    waiter = waiter->next;
  return waiter;
}

static void
answer (struct gcg__source *source, uint32_t sequence, uint32_t id, const struct gcg_error *error)
{
  struct waiter *waiter = find_waiter (source, sequence);
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
enqueue (struct gcg__source *source, struct item *item)
{
  item->next = NULL;
  *source->last = item;
  source->last = &item->next;
  source->n_items++;
}

static struct item *
dequeue (struct gcg__source *source)
{
  struct item *item = source->first;
  if (item == NULL)
    return NULL;
  source->first = item->next;
  if (source->first == NULL)
    source->last = &source->first;
  source->n_items--;
  return item;
}

/* When snapshots come faster than they can be analysed, the oldest of those that nobody waits for
   goes.  Returns it, or NULL. */
static struct item *
shed (struct gcg__source *source)
{
  struct item **place = &source->first;
  if (source->n_items <= GCG__MAX_SNAPSHOTS)
    return NULL;
  while (*place != NULL && find_waiter (source, (*place)->sequence) != NULL)
    place = &(*place)->next;
  struct item *item = *place;
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
      struct item *item = dequeue (source);
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
        entry_free (gone[i]);
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
  if (source == NULL)
    return gcg__report_fail (error, GCG_NO_MEMORY, "out of memory");
  pthread_mutex_init (&source->lock, NULL);
  pthread_condattr_init (&attributes);
  pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
  pthread_cond_init (&source->changed, &attributes);
  pthread_condattr_destroy (&attributes);
  source->last = &source->first;
  source->newest_fd = -1;
  source->wait_status = -1;
  source->start_ns = now_ns ();
  failure = pthread_create (&source->builder, NULL, build, source);
  if (failure != 0)
    {
      gcg__report_fail (error, GCG_SYSTEM, "cannot start a thread: %s", strerror (failure));
      goto fail_thread;
    }
  *result = source;
  return GCG_OK;

fail_thread:
  pthread_cond_destroy (&source->changed);
  pthread_mutex_destroy (&source->lock);
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
}

void
gcg__source_free (struct gcg__source *source)
{
  struct item *item;
  if (source == NULL)
    return;
  gcg__source_shut (source);
  pthread_join (source->builder, NULL);
  while ((item = dequeue (source)) != NULL)
    {
      entry_free (item->entry);
      free (item);
    }
  for (unsigned i = 0; i < source->n_entries; i++)
    entry_free (source->entries[i]);
  if (source->newest_fd >= 0)
    close (source->newest_fd);
  pthread_cond_destroy (&source->changed);
  pthread_mutex_destroy (&source->lock);
  free (source);
}

/* --- feeding --- */

void
gcg__source_set_process (struct gcg__source *source, pid_t pid, const char *program)
{
  pthread_mutex_lock (&source->lock);
  if (source->state == GCG__STATE_STARTING)
    source->pid = pid;
  snprintf (source->program, sizeof source->program, "%s", program);
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

/* Nobody will answer the requests under way. */
static void
fall_silent (struct gcg__source *source, enum gcg__state state)
{
  source->state = state;
  source->unattended = 0;
  for (struct waiter *w = source->waiters; w != NULL; w = w->next)
    if (!w->arrived && !w->done)
      {
        w->done = true;
        gcg__report_fail (&w->error, GCG_UNSUPPORTED, "The program ended before it took the snapshot.");
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
  source->end_ns = now_ns ();
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

/* Queues ENTRY (taken) for analysis. */
static enum gcg_status
queue_entry (struct gcg__source *source, struct gcg__entry *entry, uint32_t sequence, bool news,
             struct gcg_error *error)
{
  struct item *item = malloc (sizeof *item), *old;
  int copy = news ? fcntl (entry->fd, F_DUPFD_CLOEXEC, 3) : -1;
  if (item == NULL || (news && copy < 0))
    {
      free (item);
      if (copy >= 0)
        close (copy);
      entry_free (entry);
      return gcg__report_fail (error, GCG_NO_MEMORY, "out of memory");
    }
  *item = (struct item){ .entry = entry, .sequence = sequence };
  pthread_mutex_lock (&source->lock);
  if (news)
    {
      if (source->newest_fd >= 0)
        close (source->newest_fd);
      source->newest_fd = copy;
    }
  if (sequence != 0 && sequence == source->unattended)
    source->unattended = 0;
  struct waiter *waiter = find_waiter (source, sequence);
  if (waiter != NULL)
    waiter->arrived = true;
  enqueue (source, item);
  old = shed (source);
  pthread_cond_broadcast (&source->changed);
  pthread_mutex_unlock (&source->lock);
  if (old != NULL)
    {
      entry_free (old->entry);
      free (old);
    }
  return GCG_OK;
}

enum gcg_status
gcg__source_add (struct gcg__source *source, int fd, const char *name, const char *description,
                 uint32_t sequence, struct gcg_error *error)
{
  struct gcg__entry *entry;
  enum gcg_status status = entry_open (fd, name, description, &entry, error);
  if (status != GCG_OK)
    return status;
  return queue_entry (source, entry, sequence, true, error);
}

void
gcg__source_fail (struct gcg__source *source, uint32_t sequence, enum gcg_status status,
                  const char *text)
{
  struct gcg_error error;
  gcg__report_fail (&error, status, "%s", text);
  pthread_mutex_lock (&source->lock);
  if (sequence != 0 && sequence == source->unattended)
    source->unattended = 0;
  answer (source, sequence, 0, &error);
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

/* --- asking --- */

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
    return gcg__report_fail (error, GCG_BUSY, "There is no snapshot yet.");
  if (entry == NULL)
    return gcg__report_fail (error, GCG_NOT_FOUND,
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
    entry_free (entry);
}

static bool
can_ask (const struct gcg__source *source)
{
  return source->state == GCG__STATE_LIVE && source->ask != NULL && !source->shut;
}

/* Waits until WAITER is done; it is in the list, the lock is held. */
static void
await (struct gcg__source *source, struct waiter *waiter)
{
  struct timespec end;
  clock_gettime (CLOCK_MONOTONIC, &end);
  end.tv_sec += CAPTURE_SECONDS;
  while (!waiter->done && !source->shut)
    if (pthread_cond_timedwait (&source->changed, &source->lock, &end) == ETIMEDOUT)
      break;
  if (!waiter->done && source->shut)
    gcg__report_fail (&waiter->error, GCG_BUSY, "gcglass is ending.");
  else if (!waiter->done)
    gcg__report_fail (&waiter->error, GCG_TIMEOUT,
               "The program has not taken the snapshot within %d s: it may hold the collector's "
               "lock, or be stopped.",
               CAPTURE_SECONDS);
  struct waiter **place = &source->waiters;
  while (*place != waiter)
    place = &(*place)->next;
  *place = waiter->next;
  source->n_waiters--;
}

enum gcg_status
gcg__source_capture (struct gcg__source *source, const char *description, uint32_t *id,
                     struct gcg_error *error)
{
  struct waiter waiter = { .next = NULL };
  pthread_mutex_lock (&source->lock);
  if (!can_ask (source) || source->n_waiters == MAX_WAITERS)
    {
      enum gcg_status status;
      if (source->state == GCG__STATE_STARTING)
        status = gcg__report_fail (error, GCG_UNSUPPORTED,
                            "The program has not used the collector yet: nothing to look at.");
      else if (!can_ask (source))
        status = gcg__report_fail (error, GCG_UNSUPPORTED,
                            "There is no live process to take a snapshot of.");
      else
        status = gcg__report_fail (error, GCG_BUSY, "Too many snapshots are being taken: try again.");
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
  bool asked = ask (context, waiter.sequence, description);
  pthread_mutex_lock (&source->lock);
  if (!asked && !waiter.done)
    {
      waiter.done = true;
      gcg__report_fail (&waiter.error, GCG_UNSUPPORTED, "The program does not answer any more.");
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

/* Asks without waiting, when nothing is under way, and ONLY_FIRST: when there is nothing to show. */
static void
ask_unattended (struct gcg__source *source, bool only_first, const char *description)
{
  uint32_t sequence = 0;
  gcg__ask_function ask;
  void *context;
  pthread_mutex_lock (&source->lock);
  bool idle = source->unattended == 0 && source->waiters == NULL && source->first == NULL
              && !source->building;
  if (can_ask (source) && idle && (!only_first || source->n_entries == 0))
    sequence = source->unattended = ++source->sequence;
  ask = source->ask;
  context = source->context;
  pthread_mutex_unlock (&source->lock);
  if (sequence != 0 && !ask (context, sequence, description))
    gcg__source_fail (source, sequence, GCG_UNSUPPORTED, "The program does not answer any more.");
}

void
gcg__source_look (struct gcg__source *source)
{
  ask_unattended (source, true, "first look");
}

void
gcg__source_sample (struct gcg__source *source)
{
  ask_unattended (source, false, "periodic");
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
    status = gcg__report_fail (error, GCG_SYSTEM, "cannot open the snapshot again: %s", strerror (errno));
  else
    status = entry_open (fd, "snapshot", newest->description, &entry, error);
  if (status == GCG_OK)
    {
      entry->id = newest->id;
      status = queue_entry (source, entry, 0, false, error);
    }
  gcg__source_put (source, newest);
  if (status == GCG_OK)
    gcg__source_settle (source);
  return status;
}

/* Why nothing is to be seen yet.  Under the lock. */
static void
say_waiting (const struct gcg__source *source, char *text, size_t bytes)
{
  if (source->building || source->first != NULL)
    snprintf (text, bytes, "The first snapshot is being analysed.");
  else if (source->state == GCG__STATE_STARTING)
    snprintf (text, bytes, "The program has not used the collector yet.");
  else if (source->failure[0] != '\0')
    snprintf (text, bytes, "No snapshot: %s", source->failure);
  else if (source->state == GCG__STATE_LIVE)
    snprintf (text, bytes, "The first snapshot is being taken.");
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
  uint64_t now = now_ns (), start = source->start_ns;
  overall->state = source->state;
  overall->pid = source->pid;
  overall->wait_status = source->wait_status;
  memcpy (overall->program, source->program, sizeof overall->program);
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
