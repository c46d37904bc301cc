/* store.c -- where the answers of lib/symbol live: a pool, hash tables, intervals.
 *
 * The pool is a list of chunks that are filled from the front and freed together: answers are
 * borrowed by callers for as long as the symbols live, so nothing is ever given back singly.
 * Tables are open-addressed with linear probing, at most three quarters full, keyed by two words
 * that are mixed by the finaliser of splitmix64 (Steele, Lea, Flood, OOPSLA 2014).  Intervals are
 * an array sorted by start in which every element also knows the greatest end so far: a search goes
 * back from the last start before the address and stops where nothing can reach it any more, which
 * is O(log n + nesting) for the properly nested intervals of code.
 *
 * Not locked: the symbols' lock is held by every caller.
 */
#include "config.h"

#include "symbol/internal.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES 65536u

struct gcg__pool_chunk
{
  struct gcg__pool_chunk *next;
  size_t used, room;
  max_align_t bytes[];
};

void *
gcg__pool_take (struct gcg__pool *pool, size_t bytes)
{
  struct gcg__pool_chunk *chunk = pool->chunks;
  const size_t align = sizeof (max_align_t);
  if (bytes > SIZE_MAX / 2)
    return NULL;
  bytes = (bytes + align - 1) / align * align;
  if (chunk == NULL || chunk->room - chunk->used < bytes)
    {
      const size_t room = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
      chunk = calloc (1, sizeof *chunk + room);
      if (chunk == NULL)
        return NULL;
      chunk->room = room;
      chunk->next = pool->chunks;
      pool->chunks = chunk;
    }
  void *taken = (char *)chunk->bytes + chunk->used;
  chunk->used += bytes;
  return taken;
}

char *
gcg__pool_text (struct gcg__pool *pool, const char *text, size_t length)
{
  char *copy = gcg__pool_take (pool, length + 1);
  if (copy != NULL)
    memcpy (copy, text, length);
  return copy;
}

void
gcg__pool_fini (struct gcg__pool *pool)
{
  while (pool->chunks != NULL)
    {
      struct gcg__pool_chunk *next = pool->chunks->next;
      free (pool->chunks);
      pool->chunks = next;
    }
}

struct gcg__table_slot
{
  uint64_t key, extra;
  void *value; /* NULL: free */
};

static size_t
table_home (const struct gcg__table *table, uint64_t key, uint64_t extra)
{
  uint64_t x = key + extra * UINT64_C (0x9e3779b97f4a7c15);
  x = (x ^ (x >> 30)) * UINT64_C (0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64_C (0x94d049bb133111eb);
  return (x ^ (x >> 31)) & (table->room - 1);
}

/* The slot of (KEY, EXTRA), or the free one where it belongs. */
static struct gcg__table_slot *
table_slot (const struct gcg__table *table, uint64_t key, uint64_t extra)
{
  size_t i = table_home (table, key, extra);
  while (table->slots[i].value != NULL
         && (table->slots[i].key != key || table->slots[i].extra != extra))
    i = (i + 1) & (table->room - 1);
  return &table->slots[i];
}

void *
gcg__table_find (const struct gcg__table *table, uint64_t key, uint64_t extra)
{
  return table->room == 0 ? NULL : table_slot (table, key, extra)->value;
}

static bool
table_grow (struct gcg__table *table)
{
  struct gcg__table larger = { .used = table->used, .room = table->room ? table->room * 2 : 64 };
  larger.slots = calloc (larger.room, sizeof *larger.slots);
  if (larger.slots == NULL)
    return false;
  for (size_t i = 0; i < table->room; i++)
    if (table->slots[i].value != NULL)
      *table_slot (&larger, table->slots[i].key, table->slots[i].extra) = table->slots[i];
  free (table->slots);
  *table = larger;
  return true;
}

bool
gcg__table_set (struct gcg__table *table, uint64_t key, uint64_t extra, void *value)
{
  if (table->used >= table->room / 4 * 3 && !table_grow (table))
    return false;
  struct gcg__table_slot *slot = table_slot (table, key, extra);
  table->used += slot->value == NULL;
  *slot = (struct gcg__table_slot){ key, extra, value };
  return true;
}

void
gcg__table_fini (struct gcg__table *table)
{
  free (table->slots);
  *table = (struct gcg__table){ 0 };
}

uint64_t
gcg__hash (uint64_t seed, const void *bytes, size_t length)
{
  const unsigned char *byte = bytes;
  uint64_t hash = seed ^ UINT64_C (0xcbf29ce484222325);
  for (size_t i = 0; i < length; i++)
    hash = (hash ^ byte[i]) * UINT64_C (0x100000001b3);
  return hash;
}

bool
gcg__spans_add (struct gcg__spans *spans, uint64_t low, uint64_t high, void *what, uint64_t rank)
{
  if (spans->n == spans->room)
    {
      const size_t room = spans->room ? spans->room * 2 : 16;
      struct gcg__span *items = reallocarray (spans->items, room, sizeof *items);
      if (items == NULL)
        return false;
      spans->items = items;
      spans->room = room;
    }
  spans->items[spans->n++]
      = (struct gcg__span){ .low = low, .high = high, .what = what, .rank = rank };
  return true;
}

static int
compare_numbers (uint64_t a, uint64_t b)
{
  return (a > b) - (a < b);
}

static int
span_compare (const void *left, const void *right)
{
  const struct gcg__span *a = left, *b = right;
  int order = compare_numbers (a->low, b->low);
  if (order == 0)
    order = compare_numbers (b->high, a->high);
  return order != 0 ? order : compare_numbers (a->rank, b->rank);
}

void
gcg__spans_sort (struct gcg__spans *spans)
{
  if (spans->n == 0)
    return;
  qsort (spans->items, spans->n, sizeof *spans->items, span_compare);
  uint64_t reach = 0;
  for (size_t i = 0; i < spans->n; i++)
    {
      if (spans->items[i].high > reach)
        reach = spans->items[i].high;
      spans->items[i].reach = reach;
    }
}

size_t
gcg__spans_until (const struct gcg__spans *spans, uint64_t address)
{
  size_t low = 0, high = spans->n;
  while (low < high)
    {
      const size_t middle = low + (high - low) / 2;
      if (spans->items[middle].low <= address)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

const struct gcg__span *
gcg__spans_find (const struct gcg__spans *spans, uint64_t address, const struct gcg__span *inner)
{
  size_t i = inner != NULL ? (size_t)(inner - spans->items) : gcg__spans_until (spans, address);
  while (i > 0 && spans->items[i - 1].reach > address)
    if (spans->items[--i].high > address)
      return &spans->items[i];
  return NULL;
}

void
gcg__spans_fini (struct gcg__spans *spans)
{
  free (spans->items);
  *spans = (struct gcg__spans){ 0 };
}
