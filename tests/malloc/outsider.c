/* outsider.c -- a program that would notice if snapshots of it were taken from inside.
 *
 * Usage: outsider end WAY STATUS | threads | nap | reap | lend | cut LIBRARY | chain N
 * Each loses 100 bytes first.  What asks for a snapshot sends SIGUSR2 to its parent, which is
 * gcglass leaks --signal USR2.
 */
#include <assert.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int status;

static void __attribute__ ((noinline)) lose (void)
{
  char *volatile lost = malloc (100);
  lost = NULL;
  (void)lost;
}

static void
on_alarm (int signal)
{
  (void)signal;
  _exit (99);
}

static void *
exit_there (void *unused)
{
  (void)unused;
  exit (status);
}

/* As the last thread of all. */
static void *
leave_last (void *first)
{
  pthread_join (*(pthread_t *)first, NULL);
  return NULL;
}

static void
on_crash (int signal_number)
{
  signal (signal_number, SIG_DFL);
  raise (signal_number);
}

/* By a handler that sends its signal again. */
static void
crash (int signal_number)
{
  signal (signal_number, on_crash);
  kill (getpid (), signal_number);
}

/* Sends itself what does not end it, and loses twice as much again before it ends. */
static int
survive (int signal_number)
{
  sigset_t set;
  int found;

  signal (signal_number, SIG_IGN);
  raise (signal_number);
  signal (signal_number, SIG_DFL);
  sigemptyset (&set);
  sigaddset (&set, signal_number);
  pthread_sigmask (SIG_BLOCK, &set, NULL);
  kill (getpid (), signal_number);
  if (sigwait (&set, &found) != 0 || found != signal_number || raise (SIGCHLD) != 0)
    return 97;
  lose ();
  lose ();
  return 6;
}

static int
end (const char *way)
{
  static pthread_t first;
  pthread_t thread;

  alarm (60);
  signal (SIGALRM, on_alarm);
  if (strcmp (way, "exit") == 0)
    exit (status);
  if (strcmp (way, "_exit") == 0)
    _exit (status);
  if (strcmp (way, "_Exit") == 0)
    _Exit (status);
  if (strcmp (way, "quick_exit") == 0)
    quick_exit (status);
  if (strcmp (way, "raise") == 0)
    raise (status);
  if (strcmp (way, "kill") == 0)
    kill (getpid (), status);
  if (strcmp (way, "abort") == 0)
    abort ();
  if (strcmp (way, "assert") == 0)
    assert (status < 0);
  if (strcmp (way, "handler") == 0)
    crash (status);
  if (strcmp (way, "survive") == 0)
    return survive (status);
  if (strcmp (way, "thread") == 0)
    {
      pthread_create (&thread, NULL, exit_there, NULL);
      pause ();
      _exit (98); /* woken */
    }
  if (strcmp (way, "last") == 0)
    {
      first = pthread_self ();
      pthread_create (&thread, NULL, leave_last, &first);
      pthread_exit (NULL);
    }
  return status;
}

static int
count_threads (void)
{
  DIR *folder = opendir ("/proc/self/task");
  int n = 0;

  for (struct dirent *entry; folder && (entry = readdir (folder)) != NULL;)
    n += entry->d_name[0] != '.';
  if (folder)
    closedir (folder);
  printf ("%d threads\n", n);
  return 0;
}

/* Sleeps while snapshots are taken; each sleep is as long as it was to be. */
static int
nap (void)
{
  signal (SIGUSR2, SIG_IGN); /* gcglass run passes it on */
  for (int i = 0; i < 4; i++)
    {
      struct timespec before, after, wanted = { 0, 200000000 };
      clock_gettime (CLOCK_MONOTONIC, &before);
      kill (getppid (), SIGUSR2);
      if (nanosleep (&wanted, NULL) != 0)
        return 1;
      clock_gettime (CLOCK_MONOTONIC, &after);
      if ((after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec
          < wanted.tv_nsec)
        return 2;
    }
  return 0;
}

/* Has no child but its own, even while snapshots are taken. */
static int
reap (void)
{
  for (int i = 0; i < 200; i++)
    {
      if (i % 20 == 0)
        kill (getppid (), SIGUSR2);
      if (waitpid (-1, NULL, WNOHANG | __WALL) != -1 || errno != ECHILD)
        return 1;
      usleep (2000);
    }
  return 0;
}

/* Finds the module that holds the address *AT, and puts the end of its data in its file there. */
static int
find_data_end (struct dl_phdr_info *info, size_t bytes, void *at)
{
  uint64_t *place = at, end = 0;
  int found = 0;

  (void)bytes;
  for (int i = 0; i < info->dlpi_phnum; i++)
    {
      const ElfW (Phdr) *header = &info->dlpi_phdr[i];
      uint64_t low = info->dlpi_addr + header->p_vaddr;
      if (header->p_type != PT_LOAD || !(header->p_flags & PF_W))
        continue;
      found |= *place >= low && *place < low + header->p_memsz;
      end = header->p_offset + header->p_filesz;
    }
  if (found)
    *place = end;
  return found;
}

/* Loads LIBRARY and cuts half of its untouched data off the file: the mapping then reaches behind
   the file's end, where reading ends a process. */
static int
cut (const char *library)
{
  void *handle = dlopen (library, RTLD_NOW);
  char *untouched = handle ? dlsym (handle, "untouched") : NULL;
  uint64_t place = (uintptr_t)untouched;

  if (!untouched || !dl_iterate_phdr (find_data_end, &place)
      || truncate (library, (off_t)place - (1 << 15)) != 0)
    return 1;
  _exit (3);
}

/* Waits for a child that shares its memory while snapshots are taken. */
static int
lend (void)
{
  int ended;

  for (int i = 0; i < 3; i++)
    {
      kill (getppid (), SIGUSR2);
      pid_t child = vfork ();
      if (child == 0)
        {
          execl ("/bin/sleep", "sleep", "0.1", (char *)NULL);
          _exit (1);
        }
      kill (getppid (), SIGUSR2);
      if (waitpid (child, &ended, 0) != child || ended != 0)
        return 1;
    }
  return 0;
}

/* Executes itself N times, each time by another function. */
static int
chain (char *self, int n)
{
  char left[16];
  char *arguments[] = { self, "chain", left, NULL };

  snprintf (left, sizeof left, "%d", n - 1);
  if (n == 0)
    return 7;
  switch (n % 4)
    {
    case 0:
      execl (self, self, "chain", left, (char *)NULL);
      break;
    case 1:
      execv (self, arguments);
      break;
    case 2:
      execvp (self, arguments);
      break;
    default:
      execlp (self, self, "chain", left, (char *)NULL);
    }
  return 8;
}

int
main (int argc, char **argv)
{
  const char *what = argc > 1 ? argv[1] : "";

  lose ();
  status = argc > 3 ? atoi (argv[3]) : 0;
  if (strcmp (what, "end") == 0 && argc > 3)
    return end (argv[2]);
  if (strcmp (what, "threads") == 0)
    return count_threads ();
  if (strcmp (what, "nap") == 0)
    return nap ();
  if (strcmp (what, "reap") == 0)
    return reap ();
  if (strcmp (what, "cut") == 0 && argc > 2)
    return cut (argv[2]);
  if (strcmp (what, "lend") == 0)
    return lend ();
  if (strcmp (what, "chain") == 0 && argc > 2)
    return chain (argv[0], atoi (argv[2]));
  fprintf (
      stderr,
      "usage: outsider end WAY STATUS | threads | nap | reap | lend | cut LIBRARY | chain N\n");
  return 2;
}
