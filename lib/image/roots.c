/* roots.c -- see roots.h.
 *
 * Regions are cut into jobs of JOB_BYTES, which are put behind one another in the end: so the roots
 * come out in the order of regions and addresses.
 */
#include "config.h"

#include "image/roots.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/parallel.h"
#include "base/room.h"
#include "image/window.h"

#define JOB_BYTES (UINT64_C (512) << 10)

struct job
{
  uint32_t region;
  uint64_t low, high, end; /* END: of the region */
  const uint64_t *values;  /* of LOW; NULL: memory */
  uint32_t step;           /* between two of these */
  struct gcg__root *roots;
  uint8_t *places;
  size_t n;
  uint32_t room, room_places;
  size_t first; /* its first root's number among all */
  bool no_memory;
};

struct finding
{
  const struct gcg__memory_image *image;
  const struct gcg__heap_index *index;
  struct gcg__roots *roots;
  uint32_t regions_room;
  struct job *jobs;
  size_t n_jobs;
  uint32_t room;
  void **buffers; /* one for each worker; NULL: it had none yet */
};

static bool
add_job (struct finding *finding, uint64_t low, uint64_t high, const struct gcg__region *region,
         const struct gcg__root_area *area)
{
  if (!gcg__room_for_one (&finding->jobs, (uint32_t)finding->n_jobs, &finding->room,
                          sizeof *finding->jobs))
    return false;
  finding->jobs[finding->n_jobs++]
      = (struct job){ .region = (uint32_t)finding->roots->n_regions - 1,
                      .low = low,
                      .high = high,
                      .end = region->high,
                      .values = area->values,
                      .step = area->step ? area->step : 1 };
  return true;
}

/* The region [LOW, HIGH) of AREA, and the jobs that look through it. */
static bool
add_region (struct finding *finding, const struct gcg__root_area *area, uint64_t low, uint64_t high)
{
  struct gcg__roots *roots = finding->roots;
  struct gcg__region region = { area->kind, area->index, low, high };

  if (!gcg__room_for_one (&roots->regions, (uint32_t)roots->n_regions, &finding->regions_room,
                          sizeof *roots->regions))
    return false;
  roots->regions[roots->n_regions++] = region;
  if (area->values)
    return add_job (finding, low, high, &region, area);
  low = low <= UINT64_MAX - 7 ? (low + 7) & ~UINT64_C (7) : high;
  for (uint64_t next; low < high; low = next)
    {
      next = high - low < JOB_BYTES ? high : low + JOB_BYTES;
      if (!add_job (finding, low, next, &region, area))
        return false;
    }
  return true;
}

/* The regions of AREA: one for each mapping that counts. */
static bool
add_area (struct finding *finding, const struct gcg__root_area *area)
{
  const struct gcg__vmas *vmas = gcg__image_vmas (finding->image);
  bool read_only = finding->index->rules.read_only;

  if (area->low >= area->high)
    return true;
  if (area->values || vmas->n == 0)
    return add_region (finding, area, area->low, area->high);
  for (size_t i = gcg__vmas_above (vmas, area->low); i < vmas->n && vmas->items[i].low < area->high;
       i++)
    {
      const struct gcg__vma *vma = &vmas->items[i];
      uint64_t low = vma->low > area->low ? vma->low : area->low;
      uint64_t high = vma->high < area->high ? vma->high : area->high;
      if (vma->is_readable && !vma->is_device && (vma->is_writable || read_only)
          && !add_region (finding, area, low, high))
        return false;
    }
  return true;
}

/* The word at AT points to an object: HIT. */
static void
add_root (const struct finding *finding, struct job *job, uint64_t at, struct gcg__heap_hit hit)
{
  const struct gcg__heap_rules *rules = &finding->index->rules;
  uint64_t word = finding->index->columns.words[hit.object];

  if (rules->marked_only && !(word >> GCG__WORD_FLAG_SHIFT & GCG__OBJECT_MARKED))
    return;
  if (!gcg__room_for_one (&job->roots, (uint32_t)job->n, &job->room, sizeof *job->roots)
      || (rules->requested
          && !gcg__room_for_one (&job->places, (uint32_t)job->n, &job->room_places, 1)))
    {
      job->no_memory = true;
      return;
    }
  job->roots[job->n] = (struct gcg__root){ hit.object, job->region, at };
  if (rules->requested)
    job->places[job->n] = hit.place;
  job->n++;
}

/* Does the word at AT, or, where that counts, one of the seven that begin behind it and end by END,
   point to an object? */
static bool
resolve (const struct finding *finding, const struct gcg__window *window, uint64_t at, uint64_t end,
         struct gcg__heap_hit *hit)
{
  uint8_t bytes[16];
  size_t n = end - at < 15 ? (size_t)(end - at) : 15;
  uint64_t word;

  memcpy (&word, window->bytes + (at - window->low), sizeof word);
  if (gcg__heap_resolve (finding->index, word, false, hit))
    return true;
  if (__builtin_expect (!finding->index->rules.unaligned, 1))
    return false;
  n = gcg__image_read (finding->image, at, bytes, n);
  for (size_t odd = 1; odd + 8 <= n; odd++)
    {
      memcpy (&word, bytes + odd, sizeof word);
      if (gcg__heap_resolve (finding->index, word, false, hit))
        return true;
    }
  return false;
}

static void
run_job (void *state, size_t number, unsigned worker)
{
  struct finding *finding = state;
  struct job *job = &finding->jobs[number];
  struct gcg__window window = { .image = finding->image, .buffer = finding->buffers[worker] };
  struct gcg__heap_hit hit;
  uint64_t next;

  for (uint64_t i = 0; job->values && i < (job->high - job->low) / job->step; i++)
    if (gcg__heap_resolve (finding->index, job->values[i], false, &hit))
      add_root (finding, job, job->low + i * job->step, hit);
  if (job->values)
    return;
  if (!window.buffer)
    window.buffer = finding->buffers[worker] = malloc (GCG__WINDOW_BYTES);
  job->no_memory = !window.buffer;
  for (uint64_t at = job->low; at < job->high && at + 8 <= job->end && !job->no_memory;)
    {
      if (!gcg__window_move (&window, at, job->high, &next))
        {
          at = (next + 7) & ~UINT64_C (7);
          continue;
        }
      for (; at < window.high && at + 8 <= job->end; at += 8)
        if (resolve (finding, &window, at, job->end, &hit))
          add_root (finding, job, at, hit);
    }
}

/* What the jobs have found, in numbers of all; makes the columns. */
static bool
join_jobs (struct finding *finding)
{
  struct gcg__roots *roots = finding->roots;
  bool places = finding->index->rules.requested;

  for (size_t i = 0; i < finding->n_jobs; i++)
    {
      if (finding->jobs[i].no_memory)
        return false;
      finding->jobs[i].first = roots->n;
      roots->n += finding->jobs[i].n;
    }
  roots->roots = malloc ((roots->n + 1) * sizeof *roots->roots);
  if (places)
    roots->places = malloc (roots->n + 1);
  if (!roots->roots || (places && !roots->places))
    return false;
  for (size_t i = 0; i < finding->n_jobs; i++)
    {
      const struct job *job = &finding->jobs[i];
      if (job->n)
        memcpy (roots->roots + job->first, job->roots, job->n * sizeof *job->roots);
      if (job->n && places)
        memcpy (roots->places + job->first, job->places, job->n);
    }
  return true;
}

enum gcg_status
gcg__roots_find (const struct gcg__memory_image *image, const struct gcg__heap_index *index,
                 const struct gcg__root_area *areas, size_t n, unsigned n_threads,
                 struct gcg__roots *roots, struct gcg_error *error)
{
  struct gcg__roots found = { 0 };
  void *buffers[GCG__PARALLEL_MOST] = { NULL };
  struct finding finding = { .image = image, .index = index, .roots = &found, .buffers = buffers };
  bool done = true;

  for (size_t i = 0; i < n && done; i++)
    done = add_area (&finding, &areas[i]);
  if (done)
    gcg__parallel_run (n_threads, finding.n_jobs, run_job, &finding);
  done = done && join_jobs (&finding);
  for (size_t i = 0; i < finding.n_jobs; i++)
    {
      free (finding.jobs[i].roots);
      free (finding.jobs[i].places);
    }
  free (finding.jobs);
  for (size_t i = 0; i < GCG__PARALLEL_MOST; i++)
    free (buffers[i]);
  if (done)
    *roots = found;
  else
    gcg__roots_fini (&found);
  return done ? GCG_OK : gcg__error_write (error, GCG_NO_MEMORY, "no memory for the heap's roots");
}

void
gcg__roots_fini (struct gcg__roots *roots)
{
  free (roots->regions);
  free (roots->roots);
  free (roots->places);
  *roots = (struct gcg__roots){ 0 };
}
