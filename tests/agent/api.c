/* api.c -- the calls of <gcglass/gcglass.h>: what they do, and their errors.
 *
 * Needs no server program; those that do are tests/server's.
 */
#define GC_THREADS             1
#define GC_NO_THREAD_REDIRECTS 1
#include <gcglass/gc.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "snapshot/snapshot.h"
#include "tap.h"

struct leaf
{
  char name[24];
};

struct only_in_area
{
  char name[40];
};

struct node
{
  struct node *next;
  struct leaf *leaf;
};

static struct node *volatile kept;
static struct gcg_error error;
static char path[64];

static void
on_final (void *object, void *data)
{
  (void)object;
  (void)data;
}

/* A dropped ring of N nodes, each with a leaf; the first has an ordered finalizer. */
static void __attribute__ ((noinline)) drop_ring (int n)
{
  struct node *first = GC_NEW (struct node), *last = first;
  for (int i = 1; i < n; i++)
    {
      last->next = GC_NEW (struct node);
      last->leaf = GC_MALLOC_ATOMIC (sizeof (struct leaf));
      last = last->next;
    }
  last->next = first;
  GC_REGISTER_FINALIZER (first, on_final, 0, 0, 0);
}

struct linked
{
  struct linked *other;
};

/* Two that point to each other, one way by a disappearing link, with an ordered finalizer. */
static void __attribute__ ((noinline)) drop_linked (void)
{
  struct linked *a = GC_NEW (struct linked), *b = GC_NEW (struct linked);
  a->other = b;
  b->other = a;
  GC_GENERAL_REGISTER_DISAPPEARING_LINK ((void **)&b->other, a);
  GC_REGISTER_FINALIZER (a, on_final, 0, 0, 0);
}

static struct gcg__snapshot *
save_and_open (void)
{
  struct gcg__snapshot *snapshot = NULL;
  if (gcg_save (path, &error) != GCG_OK || gcg__snapshot_open (path, &snapshot, &error) != GCG_OK)
    printf ("# %s\n", error.text);
  unlink (path);
  return snapshot;
}

static unsigned
count (const struct gcg__snapshot *snapshot, const char *type, bool marked)
{
  struct gcg__object_walk walk = gcg__objects (snapshot);
  unsigned n = 0;
  while (gcg__next_object (&walk))
    n += strcmp (gcg__text (snapshot, snapshot->sites[walk.object.site].type), type) == 0
         && ((walk.object.flags & GCG__OBJECT_MARKED) != 0) == marked;
  return n;
}

static void
test_census (void)
{
  struct gcg__snapshot *snapshot;
  struct gcg__object_walk walk;
  uint64_t edges = 0;
  unsigned wrong = 0;

  kept = GC_NEW (struct node);
  kept->leaf = GC_MALLOC_ATOMIC (sizeof (struct leaf));
  drop_ring (1000);
  snapshot = save_and_open ();
  if (!tap_ok (snapshot != NULL, "a snapshot is saved and opens"))
    return;
  tap_ok (
      count (snapshot, "struct node", true) >= 1 && count (snapshot, "struct node", false) >= 990
          && count (snapshot, "struct node", true) + count (snapshot, "struct node", false) == 1001,
      "every node is in it, the dropped ones unmarked");
  tap_ok (count (snapshot, "struct leaf", true) + count (snapshot, "struct leaf", false) == 1000,
          "every leaf is in it");
  walk = gcg__objects (snapshot);
  while (gcg__next_object (&walk))
    if (strcmp (gcg__text (snapshot, snapshot->sites[walk.object.site].type), "struct node") == 0)
      {
        struct gcg__edge_walk edge = gcg__edges_of (snapshot, walk.object.id);
        wrong += walk.object.requested_bytes != sizeof (struct node);
        while (gcg__next_edge (&edge))
          {
            edges++;
            wrong += edge.offset != offsetof (struct node, next)
                     && edge.offset != offsetof (struct node, leaf);
          }
      }
  tap_ok (wrong == 0 && edges == 1000 + 999 + 1, "sizes and edges are as in the program");
  tap_ok (snapshot->n_finalizers == 1 && snapshot->finalizers[0].mode == GCG__FINALIZER_ORDERED
              && snapshot->finalizers[0].function == (uintptr_t)on_final,
          "the finalizer is known");
  tap_ok (snapshot->info->pid == (uint32_t)getpid ()
              && strstr (gcg__text (snapshot, snapshot->info->proc_status), "VmRSS"),
          "process figures are in it");
  gcg__snapshot_close (snapshot);
}

/* A cycle that a disappearing link closes is none: the collector clears the link before it looks at
   finalizers. */
static void
test_links (void)
{
  struct gcg__snapshot *snapshot;
  unsigned edges = 0;

  for (int i = 0; i < 100; i++)
    drop_linked ();
  snapshot = save_and_open ();
  if (snapshot)
    {
      struct gcg__object_walk walk = gcg__objects (snapshot);
      while (gcg__next_object (&walk))
        if (strcmp (gcg__text (snapshot, snapshot->sites[walk.object.site].type), "struct linked")
            == 0)
          {
            struct gcg__edge_walk edge = gcg__edges_of (snapshot, walk.object.id);
            while (gcg__next_edge (&edge))
              edges++;
          }
      tap_ok (edges >= 100 && edges <= 105, "a link that disappears is no edge");
    }
  gcg__snapshot_close (snapshot);
}

static void *
hold_in_thread (void *pipes)
{
  struct linked *held = GC_NEW (struct linked);
  int *fd = pipes;
  char byte;

  (void)!write (fd[1], "x", 1);
  (void)!read (fd[2], &byte, 1);
  __asm__ volatile("" : : "r"(held));
  return NULL;
}

/* What only another thread's frame or register holds has its root there, under that thread. */
static void
test_thread (void)
{
  int up[2], down[2], fds[3];
  struct gcg__snapshot *snapshot;
  pthread_t thread;
  unsigned good = 0;
  char byte;

  if (pipe (up) != 0 || pipe (down) != 0)
    return;
  fds[1] = up[1];
  fds[2] = down[0];
  GC_pthread_create (&thread, NULL, hold_in_thread, fds);
  (void)!read (up[0], &byte, 1);
  snapshot = save_and_open ();
  (void)!write (down[1], "x", 1);
  GC_pthread_join (thread, NULL);
  for (uint64_t i = 0; snapshot && i < snapshot->n_roots; i++)
    {
      const struct gcg__region *region = &snapshot->regions[snapshot->roots[i].region];
      struct gcg__object object;
      gcg__snapshot_object (snapshot, snapshot->roots[i].object, &object);
      if (strcmp (gcg__text (snapshot, snapshot->sites[object.site].function), "hold_in_thread")
          == 0)
        good += (region->kind == GCG__REGION_STACK || region->kind == GCG__REGION_REGISTERS)
                && snapshot->threads[region->index].flags == GCG__THREAD_STOPPED
                && snapshot->threads[region->index].tid != (uint32_t)getpid ()
                && snapshot->threads[region->index].pc != 0;
    }
  tap_ok (good > 0, "an object that only another thread holds has its root there");
  gcg__snapshot_close (snapshot);
  for (int i = 0; i < 2; i++)
    {
      close (up[i]);
      close (down[i]);
    }
}

/* What one snapshot finds dead is not garbage again in the next. */
static void
test_once (void)
{
  struct gcg__snapshot *snapshot;
  void *volatile some = NULL;

  for (int i = 0; i < 3000; i++)
    some = GC_MALLOC_ATOMIC (48);
  (void)some;
  some = NULL;
  gcg__snapshot_close (save_and_open ());
  snapshot = save_and_open ();
  if (snapshot)
    {
      struct gcg__object_walk walk = gcg__objects (snapshot);
      unsigned stale = 0;
      while (gcg__next_object (&walk))
        stale += walk.object.requested_bytes == 48 && !(walk.object.flags & GCG__OBJECT_MARKED);
      tap_ok (stale <= 2, "dead pointer-free objects are garbage in one snapshot only");
    }
  gcg__snapshot_close (snapshot);
}

static void
test_names (void)
{
  struct gcg__snapshot *snapshot;
  struct leaf *leaf = GC_MALLOC_ATOMIC (sizeof (struct leaf));
  int outside;

  kept->leaf = leaf;
  tap_ok (gcg_track (leaf, "struct renamed", &error) == GCG_OK, "an object is given a type");
  tap_ok (gcg_track (&outside, "struct x", &error) == GCG_NOT_FOUND && error.text[0],
          "what is no object is refused");
  tap_ok (gcg_ignore (kept, &error) == GCG_OK, "an object is ignored");
  snapshot = save_and_open ();
  if (snapshot)
    {
      struct gcg__object_walk walk = gcg__objects (snapshot);
      unsigned ignored = 0;
      while (gcg__next_object (&walk))
        ignored += (walk.object.flags & GCG__OBJECT_IGNORED) != 0;
      tap_ok (count (snapshot, "struct renamed", true) == 1, "and has it in the snapshot");
      tap_ok (ignored == 1, "one is marked as ignored");
    }
  gcg__snapshot_close (snapshot);
}

/* Memory that nothing else scans, which holds the only pointer to an object. */
static void
test_roots (void)
{
  struct gcg__snapshot *snapshot;
  void *volatile *area
      = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  tap_ok (gcg_add_roots (NULL, 100, &error) == GCG_INVALID
              && gcg_add_roots ((void *)area, 0, &error) == GCG_INVALID && error.text[0],
          "a root area of nothing is refused");
  area[7] = GCG_NEW (struct only_in_area);
  tap_ok (gcg_add_roots ((void *)area, 4096, &error) == GCG_OK, "a root area is named");
  snapshot = save_and_open ();
  if (snapshot)
    tap_ok (count (snapshot, "struct only_in_area", true) == 1, "and keeps an object");
  gcg__snapshot_close (snapshot);
  gcg_remove_roots ((void *)area, 4096);
  snapshot = save_and_open ();
  if (snapshot)
    tap_ok (count (snapshot, "struct only_in_area", true) == 0, "which it does not any more");
  gcg__snapshot_close (snapshot);
  munmap ((void *)area, 4096);
}

/* Files here whose name begins as that of the snapshot or of one on its way. */
static int
count_left (void)
{
  DIR *files = opendir (".");
  int n = 0;
  for (struct dirent *entry; files && (entry = readdir (files));)
    n += !strncmp (entry->d_name, path, strlen (path)) || !strncmp (entry->d_name, ".gcglass-", 9);
  if (files)
    closedir (files);
  return n;
}

/* What is no file is written to, not replaced; what is planted is replaced, not written to. */
static void
test_places (void)
{
  char name[160], folder[] = "/tmp/gcglass-places-XXXXXX";
  struct stat before, after;
  struct gcg__snapshot *snapshot = NULL;

  tap_ok (mkdtemp (folder) != NULL && gcg_save (path, &error) == GCG_OK, "a folder and a file");
  tap_ok (stat ("/dev/null", &before) == 0 && gcg_save ("/dev/null", &error) == GCG_OK
              && stat ("/dev/null", &after) == 0 && S_ISCHR (after.st_mode)
              && before.st_ino == after.st_ino,
          "/dev/null is written to and stays");
  snprintf (name, sizeof name, "%s/pipe", folder);
  mkfifo (name, 0600);
  int reader = open (name, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  fcntl (reader, F_SETPIPE_SZ, 1 << 20);
  tap_ok (gcg_save (name, &error) == GCG_OK && lstat (name, &after) == 0
              && S_ISFIFO (after.st_mode),
          "a FIFO is written to and stays");
  close (reader);
  unlink (name);
  char *target = realpath (path, NULL);
  snprintf (name, sizeof name, "%s/x", folder);
  tap_ok (target && symlink (target, name) == 0 && gcg_save (name, &error) == GCG_OK
              && lstat (name, &after) == 0 && S_ISLNK (after.st_mode)
              && gcg__snapshot_open (path, &snapshot, &error) == GCG_OK,
          "a link of one's own is followed");
  gcg__snapshot_close (snapshot);
  free (target);
  unlink (path);
  chmod (folder, 0777);
  tap_ok (gcg_save (name, &error) == GCG_OK && lstat (name, &after) == 0 && S_ISREG (after.st_mode)
              && (after.st_mode & 0777) == 0600 && access (path, F_OK) != 0,
          "a link that others may have made is replaced");
  snprintf (name, sizeof name, "%s/x.%d.tmp", folder, (int)getpid ());
  close (open (name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  snprintf (name, sizeof name, "%s/x", folder);
  tap_ok (gcg_save (name, &error) == GCG_OK && gcg_save_recording (name, &error) == GCG_OK,
          "what a killed process has left is in no one's way");
  unlink (name);
  snprintf (name, sizeof name, "%s/x.%d.tmp", folder, (int)getpid ());
  unlink (name);
  tap_ok (rmdir (folder) == 0, "nothing else is left behind");
}

/* What is written to stderr when a server does not start, with ERROR or without. */
static void
start_line (const struct gcg_options *options, struct gcg_error *reason, char line[512])
{
  int pair[2], saved = dup (STDERR_FILENO);
  ssize_t n;
  if (saved < 0 || pipe (pair) != 0)
    abort ();
  dup2 (pair[1], STDERR_FILENO);
  close (pair[1]);
  enum gcg_status status = gcg_start_in_background (options, NULL, reason);
  dup2 (saved, STDERR_FILENO);
  close (saved);
  n = read (pair[0], line, 511);
  line[n > 0 ? n : 0] = 0;
  close (pair[0]);
  if (status == GCG_OK)
    strcpy (line, "it has started");
}

static void
test_error_line (const struct gcg_options *options)
{
  char line[512];
  start_line (options, &error, line);
  tap_ok (line[0] == 0, "what is wrong is not written where it is asked for: %s", line);
  start_line (options, NULL, line);
  tap_ok (strncmp (line, "gcglass: ", 9) == 0 && strstr (line, error.text)
              && strchr (line, '\n') == line + strlen (line) - 1,
          "it is, in one line, where it is not: %.*s", (int)strcspn (line, "\n"), line);
}

static void
test_errors (void)
{
  struct gcg_options options = { .size = sizeof options, .port = 70000 };
  struct gcg_server *server;
  enum gcg_status status;
  struct rlimit limit = { 100, RLIM_INFINITY };

  tap_ok (gcg_save ("/nonexistent/x", &error) == GCG_SYSTEM
              && strstr (error.text, "/nonexistent/x"),
          "saving where there is no folder names the file");
  tap_ok (gcg_save (NULL, NULL) == GCG_INVALID, "saving to nothing is refused");
  signal (SIGXFSZ, SIG_IGN);
  tap_ok (gcg_save (path, NULL) == GCG_OK, "a file is there");
  setrlimit (RLIMIT_FSIZE, &limit);
  status = gcg_save (path, &error);
  limit.rlim_cur = RLIM_INFINITY;
  setrlimit (RLIMIT_FSIZE, &limit);
  tap_ok (status == GCG_SYSTEM && strstr (error.text, "File too large"),
          "a file that cannot grow is reported");
  struct gcg__snapshot *old;
  bool whole = gcg__snapshot_open (path, &old, &error) == GCG_OK;
  tap_ok (whole, "and the old one is still whole");
  if (whole)
    gcg__snapshot_close (old);
  unlink (path);
  tap_ok (count_left () == 0, "nothing is left behind");
  GC_disable ();
  tap_ok (gcg_snapshot (NULL, &error) == GCG_DISABLED,
          "a collector that is switched off is left off");
  GC_enable ();
  tap_ok (gcg_start_in_background (&options, &server, &error) == GCG_INVALID,
          "port 70000 is refused");
  setenv ("GCGLASS_SERVER", "/nonexistent/gcglass", 1);
  options.port = -1;
  tap_ok (gcg_start_in_background (&options, &server, &error) == GCG_NO_SERVER
              && strstr (error.text, "/nonexistent/gcglass"),
          "a missing server program is named");
  tap_ok (gcg_start_periodic_samples (0, &error) == GCG_INVALID, "an interval of 0 is refused");
  test_error_line (&options);
}

/* 200 children, each of which allocates, saves and exits; the parent's waits see just them. */
static void
test_fork (void)
{
  int good = 0, status;

  tap_ok (gcg_start_periodic_samples (0.02, &error) == GCG_OK, "snapshots in the background");
  for (int i = 0; i < 200; i++)
    {
      pid_t child = fork ();
      if (child == 0)
        {
          for (int j = 0; j < 100; j++)
            kept->next = GC_NEW (struct node);
          _exit (kept->next ? 7 : 1);
        }
      good += waitpid (-1, &status, 0) == child && WIFEXITED (status) && WEXITSTATUS (status) == 7;
    }
  gcg_stop_periodic_samples ();
  tap_ok (good == 200, "200 forks are unharmed");
  errno = 0;
  tap_ok (waitpid (-1, &status, 0) < 0 && errno == ECHILD, "no child of ours is seen by wait");
}

/* Refuses clone with CLONE_PIDFD from now on. */
static bool
refuse_clone (void)
{
  struct sock_filter filter[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, args[0])),
    BPF_JUMP (BPF_JMP | BPF_JSET | BPF_K, CLONE_PIDFD, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAGAIN),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = { sizeof filter / sizeof *filter, filter };
  return prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
         && prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

static void
test_in_place (void)
{
  struct gcg__snapshot *snapshot;

  if (!refuse_clone ())
    {
      tap_ok (true, "captured in place # SKIP no seccomp here");
      return;
    }
  snapshot = save_and_open ();
  tap_ok (snapshot && (snapshot->info->flags & GCG__INFO_IN_PLACE)
              && count (snapshot, "struct node", true) >= 1,
          "without clone the capture is made in place, and says so");
  gcg__snapshot_close (snapshot);
}

int
main (void)
{
  /* Here snapshots are taken from inside; from outside: calls.c. */
  setenv ("GCGLASS_STOP", "signals", 1);
  GC_set_handle_fork (1);
  GC_INIT ();
  GC_set_warn_proc (GC_ignore_warn_proc);
  snprintf (path, sizeof path, "api-%d.gcsnap", (int)getpid ());
  test_census ();
  test_once ();
  test_links ();
  test_thread ();
  test_names ();
  test_roots ();
  test_places ();
  test_errors ();
  test_fork ();
  test_in_place ();
  return tap_done ();
}
