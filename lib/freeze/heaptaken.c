/* heaptaken.c -- slots that look like objects and are none: free ones, and the collector's own
 * data.
 *
 * libgc exports the heads of its global free lists.  Each thread has lists of its own, of up to 24
 * granules.  The collector marks the slots of thread lists to keep them; those of pointer-free
 * kinds still carry the tag of the object that died there.  These lists, and the collector's own
 * data, are recognised by their shape (shapes.h).  Runs with the world stopped, before objects are
 * numbered.
 */
#include <string.h>

#include "collector.h"
#include "gc_calls.h"
#include "gc_module.h"
#include "heapwalk.h"
#include "maps.h"
#include "shapes.h"
#include "tag.h"
#include "trace.h"

#define MOST_FREELIST_GRANULES (HEAP_BLOCK_BYTES / 2 / 16)

/* One array of list heads by granules for each of libgc's own kinds. */
extern void **const GC_aobjfreelist_ptr, **const GC_objfreelist_ptr;
extern void **const GC_uobjfreelist_ptr, **const GC_auobjfreelist_ptr;

/* Takes the slot that begins at ADDRESS; false when none does, or when it has been taken. */
static bool
take_slot_stopped (struct gcg__freeze *freeze, uint64_t address)
{
  struct heap_block *block = block_at_stopped (freeze, address);
  uint64_t distance, *word;
  uint32_t slot;

  if (!block || !slot_at_stopped (block, address, &slot, &distance) || distance)
    return false;
  word = &rest_of_stopped (freeze, block)->taken[slot / 64];
  if (*word >> slot % 64 & 1)
    return false;
  *word |= UINT64_C (1) << slot % 64;
  return true;
}

/* Marks the slots of the list that begins at LINK free, as long as they are slots of SLOT_BYTES. */
static void
free_list_stopped (struct gcg__freeze *freeze, uint64_t link, uint64_t slot_bytes)
{
  while (link)
    {
      struct heap_block *block = block_at_stopped (freeze, link);
      if (!block || block->slot_bytes != slot_bytes || block->n_slots < 2
          || !take_slot_stopped (freeze, link))
        return;
      link = *(uint64_t *)(uintptr_t)link;
    }
}

/* Does a slot that has been taken begin at ADDRESS? */
static bool
is_taken_stopped (struct gcg__freeze *freeze, uint64_t address)
{
  struct heap_block *block = block_at_stopped (freeze, address);
  uint64_t distance;
  uint32_t slot;

  return block && slot_at_stopped (block, address, &slot, &distance) && !distance
         && (rest_of_stopped (freeze, block)->taken[slot / 64] >> slot % 64 & 1);
}

static void
global_free_lists_stopped (struct gcg__freeze *freeze)
{
  void **lists[]
      = { GC_aobjfreelist_ptr, GC_objfreelist_ptr, GC_uobjfreelist_ptr, GC_auobjfreelist_ptr };
  for (int kind = 0; kind < 4; kind++)
    for (uint32_t granules = 1; lists[kind] && granules <= MOST_FREELIST_GRANULES; granules++)
      free_list_stopped (freeze, (uintptr_t)lists[kind][granules], granules * 16);
}

/* As shapes.h asks. */
static uint64_t
slot_bytes_at_stopped (void *heap, uint64_t address)
{
  struct gcg__freeze *freeze = heap;
  struct heap_block *block = block_at_stopped (freeze, address);
  uint64_t distance;
  uint32_t slot;
  return block && slot_at_stopped (block, address, &slot, &distance) && !distance
             ? block->slot_bytes
             : 0;
}

/* Looks through [LOW, HIGH) for threads' arrays of free lists; true when there are any. */
static bool
thread_free_lists_stopped (struct gcg__freeze *freeze, uint64_t low, uint64_t high)
{
  const uint64_t *begin = (const uint64_t *)(uintptr_t)((low + 7) & ~UINT64_C (7));
  const uint64_t *end = (const uint64_t *)(uintptr_t)(high & ~UINT64_C (7));
  bool found = false;

  for (const uint64_t *mark = begin + 2 * SHAPE_LIST_WORDS; mark < end; mark++)
    {
      if (*mark != ~UINT64_C (0))
        continue;
      for (const uint64_t *array = mark - SHAPE_LIST_WORDS; array >= begin;
           array -= SHAPE_LIST_WORDS)
        {
          if (!shape_is_lists (array, slot_bytes_at_stopped, freeze))
            break;
          for (uint32_t granules = 0; granules <= SHAPE_TINY_GRANULES; granules++)
            if (array[granules] >= HEAP_BLOCK_BYTES)
              free_list_stopped (freeze, array[granules], (granules ? granules : 1) * 16);
          found = true;
        }
    }
  return found;
}

/* The first thread's lists are in libgc's own data. */
static void
first_thread_free_lists_stopped (struct gcg__freeze *freeze)
{
  const struct map *maps = freeze->maps.data,
                   *code = gcg__maps_find_stopped (freeze, (uintptr_t)&GC_base);
  const char *strings = COLUMN (freeze, STRINGS)->data;
  uint64_t next = 0;

  for (uint64_t i = 0; code && i < freeze->maps.n; i++)
    {
      /* The module's writable mappings, and its bss: the anonymous one that follows them. */
      bool own = maps[i].is_file && strcmp (strings + maps[i].name, strings + code->name) == 0;
      if (maps[i].readable && maps[i].writable
          && (own || (next == maps[i].low && !maps[i].is_file)))
        thread_free_lists_stopped (freeze, maps[i].low, maps[i].high);
      next = own ? maps[i].high : 0;
    }
}

/* A slot that is marked and carries no tag: the program's, from an inlined free list, or one of the
   collector's own. */
struct untagged
{
  const uint64_t *words;
  uint64_t n; /* 0: taken */
};

bool
gcg__heap_marked_stopped (struct gcg__freeze *freeze, uint64_t base)
{
  return (!freeze->walk && GC_is_marked ((void *)(uintptr_t)base))
         || ((freeze->walk || freeze->toggled) && gcg__trace_reached_stopped (freeze, base));
}

/* May the slot at WORDS be in use?  In a copy made from outside, before the trace, also one that
   has been allocated since the last collection; one that is free and not swept yet is empty. */
static bool
is_in_use_stopped (struct gcg__freeze *freeze, const uint64_t *words, uint64_t n, bool traced)
{
  bool any = false;

  if (!freeze->walk || traced)
    return gcg__heap_marked_stopped (freeze, (uintptr_t)words);
  for (uint64_t i = 1; i < n && !any; i++)
    any = words[i];
  return any;
}

/* Lists those of normal kind that are large enough to be the collector's.  TRACED: it is known what
   is alive. */
static void
list_untagged_stopped (struct gcg__freeze *freeze, struct column *list, bool traced)
{
  struct heap_block *blocks = freeze->blocks.data;
  /* Before it is known what is alive only threads are looked for. */
  uint32_t least = freeze->walk && !traced ? 2 * SHAPE_LIST_WORDS + 1 : SHAPE_LEAST_WORDS;

  for (uint64_t i = 0; i < freeze->blocks.n; i++)
    {
      const struct heap_block_rest *rest = rest_of_stopped (freeze, &blocks[i]);
      uint64_t bytes = blocks[i].slot_bytes;
      if (rest->kind != GCG__KIND_NORMAL || bytes < least * 8
          || (blocks[i].n_slots == 1 && rest->readable_end < blocks[i].address + bytes))
        continue;
      for (uint32_t slot = 0; slot < blocks[i].n_slots; slot++)
        {
          void *base = (void *)(uintptr_t)(blocks[i].address + slot * bytes);
          if (!tag_valid (base, *tag_place (base, bytes))
              && is_in_use_stopped (freeze, base, bytes / 8, traced))
            COLUMN_PUSH (list, struct untagged, ((struct untagged){ base, bytes / 8 }),
                         &freeze->error);
        }
    }
}

/* Takes those in LIST that TEST is true of. */
static void
take_untagged_stopped (struct gcg__freeze *freeze, struct column *list,
                       bool (*test) (struct gcg__freeze *freeze, const uint64_t *words, uint64_t n))
{
  struct untagged *untagged = list->data;

  for (uint64_t i = 0; i < list->n; i++)
    if (untagged[i].n && !is_taken_stopped (freeze, (uintptr_t)untagged[i].words)
        && test (freeze, untagged[i].words, untagged[i].n))
      {
        take_slot_stopped (freeze, (uintptr_t)untagged[i].words);
        untagged[i].n = 0;
      }
}

/* The other threads' structures, with their lists. */
static bool
is_thread_stopped (struct gcg__freeze *freeze, const uint64_t *words, uint64_t n)
{
  struct gcg__range range = { (uintptr_t)words, (uintptr_t)(words + n) };

  if (n <= 2 * SHAPE_LIST_WORDS || !thread_free_lists_stopped (freeze, range.low, range.high))
    return false;
  COLUMN_PUSH (&freeze->own, struct gcg__range, range, &freeze->error);
  return true;
}

static bool
has_word (uint64_t low, uint64_t high, uint64_t word)
{
  for (; low + 8 <= high; low += 8)
    if (*(const uint64_t *)(uintptr_t)low == word)
      return true;
  return false;
}

/* A thread's structure holds its pthread_t, which is its thread pointer; the first one's lies in
   libgc's data. */
bool
gcg__heap_has_thread_stopped (struct gcg__freeze *freeze, uint64_t pointer)
{
  const struct gcg__range *range = freeze->own.data;
  uint64_t low, high;

  for (uint64_t i = 0; i < freeze->own.n; i++)
    if (has_word (range[i].low, range[i].high, pointer))
      return true;
  for (uint32_t i = 0; gcg__gc_module_data (i, &low, &high); i++)
    if (has_word (low, high, pointer))
      return true;
  return false;
}

/* Nothing else in a thread's structure leads so far up into its stack. */
uint64_t
gcg__heap_stack_end_stopped (struct gcg__freeze *freeze, uint64_t pointer, uint64_t low,
                             uint64_t high)
{
  const struct gcg__range *range = freeze->own.data;
  uint64_t end = 0;

  for (uint64_t i = 0; i < freeze->own.n; i++)
    if (has_word (range[i].low, range[i].high, pointer))
      for (uint64_t at = range[i].low; at + 8 <= range[i].high; at += 8)
        {
          uint64_t word = *(const uint64_t *)(uintptr_t)at;
          if (word > low && word <= high && word != pointer && word > end)
            end = word;
        }
  return end;
}

/* An entry of libgc's tables; of a link to what it will take the place is noted. */
static bool
is_entry_stopped (struct gcg__freeze *freeze, const uint64_t *words, uint64_t n)
{
  if (shape_is_finalizer (words, n, slot_bytes_at_stopped, freeze))
    return true;
  if (!shape_is_link (words, n, slot_bytes_at_stopped, freeze))
    return false;
  if (!gcg__heap_marked_stopped (freeze, ~words[2]))
    {
      struct heap_link link = { ~words[0], ~words[2] };
      COLUMN_PUSH (&freeze->links, struct heap_link, link, &freeze->error);
    }
  return true;
}

/* The hash tables of such entries, and what else holds nothing but what has been taken. */
static bool
is_table_stopped (struct gcg__freeze *freeze, const uint64_t *words, uint64_t n)
{
  bool any = false;

  for (uint64_t i = 0; i < n; i++)
    {
      if (words[i] && !is_taken_stopped (freeze, words[i]))
        return false;
      any = any || words[i];
    }
  return any;
}

/* Has the table that is the slot at WORDS, of N words, become empty?  PLACE leads to it: libgc's
   next word is the number of its entries, or the list of finalizers that are due. */
static bool
is_emptied_stopped (struct gcg__freeze *freeze, const uint64_t *place, const uint64_t *words,
                    uint64_t n)
{
  bool any = (uintptr_t)words % HEAP_BLOCK_BYTES == 0 && place[1];

  for (uint64_t i = 0; i < n && !any; i++)
    any = words[i];
  return !any && gcg__heap_marked_stopped (freeze, (uintptr_t)words);
}

/* The slot that the word of libgc's data at PLACE leads to, if it is one of its tables of toggle
   references, or one that nothing is in. */
static void
own_table_stopped (struct gcg__freeze *freeze, const uint64_t *place)
{
  struct heap_block *block = block_at_stopped (freeze, *place);
  const uint64_t *words = (const uint64_t *)(uintptr_t)*place;
  const struct heap_block_rest *rest;
  uint64_t distance;
  uint32_t slot;

  if (!block || !slot_at_stopped (block, *place, &slot, &distance) || distance)
    return;
  rest = rest_of_stopped (freeze, block);
  if (rest->kind != GCG__KIND_NORMAL || gcg__slot_tag_stopped (freeze, block, rest, *place)
      || (block->n_slots == 1 && rest->readable_end < *place + block->slot_bytes))
    return;
  if (shape_is_toggles (place, block->slot_bytes, slot_bytes_at_stopped, freeze))
    {
      if (!freeze->walk)
        gcg__trace_toggled_stopped (freeze, words, place[1]);
    }
  else if (!is_emptied_stopped (freeze, place, words, block->slot_bytes / 8))
    return;
  take_slot_stopped (freeze, *place);
}

static void
own_tables_stopped (struct gcg__freeze *freeze)
{
  uint64_t low, high;

  for (uint32_t i = 0; gcg__gc_module_data (i, &low, &high); i++)
    for (uint64_t at = low; at + 24 <= high; at += 8)
      own_table_stopped (freeze, (const uint64_t *)(uintptr_t)at);
}

/* Takes what the last collection has found dead and libgc has not swept. */
static void
dead_stopped (struct gcg__freeze *freeze)
{
  struct heap_block *blocks = freeze->blocks.data;

  for (uint64_t i = 0; i < freeze->blocks.n; i++)
    {
      struct heap_block_rest *rest = rest_of_stopped (freeze, &blocks[i]);
      for (uint32_t slot = 0; slot < blocks[i].n_slots; slot++)
        {
          uint64_t base = blocks[i].address + slot * blocks[i].slot_bytes;
          const uint64_t *tag = gcg__slot_tag_stopped (freeze, &blocks[i], rest, base);
          if (tag
              && gcg__collector_is_dead_stopped (tag_birth (*tag),
                                                 GC_is_marked ((void *)(uintptr_t)base)))
            rest->taken[slot / 64] |= UINT64_C (1) << slot % 64;
        }
    }
}

void
gcg__heap_taken_stopped (struct gcg__freeze *freeze)
{
  struct column list = { 0 };

  global_free_lists_stopped (freeze);
  first_thread_free_lists_stopped (freeze);
  list_untagged_stopped (freeze, &list, false);
  take_untagged_stopped (freeze, &list, is_thread_stopped);
  if (freeze->walk)
    {
      dead_stopped (freeze);
      gcg__trace_stopped (freeze);
      list.n = 0;
      list_untagged_stopped (freeze, &list, true);
    }
  else if (freeze->compares)
    gcg__trace_stopped (freeze);
  own_tables_stopped (freeze);
  take_untagged_stopped (freeze, &list, is_entry_stopped);
  take_untagged_stopped (freeze, &list, is_table_stopped);
  column_fini_stopped (&list);
  gcg__column_sort_stopped (&freeze->links, UINT64_MAX);
}
