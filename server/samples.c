/* samples.c -- see samples.h.
 *
 * Two locks: LOCK for the queue and everything small, held for moments; READING for the timeline,
 * taken first when both are.  A queue of more than QUEUE_BYTES makes the live thread wait after
 * all.
 */
#include "config.h"

#include "server/patience.h"
#include "server/samples.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "protocol.h"
#include "recording/recording.h"
#include "recording/writer.h"
#include "base/error.h"
#include "report/report.h"
#include "server/source.h"

#define QUEUE_BYTES    (UINT64_C (64) << 20)
#define PIECE_BYTES    (UINT64_C (512) << 20)
#define SAMPLE_SECONDS 20
#define MAX_WAITERS    8

/* A piece of a recording that waits to be taken in. */
struct piece
{
  struct piece *next;
  size_t n;
  uint64_t bytes[]; /* aligned for records */
};

/* A thread waiting for the answer to SEQUENCE; lives on the waiting thread's stack. */
struct waiter
{
  struct waiter *next;
  uint32_t sequence;
  bool done;
  struct gcg_error error;
};

struct gcg__samples
{
  pthread_mutex_t reading; /* guards: */
  struct gcg__timeline *timeline;
  struct gcg__recording_writer *writer; /* NULL: nothing is recorded */
  const char *path;                     /* of what it writes; borrowed */

  pthread_mutex_t lock; /* guards: */
  pthread_cond_t changed;
  struct piece *first, **last;
  uint64_t queued;
  bool shut;
  pid_t pid; /* the process of the samples; 0: none yet */
  gcg__say_function say;
  void *context;
  double every_s;
  bool lifetimes;
  char failure[256];        /* why no more is taken in */
  struct gcg_error written; /* the first failure to record */
  struct waiter *waiters;
  unsigned n_waiters;
  uint32_t sequence;
};

enum gcg_status
gcg__samples_new (struct gcg__samples **result, struct gcg_error *error)
{
  struct gcg__samples *samples = calloc (1, sizeof *samples);
  struct gcg__recording *recording = NULL;
  pthread_condattr_t attributes;
  if (samples == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory");
  enum gcg_status status = gcg__recording_new (&recording, error);
  if (status == GCG_OK)
    status = gcg__timeline_new (recording, &samples->timeline, error);
  if (status != GCG_OK)
    {
      gcg__recording_free (recording);
      free (samples);
      return status;
    }
  samples->last = &samples->first;
  pthread_mutex_init (&samples->reading, NULL);
  pthread_mutex_init (&samples->lock, NULL);
  pthread_condattr_init (&attributes);
  pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
  pthread_cond_init (&samples->changed, &attributes);
  pthread_condattr_destroy (&attributes);
  *result = samples;
  return GCG_OK;
}

/* Takes the whole queue. */
static struct piece *
take_queue (struct gcg__samples *samples)
{
  pthread_mutex_lock (&samples->lock);
  struct piece *first = samples->first;
  samples->first = NULL;
  samples->last = &samples->first;
  samples->queued = 0;
  pthread_mutex_unlock (&samples->lock);
  return first;
}

void
gcg__samples_free (struct gcg__samples *samples)
{
  if (samples == NULL)
    return;
  for (struct piece *piece = take_queue (samples), *next; piece != NULL; piece = next)
    {
      next = piece->next;
      free (piece);
    }
  gcg__recording_writer_close (samples->writer, NULL);
  gcg__timeline_free (samples->timeline);
  pthread_cond_destroy (&samples->changed);
  pthread_mutex_destroy (&samples->lock);
  pthread_mutex_destroy (&samples->reading);
  free (samples);
}

void
gcg__samples_shut (struct gcg__samples *samples)
{
  pthread_mutex_lock (&samples->lock);
  samples->shut = true;
  pthread_cond_broadcast (&samples->changed);
  pthread_mutex_unlock (&samples->lock);
}

/* --- the timeline; READING is held --- */

/* Nothing more is recorded after the first failure, which is reported at the end. */
static void
note_written (struct gcg__samples *samples, enum gcg_status status, const struct gcg_error *error)
{
  if (status == GCG_OK)
    return;
  pthread_mutex_lock (&samples->lock);
  if (samples->written.status == GCG_OK)
    samples->written = *error;
  pthread_mutex_unlock (&samples->lock);
}

/* Takes in what has come. */
static void
catch_up (struct gcg__samples *samples)
{
  struct gcg_error error;
  for (struct piece *piece = take_queue (samples), *next; piece != NULL; piece = next)
    {
      next = piece->next;
      pthread_mutex_lock (&samples->lock);
      bool failed = samples->failure[0] != '\0';
      pthread_mutex_unlock (&samples->lock);
      if (!failed
          && gcg__recording_append (samples->timeline->recording, piece->bytes, piece->n, &error)
                 != GCG_OK)
        {
          failed = true;
          pthread_mutex_lock (&samples->lock);
          snprintf (samples->failure, sizeof samples->failure, "%s", error.text);
          pthread_mutex_unlock (&samples->lock);
        }
      if (!failed && samples->writer != NULL)
        note_written (
            samples, gcg__recording_writer_append (samples->writer, piece->bytes, piece->n, &error),
            &error);
      free (piece);
    }
}

/* --- feeding --- */

enum gcg_status
gcg__samples_record (struct gcg__samples *samples, const char *path, struct gcg_error *error)
{
  pthread_mutex_lock (&samples->reading);
  enum gcg_status status = gcg__recording_writer_new (path, &samples->writer, error);
  samples->path = path;
  pthread_mutex_unlock (&samples->reading);
  return status;
}

enum gcg_status
gcg__samples_show (struct gcg__samples *samples, struct gcg__recording *recording,
                   struct gcg_error *error)
{
  struct gcg__timeline *timeline;
  enum gcg_status status = gcg__timeline_new (recording, &timeline, error);
  if (status != GCG_OK)
    {
      gcg__recording_free (recording);
      return status;
    }
  pthread_mutex_lock (&samples->reading);
  gcg__timeline_free (samples->timeline);
  samples->timeline = timeline;
  pthread_mutex_unlock (&samples->reading);
  return GCG_OK;
}

/* Closes the file of the recording, if any; AGAIN: and starts it anew.  READING is held. */
static void
end_writing (struct gcg__samples *samples, bool again)
{
  struct gcg_error error;
  bool was = samples->writer != NULL;
  note_written (samples, gcg__recording_writer_close (samples->writer, &error), &error);
  samples->writer = NULL;
  if (was && again)
    note_written (samples, gcg__recording_writer_new (samples->path, &samples->writer, &error),
                  &error);
}

/* Starts a new recording, because the program is another one.  SAME: in the same process. */
static void
begin_anew (struct gcg__samples *samples, bool same)
{
  struct gcg__recording *recording;
  if (gcg__recording_new (&recording, NULL) != GCG_OK)
    return;
  pthread_mutex_lock (&samples->reading);
  catch_up (samples);
  /* A file holds the recording of one program: what the first process is at last. */
  end_writing (samples, same);
  pthread_mutex_unlock (&samples->reading);
  if (gcg__samples_show (samples, recording, NULL) != GCG_OK)
    return;
  pthread_mutex_lock (&samples->lock);
  samples->failure[0] = '\0';
  pthread_mutex_unlock (&samples->lock);
}

void
gcg__samples_replace (struct gcg__samples *samples)
{
  begin_anew (samples, true);
}

void
gcg__samples_set_say (struct gcg__samples *samples, pid_t pid, gcg__say_function say, void *context)
{
  pthread_mutex_lock (&samples->lock);
  bool other = say != NULL && samples->pid != 0 && samples->pid != pid;
  samples->say = say;
  samples->context = context;
  if (say != NULL)
    samples->pid = pid;
  for (struct waiter *w = samples->waiters; say == NULL && w != NULL; w = w->next)
    if (!w->done)
      {
        w->done = true;
        gcg__error_write (&w->error, GCG_UNSUPPORTED,
                          "The program ended before it took the sample.");
      }
  pthread_cond_broadcast (&samples->changed);
  pthread_mutex_unlock (&samples->lock);
  if (other)
    begin_anew (samples, false);
}

/* The contents of FD, or NULL. */
static struct piece *
read_piece (int fd)
{
  struct stat about;
  struct piece *piece = NULL;
  if (fstat (fd, &about) != 0 || about.st_size <= 0 || (uint64_t)about.st_size > PIECE_BYTES)
    return NULL;
  size_t n = (size_t)about.st_size;
  piece = malloc (sizeof *piece + n);
  if (piece == NULL)
    return NULL;
  piece->next = NULL;
  piece->n = 0;
  while (piece->n < n)
    {
      ssize_t got = pread (fd, (char *)piece->bytes + piece->n, n - piece->n, (off_t)piece->n);
      if (got < 0 && errno == EINTR)
        continue;
      if (got <= 0)
        {
          free (piece);
          return NULL;
        }
      piece->n += (size_t)got;
    }
  return piece;
}

static void
answer (struct gcg__samples *samples, uint32_t sequence, enum gcg_status status, const char *text)
{
  pthread_mutex_lock (&samples->lock);
  for (struct waiter *w = samples->waiters; w != NULL; w = w->next)
    if (sequence != 0 && w->sequence == sequence)
      {
        w->done = true;
        if (status != GCG_OK)
          gcg__error_write (&w->error, status, "%s", text);
      }
  pthread_cond_broadcast (&samples->changed);
  pthread_mutex_unlock (&samples->lock);
}

void
gcg__samples_add (struct gcg__samples *samples, int fd, uint32_t sequence, enum gcg_status status,
                  const char *text)
{
  struct piece *piece = fd >= 0 ? read_piece (fd) : NULL;
  bool wait = false;
  if (fd >= 0)
    close (fd);
  if (piece != NULL)
    {
      pthread_mutex_lock (&samples->lock);
      *samples->last = piece;
      samples->last = &piece->next;
      samples->queued += piece->n;
      wait = samples->queued > QUEUE_BYTES;
      pthread_mutex_unlock (&samples->lock);
      if (wait ? pthread_mutex_lock (&samples->reading) == 0
               : pthread_mutex_trylock (&samples->reading) == 0)
        {
          catch_up (samples);
          pthread_mutex_unlock (&samples->reading);
        }
    }
  else if (status == GCG_OK)
    {
      status = GCG_CORRUPT;
      text = "the sample came without its file";
    }
  answer (samples, sequence, status, text);
}

void
gcg__samples_set_sampling (struct gcg__samples *samples, double every_s, bool lifetimes)
{
  pthread_mutex_lock (&samples->lock);
  samples->every_s = every_s;
  samples->lifetimes = lifetimes;
  pthread_cond_broadcast (&samples->changed);
  pthread_mutex_unlock (&samples->lock);
}

void
gcg__samples_add_snapshot (struct gcg__samples *samples, int fd)
{
  struct gcg_error error;
  struct stat about;
  pthread_mutex_lock (&samples->reading);
  catch_up (samples);
  if (samples->writer != NULL && fstat (fd, &about) == 0 && about.st_size > 0)
    {
      size_t n = (size_t)about.st_size;
      void *map = mmap (NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
      if (map != MAP_FAILED)
        {
          note_written (samples, gcg__recording_writer_snapshot (samples->writer, map, n, &error),
                        &error);
          munmap (map, n);
        }
    }
  pthread_mutex_unlock (&samples->reading);
}

enum gcg_status
gcg__samples_finish (struct gcg__samples *samples, int wait_status, struct gcg_error *error)
{
  struct gcg_error failure;
  pthread_mutex_lock (&samples->reading);
  catch_up (samples);
  if (samples->writer != NULL)
    {
      note_written (samples, gcg__recording_writer_exit (samples->writer, wait_status, &failure),
                    &failure);
      note_written (samples, gcg__recording_writer_close (samples->writer, &failure), &failure);
      samples->writer = NULL;
    }
  pthread_mutex_unlock (&samples->reading);
  if (samples->written.status != GCG_OK && error != NULL)
    *error = samples->written;
  return samples->written.status;
}

/* --- asking --- */

enum gcg_status
gcg__samples_borrow (struct gcg__samples *samples, const struct gcg__entry *newest,
                     struct gcg__timeline **timeline, struct gcg_error *error)
{
  pthread_mutex_lock (&samples->reading);
  catch_up (samples);
  if (newest != NULL)
    gcg__timeline_adopt (samples->timeline, newest->model->snapshot, newest->model->types,
                         newest->generation);
  enum gcg_status status = gcg__timeline_update (samples->timeline, error);
  if (status != GCG_OK)
    pthread_mutex_unlock (&samples->reading);
  *timeline = samples->timeline;
  return status;
}

void
gcg__samples_give_back (struct gcg__samples *samples)
{
  pthread_mutex_unlock (&samples->reading);
}

void
gcg__samples_sampling (struct gcg__samples *samples, struct gcg__sampling *sampling)
{
  pthread_mutex_lock (&samples->lock);
  sampling->possible = samples->say != NULL;
  sampling->every_s = sampling->possible ? samples->every_s : 0;
  sampling->lifetimes = samples->lifetimes;
  pthread_mutex_unlock (&samples->lock);
}

/* Waits until WAITER is done; it is in the list, the lock is held. */
static void
await (struct gcg__samples *samples, struct waiter *waiter)
{
  struct gcg__patience patience;
  gcg__patience_init (&patience, SAMPLE_SECONDS);
  while (!waiter->done && !samples->shut
         && gcg__patience_wait (&patience, &samples->changed, &samples->lock, samples->pid))
    ;
  if (!waiter->done && samples->shut)
    gcg__error_write (&waiter->error, GCG_BUSY, "gcglass is ending.");
  else if (!waiter->done && gcg__patience_is_stopped (&patience))
    gcg__error_write (
        &waiter->error, GCG_TIMEOUT,
        "The program is stopped (by SIGSTOP, a debugger or job control): the sample is "
        "taken when it is continued.");
  else if (!waiter->done)
    gcg__error_write (
        &waiter->error, GCG_TIMEOUT,
        "The program has not taken the sample within %d s: it may hold the collector's lock.",
        SAMPLE_SECONDS);
  struct waiter **place = &samples->waiters;
  while (*place != waiter)
    place = &(*place)->next;
  *place = waiter->next;
  samples->n_waiters--;
}

static enum gcg_status
nobody (struct gcg_error *error)
{
  return gcg__error_write (error, GCG_UNSUPPORTED, "There is no live process to take samples of.");
}

enum gcg_status
gcg__samples_take (struct gcg__samples *samples, const char *description, struct gcg_error *error)
{
  struct waiter waiter = { .next = NULL };
  enum gcg_status status = GCG_OK;
  pthread_mutex_lock (&samples->lock);
  if (samples->say == NULL || samples->shut)
    status = nobody (error);
  else if (samples->n_waiters == MAX_WAITERS)
    status = gcg__error_write (error, GCG_BUSY, "Too many samples are being taken: try again.");
  else
    {
      waiter.sequence = ++samples->sequence;
      waiter.next = samples->waiters;
      samples->waiters = &waiter;
      samples->n_waiters++;
      if (!samples->say (samples->context, GCG__SAMPLE, waiter.sequence, description))
        {
          waiter.done = true;
          gcg__error_write (&waiter.error, GCG_UNSUPPORTED,
                            "The program does not answer any more.");
        }
      await (samples, &waiter);
      status = waiter.error.status;
      if (status != GCG_OK && error != NULL)
        *error = waiter.error;
    }
  pthread_mutex_unlock (&samples->lock);
  return status;
}

enum gcg_status
gcg__samples_set_every (struct gcg__samples *samples, double every_s, struct gcg_error *error)
{
  char text[40];
  enum gcg_status status = GCG_OK;
  snprintf (text, sizeof text, "%.9g", every_s);
  pthread_mutex_lock (&samples->lock);
  if (samples->say == NULL || samples->shut
      || !samples->say (samples->context, GCG__SAMPLING, 0, text))
    status = nobody (error);
  else
    samples->every_s = every_s;
  pthread_mutex_unlock (&samples->lock);
  return status;
}

void
gcg__samples_failure (struct gcg__samples *samples, char text[256])
{
  pthread_mutex_lock (&samples->lock);
  memcpy (text, samples->failure, sizeof samples->failure);
  pthread_mutex_unlock (&samples->lock);
}
