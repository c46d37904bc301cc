/* successor.c -- see successor.h.
 *
 * A process in which a system-call filter was installed since its start does not ask: the filter
 * might kill it.
 */
#include "successor.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "confined.h"
#include "environment.h"
#include "raw.h"
#include "wire.h"

#define PATIENCE_MS 10000
#define PRELOAD     "LD_PRELOAD="
#define LIBRARIES   "LD_LIBRARY_PATH="

static bool
begins_with (const char *text, const char *start)
{
  return strncmp (text, start, strlen (start)) == 0;
}

/* Returns the value of NAME, which includes its "=", in ENVIRONMENT, or NULL. */
static const char *
value_of (char *const environment[], const char *name)
{
  for (char *const *at = environment; at && *at; at++)
    if (begins_with (*at, name))
      return *at + strlen (name);
  return NULL;
}

/* Returns the number of system-call filters of this process; -1: unknown. */
static long
count_filters (void)
{
  char text[4096];
  const char *name = "Seccomp_filters:", *at;
  int fd = raw_open ("/proc/self/status", O_RDONLY);
  long n = fd < 0 ? -1 : raw_read (fd, text, sizeof text - 1);

  if (fd >= 0)
    raw_close (fd);
  text[n > 0 ? n : 0] = 0;
  at = strstr (text, name);
  return at ? strtol (at + strlen (name), NULL, 10) : -1;
}

static long filters_at_start;

void
gcg__successor_begin (void)
{
  filters_at_start = count_filters ();
}

bool
gcg__successor_is_wanted (bool child)
{
  return !gcg__confined && gcg__environment_is_followed (child)
         && count_filters () == filters_at_start;
}

/* Sends ASK with the file FD and receives ANSWER; false: no answer. */
static bool
converse (const char *socket_name, const struct gcg__message *ask, int fd,
          struct gcg__message *answer)
{
  int s = raw_high (
      (int)syscall (SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  struct pollfd wait = { s, POLLIN, 0 };
  struct timespec patience = { PATIENCE_MS / 1000, 0 };
  bool answered = false;

  if (s < 0)
    return false;
  if (gcg__wire_connect (s, socket_name) && gcg__wire_allowed (s) && gcg__wire_send (s, ask, fd))
    {
      while (syscall (SYS_ppoll, &wait, 1, &patience, NULL, 0) < 0 && errno == EINTR)
        ;
      answered = gcg__wire_receive (s, MSG_DONTWAIT, answer) > 0 && answer->type == GCG__EXEC;
    }
  raw_close (s);
  return answered;
}

void
gcg__successor_ask (struct gcg__successor *next, int fd, char *const environment[], bool child)
{
  struct gcg__message ask = gcg__wire_message (GCG__EXEC), answer;
  const char *libraries = value_of (environment, LIBRARIES);
  const char *others = value_of (environment, PRELOAD);
  int old_errno = errno;

  *next = (struct gcg__successor){ .preload_bytes = 1, .n_variables = 1 };
  gcg__wire_text (&ask, libraries ? libraries : "");
  ask.flags = child ? GCG__FLAG_CHILD : 0;
  if (fd >= 0 && converse (gcg__environment_socket (), &ask, fd, &answer))
    {
      next->others = others ? gcg__environment_other_preload (others) : NULL;
      /* Where it cannot be opened, as after a change of the root, the linker would complain. */
      if (answer.status == 0 && syscall (SYS_faccessat, AT_FDCWD, answer.text, R_OK) == 0)
        memcpy (next->preload, answer.text, sizeof next->preload);
      next->harmed = (answer.flags & GCG__FLAG_WITHOUT) != 0 && next->others != others;
    }
  if (next->preload[0] || next->harmed)
    {
      next->preload_bytes = strlen (PRELOAD) + strlen (next->preload) + 2
                            + (next->others ? strlen (next->others) : 0);
      while (environment && environment[next->n_variables - 1])
        next->n_variables++;
      next->n_variables += GCG__MOST_SETTINGS + 1;
    }
  errno = old_errno;
}

char *const *
gcg__successor_environment (const struct gcg__successor *next, char *const environment[],
                            char **variables, char *preload)
{
  char **to = variables;

  if (!next->preload[0] && !next->harmed)
    return environment;
  stpcpy (stpcpy (stpcpy (stpcpy (preload, PRELOAD), next->preload),
                  next->preload[0] && next->others ? ":" : ""),
          next->others ? next->others : "");
  if (next->preload[0] || next->others)
    *to++ = preload;
  for (char *const *from = gcg__environment_settings (); next->preload[0] && *from; from++)
    *to++ = *from;
  for (char *const *from = environment; from && *from; from++)
    if (!begins_with (*from, PRELOAD) && !gcg__environment_is_setting (*from))
      *to++ = *from;
  *to = NULL;
  return variables;
}
