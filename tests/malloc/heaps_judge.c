/* heaps_judge.c -- 1,000 random heaps: what gcglass says of their snapshots is compared with what
 * heaps.c, which makes them in a process of its own, knows of them.
 *
 * The seed of a heap is printed when it fails; HEAPS_SEED=N tries that one only.
 */
#include "config.h"

#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analysis/leaks.h"
#include "link/find.h"
#include "link/outside.h"

#define HEAPS 1000

static const char *
folder (const char *name)
{
  const char *value = getenv (name);
  return value != NULL ? value : ".";
}

/* Starts heaps.c; its input and output are TALK and the file that is returned. */
static FILE *
start (const char *seed, const char *n, const char *path, int *talk, pid_t *child)
{
  int to[2], from[2];
  char program[4096], preload[4096];
  if (pipe (to) != 0 || pipe (from) != 0)
    abort ();
  snprintf (program, sizeof program, "%s/tests/malloc/heaps", folder ("top_builddir"));
  snprintf (preload, sizeof preload, "%s/lib/.libs/libgcglass-malloc.so", folder ("top_builddir"));
  *child = fork ();
  if (*child == 0)
    {
      dup2 (to[0], STDIN_FILENO);
      dup2 (from[1], STDOUT_FILENO);
      close (to[1]);
      close (from[0]);
      setenv ("LD_PRELOAD", preload, 1);
      execl (program, program, seed, n, path, (char *)NULL);
      _exit (127);
    }
  close (to[0]);
  close (from[1]);
  *talk = to[1];
  return fdopen (from[0], "r");
}

static size_t
tell (char *line, size_t room, const struct gcg__totals *totals)
{
  return (size_t)snprintf (line, room, " %" PRIu64 "/%" PRIu64, (uint64_t)totals->bytes,
                           (uint64_t)totals->objects);
}

/* What gcglass says of the snapshot at PATH, in the words of heaps.c. */
static bool
judge (const char *path, char *line, size_t room)
{
  struct gcg__snapshot *snapshot;
  struct gcg__analysis *analysis;
  struct gcg__leaks *leaks;
  struct gcg_error error;
  size_t n = 0;

  if (gcg__snapshot_open (path, &snapshot, &error) != GCG_OK
      || gcg__analysis_new (snapshot, &analysis, &error) != GCG_OK
      || gcg__leaks_new (analysis, &leaks, &error) != GCG_OK)
    {
      printf ("# %s\n", error.text);
      return false;
    }
  const struct gcg__totals *totals[]
      = { &leaks->reachable, &leaks->interior_only, &leaks->leaked,       &leaks->definite,
          &leaks->indirect,  &leaks->direct,        &leaks->lsan_indirect };
  for (size_t i = 0; i < sizeof totals / sizeof *totals; i++)
    n += tell (line + n, room - n, totals[i]);
  snprintf (line + n, room - n, " %" PRIu32 "\n", (uint32_t)analysis->n_cycles);
  gcg__leaks_free (leaks);
  gcg__analysis_free (analysis);
  gcg__snapshot_close (snapshot);
  return true;
}

/* The same of a snapshot that is taken of process PID from outside. */
static bool
judge_outside (pid_t pid, char *line, size_t room)
{
  struct gcg__outside_ask ask
      = { .pid = pid, .root = gcg__outside_find (pid), .description = "heaps" };
  struct gcg_error error = { GCG_OK, "" };
  char path[64];
  int fd = -1;

  if (gcg__outside_take (&ask, &fd, &error) != GCG_OK)
    {
      printf ("# %s\n", error.text);
      return false;
    }
  snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  bool judged = judge (path, line, room);
  close (fd);
  return judged;
}

/* Are the FIGURES that heaps.c knows, which are of a heap called NAME, those that are TOLD? */
static bool
compare (const char *name, const char *figures, const char *told, unsigned *wrong)
{
  if (figures != NULL && strcmp (figures + 1, told) == 0)
    return true;
  if ((*wrong)++ < 5)
    printf ("# reachable, interior, leaked, definite, indirect, direct, indirect, cycles\n"
            "# seed %s# told:%s",
            name, told);
  return false;
}

int
main (void)
{
  const char *seed = getenv ("HEAPS_SEED"),
             *place = access ("/dev/shm", W_OK) == 0 ? "/dev/shm" : ".";
  unsigned n = 0, wrong = 0, wrong_read = 0, expected = seed != NULL ? 1 : HEAPS;
  uint64_t leaked = 0, cycles = 0;
  char path[4096], number[16], right[512], told[512];
  int talk, status = -1;
  pid_t child;
  FILE *heaps;

  signal (SIGPIPE, SIG_IGN);
  snprintf (path, sizeof path, "%s/heaps-%d.gcsnap", place, (int)getpid ());
  snprintf (number, sizeof number, "%u", expected);
  heaps = start (seed != NULL ? seed : "1", number, path, &talk, &child);
  while (heaps != NULL && fgets (right, sizeof right, heaps) != NULL)
    {
      const char *figures = strchr (right, ':');
      n++;
      told[0] = '\0';
      (void)judge (path, told, sizeof told);
      if (compare (right, figures, told, &wrong))
        {
          uint64_t bytes, blocks;
          leaked
              += sscanf (told, " %*s %*s %" SCNu64 "/%" SCNu64, &bytes, &blocks) == 2 ? blocks : 0;
          cycles += strtoull (strrchr (told, ' '), NULL, 10);
        }
      told[0] = '\0';
      (void)judge_outside (child, told, sizeof told);
      compare (right, figures, told, &wrong_read);
      if (write (talk, "", 1) != 1)
        break;
    }
  waitpid (child, &status, 0);
  unlink (path);
  printf ("# %" PRIu64 " leaked blocks, %" PRIu64 " cycles in them\n", leaked, cycles);
  bool whole = n == expected && status == 0;
  printf ("%sok 1 - %u random heaps, judged as by a slow and obvious way\n",
          whole && wrong == 0 ? "" : "not ", n);
  printf ("%sok 2 - the same heaps, read from a copy made from outside\n1..2\n",
          whole && wrong_read == 0 ? "" : "not ");
  return 0;
}
