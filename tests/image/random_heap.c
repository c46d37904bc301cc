/* random_heap.c -- see random_heap.h. */
#include "config.h"

#include "tests/image/random_heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE UINT64_C (4096)
#define BASE UINT64_C (0x7f0000000000)

static uint64_t
next (uint64_t *state)
{
  uint64_t z = *state += UINT64_C (0x9E3779B97F4A7C15);
  z = (z ^ z >> 30) * UINT64_C (0xBF58476D1CE4E5B9);
  z = (z ^ z >> 27) * UINT64_C (0x94D049BB133111EB);
  return z ^ z >> 31;
}

static uint64_t
below (uint64_t *state, uint64_t n)
{
  return next (state) % n;
}

static void *
take (struct random_heap *heap, size_t n, size_t bytes)
{
  void *memory = calloc (n + 1, bytes);
  if (!memory)
    abort ();
  heap->owned[heap->n_owned++] = memory;
  return memory;
}

/* Where slot I of the heap stands, by object. */
static uint64_t
base_of (const struct gcg__heap_columns *columns, size_t object)
{
  size_t b = 0;
  while (b + 1 < columns->n_blocks && columns->blocks[b + 1].first_object <= object)
    b++;
  return columns->blocks[b].address + columns->slots[object] * columns->blocks[b].slot_bytes;
}

static const struct gcg__block *
block_of (const struct gcg__heap_columns *columns, size_t object)
{
  size_t b = 0;
  while (b + 1 < columns->n_blocks && columns->blocks[b + 1].first_object <= object)
    b++;
  return &columns->blocks[b];
}

/* Adds a block of chance at *AT, which moves behind it. */
static void
make_block (struct random_heap *heap, uint64_t *state, uint64_t *at, uint64_t most_large)
{
  struct gcg__heap_columns *columns = &heap->columns;
  struct gcg__block *block = (struct gcg__block *)&columns->blocks[columns->n_blocks++];
  uint8_t *slots = (uint8_t *)columns->slots;
  uint64_t what = below (state, 16), n_slots = 1;
  static const uint32_t kinds[] = { GCG__KIND_NORMAL, GCG__KIND_NORMAL, GCG__KIND_NORMAL,
                                    GCG__KIND_UNCOLLECTABLE, GCG__KIND_ATOMIC };

  block->first_object = (uint32_t)columns->n_objects;
  block->kind = kinds[below (state, 5)];
  if (what < 12)
    {
      *at = (*at + PAGE - 1) & -PAGE;
      if (below (state, 8) == 0)
        *at += PAGE * (1 + below (state, 3000));
      block->slot_bytes = 16 * (1 + below (state, below (state, 4) ? 8 : 128));
      n_slots = PAGE / block->slot_bytes;
    }
  else if (what == 12)
    {
      *at = (*at + PAGE - 1) & -PAGE;
      block->slot_bytes = 8 * (257 + below (state, most_large / 8));
    }
  else
    {
      *at += 8 * below (state, 64);
      block->slot_bytes = 8 * (1 + below (state, 64));
    }
  block->address = *at;
  uint64_t density = below (state, 3);
  for (uint64_t slot = 0; slot < n_slots; slot++)
    if (n_slots == 1 || density == 0 || below (state, density * 4) == 0)
      slots[columns->n_objects++] = (uint8_t)slot;
  if (columns->n_objects == block->first_object)
    slots[columns->n_objects++] = (uint8_t)below (state, n_slots);
  *at += n_slots * block->slot_bytes;
}

/* The words of the objects: tags, slacks. */
static void
make_words (struct random_heap *heap, uint64_t *state)
{
  struct gcg__heap_columns *columns = &heap->columns;
  uint64_t *words = take (heap, columns->n_objects, sizeof *words);
  struct gcg__big *bigs = take (heap, columns->n_objects, sizeof *bigs);

  for (size_t i = 0; i < columns->n_objects; i++)
    {
      uint64_t bytes = block_of (columns, i)->slot_bytes, flags = 0, slack = 0;
      if (below (state, 2))
        flags |= GCG__OBJECT_MARKED;
      if (below (state, 4))
        {
          flags |= GCG__OBJECT_TAGGED;
          slack = below (state, 3) ? 0 : below (state, bytes - 7);
          if (slack >= GCG__SLACK_BIG)
            {
              bigs[columns->n_big_slacks++] = (struct gcg__big){ i, slack };
              slack = GCG__SLACK_BIG;
            }
        }
      words[i] = flags << GCG__WORD_FLAG_SHIFT | slack << GCG__WORD_SLACK_SHIFT;
    }
  columns->words = words;
  columns->big_slacks = bigs;
}

/* A word of chance. */
static uint64_t
make_word (const struct random_heap *heap, uint64_t *state, const uint64_t *bases)
{
  size_t object = below (state, heap->columns.n_objects);
  uint64_t bytes = block_of (&heap->columns, object)->slot_bytes;

  switch (below (state, 8))
    {
    case 0:
      return bases[object] + below (state, bytes);
    case 1:
      return bases[object] + bytes - below (state, 17);
    case 2:
      return next (state);
    case 3:
      return bases[object] - 1 - below (state, 64);
    case 4:
      return 0;
    default:
      return bases[object];
    }
}

/* Fills BYTES[N]: some parts with few pointers, some with many, some of them not aligned. */
static void
make_contents (const struct random_heap *heap, uint64_t *state, const uint64_t *bases,
               uint8_t *bytes, uint64_t n)
{
  uint64_t left = 0, every = 1;

  for (uint64_t at = 0; at + 8 <= n; at += 8)
    {
      if (left-- == 0)
        {
          left = below (state, 3000);
          every = 1 + below (state, 4) * below (state, 600);
        }
      if (below (state, every) != 0)
        continue;
      uint64_t word = make_word (heap, state, bases);
      uint64_t odd = below (state, 16) == 0 ? below (state, 8) : 0;
      if (at + odd + 8 <= n)
        memcpy (bytes + at + odd, &word, sizeof word);
    }
}

/* The mappings of [LOW, HIGH): some pages may not be read, or not be written. */
static size_t
make_maps (uint64_t *state, uint64_t low, uint64_t high, bool all, char *text, size_t at)
{
  for (uint64_t end; low < high; low = end)
    {
      uint64_t what = all ? 9 : below (state, 10);
      end = low + PAGE * (1 + below (state, what < 2 ? 2 : 500));
      end = end < high ? end : high;
      at += (size_t)sprintf (text + at, "%llx-%llx %s 00000000 00:00 0 \n", (unsigned long long)low,
                             (unsigned long long)end,
                             what == 0   ? "---p"
                             : what == 1 ? "r--p"
                                         : "rw-p");
    }
  return at;
}

static void
make_rules (struct random_heap *heap, uint64_t *state, uint64_t low, uint64_t high)
{
  uint64_t *cleared = take (heap, 64, sizeof *cleared), *displacements;

  heap->rules = (struct gcg__heap_rules){ .interior = below (state, 2),
                                          .requested = below (state, 2),
                                          .unaligned = below (state, 4) == 0,
                                          .marked_only = below (state, 2),
                                          .read_only = below (state, 2) };
  if (below (state, 2))
    {
      heap->rules.displacements = displacements
          = take (heap, GCG__HEAP_DISPLACEMENTS / 64, sizeof *displacements);
      displacements[0] = 0x0101;
    }
  if (below (state, 2))
    {
      heap->rules.cleared = cleared;
      for (uint64_t at = low; at < high && heap->rules.n_cleared < 64;
           at += 8 * (1 + below (state, (high - low) / 256)))
        cleared[heap->rules.n_cleared++] = at;
    }
}

static void
make_areas (struct random_heap *heap, uint64_t *state, const uint64_t *bases, uint64_t low)
{
  uint64_t bytes = PAGE * (300 + below (state, 300)), at = low;
  uint8_t *contents = take (heap, bytes, 1);
  uint64_t *registers = take (heap, 32, sizeof *registers);
  struct gcg__memory_buffer *buffers = (struct gcg__memory_buffer *)heap->memory.items;

  make_contents (heap, state, bases, contents, bytes);
  buffers[heap->memory.n++] = (struct gcg__memory_buffer){ low, contents, bytes };
  for (int i = 0; i < 32; i++)
    registers[i] = make_word (heap, state, bases);
  heap->areas = take (heap, 32, sizeof *heap->areas);
  for (uint32_t i = 0; i < 30 && at < low + bytes; i++)
    {
      uint64_t end = at + below (state, below (state, 3) ? 2000 : bytes);
      end = end < low + bytes ? end : low + bytes;
      heap->areas[heap->n_areas++]
          = (struct gcg__root_area){ GCG__REGION_STATIC, i, at, end, NULL, 0 };
      at = end;
    }
  heap->areas[heap->n_areas++]
      = (struct gcg__root_area){ GCG__REGION_REGISTERS, 3, 1, 33, registers, 0 };
}

void
random_heap_make (struct random_heap *heap, uint64_t seed, size_t n_blocks, uint64_t most_large)
{
  uint64_t state = seed, at = BASE, low, high, *bases;
  char *text;

  memset (heap, 0, sizeof *heap);
  heap->columns.blocks = take (heap, n_blocks, sizeof *heap->columns.blocks);
  heap->columns.slots = take (heap, n_blocks * 256, 1);
  for (size_t i = 0; i < n_blocks; i++)
    make_block (heap, &state, &at, most_large);
  make_words (heap, &state);
  bases = take (heap, heap->columns.n_objects, sizeof *bases);
  for (size_t i = 0; i < heap->columns.n_objects; i++)
    bases[i] = base_of (&heap->columns, i);
  low = BASE & -PAGE;
  high = (at + PAGE - 1) & -PAGE;
  uint8_t *contents = take (heap, high - low, 1);
  for (size_t i = 0; i < n_blocks; i++)
    {
      const struct gcg__block *block = &heap->columns.blocks[i];
      uint64_t end = i + 1 < n_blocks ? heap->columns.blocks[i + 1].address : high;
      end = end - block->address > block->slot_bytes + PAGE
                ? block->address + block->slot_bytes + PAGE
                : end;
      make_contents (heap, &state, bases, contents + (block->address - low), end - block->address);
    }
  struct gcg__memory_buffer *buffers = take (heap, 3, sizeof *buffers);
  heap->memory.items = buffers;
  buffers[heap->memory.n++] = (struct gcg__memory_buffer){ low, contents, high - low };
  make_rules (heap, &state, low, high);
  make_areas (heap, &state, bases, high + 16 * PAGE);
  if (below (&state, 2))
    {
      uint64_t *ends = take (heap, n_blocks, sizeof *ends);
      for (size_t i = 0; i < n_blocks; i++)
        ends[i] = heap->columns.blocks[i].address
                  + 8 * below (&state, below (&state, 4) ? 1 << 20 : 500);
      heap->columns.readable_ends = ends;
    }
  if (below (&state, 4) == 0)
    return; /* no mappings are known */
  text = take (heap, (high - low) / PAGE * 64 + 100000, 1);
  size_t n = make_maps (&state, low, high, below (&state, 2), text, 0);
  const struct gcg__memory_buffer *roots = &heap->memory.items[1];
  n = make_maps (&state, roots->address, roots->address + roots->n, false, text, n);
  if (gcg__vmas_parse (text, n, &heap->vmas, NULL) != GCG_OK)
    abort ();
}

void
random_heap_free (struct random_heap *heap)
{
  for (size_t i = 0; i < heap->n_owned; i++)
    free (heap->owned[i]);
  gcg__vmas_fini (&heap->vmas);
}

/* --- The oracle. */

static uint64_t
slack_of (const struct gcg__heap_columns *columns, size_t object)
{
  uint64_t slack = columns->words[object] >> GCG__WORD_SLACK_SHIFT & 255;

  for (size_t j = 0; slack == 255 && j < columns->n_big_slacks; j++)
    if (columns->big_slacks[j].index == object)
      slack = columns->big_slacks[j].value;
  return slack;
}

/* The bytes at ADDRESS, or NULL. */
static const uint8_t *
bytes_at (const struct random_heap *heap, uint64_t address)
{
  for (size_t i = 0; i < heap->memory.n; i++)
    {
      const struct gcg__memory_buffer *buffer = &heap->memory.items[i];
      if (address >= buffer->address && address - buffer->address + 8 <= buffer->n)
        return (const uint8_t *)buffer->bytes + (address - buffer->address);
    }
  return NULL;
}

static bool
oracle_resolve (const struct random_heap *heap, const uint64_t *bases, uint64_t word,
                bool from_heap, struct gcg__heap_hit *hit)
{
  const struct gcg__heap_columns *columns = &heap->columns;

  for (size_t b = 0; b < columns->n_blocks; b++)
    {
      const struct gcg__block *block = &columns->blocks[b];
      size_t end
          = b + 1 < columns->n_blocks ? columns->blocks[b + 1].first_object : columns->n_objects;
      if (word < block->address || word >= block->address + 256 * block->slot_bytes)
        continue;
      for (size_t i = block->first_object; i < end; i++)
        {
          uint64_t distance = word - bases[i], requested = block->slot_bytes;
          if (word < bases[i] || distance >= block->slot_bytes)
            continue;
          const uint64_t *displacements = heap->rules.displacements;
          bool displaced = displacements && distance < 4096
                           && displacements[distance / 64] >> distance % 64 & 1;
          if (from_heap && !heap->rules.interior && distance != 0 && !displaced)
            return false;
          hit->object = (uint32_t)i;
          hit->place = GCG__PLACE_START;
          if (!heap->rules.requested || distance == 0)
            return true;
          if (columns->words[i] >> GCG__WORD_FLAG_SHIFT & GCG__OBJECT_TAGGED)
            requested -= 8 + slack_of (columns, i);
          hit->place = distance < requested ? GCG__PLACE_INSIDE : GCG__PLACE_PAST;
          return distance <= requested;
        }
    }
  return false;
}

/* Does the word at AT, or one that begins behind it, up to END, lead to an object? */
static bool
oracle_word (const struct random_heap *heap, const uint64_t *bases, uint64_t at, uint64_t end,
             bool from_heap, struct gcg__heap_hit *hit)
{
  for (uint64_t odd = 0; odd < (heap->rules.unaligned ? 8 : 1); odd++)
    {
      uint64_t word;
      bool cleared = false;
      if (at + odd + 8 > end || !bytes_at (heap, at + odd))
        return false;
      memcpy (&word, bytes_at (heap, at + odd), sizeof word);
      for (size_t i = 0; from_heap && odd == 0 && i < heap->rules.n_cleared; i++)
        cleared = cleared || heap->rules.cleared[i] == at;
      if (!cleared && oracle_resolve (heap, bases, word, from_heap, hit))
        return true;
    }
  return false;
}

static uint64_t *
all_bases (const struct random_heap *heap)
{
  uint64_t *bases = calloc (heap->columns.n_objects + 1, sizeof *bases);
  if (!bases)
    abort ();
  for (size_t i = 0; i < heap->columns.n_objects; i++)
    bases[i] = base_of (&heap->columns, i);
  return bases;
}

static bool
may_read (const struct random_heap *heap, uint64_t at)
{
  const struct gcg__vma *vma = gcg__vmas_find (&heap->vmas, at);
  return heap->vmas.n == 0 || (vma && vma->is_readable);
}

static void
append_big (struct gcg__big **items, size_t *n, uint64_t index, uint64_t value)
{
  *items = realloc (*items, (*n + 1) * sizeof **items);
  if (!*items)
    abort ();
  (*items)[(*n)++] = (struct gcg__big){ index, value };
}

void
oracle_edges (const struct random_heap *heap, struct gcg__edges *edges)
{
  const struct gcg__heap_columns *columns = &heap->columns;
  uint64_t *bases = all_bases (heap);
  size_t room = 1 << 22;

  *edges = (struct gcg__edges){ .first_edges = calloc (columns->n_blocks + 1, 8),
                                .counts = calloc (columns->n_objects + 1, 1),
                                .targets = malloc (room * 4),
                                .steps = malloc (room),
                                .places = malloc (room) };
  for (size_t i = 0; i < columns->n_objects; i++)
    {
      const struct gcg__block *block = block_of (columns, i);
      size_t b = (size_t)(block - columns->blocks), first = edges->n;
      uint64_t end = bases[i] + block->slot_bytes, expected = bases[i];
      struct gcg__heap_hit hit;
      if (block->first_object == i)
        edges->first_edges[b] = edges->n;
      if (columns->words[i] >> GCG__WORD_FLAG_SHIFT & GCG__OBJECT_TAGGED)
        end -= 8 + (heap->rules.requested ? slack_of (columns, i) : 0);
      if (columns->readable_ends && columns->readable_ends[b] < end)
        end = columns->readable_ends[b];
      for (uint64_t at = bases[i]; block->kind != GCG__KIND_ATOMIC && at + 8 <= end; at += 8)
        {
          if (!may_read (heap, at) || !oracle_word (heap, bases, at, end, true, &hit))
            continue;
          uint64_t step = (at - expected) / 8;
          expected = at + 8;
          if (step >= 255)
            append_big (&edges->big_steps, &edges->n_big_steps, edges->n, step);
          if (edges->n == room)
            abort ();
          edges->targets[edges->n] = hit.object;
          edges->places[edges->n] = hit.place;
          edges->steps[edges->n++] = step < 255 ? (uint8_t)step : 255;
        }
      size_t count = edges->n - first;
      if (count >= 255)
        append_big (&edges->big_counts, &edges->n_big_counts, i, count);
      edges->counts[i] = count < 255 ? (uint8_t)count : 255;
    }
  free (bases);
}

void
oracle_roots (const struct random_heap *heap, struct gcg__roots *roots)
{
  uint64_t *bases = all_bases (heap);
  size_t room = 1 << 20;

  *roots = (struct gcg__roots){ .regions = malloc (room * sizeof *roots->regions),
                                .roots = malloc (room * sizeof *roots->roots),
                                .places = malloc (room) };
  for (size_t i = 0; i < heap->n_areas; i++)
    {
      const struct gcg__root_area *area = &heap->areas[i];
      for (uint64_t low = area->low, high; low < area->high; low = high)
        {
          const struct gcg__vma *vma = gcg__vmas_find (&heap->vmas, low);
          bool counts = area->values || heap->vmas.n == 0
                        || (vma && vma->is_readable && (vma->is_writable || heap->rules.read_only));
          high = area->values || !vma || vma->high > area->high ? area->high : vma->high;
          if (!counts)
            continue;
          roots->regions[roots->n_regions++]
              = (struct gcg__region){ area->kind, area->index, low, high };
          for (uint64_t at = area->values ? low : (low + 7) & ~UINT64_C (7); at < high;
               at += area->values ? 1 : 8)
            {
              struct gcg__heap_hit hit;
              if (area->values
                      ? !oracle_resolve (heap, bases, area->values[at - area->low], false, &hit)
                      : !oracle_word (heap, bases, at, high, false, &hit))
                continue;
              if (heap->rules.marked_only
                  && !(heap->columns.words[hit.object] >> GCG__WORD_FLAG_SHIFT
                       & GCG__OBJECT_MARKED))
                continue;
              roots->places[roots->n] = hit.place;
              roots->roots[roots->n++]
                  = (struct gcg__root){ hit.object, (uint32_t)roots->n_regions - 1, at };
            }
        }
    }
  free (bases);
}

static bool
same (const char *name, const void *a, const void *b, size_t n_a, size_t n_b, size_t bytes)
{
  if (n_a != n_b)
    printf ("# %s: %zu and %zu\n", name, n_a, n_b);
  for (size_t i = 0; i < n_a && i < n_b; i++)
    if (memcmp ((const char *)a + i * bytes, (const char *)b + i * bytes, bytes) != 0)
      {
        printf ("# %s: element %zu of %zu differs\n", name, i, n_a);
        return false;
      }
  return n_a == n_b;
}

bool
same_edges (const struct random_heap *heap, const struct gcg__edges *a, const struct gcg__edges *b)
{
  size_t n_objects = heap->columns.n_objects, n_blocks = heap->columns.n_blocks;

  return same ("counts", a->counts, b->counts, n_objects, n_objects, 1)
         && same ("targets", a->targets, b->targets, a->n, b->n, 4)
         && same ("steps", a->steps, b->steps, a->n, b->n, 1)
         && same ("first edges", a->first_edges, b->first_edges, n_blocks, n_blocks, 8)
         && (!heap->rules.requested || same ("places", a->places, b->places, a->n, b->n, 1))
         && same ("big counts", a->big_counts, b->big_counts, a->n_big_counts, b->n_big_counts,
                  sizeof *a->big_counts)
         && same ("big steps", a->big_steps, b->big_steps, a->n_big_steps, b->n_big_steps,
                  sizeof *a->big_steps);
}

bool
same_roots (const struct gcg__roots *a, const struct gcg__roots *b)
{
  return same ("regions", a->regions, b->regions, a->n_regions, b->n_regions, sizeof *a->regions)
         && same ("roots", a->roots, b->roots, a->n, b->n, sizeof *a->roots)
         && (!a->places || same ("root places", a->places, b->places, a->n, b->n, 1));
}
