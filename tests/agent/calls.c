/* calls.c -- gcg_save and its kin are answered by a gcglass process that looks at this one from
 * outside, which leaves no trace in it; where that cannot be, from inside.
 *
 *   calls            tests, as TAP
 *   calls alone      saves three times, and prints "taken from outside" if that is so
 *   calls serve      prints the address of a server of its own, which can take snapshots from
 *                    outside only, until the input ends
 *
 * Compiled for the collector, and with MALLOC for malloc.  From outside no collection is made, so
 * GC_disable does not matter; in malloc mode a thread that blocks every signal does not.
 */
#ifdef MALLOC
#include <gcglass/malloc.h>
#define ALLOCATE(n) malloc (n)
#else
#define GC_THREADS             1
#define GC_NO_THREAD_REDIRECTS 1
#include <gcglass/gc.h>

#include <gc/gc_mark.h>
#define ALLOCATE(n) GC_MALLOC (n)
#endif

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "snapshot/snapshot.h"
#include "tap.h"

#define APART __attribute__ ((noinline, noclone))

/* Sizes by which objects are found. */
enum
{
  IN_LOCAL = 1208,
  IN_REGISTER = 1224,
  DROPPED = 1240,
  OF_THREAD = 1256
};

static struct gcg_error error;
static char path[64];

static void APART
wipe (void)
{
  char bytes[16384];
  memset (bytes, 0, sizeof bytes);
  __asm__ volatile("" : : "r"(bytes) : "memory");
}

static struct gcg__snapshot *
save_to (const char *file)
{
  struct gcg__snapshot *snapshot = NULL;
  struct gcg_error why;
  if (gcg_save (file, &why) != GCG_OK || gcg__snapshot_open (file, &snapshot, &why) != GCG_OK)
    printf ("# %s\n", why.text);
  unlink (file);
  return snapshot;
}

/* How many objects of BYTES there are that are MARKED, or are not. */
static unsigned
count (const struct gcg__snapshot *snapshot, unsigned bytes, bool marked)
{
  struct gcg__object_walk walk = gcg__objects (snapshot);
  unsigned n = 0;
  while (snapshot && gcg__next_object (&walk))
    n += walk.object.requested_bytes == bytes
         && ((walk.object.flags & GCG__OBJECT_MARKED) != 0) == marked;
  return n;
}

/* --- From outside? */

#ifdef MALLOC
static int deaf_pipe[2];

static void *
deaf_main (void *unused)
{
  uint64_t all = ~UINT64_C (0);
  char byte = 0;
  syscall (SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof all);
  (void)!write (deaf_pipe[1], &byte, 1);
  (void)!read (deaf_pipe[1], &byte, 1);
  return unused;
}

/* Nothing can be done from inside from here to END. */
static pthread_t
begin_deaf (void)
{
  pthread_t thread;
  char byte;
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, deaf_pipe) != 0
      || pthread_create (&thread, NULL, deaf_main, NULL) != 0)
    abort ();
  (void)!read (deaf_pipe[0], &byte, 1);
  return thread;
}

static void
end_deaf (pthread_t thread)
{
  close (deaf_pipe[0]);
  pthread_join (thread, NULL);
  close (deaf_pipe[1]);
}

#else

static pthread_t
begin_deaf (void)
{
  GC_disable ();
  return pthread_self ();
}

static void
end_deaf (pthread_t thread)
{
  (void)thread;
  GC_enable ();
}

#endif

/* Saves; true: not from inside. */
static bool
saves_from_outside (void)
{
  pthread_t thread = begin_deaf ();
  bool is = gcg_save (path, &error) == GCG_OK;
  end_deaf (thread);
  unlink (path);
  return is;
}

/* Counts leaks; true: not from inside. */
static bool
counts_from_outside (size_t *objects)
{
  pthread_t thread = begin_deaf ();
  bool is = gcg_check_leaks (objects, NULL, &error) == GCG_OK;
  end_deaf (thread);
  return is;
}

/* --- What is in a snapshot. */

static void APART
drop (void)
{
  for (int i = 0; i < 100; i++)
    {
      void **object = ALLOCATE (DROPPED);
      *object = object;
    }
}

static void
test_contents (void)
{
  void *local = ALLOCATE (IN_LOCAL);
  void *registered = ALLOCATE (IN_REGISTER);
  struct gcg__snapshot *snapshot;
  bool caller = false;

  drop ();
  wipe ();
  __asm__ volatile("" : "+r"(registered));
  snapshot = save_to (path);
  __asm__ volatile("" : "+r"(registered), "+m"(local));
  tap_ok (count (snapshot, IN_LOCAL, true) == 1,
          "what a local variable of the caller's holds is alive");
  tap_ok (count (snapshot, IN_REGISTER, true) == 1, "so is what a register holds");
  /* The collector may take a word that is left over for a pointer. */
  tap_ok (count (snapshot, DROPPED, false) >= 98, "what nothing holds is not");
  for (uint32_t i = 0; snapshot && i < snapshot->n_threads; i++)
    if (snapshot->threads[i].tid == (uint32_t)getpid ())
      caller = (snapshot->threads[i].flags & GCG__THREAD_COLLECTING) != 0;
  tap_ok (caller, "the calling thread is known");
  tap_ok (snapshot && !(snapshot->info->flags & GCG__INFO_AT_EXIT), "it is no last snapshot");
  tap_ok (snapshot && strcmp (gcg__text (snapshot, snapshot->info->description), path) == 0,
          "it is described by its file");
  if (snapshot)
    gcg__snapshot_close (snapshot);
  tap_ok (saves_from_outside (), "it is taken from outside: %s", error.text);
  size_t leaked = 0;
  tap_ok (counts_from_outside (&leaked), "leaks are counted from outside: %s", error.text);
#ifdef MALLOC
  tap_ok (leaked >= 98, "%zu that are", leaked);
#else
  tap_ok (leaked == 0, "those that the collector takes are none");
#endif
}

/* --- What is left behind. */

static volatile sig_atomic_t n_children;

static void
on_child (int number)
{
  (void)number;
  n_children++;
}

static int
lowest_descriptor (void)
{
  int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  close (fd);
  return fd;
}

static void
test_traces (void)
{
  struct sigaction action = { .sa_handler = on_child }, before;
  int lowest = lowest_descriptor (), status, good = 0;
  mode_t mask = umask (0);
  struct stat file = { .st_mode = 0 };

  sigaction (SIGCHLD, &action, &before);
  for (int i = 0; i < 100; i++)
    good += gcg_save (path, &error) == GCG_OK;
  tap_ok (good == 100, "saved 100 times in a loop: %s", error.text);
  stat (path, &file);
  umask (mask);
  unlink (path);
  tap_ok ((file.st_mode & 07777) == 0600, "the file's mode is 0600");
  tap_ok (lowest_descriptor () == lowest,
          "the program is given the descriptors that it would be given");
  errno = 0;
  tap_ok (waitpid (-1, &status, __WALL) < 0 && errno == ECHILD, "no child of ours is seen by wait");
  tap_ok (n_children == 0, "nor by a handler");
  sigaction (SIGCHLD, &before, NULL);
}

/* --- Threads. */

#define THREADS 8
#define ROUNDS  10

static void *
saver_main (void *number)
{
  void *volatile own = ALLOCATE (OF_THREAD);
  char file[80];
  uintptr_t good = 0;

  snprintf (file, sizeof file, "%s.%d", path, (int)(uintptr_t)number);
  for (int i = 0; i < ROUNDS; i++)
    {
      struct gcg__snapshot *snapshot = save_to (file);
      good += count (snapshot, OF_THREAD, true) >= 1;
      if (snapshot)
        gcg__snapshot_close (snapshot);
    }
  (void)own;
  return (void *)good;
}

static void
test_threads (void)
{
  pthread_t threads[THREADS];
  uintptr_t good = 0;

  for (uintptr_t i = 0; i < THREADS; i++)
#ifdef MALLOC
    pthread_create (&threads[i], NULL, saver_main, (void *)i);
#else
    GC_pthread_create (&threads[i], NULL, saver_main, (void *)i);
#endif
  for (int i = 0; i < THREADS; i++)
    {
      void *result;
#ifdef MALLOC
      pthread_join (threads[i], &result);
#else
      GC_pthread_join (threads[i], &result);
#endif
      good += (uintptr_t)result;
    }
  tap_ok (good == THREADS * ROUNDS, "%d of %d saved by 8 threads at once", (int)good,
          THREADS * ROUNDS);
}

/* --- Signals. */

static volatile sig_atomic_t n_alarms;

static void
on_alarm (int number)
{
  (void)number;
  n_alarms++;
}

static void
test_signals (void)
{
  struct sigaction action = { .sa_handler = on_alarm };
  struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
  struct itimerspec often = { { 0, 500000 }, { 0, 500000 } };
  sigset_t before, after;
  timer_t timer;
  int good = 0;

  sigaction (SIGUSR1, &action, NULL);
  sigemptyset (&before);
  sigemptyset (&after);
  pthread_sigmask (SIG_SETMASK, NULL, &before);
  timer_create (CLOCK_MONOTONIC, &event, &timer);
  timer_settime (timer, 0, &often, NULL);
  for (int i = 0; i < 30; i++)
    good += gcg_save (path, &error) == GCG_OK;
  timer_delete (timer);
  unlink (path);
  pthread_sigmask (SIG_SETMASK, NULL, &after);
  tap_ok (good == 30, "saved while signals come: %s", error.text);
  tap_ok (n_alarms > 0, "whose handler runs");
  int changed = 0;
  for (int i = 1; i < NSIG; i++)
    changed += sigismember (&before, i) != sigismember (&after, i);
  tap_ok (changed == 0, "the mask is as before");
}

/* --- The connection. */

/* Calls ACT for each of our sockets; returns how many there are. */
static int
each_socket (void (*act) (int fd))
{
  DIR *directory = opendir ("/proc/self/fd");
  struct dirent *entry;
  struct stat status;
  int n = 0;

  while (directory && (entry = readdir (directory)))
    {
      int fd = atoi (entry->d_name);
      if (fd <= 2 || fstat (fd, &status) != 0 || !S_ISSOCK (status.st_mode))
        continue;
      act (fd);
      n++;
    }
  if (directory)
    closedir (directory);
  return n;
}

static void
cut (int fd)
{
  shutdown (fd, SHUT_RDWR);
}

static void
replace (int fd)
{
  int other = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  dup3 (other, fd, O_CLOEXEC);
  close (other);
}

static int n_foreign;

static void
look (int fd)
{
  n_foreign += fcntl (fd, F_GETFD) < 0;
}

static void
test_connection (void)
{
  tap_ok (saves_from_outside () && each_socket (cut) == 1, "there is one connection");
  tap_ok (saves_from_outside (), "when it has ended there is another: %s", error.text);
  tap_ok (each_socket (replace) == 1, "the program takes its descriptor");
  tap_ok (saves_from_outside (), "there is another: %s", error.text);
  tap_ok (each_socket (look) == 1 && n_foreign == 0, "and what is there now is left alone");
}

/* --- Children. */

/* Runs CHILD in a fork with the standard error in a file; returns how many lines it writes there
   with TEXT, or -1 if it fails. */
static int
lines_of (bool (*child) (void), const char *text)
{
  FILE *file = tmpfile ();
  char line[512];
  int status = -1, lines = 0;
  fflush (stdout);
  pid_t pid = fork ();

  if (pid == 0)
    {
      dup2 (fileno (file), STDERR_FILENO);
      snprintf (path, sizeof path, "calls-%d.gcsnap", (int)getpid ());
      _exit (!child ());
    }
  waitpid (pid, &status, 0);
  rewind (file);
  while (fgets (line, sizeof line, file))
    {
      lines += strstr (line, text) != NULL;
      printf ("# %s", line);
    }
  fclose (file);
  return status == 0 ? lines : -1;
}

static bool
saves_in_child (void)
{
  bool good = saves_from_outside () && saves_from_outside ();
  if (!good)
    printf ("# %s\n", error.text);
  return good;
}

static bool
saves_inside (void)
{
  bool good = !saves_from_outside ();
  for (int i = 0; i < 3; i++)
    good = gcg_save (path, &error) == GCG_OK && good;
  unlink (path);
  return good;
}

/* The same where no gcglass can be started.  With malloc it is needed; STATUS says so. */
static bool
saves_alone (enum gcg_status status, const char *why)
{
#ifdef MALLOC
  return gcg_save (path, &error) == status && strstr (error.text, why) != NULL
         && access (path, F_OK) != 0;
#else
  (void)status, (void)why;
  return saves_inside ();
#endif
}

static bool
saves_without_gcglass (void)
{
  setenv ("GCGLASS_SERVER", "/nonexistent/gcglass", 1);
  return saves_alone (GCG_NO_SERVER, "/nonexistent/gcglass");
}

static bool
saves_by_signals (void)
{
#ifdef MALLOC
  /* There gcglass reads what the program has dumped. */
  const int connections = 1;
#else
  const int connections = 0;
#endif
  setenv ("GCGLASS_STOP", "signals", 1);
  return saves_inside () && each_socket (look) == connections;
}

#ifndef MALLOC

static void
push_nothing (void)
{
}

/* Only libgc knows what is alive. */
static bool
saves_opaque (void)
{
  GC_set_push_other_roots (push_nothing);
  return saves_inside ();
}

#endif

static bool
saves_as_reaper (void)
{
  int status;
  prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  return saves_alone (GCG_UNSUPPORTED, "as a child") && waitpid (-1, &status, __WALL) < 0;
}

/* Traced by a child of its own: by no other process then. */
static bool
saves_traced (void)
{
  int ends[2];
  char byte;
  pid_t parent = getpid ();

  if (pipe (ends) != 0)
    return false;
  prctl (PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
  pid_t tracer = fork ();
  if (tracer == 0)
    {
      byte = ptrace (PTRACE_SEIZE, parent, NULL, NULL) == 0;
      (void)!write (ends[1], &byte, 1);
      for (int status; waitpid (parent, &status, __WALL) > 0;)
        if (WIFSTOPPED (status))
          ptrace (PTRACE_CONT, parent, NULL, WSTOPSIG (status) == SIGTRAP ? 0 : WSTOPSIG (status));
      _exit (0);
    }
  if (read (ends[0], &byte, 1) != 1 || byte != 1)
    return false;
  bool good = true;
  for (int i = 0; i < 3; i++)
    good = gcg_save (path, &error) == GCG_OK && good;
  unlink (path);
  kill (tracer, SIGKILL);
  return good;
}

static void
test_children (void)
{
  tap_ok (lines_of (saves_in_child, "") == 0, "a forked child is looked at from outside");
  tap_ok (lines_of (saves_without_gcglass, "/nonexistent/gcglass") == 1,
          "without gcglass from inside, or an error, which is said once");
  tap_ok (lines_of (saves_by_signals, "") == 0, "from inside where that is wanted");
#ifndef MALLOC
  tap_ok (lines_of (saves_opaque, "") == 0, "from inside where only the collector knows");
#endif
  tap_ok (lines_of (saves_as_reaper, "as a child") == 1,
          "the same where the gcglass process would be a child");
  tap_ok (lines_of (saves_traced, "is traced by") == 1,
          "from inside where it may not be traced, which is said once");
}

static int
alone (void)
{
  bool good = true;
  for (int i = 0; i < 3; i++)
    good = saves_from_outside () && good;
  puts (good ? "taken from outside" : error.text);
  return !good;
}

static int
serve (void)
{
  struct gcg_options options = { .size = sizeof options, .port = -1, .token = "off", .quiet = 1 };
  struct gcg_server *server;
  if (gcg_start_in_background (&options, &server, &error) != GCG_OK)
    return fprintf (stderr, "%s\n", error.text), 1;
  pthread_t thread = begin_deaf ();
  puts (gcg_url (server));
  fflush (stdout);
  while (getchar () != EOF)
    ;
  end_deaf (thread);
  gcg_stop (server);
  return 0;
}

int
main (int argc, char **argv)
{
#ifndef MALLOC
  GC_set_handle_fork (1);
  GC_INIT ();
  GC_set_warn_proc (GC_ignore_warn_proc);
  GC_allow_register_threads ();
#endif
  snprintf (path, sizeof path, "calls-%d.gcsnap", (int)getpid ());
  if (argc > 1)
    return strcmp (argv[1], "serve") == 0 ? serve () : alone ();
  unsetenv ("GCGLASS_STOP");
  test_contents ();
  test_traces ();
  test_connection ();
  test_threads ();
  test_signals ();
  test_children ();
  return tap_done ();
}
