/* probe.c -- a program that says what it finds itself in, so that two ways of starting it can be
 * compared, and others that tests of gcglass run need.
 *
 *   probe show [ARGUMENT]...   arguments, environment, descriptors, signals, limits, input
 *   probe status N             ends with status N
 *   probe kill N               ends by signal N
 *   probe signals N            says which signals come, until N have
 *   probe with WORD... -- COMMAND...
 *                              runs COMMAND with ignore=N, block=N or close=N done before
 *   probe wrap COMMAND...      runs COMMAND and says how it ended
 *   probe hold                 says that it is there, and waits for a signal that ends it
 *   probe work FILE            works for a minute, and adds a byte to FILE after each round
 *   probe objects              names the shared objects that it was loaded with
 *   probe speak NAME           connects to the abstract socket NAME, says something, and says what
 *                              comes of it
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int
compare (const void *a, const void *b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

static void
show_environment (void)
{
  char *sorted[1000];
  size_t n = 0;
  while (environ[n] != NULL && n < 1000)
    {
      sorted[n] = environ[n];
      n++;
    }
  qsort (sorted, n, sizeof sorted[0], compare);
  for (size_t i = 0; i < n; i++)
    /* bash sets it to the program it starts. */
    if (strncmp (sorted[i], "_=", 2) != 0)
      printf ("environment %s\n", sorted[i]);
}

static void
show_descriptors (void)
{
  for (int fd = 0; fd < 1024; fd++)
    {
      char path[64], target[1024];
      snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
      ssize_t n = readlink (path, target, sizeof target - 1);
      if (n < 0)
        continue;
      target[n] = '\0';
      /* Output goes to a file of its own each time. */
      printf ("descriptor %d %s\n", fd, fd == 1 || fd == 2 ? "out" : target);
    }
}

static void
show_lines (const char *path, const char *const *prefixes)
{
  FILE *file = fopen (path, "r");
  char line[512];
  while (file != NULL && fgets (line, sizeof line, file) != NULL)
    for (const char *const *p = prefixes; *p != NULL; p++)
      if (strncmp (line, *p, strlen (*p)) == 0)
        fputs (line, stdout);
  if (file != NULL)
    fclose (file);
}

static int
show (int argc, char **argv)
{
  static const char *const status[]
      = { "SigP",     "SigB", "SigI",    "SigC", "Shd", "Umask", "NoNewPrivs",
          "Seccomp:", "Cap",  "Threads", "Uid",  "Gid", NULL };
  char directory[4096];
  int c;
  for (int i = 0; i < argc; i++)
    printf ("argument %s\n", argv[i]);
  show_environment ();
  show_descriptors ();
  show_lines ("/proc/self/status", status);
  for (int i = 0; i < RLIM_NLIMITS; i++)
    {
      struct rlimit limit;
      if (getrlimit ((__rlimit_resource_t)i, &limit) == 0)
        printf ("limit %d %llu %llu\n", i, (unsigned long long)limit.rlim_cur,
                (unsigned long long)limit.rlim_max);
    }
  printf ("directory %s\n", getcwd (directory, sizeof directory));
  printf ("session %d group %d nice %d\n", (int)getsid (0), (int)(getpgrp () == getpid ()),
          getpriority (PRIO_PROCESS, 0));
  fputs ("input ", stdout);
  while ((c = getchar ()) != EOF)
    putchar (c);
  fputs ("\nerrors\n", stderr);
  return 0;
}

static volatile sig_atomic_t counts[NSIG];

static void
count (int signal)
{
  counts[signal]++;
}

static int
signals (int wanted)
{
  static const int watched[]
      = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGIO, SIGPWR, SIGCONT };
  sigset_t all, old;
  int had = 0;
  sigfillset (&all);
  sigprocmask (SIG_SETMASK, &all, &old);
  for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++)
    {
      struct sigaction action = { .sa_handler = count };
      sigaction (watched[i], &action, NULL);
    }
  sigemptyset (&old);
  puts ("ready");
  fflush (stdout);
  while (had < wanted)
    {
      sigsuspend (&old);
      for (int s = 1; s < NSIG; s++)
        for (; counts[s] > 0; counts[s]--)
          if (had++ < wanted)
            {
              printf ("got %s\n", sigabbrev_np (s));
              fflush (stdout);
            }
    }
  return 0;
}

static int
with (char **words)
{
  for (; *words != NULL && strcmp (*words, "--") != 0; words++)
    {
      int n = atoi (strchr (*words, '=') + 1);
      sigset_t set;
      if (strncmp (*words, "ignore=", 7) == 0)
        signal (n, SIG_IGN);
      else if (strncmp (*words, "close=", 6) == 0)
        close (n);
      else
        {
          sigemptyset (&set);
          sigaddset (&set, n);
          sigprocmask (SIG_BLOCK, &set, NULL);
        }
    }
  execvp (words[1], words + 1);
  return 127;
}

static void __attribute__ ((noreturn)) hold (void)
{
  puts ("holding");
  fflush (stdout);
  for (;;)
    pause ();
}

static int
wrap (char **command)
{
  int status;
  pid_t pid = fork ();
  if (pid == 0)
    {
      execvp (command[0], command);
      _exit (127);
    }
  waitpid (pid, &status, 0);
  if (WIFSIGNALED (status))
    printf ("signal %d%s\n", WTERMSIG (status), WCOREDUMP (status) ? " core" : "");
  else
    printf ("status %d\n", WEXITSTATUS (status));
  return 0;
}

static int
work (const char *path)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  volatile unsigned sum = 0;
  time_t end = time (NULL) + 60;
  while (time (NULL) < end)
    {
      for (unsigned i = 0; i < 1000000; i++)
        sum += i * i;
      if (write (fd, sum == 0 ? "0" : ".", 1) != 1)
        return 97;
    }
  return 0;
}

static int
show_object (struct dl_phdr_info *info, size_t bytes, void *context)
{
  (void)bytes, (void)context;
  puts (info->dlpi_name);
  return 0;
}

static int
speak (const char *name)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  char packet[2048] = "hello";
  int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  strncpy (address.sun_path + 1, name, sizeof address.sun_path - 2);
  socklen_t n = (socklen_t)(offsetof (struct sockaddr_un, sun_path) + 1 + strlen (name));
  if (connect (fd, (struct sockaddr *)&address, n) != 0)
    {
      printf ("refused: %s\n", strerror (errno));
      return 0;
    }
  (void)!send (fd, packet, sizeof packet, MSG_NOSIGNAL);
  ssize_t got = recv (fd, packet, sizeof packet, 0);
  puts (got > 0 ? "answered" : "closed");
  return 0;
}

int
main (int argc, char **argv)
{
  const char *what = argc > 1 ? argv[1] : "";
  if (strcmp (what, "show") == 0)
    return show (argc, argv);
  if (strcmp (what, "objects") == 0)
    return dl_iterate_phdr (show_object, NULL);
  if (strcmp (what, "hold") == 0)
    hold ();
  if (argc < 3)
    return 99;
  if (strcmp (what, "work") == 0)
    return work (argv[2]);
  if (strcmp (what, "speak") == 0)
    return speak (argv[2]);
  if (strcmp (what, "status") == 0)
    return atoi (argv[2]);
  if (strcmp (what, "kill") == 0)
    {
      struct rlimit none = { 0, 0 };
      setrlimit (RLIMIT_CORE, &none);
      kill (getpid (), atoi (argv[2]));
      sleep (1);
      return 98;
    }
  if (strcmp (what, "signals") == 0)
    return signals (atoi (argv[2]));
  if (strcmp (what, "with") == 0)
    return with (argv + 2);
  if (strcmp (what, "wrap") == 0)
    return wrap (argv + 2);
  return 99;
}
