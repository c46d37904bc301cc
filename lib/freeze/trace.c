/* trace.c -- see trace.h.
 *
 * The queue is a stack of objects that are to be looked through, so it holds no more than are found
 * at a time.  Memory is where the time goes: an object that leaves the stack, and a word that is
 * read, wait in a short line each while what is needed of them is fetched.  The root walk runs
 * twice, here and for the snapshot: here an object has no number yet.
 *
 * libgc's own data hold what it keeps for itself and for the program: threads with their results,
 * tables of finalizers, objects whose finalizers are due, toggle references.  From there only slots
 * of the two ordinary kinds without a tag are reached directly, for those are libgc's: its other
 * words are left over, and addresses of blocks.
 */
#include "trace.h"

#include "collector.h"
#include "gc_calls.h"
#include "gc_module.h"
#include "heapwalk.h"
#include "rootwalk.h"
#include "shapes.h"

#define AHEAD 16u

/* A line: first in, first out. */
struct line
{
  uint64_t items[AHEAD];
  uint32_t first, n;
};

static inline void
line_put (struct line *line, uint64_t item)
{
  line->items[(line->first + line->n++) % AHEAD] = item;
}

static inline uint64_t
line_take (struct line *line)
{
  uint64_t item = line->items[line->first];

  line->first = (line->first + 1) % AHEAD;
  line->n--;
  return item;
}

/* The slot that WORD leads to, as candidates are resolved; false: none. */
static inline bool
find_slot_stopped (struct gcg__freeze *freeze, uint64_t word, bool from_heap,
                   struct heap_block **block, uint32_t *slot)
{
  uint64_t distance;

  *block = block_at_stopped (freeze, word);
  return *block && slot_at_stopped (*block, word, slot, &distance)
         && ((*block)->objects[*slot / 64] >> *slot % 64 & 1)
         && (!from_heap || freeze->interior || gcg__collector_has_displacement (distance));
}

/* SLOT of BLOCK is reached. */
static inline void
reach_stopped (struct gcg__freeze *freeze, struct heap_block *block, uint32_t slot)
{
  struct heap_block_rest *rest = rest_of_stopped (freeze, block);
  uint64_t bit = UINT64_C (1) << slot % 64, base = block->address + slot * block->slot_bytes;

  if (rest->reached[slot / 64] & bit)
    return;
  rest->reached[slot / 64] |= bit;
  if (rest->kind != GCG__KIND_ATOMIC && rest->kind != GCG__KIND_ATOMIC_UNCOLLECTABLE)
    COLUMN_PUSH (&freeze->queue, uint64_t, base, &freeze->error);
}

void
gcg__trace_word_stopped (struct gcg__freeze *freeze, uint64_t word)
{
  struct heap_block *block;
  uint32_t slot;

  if (find_slot_stopped (freeze, word, false, &block, &slot))
    reach_stopped (freeze, block, slot);
}

bool
gcg__trace_reached_stopped (struct gcg__freeze *freeze, uint64_t base)
{
  struct heap_block *block = block_at_stopped (freeze, base);
  uint64_t distance;
  uint32_t slot;

  return block && slot_at_stopped (block, base, &slot, &distance)
         && (rest_of_stopped (freeze, block)->reached[slot / 64] >> slot % 64 & 1);
}

/* What the word that was read first of those in the line leads to is reached. */
static inline void
follow_stopped (struct gcg__freeze *freeze, struct line *words)
{
  uint64_t word = line_take (words);
  struct heap_block *block;
  uint32_t slot;

  if (find_slot_stopped (freeze, word, true, &block, &slot))
    reach_stopped (freeze, block, slot);
}

/* The word at AT of an object. */
static inline void
heap_word_stopped (struct gcg__freeze *freeze, struct line *words, uint64_t at)
{
  uint64_t word = *(const uint64_t *)(uintptr_t)at;
  struct heap_block *block = block_at_stopped (freeze, word);

  if (!block)
    return;
  __builtin_prefetch (block);
  __builtin_prefetch (rest_of_stopped (freeze, block)->reached, 1);
  if (words->n == AHEAD)
    follow_stopped (freeze, words);
  line_put (words, word);
}

/* The words of [BASE, END) that MAP, a bitmap as libgc's descriptors have it, says are pointers:
   the highest bit is for the first word, the two lowest are for none. */
static void
typed_stopped (struct gcg__freeze *freeze, struct line *words, uint64_t base, uint64_t end,
               uint64_t map)
{
  for (uint64_t at = base; map > GC_DS_TAGS && at + 8 <= end; at += 8, map <<= 1)
    if (map >> 63)
      heap_word_stopped (freeze, words, at);
}

/* The words of the object at BASE. */
static void
object_stopped (struct gcg__freeze *freeze, struct line *words, uint64_t base)
{
  struct heap_block *block = block_at_stopped (freeze, base);
  const struct heap_block_rest *rest = rest_of_stopped (freeze, block);
  const uint64_t *tag = gcg__slot_tag_stopped (freeze, block, rest, base);
  uint64_t end = base + block->slot_bytes;

  if (block->n_slots == 1 && rest->readable_end < end)
    end = rest->readable_end;
  else if (tag)
    end -= 8;
  /* Its descriptor is behind the tag of a typed object. */
  if (tag && (uintptr_t)tag + 8 == end && (tag[1] & GC_DS_TAGS) == GC_DS_BITMAP)
    {
      typed_stopped (freeze, words, base, end, tag[1] & ~(uint64_t)GC_DS_TAGS);
      return;
    }
  for (uint64_t at = base; at + 8 <= end; at += 8)
    heap_word_stopped (freeze, words, at);
}

/* Reaches all that the objects in the queue lead to. */
static void
spread_stopped (struct gcg__freeze *freeze)
{
  struct line objects = { .n = 0 }, words = { .n = 0 };

  while ((freeze->queue.n || objects.n || words.n) && !freeze->error)
    if (freeze->queue.n && objects.n < AHEAD)
      {
        uint64_t base = ((const uint64_t *)freeze->queue.data)[--freeze->queue.n];
        __builtin_prefetch ((const void *)(uintptr_t)base);
        line_put (&objects, base);
      }
    else if (objects.n)
      object_stopped (freeze, &words, line_take (&objects));
    else
      follow_stopped (freeze, &words);
}

/* Every slot that has not been taken; of blocks that are never collected those in use are
   reached. */
static void
candidates_stopped (struct gcg__freeze *freeze)
{
  struct heap_block *blocks = freeze->blocks.data;

  for (uint64_t i = 0; i < freeze->blocks.n; i++)
    {
      const struct heap_block_rest *rest = rest_of_stopped (freeze, &blocks[i]);
      bool kept
          = rest->kind == GCG__KIND_UNCOLLECTABLE || rest->kind == GCG__KIND_ATOMIC_UNCOLLECTABLE;
      for (uint32_t slot = 0; slot < blocks[i].n_slots; slot++)
        {
          uint64_t base = blocks[i].address + slot * blocks[i].slot_bytes;
          if (rest->taken[slot / 64] >> slot % 64 & 1)
            continue;
          blocks[i].objects[slot / 64] |= UINT64_C (1) << slot % 64;
          if (kept && GC_is_marked ((void *)(uintptr_t)base))
            reach_stopped (freeze, &blocks[i], slot);
        }
    }
}

/* May WORD of libgc's data, which leads to SLOT of BLOCK, be meant?  Addresses of blocks stand
   there, too, whatever is at their beginning. */
static bool
is_meant_stopped (struct gcg__freeze *freeze, const struct heap_block *block, uint32_t slot)
{
  const struct heap_block_rest *rest = rest_of_stopped (freeze, block);
  uint64_t base = block->address + slot * block->slot_bytes;
  bool any = slot > 0 || block->n_slots == 1;

  if (rest->kind > GCG__KIND_NORMAL || gcg__slot_tag_stopped (freeze, block, rest, base))
    return false;
  for (uint64_t at = base + 8; at < base + block->slot_bytes && !any; at += 8)
    any = *(const uint64_t *)(uintptr_t)at && rest->kind == GCG__KIND_NORMAL;
  return any;
}

/* WORD of libgc's data. */
static void
own_word_stopped (struct gcg__freeze *freeze, uint64_t word)
{
  struct heap_block *block;
  uint32_t slot;

  if (find_slot_stopped (freeze, word, false, &block, &slot)
      && is_meant_stopped (freeze, block, slot))
    reach_stopped (freeze, block, slot);
}

static void
own_data_stopped (struct gcg__freeze *freeze)
{
  const struct gcg__range *range = freeze->own.data;
  uint64_t low, high;

  for (uint32_t i = 0; gcg__gc_module_data (i, &low, &high); i++)
    for (uint64_t at = low; at + 8 <= high; at += 8)
      own_word_stopped (freeze, *(const uint64_t *)(uintptr_t)at);
  /* Threads are taken already. */
  for (uint64_t i = 0; i < freeze->own.n; i++)
    for (uint64_t at = range[i].low; at + 8 <= range[i].high; at += 8)
      gcg__trace_word_stopped (freeze, *(const uint64_t *)(uintptr_t)at);
}

void
gcg__trace_toggled_stopped (struct gcg__freeze *freeze, const uint64_t *references, uint64_t n)
{
  candidates_stopped (freeze);
  for (uint64_t i = 0; i < n; i++)
    if (!is_weak_toggle (references[i]))
      gcg__trace_word_stopped (freeze, references[i]);
  spread_stopped (freeze);
  column_fini_stopped (&freeze->queue);
  freeze->toggled = true;
}

bool
gcg__trace_compares_stopped (const struct gcg__freeze *freeze)
{
  /* In place libgc's table of mark procedures is the program's own.  Toggle references are marked
     later. */
  return !freeze->walk && !freeze->tally && !freeze->in_place
         && !freeze->settings->noted.toggleref_func && gcg__gc_module_is_known ()
         && gcg__gc_marks_alone_stopped ();
}

void
gcg__trace_compare_stopped (struct gcg__freeze *freeze)
{
  const struct heap_block *blocks = freeze->blocks.data;
  struct gcg__verdicts verdicts = { 0 };

  for (uint64_t i = 0; i < freeze->blocks.n; i++)
    for (uint32_t slot = 0; slot < blocks[i].n_slots; slot++)
      {
        uint64_t base = blocks[i].address + slot * blocks[i].slot_bytes;
        if (!(blocks[i].objects[slot / 64] >> slot % 64 & 1))
          continue;
        bool marked = gcg__heap_marked_stopped (freeze, base);
        bool reached = rest_of_stopped (freeze, &blocks[i])->reached[slot / 64] >> slot % 64 & 1;
        verdicts.compared++;
        verdicts.marked_only += marked && !reached;
        verdicts.reached_only += reached && !marked;
      }
  COLUMN_PUSH (COLUMN (freeze, VERDICTS), struct gcg__verdicts, verdicts, &freeze->error);
}

void
gcg__trace_stopped (struct gcg__freeze *freeze)
{
  uint64_t n[GCG__N_SECTIONS];

  candidates_stopped (freeze);
  for (int i = 0; i < GCG__N_SECTIONS; i++)
    n[i] = freeze->columns[i].n;
  freeze->tracing = true;
  gcg__roots_stopped (freeze);
  freeze->tracing = false;
  for (int i = 0; i < GCG__N_SECTIONS; i++)
    freeze->columns[i].n = n[i];
  own_data_stopped (freeze);
  spread_stopped (freeze);
  column_fini_stopped (&freeze->queue);
}
