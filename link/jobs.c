/* jobs.c -- see jobs.h.
 *
 * A job is in the list from its beginning until its result is taken.  Its thread is detached and
 * touches the list only under the lock; gcg__jobs_free waits until none runs.  The connection may
 * be closed meanwhile: a job that will answer on it has a descriptor of its own.
 */
#include "config.h"

#include "link/jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/error.h"
#include "image/freeze.h"
#include "image/proc.h"
#include "image/traced.h"
#include "image/waits.h"
#include "link/confined.h"
#include "link/count.h"
#include "link/message.h"
#include "link/outside.h"
#include "link/read.h"

#define DUMP_SECONDS 60

struct job
{
  struct job *next;
  struct gcg__jobs *jobs;
  struct gcg__agent_link link;
  int answer_fd;  /* where END is answered, -1 = nowhere */
  int asked_fd;   /* where the thread waits that wants the snapshot; -1: none */
  int memory_fd;  /* of a program that restricts itself, where it is answered; -1; borrowed */
  bool is_traced; /* the process is at its end, and held there */
  pid_t ending_tid;
  uint64_t ending_pointer;
  pid_t asking_tid;
  uint64_t asking_context;
  int agent_fd; /* of the connection, a descriptor of its own; -1: it has ended, or is to end */
  bool is_done, is_hidden; /* hidden: the agent does it itself and says so */
  struct gcg__job_result result;
};

/* A process that is traced for its life. */
struct traced
{
  struct traced *next;
  struct gcg__agent_link link;
};

struct gcg__jobs
{
  pthread_mutex_t lock;
  pthread_cond_t changed;
  pthread_mutex_t stopping; /* held while a process is stopped */
  struct gcg__waits waits;  /* under STOPPING */
  int event_fd;
  struct job *first; /* in the order in which they have begun */
  struct traced *traced;
  uint32_t n_running; /* threads */
  bool is_ending;     /* those that watch are to end */
};

enum gcg_status
gcg__jobs_new (struct gcg__jobs **result, struct gcg_error *error)
{
  struct gcg__jobs *jobs = calloc (1, sizeof *jobs);
  if (jobs == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory");
  jobs->event_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (jobs->event_fd < 0)
    {
      free (jobs);
      return gcg__error_write (error, GCG_SYSTEM, "eventfd: %s", strerror (errno));
    }
  pthread_mutex_init (&jobs->lock, NULL);
  pthread_mutex_init (&jobs->stopping, NULL);
  pthread_cond_init (&jobs->changed, NULL);
  *result = jobs;
  return GCG_OK;
}

int
gcg__jobs_fd (const struct gcg__jobs *jobs)
{
  return jobs->event_fd;
}

/* --- one job --- */

/* The process goes on.  A thread that ends it waits for this word; without a copy it does what the
   agent does without us. */
static void
on_released (void *context, bool copied)
{
  struct job *job = context;
  pthread_mutex_unlock (&job->jobs->stopping);
  if (job->is_traced)
    gcg__traced_settle (job->link.pid);
  if (job->memory_fd >= 0)
    gcg__confined_answer (job->memory_fd, job->link.root);
  if (job->asked_fd >= 0)
    {
      struct gcg__message word = { .type = GCG__ASK };
      gcg__link_send (job->asked_fd, &word);
    }
  if (job->answer_fd < 0)
    return;
  struct gcg__message answer = { .type = GCG__END, .status = copied ? GCG_OK : GCG_UNSUPPORTED };
  gcg__link_send (job->answer_fd, &answer);
  close (job->answer_fd);
  job->answer_fd = -1;
  job->is_hidden = !copied;
}

/* Lets the agent at FD take the snapshot; what it sends is the answer. */
static bool
ask_agent (int fd, uint32_t sequence, uint32_t flags, const char *description)
{
  struct gcg__message ask = { .type = GCG__CAPTURE, .sequence = sequence, .flags = flags };
  snprintf (ask.text, sizeof ask.text, "%s", description);
  return fd >= 0 && gcg__link_send (fd, &ask);
}

/* Puts into JOB's message how much is leaked, in the place of the snapshot. */
static void
count (struct job *job)
{
  struct gcg__message *message = &job->result.message;
  struct gcg__totals leaked;
  struct gcg_error error = { GCG_OK, "" };
  message->status = gcg__count_leaked (job->result.fd, &leaked, &error);
  if (message->status == GCG_OK)
    snprintf (message->text, sizeof message->text, "%" PRIu64 " %" PRIu64, leaked.objects,
              leaked.bytes);
  else
    snprintf (message->text, sizeof message->text, "%s", error.text);
  close (job->result.fd);
  job->result.fd = -1;
}

/* Gives the thread that waits for JOB its snapshot, or says why it has to be taken from inside. */
static void
answer_asked (struct job *job)
{
  if (job->result.fd >= 0 && (job->result.message.flags & GCG__FLAG_COUNT) != 0)
    count (job);
  gcg__link_send_file (job->asked_fd, &job->result.message, job->result.fd);
  if (job->result.fd >= 0)
    close (job->result.fd);
  close (job->asked_fd);
  job->is_hidden = true;
}

/* The last that JOB's thread does. */
static void
finish (struct job *job)
{
  struct gcg__jobs *jobs = job->jobs;
  pthread_mutex_lock (&jobs->lock);
  job->is_done = true;
  jobs->n_running--;
  eventfd_write (jobs->event_fd, 1);
  pthread_cond_broadcast (&jobs->changed);
  pthread_mutex_unlock (&jobs->lock);
}

static void *
run_job (void *context)
{
  struct job *job = context;
  struct gcg__jobs *jobs = job->jobs;
  struct gcg__message *message = &job->result.message;
  bool is_opaque = false;
  struct gcg__outside_ask ask = { .pid = job->link.pid,
                                  .root = job->link.root,
                                  .description = message->text,
                                  .ending_tid = job->ending_tid,
                                  .ending_pointer = job->ending_pointer,
                                  .asking_tid = job->asking_tid,
                                  .asking_context = job->asking_context,
                                  .released = on_released,
                                  .waits = &jobs->waits,
                                  .context = job,
                                  .is_opaque = &is_opaque };
  struct gcg_error error = { GCG_OK, "" };
  pthread_mutex_lock (&jobs->stopping);
  message->status = gcg__outside_take (&ask, &job->result.fd, &error);
  if (message->status != GCG_OK && is_opaque
      && ask_agent (job->agent_fd, message->sequence, message->flags, message->text))
    job->is_hidden = true;
  else if (message->status != GCG_OK)
    snprintf (message->text, sizeof message->text, "%s", error.text);
  if (job->asked_fd >= 0)
    answer_asked (job);
  if (job->agent_fd >= 0)
    close (job->agent_fd);
  finish (job);
  return NULL;
}

/* Makes the snapshot of the raw dump that the thread that asks sends. */
static void *
run_reading (void *context)
{
  struct job *job = context;
  struct timeval patience = { .tv_sec = DUMP_SECONDS };
  struct gcg__message *message = &job->result.message;
  uint32_t flags = message->flags;
  setsockopt (job->asked_fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (gcg__link_receive (job->asked_fd, message, &job->result.fd) && message->type == GCG__SNAPSHOT)
    gcg__read_received (message, &job->result.fd);
  else
    message->status = GCG_SYSTEM;
  message->type = GCG__SNAPSHOT;
  message->flags = flags;
  answer_asked (job);
  finish (job);
  return NULL;
}

/* Starts a detached thread. */
static bool
start_thread (void *(*function) (void *), void *context)
{
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init (&attributes);
  pthread_attr_setdetachstate (&attributes, PTHREAD_CREATE_DETACHED);
  bool started = pthread_create (&thread, &attributes, function, context) == 0;
  pthread_attr_destroy (&attributes);
  return started;
}

/* Under the lock. */
static void
append (struct gcg__jobs *jobs, struct job *job)
{
  struct job **last = &jobs->first;
  while (*last != NULL)
    last = &(*last)->next;
  *last = job;
}

/* Starts JOB (taken), which FUNCTION does; false: it has been freed. */
static bool
start (struct gcg__jobs *jobs, struct job *job, void *(*function) (void *))
{
  pthread_mutex_lock (&jobs->lock);
  bool started = start_thread (function, job);
  if (started)
    append (jobs, job);
  jobs->n_running += started;
  pthread_mutex_unlock (&jobs->lock);
  if (started)
    return true;
  if (job->answer_fd >= 0)
    close (job->answer_fd);
  if (job->asked_fd >= 0)
    close (job->asked_fd);
  if (job->agent_fd >= 0)
    close (job->agent_fd);
  free (job);
  return false;
}

static struct job *
new_job (struct gcg__jobs *jobs, const struct gcg__agent_link *link, uint32_t sequence,
         uint32_t flags, const char *description)
{
  struct job *job = calloc (1, sizeof *job);
  if (job == NULL)
    return NULL;
  job->jobs = jobs;
  job->link = *link;
  job->answer_fd = job->asked_fd = job->agent_fd = job->memory_fd = -1;
  struct gcg__message *message = &job->result.message;
  job->result = (struct gcg__job_result){
    .key = link->key,
    .fd = -1,
    .message = { .type = GCG__SNAPSHOT, .sequence = sequence, .flags = flags },
  };
  snprintf (message->text, sizeof message->text, "%s", description);
  return job;
}

/* Is each snapshot the agent's? */
static bool
collects (const struct gcg__agent_link *link)
{
  return link->collects && link->has_collector;
}

bool
gcg__jobs_capture (struct gcg__jobs *jobs, const struct gcg__agent_link *link, uint32_t sequence,
                   uint32_t flags, const char *description)
{
  if (collects (link))
    return ask_agent (link->fd, sequence, flags | GCG__FLAG_COLLECT, description);
  struct job *job = new_job (jobs, link, sequence, flags, description);
  if (job != NULL && link->fd >= 0)
    job->agent_fd = fcntl (link->fd, F_DUPFD_CLOEXEC, 3);
  return job != NULL && start (jobs, job, run_job);
}

/* --- what the agent says --- */

/* "VERSION ADDRESS" */
static uint64_t
parse_root (const char *text)
{
  const char *space = strchr (text, ' ');
  return space != NULL ? strtoull (space + 1, NULL, 16) : 0;
}

/* Process PID is to be traced no more, or with another link, if it is. Stores what it was and
   returns whether it was. */
static bool
take_traced (struct gcg__jobs *jobs, pid_t pid, struct gcg__agent_link *link)
{
  pthread_mutex_lock (&jobs->lock);
  struct traced **at = &jobs->traced;
  while (*at != NULL && (*at)->link.pid != pid)
    at = &(*at)->next;
  struct traced *traced = *at;
  if (traced != NULL)
    *at = traced->next;
  pthread_mutex_unlock (&jobs->lock);
  if (traced == NULL)
    return false;
  *link = traced->link;
  free (traced);
  return true;
}

/* The traced process PID is at its end without having said so: its last snapshot is taken there. */
static bool
on_ends (void *context, pid_t pid)
{
  struct gcg__jobs *jobs = context;
  struct gcg__agent_link link;
  struct job *job
      = take_traced (jobs, pid, &link) ? new_job (jobs, &link, 0, GCG__FLAG_EXIT, "at exit") : NULL;
  if (job == NULL)
    return false;
  job->is_traced = true;
  return start (jobs, job, run_job);
}

/* LINK's process says its own end: nothing is to be seen afterwards. */
static void
settle (struct gcg__jobs *jobs, const struct gcg__agent_link *link)
{
  struct gcg__agent_link traced;
  if (take_traced (jobs, link->pid, &traced))
    gcg__traced_settle (link->pid);
}

/* Traces LINK's process for its life, which is not said if it is not possible: then it ends as it
   does untraced. */
static void
trace (struct gcg__jobs *jobs, const struct gcg__agent_link *link)
{
  struct gcg__agent_link before;
  struct gcg_error error;
  struct traced *traced = malloc (sizeof *traced);
  take_traced (jobs, link->pid, &before);
  if (traced == NULL)
    return;
  pthread_mutex_lock (&jobs->lock);
  *traced = (struct traced){ jobs->traced, *link };
  jobs->traced = traced;
  pthread_mutex_unlock (&jobs->lock);
  if (gcg__traced_begin (link->pid, on_ends, jobs, &error) != GCG_OK)
    take_traced (jobs, link->pid, &before);
}

bool
gcg__jobs_hello (struct gcg__jobs *jobs, struct gcg__agent_link *link,
                 const struct gcg__message *hello, bool thread, struct gcg_error *error)
{
  struct gcg__message answer = { .type = GCG__STOPS };
  link->root = 0;
  if ((hello->flags & GCG__FLAG_ROOT) == 0)
    return true;
  if (gcg__freeze_permits (link->pid, error))
    link->root = parse_root (hello->text);
  else
    snprintf (answer.text, sizeof answer.text, "%s", error->text);
  answer.status = link->root != 0 ? GCG_OK : GCG_DISABLED;
  link->has_collector = link->root != 0 && (hello->flags & GCG__FLAG_THREAD) != 0;
  if (link->traces && link->root != 0 && !link->has_collector)
    trace (jobs, link);
  answer.flags = thread || link->root == 0 ? GCG__FLAG_THREAD : 0;
  gcg__link_send (link->fd, &answer);
  return link->root != 0;
}

/* The thread TID ends the process, and waits for the answer. */
static void
take_end (struct gcg__jobs *jobs, const struct gcg__agent_link *link, pid_t tid)
{
  struct gcg__message answer = { .type = GCG__END, .status = GCG_UNSUPPORTED };
  settle (jobs, link);
  bool is_ours = link->root != 0 && !collects (link);
  struct job *job = is_ours ? new_job (jobs, link, 0, GCG__FLAG_EXIT, "at exit") : NULL;
  if (job != NULL)
    {
      job->ending_tid = tid;
      job->answer_fd = fcntl (link->fd, F_DUPFD_CLOEXEC, 3);
      if (job->answer_fd >= 0 && start (jobs, job, run_job))
        return;
      if (job->answer_fd < 0)
        free (job);
    }
  gcg__link_send (link->fd, &answer);
}

/* A thread of the process waits at ATTACHED for a snapshot, or brings a raw dump there.  When it is
   to take it itself it hears so, or that the connection has ended. */
static void
take_ask (struct gcg__jobs *jobs, const struct gcg__agent_link *link,
          const struct gcg__message *ask, int attached)
{
  struct gcg__message refusal = { .type = GCG__SNAPSHOT, .status = GCG_UNSUPPORTED };
  char *description;
  uint64_t place = strtoull (ask->text, &description, 16);
  bool is_dump = (ask->flags & GCG__FLAG_DUMP) != 0;
  if (attached < 0)
    return;
  if (!is_dump && (link->root == 0 || collects (link)))
    {
      gcg__link_send (attached, &refusal);
      return;
    }
  struct job *job
      = new_job (jobs, link, 0, ask->flags & GCG__FLAG_COUNT, description + (*description == ' '));
  if (job == NULL)
    return;
  job->asking_tid = (pid_t)ask->sequence;
  job->asking_context = place;
  job->asked_fd = fcntl (attached, F_DUPFD_CLOEXEC, 3);
  if (job->asked_fd >= 0)
    start (jobs, job, is_dump ? run_reading : run_job);
  else
    free (job);
}

struct watch
{
  struct gcg__jobs *jobs;
  struct gcg__agent_link link;
};

static bool
is_ending (struct gcg__jobs *jobs)
{
  pthread_mutex_lock (&jobs->lock);
  bool is = jobs->is_ending;
  pthread_mutex_unlock (&jobs->lock);
  return is;
}

/* Looks whether a program that restricts itself ends, until it has, or executes another one. */
static void *
watch_confined (void *context)
{
  struct watch *watch = context;
  struct gcg__jobs *jobs = watch->jobs;
  int memory_fd = gcg__proc_open_memory (watch->link.pid, O_RDWR);
  uint64_t pointer = 0;
  while (pointer == 0 && !is_ending (jobs)
         && gcg__confined_look (memory_fd, watch->link.root, &pointer))
    ;
  if (pointer != 0)
    settle (jobs, &watch->link);
  struct job *job
      = pointer != 0 ? new_job (jobs, &watch->link, 0, GCG__FLAG_EXIT, "at exit") : NULL;
  pthread_mutex_lock (&jobs->lock);
  if (job != NULL)
    {
      job->ending_pointer = pointer;
      job->memory_fd = memory_fd;
      append (jobs, job);
    }
  else
    jobs->n_running--;
  pthread_cond_broadcast (&jobs->changed);
  pthread_mutex_unlock (&jobs->lock);
  if (job != NULL)
    run_job (job);
  if (memory_fd >= 0)
    close (memory_fd);
  free (watch);
  return NULL;
}

/* Without a thread the program waits in vain at its end, for a moment. */
static void
take_confine (struct gcg__jobs *jobs, const struct gcg__agent_link *link)
{
  struct watch *watch = link->root != 0 ? malloc (sizeof *watch) : NULL;
  if (watch == NULL)
    return;
  *watch = (struct watch){ jobs, *link };
  pthread_mutex_lock (&jobs->lock);
  bool started = start_thread (watch_confined, watch);
  jobs->n_running += started;
  pthread_mutex_unlock (&jobs->lock);
  if (!started)
    free (watch);
}

bool
gcg__jobs_message (struct gcg__jobs *jobs, const struct gcg__agent_link *link,
                   const struct gcg__message *message, int attached)
{
  switch (message->type)
    {
    case GCG__END:
      take_end (jobs, link, (pid_t)message->sequence);
      return true;
    case GCG__CONFINE:
      take_confine (jobs, link);
      return true;
    case GCG__ASK:
      take_ask (jobs, link, message, attached);
      return true;
    case GCG__CHECK:
      gcg__jobs_capture (jobs, link, 0, GCG__FLAG_CHECK, "signal");
      return true;
    default:
      return false;
    }
}

/* --- results --- */

/* Takes the first job that is done out of the list. */
static struct job *
take_done (struct gcg__jobs *jobs)
{
  struct job **at = &jobs->first;
  pthread_mutex_lock (&jobs->lock);
  while (*at != NULL && !(*at)->is_done)
    at = &(*at)->next;
  struct job *job = *at;
  if (job != NULL)
    *at = job->next;
  pthread_mutex_unlock (&jobs->lock);
  return job;
}

bool
gcg__jobs_next (struct gcg__jobs *jobs, struct gcg__job_result *result)
{
  eventfd_t ignored;
  eventfd_read (jobs->event_fd, &ignored);
  for (struct job *job; (job = take_done (jobs)) != NULL;)
    {
      bool is_hidden = job->is_hidden;
      *result = job->result;
      free (job);
      if (!is_hidden)
        return true;
    }
  return false;
}

bool
gcg__jobs_has (struct gcg__jobs *jobs, uint32_t key)
{
  bool has = false;
  pthread_mutex_lock (&jobs->lock);
  for (const struct job *job = jobs->first; job != NULL; job = job->next)
    has = has || key == 0 || job->link.key == key;
  pthread_mutex_unlock (&jobs->lock);
  return has;
}

void
gcg__jobs_free (struct gcg__jobs *jobs)
{
  struct gcg__job_result result;
  if (jobs == NULL)
    return;
  gcg__traced_forget (jobs);
  pthread_mutex_lock (&jobs->lock);
  jobs->is_ending = true;
  while (jobs->n_running > 0)
    pthread_cond_wait (&jobs->changed, &jobs->lock);
  pthread_mutex_unlock (&jobs->lock);
  while (gcg__jobs_next (jobs, &result))
    if (result.fd >= 0)
      close (result.fd);
  while (jobs->traced != NULL)
    {
      struct gcg__agent_link link;
      take_traced (jobs, jobs->traced->link.pid, &link);
    }
  close (jobs->event_fd);
  pthread_cond_destroy (&jobs->changed);
  pthread_mutex_destroy (&jobs->stopping);
  pthread_mutex_destroy (&jobs->lock);
  free (jobs);
}
