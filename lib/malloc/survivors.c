/* survivors.c -- what was alive when counting began, with malloc (survivors.h).
 *
 * Nothing collects here: there is one survey, in a clone of the program, where the counters are as
 * they were at the very instant of the clone.  From then on the counters decide: each block that is
 * made or freed adds to the numbers of its thread.  A thread that is stopped between a block and
 * its counter makes that block one too many or too few.
 *
 * Blocks are found by the tables that are made for readers from outside (agent_root.h).
 */
#include "sample/survivors.h"

#include "agent_root.h"
#include "arena.h"
#include "peek.h"
#include "raw.h"
#include "offer.h"
#include "malloc/standing.h"
#include "site.h"
#include "tag.h"

#define PAGE (UINT64_C (1) << GCG__PAGE_SHIFT)

static struct gcg__surveyed *chunks[GCG__CHUNKS];

static bool is_done;

/* The figures of SITE, or NULL. */
static struct gcg__surveyed *
figures_of (uint32_t site)
{
  struct gcg__surveyed *chunk
      = __atomic_load_n (&chunks[site >> GCG__CHUNK_SHIFT], __ATOMIC_ACQUIRE);
  return chunk ? &chunk[site & (GCG__CHUNK - 1)] : NULL;
}

/* Room for the figures of N sites and of some that come meanwhile; false: no memory. */
static bool
make_room (uint32_t n)
{
  for (uint32_t i = 0; i <= n >> GCG__CHUNK_SHIFT; i++)
    {
      struct gcg__surveyed *chunk
          = chunks[i] ? chunks[i] : gcg__arena_take (GCG__CHUNK * sizeof *chunk);
      if (!chunk)
        return false;
      __atomic_store_n (&chunks[i], chunk, __ATOMIC_RELEASE);
    }
  return true;
}

void
gcg__survivors_marks_gone (void)
{
}

void
gcg__survivors_note_stopped (void)
{
}

uint64_t
gcg__survivors_of (void)
{
  return 0;
}

/* Shared with the clone. */
struct survey
{
  uint64_t pause_ns;
  uint32_t n_sites;
  struct gcg__surveyed sites[]; /* [n_sites] */
};

/* Counts the block in the slot of BYTES at BASE, whose last word is at PLACE, unless there is
   none. */
static void
add_slot (struct survey *survey, uint64_t base, uint64_t bytes, const uint64_t *place)
{
  uint32_t site = tag_site (*place);

  if (!tag_valid ((const void *)(uintptr_t)base, *place)
      || !tag_fits (*place, bytes, survey->n_sites))
    return;
  survey->sites[site].alive.count++;
  survey->sites[site].alive.bytes += bytes - 8 - tag_slack (place);
}

/* The same of a slot that is not found among others.  The program may have forbidden to read it. */
static void
add_large (struct survey *survey, uint64_t base, uint64_t bytes)
{
  uint64_t last[2];

  if (gcg__peek (base + bytes - sizeof last, last, sizeof last))
    add_slot (survey, base, bytes, &last[1]);
}

/* The slots of BYTES in the page at BASE. */
static void
add_page (struct survey *survey, uint64_t base, uint64_t bytes)
{
  uint64_t words[PAGE / 8];

  if (!gcg__peek (base, words, sizeof words))
    return;
  for (uint64_t at = 0; at + bytes <= PAGE; at += bytes)
    add_slot (survey, base + at, bytes, &words[(at + bytes) / 8 - 1]);
}

/* Counts what is found by its page. */
static void
add_pages (struct survey *survey, const struct gcg__root_heap *heap)
{
  const uint64_t *pieces = (const uint64_t *)(uintptr_t)heap->pieces;

  for (uint64_t i = 0; i < GCG__PIECES; i++)
    for (uint64_t k = 0; pieces[i] && k >> GCG__PIECE_SHIFT == 0; k++)
      {
        uint8_t granules = ((const uint8_t *)(uintptr_t)pieces[i])[k];
        uint64_t page = (i << GCG__PIECE_SHIFT | k) * PAGE;
        if (granules >= GCG__OF_PAGES)
          add_large (survey, page, (granules - GCG__OF_PAGES) * PAGE);
        else if (granules)
          add_page (survey, page, granules * GCG__GRANULE);
      }
}

/* Counts those that are listed. */
static void
add_objects (struct survey *survey, const struct gcg__root_heap *heap)
{
  const struct gcg__root_objects *objects
      = (const struct gcg__root_objects *)(uintptr_t)heap->objects;
  const struct gcg__root_object *items = (const struct gcg__root_object *)(uintptr_t)objects->items;

  for (uint64_t i = 0; i < objects->room; i++)
    if (items[i].address > 1 && !(items[i].bytes & GCG__OBJECT_OF_LINKER))
      add_large (survey, items[i].address, items[i].bytes);
}

static int
survey_stopped (void *state, bool child)
{
  const struct gcg__root_heap *heap
      = (const struct gcg__root_heap *)(uintptr_t)gcg__agent_root.heap;
  struct survey *survey = state;
  struct gcg__count sums[64];

  (void)child;
  for (uint32_t first = 0; first < survey->n_sites; first += 64)
    {
      gcg__count_sum (first, 64, sums);
      for (uint32_t i = 0; i < 64 && first + i < survey->n_sites; i++)
        survey->sites[first + i].then = sums[i];
    }
  add_pages (survey, heap);
  add_objects (survey, heap);
  return 0;
}

/* A thread that cannot be stopped is waited for once; without a survey what is alive is what has
   been made since.  A site that is new while it is under way needs none: counting has begun, so its
   counters have all its blocks. */
bool
gcg__survivors_update (bool exact)
{
  uint32_t n = gcg__site_count ();
  size_t bytes = sizeof (struct survey) + n * sizeof (struct gcg__surveyed);
  struct survey *survey;

  (void)exact;
  if (is_done)
    return true;
  if (!make_room (n))
    return false;
  survey = raw_map_shared (bytes);
  if (survey == MAP_FAILED)
    return false;
  survey->n_sites = n;
  if (gcg__standing_do (survey_stopped, survey, -1, &survey->pause_ns, NULL) == GCG_OK)
    for (uint32_t site = 0; site < n; site++)
      *figures_of (site) = survey->sites[site];
  raw_unmap (survey, bytes);
  __atomic_store_n (&is_done, true, __ATOMIC_RELEASE);
  return true;
}

struct gcg__live
gcg__survivors_live (uint32_t site, const struct gcg__count *count)
{
  static const struct gcg__surveyed none;
  const struct gcg__surveyed *figures = figures_of (site);

  if (!figures)
    figures = &none;
  return gcg__count_alive (figures->alive, &figures->then, count);
}

void
gcg__survivors_freed (uint32_t site, uint64_t bytes, uint32_t birth, uintptr_t address)
{
  struct gcg__count *count;

  (void)birth;
  (void)address;
  if (!__atomic_load_n (&gcg__counting, __ATOMIC_RELAXED) || !(count = gcg__count_of (site)))
    return;
  count->freed++;
  count->freed_bytes += bytes;
}

void
gcg__survivors_moved (uint32_t site, uint64_t bytes, uint32_t birth, uintptr_t address, uint32_t to)
{
  gcg__survivors_freed (site, bytes, birth, address);
  gcg__count_made (to, bytes);
}

void
gcg__survivors_root (struct gcg__root_samples *root)
{
  root->surveyed = (uintptr_t)chunks;
  root->is_surveyed = (uintptr_t)&is_done;
}
