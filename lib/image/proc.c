/* proc.c -- see proc.h. */
#include <config.h>

#include "image/proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 64

/* All of file NAME of a thread that fits, NUL-terminated; its length, or -1. */
static ssize_t
read_small (pid_t pid, pid_t tid, const char *name, char *text, size_t bytes)
{
  char path[PATH_BYTES];
  snprintf (path, sizeof path, "/proc/%d/task/%d/%s", pid, tid, name);
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return -1;
  ssize_t n = 0, got;
  while ((size_t)n < bytes - 1 && (got = read (fd, text + n, bytes - 1 - (size_t)n)) > 0)
    n += got;
  int failure = errno;
  close (fd);
  errno = failure;
  text[n] = '\0';
  if (n > 0)
    return n;
  errno = ESRCH;
  return -1;
}

/* What follows "KEY:" and blanks on a line of TEXT; "" when there is none. */
static const char *
field (const char *text, const char *key)
{
  size_t length = strlen (key);
  for (const char *line = text; line != NULL && *line != '\0';
       line = strchr (line, '\n') == NULL ? NULL : strchr (line, '\n') + 1)
    if (strncmp (line, key, length) == 0 && line[length] == ':')
      return line + length + 1 + strspn (line + length + 1, " \t");
  return "";
}

static long
number_field (const char *text, const char *key)
{
  return strtol (field (text, key), NULL, 10);
}

static uint64_t
mask_field (const char *text, const char *key)
{
  return strtoull (field (text, key), NULL, 16);
}

/* The last of the numbers on the line. */
static pid_t
last_number (const char *line)
{
  long last = 0;
  char *end;
  for (const char *at = line;; at = end)
    {
      at += strspn (at, " \t");
      long value = strtol (at, &end, 10);
      if (end == at || *at == '\n')
        return (pid_t)last;
      last = value;
    }
}

bool
gcg__proc_status (pid_t pid, pid_t tid, struct gcg__proc_status *status)
{
  char text[4096];
  if (read_small (pid, tid, "status", text, sizeof text) < 0)
    return false;
  *status = (struct gcg__proc_status){
    .state = *field (text, "State"),
    .tgid = (pid_t)number_field (text, "Tgid"),
    .ppid = (pid_t)number_field (text, "PPid"),
    .tracer = (pid_t)number_field (text, "TracerPid"),
    .own_tid = last_number (field (text, "NSpid")),
    .n_switches = strtoull (field (text, "voluntary_ctxt_switches"), NULL, 10),
    .is_dumping = number_field (text, "CoreDumping") != 0,
    .seccomp = (int)number_field (text, "Seccomp"),
    .n_filters = (int)number_field (text, "Seccomp_filters"),
    .ignored = mask_field (text, "SigIgn"),
    .caught = mask_field (text, "SigCgt"),
    .pending
    = (mask_field (text, "SigPnd") | mask_field (text, "ShdPnd")) & ~mask_field (text, "SigBlk"),
  };
  const char *name = field (text, "Name");
  size_t length = strcspn (name, "\n");
  if (length >= sizeof status->name)
    length = sizeof status->name - 1;
  memcpy (status->name, name, length);
  unsigned uid = 0, euid = 0;
  if (sscanf (field (text, "Uid"), "%u %u", &uid, &euid) == 2)
    {
      status->uid = uid;
      status->euid = euid;
    }
  const char *features = field (text, "x86_Thread_features");
  const char *shadow = strstr (features, "shstk");
  status->shadow_stack = shadow != NULL && shadow < features + strcspn (features, "\n");
  if (status->own_tid == 0)
    status->own_tid = tid;
  return true;
}

ssize_t
gcg__proc_threads (pid_t pid, pid_t **tids, size_t *capacity)
{
  char path[PATH_BYTES];
  snprintf (path, sizeof path, "/proc/%d/task", pid);
  DIR *directory = opendir (path);
  if (directory == NULL)
    return -1;
  size_t n = 0;
  for (struct dirent *entry; (entry = readdir (directory)) != NULL;)
    {
      if (!isdigit ((unsigned char)entry->d_name[0]))
        continue;
      if (n == *capacity)
        {
          size_t room = n == 0 ? 64 : 2 * n;
          pid_t *grown = realloc (*tids, room * sizeof *grown);
          if (grown == NULL)
            {
              closedir (directory);
              errno = ENOMEM;
              return -1;
            }
          *tids = grown;
          *capacity = room;
        }
      (*tids)[n++] = (pid_t)strtol (entry->d_name, NULL, 10);
    }
  closedir (directory);
  return (ssize_t)n;
}

int
gcg__proc_open_memory (pid_t pid, int flags)
{
  char path[PATH_BYTES];
  pid_t *tids = NULL;
  size_t capacity = 0;
  ssize_t n = gcg__proc_threads (pid, &tids, &capacity);
  int fd = -1, failure = errno;
  for (ssize_t i = 0; i < n && fd < 0; i++)
    {
      struct gcg__proc_status status;
      failure = ESRCH;
      if (!gcg__proc_status (pid, tids[i], &status) || status.state == 'Z' || status.state == 'X')
        continue;
      snprintf (path, sizeof path, "/proc/%d/task/%d/mem", pid, tids[i]);
      fd = open (path, flags | O_CLOEXEC);
      failure = errno;
    }
  free (tids);
  errno = failure;
  return fd;
}

/* The links ONE and OTHER lead to different things, or one of them cannot be read. */
static bool
differ (const char *one, const char *other)
{
  char first[PATH_BYTES], second[PATH_BYTES];
  ssize_t n = readlink (one, first, sizeof first),
          n_second = readlink (other, second, sizeof second);
  return n <= 0 || n != n_second || memcmp (first, second, (size_t)n) != 0;
}

bool
gcg__proc_new_pids (pid_t pid, pid_t tid)
{
  char own[PATH_BYTES], next[PATH_BYTES];
  snprintf (own, sizeof own, "/proc/%d/task/%d/ns/pid", pid, tid);
  snprintf (next, sizeof next, "/proc/%d/task/%d/ns/pid_for_children", pid, tid);
  return differ (own, next);
}

bool
gcg__proc_other_pids (pid_t pid, pid_t tid)
{
  char path[PATH_BYTES];
  snprintf (path, sizeof path, "/proc/%d/task/%d/ns/pid", pid, tid);
  return differ (path, "/proc/self/ns/pid");
}

bool
gcg__proc_call (pid_t pid, pid_t tid, long *call, uint64_t *sp, uint64_t *pc)
{
  char text[256];
  *call = -1;
  *sp = *pc = 0;
  if (read_small (pid, tid, "syscall", text, sizeof text) < 0)
    return false;
  if (strncmp (text, "running", 7) == 0)
    return true;
  unsigned long long stack, counter;
  if (sscanf (text, "-1 %llx %llx", &stack, &counter) != 2
      && sscanf (text, "%ld %*x %*x %*x %*x %*x %*x %llx %llx", call, &stack, &counter) != 3)
    return false;
  *sp = stack;
  *pc = counter;
  return true;
}

bool
gcg__proc_ran (pid_t pid, pid_t tid, uint64_t *started, int *cpu)
{
  char text[1024];
  unsigned long long ticks;
  if (read_small (pid, tid, "stat", text, sizeof text) < 0)
    return false;
  /* Behind the name, which may hold anything: fields 3 to 39. */
  const char *at = strrchr (text, ')');
  if (at == NULL
      || sscanf (at,
                 ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
                 "%llu %*u %*d %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*d %d",
                 &ticks, cpu)
             != 2)
    return false;
  *started = ticks;
  return true;
}

/* What follows the blanks, the colon and the blanks after KEY at the beginning of a line. */
static const char *
note_field (const char *text, const char *key)
{
  size_t length = strlen (key);
  for (const char *at = strstr (text, key); at != NULL; at = strstr (at + 1, key))
    {
      size_t blanks = strspn (at + length, " ");
      if ((at == text || at[-1] == '\n') && at[length + blanks] == ':')
        return at + length + blanks + 1;
    }
  return NULL;
}

bool
gcg__proc_note (pid_t pid, pid_t tid, int64_t *note_ns, uint64_t *n_switches)
{
  char text[4096];
  unsigned long long ms;
  unsigned fraction;
  if (read_small (pid, tid, "sched", text, sizeof text) < 0)
    return false;
  const char *note = note_field (text, "se.exec_start");
  const char *switches = note_field (text, "nr_voluntary_switches");
  if (note == NULL || switches == NULL || sscanf (note, " %llu.%6u", &ms, &fraction) != 2)
    return false;
  *note_ns = (int64_t)ms * 1000000 + fraction;
  *n_switches = strtoull (switches, NULL, 10);
  return true;
}

int
gcg__proc_ptrace_scope (void)
{
  int scope = 0;
  FILE *file = fopen ("/proc/sys/kernel/yama/ptrace_scope", "re");
  if (file == NULL)
    return 0;
  if (fscanf (file, "%d", &scope) != 1)
    scope = 0;
  fclose (file);
  return scope;
}

char *
gcg__proc_text (const char *path)
{
  size_t n = 0, room = 4096;
  char *text = malloc (room);
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  for (ssize_t got = 1; text != NULL && fd >= 0 && got > 0; n += got > 0 ? (size_t)got : 0)
    {
      if (room - n < 4096)
        {
          char *grown = realloc (text, room *= 2);
          if (grown == NULL)
            free (text);
          text = grown;
        }
      got = text != NULL ? read (fd, text + n, room - n - 1) : 0;
    }
  if (fd >= 0)
    close (fd);
  for (size_t i = 0; text != NULL && i < n; i++)
    if (text[i] == '\0')
      text[i] = ' ';
  if (text != NULL)
    text[n] = '\0';
  return text;
}
