/* agent_snapshot.c -- see agent_snapshot.h: the order of it, what is reached, figures.
 *
 * Blocks first, because everything else names objects by number; what the C library keeps for
 * itself is taken out of them; then areas, edges and roots.  The agent does not mark: that is done
 * here, over the edges.
 */
#include "config.h"

#include "image/agent_snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "image/agent_areas.h"
#include "image/agent_texts.h"
#include "image/edges.h"
#include "snapshot/machine.h"
#include "snapshot/writer.h"

#define MOST_CACHES (1u << 16)
#define MOST_RULES  (UINT64_C (1) << 22)
#define RULES_PIECE 4096u
#define FETCH_AHEAD 8u
#define VIEW_BYTES  4096u /* of small slots read at once for previews */

struct gcg__agent_snapshot
{
  struct gcg__agent agent;
  struct gcg__agent_heap heap;
  struct gcg__agent_sites sites;
  struct gcg__agent_own own;
  struct gcg__agent_areas areas;
  struct gcg__agent_texts texts;
  struct gcg__edges edges;
  struct gcg__roots roots;
  struct gcg__heap_index *index;
  struct gcg__info info;
  struct gcg__statistics statistics;
  struct gcg__usage usage;
  struct gcg__collection collection;
  char *rules;
  uint64_t n_rules;
  uint8_t *previews;
  uint64_t *preview_starts, n_previews;
  uint64_t requested_ns;
};

static enum gcg_status
fail_no_memory (struct gcg_error *error)
{
  return gcg__error_write (error, GCG_NO_MEMORY, "no memory for a snapshot");
}

/* --- the heap --- */

/* An index of what is in the heap by now. */
static enum gcg_status
make_index (struct gcg__agent_snapshot *snapshot, unsigned n_workers, struct gcg_error *error)
{
  struct gcg__heap_columns columns = gcg__agent_heap_columns (&snapshot->heap);
  const struct gcg__heap_rules rules
      = { .interior = true,
          .requested = true,
          .unaligned = snapshot->agent.areas.looks & GCG__LOOK_UNALIGNED,
          .read_only = true };

  gcg__heap_index_free (snapshot->index);
  snapshot->index = NULL;
  return gcg__heap_index_new (&columns, &rules, n_workers, &snapshot->index, error);
}

/* Blocks, sites, and an index of the blocks that are the program's. */
static enum gcg_status
take_heap (struct gcg__agent_snapshot *snapshot, unsigned n_workers, struct gcg_error *error)
{
  const struct gcg__agent *agent = &snapshot->agent;
  enum gcg_status status
      = gcg__agent_heap_read (agent->image, &agent->heap, n_workers, &snapshot->heap, error);

  if (status == GCG_OK)
    status = gcg__agent_sites_read (agent->image, &agent->heap, &snapshot->sites, error);
  if (status == GCG_OK)
    status = make_index (snapshot, n_workers, error);
  if (status == GCG_OK)
    status = gcg__agent_own_find (agent, snapshot->index, &snapshot->sites, &snapshot->own, error);
  if (status == GCG_OK && snapshot->own.any)
    {
      gcg__agent_heap_drop (&snapshot->heap, snapshot->own.is_own);
      status = make_index (snapshot, n_workers, error);
    }
  return status;
}

/* --- what is reached --- */

struct marking
{
  uint64_t *marks; /* a bit for each object */
  uint32_t *queue;
  uint64_t n;
};

static inline void
reach (struct marking *marking, uint32_t object)
{
  uint64_t *word = &marking->marks[object / 64], bit = UINT64_C (1) << object % 64;

  if (*word & bit)
    return;
  *word |= bit;
  marking->queue[marking->n++] = object;
}

/* Reaches all that those in the queue lead to.  What is needed of an object stands anywhere, so it
   is fetched some objects ahead, in two steps. */
static void
spread (struct marking *marking, const uint64_t *firsts, const uint32_t *targets)
{
  for (uint64_t next = 0; next < marking->n; next++)
    {
      uint32_t object = marking->queue[next];
      if (next + 2 * FETCH_AHEAD < marking->n)
        {
          __builtin_prefetch (&firsts[marking->queue[next + 2 * FETCH_AHEAD]]);
          __builtin_prefetch (&targets[firsts[marking->queue[next + FETCH_AHEAD]]]);
        }
      for (uint64_t e = firsts[object]; e < firsts[object + 1]; e++)
        reach (marking, targets[e]);
    }
}

/* Number of the first edge of each object, and of all behind the last: [n + 1].  NULL: no memory.
 */
static uint64_t *
first_edges (const struct gcg__edges *edges, size_t n)
{
  uint64_t *firsts = malloc ((n + 1) * sizeof *firsts), sum = 0;
  size_t big = 0;

  for (size_t i = 0; firsts && i < n; i++)
    {
      firsts[i] = sum;
      sum += edges->counts[i] == GCG__COUNT_BIG ? edges->big_counts[big++].value : edges->counts[i];
    }
  if (firsts)
    firsts[n] = sum;
  return firsts;
}

/* Marks what the roots lead to, breadth first; false: no memory. */
static bool
mark (struct gcg__agent_snapshot *snapshot)
{
  size_t n = snapshot->heap.n_objects;
  uint64_t *firsts = first_edges (&snapshot->edges, n), *words = snapshot->heap.words;
  struct marking marking = { .marks = calloc (n / 64 + 1, sizeof *marking.marks),
                             .queue = malloc ((n + 1) * sizeof *marking.queue) };
  bool done = firsts && marking.marks && marking.queue;

  for (size_t i = 0; done && i < snapshot->roots.n; i++)
    reach (&marking, snapshot->roots.roots[i].object);
  if (done)
    spread (&marking, firsts, snapshot->edges.targets);
  for (size_t i = 0; done && i < n; i++)
    words[i] |= (marking.marks[i / 64] >> i % 64 & 1) * GCG__OBJECT_MARKED << GCG__WORD_FLAG_SHIFT;
  free (firsts);
  free (marking.marks);
  free (marking.queue);
  return done;
}

/* Areas, roots, edges, marks. */
static enum gcg_status
take_pointers (struct gcg__agent_snapshot *snapshot, unsigned n_workers, struct gcg_error *error)
{
  const struct gcg__agent *agent = &snapshot->agent;
  struct gcg__agent_heap *heap = &snapshot->heap;
  enum gcg_status status = gcg__agent_areas_list (agent, snapshot->index, heap, &snapshot->own,
                                                  &snapshot->areas, error);

  if (status == GCG_OK)
    status = gcg__roots_find (agent->image, snapshot->index, snapshot->areas.items,
                              snapshot->areas.n, n_workers, &snapshot->roots, error);
  if (status == GCG_OK)
    status = gcg__edges_find (agent->image, snapshot->index, n_workers, &snapshot->edges, error);
  if (status != GCG_OK)
    return status;
  for (size_t b = 0; b < heap->n_blocks; b++)
    heap->blocks[b].first_edge = snapshot->edges.first_edges[b];
  return mark (snapshot) ? GCG_OK : fail_no_memory (error);
}

/* --- contents --- */

/* The first bytes of the objects of block B; *BIG moves along the slacks. */
static void
preview_block (struct gcg__agent_snapshot *snapshot, size_t b, size_t *big)
{
  const struct gcg__agent_heap *heap = &snapshot->heap;
  const struct gcg__block *block = &heap->blocks[b];
  size_t end = b + 1 < heap->n_blocks ? block[1].first_object : heap->n_objects, got = 0;
  uint64_t view[VIEW_BYTES / 8];
  bool is_small = block->slot_bytes <= VIEW_BYTES / 2;

  if (is_small)
    got = gcg__image_read (snapshot->agent.image, block->address, view, sizeof view);
  for (size_t i = block->first_object; i < end; i++)
    {
      uint64_t slack = heap->words[i] >> GCG__WORD_SLACK_SHIFT & 255;
      uint64_t at = heap->slots[i] * block->slot_bytes, n;
      uint8_t *to = snapshot->previews + snapshot->n_previews;
      if (slack == GCG__SLACK_BIG)
        slack = heap->big_slacks[(*big)++].value;
      n = block->slot_bytes - 8 - slack;
      n = n < GCG__PREVIEW_BYTES ? n : GCG__PREVIEW_BYTES;
      memset (to, 0, n);
      if (!is_small)
        (void)gcg__image_read (snapshot->agent.image, block->address + at, to, n);
      else if (at + n <= got)
        memcpy (to, (const uint8_t *)view + at, n);
      snapshot->n_previews += n;
    }
}

/* The first bytes of all objects, where they are wanted; false: no memory. */
static bool
preview (struct gcg__agent_snapshot *snapshot)
{
  const struct gcg__agent_heap *heap = &snapshot->heap;
  uint8_t wanted = 0;
  size_t big = 0;

  if (!gcg__image_get (snapshot->agent.image, snapshot->agent.facts.contents, &wanted,
                       sizeof wanted)
      || !wanted)
    return true;
  snapshot->previews = malloc (heap->n_objects * GCG__PREVIEW_BYTES + 1);
  snapshot->preview_starts = malloc ((heap->n_blocks + 1) * sizeof *snapshot->preview_starts);
  if (!snapshot->previews || !snapshot->preview_starts)
    return false;
  for (size_t b = 0; b < heap->n_blocks; b++)
    {
      snapshot->preview_starts[b] = snapshot->n_previews;
      preview_block (snapshot, b, &big);
    }
  return true;
}

/* --- figures --- */

/* What threads have counted. */
static void
sum_up_usage (struct gcg__agent_snapshot *snapshot)
{
  const struct gcg__agent *agent = &snapshot->agent;
  const struct gcg__root_facts *facts = &agent->facts;
  struct gcg__usage *usage = &snapshot->usage;
  uint64_t first = gcg__agent_word (agent, facts->caches), freed = 0, at = first;
  uint32_t n = 0;

  for (; at && n < MOST_CACHES; n++, at = gcg__agent_word (agent, at + facts->cache_next))
    {
      usage->allocs += gcg__agent_word (agent, at + facts->cache_allocs);
      usage->frees += gcg__agent_word (agent, at + facts->cache_frees);
      usage->bytes += gcg__agent_word (agent, at + facts->cache_bytes);
      freed += gcg__agent_word (agent, at + facts->cache_freed);
    }
  usage->live_blocks = usage->allocs - usage->frees;
  usage->live_bytes = usage->bytes - freed;
  usage->peak_blocks
      = gcg__agent_word (agent, n == 1 ? first + facts->cache_peak_blocks : facts->peak_blocks);
  usage->peak_bytes
      = gcg__agent_word (agent, n == 1 ? first + facts->cache_peak_bytes : facts->peak_bytes);
  if (usage->live_bytes > usage->peak_bytes)
    {
      usage->peak_blocks = usage->live_blocks;
      usage->peak_bytes = usage->live_bytes;
    }
}

/* The text of rules; false: no memory. */
static bool
read_rules (struct gcg__agent_snapshot *snapshot)
{
  const struct gcg__agent *agent = &snapshot->agent;
  uint64_t at = gcg__agent_word (agent, agent->facts.rules), n = 0;
  const char *end = NULL;

  while (!end && n < MOST_RULES)
    {
      char *grown = realloc (snapshot->rules, n + RULES_PIECE);
      size_t got;
      if (!grown)
        return false;
      snapshot->rules = grown;
      got = gcg__image_read (agent->image, at + n, grown + n, RULES_PIECE);
      end = memchr (grown + n, '\0', got);
      if (got == 0)
        break;
      n += got;
    }
  if (end && end != snapshot->rules)
    snapshot->n_rules = (uint64_t)(end - snapshot->rules) + 1;
  return true;
}

/* The collector's settings, and its figures as of when a thread last left it. */
static void
read_statistics (struct gcg__agent_snapshot *snapshot)
{
  const struct gcg__agent *agent = &snapshot->agent;
  struct gcg__statistics *all = &snapshot->statistics, now;

  if (!gcg__image_get (agent->image, agent->facts.settings, all, sizeof *all))
    *all = (struct gcg__statistics){ 0 };
  if (!gcg__image_get (agent->image, agent->facts.statistics, &now, sizeof now))
    now = (struct gcg__statistics){ 0 };
  all->heap_bytes = now.heap_bytes;
  all->free_bytes = now.free_bytes;
  all->unmapped_bytes = now.unmapped_bytes;
  all->since_gc_bytes = now.since_gc_bytes;
  all->before_gc_bytes = now.before_gc_bytes;
  all->non_gc_bytes = now.non_gc_bytes;
  all->collections = now.collections;
  all->markers = now.markers;
  all->reclaimed_since_gc_bytes = now.reclaimed_since_gc_bytes;
  all->reclaimed_before_gc_bytes = now.reclaimed_before_gc_bytes;
  all->freed_since_gc_bytes = now.freed_since_gc_bytes;
  all->from_os_bytes = now.from_os_bytes;
}

static uint32_t
info_flags (const struct gcg__agent_ask *ask, const struct gcg__agent_snapshot *snapshot)
{
  uint32_t settings = snapshot->statistics.flags;

  return GCG__INFO_PRELOADED | GCG__INFO_MALLOC | (ask->is_copied ? 0 : GCG__INFO_IN_PLACE)
         | (snapshot->agent.ends ? GCG__INFO_AT_EXIT : 0)
         | (settings & GCG__SETTING_ALL_INTERIOR ? GCG__INFO_INTERIOR : 0)
         | (settings & GCG__SETTING_INCREMENTAL ? GCG__INFO_INCREMENTAL : 0)
         | (settings & GCG__SETTING_ON_DEMAND ? GCG__INFO_ON_DEMAND : 0)
         | (settings & GCG__SETTING_JAVA ? GCG__INFO_JAVA : 0);
}

static void
fill_info (const struct gcg__agent_ask *ask, struct gcg__agent_snapshot *snapshot)
{
  const struct gcg__agent *agent = &snapshot->agent;
  struct gcg__statistics *figures = &snapshot->statistics;
  struct gcg__agent_texts *texts = &snapshot->texts;

  read_statistics (snapshot);
  figures->smaps = gcg__agent_text (texts, ask->smaps, SIZE_MAX);
  snapshot->info = (struct gcg__info){
    .pid = agent->root.pid,
    .flags = info_flags (ask, snapshot),
    .page_bytes = gcg__page_bytes (),
    .machine = GCG__MACHINE,
    .realtime_ns = ask->realtime_ns,
    .monotonic_ns = ask->monotonic_ns,
    .program_start_ns = agent->root.samples.start_ns,
    .description = gcg__agent_text (texts, ask->description, GCG__STRING_MAX),
    .program = gcg__agent_text (texts, ask->program, SIZE_MAX),
    .command_line = gcg__agent_text (texts, ask->command_line, SIZE_MAX),
    .agent_version = gcg__agent_text (texts, PACKAGE_VERSION, GCG__STRING_MAX),
    .proc_status = gcg__agent_text (texts, ask->status, SIZE_MAX),
    .proc_stat = gcg__agent_text (texts, ask->stat, SIZE_MAX),
    .gc_version = agent->facts.collector_version,
    .parallel_markers = agent->facts.parallel,
    .free_space_divisor = figures->free_space_divisor,
    .collections = figures->collections,
    .heap_bytes = figures->heap_bytes,
    .free_bytes = figures->free_bytes - figures->unmapped_bytes,
    .unmapped_bytes = figures->unmapped_bytes,
    .since_gc_bytes = figures->since_gc_bytes,
    .allocated_bytes = figures->before_gc_bytes + figures->since_gc_bytes,
    .non_gc_bytes = figures->non_gc_bytes,
    .from_os_bytes = figures->from_os_bytes,
    .heap_low = snapshot->heap.low,
    .heap_high = snapshot->heap.high,
    .stop_ns = ask->stop_ns,
  };
  snapshot->collection = (struct gcg__collection){ .number = figures->collections,
                                                   .start_ns = ask->monotonic_ns - ask->stop_ns,
                                                   .stop_ns = ask->stop_ns,
                                                   .pause_ns = ask->stop_ns,
                                                   .heap_bytes = snapshot->info.heap_bytes,
                                                   .free_bytes = snapshot->info.free_bytes };
}

/* --- all of it --- */

static enum gcg_status
take (const struct gcg__agent_ask *ask, struct gcg__agent_snapshot *snapshot,
      struct gcg_error *error)
{
  struct gcg__agent *agent = &snapshot->agent;
  struct gcg__agent_texts *texts = &snapshot->texts;
  enum gcg_status status = gcg__agent_read (ask->image, ask->root, ask->threads, ask->n_threads,
                                            ask->calling, ask->ends, agent, error);

  gcg__agent_text (texts, "", 0);
  if (status == GCG_OK)
    status = take_heap (snapshot, ask->n_workers, error);
  if (status == GCG_OK)
    status = take_pointers (snapshot, ask->n_workers, error);
  if (status != GCG_OK)
    return status;
  gcg__agent_add_sites (texts, agent, &snapshot->sites, &snapshot->heap);
  gcg__agent_add_modules (texts, agent);
  gcg__agent_add_stacks (texts, agent, &snapshot->areas);
  fill_info (ask, snapshot);
  sum_up_usage (snapshot);
  if (!read_rules (snapshot) || !preview (snapshot) || texts->no_memory)
    return fail_no_memory (error);
  return GCG_OK;
}

enum gcg_status
gcg__agent_snapshot_take (const struct gcg__agent_ask *ask, struct gcg__agent_snapshot **snapshot,
                          struct gcg_error *error)
{
  struct gcg__agent_snapshot *taken = calloc (1, sizeof *taken);
  enum gcg_status status = taken ? take (ask, taken, error) : fail_no_memory (error);

  if (status != GCG_OK)
    {
      gcg__agent_snapshot_free (taken);
      return status;
    }
  taken->requested_ns = ask->requested_ns;
  *snapshot = taken;
  return GCG_OK;
}

#define SET(name, items, count)                                                                    \
  columns[GCG__SECTION_##name - 1] = (struct gcg__column) { items, count }

enum gcg_status
gcg__agent_snapshot_write (struct gcg__agent_snapshot *snapshot, uint64_t pause_ns, int fd,
                           struct gcg_error *error)
{
  const struct gcg__agent_heap *heap = &snapshot->heap;
  const struct gcg__agent_texts *texts = &snapshot->texts;
  const struct gcg__edges *edges = &snapshot->edges;
  const struct gcg__roots *roots = &snapshot->roots;
  struct gcg__column columns[GCG__N_SECTIONS] = { { NULL, 0 } };

  SET (INFO, &snapshot->info, 1);
  SET (STRINGS, texts->strings, texts->n_strings);
  SET (MODULES, texts->modules, texts->n_modules);
  SET (SITES, texts->sites, texts->n_sites);
  SET (FRAMES, texts->frames, texts->n_frames);
  SET (THREADS, snapshot->areas.threads, snapshot->areas.n_threads);
  SET (REGIONS, roots->regions, roots->n_regions);
  SET (ROOTS, roots->roots, roots->n);
  SET (ROOT_PLACES, roots->places, roots->n);
  SET (BLOCKS, heap->blocks, heap->n_blocks);
  SET (SLOTS, heap->slots, heap->n_objects);
  SET (WORDS, heap->words, heap->n_objects);
  SET (BIG_SLACKS, heap->big_slacks, heap->n_big_slacks);
  SET (EDGE_COUNTS, edges->counts, heap->n_objects);
  SET (EDGE_TARGETS, edges->targets, edges->n);
  SET (EDGE_STEPS, edges->steps, edges->n);
  SET (EDGE_PLACES, edges->places, edges->n);
  SET (BIG_COUNTS, edges->big_counts, edges->n_big_counts);
  SET (BIG_STEPS, edges->big_steps, edges->n_big_steps);
  SET (COLLECTIONS, &snapshot->collection, 1);
  SET (STACKS, texts->stacks, texts->n_stacks);
  SET (STACK_PIECES, texts->pieces, texts->n_pieces);
  SET (STATISTICS, &snapshot->statistics, 1);
  SET (USAGE, &snapshot->usage, 1);
  SET (RULES, snapshot->rules, snapshot->n_rules);
  SET (PREVIEWS, snapshot->previews, snapshot->n_previews);
  SET (PREVIEW_STARTS, snapshot->preview_starts, snapshot->preview_starts ? heap->n_blocks : 0);
  snapshot->info.pause_ns = pause_ns;
  snapshot->info.total_ns = gcg__clock_ns (CLOCK_MONOTONIC) - snapshot->requested_ns;
  if (gcg__snapshot_write (fd, columns) == GCG_OK)
    return GCG_OK;
  return gcg__error_write (error, GCG_SYSTEM, "cannot write the snapshot: %s", strerror (errno));
}

void
gcg__agent_snapshot_free (struct gcg__agent_snapshot *snapshot)
{
  if (!snapshot)
    return;
  gcg__heap_index_free (snapshot->index);
  gcg__edges_fini (&snapshot->edges);
  gcg__roots_fini (&snapshot->roots);
  gcg__agent_texts_fini (&snapshot->texts);
  gcg__agent_areas_fini (&snapshot->areas);
  gcg__agent_own_fini (&snapshot->own);
  free (snapshot->sites.items);
  gcg__agent_heap_fini (&snapshot->heap);
  gcg__agent_fini (&snapshot->agent);
  free (snapshot->rules);
  free (snapshot->previews);
  free (snapshot->preview_starts);
  free (snapshot);
}
