/* agent_heap.c -- see agent_heap.h.
 *
 * First all slots there may be are listed, then looked at in jobs of about JOB_BYTES.  A job writes
 * where its objects would stand if every slot held one, and the columns are moved together in the
 * end: mostly by little, and pages in between are never touched.
 *
 * Runs of small slots are read through a buffer; of a large one only its end.
 */
#include "config.h"

#include "image/agent_heap.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/parallel.h"
#include "base/room.h"
#include "tag.h"

#define PAGE         (UINT64_C (1) << GCG__PAGE_SHIFT)
#define PIECE        (UINT64_C (1) << GCG__PIECE_SHIFT)
#define JOB_BYTES    (UINT64_C (1) << 20)
#define BUFFER_BYTES (UINT64_C (128) << 10)
#define WIDE_BYTES   (UINT64_C (32) << 10) /* of slots of more only the end is read */
#define MOST_BYTES   (UINT64_C (1) << 47)
#define MOST_OBJECTS (UINT64_C (1) << 28)

/* Slots side by side. */
struct run
{
  uint64_t address, slot_bytes;
  uint32_t n_slots;
  bool is_linker;
};

struct job
{
  size_t run, end_run;
  uint64_t first, n; /* objects: where their columns begin, and how many there are */
  size_t n_blocks;
  struct gcg__big *bigs; /* numbered from the job's first object on */
  struct gcg__root_range *linker;
  uint32_t n_bigs, bigs_room, n_linker, linker_room;
  bool no_memory;
};

struct reading
{
  const struct gcg__memory_image *image;
  struct gcg__agent_heap *heap;
  struct run *runs;
  size_t n_runs;
  uint32_t runs_room;
  uint32_t n_sites; /* one more than the highest */
  struct job *jobs;
  size_t n_jobs;
  uint32_t jobs_room;
  unsigned n_threads;
  void *buffers[GCG__PARALLEL_MOST]; /* of each worker; NULL: it had none yet */
};

static uint64_t
end_of (const struct run *run)
{
  return run->address + run->n_slots * run->slot_bytes;
}

/* Where the pages end that RUN is in. */
static uint64_t
pages_end (const struct run *run)
{
  return (end_of (run) + PAGE - 1) & -PAGE;
}

/* --- what there may be --- */

static bool
add_run (struct reading *reading, struct run run)
{
  if (!gcg__room_for_one (&reading->runs, (uint32_t)reading->n_runs, &reading->runs_room,
                          sizeof *reading->runs))
    return false;
  reading->runs[reading->n_runs++] = run;
  return true;
}

/* The slots of the page at ADDRESS, of which the table says VALUE. */
static bool
add_page (struct reading *reading, uint64_t address, uint32_t value)
{
  uint64_t bytes = value * GCG__GRANULE;

  if (value == GCG__OF_PAGES)
    return true;
  if (value > GCG__OF_PAGES)
    return add_run (reading, (struct run){ address, (value - GCG__OF_PAGES) * PAGE, 1, false });
  return add_run (reading, (struct run){ address, bytes, (uint32_t)(PAGE / bytes), false });
}

/* Is there memory in [LOW, HIGH)? */
static bool
is_mapped (const struct reading *reading, uint64_t low, uint64_t high)
{
  const struct gcg__vmas *vmas = gcg__image_vmas (reading->image);
  size_t at = gcg__vmas_above (vmas, low);

  return at < vmas->n && vmas->items[at].low < high;
}

/* The slots of piece NUMBER, whose bytes are at ADDRESS. */
static bool
add_piece (struct reading *reading, uint64_t number, uint64_t address, uint8_t *bytes)
{
  size_t n = gcg__image_read (reading->image, address, bytes, PIECE);
  bool done = true;

  for (size_t at = 0; at < n && done; at++)
    {
      if (at % 8 == 0)
        for (uint64_t word = 0; at + 8 <= n; at += 8)
          {
            memcpy (&word, bytes + at, sizeof word);
            if (word)
              break;
          }
      uint64_t page = (number << GCG__PIECE_SHIFT | at) << GCG__PAGE_SHIFT;
      if (at < n && bytes[at] && is_mapped (reading, page, page + PAGE))
        done = add_page (reading, page, bytes[at]);
    }
  return done;
}

/* A piece of addresses where there is no memory has nothing to say: reading all that a damaged
   table leads to would take minutes. */
static bool
add_pieces (struct reading *reading, uint64_t table)
{
  uint64_t *pieces = malloc (GCG__PIECES * sizeof *pieces);
  uint8_t *bytes = malloc (PIECE);
  bool done = pieces && bytes;
  size_t n
      = done ? gcg__image_read (reading->image, table, pieces, GCG__PIECES * sizeof *pieces) : 0;

  for (size_t i = 0; i < n / sizeof *pieces && done; i++)
    if (pieces[i]
        && is_mapped (reading, i << (GCG__PIECE_SHIFT + GCG__PAGE_SHIFT),
                      (i + 1) << (GCG__PIECE_SHIFT + GCG__PAGE_SHIFT)))
      done = add_piece (reading, i, pieces[i], bytes);
  free (pieces);
  free (bytes);
  return done;
}

/* The slots that OBJECTS lists. */
static bool
add_objects (struct reading *reading, const struct gcg__root_objects *objects)
{
  struct gcg__root_object entries[256];
  bool done = true;

  for (uint64_t i = 0; i < objects->room && i < MOST_OBJECTS && done;)
    {
      size_t n = objects->room - i < 256 ? (size_t)(objects->room - i) : 256;
      n = gcg__image_read (reading->image, objects->items + i * sizeof *entries, entries,
                           n * sizeof *entries)
          / sizeof *entries;
      if (n == 0)
        break;
      for (size_t j = 0; j < n && done; j++)
        {
          uint64_t address = entries[j].address, bytes = entries[j].bytes & ~GCG__OBJECT_OF_LINKER;
          if (address >= PAGE && address < MOST_BYTES && address % GCG__GRANULE == 0
              && bytes >= GCG__GRANULE && bytes % GCG__GRANULE == 0 && bytes < MOST_BYTES)
            done = add_run (reading, (struct run){ address, bytes, 1,
                                                   entries[j].bytes & GCG__OBJECT_OF_LINKER });
        }
      i += n;
    }
  return done;
}

/* By address; where they are the same, pages of small slots first. */
static int
compare_runs (const void *a, const void *b)
{
  const struct run *x = a, *y = b;

  if (x->address != y->address)
    return x->address < y->address ? -1 : 1;
  return x->n_slots > y->n_slots ? -1 : x->n_slots < y->n_slots;
}

/* Lists all slots, ascending and without overlaps. */
static bool
list_runs (struct reading *reading, const struct gcg__root_heap *tables)
{
  struct gcg__root_objects objects;
  size_t n_pages, n = 0;
  uint64_t end = 0;

  if (!add_pieces (reading, tables->pieces))
    return false;
  n_pages = reading->n_runs;
  if (gcg__image_get (reading->image, tables->objects, &objects, sizeof objects)
      && !add_objects (reading, &objects))
    return false;
  if (reading->n_runs > n_pages)
    qsort (reading->runs, reading->n_runs, sizeof *reading->runs, compare_runs);
  for (size_t i = 0; i < reading->n_runs; i++)
    {
      struct run run = reading->runs[i];
      if (run.address < end)
        continue;
      end = run.n_slots > 1 ? pages_end (&run) : end_of (&run);
      reading->runs[n++] = run;
      reading->heap->slot_bytes += run.n_slots * run.slot_bytes;
    }
  reading->n_runs = n;
  if (n)
    {
      reading->heap->low = reading->runs[0].address;
      reading->heap->high = end;
    }
  return true;
}

/* --- what there is --- */

/* Memory that a job has read last. */
struct view
{
  uint64_t low, high;
  const uint8_t *bytes; /* of LOW */
};

/* The two words before END, of which the first may not be there; false: the second is not. */
static bool
words_before (const struct reading *reading, const struct view *view, uint64_t end,
              uint64_t words[2])
{
  if (end - 16 >= view->low && end <= view->high)
    {
      memcpy (words, view->bytes + (end - 16 - view->low), 16);
      return true;
    }
  return gcg__image_get (reading->image, end - 16, words, 16);
}

/* Reads RUN and those that follow it side by side up to END_RUN, as much as there is room for. */
static void
move_view (const struct reading *reading, size_t run, size_t end_run, void *buffer,
           struct view *view)
{
  const struct run *runs = reading->runs;
  uint64_t low = runs[run].address, high = pages_end (&runs[run]);
  size_t got;

  for (size_t next = run + 1;
       next < end_run && runs[next].address == high && runs[next].slot_bytes <= WIDE_BYTES
       && pages_end (&runs[next]) - low <= BUFFER_BYTES;
       next++)
    high = pages_end (&runs[next]);
  if (high - low > BUFFER_BYTES)
    high = low + BUFFER_BYTES;
  view->bytes = gcg__image_view (reading->image, low, buffer, (size_t)(high - low), &got);
  view->low = low;
  view->high = low + got;
}

static void
add_big (struct job *job, uint64_t slack)
{
  if (!gcg__room_for_one (&job->bigs, job->n_bigs, &job->bigs_room, sizeof *job->bigs))
    job->no_memory = true;
  else
    job->bigs[job->n_bigs++] = (struct gcg__big){ job->n, slack };
}

static void
add_linker (struct job *job, const struct run *run)
{
  if (!gcg__room_for_one (&job->linker, job->n_linker, &job->linker_room, sizeof *job->linker))
    job->no_memory = true;
  else
    job->linker[job->n_linker++] = (struct gcg__root_range){ run->address, end_of (run) - 8 };
}

/* Adds the block of SLOT in RUN, whose slot ends in WORDS, if it is one. */
static void
add_object (struct reading *reading, struct job *job, const struct run *run, uint32_t slot,
            const uint64_t words[2])
{
  uint64_t address = run->address + slot * run->slot_bytes, slack;

  if (!tag_valid ((const void *)(uintptr_t)address, words[1])
      || !tag_fits (words[1], run->slot_bytes, reading->n_sites))
    return;
  if (run->is_linker)
    {
      add_linker (job, run);
      return;
    }
  slack = words[1] >> GCG__WORD_SLACK_SHIFT & 255;
  if (slack == GCG__SLACK_BIG)
    {
      slack = tag_slack (&words[1]);
      if (slack > run->slot_bytes - 8 || slack < GCG__SLACK_BIG) /* it has been written over */
        slack = run->slot_bytes - 8;
      add_big (job, slack);
    }
  reading->heap->slots[job->first + job->n] = (uint8_t)slot;
  reading->heap->words[job->first + job->n]
      = (words[1] & TAG_LOW_MASK) | (uint64_t)GCG__OBJECT_TAGGED << GCG__WORD_FLAG_SHIFT;
  job->n++;
}

static void
run_job (void *state, size_t number, unsigned worker)
{
  struct reading *reading = state;
  struct job *job = &reading->jobs[number];
  struct view view = { 0, 0, NULL };

  if (!reading->buffers[worker])
    reading->buffers[worker] = malloc (BUFFER_BYTES);
  job->no_memory = !reading->buffers[worker];
  for (size_t i = job->run; i < job->end_run && !job->no_memory; i++)
    {
      const struct run *run = &reading->runs[i];
      uint64_t before = job->n, words[2];
      if (run->slot_bytes <= WIDE_BYTES && (run->address < view.low || run->address >= view.high))
        move_view (reading, i, job->end_run, reading->buffers[worker], &view);
      for (uint32_t slot = 0; slot < run->n_slots; slot++)
        if (words_before (reading, &view, run->address + (slot + 1) * run->slot_bytes, words))
          add_object (reading, job, run, slot, words);
      if (job->n > before)
        reading->heap->blocks[job->run + job->n_blocks++]
            = (struct gcg__block){ .address = run->address,
                                   .slot_bytes = run->slot_bytes,
                                   .first_object = (uint32_t)before,
                                   .kind = GCG__KIND_NORMAL };
    }
}

/* Cuts the runs into jobs; *MOST: how many objects there may be. */
static bool
make_jobs (struct reading *reading, uint64_t *most)
{
  uint64_t bytes = JOB_BYTES, n = 0;

  for (size_t i = 0; i < reading->n_runs; i++)
    {
      if (bytes >= JOB_BYTES)
        {
          if (!gcg__room_for_one (&reading->jobs, (uint32_t)reading->n_jobs, &reading->jobs_room,
                                  sizeof *reading->jobs))
            return false;
          reading->jobs[reading->n_jobs++] = (struct job){ .run = i, .first = n };
          bytes = 0;
        }
      reading->jobs[reading->n_jobs - 1].end_run = i + 1;
      n += reading->runs[i].n_slots;
      /* A wide slot costs a call. */
      bytes += reading->runs[i].slot_bytes <= WIDE_BYTES
                   ? reading->runs[i].n_slots * reading->runs[i].slot_bytes
                   : PAGE;
    }
  *most = n;
  return true;
}

/* Moves what the jobs have found together. */
static bool
join_jobs (struct reading *reading)
{
  struct gcg__agent_heap *heap = reading->heap;
  uint32_t bigs_room = 0, linker_room = 0;

  for (size_t i = 0; i < reading->n_jobs; i++)
    {
      const struct job *job = &reading->jobs[i];
      if (job->no_memory)
        return false;
      if (heap->n_objects != job->first)
        {
          memmove (heap->slots + heap->n_objects, heap->slots + job->first, job->n);
          memmove (heap->words + heap->n_objects, heap->words + job->first,
                   job->n * sizeof *heap->words);
        }
      for (size_t j = 0; j < job->n_blocks; j++)
        {
          struct gcg__block block = heap->blocks[job->run + j];
          block.first_object += (uint32_t)heap->n_objects;
          heap->blocks[heap->n_blocks++] = block;
        }
      for (uint32_t j = 0; j < job->n_bigs; j++)
        {
          if (!gcg__room_for_one (&heap->big_slacks, (uint32_t)heap->n_big_slacks, &bigs_room,
                                  sizeof *heap->big_slacks))
            return false;
          heap->big_slacks[heap->n_big_slacks++]
              = (struct gcg__big){ job->bigs[j].index + heap->n_objects, job->bigs[j].value };
        }
      for (uint32_t j = 0; j < job->n_linker; j++)
        {
          if (!gcg__room_for_one (&heap->linker, (uint32_t)heap->n_linker, &linker_room,
                                  sizeof *heap->linker))
            return false;
          heap->linker[heap->n_linker++] = job->linker[j];
        }
      heap->n_objects += job->n;
    }
  return true;
}

/* Looks at all slots.  Errors: as gcg__agent_heap_read. */
static enum gcg_status
read_slots (struct reading *reading, struct gcg_error *error)
{
  struct gcg__agent_heap *heap = reading->heap;
  uint64_t most = 0;
  bool done = make_jobs (reading, &most);

  if (done && most >= UINT32_MAX)
    return gcg__error_write (error, GCG_UNSUPPORTED, "the heap has 2^32 blocks or more");
  if (done)
    {
      heap->blocks = malloc ((reading->n_runs + 1) * sizeof *heap->blocks);
      heap->slots = malloc (most + 1);
      heap->words = malloc ((most + 1) * sizeof *heap->words);
      done = heap->blocks && heap->slots && heap->words;
    }
  if (done)
    {
      gcg__parallel_run (reading->n_threads, reading->n_jobs, run_job, reading);
      done = join_jobs (reading);
    }
  return done ? GCG_OK : gcg__error_write (error, GCG_NO_MEMORY, "no memory for the heap's blocks");
}

/* One more than the highest site. */
static uint32_t
count_sites (const struct gcg__memory_image *image, const struct gcg__root_heap *tables)
{
  uint32_t n;

  if (!gcg__image_get (image, tables->n_sites, &n, sizeof n) || n == 0)
    n = 1;
  return n < GCG__SITES_MAX ? n : GCG__SITES_MAX;
}

enum gcg_status
gcg__agent_heap_read (const struct gcg__memory_image *image, const struct gcg__root_heap *tables,
                      unsigned n_threads, struct gcg__agent_heap *heap, struct gcg_error *error)
{
  struct gcg__agent_heap found = { 0 };
  struct reading reading = {
    .image = image, .heap = &found, .n_sites = count_sites (image, tables), .n_threads = n_threads
  };
  enum gcg_status status
      = list_runs (&reading, tables)
            ? read_slots (&reading, error)
            : gcg__error_write (error, GCG_NO_MEMORY, "no memory for the heap's blocks");

  for (size_t i = 0; i < reading.n_jobs; i++)
    {
      free (reading.jobs[i].bigs);
      free (reading.jobs[i].linker);
    }
  for (size_t i = 0; i < GCG__PARALLEL_MOST; i++)
    free (reading.buffers[i]);
  free (reading.jobs);
  free (reading.runs);
  if (status == GCG_OK)
    *heap = found;
  else
    gcg__agent_heap_fini (&found);
  return status;
}

void
gcg__agent_heap_fini (struct gcg__agent_heap *heap)
{
  free (heap->blocks);
  free (heap->slots);
  free (heap->words);
  free (heap->big_slacks);
  free (heap->linker);
  *heap = (struct gcg__agent_heap){ 0 };
}

void
gcg__agent_heap_drop (struct gcg__agent_heap *heap, const uint8_t *dropped)
{
  size_t n = 0, n_blocks = 0, n_bigs = 0, big = 0;

  for (size_t b = 0; b < heap->n_blocks; b++)
    {
      struct gcg__block block = heap->blocks[b];
      size_t end = b + 1 < heap->n_blocks ? heap->blocks[b + 1].first_object : heap->n_objects;
      size_t first = n;
      for (size_t i = block.first_object; i < end; i++)
        {
          bool is_big = big < heap->n_big_slacks && heap->big_slacks[big].index == i;
          uint64_t slack = is_big ? heap->big_slacks[big++].value : 0;
          if (dropped[i])
            continue;
          if (is_big)
            heap->big_slacks[n_bigs++] = (struct gcg__big){ n, slack };
          heap->slots[n] = heap->slots[i];
          heap->words[n++] = heap->words[i];
        }
      block.first_object = (uint32_t)first;
      if (n > first)
        heap->blocks[n_blocks++] = block;
    }
  heap->n_objects = n;
  heap->n_blocks = n_blocks;
  heap->n_big_slacks = n_bigs;
}

struct gcg__heap_columns
gcg__agent_heap_columns (const struct gcg__agent_heap *heap)
{
  return (struct gcg__heap_columns){ .blocks = heap->blocks,
                                     .n_blocks = heap->n_blocks,
                                     .slots = heap->slots,
                                     .words = heap->words,
                                     .n_objects = heap->n_objects,
                                     .big_slacks = heap->big_slacks,
                                     .n_big_slacks = heap->n_big_slacks };
}

/* --- sites --- */

enum gcg_status
gcg__agent_sites_read (const struct gcg__memory_image *image, const struct gcg__root_heap *tables,
                       struct gcg__agent_sites *sites, struct gcg_error *error)
{
  uint64_t chunk;
  uint32_t n = count_sites (image, tables);

  sites->items = calloc (n, sizeof *sites->items);
  if (!sites->items)
    return gcg__error_write (error, GCG_NO_MEMORY, "no memory for %u sites", (unsigned)n);
  sites->n = n;
  for (uint32_t first = 0; first < n; first += GCG__SITE_CHUNK)
    if (gcg__image_get (image, tables->sites + first / GCG__SITE_CHUNK * sizeof chunk, &chunk,
                        sizeof chunk)
        && chunk)
      {
        size_t m = n - first < GCG__SITE_CHUNK ? n - first : GCG__SITE_CHUNK;
        (void)gcg__image_read (image, chunk, sites->items + first, m * sizeof *sites->items);
      }
  return GCG_OK;
}
