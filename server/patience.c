/* patience.c -- see patience.h. */
#include "config.h"

#include "server/patience.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MOST_STOPPED 3

void
gcg__patience_init (struct gcg__patience *patience, unsigned seconds)
{
  *patience = (struct gcg__patience){ .stopped = 0 };
  clock_gettime (CLOCK_MONOTONIC, &patience->end);
  patience->end.tv_sec += (time_t)seconds;
}

bool
gcg__process_is_stopped (pid_t pid)
{
  char path[40], text[512];
  snprintf (path, sizeof path, "/proc/%d/stat", (int)pid);
  int fd = pid <= 0 ? -1 : open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  ssize_t n = read (fd, text, sizeof text - 1);
  close (fd);
  text[n < 0 ? 0 : n] = '\0';
  /* The name, which may hold anything, ends with the last parenthesis. */
  const char *state = strrchr (text, ')');
  return state != NULL && (state[1] == ' ') && (state[2] == 'T' || state[2] == 't');
}

static bool
is_before (const struct timespec *a, const struct timespec *b)
{
  return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

bool
gcg__patience_wait (struct gcg__patience *patience, pthread_cond_t *changed, pthread_mutex_t *lock,
                    pid_t pid)
{
  struct timespec next;
  clock_gettime (CLOCK_MONOTONIC, &next);
  if (!is_before (&next, &patience->end) || gcg__patience_is_stopped (patience))
    return false;
  next.tv_sec++;
  if (pthread_cond_timedwait (changed, lock,
                              is_before (&next, &patience->end) ? &next : &patience->end)
      == ETIMEDOUT)
    patience->stopped = gcg__process_is_stopped (pid) ? patience->stopped + 1 : 0;
  return true;
}

bool
gcg__patience_is_stopped (const struct gcg__patience *patience)
{
  return patience->stopped >= MOST_STOPPED;
}
