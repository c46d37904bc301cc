/* agent.c -- the snapshot that lib/image reads of a program that has the agent for malloc is the
 * same whatever it is read from.
 *
 * tests/malloc/heaps.c makes random heaps and waits; what it knows of them heaps_judge.c compares.
 * Of each one snapshot is read from a copy, one from the process itself, and one from the raw dump
 * that it has written before.  Then words of what is read are changed: the agent's tables, their
 * entries, blocks.
 */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/agent_heap.h"
#include "image/agent_snapshot.h"
#include "image/proc.h"
#include "link/find.h"
#include "link/outside.h"
#include "snapshot/snapshot.h"
#include "tests/image/heaps.h"

#define HEAPS   60
#define TIMES   40 /* that each is damaged */
#define DAMAGES 2  /* at a time */

static uint64_t n_objects, n_edges, n_roots;
static unsigned n_taken;

static bool
same_bytes (const void *a, const void *b, size_t n)
{
  return n == 0 || memcmp (a, b, n) == 0;
}

static bool
wrong (const char *what, uint64_t address)
{
  printf ("# %s: %" PRIx64 "\n", what, address);
  return false;
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
         && same_bytes (a->frames + x->first_frame, b->frames + y->first_frame,
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
          || !same_bytes (x->registers, y->registers, sizeof x->registers)
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
  if (!same_bytes (a->usage, b->usage, sizeof *a->usage))
    return wrong ("not the same usage", b->usage->allocs);
  if (a->info->flags != (b->info->flags & ~GCG__INFO_IN_PLACE) || a->info->pid != b->info->pid
      || a->info->gc_version != b->info->gc_version || a->info->heap_bytes != b->info->heap_bytes
      || a->info->free_bytes != b->info->free_bytes
      || a->info->program_start_ns != b->info->program_start_ns)
    return wrong ("not the same figures", b->info->flags);
  if (a->n_previews != b->n_previews || !same_bytes (a->previews, b->previews, a->n_previews))
    return wrong ("not the same contents", b->n_previews);
  if (a->n_stack_words != b->n_stack_words || a->n_stack_pieces != b->n_stack_pieces
      || !same_bytes (a->stacks, b->stacks, a->n_stack_words * sizeof *a->stacks))
    return wrong ("not the same stacks", b->n_stack_words);
  return a->n_rules == b->n_rules && same_bytes (a->rules, b->rules, a->n_rules);
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

/* Looks at HEAPS in all ways. */
static bool
look (const struct heaps *heaps)
{
  struct gcg__outside_ask ask
      = { .pid = heaps->pid, .root = gcg__outside_find (heaps->pid), .description = "agent" };
  struct gcg_error error = { GCG_OK, "" };
  struct gcg__snapshot *copied = NULL, *read = NULL, *dumped = NULL;
  bool right = false;
  int fd = -1;

  if (gcg__outside_take (&ask, &fd, &error) == GCG_OK
      && gcg__snapshot_open_fd (fd, "copied", &copied, &error) == GCG_OK
      && gcg__snapshot_open (heaps->path, &dumped, &error) == GCG_OK)
    {
      heaps_await (heaps);
      right = read_snapshot (heaps->pid, ask.root, &read, &error) && compare (copied, read)
              && same_objects (dumped, read);
    }
  if (error.status != GCG_OK)
    printf ("# %s\n", error.text);
  gcg__snapshot_close (copied);
  gcg__snapshot_close (dumped);
  gcg__snapshot_close (read);
  if (fd >= 0)
    close (fd);
  return right;
}

/* --- Damage. */

/* Memory in which some words are others. */
struct damaged
{
  struct gcg__memory_source source;
  uint64_t at[DAMAGES], words[DAMAGES];
};

static size_t
read_damaged (const void *state, uint64_t address, void *bytes, size_t n)
{
  const struct damaged *damaged = state;
  size_t got = damaged->source.read (damaged->source.state, address, bytes, n);

  for (int i = 0; i < DAMAGES; i++)
    for (uint64_t b = 0; b < 8; b++)
      if (damaged->at[i] + b - address < got)
        ((uint8_t *)bytes)[damaged->at[i] + b - address] = (uint8_t)(damaged->words[i] >> (8 * b));
  return got;
}

static uint64_t
draw (uint64_t below)
{
  static uint64_t state = 1;

  state = state * UINT64_C (6364136223846793005) + UINT64_C (1442695040888963407);
  return (state >> 33) % below;
}

/* The address of a word that matters; ROOT is at AT. */
static uint64_t
draw_place (uint64_t at, const struct gcg__agent_root *root, const struct gcg__root_heap *heap,
            const struct gcg__root_objects *objects, const struct gcg__agent_heap *blocks)
{
  switch (draw (10))
    {
    case 0:
      return root->heap + 8 * draw (sizeof *heap / 8);
    case 1:
    case 2:
      return root->areas + 8 * draw (sizeof (struct gcg__root_areas) / 8);
    case 3:
      return root->facts + 8 * draw (sizeof (struct gcg__root_facts) / 8);
    case 4:
      return heap->objects + 8 * draw (2);
    case 5:
      return objects->items + 8 * draw (2 * objects->room + 1);
    case 6:
      return heap->pieces + 8 * draw (GCG__PIECES);
    case 7:
      return at + 8 * draw (sizeof *root / 8);
    case 8:
      return heap->sites + 8 * draw (4);
    default:
      break;
    }
  /* The end of a slot. */
  const struct gcg__block *block = &blocks->blocks[draw (blocks->n_blocks)];
  return block->address + (1 + draw (2)) * block->slot_bytes - 8 * (1 + draw (2));
}

static uint64_t
draw_word (uint64_t address)
{
  switch (draw (8))
    {
    case 0:
      return 0;
    case 1:
      return ~UINT64_C (0) - draw (64);
    case 2:
      return draw (1 << 16);
    case 3:
      return address + draw (1 << 16);
    case 4:
      return UINT64_C (1) << draw (64);
    default:
      return draw (UINT64_C (1) << 31) << 16 | draw (1 << 16);
    }
}

/* Reads the heap, damaged: what comes out is a snapshot as it should be, or an error. */
static bool
read_damage (struct damaged *damaged, struct gcg__vmas *vmas, uint64_t root)
{
  const struct gcg__memory_source source = { read_damaged, damaged };
  struct gcg__agent_ask ask = { .root = root,
                                .description = "",
                                .program = "",
                                .command_line = "",
                                .status = "",
                                .stat = "",
                                .smaps = "" };
  struct gcg__agent_snapshot *taken = NULL;
  struct gcg__memory_image *image = NULL;
  struct gcg__snapshot *snapshot = NULL;
  struct gcg_error error = { GCG_OK, "" };
  int fd = memfd_create ("damaged", MFD_CLOEXEC);
  bool right = gcg__image_new (&source, vmas, &image, &error) == GCG_OK;

  ask.image = image;
  if (right && gcg__agent_snapshot_take (&ask, &taken, &error) == GCG_OK)
    {
      n_taken++;
      right = gcg__agent_snapshot_write (taken, 1, fd, &error) == GCG_OK
              && gcg__snapshot_open_fd (fd, "damaged", &snapshot, &error) == GCG_OK;
    }
  if (!right)
    printf ("# %s\n", error.text);
  gcg__snapshot_close (snapshot);
  gcg__agent_snapshot_free (taken);
  gcg__image_free (image);
  close (fd);
  return right;
}

/* Damages what is read of HEAPS, and reads it. */
static bool
damage (const struct heaps *heaps)
{
  struct gcg__process_memory process = { gcg__proc_open_memory (heaps->pid, O_RDONLY) };
  struct damaged damaged = { .source = gcg__process_source (&process) };
  struct gcg__root_objects objects = { 0 };
  struct gcg__root_heap tables = { 0 };
  struct gcg__agent_root root = { 0 };
  struct gcg__agent_heap blocks = { 0 };
  struct gcg__memory_image *image = NULL;
  uint64_t at = 0;
  bool right = gcg__image_open (heaps->pid, -1, &image, NULL) == GCG_OK
               && (at = heaps_root (image)) != 0 && gcg__image_get (image, at, &root, sizeof root)
               && gcg__image_get (image, root.heap, &tables, sizeof tables)
               && gcg__image_get (image, tables.objects, &objects, sizeof objects)
               && gcg__agent_heap_read (image, &tables, 0, &blocks, NULL) == GCG_OK
               && blocks.n_blocks > 0;

  gcg__image_free (image);
  for (int n = 0; n < TIMES && right; n++)
    {
      struct gcg__vmas vmas;
      for (int i = 0; i < DAMAGES; i++)
        {
          damaged.at[i] = draw_place (at, &root, &tables, &objects, &blocks);
          damaged.words[i] = draw_word (damaged.at[i]);
        }
      right
          = gcg__vmas_read (heaps->pid, &vmas, NULL) == GCG_OK && read_damage (&damaged, &vmas, at);
      for (int i = 0; i < DAMAGES && !right; i++)
        printf ("# %" PRIx64 ": %" PRIx64 "\n", damaged.at[i], damaged.words[i]);
    }
  gcg__agent_heap_fini (&blocks);
  close (process.mem);
  return right;
}

int
main (void)
{
  unsigned n = 0, n_right = 0, n_sound = 0;
  struct heaps heaps;

  signal (SIGPIPE, SIG_IGN);
  heaps_start (&heaps, HEAPS);
  while (heaps_next (&heaps))
    {
      bool right = look (&heaps);
      n++;
      n_right += right;
      n_sound += damage (&heaps);
      if (!right)
        printf ("# heap %s", heaps.line);
    }
  bool ended = heaps_end (&heaps) == 0 && n == HEAPS;
  printf ("# %" PRIu64 " objects, %" PRIu64 " edges, %" PRIu64 " roots\n", n_objects, n_edges,
          n_roots);
  printf ("%sok 1 - %u heaps, the same from a copy, the process and a dump\n",
          ended && n_right == n && n_objects > n && n_edges > n && n_roots > n ? "" : "not ", n);
  printf ("# %u of %u are snapshots\n", n_taken, n * TIMES);
  printf ("%sok 2 - damaged memory makes sound snapshots, or errors\n1..2\n",
          ended && n_sound == n ? "" : "not ");
  return 0;
}
