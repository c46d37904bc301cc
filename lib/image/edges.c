/* edges.c -- see edges.h.
 *
 * The heap is divided into jobs: runs of blocks, or slices of one large object, of about JOB_BYTES
 * each.  What a job finds is appended to the columns as soon as all jobs before it are: mostly from
 * the memory that its worker uses again and again, so that no page is touched twice.  Where slices
 * meet, the step of the first edge of one, which begins at the slice, grows by the words behind the
 * last edge before.
 *
 * The blocks that words lead to are found and fetched some words ahead of where the words are
 * resolved, by when their blocks are in the cache.  The heap is read in order, what it points to is
 * not: that is where the time goes.
 */
#include "config.h"

#include "image/edges.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/parallel.h"
#include "base/room.h"
#include "image/window.h"

#define JOB_BYTES     (UINT64_C (1) << 20)
#define SEGMENT_WORDS 512u
#define SEGMENT_BYTES (8u * SEGMENT_WORDS)
#define AHEAD_BYTES   384u

struct bigs
{
  struct gcg__big *items;
  uint32_t n, room;
};

/* What a job finds; steps and edges are numbered from 0. */
struct output
{
  uint32_t *targets;
  uint8_t *steps, *places;
  size_t n, room;
  struct bigs big_steps, big_counts;
  uint64_t lead, tail; /* of a slice: words before its first edge, and behind its last */
};

struct job
{
  size_t block, end_block;
  uint64_t low, high;  /* a slice of the one object of BLOCK; HIGH is 0: whole blocks */
  struct output waits; /* what it has found, until jobs before it are done */
  bool is_done;
};

/* What a worker uses for one job after the other. */
struct worker
{
  void *buffer; /* of the window */
  struct output output;
};

struct finding
{
  const struct gcg__memory_image *image;
  const struct gcg__heap_index *index;
  struct job *jobs;
  size_t n_jobs;
  uint32_t room;
  struct worker *workers;
  pthread_mutex_t lock; /* of what follows */
  struct gcg__edges *edges;
  size_t edges_room;
  uint32_t big_steps_room, big_counts_room;
  size_t next;           /* the first job that is not in EDGES yet */
  uint64_t carry, count; /* of the slices of one object: words behind the last edge, edges so far */
  bool no_memory;
};

/* What a worker needs for one job. */
struct scan
{
  const struct gcg__heap_index *index;
  struct gcg__edges *edges; /* counts and first edges are written, each by one job */
  const struct job *job;
  struct output *output;
  bool no_memory;
  struct gcg__window window;
  size_t next_cleared;
  uint64_t expected; /* address of the word behind the object's last edge */
  bool after_lead;   /* of a slice */
  /* The block that each word of a segment leads to, or NULL; of the first LOOKED words. */
  const struct gcg__heap_block *to[SEGMENT_WORDS];
  size_t looked;
};

static bool
push_big (struct bigs *bigs, uint64_t index, uint64_t value)
{
  if (!gcg__room_for_one (&bigs->items, (uint32_t)bigs->n, &bigs->room, sizeof *bigs->items))
    return false;
  bigs->items[bigs->n++] = (struct gcg__big){ index, value };
  return true;
}

/* Room for ROOM edges in the three arrays; PLACES are wanted.  False: no memory. */
static bool
resize (uint32_t **targets, uint8_t **steps, uint8_t **places, bool wanted, size_t room)
{
  uint32_t *more_targets = realloc (*targets, room * sizeof *more_targets);
  uint8_t *more_steps = realloc (*steps, room);
  uint8_t *more_places = wanted ? realloc (*places, room) : NULL;

  *targets = more_targets ? more_targets : *targets;
  *steps = more_steps ? more_steps : *steps;
  *places = more_places ? more_places : *places;
  return more_targets && more_steps && (more_places || !wanted);
}

/* Room for the edges of one segment. */
static bool
reserve (struct scan *scan)
{
  struct output *output = scan->output;
  size_t room = output->room ? 2 * output->room : 16 * SEGMENT_WORDS;

  if (output->n + SEGMENT_WORDS <= output->room)
    return true;
  if (!resize (&output->targets, &output->steps, &output->places, scan->index->rules.requested,
               room))
    {
      scan->no_memory = true;
      return false;
    }
  output->room = room;
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
  struct output *output = scan->output;
  uint64_t step = (at - scan->expected) / 8;

  scan->expected = at + 8;
  if (__builtin_expect (scan->job->high && !scan->after_lead, 0))
    {
      output->lead = step;
      scan->after_lead = true;
      step = 0;
    }
  if (__builtin_expect (step >= GCG__STEP_BIG, 0))
    {
      scan->no_memory = !push_big (&output->big_steps, output->n, step) || scan->no_memory;
      step = GCG__STEP_BIG;
    }
  output->targets[output->n] = hit.object;
  output->steps[output->n] = (uint8_t)step;
  if (output->places)
    output->places[output->n] = hit.place;
  output->n++;
}

static inline uint64_t
load (const uint8_t *bytes)
{
  uint64_t word;

  memcpy (&word, bytes, sizeof word);
  return word;
}

/* Finds and fetches the blocks that the words of the segment from LOW on lead to, up to UNTIL, or
   to its end, HIGH. */
static inline void
look_ahead (struct scan *scan, uint64_t low, uint64_t until, uint64_t high)
{
  const uint8_t *bytes = scan->window.bytes + (low - scan->window.low);
  size_t end = (size_t)((until < high ? until : high) - low) / 8;

  for (size_t i = scan->looked; i < end; i++)
    {
      scan->to[i] = gcg__heap_block_at (scan->index, load (bytes + 8 * i));
      __builtin_prefetch (scan->to[i]);
    }
  scan->looked = end > scan->looked ? end : scan->looked;
}

/* The edges in [AT, HIGH), a part of an object that ends at END and of the segment from LOW on. */
static inline void
scan_words (struct scan *scan, uint64_t low, uint64_t at, uint64_t high, uint64_t end)
{
  const uint8_t *bytes = scan->window.bytes + (low - scan->window.low);
  const struct gcg__heap_rules *rules = &scan->index->rules;
  struct gcg__heap_hit hit;

  for (; at + 8 <= high; at += 8)
    {
      const struct gcg__heap_block *block = scan->to[(at - low) / 8];
      bool is = block
                && gcg__heap_resolve_in (scan->index, block, load (bytes + (at - low)), true, &hit);
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

  while (at + 8 <= high && reserve (scan))
    {
      bool there = at >= scan->window.low && at < scan->window.high;
      if (!there && !gcg__window_move (&scan->window, at, high, &next))
        {
          at = (next + 7) & ~UINT64_C (7);
          continue;
        }
      uint64_t stop = scan->window.high < high ? scan->window.high : high;
      stop = stop - at < SEGMENT_BYTES ? at + ((stop - at) & ~UINT64_C (7)) : at + SEGMENT_BYTES;
      scan->looked = 0;
      for (uint64_t low = at; at < stop;)
        {
          uint64_t some = stop - at < AHEAD_BYTES ? stop : at + AHEAD_BYTES;
          look_ahead (scan, low, some + AHEAD_BYTES, stop);
          scan_words (scan, low, at, some, end);
          at = some;
        }
    }
}

/* Up to where OBJECT, of block B, in the slot at BASE, holds words that count. */
static inline uint64_t
object_end (const struct gcg__heap_index *index, size_t b, uint32_t object, uint64_t base)
{
  const struct gcg__heap_columns *columns = &index->columns;
  const struct gcg__block *block = &columns->blocks[b];
  uint64_t end = base + block->slot_bytes, slack;

  if (block->kind == GCG__KIND_ATOMIC || block->kind == GCG__KIND_ATOMIC_UNCOLLECTABLE)
    return base;
  slack = columns->words[object] >> GCG__WORD_SLACK_SHIFT & 255;
  if (index->rules.requested && __builtin_expect (slack == GCG__SLACK_BIG, 0))
    end = base + gcg__heap_requested (index, object, block->slot_bytes);
  else if (columns->words[object] >> GCG__WORD_FLAG_SHIFT & GCG__OBJECT_TAGGED)
    {
      /* The tag is no pointer. */
      end -= 8;
      if (index->rules.requested)
        end = slack < end - base ? end - slack : base;
    }
  if (columns->readable_ends && columns->readable_ends[b] < end)
    end = columns->readable_ends[b] > base ? columns->readable_ends[b] : base;
  return end;
}

/* OBJECT has the edges from FIRST on that have been found. */
static inline void
end_object (struct scan *scan, uint32_t object, size_t first)
{
  size_t count = scan->output->n - first;

  if (__builtin_expect (count >= GCG__COUNT_BIG, 0))
    {
      scan->no_memory = !push_big (&scan->output->big_counts, object, count) || scan->no_memory;
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
  scan->edges->first_edges[b] = scan->output->n;
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
      if (!reserve (scan))
        return;
      scan->looked = 0;
      for (; object < stop; object++)
        {
          uint64_t base = block->address + columns->slots[object] * block->slot_bytes;
          uint64_t object_high = object_end (scan->index, b, object, base);
          size_t first = scan->output->n;
          scan->expected = base;
          if (bytes)
            {
              look_ahead (scan, low, object_high + AHEAD_BYTES, high);
              scan_words (scan, low, base, object_high, object_high);
            }
          else
            scan_part (scan, base, object_high, object_high);
          end_object (scan, object, first);
        }
    }
}

static void
free_output (struct output *output)
{
  free (output->targets);
  free (output->steps);
  free (output->places);
  free (output->big_steps.items);
  free (output->big_counts.items);
  *output = (struct output){ 0 };
}

/* Changes the step of the first edge of a slice into STEP. */
static bool
set_first_step (struct output *output, uint64_t step)
{
  struct bigs *bigs = &output->big_steps;

  output->steps[0] = step < GCG__STEP_BIG ? (uint8_t)step : GCG__STEP_BIG;
  if (step < GCG__STEP_BIG)
    return true;
  if (!push_big (bigs, 0, step))
    return false;
  memmove (bigs->items + 1, bigs->items, (bigs->n - 1) * sizeof *bigs->items);
  bigs->items[0] = (struct gcg__big){ 0, step };
  return true;
}

/* JOB, whose turn it is, is a slice: what it and the slices before it have in common. */
static bool
join_slice (struct finding *finding, const struct job *job, struct output *output)
{
  uint32_t object = finding->index->columns.blocks[job->block].first_object;
  size_t number = (size_t)(job - finding->jobs);
  bool is_last = number + 1 == finding->n_jobs || finding->jobs[number + 1].block != job->block;

  if (number == 0 || finding->jobs[number - 1].block != job->block)
    {
      finding->edges->first_edges[job->block] = 0; /* from here */
      finding->carry = finding->count = 0;
    }
  if (output->n == 0)
    finding->carry += (job->high - job->low) / 8;
  else if (!set_first_step (output, finding->carry + output->lead))
    return false;
  else
    finding->carry = output->tail;
  finding->count += output->n;
  if (!is_last)
    return true;
  bool is_big = finding->count >= GCG__COUNT_BIG;
  finding->edges->counts[object] = is_big ? GCG__COUNT_BIG : (uint8_t)finding->count;
  return !is_big || push_big (&output->big_counts, object, finding->count);
}

/* Appends BIGS, whose indices grow by FIRST, to *ITEMS. */
static bool
append_bigs (struct gcg__big **items, size_t *n, uint32_t *room, const struct bigs *bigs,
             uint64_t first)
{
  for (uint32_t i = 0; i < bigs->n; i++)
    {
      if (!gcg__room_for_one (items, (uint32_t)*n, room, sizeof **items))
        return false;
      (*items)[(*n)++] = (struct gcg__big){ first + bigs->items[i].index, bigs->items[i].value };
    }
  return true;
}

/* Appends what JOB, whose turn it is, has found. */
static bool
append (struct finding *finding, const struct job *job, struct output *output)
{
  struct gcg__edges *edges = finding->edges;
  bool places = finding->index->rules.requested;
  size_t room = finding->edges_room ? finding->edges_room : 1 << 16;

  if (job->high && !join_slice (finding, job, output))
    return false;
  while (room < edges->n + output->n)
    room *= 2;
  if (room > finding->edges_room
      && !resize (&edges->targets, &edges->steps, &edges->places, places, room))
    return false;
  finding->edges_room = room;
  /* Of slices the first says where the object's edges begin. */
  if (!job->high || job == finding->jobs || job[-1].block != job->block)
    for (size_t b = job->block; b < job->end_block; b++)
      edges->first_edges[b] += edges->n;
  if (!append_bigs (&edges->big_steps, &edges->n_big_steps, &finding->big_steps_room,
                    &output->big_steps, edges->n)
      || !append_bigs (&edges->big_counts, &edges->n_big_counts, &finding->big_counts_room,
                       &output->big_counts, 0))
    return false;
  if (output->n == 0)
    return true;
  memcpy (edges->targets + edges->n, output->targets, output->n * sizeof *edges->targets);
  memcpy (edges->steps + edges->n, output->steps, output->n);
  if (places)
    memcpy (edges->places + edges->n, output->places, output->n);
  edges->n += output->n;
  return true;
}

/* Job NUMBER has found OUTPUT: appends it, and those that have waited for it, or lets it wait. */
static void
deliver (struct finding *finding, size_t number, struct output *output, bool no_memory)
{
  struct job *job = &finding->jobs[number];

  pthread_mutex_lock (&finding->lock);
  finding->no_memory = finding->no_memory || no_memory;
  job->is_done = true;
  if (number != finding->next)
    {
      job->waits = *output;
      *output = (struct output){ 0 };
    }
  for (; finding->next < finding->n_jobs && finding->jobs[finding->next].is_done; finding->next++)
    {
      struct job *next = &finding->jobs[finding->next];
      struct output *found = next == job ? output : &next->waits;
      finding->no_memory = finding->no_memory || !append (finding, next, found);
      if (found != output)
        free_output (found);
    }
  pthread_mutex_unlock (&finding->lock);
  output->n = output->big_steps.n = output->big_counts.n = 0;
}

/* The edges of the slice JOB. */
static void
scan_slice (struct scan *scan, const struct job *job)
{
  const struct gcg__heap_columns *columns = &scan->index->columns;
  const struct gcg__block *block = &columns->blocks[job->block];

  scan->expected = job->low;
  scan_part (scan, job->low, job->high,
             object_end (scan->index, job->block, block->first_object, block->address));
  scan->output->tail = (job->high - scan->expected) / 8;
}

/* Goes to the first cleared word at or above ADDRESS. */
static void
seek_cleared (struct scan *scan, uint64_t address)
{
  size_t high = scan->index->rules.n_cleared;

  while (scan->next_cleared < high)
    {
      size_t middle = scan->next_cleared + (high - scan->next_cleared) / 2;
      if (scan->index->rules.cleared[middle] < address)
        scan->next_cleared = middle + 1;
      else
        high = middle;
    }
}

static void
run_job (void *state, size_t number, unsigned worker)
{
  struct finding *finding = state;
  struct job *job = &finding->jobs[number];
  struct worker *own = &finding->workers[worker];
  const struct gcg__heap_index *index = finding->index;
  struct scan scan
      = { .index = index, .edges = finding->edges, .job = job, .output = &own->output };

  if (!own->buffer)
    own->buffer = malloc (GCG__WINDOW_BYTES);
  scan.no_memory = !own->buffer;
  scan.window = (struct gcg__window){ .image = finding->image, .buffer = own->buffer };
  seek_cleared (&scan, job->high ? job->low : index->blocks[job->block].address);
  if (job->high && !scan.no_memory)
    scan_slice (&scan, job);
  else
    {
      const struct gcg__heap_block *last = &index->blocks[job->end_block - 1];
      for (size_t b = job->block; b < job->end_block && !scan.no_memory; b++)
        scan_block (&scan, b, last->address + last->n_slots * last->slot_bytes);
    }
  deliver (finding, number, &own->output, scan.no_memory);
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
  uint64_t end
      = object_end (finding->index, b, columns->blocks[b].first_object, base) & ~UINT64_C (7);
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

/* Memory for what all jobs write to: zeroed, and one element at least, so that nothing is NULL. */
static bool
prepare (struct finding *finding)
{
  const struct gcg__heap_columns *columns = &finding->index->columns;
  struct gcg__edges *edges = finding->edges;

  edges->first_edges = calloc (columns->n_blocks + 1, sizeof *edges->first_edges);
  edges->counts = calloc (columns->n_objects + 1, 1);
  return edges->first_edges && edges->counts && plan_jobs (finding);
}

enum gcg_status
gcg__edges_find (const struct gcg__memory_image *image, const struct gcg__heap_index *index,
                 unsigned n_threads, struct gcg__edges *edges, struct gcg_error *error)
{
  struct gcg__edges found = { 0 };
  struct worker workers[GCG__PARALLEL_MOST] = { { 0 } };
  struct finding finding = { .image = image,
                             .index = index,
                             .workers = workers,
                             .lock = PTHREAD_MUTEX_INITIALIZER,
                             .edges = &found };

  finding.no_memory = !prepare (&finding);
  if (!finding.no_memory)
    gcg__parallel_run (n_threads, finding.n_jobs, run_job, &finding);
  for (size_t i = 0; i < finding.n_jobs; i++)
    free_output (&finding.jobs[i].waits);
  free (finding.jobs);
  for (size_t i = 0; i < GCG__PARALLEL_MOST; i++)
    {
      free_output (&workers[i].output);
      free (workers[i].buffer);
    }
  if (finding.no_memory)
    {
      gcg__edges_fini (&found);
      return gcg__error_write (error, GCG_NO_MEMORY, "no memory for the heap's edges");
    }
  *edges = found;
  return GCG_OK;
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
