/* heap.c -- builds snapshots of imaginary heaps for tests and benches (heap.h).
 *
 * The columns are kept as the format wants them wherever that can be done while objects are added;
 * edges are gathered in the order they come and sorted at the end (a counting sort by object, then
 * each object's few by offset), and marks are spread from the roots.  Out of memory and misuse
 * abort with a message: a test that goes on after either proves nothing.
 *
 * One thread.  Cost: linear; about 80 bytes per object with two edges until heap_free.
 */
#include "config.h"
#include "tests/heap.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "snapshot/writer.h"

#define HEAP_LOW       UINT64_C (0x7f0000001000)
#define HEAP_BLOCK     4096u
#define HEAP_GRANULE   16u
#define HEAP_STATIC    UINT64_C (0x555500004000) /* where the imaginary static data is */
#define OWN_COLLECTION 7u                        /* the snapshot's */

/* A growing array. */
struct vector
{
  void *data;
  uint64_t n, room;
  size_t element;
};

struct heap_edge
{
  uint64_t offset;
  uint32_t from, to;
  uint8_t place;
};

/* What an object begins with. */
struct heap_content
{
  uint32_t object, n;
  uint8_t bytes[GCG__PREVIEW_BYTES];
};

struct heap
{
  struct gcg__info info;
  gcg__string smaps, thread_name;
  struct vector strings, sites, frames, roots, blocks, slots, words, slot_bytes, kinds;
  struct vector requested, contents, big_slacks, edges, finalizers;
  /* Made by heap_finish. */
  struct vector first, counts, targets, steps, big_counts, big_steps, sorted;
  struct vector previews, preview_starts, edge_places, root_places, hazards, usage, rules;
  uint64_t hazards_left_out;
  uint64_t pause_ns[OWN_COLLECTION + 1]; /* of collections, by number; 0: not said */
  uint64_t live[OWN_COLLECTION + 1];     /* what each has left alive; 0: not counted */
  bool places;                           /* not all pointers are to starts */
  uint64_t next_address;
  uint32_t next_slot; /* in the last block */
  uint64_t block_slots;
};

static void
heap_die (const char *what)
{
  fprintf (stderr, "heap: %s\n", what);
  abort ();
}

static void *
vector_add (struct vector *vector, uint64_t n)
{
  if (vector->room - vector->n < n || !vector->data)
    {
      uint64_t room = 2 * vector->room + n + 64;
      vector->data = realloc (vector->data, room * vector->element);
      if (!vector->data)
        heap_die ("out of memory");
      vector->room = room;
    }
  void *added = (char *)vector->data + vector->n * vector->element;
  memset (added, 0, n * vector->element);
  vector->n += n;
  return added;
}

#define VECTOR_PUSH(vector, type, ...)                                                             \
  do                                                                                               \
    {                                                                                              \
      type vector_value = __VA_ARGS__;                                                             \
      memcpy (vector_add ((vector), 1), &vector_value, sizeof vector_value);                       \
    }                                                                                              \
  while (0)

static gcg__string
heap_string (struct heap *heap, const char *text)
{
  if (!text || !*text)
    return 0;
  gcg__string string = heap->strings.n;
  size_t n = strlen (text) + 1;
  memcpy (vector_add (&heap->strings, n), text, n);
  return string;
}

void
heap_process (struct heap *heap, const char *program, const char *command_line, const char *thread,
              const char *description)
{
  heap->info.program = heap_string (heap, program);
  heap->info.command_line = heap_string (heap, command_line);
  heap->thread_name = heap_string (heap, thread);
  heap->info.description = heap_string (heap, description);
}

struct heap *
heap_new (void)
{
  struct heap *heap = calloc (1, sizeof *heap);
  if (!heap)
    heap_die ("out of memory");
  heap->strings.element = 1;
  heap->sites.element = sizeof (struct gcg__site);
  heap->frames.element = sizeof (uint64_t);
  heap->roots.element = sizeof (struct gcg__root);
  heap->blocks.element = sizeof (struct gcg__block);
  heap->slots.element = 1;
  heap->words.element = sizeof (uint64_t);
  heap->slot_bytes.element = sizeof (uint64_t);
  heap->kinds.element = sizeof (uint32_t);
  heap->requested.element = sizeof (uint64_t);
  heap->contents.element = sizeof (struct heap_content);
  heap->previews.element = 1;
  heap->preview_starts.element = sizeof (uint64_t);
  heap->big_slacks.element = sizeof (struct gcg__big);
  heap->edges.element = sizeof (struct heap_edge);
  heap->sorted.element = sizeof (struct heap_edge);
  heap->edge_places.element = 1;
  heap->root_places.element = 1;
  heap->hazards.element = sizeof (struct gcg__hazard);
  heap->usage.element = sizeof (struct gcg__usage);
  heap->rules.element = 1;
  heap->finalizers.element = sizeof (struct gcg__finalizer);
  heap->first.element = sizeof (uint64_t);
  heap->counts.element = 1;
  heap->targets.element = sizeof (uint32_t);
  heap->steps.element = 1;
  heap->big_counts.element = sizeof (struct gcg__big);
  heap->big_steps.element = sizeof (struct gcg__big);
  heap->next_address = HEAP_LOW;
  vector_add (&heap->strings, 1);
  vector_add (&heap->sites, 1);
  heap->info = (struct gcg__info){ .pid = 4711,
                                   .flags = GCG__INFO_INTERIOR,
                                   .page_bytes = 4096,
                                   .machine = 62,
                                   .realtime_ns = UINT64_C (1700000000000000000),
                                   .monotonic_ns = UINT64_C (5000000000),
                                   .program_start_ns = UINT64_C (2000000000),
                                   .gc_version = 0x080202,
                                   .parallel_markers = 1,
                                   .free_space_divisor = 3,
                                   .collections = OWN_COLLECTION,
                                   .pause_ns = 1000000,
                                   .stop_ns = 50000,
                                   .mark_ns = 12000000,
                                   .total_ns = 40000000 };
  heap->pause_ns[OWN_COLLECTION] = heap->info.mark_ns + heap->info.stop_ns + heap->info.pause_ns;
  heap->info.description = heap_string (heap, "an imaginary heap");
  heap->info.program = heap_string (heap, "/usr/bin/imaginary");
  heap->info.command_line = heap_string (heap, "imaginary --heap");
  heap->info.agent_version = heap_string (heap, PACKAGE_VERSION);
  heap->info.proc_status = heap_string (heap, "Name:\timaginary\nVmRSS:\t    1024 kB\n");
  heap->smaps = heap_string (heap, "Rss:      1024 kB\nPss:       512 kB\n");
  return heap;
}

void
heap_free (struct heap *heap)
{
  if (!heap)
    return;
  struct vector *const vectors[]
      = { &heap->strings,        &heap->sites,       &heap->frames,      &heap->roots,
          &heap->blocks,         &heap->slots,       &heap->words,       &heap->slot_bytes,
          &heap->kinds,          &heap->requested,   &heap->contents,    &heap->previews,
          &heap->preview_starts, &heap->edge_places, &heap->root_places, &heap->hazards,
          &heap->usage,          &heap->rules,       &heap->big_slacks,  &heap->edges,
          &heap->sorted,         &heap->finalizers,  &heap->first,       &heap->counts,
          &heap->targets,        &heap->steps,       &heap->big_counts,  &heap->big_steps };
  for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
    free (vectors[i]->data);
  free (heap);
}

uint32_t
heap_site (struct heap *heap, const char *type, const char *file, uint32_t line,
           const char *function)
{
  char expression[256] = "";
  if (type)
    snprintf (expression, sizeof expression, "sizeof (%s)", type);
  uint32_t id = heap->sites.n;
  VECTOR_PUSH (&heap->sites, struct gcg__site,
               { .kind = GCG__SITE_MACRO,
                 .line = line,
                 .file = heap_string (heap, file),
                 .function = heap_string (heap, function),
                 .expression = heap_string (heap, expression),
                 .type = heap_string (heap, type) });
  return id;
}

uint32_t
heap_stack_site (struct heap *heap, const uint64_t *addresses, uint32_t n)
{
  uint32_t id = heap->sites.n;
  VECTOR_PUSH (&heap->sites, struct gcg__site,
               { .kind = GCG__SITE_STACK, .first_frame = heap->frames.n, .n_frames = n });
  if (n > 0)
    memcpy (vector_add (&heap->frames, n), addresses, n * sizeof *addresses);
  return id;
}

/* A slot of SLOT_BYTES in the last block, if it may go there, or in a new one. */
static void
heap_place (struct heap *heap, uint64_t slot_bytes, uint32_t kind)
{
  const struct gcg__block *blocks = heap->blocks.data;
  const struct gcg__block *last = heap->blocks.n > 0 ? &blocks[heap->blocks.n - 1] : NULL;
  if (!last || last->slot_bytes != slot_bytes || last->kind != kind
      || heap->next_slot >= heap->block_slots)
    {
      VECTOR_PUSH (&heap->blocks, struct gcg__block,
                   { .address = heap->next_address,
                     .slot_bytes = slot_bytes,
                     .first_object = heap->words.n,
                     .kind = kind });
      heap->block_slots = slot_bytes <= HEAP_BLOCK ? HEAP_BLOCK / slot_bytes : 1;
      uint64_t bytes = (slot_bytes + HEAP_BLOCK - 1) / HEAP_BLOCK * HEAP_BLOCK;
      if (__builtin_add_overflow (heap->next_address, bytes, &heap->next_address))
        heap_die ("the address space is full");
      heap->next_slot = 0;
    }
  VECTOR_PUSH (&heap->slots, uint8_t, heap->next_slot++);
}

uint32_t
heap_slot (struct heap *heap, uint64_t bytes, uint64_t slot_bytes, uint32_t kind, uint32_t site)
{
  uint64_t tag = site ? 8 : 0;
  if (slot_bytes == 0 || slot_bytes % 8 != 0 || slot_bytes < tag || bytes > slot_bytes - tag
      || (!site && bytes != slot_bytes) || site >= heap->sites.n)
    heap_die ("heap_slot: no such size or site");
  uint32_t id = heap->words.n;
  heap_place (heap, slot_bytes, kind);
  uint64_t word = 0;
  if (site)
    {
      uint64_t slack = slot_bytes - tag - bytes;
      if (slack >= GCG__SLACK_BIG)
        {
          VECTOR_PUSH (&heap->big_slacks, struct gcg__big, { .index = id, .value = slack });
          slack = GCG__SLACK_BIG;
        }
      word = (uint64_t)GCG__OBJECT_TAGGED << GCG__WORD_FLAG_SHIFT | slack << GCG__WORD_SLACK_SHIFT
             | site;
    }
  VECTOR_PUSH (&heap->words, uint64_t, word);
  VECTOR_PUSH (&heap->slot_bytes, uint64_t, slot_bytes);
  VECTOR_PUSH (&heap->requested, uint64_t, bytes);
  VECTOR_PUSH (&heap->kinds, uint32_t, kind);
  return id;
}

uint32_t
heap_object (struct heap *heap, uint64_t bytes, uint32_t kind, uint32_t site)
{
  uint64_t needed = bytes + (site ? 8 : 0);
  uint64_t slot_bytes = (needed + (needed == 0) + HEAP_GRANULE - 1) / HEAP_GRANULE * HEAP_GRANULE;
  return heap_slot (heap, site ? bytes : slot_bytes, slot_bytes, kind, site);
}

void
heap_skip (struct heap *heap, uint32_t n)
{
  heap->next_slot += n;
}

static uint64_t *
heap_word (struct heap *heap, uint32_t object)
{
  if (object >= heap->words.n)
    heap_die ("no such object");
  return (uint64_t *)heap->words.data + object;
}

void
heap_edge (struct heap *heap, uint32_t from, uint64_t offset, uint32_t to)
{
  heap_edge_at (heap, from, offset, to, GCG__PLACE_START);
}

void
heap_edge_at (struct heap *heap, uint32_t from, uint64_t offset, uint32_t to, uint32_t place)
{
  heap_word (heap, to);
  heap_word (heap, from);
  uint64_t slot_bytes = ((uint64_t *)heap->slot_bytes.data)[from];
  if (offset % 8 != 0 || offset > slot_bytes - 8)
    heap_die ("heap_edge: no word at this offset");
  VECTOR_PUSH (&heap->edges, struct heap_edge,
               { .offset = offset, .from = from, .to = to, .place = place });
  heap->places |= place != GCG__PLACE_START;
}

void
heap_root (struct heap *heap, uint32_t object)
{
  heap_root_at (heap, object, HEAP_STATIC + 8 * heap->roots.n, GCG__PLACE_START);
}

void
heap_root_at (struct heap *heap, uint32_t object, uint64_t address, uint32_t place)
{
  heap_word (heap, object);
  VECTOR_PUSH (&heap->roots, struct gcg__root,
               { .object = object, .region = 0, .address = address });
  VECTOR_PUSH (&heap->root_places, uint8_t, place);
  heap->places |= place != GCG__PLACE_START;
}

void
heap_ignore (struct heap *heap, uint32_t object)
{
  *heap_word (heap, object) |= (uint64_t)GCG__OBJECT_IGNORED << GCG__WORD_FLAG_SHIFT;
}

void
heap_hazard (struct heap *heap, uint32_t object, uint32_t kind, uint64_t address)
{
  heap_word (heap, object);
  VECTOR_PUSH (&heap->hazards, struct gcg__hazard,
               { .object = object, .kind = kind, .address = address });
}

void
heap_hazards_left_out (struct heap *heap, uint64_t n)
{
  heap->hazards_left_out = n;
}

void
heap_malloc (struct heap *heap)
{
  heap->info.flags |= GCG__INFO_MALLOC;
}

void
heap_usage (struct heap *heap, const struct gcg__usage *usage)
{
  VECTOR_PUSH (&heap->usage, struct gcg__usage, *usage);
}

void
heap_rules (struct heap *heap, const char *text)
{
  size_t n = strlen (text) + 1;
  memcpy (vector_add (&heap->rules, n), text, n);
}

void
heap_finalizer (struct heap *heap, uint32_t object, uint32_t mode)
{
  uint64_t *word = heap_word (heap, object);
  uint64_t flag = (uint64_t)GCG__OBJECT_FINALIZER << GCG__WORD_FLAG_SHIFT;
  if (*word & flag)
    heap_die ("heap_finalizer: it has one");
  *word |= flag;
  VECTOR_PUSH (&heap->finalizers, struct gcg__finalizer,
               { .object = object, .mode = mode, .function = UINT64_C (0x555500001000) });
}

void
heap_contents (struct heap *heap, uint32_t object, const void *bytes, uint64_t n)
{
  heap_word (heap, object);
  if (n > gcg__preview_bytes (((uint64_t *)heap->requested.data)[object]))
    heap_die ("heap_contents: more than a preview holds");
  struct heap_content content = { .object = object, .n = (uint32_t)n };
  memcpy (content.bytes, bytes, n);
  VECTOR_PUSH (&heap->contents, struct heap_content, content);
}

/* The previews, when there are contents. */
static void
heap_pack_previews (struct heap *heap)
{
  const uint64_t *requested = heap->requested.data;
  const struct gcg__block *blocks = heap->blocks.data;
  const struct heap_content *contents = heap->contents.data;
  heap->previews.n = heap->preview_starts.n = 0;
  if (heap->contents.n == 0)
    return;
  for (uint64_t i = 0, b = 0; i < heap->words.n; i++)
    {
      if (b < heap->blocks.n && blocks[b].first_object == i)
        {
          b++;
          VECTOR_PUSH (&heap->preview_starts, uint64_t, heap->previews.n);
        }
      uint8_t *to = vector_add (&heap->previews, gcg__preview_bytes (requested[i]));
      for (uint64_t c = 0; c < heap->contents.n; c++)
        if (contents[c].object == i)
          memcpy (to, contents[c].bytes, contents[c].n);
    }
}

void
heap_birth (struct heap *heap, uint32_t object, uint32_t birth)
{
  uint64_t *word = heap_word (heap, object);
  if (!(*word >> GCG__WORD_FLAG_SHIFT & GCG__OBJECT_TAGGED))
    heap_die ("heap_birth: an object without a tag");
  uint64_t mask = (UINT64_C (1) << GCG__WORD_BIRTH_BITS) - 1;
  *word &= ~(mask << GCG__WORD_BIRTH_SHIFT);
  *word |= (birth & mask) << GCG__WORD_BIRTH_SHIFT;
}

void
heap_collection (struct heap *heap, uint32_t number, uint64_t pause_ns, uint64_t live)
{
  heap->pause_ns[number] = pause_ns;
  heap->live[number] = live;
}

static int
heap_compare_edges (const void *a, const void *b)
{
  const struct heap_edge *x = a, *y = b;
  return (x->offset > y->offset) - (x->offset < y->offset);
}

static int
heap_compare_finalizers (const void *a, const void *b)
{
  const struct gcg__finalizer *x = a, *y = b;
  return (x->object > y->object) - (x->object < y->object);
}

static int
heap_compare_hazards (const void *a, const void *b)
{
  const struct gcg__hazard *x = a, *y = b;
  return (x->object > y->object) - (x->object < y->object);
}

/* FIRST[i] ... FIRST[i + 1] - 1 become the edges of object i in SORTED, by offset. */
static void
heap_sort_edges (struct heap *heap)
{
  uint64_t n = heap->words.n;
  heap->first.n = heap->sorted.n = 0;
  uint64_t *first = vector_add (&heap->first, n + 2);
  const struct heap_edge *edges = heap->edges.data;
  struct heap_edge *sorted = vector_add (&heap->sorted, heap->edges.n);
  for (uint64_t e = 0; e < heap->edges.n; e++)
    first[edges[e].from + 2]++;
  for (uint64_t i = 2; i < n + 2; i++)
    first[i] += first[i - 1];
  for (uint64_t e = 0; e < heap->edges.n; e++)
    sorted[first[edges[e].from + 1]++] = edges[e];
  for (uint64_t i = 0; i < n; i++)
    for (uint64_t e = first[i] + 1; e < first[i + 1]; e++)
      if (sorted[e].offset < sorted[e - 1].offset)
        {
          qsort (sorted + first[i], first[i + 1] - first[i], sizeof *sorted, heap_compare_edges);
          break;
        }
}

/* The edge columns from SORTED. */
static void
heap_pack_edges (struct heap *heap)
{
  heap->counts.n = heap->targets.n = heap->steps.n = heap->big_counts.n = heap->big_steps.n = 0;
  heap->edge_places.n = 0;
  heap_sort_edges (heap);
  const uint64_t *first = heap->first.data;
  const struct heap_edge *edges = heap->sorted.data;
  const uint32_t *kinds = heap->kinds.data;
  uint8_t *counts = vector_add (&heap->counts, heap->words.n);
  uint32_t *targets = vector_add (&heap->targets, heap->edges.n);
  uint8_t *steps = vector_add (&heap->steps, heap->edges.n);
  uint8_t *places = vector_add (&heap->edge_places, heap->edges.n);
  for (uint64_t i = 0; i < heap->words.n; i++)
    {
      uint64_t count = first[i + 1] - first[i], word = 0;
      counts[i] = count < GCG__COUNT_BIG ? count : GCG__COUNT_BIG;
      if (count >= GCG__COUNT_BIG)
        VECTOR_PUSH (&heap->big_counts, struct gcg__big, { .index = i, .value = count });
      if (count > 0 && (kinds[i] == GCG__KIND_ATOMIC || kinds[i] == GCG__KIND_ATOMIC_UNCOLLECTABLE))
        heap_die ("an edge out of a pointer-free object");
      for (uint64_t e = first[i]; e < first[i + 1]; e++)
        {
          if (edges[e].offset / 8 < word)
            heap_die ("two edges at one offset");
          uint64_t step = edges[e].offset / 8 - word;
          steps[e] = step < GCG__STEP_BIG ? step : GCG__STEP_BIG;
          if (step >= GCG__STEP_BIG)
            VECTOR_PUSH (&heap->big_steps, struct gcg__big, { .index = e, .value = step });
          targets[e] = edges[e].to;
          places[e] = edges[e].place;
          word = edges[e].offset / 8 + 1;
        }
    }
  struct gcg__block *blocks = heap->blocks.data;
  for (uint64_t b = 0; b < heap->blocks.n; b++)
    blocks[b].first_edge = first[blocks[b].first_object];
}

/* Marks what roots and uncollectable objects reach. */
static void
heap_mark (struct heap *heap)
{
  const uint64_t marked = (uint64_t)GCG__OBJECT_MARKED << GCG__WORD_FLAG_SHIFT;
  const uint64_t *first = heap->first.data;
  const uint32_t *targets = heap->targets.data, *kinds = heap->kinds.data;
  const struct gcg__root *roots = heap->roots.data;
  uint64_t *words = heap->words.data, n = heap->words.n;
  uint32_t *stack = malloc ((n + 1) * sizeof *stack);
  uint64_t depth = 0;
  if (!stack)
    heap_die ("out of memory");
  for (uint64_t i = 0; i < n; i++)
    {
      words[i] &= ~marked;
      if (kinds[i] == GCG__KIND_UNCOLLECTABLE || kinds[i] == GCG__KIND_ATOMIC_UNCOLLECTABLE)
        {
          words[i] |= marked;
          stack[depth++] = i;
        }
    }
  for (uint64_t r = 0; r < heap->roots.n; r++)
    if (!(words[roots[r].object] & marked))
      {
        words[roots[r].object] |= marked;
        stack[depth++] = roots[r].object;
      }
  while (depth > 0)
    {
      uint32_t object = stack[--depth];
      for (uint64_t e = first[object]; e < first[object + 1]; e++)
        if (!(words[targets[e]] & marked))
          {
            words[targets[e]] |= marked;
            stack[depth++] = targets[e];
          }
    }
  free (stack);
}

static void
heap_finish (struct heap *heap)
{
  heap_pack_edges (heap);
  heap_mark (heap);
  heap_pack_previews (heap);
  if (heap->finalizers.n > 0)
    qsort (heap->finalizers.data, heap->finalizers.n, sizeof (struct gcg__finalizer),
           heap_compare_finalizers);
  if (heap->hazards.n > 1)
    qsort (heap->hazards.data, heap->hazards.n, sizeof (struct gcg__hazard), heap_compare_hazards);
  if (heap->hazards_left_out > 0)
    VECTOR_PUSH (&heap->hazards, struct gcg__hazard,
                 { .kind = GCG__HAZARD_REST, .address = heap->hazards_left_out });
  heap->hazards_left_out = 0;
  const uint64_t *slot_bytes = heap->slot_bytes.data;
  uint64_t used = 0;
  for (uint64_t i = 0; i < heap->words.n; i++)
    used += slot_bytes[i];
  heap->info.heap_low = HEAP_LOW;
  heap->info.heap_high = heap->next_address;
  heap->info.heap_bytes = heap->info.from_os_bytes = heap->next_address - HEAP_LOW;
  heap->info.allocated_bytes = used;
  heap->info.free_bytes = used < heap->info.heap_bytes ? heap->info.heap_bytes - used : 0;
}

int
heap_write (struct heap *heap)
{
  heap_finish (heap);
  const struct gcg__module module = { .base = HEAP_STATIC & ~UINT64_C (0xffff),
                                      .low = HEAP_STATIC & ~UINT64_C (0xffff),
                                      .high = HEAP_STATIC + 8 * heap->roots.n + 4096,
                                      .path = heap->info.program };
  const struct gcg__region region
      = { .kind = GCG__REGION_STATIC, .low = HEAP_STATIC, .high = HEAP_STATIC + 8 * heap->roots.n };
  const struct gcg__thread thread = { .tid = 4711,
                                      .flags = GCG__THREAD_STOPPED | GCG__THREAD_COLLECTING,
                                      .state = 'R',
                                      .name = heap->thread_name };
  const struct gcg__statistics statistics
      = { .smaps = heap->smaps,
          .flags = GCG__SETTING_ALL_INTERIOR | GCG__SETTING_DONT_PRECOLLECT,
          .heap_bytes = heap->info.heap_bytes,
          .free_bytes = heap->info.free_bytes,
          .collections = OWN_COLLECTION,
          .markers = 1,
          .freed_since_gc_bytes = 4096,
          .free_space_divisor = 3,
          .full_freq = 19,
          .time_limit_ns = UINT64_MAX,
          .suspend_signal = 30,
          .restart_signal = 24,
          .warn_proc = UINT64_C (0x555500001000) };
  const uint64_t stack[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
  const struct gcg__stack_piece piece = { .low = HEAP_STATIC - 4096, .n = 8 };
  struct gcg__collection collections[OWN_COLLECTION];
  uint64_t live[OWN_COLLECTION], any_live = 0, n_collections = 0;
  for (uint32_t i = 1; i <= OWN_COLLECTION; i++)
    if (heap->pause_ns[i] > 0)
      {
        any_live |= live[n_collections] = heap->live[i];
        collections[n_collections++]
            = (struct gcg__collection){ i,
                                        UINT64_C (4299000000) + i * UINT64_C (100000000),
                                        heap->info.stop_ns,
                                        heap->info.mark_ns,
                                        heap->pause_ns[i],
                                        heap->info.heap_bytes,
                                        heap->info.free_bytes };
      }
#define HEAP_ONE(name, one)       [GCG__SECTION_##name - 1] = { &(one), 1 }
#define HEAP_VECTOR(name, vector) [GCG__SECTION_##name - 1] = { heap->vector.data, heap->vector.n }
  uint64_t n_edge_places = heap->places ? heap->edge_places.n : 0;
  uint64_t n_root_places = heap->places ? heap->root_places.n : 0;
  const struct gcg__column columns[GCG__N_SECTIONS] = {
    HEAP_ONE (INFO, heap->info),
    HEAP_VECTOR (STRINGS, strings),
    HEAP_ONE (MODULES, module),
    HEAP_VECTOR (SITES, sites),
    HEAP_VECTOR (FRAMES, frames),
    HEAP_ONE (THREADS, thread),
    HEAP_ONE (REGIONS, region),
    HEAP_VECTOR (ROOTS, roots),
    HEAP_VECTOR (BLOCKS, blocks),
    HEAP_VECTOR (SLOTS, slots),
    HEAP_VECTOR (WORDS, words),
    HEAP_VECTOR (EDGE_COUNTS, counts),
    HEAP_VECTOR (EDGE_TARGETS, targets),
    HEAP_VECTOR (EDGE_STEPS, steps),
    HEAP_VECTOR (BIG_SLACKS, big_slacks),
    HEAP_VECTOR (BIG_COUNTS, big_counts),
    HEAP_VECTOR (BIG_STEPS, big_steps),
    [GCG__SECTION_COLLECTIONS - 1] = { collections, n_collections },
    HEAP_VECTOR (FINALIZERS, finalizers),
    HEAP_ONE (STACK_PIECES, piece),
    [GCG__SECTION_STACKS - 1] = { stack, 8 },
    HEAP_VECTOR (PREVIEWS, previews),
    HEAP_VECTOR (PREVIEW_STARTS, preview_starts),
    HEAP_ONE (STATISTICS, statistics),
    [GCG__SECTION_EDGE_PLACES - 1] = { heap->edge_places.data, n_edge_places },
    [GCG__SECTION_ROOT_PLACES - 1] = { heap->root_places.data, n_root_places },
    HEAP_VECTOR (HAZARDS, hazards),
    HEAP_VECTOR (USAGE, usage),
    HEAP_VECTOR (RULES, rules),
    [GCG__SECTION_LIVE - 1] = { live, any_live ? n_collections : 0 },
  };
#undef HEAP_ONE
#undef HEAP_VECTOR
  int fd = memfd_create ("heap", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0 || gcg__snapshot_write (fd, columns) != GCG_OK
      || fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
    heap_die ("cannot write");
  return fd;
}

struct gcg__snapshot *
heap_snapshot (struct heap *heap)
{
  struct gcg__snapshot *snapshot;
  struct gcg_error error;
  int fd = heap_write (heap);
  if (gcg__snapshot_open_fd (fd, "heap", &snapshot, &error) != GCG_OK)
    heap_die (error.text);
  close (fd);
  return snapshot;
}
