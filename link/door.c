/* door.c -- see door.h.
 *
 * Closing the door does not wait for a client that is being served, which takes as long as a
 * snapshot: the thread ends by itself, and the last of the two frees the door.  But the name
 * is free again when gcg__door_close returns: the process may have executed another program.
 */
#include "config.h"

#include "link/door.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/save.h"
#include "link/message.h"
#include "link/outside.h"
#include "link/sample.h"

#define PATIENCE_SECONDS 10
#define MOST_LOG         ((size_t)32 << 20)

struct gcg__door
{
  pid_t pid;
  uint64_t root;
  pthread_mutex_t lock; /* guards: */
  pthread_cond_t changed;
  int listen_fd; /* -1: closed */
  bool accepting, closing;
  unsigned references;
  /* The thread's. */
  struct gcg__sampler *sampler; /* NULL: no sample yet */
  char *log;                    /* its records */
  size_t log_bytes;
};

static void
drop (struct gcg__door *door)
{
  pthread_mutex_lock (&door->lock);
  bool last = --door->references == 0;
  pthread_mutex_unlock (&door->lock);
  if (!last)
    return;
  gcg__sampler_free (door->sampler);
  free (door->log);
  pthread_cond_destroy (&door->changed);
  pthread_mutex_destroy (&door->lock);
  free (door);
}

/* --- samples --- */

static void
forget_samples (struct gcg__door *door)
{
  gcg__sampler_free (door->sampler);
  free (door->log);
  door->sampler = NULL;
  door->log = NULL;
  door->log_bytes = 0;
}

/* Appends the contents of FD to the log; false: no memory. */
static bool
append (struct gcg__door *door, int fd)
{
  struct stat status;
  size_t n = fstat (fd, &status) == 0 ? (size_t)status.st_size : 0;
  char *grown = realloc (door->log, door->log_bytes + n + 1);
  if (grown == NULL)
    return false;
  door->log = grown;
  if (pread (fd, grown + door->log_bytes, n, 0) != (ssize_t)n)
    return false;
  door->log_bytes += n;
  return true;
}

/* A memory file with all samples, and one more with DESCRIPTION. */
static enum gcg_status
sample (struct gcg__door *door, const char *description, int *fd, struct gcg_error *error)
{
  enum gcg_status status = GCG_OK;
  int file;
  if (door->log_bytes > MOST_LOG)
    forget_samples (door);
  if (door->sampler == NULL)
    status = gcg__sampler_new (door->pid, door->root, &door->sampler, error);
  if (status == GCG_OK)
    status = gcg__sampler_take (door->sampler, description, 0, &file, error);
  if (status != GCG_OK)
    return status;
  bool good = append (door, file);
  close (file);
  file = good ? memfd_create ("gcglass-samples", MFD_CLOEXEC) : -1;
  if (file >= 0 && gcg__write_all (file, door->log, door->log_bytes))
    {
      *fd = file;
      return GCG_OK;
    }
  if (file >= 0)
    close (file);
  forget_samples (door); /* this one is missing there */
  return gcg__error_write (error, GCG_NO_MEMORY, "no memory for the samples");
}

/* --- clients --- */

static void
answer (struct gcg__door *door, int fd, const struct gcg__message *ask)
{
  struct gcg__outside_ask take = { .pid = door->pid, .root = door->root, .description = ask->text };
  struct gcg__message message = { .sequence = ask->sequence };
  struct gcg_error error = { GCG_OK, "" };
  int file = -1;
  if (ask->type == GCG__CAPTURE)
    {
      message.type = GCG__SNAPSHOT;
      message.status = (ask->flags & GCG__FLAG_COLLECT) == 0
                           ? gcg__outside_take (&take, &file, &error)
                           : gcg__error_write (&error, GCG_UNSUPPORTED, GCG__NO_COLLECTOR);
    }
  else
    {
      message.type = GCG__SAMPLES;
      message.status = sample (door, ask->text, &file, &error);
    }
  snprintf (message.text, sizeof message.text, "%s",
            message.status == GCG_OK ? ask->text : error.text);
  gcg__link_send_file (fd, &message, file);
  if (file >= 0)
    close (file);
}

static void
serve (struct gcg__door *door, int fd)
{
  struct timeval patience = { .tv_sec = PATIENCE_SECONDS };
  struct gcg__message message = { .type = GCG__HELLO, .text = PACKAGE_VERSION };
  int attached;
  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (!gcg__link_allows (fd) || !gcg__link_send (fd, &message))
    return;
  while (gcg__link_receive (fd, &message, &attached))
    {
      if (attached >= 0)
        close (attached);
      if (message.type == GCG__CAPTURE || message.type == GCG__SAMPLE)
        answer (door, fd, &message);
    }
}

/* The next client; -1: the door is closed. */
static int
next_client (struct gcg__door *door)
{
  int fd = -1;
  pthread_mutex_lock (&door->lock);
  door->accepting = !door->closing;
  pthread_mutex_unlock (&door->lock);
  if (door->accepting)
    fd = accept4 (door->listen_fd, NULL, NULL, SOCK_CLOEXEC);
  pthread_mutex_lock (&door->lock);
  door->accepting = false;
  if (door->closing && fd >= 0)
    {
      close (fd);
      fd = -1;
    }
  if (door->listen_fd >= 0 && fd < 0)
    {
      close (door->listen_fd);
      door->listen_fd = -1;
    }
  pthread_cond_broadcast (&door->changed);
  pthread_mutex_unlock (&door->lock);
  return fd;
}

static void *
attend (void *context)
{
  struct gcg__door *door = context;
  for (int fd; (fd = next_client (door)) >= 0;)
    {
      serve (door, fd);
      close (fd);
    }
  drop (door);
  return NULL;
}

/* A socket that listens at the name of process PID's agent; -1: it is taken. */
static int
listen_for (pid_t pid)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int n = snprintf (address.sun_path + 1, sizeof address.sun_path - 1, GCG__AGENT_NAME, (int)pid);
  int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd < 0
      || (bind (fd, (struct sockaddr *)&address,
                (socklen_t)(offsetof (struct sockaddr_un, sun_path) + 1 + (size_t)n))
              == 0
          && listen (fd, 16) == 0))
    return fd;
  close (fd);
  return -1;
}

struct gcg__door *
gcg__door_open (pid_t pid, uint64_t root)
{
  struct gcg__door *door = calloc (1, sizeof *door);
  pthread_attr_t attributes;
  pthread_t thread;
  if (door == NULL)
    return NULL;
  door->pid = pid;
  door->root = root;
  door->references = 2;
  door->listen_fd = listen_for (pid);
  pthread_mutex_init (&door->lock, NULL);
  pthread_cond_init (&door->changed, NULL);
  pthread_attr_init (&attributes);
  pthread_attr_setdetachstate (&attributes, PTHREAD_CREATE_DETACHED);
  bool started = door->listen_fd >= 0 && pthread_create (&thread, &attributes, attend, door) == 0;
  pthread_attr_destroy (&attributes);
  if (started)
    return door;
  if (door->listen_fd >= 0)
    close (door->listen_fd);
  door->references = 1;
  drop (door);
  return NULL;
}

void
gcg__door_close (struct gcg__door *door)
{
  if (door == NULL)
    return;
  pthread_mutex_lock (&door->lock);
  door->closing = true;
  if (door->accepting)
    shutdown (door->listen_fd, SHUT_RDWR);
  while (door->accepting)
    pthread_cond_wait (&door->changed, &door->lock);
  if (door->listen_fd >= 0)
    {
      close (door->listen_fd);
      door->listen_fd = -1;
    }
  pthread_mutex_unlock (&door->lock);
  drop (door);
}
