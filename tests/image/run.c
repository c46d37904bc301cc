/* run.c -- see run.h. */
#include <config.h>

#include "tests/image/run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATH_BYTES 4096

static void
give_up (const char *what)
{
  printf ("Bail out! %s: %s\n", what, strerror (errno));
  exit (99);
}

static const char *
target_path (void)
{
  static char path[PATH_BYTES];
  const char *top = getenv ("top_builddir");
  snprintf (path, sizeof path, "%s/tests/image/target", top == NULL ? "." : top);
  return path;
}

/* The whole of a file of /proc; to be freed. */
static char *
read_file (const char *path)
{
  size_t n = 0, room = 65536;
  char *text = malloc (room);
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || text == NULL)
    {
      free (text);
      return NULL;
    }
  ssize_t got;
  while ((got = read (fd, text + n, room - 1 - n)) > 0)
    {
      n += (size_t)got;
      if (room - n < 4096)
        {
          room *= 2;
          char *grown = realloc (text, room);
          if (grown == NULL)
            give_up ("memory");
          text = grown;
        }
    }
  text[n] = '\0';
  close (fd);
  return text;
}

/* The mappings but for what a program changes itself: heap and stack. */
static char *
mappings (pid_t pid)
{
  char path[64];
  snprintf (path, sizeof path, "/proc/%d/maps", pid);
  char *text = read_file (path);
  if (text == NULL)
    return NULL;
  char *to = text;
  for (char *line = text, *end; *line != '\0'; line = end)
    {
      end = strchr (line, '\n') + 1;
      size_t length = (size_t)(end - line);
      char kept = *end;
      *end = '\0';
      bool is_kept = strstr (line, "[heap]") == NULL && strstr (line, "[stack]") == NULL;
      *end = kept;
      if (is_kept)
        {
          memmove (to, line, length);
          to += length;
        }
    }
  *to = '\0';
  return text;
}

long
run_status (pid_t pid, pid_t tid, const char *key, int base)
{
  char path[64];
  snprintf (path, sizeof path, "/proc/%d/task/%d/status", pid, tid);
  char *text = read_file (path);
  if (text == NULL)
    return -1;
  char *line = strstr (text, key);
  long value = -1;
  if (line != NULL)
    {
      line += strlen (key) + 1;
      line += strspn (line, "\t ");
      value = base == 0 ? *line : strtol (line, NULL, base);
    }
  free (text);
  return value;
}

int
run_count (void)
{
  DIR *directory = opendir ("/proc");
  int n = 0;
  char wanted[PATH_BYTES];
  if (directory == NULL || realpath (target_path (), wanted) == NULL)
    give_up ("/proc");
  for (struct dirent *entry; (entry = readdir (directory)) != NULL;)
    {
      char path[300], link[PATH_BYTES];
      snprintf (path, sizeof path, "/proc/%s/exe", entry->d_name);
      ssize_t length = readlink (path, link, sizeof link - 1);
      if (length > 0)
        {
          link[length] = '\0';
          n += strcmp (link, wanted) == 0;
        }
    }
  closedir (directory);
  return n;
}

void
run_start (struct run *run, bool is_child, const char *mode, const char *argument)
{
  int input[2], output[2];
  memset (run, 0, sizeof *run);
  if (pipe2 (input, O_CLOEXEC) != 0 || pipe2 (output, O_CLOEXEC) != 0)
    give_up ("pipe");
  const char *path = target_path ();
  run->started = fork ();
  if (run->started == 0)
    {
      const char *arguments[6] = { path };
      int n = 1;
      if (!is_child)
        arguments[n++] = "parent";
      arguments[n++] = mode;
      if (argument != NULL)
        arguments[n++] = argument;
      dup2 (input[0], 0);
      dup2 (output[1], 1);
      execv (path, (char **)(void *)arguments);
      _exit (98);
    }
  if (run->started < 0)
    give_up ("fork");
  close (input[0]);
  close (output[1]);
  run->input = input[1];
  run->output = output[0];
  if (!run_wait_for (run, "ready ") || !run_wait_for (run, "\n"))
    give_up (mode);
  int pid;
  if (sscanf (strstr (run->text, "ready "), "ready %d %lx %lx %lx %lx", &pid, &run->held,
              &run->combine, &run->crash, &run->hang)
      != 5)
    give_up (run->text);
  run->pid = pid;
  /* What works changes its mappings itself. */
  run->maps = strcmp (mode, "work") == 0 ? NULL : mappings (run->pid);
}

bool
run_wait_for (struct run *run, const char *text)
{
  while (strstr (run->text, text) == NULL)
    {
      if (run->n_text == sizeof run->text - 1)
        return false;
      ssize_t n = read (run->output, run->text + run->n_text, sizeof run->text - 1 - run->n_text);
      if (n <= 0)
        return false;
      run->n_text += (size_t)n;
      run->text[run->n_text] = '\0';
    }
  return true;
}

static bool
says (bool is_good, const char *what)
{
  if (!is_good)
    printf ("# %s\n", what);
  return is_good;
}

void
run_wait_until_childless (struct run *run)
{
  char path[64];
  snprintf (path, sizeof path, "/proc/%d/task/%d/children", run->pid, run->pid);
  for (bool is_over = false; !is_over; usleep (100))
    {
      char *children = read_file (path);
      is_over = children == NULL || children[0] == '\0';
      free (children);
    }
}

bool
run_is_as_before (struct run *run)
{
  char path[64];
  snprintf (path, sizeof path, "/proc/%d/task/%d/children", run->pid, run->pid);
  char *children = read_file (path), *maps = mappings (run->pid);
  bool is_good = says (children == NULL || children[0] == '\0', "it has a child");
  is_good &= says (run->maps == NULL || (maps != NULL && strcmp (maps, run->maps) == 0),
                   "its mappings have changed");
  long state = run_status (run->pid, run->pid, "State", 0);
  is_good &= says (state != 'T' && state != 't' && state != 'Z', "it does not run");
  is_good &= says (run_status (run->pid, run->pid, "TracerPid", 10) == 0, "it is traced");
  free (children);
  free (maps);
  return is_good;
}

int
run_finish (struct run *run)
{
  close (run->input);
  while (run->n_text < sizeof run->text - 1)
    {
      ssize_t n = read (run->output, run->text + run->n_text, sizeof run->text - 1 - run->n_text);
      if (n <= 0)
        break;
      run->n_text += (size_t)n;
    }
  run->text[run->n_text] = '\0';
  close (run->output);
  int status = 0;
  while (waitpid (run->started, &status, 0) < 0 && errno == EINTR)
    continue;
  free (run->maps);
  run->maps = NULL;
  for (char *line = strstr (run->text, "returned"); line != NULL; line = NULL)
    printf ("# %s", run->text);
  return WIFEXITED (status) ? WEXITSTATUS (status) : -1;
}

bool
run_waits_as_the_kernel_has_it (const struct run *run, int status)
{
  static const char *const cut[]
      = { "epolling returned -1, errno 4", "operating returned -1, errno 4",
          "awaiting_signal returned -1, errno 4", "accepting returned -1, errno 4",
          "receiving_late returned -1, errno 4" };
  size_t n_cut = 0, n_known = 0;
  for (const char *at = run->text; (at = strstr (at, " returned ")) != NULL; at++)
    n_cut++;
  for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++)
    n_known += strstr (run->text, cut[i]) != NULL;
  return status == 7 || (n_cut > 0 && n_cut == n_known);
}
