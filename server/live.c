/* live.c -- see live.h.
 *
 * The thread waits on the listening socket, the connection, and an eventfd that wakes it.  The
 * connection belongs to it; gcg__live_ask only sends on it, under the lock that also guards its
 * closing.
 */
#include "config.h"

#include "server/live.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "image/proc.h"
#include "image/traced.h"
#include "link/door.h"
#include "link/jobs.h"
#include "link/read.h"
#include "recording/format.h"
#include "server/reader.h"
#include "server/samples.h"
#include "server/source.h"

struct gcg__live
{
  struct gcg__source *source;
  struct gcg__live_events events;
  pthread_t thread;
  int listen_fd; /* -1 = none */
  int wake_fd;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  int fd;                      /* -1 = no agent is connected */
  int parted_fd;               /* the connection is over, but not closed yet; -1 = none */
  pid_t pid;                   /* of the connected process, or the last one */
  struct gcg__jobs *jobs;      /* snapshots from outside */
  struct gcg__agent_link link; /* the agent that is looked at so; its fd is FD */
  struct gcg__reader *reader;  /* its samples */
  struct gcg__door *door;      /* who asks for it by its number; NULL = it answers itself */
  bool parting;   /* the connection has ended, but not all jobs; private to the thread */
  bool announced; /* the connected process is about to execute another program; private to the
                     thread */
  bool last_seen; /* but has sent its last snapshot since; private to the thread */
  bool replaced;  /* the next connection is that program; private to the thread */
  bool ending;
  int counter_fd;         /* where the agent counts warnings, -1 = it does not */
  uint64_t warnings;      /* of the programs before */
  bool draining, drained; /* a reading of all that is there was asked for, is done */
};

static void
wake (struct gcg__live *live)
{
  eventfd_write (live->wake_fd, 1);
}

/* The process runs another program now. */
static void
note_executed (struct gcg__live *live)
{
  live->announced = false;
  live->replaced = true;
  if (live->events.executed != NULL)
    live->events.executed (live->events.context);
}

static void
hang_up (struct gcg__live *live)
{
  pthread_mutex_lock (&live->lock);
  /* Who started us by gcg_start waits for the end of the connection, which says that nothing of
     ours is left: that is not yet so. */
  if (live->listen_fd < 0)
    live->parted_fd = live->fd;
  else
    close (live->fd);
  live->fd = -1;
  live->link.root = 0;
  live->parting = false;
  pthread_cond_broadcast (&live->changed);
  pthread_mutex_unlock (&live->lock);
  gcg__samples_set_say (gcg__source_samples (live->source), 0, NULL, NULL);
  gcg__reader_end (live->reader);
  gcg__door_close (live->door);
  live->door = NULL;
  gcg__source_set_silent (live->source);
  if (live->announced && !live->last_seen)
    note_executed (live);
  if (live->events.closed != NULL)
    live->events.closed (live->events.context);
}

static void
take_snapshot (struct gcg__live *live, const struct gcg__message *message, int attached)
{
  struct gcg_error error;
  const char *name = "the program's snapshot", *description = message->text;
  /* The exec failed. */
  if ((message->flags & GCG__FLAG_EXIT) != 0)
    live->last_seen = true;
  if (message->status != GCG_OK || attached < 0)
    {
      enum gcg_status status = message->status == GCG_OK ? GCG_CORRUPT : message->status;
      if (attached >= 0)
        close (attached);
      const char *text
          = message->status == GCG_OK ? "the snapshot came without its file" : message->text;
      gcg__source_fail (live->source, message->sequence, status, text);
      if (message->sequence == 0 && live->events.failed != NULL)
        live->events.failed (live->events.context, text);
      return;
    }
  if ((message->flags & GCG__FLAG_EXIT) != 0 && description[0] == '\0')
    description = "at exit";
  int copy = fcntl (attached, F_DUPFD_CLOEXEC, 3);
  enum gcg_status status = live->events.ends && (message->flags & GCG__FLAG_EXIT) != 0
                               ? gcg__source_keep (live->source, attached, name, &error)
                               : gcg__source_add (live->source, attached, name, description,
                                                  message->sequence, &error);
  if (status != GCG_OK)
    gcg__source_fail (live->source, message->sequence, status, error.text);
  else if (copy >= 0)
    gcg__samples_add_snapshot (gcg__source_samples (live->source), copy);
  if (copy >= 0)
    close (copy);
}

/* Seconds, as a text. */
static double
parse_every (const char *text)
{
  double every = strtod (text, NULL);
  return every > 0 && isfinite (every) ? every : 0;
}

static void
take_sampling (struct gcg__live *live, const struct gcg__message *message)
{
  double every = parse_every (message->text);
  gcg__reader_set_every (live->reader, every);
  gcg__samples_set_sampling (gcg__source_samples (live->source), every,
                             (message->flags & GCG__FLAG_LIFETIMES) != 0);
}

/* What goes with a message by which the program has something recorded: it waits until we have read
   its counters. */
static void
read_sample (struct gcg__live *live, const struct gcg__message *message)
{
  if (message->type == GCG__SAMPLE)
    gcg__reader_take (live->reader, message->text, 0);
  else if (message->type == GCG__END)
    gcg__reader_take (live->reader, "at exit", GCG__SAMPLE_SNAPSHOT);
  else if (message->type == GCG__SNAPSHOT && message->status == GCG_OK
           && (message->flags & GCG__FLAG_EXIT) == 0)
    gcg__reader_take (live->reader, message->text, GCG__SAMPLE_SNAPSHOT);
}

/* Reads one message; false when the conversation is over. */
static bool
read_one (struct gcg__live *live)
{
  struct gcg__message message;
  int attached;
  if (!gcg__link_receive (live->fd, &message, &attached))
    return false;
  read_sample (live, &message);
  if (message.type == GCG__SNAPSHOT)
    {
      gcg__read_received (&message, &attached);
      take_snapshot (live, &message, attached);
      return true;
    }
  if (message.type == GCG__SAMPLES)
    {
      gcg__samples_add (gcg__source_samples (live->source), attached, message.sequence,
                        message.status, message.text);
      return true;
    }
  if (message.type == GCG__SAMPLING)
    take_sampling (live, &message);
  gcg__jobs_message (live->jobs, &live->link, &message, attached);
  /* It ends, so the exec has failed. */
  if (message.type == GCG__END)
    live->last_seen = true;
  if (attached >= 0)
    close (attached);
  return message.type != GCG__STOP;
}

/* A snapshot failed with STATUS because the process is no more: it is there no longer to be asked,
   as after its end. */
static bool
has_ended (const struct gcg__live *live, enum gcg_status status)
{
  struct gcg__proc_status process;
  return status == GCG_NOT_FOUND || !gcg__proc_status (live->pid, live->pid, &process)
         || process.state == 'Z' || process.state == 'X';
}

/* Takes the snapshots that are done. */
static void
take_results (struct gcg__live *live)
{
  struct gcg__job_result result;
  while (gcg__jobs_next (live->jobs, &result))
    {
      if (result.message.status != GCG_OK && has_ended (live, result.message.status))
        result.message.status = GCG_DISABLED;
      take_snapshot (live, &result.message, result.fd);
    }
}

/* Ends the conversation as soon as no snapshot is under way any more. */
static void
part (struct gcg__live *live)
{
  if (live->parting && !gcg__jobs_has (live->jobs, 0))
    hang_up (live);
}

/* Answers a process on FD (taken) that is about to execute FILE (taken; -1: not sent). */
static void
answer_exec (struct gcg__live *live, int fd, int file, const struct gcg__message *ask)
{
  struct gcg__message answer = { .type = GCG__EXEC, .status = GCG_UNSUPPORTED };
  if (file >= 0 && live->events.executes != NULL)
    {
      live->events.executes (live->events.context, file, ask->text, &answer);
      live->announced = true;
      live->last_seen = false;
    }
  if (live->fd < 0 && live->announced)
    note_executed (live);
  if (answer.status != GCG_OK && (ask->flags & GCG__FLAG_CHILD) == 0)
    gcg__traced_leave (live->pid);
  gcg__link_send (fd, &answer);
  if (file >= 0)
    close (file);
  close (fd);
}

/* The connected process has become another program: reads the remaining messages. */
static void
finish_last (struct gcg__live *live)
{
  if (live->fd >= 0)
    {
      shutdown (live->fd, SHUT_RDWR);
      while (read_one (live))
        ;
      while (gcg__jobs_has (live->jobs, 0))
        {
          struct pollfd done = { gcg__jobs_fd (live->jobs), POLLIN, 0 };
          poll (&done, 1, -1);
          take_results (live);
        }
      hang_up (live);
    }
  /* One thread was ending the process when another called exec. */
  if (live->announced)
    note_executed (live);
}

static uint64_t
read_counter (int fd)
{
  uint64_t n;
  return fd >= 0 && pread (fd, &n, sizeof n, 0) == (ssize_t)sizeof n ? n : 0;
}

/* Replaces the counter by COUNTER (taken; -1: none), unless both are the same file. */
static void
replace_counter (struct gcg__live *live, int counter)
{
  struct stat old, new;
  bool same = counter >= 0 && live->counter_fd >= 0 && fstat (counter, &new) == 0
              && fstat (live->counter_fd, &old) == 0
              && old.st_dev == new.st_dev &&old.st_ino == new.st_ino;
  if (!same)
    live->warnings += read_counter (live->counter_fd);
  if (live->counter_fd >= 0)
    close (live->counter_fd);
  live->counter_fd = counter;
}

/* Starts listening to the agent on FD (taken), which counts in COUNTER (taken) and has said
   HELLO. */
static void
converse_with (struct gcg__live *live, int fd, int counter, pid_t pid,
               const struct gcg__message *hello)
{
  pthread_mutex_lock (&live->lock);
  live->fd = fd;
  live->pid = pid;
  live->link = (struct gcg__agent_link){
    .pid = pid,
    .fd = fd,
    .key = 1,
    .collects = live->events.collects,
    .traces = live->events.traces,
  };
  struct gcg_error error = { GCG_OK, "" };
  if (!gcg__jobs_hello (live->jobs, &live->link, hello, live->events.from_inside, &error)
      && live->events.inside != NULL)
    live->events.inside (live->events.context, error.text);
  replace_counter (live, counter);
  pthread_cond_broadcast (&live->changed);
  pthread_mutex_unlock (&live->lock);
  if (live->replaced)
    gcg__samples_replace (gcg__source_samples (live->source));
  live->replaced = false;
  gcg__source_set_live (live->source, pid);
  bool sampled = (hello->flags & GCG__FLAG_THREAD) != 0 || live->events.from_inside;
  if (live->link.root != 0 && !sampled)
    {
      gcg__reader_begin (live->reader, pid, live->link.root, live->events.every_s);
      live->door = gcg__door_open (pid, live->link.root);
    }
  gcg__samples_set_say (gcg__source_samples (live->source), pid, gcg__live_say, live);
}

/* Accepts a process: one that asks before it executes another program, the first that says HELLO,
   or the next after that one has ended. */
static void
accept_one (struct gcg__live *live)
{
  struct gcg__message hello;
  struct timeval patience = { .tv_sec = 2 };
  int attached = -1;
  int fd = accept4 (live->listen_fd, NULL, NULL, SOCK_CLOEXEC);
  if (fd < 0)
    return;
  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (!gcg__link_allows (fd) || !gcg__link_receive (fd, &hello, &attached))
    {
      close (fd);
      return;
    }
  if (hello.type == GCG__EXEC)
    {
      answer_exec (live, fd, attached, &hello);
      return;
    }
  if ((live->announced || live->parting) && hello.type == GCG__HELLO
      && (hello.flags & GCG__FLAG_AGAIN) == 0)
    finish_last (live);
  if (live->fd >= 0 || hello.type != GCG__HELLO)
    {
      if (attached >= 0)
        close (attached);
      close (fd);
      return;
    }
  struct ucred peer = { .pid = (pid_t)hello.pid };
  socklen_t n = sizeof peer;
  getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &n);
  converse_with (live, fd, attached, peer.pid, &hello);
}

/* All that was said is read when a poll finds nothing more. */
static void
note_drained (struct gcg__live *live, bool quiet)
{
  pthread_mutex_lock (&live->lock);
  if (live->draining && (quiet || live->fd < 0) && !gcg__jobs_has (live->jobs, 0))
    {
      live->drained = true;
      pthread_cond_broadcast (&live->changed);
    }
  pthread_mutex_unlock (&live->lock);
}

static void *
converse (void *context)
{
  struct gcg__live *live = context;
  for (;;)
    {
      struct pollfd fds[4] = { { live->wake_fd, POLLIN, 0 },
                               { live->parting ? -1 : live->fd, POLLIN, 0 },
                               { live->listen_fd, POLLIN, 0 },
                               { gcg__jobs_fd (live->jobs), POLLIN, 0 } };
      eventfd_t ignored;
      pthread_mutex_lock (&live->lock);
      bool ending = live->ending, draining = live->draining && !live->drained;
      pthread_mutex_unlock (&live->lock);
      if (ending)
        return NULL;
      int due_ms = gcg__reader_serve (live->reader);
      if (poll (fds, 4, draining && !gcg__jobs_has (live->jobs, 0) ? 0 : due_ms) < 0)
        continue;
      if (fds[0].revents != 0)
        eventfd_read (live->wake_fd, &ignored);
      if (fds[1].revents != 0 && !read_one (live))
        live->parting = true;
      if (fds[3].revents != 0)
        take_results (live);
      part (live);
      if (fds[2].revents != 0)
        accept_one (live);
      if (draining)
        note_drained (live, fds[1].revents == 0 && fds[2].revents == 0);
    }
}

static enum gcg_status
live_start (struct gcg__live *live, const struct gcg__live_events *events, struct gcg_error *error)
{
  enum gcg_status status = gcg__jobs_new (&live->jobs, error);
  if (status != GCG_OK)
    return status;
  status = gcg__reader_new (gcg__source_samples (live->source), &live->reader, error);
  if (status != GCG_OK)
    goto fail_reader;
  live->events = *events;
  live->parted_fd = live->counter_fd = -1;
  pthread_mutex_init (&live->lock, NULL);
  pthread_cond_init (&live->changed, NULL);
  live->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (live->wake_fd < 0)
    {
      status = gcg__error_write (error, GCG_SYSTEM, "eventfd: %s", strerror (errno));
      goto fail_wake;
    }
  int failure = pthread_create (&live->thread, NULL, converse, live);
  if (failure != 0)
    {
      status
          = gcg__error_write (error, GCG_SYSTEM, "cannot start a thread: %s", strerror (failure));
      goto fail_thread;
    }
  gcg__source_set_ask (live->source, gcg__live_ask, live);
  return GCG_OK;

fail_thread:
  close (live->wake_fd);
fail_wake:
  pthread_cond_destroy (&live->changed);
  pthread_mutex_destroy (&live->lock);
  gcg__reader_free (live->reader);
fail_reader:
  gcg__jobs_free (live->jobs);
  return status;
}

enum gcg_status
gcg__live_listen (struct gcg__source *source, const struct gcg__live_events *events,
                  char name[GCG__SOCKET_NAME_BYTES], struct gcg__live **result,
                  struct gcg_error *error)
{
  struct gcg__live *live = calloc (1, sizeof *live);
  enum gcg_status status;
  if (live == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory");
  live->source = source;
  live->fd = -1;
  live->listen_fd = gcg__link_socket (name);
  if (live->listen_fd < 0)
    {
      status = gcg__error_write (error, GCG_SYSTEM, "cannot make a socket: %s", strerror (errno));
      goto fail_socket;
    }
  status = live_start (live, events, error);
  if (status != GCG_OK)
    goto fail_socket;
  *result = live;
  return GCG_OK;

fail_socket:
  if (live->listen_fd >= 0)
    close (live->listen_fd);
  free (live);
  return status;
}

enum gcg_status
gcg__live_connected (struct gcg__source *source, int fd, pid_t pid,
                     const struct gcg__live_events *events, struct gcg__live **result,
                     struct gcg_error *error)
{
  struct gcg__live *live = calloc (1, sizeof *live);
  enum gcg_status status;
  if (live == NULL)
    {
      status = gcg__error_write (error, GCG_NO_MEMORY, "out of memory");
      goto fail_memory;
    }
  live->source = source;
  live->listen_fd = -1;
  live->fd = fd;
  live->pid = pid;
  gcg__source_set_live (source, pid);
  gcg__samples_set_say (gcg__source_samples (source), pid, gcg__live_say, live);
  status = live_start (live, events, error);
  if (status != GCG_OK)
    goto fail_start;
  *result = live;
  return GCG_OK;

fail_start:
  free (live);
fail_memory:
  close (fd);
  return status;
}

void
gcg__live_finish (struct gcg__live *live, pid_t pid)
{
  pthread_mutex_lock (&live->lock);
  live->draining = true;
  live->drained = false;
  wake (live);
  while (!live->drained)
    pthread_cond_wait (&live->changed, &live->lock);
  live->draining = false;
  bool same = live->fd >= 0 && live->pid == pid;
  /* Its children may have inherited the connection: the process itself says nothing any more. */
  if (same)
    shutdown (live->fd, SHUT_RDWR);
  while (same && live->fd >= 0)
    pthread_cond_wait (&live->changed, &live->lock);
  pthread_mutex_unlock (&live->lock);
}

uint64_t
gcg__live_warnings (struct gcg__live *live)
{
  pthread_mutex_lock (&live->lock);
  uint64_t n = live->warnings + read_counter (live->counter_fd);
  pthread_mutex_unlock (&live->lock);
  return n;
}

bool
gcg__live_is_connected (struct gcg__live *live)
{
  pthread_mutex_lock (&live->lock);
  bool connected = live->fd >= 0;
  pthread_mutex_unlock (&live->lock);
  return connected;
}

/* Sends MESSAGE with TEXT.  Under the lock. */
static bool
say_to_agent (struct gcg__live *live, struct gcg__message *message, const char *text)
{
  snprintf (message->text, sizeof message->text, "%s", text);
  return live->fd >= 0 && gcg__link_send (live->fd, message);
}

/* Begins a snapshot from outside, and has a sample taken.  Under the lock. */
static bool
ask_outside (struct gcg__live *live, uint32_t sequence, const char *description)
{
  struct gcg__message sample = { .type = GCG__SAMPLE, .flags = GCG__SAMPLE_SNAPSHOT };
  if (gcg__reader_ask (live->reader, 0, description, GCG__SAMPLE_SNAPSHOT))
    wake (live);
  else
    /* The agent takes the samples, if not the snapshots. */
    say_to_agent (live, &sample, description);
  return gcg__jobs_capture (live->jobs, &live->link, sequence, 0, description);
}

bool
gcg__live_ask (void *context, uint32_t sequence, bool collect, const char *description)
{
  struct gcg__live *live = context;
  struct gcg__message capture
      = { .type = GCG__CAPTURE, .sequence = sequence, .flags = collect ? GCG__FLAG_COLLECT : 0 };
  pthread_mutex_lock (&live->lock);
  const struct gcg__agent_link *link = &live->link;
  bool outside = live->fd >= 0 && link->root != 0, refused = false, begun;
  if (outside && !link->has_collector)
    refused = collect;
  else
    /* What the agent takes it samples, too. */
    outside = outside && !collect && !link->collects;
  begun = refused
          || (outside ? ask_outside (live, sequence, description)
                      : say_to_agent (live, &capture, description));
  pthread_mutex_unlock (&live->lock);
  if (refused)
    gcg__source_fail (live->source, sequence, GCG_UNSUPPORTED, GCG__NO_COLLECTOR);
  return begun;
}

bool
gcg__live_say (void *context, uint16_t type, uint32_t sequence, const char *text)
{
  struct gcg__live *live = context;
  struct gcg__message message = { .type = type, .sequence = sequence };
  if (type == GCG__SAMPLE
          ? gcg__reader_ask (live->reader, sequence, text, 0)
          : type == GCG__SAMPLING && gcg__reader_set_every (live->reader, parse_every (text)))
    {
      wake (live);
      return true;
    }
  pthread_mutex_lock (&live->lock);
  bool sent = say_to_agent (live, &message, text);
  pthread_mutex_unlock (&live->lock);
  return sent;
}

void
gcg__live_free (struct gcg__live *live)
{
  if (live == NULL)
    return;
  pthread_mutex_lock (&live->lock);
  live->ending = true;
  pthread_mutex_unlock (&live->lock);
  wake (live);
  pthread_join (live->thread, NULL);
  gcg__jobs_free (live->jobs);
  gcg__reader_free (live->reader);
  gcg__door_close (live->door);
  if (live->fd >= 0)
    close (live->fd);
  if (live->parted_fd >= 0)
    close (live->parted_fd);
  if (live->counter_fd >= 0)
    close (live->counter_fd);
  if (live->listen_fd >= 0)
    close (live->listen_fd);
  close (live->wake_fd);
  pthread_cond_destroy (&live->changed);
  pthread_mutex_destroy (&live->lock);
  free (live);
}
