/* site.c -- see site.h.
 *
 * Entries live in chunks of 4,096, so that ids index them without a search and nothing is moved.
 * Call stacks are found in an open-addressing table of 2^21 words (hash in the upper half, id in
 * the lower), mapped on first use and touched only where used; at most half full.  FNV-1a is the
 * hash.  Places that have a stack as well are found in another such table.  New entries are made
 * under a lock; look-ups take none.
 */
#include "site.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "agent_root.h"
#include "arena.h"
#include "raw.h"

#define CHUNK           GCG__SITE_CHUNK
#define STACK_SLOTS     (GCG__MOST_SITES * 2)
#define ID_BITS         20
#define MOST_TYPE       200
#define MOST_EXPRESSION 1024

static struct gcg__site_entry *chunks[GCG__MOST_SITES / CHUNK];
static uint32_t n_sites = 1;
static gcg__lock site_lock = GCG__LOCK_INIT;
static uint64_t *stack_slots, *pair_slots;
static uint32_t n_moved;      /* slots of sites whose frames have moved, beside their old ones */
static uint32_t unknown_twin; /* of site 0, which has no entry */
bool gcg__site_any_ignored;

/* Entries are read from outside by that name. */
#define IS_SAME(member)                                                                            \
  _Static_assert(offsetof (struct gcg__site_entry, member)                                         \
                     == offsetof (struct gcg__root_site, member),                                  \
                 "agent_root.h")
IS_SAME (file);
IS_SAME (function);
IS_SAME (expression);
IS_SAME (type);
IS_SAME (frames);
IS_SAME (n_frames);
IS_SAME (line);
IS_SAME (is_bare);
IS_SAME (is_ignored);
IS_SAME (original);
IS_SAME (twin);
_Static_assert(GCG__CHUNK == GCG__SITE_CHUNK, "agent_tables.h");
_Static_assert(sizeof (struct gcg__site_entry) == sizeof (struct gcg__root_site), "agent_root.h");

void
gcg__site_show (struct gcg__root_heap *heap)
{
  heap->sites = (uintptr_t)chunks;
  heap->n_sites = (uintptr_t)&n_sites;
}

const struct gcg__site_entry *
gcg__site_entry (uint32_t id)
{
  return &chunks[id / CHUNK][id % CHUNK];
}

uint32_t
gcg__site_count (void)
{
  return __atomic_load_n (&n_sites, __ATOMIC_ACQUIRE);
}

/* Publishes ENTRY; the lock is held.  0 when there is no room. */
static uint32_t
site_add (const struct gcg__site_entry *entry)
{
  uint32_t id = n_sites;

  if (id >= GCG__MOST_SITES)
    return 0;
  if (!chunks[id / CHUNK])
    {
      struct gcg__site_entry *chunk = gcg__arena_take (CHUNK * sizeof *chunk);
      if (!chunk)
        return 0;
      chunks[id / CHUNK] = chunk;
    }
  chunks[id / CHUNK][id % CHUNK] = *entry;
  __atomic_store_n (&n_sites, id + 1, __ATOMIC_RELEASE);
  return id;
}

/* Does TEXT [0, n) look like a type rather than an expression?  "struct x", "enum y *", "T",
   "unsigned long": words and stars only, beginning with a letter. */
static bool
site_is_type (const char *text, size_t n)
{
  if (n == 0 || n >= MOST_TYPE || !(isalpha ((unsigned char)text[0]) || text[0] == '_'))
    return false;
  for (size_t i = 0; i < n; i++)
    if (!isalnum ((unsigned char)text[i]) && !strchr ("_ *", text[i]))
      return false;
  return true;
}

/* The type that a size expression names, copied: the operand of its first sizeof, with "[]" when
   that is multiplied by something; "" when there is none to be read. */
static const char *
site_type_of (const char *expression)
{
  const char *at = strstr (expression, "sizeof"), *begin, *end;
  char type[MOST_TYPE + 3];
  size_t n;

  if (!at)
    return "";
  for (begin = at + 6; *begin == ' '; begin++)
    ;
  if (*begin != '(')
    return "";
  for (begin++; *begin == ' '; begin++)
    ;
  end = strchr (begin, ')');
  if (!end)
    return "";
  n = (size_t)(end - begin);
  while (n && begin[n - 1] == ' ')
    n--;
  if (!site_is_type (begin, n))
    return "";
  memcpy (type, begin, n);
  type[n] = 0;
  for (at--; at >= expression && (*at == ' ' || *at == '('); at--)
    ;
  for (end++; *end == ' ' || *end == ')'; end++)
    ;
  if ((at >= expression && *at == '*') || *end == '*')
    memcpy (type + n, "[]", 3);
  return gcg__arena_text (type);
}

/* Has TEXT to be put in parentheses beside a "*"? */
static bool
site_is_sum (const char *text)
{
  return strncmp (text, "sizeof", 6) != 0 && strpbrk (text, " +-<>?&|^") != NULL;
}

/* What SITE allocates, as one expression: its count times its size.  ROOM is for the product. */
static const char *
site_expression (const struct gcg__static_site *site, char *room, size_t bytes)
{
  const char *count = site->count, *size = site->expression;
  bool sums[2] = { site_is_sum (count), site_is_sum (size) };

  if (!count[0] || strcmp (count, "1") == 0)
    return size;
  if (strcmp (size, "1") == 0)
    return count;
  snprintf (room, bytes, "%s%s%s * %s%s%s", sums[0] ? "(" : "", count, sums[0] ? ")" : "",
            sums[1] ? "(" : "", size, sums[1] ? ")" : "");
  return room;
}

uint32_t
gcg__site_register (struct gcg__static_site *site)
{
  char room[MOST_EXPRESSION];
  const char *expression = site_expression (site, room, sizeof room);
  const char *type = site->type[0] ? gcg__arena_text (site->type) : site_type_of (expression);
  struct gcg__site_entry entry = { .file = gcg__arena_text (site->file),
                                   .function = gcg__arena_text (site->function),
                                   .expression = gcg__arena_text (expression),
                                   .type = type,
                                   .is_bare = !type[0] && !strstr (expression, "sizeof"),
                                   .line = site->line };
  uint32_t id;

  gcg__lock_take (&site_lock);
  id = site->id;
  if (!id)
    {
      id = site_add (&entry);
      __atomic_store_n (&site->id, id, __ATOMIC_RELEASE);
    }
  gcg__lock_give (&site_lock);
  return id;
}

static bool
site_has_stack (uint32_t id, const uint64_t *frames, uint32_t n)
{
  const struct gcg__site_entry *entry = gcg__site_entry (id);
  return entry->n_frames == n && memcmp (entry->frames, frames, n * sizeof *frames) == 0;
}

/* Looks for FRAMES from slot *AT on; returns the id or 0 with *AT at the empty slot. */
static uint32_t
site_find_stack (const uint64_t *frames, uint32_t n, uint32_t hash, uint32_t *at)
{
  for (;; *at = (*at + 1) % STACK_SLOTS)
    {
      uint64_t slot = __atomic_load_n (&stack_slots[*at], __ATOMIC_ACQUIRE);
      if (!slot)
        return 0;
      if (slot >> 32 == hash && site_has_stack ((uint32_t)slot, frames, n))
        return (uint32_t)slot;
    }
}

/* Adds FRAMES as a new site; the lock is held and no other thread has added it. */
static uint32_t
site_add_stack (const uint64_t *frames, uint32_t n, uint32_t hash, uint32_t at)
{
  uint64_t *copy = gcg__arena_take (n * sizeof *copy);
  struct gcg__site_entry entry
      = { .file = "", .function = "", .expression = "", .type = "", .frames = copy, .n_frames = n };
  uint32_t id;

  if (!copy)
    return 0;
  memcpy (copy, frames, n * sizeof *copy);
  id = site_add (&entry);
  if (id)
    __atomic_store_n (&stack_slots[at], (uint64_t)hash << 32 | id, __ATOMIC_RELEASE);
  return id;
}

static uint64_t
site_hash (const uint64_t *frames, uint32_t n)
{
  uint64_t hash = UINT64_C (0xcbf29ce484222325);

  for (uint32_t i = 0; i < n; i++)
    hash = (hash ^ frames[i]) * UINT64_C (0x100000001b3);
  return hash ^ hash >> 29;
}

/* Moves frames of ENTRY; returns whether it had any to move.  Sites may share them. */
static bool
site_move_frames (const struct gcg__site_entry *entry, uint64_t low, uint64_t high, uint64_t place)
{
  uint64_t *frames = (uint64_t *)(uintptr_t)entry->frames;
  bool moved = false;

  for (uint32_t i = 0; i < entry->n_frames; i++)
    if (frames[i] >= low && frames[i] < high)
      {
        __atomic_store_n (&frames[i], frames[i] - low + place, __ATOMIC_RELAXED);
        moved = true;
      }
  return moved;
}

/* A moved site is found by its new frames, unless an earlier moved site has the same.  Its old slot
   no longer matches anything. */
void
gcg__site_move (uint64_t low, uint64_t high, uint64_t place)
{
  gcg__lock_take (&site_lock);
  for (uint32_t id = 1; id < n_sites; id++)
    {
      const struct gcg__site_entry *entry = gcg__site_entry (id);
      if (!site_move_frames (entry, low, high, place) || !stack_slots || entry->file[0]
          || entry->type[0] || entry->is_ignored || n_moved == GCG__MOST_SITES / 2)
        continue;
      uint64_t hash = site_hash (entry->frames, entry->n_frames);
      uint32_t at = (uint32_t)(hash >> 8) % STACK_SLOTS;
      if (site_find_stack (entry->frames, entry->n_frames, (uint32_t)hash, &at))
        continue;
      n_moved++;
      __atomic_store_n (&stack_slots[at], (uint64_t)(uint32_t)hash << 32 | id, __ATOMIC_RELEASE);
    }
  gcg__lock_give (&site_lock);
}

uint32_t
gcg__site_of_stack (const uint64_t *frames, uint32_t n)
{
  uint64_t hash = site_hash (frames, n);
  uint32_t at, id;

  if (!n)
    return 0;
  at = (uint32_t)(hash >> 8) % STACK_SLOTS;
  if (__atomic_load_n (&stack_slots, __ATOMIC_ACQUIRE))
    {
      id = site_find_stack (frames, n, (uint32_t)hash, &at);
      if (id)
        return id;
    }
  gcg__lock_take (&site_lock);
  if (!stack_slots)
    {
      uint64_t *slots = raw_map (STACK_SLOTS * sizeof *slots);
      __atomic_store_n (&stack_slots, slots == MAP_FAILED ? NULL : slots, __ATOMIC_RELEASE);
    }
  id = stack_slots ? site_find_stack (frames, n, (uint32_t)hash, &at) : 0;
  if (!id && stack_slots)
    id = site_add_stack (frames, n, (uint32_t)hash, at);
  gcg__lock_give (&site_lock);
  return id;
}

/* Looks for slot *AT or a later one with KEY; returns the id in it, or 0 with *AT at an empty one.
 */
static uint32_t
site_find_pair (uint64_t key, uint32_t *at)
{
  for (;; *at = (*at + 1) % STACK_SLOTS)
    {
      uint64_t slot = __atomic_load_n (&pair_slots[*at], __ATOMIC_ACQUIRE);
      if (!slot)
        return 0;
      if (slot >> ID_BITS == key)
        return (uint32_t)slot & (GCG__MOST_SITES - 1);
    }
}

/* A slot holds all of it: place, stack, the site of both. */
uint32_t
gcg__site_with_stack (uint32_t id, uint32_t stack)
{
  uint64_t key = (uint64_t)id << ID_BITS | stack;
  uint32_t home = (uint32_t)(key * UINT64_C (0x9e3779b97f4a7c15) >> 40) % STACK_SLOTS, at = home;
  uint32_t found = 0;

  if (__atomic_load_n (&pair_slots, __ATOMIC_ACQUIRE) && (found = site_find_pair (key, &at)) != 0)
    return found;
  gcg__lock_take (&site_lock);
  if (!pair_slots)
    {
      uint64_t *slots = raw_map (STACK_SLOTS * sizeof *slots);
      __atomic_store_n (&pair_slots, slots == MAP_FAILED ? NULL : slots, __ATOMIC_RELEASE);
    }
  at = home;
  if (pair_slots && (found = site_find_pair (key, &at)) == 0)
    {
      struct gcg__site_entry entry = *gcg__site_entry (id);
      entry.frames = gcg__site_entry (stack)->frames;
      entry.n_frames = gcg__site_entry (stack)->n_frames;
      entry.twin = 0;
      found = site_add (&entry);
      if (found)
        __atomic_store_n (&pair_slots[at], key << ID_BITS | found, __ATOMIC_RELEASE);
    }
  gcg__lock_give (&site_lock);
  return found ? found : id;
}

bool
gcg__site_is_ignored (uint32_t id)
{
  return __builtin_expect (__atomic_load_n (&gcg__site_any_ignored, __ATOMIC_RELAXED), 0) && id
         && id < gcg__site_count () && gcg__site_entry (id)->is_ignored;
}

uint32_t
gcg__site_original (uint32_t id)
{
  return gcg__site_is_ignored (id) ? gcg__site_entry (id)->original : id;
}

uint32_t
gcg__site_ignored (uint32_t id)
{
  uint32_t *twin = id ? &chunks[id / CHUNK][id % CHUNK].twin : &unknown_twin;
  uint32_t found = __atomic_load_n (twin, __ATOMIC_ACQUIRE);
  struct gcg__site_entry entry = { .file = "", .function = "", .expression = "", .type = "" };

  if (found || gcg__site_is_ignored (id))
    return found ? found : id;
  if (id)
    entry = *gcg__site_entry (id);
  entry.is_ignored = true;
  entry.original = id;
  entry.twin = 0;
  __atomic_store_n (&gcg__site_any_ignored, true, __ATOMIC_RELEASE);
  gcg__lock_take (&site_lock);
  found = *twin ? *twin : site_add (&entry);
  __atomic_store_n (twin, found, __ATOMIC_RELEASE);
  gcg__lock_give (&site_lock);
  return found;
}

/* gcg__site_with_type for what is no twin. */
static uint32_t
site_with_type (uint32_t id, const char *type)
{
  struct gcg__site_entry entry
      = { .file = "", .function = "", .expression = "", .type = gcg__arena_text (type) };
  uint32_t found = 0;

  gcg__lock_take (&site_lock);
  if (id)
    {
      entry = *gcg__site_entry (id);
      entry.type = type;
      entry.twin = 0;
    }
  for (uint32_t i = 1; !found && i < n_sites; i++)
    {
      const struct gcg__site_entry *other = gcg__site_entry (i);
      if (other->file == entry.file && other->line == entry.line && other->frames == entry.frames
          && !other->is_ignored && strcmp (other->type, type) == 0)
        found = i;
    }
  gcg__lock_give (&site_lock);
  if (found)
    return found;
  entry.type = gcg__arena_text (type);
  gcg__lock_take (&site_lock);
  found = site_add (&entry);
  gcg__lock_give (&site_lock);
  return found;
}

uint32_t
gcg__site_with_type (uint32_t id, const char *type)
{
  if (!gcg__site_is_ignored (id))
    return site_with_type (id, type);
  return gcg__site_ignored (site_with_type (gcg__site_entry (id)->original, type));
}
