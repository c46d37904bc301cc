/* agent_own.c -- see agent_own.h.
 *
 * A breadth-first search from the data of the two libraries, from the C library's thread-local
 * data, control blocks and tables of keys, and from the streams that are open.
 */
#include "config.h"

#include "image/agent_own.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/room.h"
#include "image/window.h"

#define MOST_STREAMS 65536u

enum of_site
{
  NOT_KNOWN,
  MAY_OWN,
  MAY_NOT
};

struct search
{
  const struct gcg__agent *agent;
  const struct gcg__heap_index *index;
  const struct gcg__agent_sites *sites;
  struct gcg__agent_own *own;
  uint8_t *of_sites;             /* enum of_site */
  uint8_t *visited;              /* by object */
  struct gcg__root_range *areas; /* still to be looked at */
  size_t n_areas;
  uint32_t areas_room, ranges_room;
  struct gcg__window window;
  bool no_memory;
};

static void
push (struct search *search, uint64_t low, uint64_t high)
{
  if (!gcg__room_for_one (&search->areas, (uint32_t)search->n_areas, &search->areas_room,
                          sizeof *search->areas))
    search->no_memory = true;
  else
    search->areas[search->n_areas++] = (struct gcg__root_range){ low, high };
}

/* Has OBJECT been visited?  It has from now on. */
static bool
visit (struct search *search, uint32_t object)
{
  bool was = search->visited[object];

  search->visited[object] = 1;
  return was;
}

static bool
is_in (const struct gcg__root_range *range, uint64_t address)
{
  return address >= range->low && address < range->high;
}

/* Does CALLER ask for itself, perhaps?  What operator new asks for is the program's. */
static bool
caller_may_own (const struct gcg__root_areas *areas, uint64_t caller)
{
  if (is_in (&areas->libraries[GCG__ROOT_CXX_LIBRARY], caller))
    return caller - areas->operators[0] >= GCG__ROOT_OPERATOR_BYTES
           && caller - areas->operators[1] >= GCG__ROOT_OPERATOR_BYTES;
  return is_in (&areas->libraries[GCG__ROOT_C_LIBRARY], caller)
         || is_in (&areas->libraries[GCG__ROOT_LINKER], caller);
}

static bool
site_may_own (struct search *search, uint32_t site)
{
  const struct gcg__root_site *entry = &search->sites->items[site];
  uint64_t caller;

  if (search->of_sites[site] == NOT_KNOWN)
    search->of_sites[site]
        = entry->n_frames
                  && gcg__image_get (search->agent->image, entry->frames, &caller, sizeof caller)
                  && caller_may_own (&search->agent->areas, caller)
              ? MAY_OWN
              : MAY_NOT;
  return search->of_sites[site] == MAY_OWN;
}

/* The object that WORD leads to, and what of its slot the program may use. */
static bool
resolve (const struct search *search, uint64_t word, uint32_t *object,
         struct gcg__root_range *range)
{
  const struct gcg__heap_block *block = gcg__heap_block_at (search->index, word);
  struct gcg__heap_hit hit;
  uint64_t slot;

  if (!block || !gcg__heap_resolve_in (search->index, block, word, false, &hit))
    return false;
  slot = block->n_slots == 1 ? 0 : (word - block->address) / block->slot_bytes;
  *object = hit.object;
  range->low = block->address + slot * block->slot_bytes;
  range->high = range->low + gcg__heap_requested (search->index, hit.object, block->slot_bytes);
  return true;
}

/* WORD leads to an own block, perhaps. */
static void
look_at (struct search *search, uint64_t word)
{
  struct gcg__agent_own *own = search->own;
  struct gcg__root_range range;
  uint32_t object, site;

  if (!resolve (search, word, &object, &range))
    return;
  site = (uint32_t)search->index->columns.words[object] & (GCG__SITES_MAX - 1);
  if (site == 0 || site >= search->sites->n || !site_may_own (search, site)
      || visit (search, object))
    return;
  own->is_own[object] = 1;
  own->any = true;
  push (search, range.low, range.high);
  if (!gcg__room_for_one (&own->ranges, (uint32_t)own->n_ranges, &search->ranges_room,
                          sizeof *own->ranges))
    search->no_memory = true;
  else
    own->ranges[own->n_ranges++] = range;
}

/* The streams that are open are visited, so that they stay, and searched. */
static void
push_streams (struct search *search)
{
  const struct gcg__agent *agent = search->agent;
  uint64_t stream = gcg__agent_word (agent, agent->areas.streams);
  struct gcg__root_range range;
  uint32_t object;

  for (uint32_t i = 0; stream && i < MOST_STREAMS; i++)
    {
      uint64_t next;
      if (!gcg__image_get (agent->image, stream + agent->areas.stream_next, &next, sizeof next))
        return;
      if (resolve (search, stream, &object, &range) && !visit (search, object))
        push (search, range.low, range.high);
      stream = next;
    }
}

/* What is the C library's of the thread with POINTER: its control block too, but for the keys that
   are in it. */
static void
push_thread (struct search *search, uint64_t pointer)
{
  const struct gcg__root_areas *areas = &search->agent->areas;
  uint64_t low = gcg__agent_control (search->agent, pointer), high = low + areas->control_bytes;
  uint64_t tls = pointer - areas->tls_below, tables[GCG__AGENT_KEY_TABLES];
  uint32_t n = gcg__agent_key_tables (search->agent, pointer, tables);
  size_t before = search->own->n_ranges;

  if (!pointer)
    return;
  push (search, tls, tls + areas->tls_of_library);
  push (search, low, n ? tables[0] : high);
  if (n)
    push (search, tables[0] + GCG__AGENT_KEY_TABLE_BYTES, high);
  for (uint32_t i = 1; i < n; i++)
    look_at (search, tables[i]);
  if (areas->looks & GCG__LOOK_NO_TLS) /* tables of keys are no leaks, but keep nothing */
    search->own->n_ranges = before;
}

static void
push_areas (struct search *search)
{
  static const enum gcg__root_library owners[] = { GCG__ROOT_C_LIBRARY, GCG__ROOT_CXX_LIBRARY };
  const struct gcg__vmas *vmas = gcg__image_vmas (search->agent->image);

  for (size_t k = 0; k < sizeof owners / sizeof *owners; k++)
    {
      const struct gcg__root_range *library = &search->agent->areas.libraries[owners[k]];
      for (size_t i = 0; i < vmas->n; i++)
        {
          const struct gcg__vma *map = &vmas->items[i];
          if (map->is_readable && map->is_writable && map->low < library->high
              && map->high > library->low)
            push (search, map->low > library->low ? map->low : library->low,
                  map->high < library->high ? map->high : library->high);
        }
    }
  for (size_t i = 0; i < search->agent->n_threads; i++)
    push_thread (search, gcg__agent_pointer (search->agent, i));
}

static void
look_through (struct search *search, struct gcg__root_range area)
{
  uint64_t at = (area.low + 7) & ~UINT64_C (7), next;

  while (at < area.high && at + 8 <= area.high && !search->no_memory)
    {
      if (!gcg__window_move (&search->window, at, area.high, &next))
        {
          at = (next + 7) & ~UINT64_C (7);
          continue;
        }
      for (; at < search->window.high && at + 8 <= area.high; at += 8)
        look_at (search, *(const uint64_t *)(const void *)(search->window.bytes
                                                           + (at - search->window.low)));
    }
}

enum gcg_status
gcg__agent_own_find (const struct gcg__agent *agent, const struct gcg__heap_index *index,
                     const struct gcg__agent_sites *sites, struct gcg__agent_own *own,
                     struct gcg_error *error)
{
  struct gcg__agent_own found = { .is_own = calloc (index->columns.n_objects + 1, 1) };
  struct search search = { .agent = agent, .index = index, .sites = sites, .own = &found };

  search.of_sites = calloc (sites->n + 1, 1);
  search.visited = calloc (index->columns.n_objects + 1, 1);
  search.window.image = agent->image;
  search.window.buffer = malloc (GCG__WINDOW_BYTES);
  search.no_memory = !found.is_own || !search.of_sites || !search.visited || !search.window.buffer;
  if (!search.no_memory)
    {
      push_streams (&search);
      push_areas (&search);
      for (size_t next = 0; next < search.n_areas && !search.no_memory; next++)
        look_through (&search, search.areas[next]);
    }
  free (search.of_sites);
  free (search.visited);
  free (search.areas);
  free (search.window.buffer);
  if (!search.no_memory)
    {
      *own = found;
      return GCG_OK;
    }
  gcg__agent_own_fini (&found);
  return gcg__error_write (error, GCG_NO_MEMORY, "no memory for the C library's blocks");
}

void
gcg__agent_own_fini (struct gcg__agent_own *own)
{
  free (own->is_own);
  free (own->ranges);
  *own = (struct gcg__agent_own){ 0 };
}
