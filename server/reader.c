/* reader.c -- see reader.h.
 *
 * The sampler is the live thread's; others see under the lock whether there is one.  No lock is
 * held while a sample is taken or handed over.
 */
#include "config.h"

#include "server/reader.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "link/sample.h"
#include "recording/format.h"
#include "server/samples.h"

/* A sample that is asked for. */
struct ask
{
  struct ask *next;
  uint32_t sequence, flags;
  char description[GCG__SAMPLE_TEXT + 1];
};

struct gcg__reader
{
  struct gcg__samples *samples;
  struct gcg__sampler *sampler; /* the live thread's */
  uint64_t last_ns;     /* when the last periodic one was due, 0 = none; the live thread's */
  pthread_mutex_t lock; /* guards: */
  bool is_on;
  uint64_t interval_ns; /* 0: none */
  struct ask *first;
};

enum gcg_status
gcg__reader_new (struct gcg__samples *samples, struct gcg__reader **result, struct gcg_error *error)
{
  struct gcg__reader *reader = calloc (1, sizeof *reader);
  if (reader == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory");
  reader->samples = samples;
  pthread_mutex_init (&reader->lock, NULL);
  *result = reader;
  return GCG_OK;
}

void
gcg__reader_free (struct gcg__reader *reader)
{
  if (reader == NULL)
    return;
  gcg__reader_end (reader);
  pthread_mutex_destroy (&reader->lock);
  free (reader);
}

/* Seconds as nanoseconds; what is no interval is none. */
static uint64_t
interval_of (double every_s)
{
  return every_s > 0 && every_s <= 1e6 ? (uint64_t)(every_s * 1e9) : 0;
}

void
gcg__reader_begin (struct gcg__reader *reader, pid_t pid, uint64_t root, double every_s)
{
  gcg__reader_end (reader);
  /* It has ended, or is ending: the connection says so. */
  if (gcg__sampler_new (pid, root, &reader->sampler, NULL) != GCG_OK)
    return;
  pthread_mutex_lock (&reader->lock);
  reader->is_on = true;
  reader->interval_ns = interval_of (every_s);
  pthread_mutex_unlock (&reader->lock);
  gcg__samples_set_sampling (reader->samples, every_s, false);
}

/* Takes all that has been asked for. */
static struct ask *
take_asks (struct gcg__reader *reader)
{
  pthread_mutex_lock (&reader->lock);
  struct ask *first = reader->first;
  reader->first = NULL;
  pthread_mutex_unlock (&reader->lock);
  return first;
}

void
gcg__reader_end (struct gcg__reader *reader)
{
  pthread_mutex_lock (&reader->lock);
  reader->is_on = false;
  pthread_mutex_unlock (&reader->lock);
  for (struct ask *ask = take_asks (reader), *next; ask != NULL; ask = next)
    {
      next = ask->next;
      free (ask);
    }
  gcg__sampler_free (reader->sampler);
  reader->sampler = NULL;
  reader->last_ns = 0;
}

/* Takes a sample and hands it over.  One that no request waits for is dropped when it fails: the
   process has ended, or has executed another program. */
static void
take (struct gcg__reader *reader, uint32_t sequence, const char *description, uint32_t flags)
{
  struct gcg_error error = { GCG_OK, "" };
  int fd = -1;
  enum gcg_status status = gcg__sampler_take (reader->sampler, description, flags, &fd, &error);
  if (status == GCG_OK || sequence != 0)
    gcg__samples_add (reader->samples, fd, sequence, status, error.text);
}

void
gcg__reader_take (struct gcg__reader *reader, const char *description, uint32_t flags)
{
  if (reader->sampler == NULL)
    return;
  take (reader, 0, description, flags);
  /* The last one, with the last snapshot, is not to be followed by another. */
  if (reader->last_ns != 0)
    reader->last_ns = gcg__clock_ns (CLOCK_MONOTONIC);
}

int
gcg__reader_serve (struct gcg__reader *reader)
{
  if (reader->sampler == NULL)
    return -1;
  for (struct ask *ask = take_asks (reader), *next; ask != NULL; ask = next)
    {
      next = ask->next;
      take (reader, ask->sequence, ask->description, ask->flags);
      free (ask);
    }
  pthread_mutex_lock (&reader->lock);
  uint64_t interval = reader->interval_ns, at = gcg__clock_ns (CLOCK_MONOTONIC);
  pthread_mutex_unlock (&reader->lock);
  if (interval == 0)
    {
      reader->last_ns = 0;
      return -1;
    }
  /* Counted from the last sample: a changed interval applies at once. */
  if (reader->last_ns == 0 || at >= reader->last_ns + interval)
    {
      take (reader, 0, "", 0);
      at = gcg__clock_ns (CLOCK_MONOTONIC);
      reader->last_ns = reader->last_ns != 0 && reader->last_ns + 2 * interval > at
                            ? reader->last_ns + interval
                            : at;
    }
  uint64_t wait_ms = (reader->last_ns + interval - at) / 1000000 + 1;
  return wait_ms < INT32_MAX ? (int)wait_ms : INT32_MAX;
}

bool
gcg__reader_ask (struct gcg__reader *reader, uint32_t sequence, const char *description,
                 uint32_t flags)
{
  struct ask *ask = calloc (1, sizeof *ask), **last = &reader->first;
  if (ask == NULL)
    return false;
  ask->sequence = sequence;
  ask->flags = flags;
  snprintf (ask->description, sizeof ask->description, "%s", description);
  pthread_mutex_lock (&reader->lock);
  bool is_on = reader->is_on;
  while (*last != NULL)
    last = &(*last)->next;
  if (is_on)
    *last = ask;
  pthread_mutex_unlock (&reader->lock);
  if (!is_on)
    free (ask);
  return is_on;
}

bool
gcg__reader_set_every (struct gcg__reader *reader, double every_s)
{
  pthread_mutex_lock (&reader->lock);
  bool is_on = reader->is_on;
  if (is_on)
    reader->interval_ns = interval_of (every_s);
  pthread_mutex_unlock (&reader->lock);
  return is_on;
}
