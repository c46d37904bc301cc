/* renderer.c -- see renderer.h.
 *
 * The child is fed and emptied by one poll loop with a deadline; it gets nothing of this process
 * but three descriptors and an environment without LD_PRELOAD and GCGLASS_*.  Whatever happens it
 * is killed and waited for before the function returns.
 */
#include <config.h>

#include "server/renderer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "report/buffer.h"
#include "base/clock.h"
#include "base/error.h"

#define DOT_NODES     300u                /* more are not tried with dot */
#define PICTURE_BYTES ((size_t)256 << 20) /* a larger one is not taken */
#define PATH_BYTES    4096
#define LOOK_UP_MS    100
#define DOT_SHARE     0.6 /* of the time; the rest is for sfdp */

extern char **environ;

struct child
{
  pid_t pid;
  int in, out, err; /* our ends; -1: closed */
};

/* A pair of connected descriptors above 2, closed on exec: [0] ours, [1] the child's. */
static bool
open_pair (int pair[2])
{
  int low[2];
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, low) != 0)
    return false;
  for (int i = 0; i < 2; i++)
    {
      pair[i] = fcntl (low[i], F_DUPFD_CLOEXEC, 3);
      close (low[i]);
    }
  if (pair[0] >= 0 && pair[1] >= 0)
    return true;
  for (int i = 0; i < 2; i++)
    if (pair[i] >= 0)
      close (pair[i]);
  return false;
}

/* The program is ending: set once, seen by all that draw. */
static atomic_bool stopping;

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

/* Writes the file to run into PATH. */
static void
find_renderer (char path[PATH_BYTES])
{
  const char *given = secure_getenv ("GCGLASS_RENDER");
  snprintf (path, PATH_BYTES, "%s",
            given != NULL && given[0] != '\0' ? given : GCGLASS_HELPERDIR "/gcglass-render");
  if ((given != NULL && given[0] != '\0') || access (path, X_OK) == 0)
    return;
  char self[PATH_BYTES - 64];
  ssize_t n = readlink ("/proc/self/exe", self, sizeof self - 1);
  if (n <= 0)
    return;
  self[n] = '\0';
  char *slash = strrchr (self, '/');
  if (slash == NULL)
    return;
  *slash = '\0';
  char beside[PATH_BYTES];
  snprintf (beside, sizeof beside, "%s/../lib/gcglass/gcglass-render", self);
  if (access (beside, X_OK) == 0)
    strcpy (path, beside);
}

/* The environment without what is meant for profiled programs; caller frees the array only. */
static char **
make_environment (void)
{
  size_t n = 0;
  while (environ[n] != NULL)
    n++;
  char **copy = malloc ((n + 1) * sizeof *copy);
  if (copy == NULL)
    return NULL;
  size_t used = 0;
  for (size_t i = 0; i < n; i++)
    if (strncmp (environ[i], "LD_", 3) != 0 && strncmp (environ[i], "GCGLASS_", 8) != 0)
      copy[used++] = environ[i];
  copy[used] = NULL;
  return copy;
}

/* posix_spawn with descriptors IN, OUT and ERR as 0, 1 and 2 and nothing else open; signals as a
   new program expects them.  Returns 0 or an errno. */
static int
spawn (pid_t *pid, const char *path, char *const argv[], char *const environment[], int in, int out,
       int err)
{
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  sigemptyset (&none);
  sigfillset (&all);
  int result = posix_spawn_file_actions_init (&actions);
  if (result != 0)
    return result;
  if ((result = posix_spawnattr_init (&attributes)) != 0)
    goto fail_attributes;
  if ((result = posix_spawn_file_actions_adddup2 (&actions, in, 0)) == 0
      && (result = posix_spawn_file_actions_adddup2 (&actions, out, 1)) == 0
      && (result = posix_spawn_file_actions_adddup2 (&actions, err, 2)) == 0
      && (result = posix_spawn_file_actions_addclosefrom_np (&actions, 3)) == 0
      && (result = posix_spawnattr_setsigmask (&attributes, &none)) == 0
      && (result = posix_spawnattr_setsigdefault (&attributes, &all)) == 0
      && (result = posix_spawnattr_setflags (
              &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
             == 0)
    result = posix_spawn (pid, path, &actions, &attributes, argv, environment);
  posix_spawnattr_destroy (&attributes);
fail_attributes:
  posix_spawn_file_actions_destroy (&actions);
  return result;
}

static enum gcg_status
start (struct child *child, const char *engine, enum gcg__picture_format format, uint32_t nodes,
       struct gcg_error *error)
{
  char path[PATH_BYTES], count[16];
  find_renderer (path);
  snprintf (count, sizeof count, "%u", nodes);
  const char *kind = format == GCG__PICTURE_PNG ? "png" : "svg";
  const char *const argv[] = { path, "--format", kind, "--engine", engine, "--nodes", count, NULL };
  int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 };
  char **environment = make_environment ();
  int result = 0;
  if (environment == NULL || !open_pair (in) || !open_pair (out) || !open_pair (err))
    result = errno != 0 ? errno : ENOMEM;
  else
    result = spawn (&child->pid, path, (char *const *)argv, environment, in[1], out[1], err[1]);
  free (environment);
  close_fd (&in[1]);
  close_fd (&out[1]);
  close_fd (&err[1]);
  *child = (struct child){ result == 0 ? child->pid : -1, in[0], out[0], err[0] };
  if (result == 0)
    return GCG_OK;
  close_fd (&child->in);
  close_fd (&child->out);
  close_fd (&child->err);
  if (result == EMFILE || result == ENFILE || result == ENOMEM || result == EAGAIN)
    return gcg__error_write (error, GCG_SYSTEM, "cannot start the renderer: %s", strerror (result));
  return gcg__error_write (error, GCG_NO_RENDERER,
                           "the renderer %s cannot be started: %s; install it or name it in "
                           "GCGLASS_RENDER",
                           path, strerror (result));
}

static int64_t
now_ms (void)
{
  return (int64_t)(gcg__clock_ns (CLOCK_MONOTONIC) / 1000000);
}

/* Reads what FD has into TO, of which at most MOST bytes are kept; closes FD at the end. */
static void
take_output (int *fd, struct gcg__buffer *to, size_t most)
{
  char piece[65536];
  ssize_t n = recv (*fd, piece, sizeof piece, MSG_DONTWAIT);
  if (n > 0 && to->n + (size_t)n <= most)
    gcg__buffer_add (to, piece, (size_t)n);
  else if (n > 0)
    to->status = GCG_RENDER;
  else if (n == 0 || (errno != EAGAIN && errno != EINTR))
    close_fd (fd);
}

/* Feeds DOT to CHILD and collects what it writes, until it has closed both of its outputs; false:
   DEADLINE has passed. */
static bool
converse (struct child *child, const char *dot, size_t dot_bytes, int64_t deadline,
          struct gcg__buffer *picture, struct gcg__buffer *words)
{
  size_t fed = 0;
  while (child->out >= 0 || child->err >= 0)
    {
      if (fed == dot_bytes)
        close_fd (&child->in);
      struct pollfd fds[] = { { .fd = child->in, .events = POLLOUT },
                              { .fd = child->out, .events = POLLIN },
                              { .fd = child->err, .events = POLLIN } };
      int64_t left = deadline - now_ms ();
      if (atomic_load (&stopping))
        return false;
      if (left <= 0 || picture->status != GCG_OK)
        return picture->status != GCG_OK;
      if (poll (fds, 3, (int)(left < LOOK_UP_MS ? left : LOOK_UP_MS)) < 0)
        continue;
      if (fds[0].revents != 0)
        {
          ssize_t n = send (child->in, dot + fed, dot_bytes - fed, MSG_NOSIGNAL | MSG_DONTWAIT);
          if (n > 0)
            fed += (size_t)n;
          else if (n < 0 && errno != EAGAIN && errno != EINTR)
            close_fd (&child->in); /* it has ended: its status says why */
        }
      if (fds[1].revents != 0)
        take_output (&child->out, picture, PICTURE_BYTES);
      if (fds[2].revents != 0)
        take_output (&child->err, words, 4096);
    }
  return true;
}

/* Ends CHILD, by force unless IN_TIME, which becomes false when it is still there at DEADLINE, and
   returns its wait status; -1 when another thread has taken it. */
static int
finish (struct child *child, bool *in_time, int64_t deadline)
{
  int status;
  pid_t waited = 0;
  while (*in_time && (waited = waitpid (child->pid, &status, WNOHANG)) == 0)
    {
      nanosleep (&(struct timespec){ .tv_nsec = 500000 }, NULL);
      *in_time = now_ms () <= deadline;
    }
  if (!*in_time)
    {
      kill (child->pid, SIGKILL);
      while ((waited = waitpid (child->pid, &status, 0)) < 0 && errno == EINTR)
        ;
    }
  close_fd (&child->in);
  close_fd (&child->out);
  close_fd (&child->err);
  return waited == child->pid ? status : -1;
}

/* What STATUS and the first line of WORDS mean. */
static enum gcg_status
judge (int status, const struct gcg__buffer *words, uint32_t nodes, struct gcg_error *error)
{
  char text[161];
  snprintf (text, sizeof text, "%s", words->n > 0 ? words->bytes : "it did not say why");
  text[strcspn (text, "\n")] = '\0';
  if (status != -1 && WIFEXITED (status) && WEXITSTATUS (status) == 0)
    return GCG_OK;
  if (status != -1 && WIFSIGNALED (status))
    return gcg__error_write (error, GCG_RENDER,
                             "the picture of %u nodes is too large: the renderer was ended by "
                             "signal %d",
                             nodes, WTERMSIG (status));
  if (status != -1 && WEXITSTATUS (status) == 3)
    return gcg__error_write (error, GCG_RENDER, "the picture of %u nodes is too large: %s", nodes,
                             text);
  return gcg__error_write (error, GCG_RENDER, "the renderer has failed: %s", text);
}

static enum gcg_status
draw_with (const char *engine, const char *dot, size_t dot_bytes, uint32_t nodes,
           enum gcg__picture_format format, double seconds, char **picture, size_t *picture_bytes,
           struct gcg_error *error)
{
  struct child child = { .pid = -1 };
  enum gcg_status status = start (&child, engine, format, nodes, error);
  if (status != GCG_OK)
    return status;
  struct gcg__buffer out, words;
  gcg__buffer_init (&out, NULL, NULL);
  gcg__buffer_init (&words, NULL, NULL);
  int64_t deadline = now_ms () + (int64_t)(seconds * 1000);
  bool in_time = converse (&child, dot, dot_bytes, deadline, &out, &words);
  bool whole = out.status == GCG_OK;
  in_time = in_time && whole;
  int ended = finish (&child, &in_time, deadline);
  if (whole && !in_time)
    status = GCG_TIMEOUT; /* the caller reports it, with the total time */
  else if (out.status == GCG_NO_MEMORY)
    status = gcg__error_write (error, GCG_NO_MEMORY, "out of memory for the picture");
  else if (out.status != GCG_OK)
    status = gcg__error_write (error, GCG_RENDER, "the picture of %u nodes is too large", nodes);
  else
    status = judge (ended, &words, nodes, error);
  if (status == GCG_OK && out.n == 0)
    status = gcg__error_write (error, GCG_RENDER, "the renderer gave no picture");
  if (status == GCG_OK)
    {
      *picture_bytes = out.n;
      *picture = gcg__buffer_take (&out);
    }
  gcg__buffer_fini (&out);
  gcg__buffer_fini (&words);
  return status;
}

enum gcg_status
gcg__renderer_draw (const char *dot, size_t dot_bytes, uint32_t nodes,
                    enum gcg__picture_format format, double seconds, char **picture,
                    size_t *picture_bytes, struct gcg_error *error)
{
  if (seconds <= 0)
    seconds = GCG__RENDER_SECONDS;
  int64_t start = now_ms ();
  bool tries_dot = nodes <= DOT_NODES;
  enum gcg_status status = GCG_TIMEOUT;
  if (tries_dot)
    status = draw_with ("dot", dot, dot_bytes, nodes, format, seconds * DOT_SHARE, picture,
                        picture_bytes, error);
  if ((status == GCG_TIMEOUT || status == GCG_RENDER) && !atomic_load (&stopping))
    status
        = draw_with ("sfdp", dot, dot_bytes, nodes, format,
                     seconds - (double)(now_ms () - start) / 1000, picture, picture_bytes, error);
  if (status == GCG_TIMEOUT)
    return gcg__error_write (error, GCG_TIMEOUT,
                             "the picture of %u nodes was not drawn within %g s", nodes, seconds);
  return status;
}

void
gcg__renderer_stop_all (void)
{
  atomic_store (&stopping, true);
}
