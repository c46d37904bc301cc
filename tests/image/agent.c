/* agent.c -- what lib/image reads of a heap that has the agent for malloc is what the agent's own
 * walk says.
 *
 * tests/malloc/heaps.c makes random heaps and waits.  Of each a snapshot is taken by the walk in a
 * copy, and the heap is read from another copy.
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

#include "image/agent_heap.h"
#include "image/freeze.h"
#include "image/modules.h"
#include "link/find.h"
#include "link/outside.h"
#include "snapshot/snapshot.h"

#define HEAPS 60

static uint64_t n_compared, n_large, n_own;

static const char *
folder (const char *name)
{
  const char *value = getenv (name);
  return value ? value : ".";
}

/* Starts heaps.c; its input and output are TALK and the file that is returned. */
static FILE *
start (const char *n, const char *path, int *talk, pid_t *child)
{
  char program[4096], preload[4096];
  int to[2], from[2];

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
      execl (program, program, "1", n, path, (char *)NULL);
      _exit (127);
    }
  close (to[0]);
  close (from[1]);
  *talk = to[1];
  return fdopen (from[0], "r");
}

static bool
wrong (const char *what, uint64_t address)
{
  printf ("# %s: the block at %" PRIx64 "\n", what, address);
  return false;
}

/* Are SITE of the heap and SITE of the snapshot, with the same number, the same? */
static bool
same_site (const struct gcg__memory_image *image, const struct gcg__root_site *site,
           const struct gcg__snapshot *snapshot, uint32_t number)
{
  const struct gcg__site *other = &snapshot->sites[number];
  uint64_t frames[GCG__FRAMES_MAX];

  return site->n_frames == other->n_frames && site->line == other->line
         && site->n_frames <= GCG__FRAMES_MAX
         && gcg__image_get (image, site->frames, frames, site->n_frames * sizeof *frames)
         && memcmp (frames, snapshot->frames + other->first_frame, site->n_frames * sizeof *frames)
                == 0;
}

/* Was the block with WORD asked for by the C library, which may keep it? */
static bool
may_be_own (const struct gcg__memory_image *image, const struct gcg__loaded_modules *modules,
            const struct gcg__agent_sites *sites, uint64_t word)
{
  const struct gcg__root_site *site = &sites->items[word & (GCG__SITES_MAX - 1)];
  const struct gcg__loaded_module *module;
  uint64_t frame;

  n_own++;
  return gcg__image_get (image, site->frames, &frame, sizeof frame)
         && (module = gcg__modules_find (modules, frame)) != NULL
         && strstr (module->path, "/libc.so") != NULL;
}

/* Every object of SNAPSHOT is in HEAP; what else is there belongs to the C library. */
static bool
compare (const struct gcg__memory_image *image, const struct gcg__agent_heap *heap,
         const struct gcg__agent_sites *sites, const struct gcg__loaded_modules *modules,
         const struct gcg__snapshot *snapshot)
{
  struct gcg__object_walk walk = gcg__objects (snapshot);
  bool more = gcg__next_object (&walk), right = true;
  size_t big = 0;

  for (size_t b = 0; b < heap->n_blocks && right; b++)
    {
      const struct gcg__block *block = &heap->blocks[b];
      size_t end = b + 1 < heap->n_blocks ? block[1].first_object : heap->n_objects;
      for (size_t i = block->first_object; i < end && right; i++)
        {
          uint64_t address = block->address + heap->slots[i] * block->slot_bytes;
          uint64_t word = heap->words[i], slack = gcg__word_slack (word);
          uint32_t site = gcg__word_site (word);
          if (slack == GCG__SLACK_BIG)
            {
              if (heap->big_slacks[big].index != i)
                return wrong ("no slack", address);
              slack = heap->big_slacks[big++].value;
              n_large++;
            }
          if (site >= sites->n)
            return wrong ("no site", address);
          if (!more || walk.object.address != address)
            {
              right = may_be_own (image, modules, sites, word) || wrong ("no object", address);
              continue;
            }
          if (walk.object.slot_bytes != block->slot_bytes || walk.object.site != site
              || walk.object.requested_bytes != block->slot_bytes - 8 - slack
              || walk.object.birth != gcg__word_birth (word))
            return wrong ("not the same", address);
          if (site && !same_site (image, &sites->items[site], snapshot, site))
            return wrong ("not the same site", address);
          n_compared++;
          more = gcg__next_object (&walk);
        }
    }
  return right && (!more || wrong ("missing", walk.object.address));
}

/* Reads the heap of IMAGE and compares it with SNAPSHOT. */
static bool
read_and_compare (const struct gcg__memory_image *image, uint64_t at,
                  const struct gcg__snapshot *snapshot, struct gcg_error *error)
{
  struct gcg__loaded_modules modules = { 0 };
  struct gcg__agent_sites sites = { 0 };
  struct gcg__agent_heap heap = { 0 };
  struct gcg__agent_root root;
  struct gcg__root_heap tables;
  bool right = gcg__image_get (image, at, &root, sizeof root)
               && gcg__image_get (image, root.heap, &tables, sizeof tables)
               && gcg__agent_heap_read (image, &tables, 0, &heap, error) == GCG_OK
               && gcg__agent_sites_read (image, &tables, &sites, error) == GCG_OK
               && gcg__modules_read (image, &modules, error) == GCG_OK
               && compare (image, &heap, &sites, &modules, snapshot);

  gcg__modules_fini (&modules);
  free (sites.items);
  gcg__agent_heap_fini (&heap);
  return right;
}

/* Looks at process PID in both ways. */
static bool
look (pid_t pid)
{
  struct gcg__outside_ask ask
      = { .pid = pid, .root = gcg__outside_find (pid), .description = "agent" };
  struct gcg__freeze_ask freeze = { .pid = pid };
  struct gcg_error error = { GCG_OK, "" };
  struct gcg__memory_image *image = NULL;
  struct gcg__snapshot *snapshot = NULL;
  struct gcg__frozen *frozen = NULL;
  bool right = false;
  int fd = -1;

  if (gcg__outside_take (&ask, &fd, &error) == GCG_OK
      && gcg__snapshot_open_fd (fd, "snapshot", &snapshot, &error) == GCG_OK
      && gcg__freeze (&freeze, &frozen, &error) == GCG_OK
      && gcg__image_open (frozen->copy ? frozen->copy : pid, -1, &image, &error) == GCG_OK)
    right = read_and_compare (image, ask.root, snapshot, &error);
  if (error.status != GCG_OK)
    printf ("# %s\n", error.text);
  gcg__image_free (image);
  gcg__frozen_drop (frozen);
  gcg__snapshot_close (snapshot);
  if (fd >= 0)
    close (fd);
  return right;
}

int
main (void)
{
  const char *place = access ("/dev/shm", W_OK) == 0 ? "/dev/shm" : ".";
  unsigned n = 0, n_right = 0;
  char path[4096], number[16], line[512];
  int talk, status = -1;
  pid_t child;
  FILE *heaps;

  signal (SIGPIPE, SIG_IGN);
  snprintf (path, sizeof path, "%s/agent-%d.gcsnap", place, (int)getpid ());
  snprintf (number, sizeof number, "%u", HEAPS);
  heaps = start (number, path, &talk, &child);
  while (heaps && fgets (line, sizeof line, heaps))
    {
      n++;
      if (look (child))
        n_right++;
      else
        printf ("# heap %s", line);
      if (write (talk, "", 1) != 1)
        break;
    }
  waitpid (child, &status, 0);
  unlink (path);
  printf ("# %" PRIu64 " blocks are the same, %" PRIu64 " of them with much slack; %" PRIu64
          " are the C library's\n",
          n_compared, n_large, n_own);
  printf ("%sok 1 - %u heaps, read as the agent's walk does\n1..1\n",
          n == HEAPS && n_right == n && status == 0 && n_compared > n && n_large > 0 ? "" : "not ",
          n);
  return 0;
}
