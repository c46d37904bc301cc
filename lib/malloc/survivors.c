/* survivors.c -- what was alive when counting began, with malloc (survivors.h).
 *
 * Nothing collects here: there is one survey, in a frozen child as for a snapshot, and at the very
 * instant at which it is cloned the counters are noted.  From then on the counters decide: each
 * block that is made or freed adds to the numbers of its thread.  A thread that is stopped between
 * a block and its counter makes that block one too many or too few.
 */
#include "sample/survivors.h"

#include <string.h>
#include <sys/mman.h>

#include "arena.h"
#include "capture.h"
#include "freeze/tally.h"
#include "site.h"

static struct gcg__surveyed *chunks[GCG__CHUNKS];

static bool is_done;

/* Sites that the survey counts.  A site that is new while it is under way needs none: counting has
   begun, so its counters have all its blocks. */
static uint32_t n_surveyed;

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

/* Every thread but this one is stopped: no lock may be taken. */
void
gcg__survivors_note_stopped (void)
{
  struct gcg__count sums[64];

  for (uint32_t first = 0; first < n_surveyed; first += 64)
    {
      gcg__count_sum (first, 64, sums);
      for (uint32_t i = 0; i < 64 && first + i < n_surveyed; i++)
        figures_of (first)[i].then = sums[i];
    }
}

uint64_t
gcg__survivors_of (void)
{
  return 0;
}

/* A thread that cannot be stopped is waited for once; without a survey what is alive is what has
   been made since. */
bool
gcg__survivors_update (bool exact)
{
  uint32_t n = gcg__site_count ();
  size_t bytes = sizeof (struct gcg__tally) + n * sizeof (struct gcg__live);
  struct gcg__tally *tally;

  (void)exact;
  if (is_done)
    return true;
  if (!make_room (n))
    return false;
  tally = mmap (NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (tally == MAP_FAILED)
    return false;
  tally->n_sites = n_surveyed = n;
  if (gcg__capture_tally (tally, NULL) == GCG_OK)
    for (uint32_t site = 0; site < n; site++)
      figures_of (site)->alive = tally->sites[site];
  munmap (tally, bytes);
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
