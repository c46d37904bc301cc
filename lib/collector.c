/* collector.c -- see collector.h.
 *
 * State is written only by the collecting thread, which holds the allocation lock; only gcg__birth
 * is read elsewhere.  An event costs a clock reading.  What a collection has left alive is counted
 * before it sweeps, while the program's other threads run, unless that has lately taken more than a
 * hundredth of the time.  A collection that is given up before it marks (capture.c) leaves no trace
 * in the ring, nor does one that was made for a snapshot: it is shown in that snapshot alone.
 */
#include "collector.h"

#include <stdbool.h>
#include <string.h>

#include "agent_root.h"
#include "arena.h"
#include "raw.h"
#include "registry.h"
#include "sample/survivors.h"
#include "tag.h"

/* One part in so many of the time may be spent on counting what is live. */
#define LIVE_SHARE 100u

uint32_t gcg__birth;
uint32_t gcg__tag_room = 8;
struct gcg__collection gcg__collection_now;

static const struct gcg__collector_guest *guest;
static bool world_stopped, calling_program;
static bool marks_are_gone; /* a collection has begun, and has not ended its marking */
static bool is_ours;        /* the collection under way was made for a snapshot */

static GC_on_collection_event_proc program_event;
static GC_await_finalize_proc program_await;

static struct gcg__collection ring[GCG__MOST_COLLECTIONS];
static uint64_t ring_live[GCG__MOST_COLLECTIONS];
static uint64_t n_ring; /* ever */
static uint64_t pause_last, pause_worst, pause_total;

static struct gcg__range ranges[GCG__MOST_RANGES];
static uint32_t n_ranges;
static gcg__lock ranges_lock = GCG__LOCK_INIT;
static uint64_t displacements[4096 / 64];

/* Called by the collector when OBJECT has become ready for its finalizer. */
static void GC_CALLBACK
on_await_finalize (void *object)
{
  gcg__registry_ran ((uint64_t)(uintptr_t)object);
  if (program_await)
    program_await (object);
}

/* The world runs again: the collection's figures are complete but for the sizes after it. */
static void
collector_pause_over (uint64_t now)
{
  if (!gcg__collection_now.mark_ns || is_ours)
    return; /* abandoned before marking, or made for a snapshot only */
  gcg__collection_now.pause_ns = now - gcg__collection_now.start_ns;
  gcg__collection_now.number = GC_get_gc_no ();
  __atomic_store_n (&pause_last, gcg__collection_now.pause_ns, __ATOMIC_RELAXED);
  __atomic_store_n (&pause_total, pause_total + pause_last, __ATOMIC_RELAXED);
  if (pause_last > pause_worst)
    __atomic_store_n (&pause_worst, pause_last, __ATOMIC_RELAXED);
  ring[n_ring % GCG__MOST_COLLECTIONS] = gcg__collection_now;
  ring_live[n_ring % GCG__MOST_COLLECTIONS] = 0;
  n_ring++;
}

static void GC_CALLBACK
add_live (void *object, size_t bytes, void *sum)
{
  (void)object;
  *(uint64_t *)sum += bytes;
}

uint64_t
gcg__collector_live (void)
{
  uint64_t sum = 0;

  GCG__GC (enumerate_reachable_objects_inner) (add_live, &sum);
  return sum;
}

/* The marks of the last collection of the ring are final, nothing has been swept. */
static void
count_live (void)
{
  static uint64_t counted_ns, cost_ns; /* when last, how long it took */
  uint64_t begin = raw_now (CLOCK_MONOTONIC);

  if (begin - counted_ns < LIVE_SHARE * cost_ns)
    return;
  ring_live[(n_ring - 1) % GCG__MOST_COLLECTIONS] = gcg__collector_live ();
  counted_ns = raw_now (CLOCK_MONOTONIC);
  cost_ns = counted_ns - begin;
}

static void GC_CALLBACK
on_collection_event (GC_EventType event)
{
  static uint64_t mark_start;

  if (calling_program)
    return;
  switch (event)
    {
    case GC_EVENT_PRE_STOP_WORLD:
      is_ours = false;
      gcg__collection_now = (struct gcg__collection){ .start_ns = raw_now (CLOCK_MONOTONIC) };
      marks_are_gone = true;
      if (guest)
        guest->before_stop ();
      gcg__survivors_marks_gone ();
      break;
    case GC_EVENT_POST_STOP_WORLD:
      world_stopped = true;
      gcg__collection_now.stop_ns = raw_now (CLOCK_MONOTONIC) - gcg__collection_now.start_ns;
      break;
    case GC_EVENT_MARK_START:
      mark_start = raw_now (CLOCK_MONOTONIC);
      break;
    case GC_EVENT_MARK_END:
      gcg__collection_now.mark_ns = raw_now (CLOCK_MONOTONIC) - mark_start;
      is_ours = guest && guest->at_mark_end_stopped ();
      __atomic_store_n (&gcg__birth, (uint32_t)GC_get_gc_no (), __ATOMIC_RELAXED);
      marks_are_gone = false;
      gcg__survivors_note_stopped ();
      break;
    case GC_EVENT_PRE_START_WORLD:
      world_stopped = false;
      break;
    case GC_EVENT_POST_START_WORLD:
      collector_pause_over (raw_now (CLOCK_MONOTONIC));
      break;
    case GC_EVENT_RECLAIM_START:
      if (n_ring && !is_ours)
        count_live ();
      break;
    case GC_EVENT_RECLAIM_END:
      if (n_ring && !is_ours)
        {
          struct gcg__collection *last = &ring[(n_ring - 1) % GCG__MOST_COLLECTIONS];
          last->heap_bytes = GC_get_heap_size ();
          last->free_bytes = GC_get_free_bytes ();
        }
      break;
    default:
      break;
    }
  if (program_event)
    {
      calling_program = true; /* one set after ours may call ours as the one before it */
      program_event (event);
      calling_program = false;
    }
}

void
gcg__collector_pauses (uint64_t *last, uint64_t *worst, uint64_t *total)
{
  *last = __atomic_load_n (&pause_last, __ATOMIC_RELAXED);
  *worst = __atomic_load_n (&pause_worst, __ATOMIC_RELAXED);
  *total = __atomic_load_n (&pause_total, __ATOMIC_RELAXED);
}

bool
gcg__collector_knows_dead_stopped (void)
{
  return GCG__GC (get_on_collection_event) () == on_collection_event
         && gcg__birth == (uint32_t)GC_get_gc_no ()
         && !(marks_are_gone && GC_is_incremental_mode ());
}

/* Before it clears the marks, a collection that may be given up sweeps everything: what is there
   after that is not dead. */
bool
gcg__collector_is_dead_stopped (uint32_t birth, bool marked)
{
  return !marked && !marks_are_gone && birth != (gcg__birth & TAG_BIRTH_MASK);
}

bool
gcg__collector_world_stopped (void)
{
  return world_stopped;
}

void
gcg__collector_hook (void)
{
  GC_on_collection_event_proc event = GCG__GC (get_on_collection_event) ();
  GC_await_finalize_proc await = GCG__GC (get_await_finalize_proc) ();

  gcg__tag_room = GC_get_all_interior_pointers () ? 7 : 8;
  if (event != on_collection_event)
    {
      program_event = event;
      __atomic_store_n (&gcg__birth, (uint32_t)GC_get_gc_no (), __ATOMIC_RELAXED);
      GCG__GC (set_on_collection_event) (on_collection_event);
    }
  if (await != on_await_finalize)
    {
      program_await = await;
      GCG__GC (set_await_finalize_proc) (on_await_finalize);
    }
}

void
gcg__collector_invite (const struct gcg__collector_guest *invited)
{
  guest = invited;
}

void
gcg__collector_set_event (GC_on_collection_event_proc event)
{
  program_event = event;
}

GC_on_collection_event_proc
gcg__collector_event (void)
{
  return program_event;
}

void
gcg__collector_set_await (GC_await_finalize_proc await)
{
  program_await = await;
}

GC_await_finalize_proc
gcg__collector_await (void)
{
  return program_await;
}

/* As GC_add_roots: a range that begins where one does is the same, and the longer counts. */
bool
gcg__collector_add_roots (void *low, void *high)
{
  struct gcg__range range = { (uintptr_t)low, (uintptr_t)high };
  uint32_t i = 0;

  gcg__lock_take (&ranges_lock);
  while (i < n_ranges && ranges[i].low != range.low)
    i++;
  if (i < n_ranges && range.high > ranges[i].high)
    ranges[i].high = range.high;
  else if (i == n_ranges && i < GCG__MOST_RANGES)
    {
      ranges[i] = range;
      __atomic_store_n (&n_ranges, i + 1, __ATOMIC_RELEASE);
    }
  gcg__lock_give (&ranges_lock);
  return i < GCG__MOST_RANGES;
}

/* As GC_remove_roots: ranges wholly inside go. */
void
gcg__collector_remove_roots (void *low, void *high)
{
  gcg__lock_take (&ranges_lock);
  for (uint32_t i = 0; i < n_ranges;)
    if (ranges[i].low >= (uintptr_t)low && ranges[i].high <= (uintptr_t)high)
      ranges[i] = ranges[--n_ranges];
    else
      i++;
  gcg__lock_give (&ranges_lock);
}

void
gcg__collector_clear_roots (void)
{
  n_ranges = 0;
}

void
gcg__collector_show (struct gcg__root_areas *areas)
{
  areas->given = (uintptr_t)ranges;
  areas->n_given = (uintptr_t)&n_ranges;
}

const struct gcg__range *
gcg__collector_ranges_stopped (uint32_t *n)
{
  *n = n_ranges;
  return ranges;
}

void
gcg__collector_add_displacement (size_t offset)
{
  if (offset < 4096)
    __atomic_fetch_or (&displacements[offset / 64], UINT64_C (1) << offset % 64, __ATOMIC_RELAXED);
}

bool
gcg__collector_has_displacement (size_t offset)
{
  return offset == 0 || (offset < 4096 && (displacements[offset / 64] >> offset % 64 & 1));
}

uint32_t
gcg__collector_past_stopped (struct gcg__collection past[GCG__MOST_COLLECTIONS],
                             uint64_t live[GCG__MOST_COLLECTIONS])
{
  uint64_t first = n_ring > GCG__MOST_COLLECTIONS ? n_ring - GCG__MOST_COLLECTIONS : 0;
  for (uint64_t i = first; i < n_ring; i++)
    {
      past[i - first] = ring[i % GCG__MOST_COLLECTIONS];
      live[i - first] = ring_live[i % GCG__MOST_COLLECTIONS];
    }
  return (uint32_t)(n_ring - first);
}
