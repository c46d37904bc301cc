/* edges.c -- see edges.h.
 *
 * The heap is divided into jobs: runs of blocks, or slices of one large object, of about JOB_BYTES
 * each.  A job has columns of its own; in the end they are put behind one another.  Where they meet
 * in an object, the step of the first edge of a slice, which begins at the slice, grows by the
 * words behind the last edge before.
 *
 * A segment of SEGMENT_WORDS words is gone through twice: first the block that each word leads to
 * is found and fetched, then the words are resolved, by when their blocks are in the cache.  The
 * heap is read in order, what it points to is not: that is where the time goes.
 */
#include "config.h"

#include "image/edges.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/parallel.h"
#include "base/room.h"
#include "image/window.h"

#define JOB_BYTES     (UINT64_C (1) << 20)
#define SEGMENT_WORDS 512u
#define SEGMENT_BYTES (8u * SEGMENT_WORDS)

struct bigs
{
  struct gcg__big *items;
  uint32_t n, room;
};

struct job
{
  size_t block, end_block;
  uint64_t low, high; /* a slice of the one object of BLOCK; HIGH is 0: whole blocks */
  /* What it has found; steps and edges are numbered from 0. */
  uint32_t *targets;
  uint8_t *steps, *places;
  size_t n, room;
  struct bigs big_steps, big_counts;
  uint64_t lead, tail; /* of a slice: words before its first edge, and behind its last */
  size_t first;        /* its first edge's number among all; then of its bigs */
  size_t first_big_step, first_big_count;
  bool no_memory;
};

struct finding
{
  const struct gcg__memory_image *image;
  const struct gcg__heap_index *index;
  struct gcg__edges *edges;
  struct job *jobs;
  size_t n_jobs;
  uint32_t room;
  void **buffers; /* one for each worker; NULL: it had none yet */
};

/* What a worker needs for one job. */
struct scan
{
  const struct gcg__heap_index *index;
  struct gcg__edges *edges;
  struct job *job;
  struct gcg__window window;
  size_t next_cleared;
  uint64_t expected; /* address of the word behind the object's last edge */
  bool after_lead;   /* of a slice */
  const struct gcg__heap_block *to[SEGMENT_WORDS]; /* the block that each word leads to, or NULL */
};

static bool
push_big (struct bigs *bigs, uint64_t index, uint64_t value)
{
  if (!gcg__room_for_one (&bigs->items, (uint32_t)bigs->n, &bigs->room, sizeof *bigs->items))
    return false;
  bigs->items[bigs->n++] = (struct gcg__big){ index, value };
  return true;
}

/* Room for the edges of one segment in JOB. */
static bool
reserve (struct job *job, bool places)
{
  size_t room = job->room ? 2 * job->room : 16 * SEGMENT_WORDS;
  uint32_t *targets;
  uint8_t *steps, *where = NULL;

  if (job->n + SEGMENT_WORDS <= job->room)
    return true;
  targets = realloc (job->targets, room * sizeof *targets);
  job->targets = targets ? targets : job->targets;
  steps = realloc (job->steps, room);
  job->steps = steps ? steps : job->steps;
  if (places)
    where = realloc (job->places, room);
  job->places = where ? where : job->places;
  if (!targets || !steps || (places && !where))
    {
      job->no_memory = true;
      return false;
    }
  job->room = room;
  return true;
}

/* Is the word at AT none, whatever it holds?  Words are asked about in ascending order. */
static inline bool
is_cleared (struct scan *scan, uint64_t at)
{
  const struct gcg__heap_rules *rules = &scan->index->rules;

  while (scan->next_cleared < rules->n_cleared && rules->cleared[scan->next_cleared] < at)
    scan->next_cleared++;
  return scan->next_cleared < rules->n_cleared && rules->cleared[scan->next_cleared] == at;
}

/* Does one of the words that begin behind AT and before the next multiple of 8, and end by END,
   point to an object? */
static bool
resolve_unaligned (const struct scan *scan, uint64_t at, uint64_t end, struct gcg__heap_hit *hit)
{
  uint8_t bytes[16];
  size_t n = end - at < 15 ? (size_t)(end - at) : 15;
  uint64_t word;

  if (at + n <= scan->window.high)
    memcpy (bytes, scan->window.bytes + (at - scan->window.low), n);
  else
    n = gcg__image_read (scan->window.image, at, bytes, n);
  for (size_t odd = 1; odd + 8 <= n; odd++)
    {
      memcpy (&word, bytes + odd, sizeof word);
      if (gcg__heap_resolve (scan->index, word, true, hit))
        return true;
    }
  return false;
}

/* The word at AT points to an object: HIT. */
static inline void
add_edge (struct scan *scan, uint64_t at, struct gcg__heap_hit hit)
{
  struct job *job = scan->job;
  uint64_t step = (at - scan->expected) / 8;

  scan->expected = at + 8;
  if (__builtin_expect (job->high && !scan->after_lead, 0))
    {
      job->lead = step;
      scan->after_lead = true;
      step = 0;
    }
  if (__builtin_expect (step >= GCG__STEP_BIG, 0))
    {
      job->no_memory = !push_big (&job->big_steps, job->n, step) || job->no_memory;
      step = GCG__STEP_BIG;
    }
  job->targets[job->n] = hit.object;
  job->steps[job->n] = (uint8_t)step;
  if (job->places)
    job->places[job->n] = hit.place;
  job->n++;
}

static inline uint64_t
load (const uint8_t *bytes)
{
  uint64_t word;

  memcpy (&word, bytes, sizeof word);
  return word;
}

/* Finds and fetches the blocks that the words of [LOW, HIGH), in the window, lead to. */
static inline void
look_ahead (struct scan *scan, uint64_t low, uint64_t high)
{
  const uint8_t *bytes = scan->window.bytes + (low - scan->window.low);
  size_t n = (size_t)(high - low) / 8;

  for (size_t i = 0; i < n; i++)
    {
      scan->to[i] = gcg__heap_block_at (scan->index, load (bytes + 8 * i));
      __builtin_prefetch (scan->to[i]);
    }
}

/* The edges in [AT, HIGH), a part of an object that ends at END and of the segment from LOW on. */
static inline void
scan_words (struct scan *scan, uint64_t low, uint64_t at, uint64_t high, uint64_t end)
{
  const uint8_t *bytes = scan->window.bytes - scan->window.low;
  const struct gcg__heap_rules *rules = &scan->index->rules;
  struct gcg__heap_hit hit;

  for (; at + 8 <= high; at += 8)
    {
      const struct gcg__heap_block *block = scan->to[(at - low) / 8];
      bool is = block && gcg__heap_resolve_in (scan->index, block, load (bytes + at), true, &hit);
      if (__builtin_expect (is && rules->n_cleared > 0, 0))
        is = !is_cleared (scan, at);
      if (__builtin_expect (!is && rules->unaligned, 0))
        is = resolve_unaligned (scan, at, end, &hit);
      if (is)
        add_edge (scan, at, hit);
    }
}

/* The edges in [AT, HIGH), a part of an object that ends at END, as far as there is memory. */
static void
scan_part (struct scan *scan, uint64_t at, uint64_t high, uint64_t end)
{
  uint64_t next;

  while (at + 8 <= high && reserve (scan->job, scan->index->rules.requested))
    {
      bool there = at >= scan->window.low && at < scan->window.high;
      if (!there && !gcg__window_move (&scan->window, at, high, &next))
        {
          at = (next + 7) & ~UINT64_C (7);
          continue;
        }
      uint64_t stop = scan->window.high < high ? scan->window.high : high;
      stop = stop - at < SEGMENT_BYTES ? at + ((stop - at) & ~UINT64_C (7)) : at + SEGMENT_BYTES;
      look_ahead (scan, at, stop);
      scan_words (scan, at, at, stop, end);
      at = stop;
    }
}

/* Up to where OBJECT, of block B, in the slot at BASE, holds words that count. */
static inline uint64_t
object_end (const struct gcg__heap_columns *columns, size_t b, uint32_t object, uint64_t base)
{
  const struct gcg__block *block = &columns->blocks[b];
  uint64_t end = base + block->slot_bytes;

  if (block->kind == GCG__KIND_ATOMIC || block->kind == GCG__KIND_ATOMIC_UNCOLLECTABLE)
    return base;
  /* The tag is no pointer. */
  if (columns->words[object] >> GCG__WORD_FLAG_SHIFT & GCG__OBJECT_TAGGED)
    end -= 8;
  if (columns->readable_ends && columns->readable_ends[b] < end)
    end = columns->readable_ends[b] > base ? columns->readable_ends[b] : base;
  return end;
}

/* OBJECT has the edges from FIRST on that JOB has found. */
static inline void
end_object (struct scan *scan, uint32_t object, size_t first)
{
  struct job *job = scan->job;
  size_t count = job->n - first;

  if (__builtin_expect (count >= GCG__COUNT_BIG, 0))
    {
      job->no_memory = !push_big (&job->big_counts, object, count) || job->no_memory;
      count = GCG__COUNT_BIG;
    }
  scan->edges->counts[object] = (uint8_t)count;
}

/* The edges of block B, whose job ends at END. */
static void
scan_block (struct scan *scan, size_t b, uint64_t end)
{
  const struct gcg__heap_columns *columns = &scan->index->columns;
  const struct gcg__block *block = &columns->blocks[b];
  uint32_t object = block->first_object, last;

  last = b + 1 < columns->n_blocks ? columns->blocks[b + 1].first_object
                                   : (uint32_t)columns->n_objects;
  scan->edges->first_edges[b] = scan->job->n;
  while (object < last)
    {
      /* Objects whose slots fit one segment. */
      uint32_t stop = object;
      uint64_t low = block->address + columns->slots[object] * block->slot_bytes, high = low;
      const uint8_t *bytes = NULL;
      for (; stop < last; stop++)
        {
          uint64_t slot_end = block->address + (columns->slots[stop] + 1) * block->slot_bytes;
          if (slot_end - low > SEGMENT_BYTES && stop > object)
            break;
          high = slot_end;
        }
      if (high - low <= SEGMENT_BYTES)
        bytes = gcg__window_all (&scan->window, low, high, end);
      if (!reserve (scan->job, scan->index->rules.requested))
        return;
      if (bytes)
        look_ahead (scan, low, high);
      for (; object < stop; object++)
        {
          uint64_t base = block->address + columns->slots[object] * block->slot_bytes;
          uint64_t object_high = object_end (columns, b, object, base);
          size_t first = scan->job->n;
          scan->expected = base;
          if (bytes)
            scan_words (scan, low, base, object_high, object_high);
          else
            scan_part (scan, base, object_high, object_high);
          end_object (scan, object, first);
        }
    }
}

static void
run_job (void *state, size_t number, unsigned worker)
{
  struct finding *finding = state;
  struct job *job = &finding->jobs[number];
  const struct gcg__heap_index *index = finding->index;
  const struct gcg__heap_rules *rules = &index->rules;
  struct scan scan = { .index = index,
                       .edges = finding->edges,
                       .job = job,
                       .window = { .image = finding->image, .buffer = finding->buffers[worker] } };
  uint64_t low = job->high ? job->low : index->blocks[job->block].address;
  size_t high = rules->n_cleared;

  if (!scan.window.buffer)
    scan.window.buffer = finding->buffers[worker] = malloc (GCG__WINDOW_BYTES);
  job->no_memory = !scan.window.buffer;
  while (scan.next_cleared < high)
    {
      size_t middle = scan.next_cleared + (high - scan.next_cleared) / 2;
      if (rules->cleared[middle] < low)
        scan.next_cleared = middle + 1;
      else
        high = middle;
    }
  if (job->high)
    {
      const struct gcg__block *block = &index->columns.blocks[job->block];
      uint64_t end = object_end (&index->columns, job->block, block->first_object, block->address);
      scan.expected = job->low;
      if (!job->no_memory)
        scan_part (&scan, job->low, job->high, end);
      job->tail = (job->high - scan.expected) / 8;
      return;
    }
  const struct gcg__heap_block *last = &index->blocks[job->end_block - 1];
  for (size_t b = job->block; b < job->end_block && !job->no_memory; b++)
    scan_block (&scan, b, last->address + last->n_slots * last->slot_bytes);
}

static struct job *
add_job (struct finding *finding, size_t block)
{
  if (!gcg__room_for_one (&finding->jobs, (uint32_t)finding->n_jobs, &finding->room,
                          sizeof *finding->jobs))
    return NULL;
  struct job *job = &finding->jobs[finding->n_jobs++];
  *job = (struct job){ .block = block, .end_block = block + 1 };
  return job;
}

/* Where a slice that begins at AT ends: what is not mapped is one slice, however much it is, for it
   costs nothing. */
static uint64_t
slice_end (const struct gcg__vmas *vmas, uint64_t at, uint64_t end)
{
  size_t i = gcg__vmas_above (vmas, at);
  uint64_t next = end - at < JOB_BYTES ? end : at + JOB_BYTES;

  if (vmas->n == 0 || (i < vmas->n && vmas->items[i].low < next))
    return next;
  return i < vmas->n && vmas->items[i].low < end ? vmas->items[i].low : end;
}

/* Divides the object of block B into jobs. */
static bool
plan_slices (struct finding *finding, size_t b)
{
  const struct gcg__heap_columns *columns = &finding->index->columns;
  const struct gcg__vmas *vmas = gcg__image_vmas (finding->image);
  uint64_t base = columns->blocks[b].address;
  uint64_t end = object_end (columns, b, columns->blocks[b].first_object, base) & ~UINT64_C (7);
  uint64_t at = base;

  do
    {
      struct job *job = add_job (finding, b);
      if (!job)
        return false;
      job->low = at;
      job->high = at = slice_end (vmas, at, end);
    }
  while (at < end);
  return true;
}

static bool
plan_jobs (struct finding *finding)
{
  const struct gcg__heap_index *index = finding->index;
  struct job *run = NULL;

  for (size_t b = 0; b < index->columns.n_blocks; b++)
    {
      const struct gcg__heap_block *block = &index->blocks[b];
      if (block->slot_bytes >= 2 * JOB_BYTES)
        {
          if (!plan_slices (finding, b))
            return false;
          run = NULL;
          continue;
        }
      /* Atomic blocks are cheap, but not free; sizes of all count. */
      if (run && block->address - index->blocks[run->block].address < JOB_BYTES)
        run->end_block = b + 1;
      else if (!(run = add_job (finding, b)))
        return false;
    }
  return true;
}

/* Changes the step of the first edge of JOB, a slice, into STEP. */
static bool
set_first_step (struct job *job, uint64_t step)
{
  struct bigs *bigs = &job->big_steps;

  job->steps[0] = step < GCG__STEP_BIG ? (uint8_t)step : GCG__STEP_BIG;
  if (step < GCG__STEP_BIG)
    return true;
  if (!push_big (bigs, 0, step))
    return false;
  memmove (bigs->items + 1, bigs->items, (bigs->n - 1) * sizeof *bigs->items);
  bigs->items[0] = (struct gcg__big){ 0, step };
  return true;
}

/* Joins the slices of one object, from job I on; the first job behind them.  0: no memory. */
static size_t
join_slices (struct finding *finding, size_t i)
{
  struct job *jobs = finding->jobs;
  uint32_t object = finding->index->columns.blocks[jobs[i].block].first_object;
  size_t block = jobs[i].block, count = 0;
  uint64_t carry = 0;

  finding->edges->first_edges[block] = 0; /* from this job's first */
  for (; i < finding->n_jobs && jobs[i].block == block; i++)
    {
      if (jobs[i].n == 0)
        {
          carry += (jobs[i].high - jobs[i].low) / 8;
          continue;
        }
      if (!set_first_step (&jobs[i], carry + jobs[i].lead))
        return 0;
      carry = jobs[i].tail;
      count += jobs[i].n;
    }
  if (count >= GCG__COUNT_BIG && !push_big (&jobs[i - 1].big_counts, object, count))
    return 0;
  finding->edges->counts[object] = count < GCG__COUNT_BIG ? (uint8_t)count : GCG__COUNT_BIG;
  return i;
}

/* What the jobs have found, in numbers of all; makes the columns. */
static bool
join_jobs (struct finding *finding)
{
  struct gcg__edges *edges = finding->edges;

  for (size_t i = 0; i < finding->n_jobs; i++)
    if (finding->jobs[i].no_memory)
      return false;
  for (size_t i = 0; i < finding->n_jobs;)
    {
      i = finding->jobs[i].high ? join_slices (finding, i) : i + 1;
      if (i == 0)
        return false;
    }
  for (size_t i = 0; i < finding->n_jobs; i++)
    {
      struct job *job = &finding->jobs[i];
      job->first = edges->n;
      job->first_big_step = edges->n_big_steps;
      job->first_big_count = edges->n_big_counts;
      edges->n += job->n;
      edges->n_big_steps += job->big_steps.n;
      edges->n_big_counts += job->big_counts.n;
    }
  edges->targets = malloc ((edges->n + 1) * sizeof *edges->targets);
  edges->steps = malloc (edges->n + 1);
  if (finding->index->rules.requested)
    edges->places = malloc (edges->n + 1);
  edges->big_steps = malloc ((edges->n_big_steps + 1) * sizeof *edges->big_steps);
  edges->big_counts = malloc ((edges->n_big_counts + 1) * sizeof *edges->big_counts);
  return edges->targets && edges->steps && edges->big_steps && edges->big_counts
         && (edges->places || !finding->index->rules.requested);
}

static void
free_found (struct job *job)
{
  free (job->targets);
  free (job->steps);
  free (job->places);
  free (job->big_steps.items);
  free (job->big_counts.items);
  job->targets = NULL;
  job->steps = job->places = NULL;
  job->big_steps.items = job->big_counts.items = NULL;
}

/* Copies what a job has found to its place among all. */
static void
copy_job (void *state, size_t number, unsigned worker)
{
  struct finding *finding = state;
  struct job *job = &finding->jobs[number];
  struct gcg__edges *edges = finding->edges;

  (void)worker;
  if (job->n)
    {
      memcpy (edges->targets + job->first, job->targets, job->n * sizeof *edges->targets);
      memcpy (edges->steps + job->first, job->steps, job->n);
      if (edges->places)
        memcpy (edges->places + job->first, job->places, job->n);
    }
  for (size_t i = 0; i < job->big_steps.n; i++)
    edges->big_steps[job->first_big_step + i]
        = (struct gcg__big){ job->first + job->big_steps.items[i].index,
                             job->big_steps.items[i].value };
  for (size_t i = 0; i < job->big_counts.n; i++)
    edges->big_counts[job->first_big_count + i] = job->big_counts.items[i];
  /* Of slices the first says where the object's edges begin. */
  if (!job->high || number == 0 || finding->jobs[number - 1].block != job->block)
    for (size_t b = job->block; b < job->end_block; b++)
      edges->first_edges[b] += job->first;
  free_found (job);
}

enum gcg_status
gcg__edges_find (const struct gcg__memory_image *image, const struct gcg__heap_index *index,
                 unsigned n_threads, struct gcg__edges *edges, struct gcg_error *error)
{
  struct gcg__edges found = { 0 };
  void *buffers[GCG__PARALLEL_MOST] = { NULL };
  struct finding finding = { .image = image, .index = index, .edges = &found, .buffers = buffers };
  bool done = false;

  found.first_edges = calloc (index->columns.n_blocks + 1, sizeof *found.first_edges);
  found.counts = calloc (index->columns.n_objects + 1, 1);
  if (found.first_edges && found.counts && plan_jobs (&finding))
    {
      gcg__parallel_run (n_threads, finding.n_jobs, run_job, &finding);
      done = join_jobs (&finding);
      if (done)
        gcg__parallel_run (n_threads, finding.n_jobs, copy_job, &finding);
    }
  for (size_t i = 0; i < finding.n_jobs; i++)
    free_found (&finding.jobs[i]);
  free (finding.jobs);
  for (size_t i = 0; i < GCG__PARALLEL_MOST; i++)
    free (buffers[i]);
  if (done)
    *edges = found;
  else
    gcg__edges_fini (&found);
  return done ? GCG_OK : gcg__error_write (error, GCG_NO_MEMORY, "no memory for the heap's edges");
}

void
gcg__edges_fini (struct gcg__edges *edges)
{
  free (edges->first_edges);
  free (edges->counts);
  free (edges->targets);
  free (edges->steps);
  free (edges->places);
  free (edges->big_counts);
  free (edges->big_steps);
  *edges = (struct gcg__edges){ 0 };
}
