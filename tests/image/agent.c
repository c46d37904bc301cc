/* agent.c -- the snapshot that lib/image reads of a program that has the agent for malloc is the
 * one that the agent's own walk writes.
 *
 * tests/malloc/heaps.c makes random heaps and waits.  Of each one snapshot is written by the walk
 * in a copy, and one is read from the process itself.
 */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/agent_snapshot.h"
#include "link/find.h"
#include "link/outside.h"
#include "snapshot/snapshot.h"

#define HEAPS 60

static uint64_t n_objects, n_edges, n_roots;

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
      setenv ("GCGLASS_CONTENTS", "1", 1);
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
  printf ("# %s: %" PRIx64 "\n", what, address);
  return false;
}

/* Of what there is none of there may be no address. */
static bool
is_same (const void *a, const void *b, size_t bytes)
{
  return bytes == 0 || memcmp (a, b, bytes) == 0;
}

/* Are A's and B's site NUMBER the same? */
static bool
same_site (const struct gcg__snapshot *a, const struct gcg__snapshot *b, uint32_t number)
{
  const struct gcg__site *x = &a->sites[number], *y = &b->sites[number];

  return x->kind == y->kind && x->line == y->line && x->n_frames == y->n_frames
         && strcmp (gcg__text (a, x->file), gcg__text (b, y->file)) == 0
         && strcmp (gcg__text (a, x->function), gcg__text (b, y->function)) == 0
         && strcmp (gcg__text (a, x->expression), gcg__text (b, y->expression)) == 0
         && strcmp (gcg__text (a, x->type), gcg__text (b, y->type)) == 0
         && is_same (a->frames + x->first_frame, b->frames + y->first_frame,
                     x->n_frames * sizeof *a->frames);
}

static bool
same_edges (const struct gcg__object_walk *a, const struct gcg__object_walk *b)
{
  struct gcg__edge_walk x = gcg__edges_here (a), y = gcg__edges_here (b);

  if (a->n_edges != b->n_edges)
    return false;
  while (gcg__next_edge (&x))
    {
      if (!gcg__next_edge (&y) || x.target != y.target || x.offset != y.offset
          || gcg__edge_place (a->snapshot, x.edge - 1) != gcg__edge_place (b->snapshot, y.edge - 1))
        return false;
      n_edges++;
    }
  return true;
}

/* Objects, with their sites, marks and edges. */
static bool
same_objects (const struct gcg__snapshot *a, const struct gcg__snapshot *b)
{
  struct gcg__object_walk x = gcg__objects (a), y = gcg__objects (b);

  if (a->n_sites != b->n_sites || a->n_edges != b->n_edges)
    return wrong ("numbers of sites or edges", b->n_edges);
  while (gcg__next_object (&x))
    {
      bool more = gcg__next_object (&y);
      if (!more || x.object.address != y.object.address)
        return wrong ("not the same object", x.object.address);
      if (x.object.slot_bytes != y.object.slot_bytes || x.object.kind != y.object.kind
          || x.object.requested_bytes != y.object.requested_bytes || x.object.site != y.object.site
          || x.object.birth != y.object.birth || x.object.flags != y.object.flags)
        {
          printf ("# slots of %" PRIu64 ", %" PRIu64 " bytes; requested %" PRIu64 ", %" PRIu64
                  "; flags %x, %x\n",
                  x.object.slot_bytes, y.object.slot_bytes, x.object.requested_bytes,
                  y.object.requested_bytes, x.object.flags, y.object.flags);
          return wrong ("not the same", x.object.address);
        }
      if (!same_site (a, b, x.object.site))
        return wrong ("not the same site", x.object.address);
      if (!same_edges (&x, &y))
        return wrong ("not the same edges", x.object.address);
      n_objects++;
    }
  return !gcg__next_object (&y) || wrong ("one more", y.object.address);
}

/* In what no two threads' roots differ but by where the kernel would save vector registers. */
static bool
same_root (const struct gcg__snapshot *a, const struct gcg__snapshot *b, uint64_t i)
{
  const struct gcg__root *x = &a->roots[i], *y = &b->roots[i];
  const struct gcg__region *in_x = &a->regions[x->region], *in_y = &b->regions[y->region];

  return x->object == y->object && in_x->kind == in_y->kind && in_x->index == in_y->index
         && (x->address == y->address
             || (in_x->kind == GCG__REGION_STACK
                 && x->address - in_x->low == y->address - in_y->low))
         && gcg__root_place (a, i) == gcg__root_place (b, i);
}

static bool
same_threads (const struct gcg__snapshot *a, const struct gcg__snapshot *b)
{
  for (uint32_t i = 0; i < a->n_threads && i < b->n_threads; i++)
    {
      const struct gcg__thread *x = &a->threads[i], *y = &b->threads[i];
      if (x->tid != y->tid || x->flags != y->flags || x->pc != y->pc || x->sp != y->sp
          || x->stack_low != y->stack_low || x->stack_high != y->stack_high
          || memcmp (x->registers, y->registers, sizeof x->registers) != 0
          || strcmp (gcg__text (a, x->name), gcg__text (b, y->name)) != 0)
        return wrong ("not the same thread", x->tid);
    }
  return a->n_threads == b->n_threads || wrong ("threads", b->n_threads);
}

static bool
same_modules (const struct gcg__snapshot *a, const struct gcg__snapshot *b)
{
  for (uint32_t i = 0; i < a->n_modules && i < b->n_modules; i++)
    {
      const struct gcg__module *x = &a->modules[i], *y = &b->modules[i];
      if (x->base != y->base || x->low != y->low || x->high != y->high
          || strcmp (gcg__text (a, x->path), gcg__text (b, y->path)) != 0
          || strcmp (gcg__text (a, x->build_id), gcg__text (b, y->build_id)) != 0)
        return wrong ("not the same module", x->base);
    }
  return a->n_modules == b->n_modules || wrong ("modules", b->n_modules);
}

static bool
same_rest (const struct gcg__snapshot *a, const struct gcg__snapshot *b)
{
  if (memcmp (a->usage, b->usage, sizeof *a->usage) != 0)
    return wrong ("not the same usage", b->usage->allocs);
  if (a->info->flags != (b->info->flags & ~GCG__INFO_IN_PLACE) || a->info->pid != b->info->pid
      || a->info->gc_version != b->info->gc_version || a->info->heap_bytes != b->info->heap_bytes
      || a->info->free_bytes != b->info->free_bytes
      || a->info->program_start_ns != b->info->program_start_ns)
    return wrong ("not the same figures", b->info->flags);
  if (a->n_previews != b->n_previews || !is_same (a->previews, b->previews, a->n_previews))
    return wrong ("not the same contents", b->n_previews);
  if (a->n_stack_words != b->n_stack_words || a->n_stack_pieces != b->n_stack_pieces
      || !is_same (a->stacks, b->stacks, a->n_stack_words * sizeof *a->stacks))
    return wrong ("not the same stacks", b->n_stack_words);
  return a->n_rules == b->n_rules && is_same (a->rules, b->rules, a->n_rules);
}

static bool
compare (const struct gcg__snapshot *a, const struct gcg__snapshot *b)
{
  for (uint64_t i = 0; i < a->n_roots && i < b->n_roots; i++, n_roots++)
    if (!same_root (a, b, i))
      {
        printf ("# in a region of kind %u, %u; not at %" PRIx64 " in one of kind %u, %u\n",
                a->regions[a->roots[i].region].kind, a->regions[a->roots[i].region].index,
                b->roots[i].address, b->regions[b->roots[i].region].kind,
                b->regions[b->roots[i].region].index);
        return wrong ("not the same root", a->roots[i].address);
      }
  if (a->n_roots != b->n_roots)
    return wrong ("roots", b->n_roots);
  return same_objects (a, b) && same_threads (a, b) && same_modules (a, b) && same_rest (a, b);
}

/* The snapshot of process PID, which waits, with its agent's root at ROOT: read from its memory. */
static bool
read_snapshot (pid_t pid, uint64_t root, struct gcg__snapshot **snapshot, struct gcg_error *error)
{
  struct gcg__freeze_ask freeze = { .pid = pid, .vectors = true };
  struct gcg__agent_snapshot *taken = NULL;
  struct gcg__memory_image *image = NULL;
  struct gcg__frozen *frozen = NULL;
  int fd = memfd_create ("snapshot", MFD_CLOEXEC);
  bool done = false;

  if (gcg__freeze (&freeze, &frozen, error) == GCG_OK
      && gcg__image_open (pid, -1, &image, error) == GCG_OK)
    {
      const struct gcg__agent_ask ask = { .image = image,
                                          .root = root,
                                          .threads = frozen->threads,
                                          .n_threads = frozen->n_threads,
                                          .is_copied = true,
                                          .description = "agent",
                                          .program = "",
                                          .command_line = "",
                                          .status = "",
                                          .stat = "",
                                          .smaps = "" };
      done = gcg__agent_snapshot_take (&ask, &taken, error) == GCG_OK
             && gcg__agent_snapshot_write (taken, 1, fd, error) == GCG_OK
             && gcg__snapshot_open_fd (fd, "read", snapshot, error) == GCG_OK;
    }
  gcg__agent_snapshot_free (taken);
  gcg__image_free (image);
  gcg__frozen_drop (frozen);
  close (fd);
  return done;
}

/* Until process PID waits in a call of read, if it ever does. */
static void
await_read (pid_t pid)
{
  char path[64], text[256];

  snprintf (path, sizeof path, "/proc/%d/syscall", (int)pid);
  for (;; sched_yield ())
    {
      int fd = open (path, O_RDONLY | O_CLOEXEC);
      ssize_t n = fd < 0 ? -1 : read (fd, text, sizeof text - 1);
      if (fd >= 0)
        close (fd);
      if (n < 0)
        return;
      text[n] = '\0';
      /* read is 0 on x86-64, 63 on aarch64. */
      if (strncmp (text, "0 0x0 ", 6) == 0 || strncmp (text, "63 0x0 ", 7) == 0)
        return;
    }
}

/* Looks at process PID in both ways. */
static bool
look (pid_t pid)
{
  struct gcg__outside_ask ask
      = { .pid = pid, .root = gcg__outside_find (pid), .description = "agent" };
  struct gcg_error error = { GCG_OK, "" };
  struct gcg__snapshot *walked = NULL, *read = NULL;
  bool right = false;
  int fd = -1;

  await_read (pid);
  if (gcg__outside_take (&ask, &fd, &error) == GCG_OK
      && gcg__snapshot_open_fd (fd, "walked", &walked, &error) == GCG_OK)
    {
      await_read (pid);
      right = read_snapshot (pid, ask.root, &read, &error) && compare (walked, read);
    }
  if (error.status != GCG_OK)
    printf ("# %s\n", error.text);
  gcg__snapshot_close (walked);
  gcg__snapshot_close (read);
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
  printf ("# %" PRIu64 " objects, %" PRIu64 " edges, %" PRIu64 " roots\n", n_objects, n_edges,
          n_roots);
  printf ("%sok 1 - %u heaps, read as the agent's walk does\n1..1\n",
          n == HEAPS && n_right == n && status == 0 && n_objects > n && n_edges > n && n_roots > n
              ? ""
              : "not ",
          n);
  return 0;
}
