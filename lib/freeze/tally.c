/* tally.c -- see tally.h.
 *
 * The figures of leaks are those that the analysis of a snapshot gives (lib/analysis), found here
 * because the caller may have no server, and needs no file.
 *
 * With malloc: what is not marked, less what ignored blocks lead to.  With the collector: what
 * cycles keep that pass through an object with an ordered finalizer, and lost uncollectables.  Such
 * cycles are looked for from the objects with finalizers only, over what is garbage: the strongly
 * connected components by Tarjan's algorithm (SIAM J. Comput. 1(2), 1972) with its calls on a
 * column.  O(objects + edges); 17 bytes an object, of which only what is touched is used.
 */
#include "tally.h"

#include "gc_calls.h"
#include "heapwalk.h"
#include "tag.h"

#define DONE UINT32_MAX /* LOW of an object whose component is complete */

/* Arrays by object, and what is wanted. */
struct count
{
  struct gcg__freeze *freeze;
  uint64_t n;
  uint64_t *words;
  const uint64_t *first; /* [n + 1] into TARGETS */
  const uint32_t *targets;
  uint8_t *leaked; /* [n] */
  struct column firsts, leaks, queue;
};

static inline uint32_t
flags_stopped (const struct count *count, uint64_t object)
{
  return (uint32_t)(count->words[object] >> GCG__WORD_FLAG_SHIFT);
}

/* Puts OBJECT on the QUEUE unless it is marked or leaked already. */
static inline void
leak_stopped (struct count *count, uint32_t object)
{
  if (count->leaked[object] || (flags_stopped (count, object) & GCG__OBJECT_MARKED))
    return;
  count->leaked[object] = 1;
  COLUMN_PUSH (&count->queue, uint32_t, object, &count->freeze->error);
}

/* What those on the QUEUE lead to is as they are. */
static void
spread_stopped (struct count *count)
{
  for (uint64_t at = 0; at < count->queue.n && !count->freeze->error; at++)
    {
      uint32_t object = ((const uint32_t *)count->queue.data)[at];
      for (uint64_t e = count->first[object]; e < count->first[object + 1]; e++)
        leak_stopped (count, count->targets[e]);
    }
}

struct call
{
  uint32_t object;
  uint64_t edge; /* the next to be followed */
};

struct search
{
  struct count *count;
  uint32_t *index, *low; /* [n] of them; index 0: not visited */
  uint32_t last;         /* index given */
  struct column open;    /* objects visited whose component is not complete */
  struct column calls;
};

static void
visit_stopped (struct search *search, uint32_t object)
{
  struct call call = { object, search->count->first[object] };

  search->index[object] = search->low[object] = ++search->last;
  COLUMN_PUSH (&search->open, uint32_t, object, &search->count->freeze->error);
  COLUMN_PUSH (&search->calls, struct call, call, &search->count->freeze->error);
}

/* Does the finalizer of OBJECT, if it has one, keep a cycle of N objects (lib/analysis/cycles.h)?
 */
static bool
keeps_stopped (const struct count *count, uint32_t object, uint64_t n)
{
  const struct column *column = COLUMN (count->freeze, FINALIZERS);
  const struct gcg__finalizer *finalizers = column->data;
  uint64_t low = 0, high = column->n;

  if (!(flags_stopped (count, object) & GCG__OBJECT_FINALIZER)
      || (flags_stopped (count, object) & GCG__OBJECT_IGNORED))
    return false;
  while (low < high)
    {
      uint64_t middle = (low + high) / 2;
      if (finalizers[middle].object < object)
        low = middle + 1;
      else
        high = middle;
    }
  return finalizers[low].mode == GCG__FINALIZER_ORDERED
         || finalizers[low].mode == GCG__FINALIZER_UNREACHABLE
         || (finalizers[low].mode == GCG__FINALIZER_IGNORE_SELF && n > 1);
}

static bool
points_to_itself_stopped (const struct count *count, uint32_t object)
{
  for (uint64_t e = count->first[object]; e < count->first[object + 1]; e++)
    if (count->targets[e] == object)
      return true;
  return false;
}

/* The component of OBJECT is complete: what lies on the stack of open objects from it on. */
static void
close_stopped (struct search *search, uint32_t object)
{
  const uint32_t *open = search->open.data;
  uint64_t end = search->open.n, begin = end, n;
  bool kept = false;

  do
    search->low[open[--begin]] = DONE;
  while (open[begin] != object);
  n = end - begin;
  if (n > 1 || points_to_itself_stopped (search->count, object))
    for (uint64_t i = begin; i < end && !kept; i++)
      kept = keeps_stopped (search->count, open[i], n);
  for (uint64_t i = begin; i < end && kept; i++)
    leak_stopped (search->count, open[i]);
  search->open.n = begin;
}

/* Completes the components that can be reached from OBJECT through garbage. */
static void
search_stopped (struct search *search, uint32_t object)
{
  const struct count *count = search->count;

  visit_stopped (search, object);
  while (search->calls.n && !count->freeze->error)
    {
      struct call *call = (struct call *)search->calls.data + search->calls.n - 1;
      uint32_t from = call->object, target;
      if (call->edge < count->first[from + 1])
        {
          target = count->targets[call->edge++];
          if (flags_stopped (count, target) & GCG__OBJECT_MARKED)
            continue;
          if (!search->index[target])
            visit_stopped (search, target);
          else if (search->low[target] != DONE && search->index[target] < search->low[from])
            search->low[from] = search->index[target];
          continue;
        }
      search->calls.n--;
      if (search->low[from] == search->index[from])
        close_stopped (search, from);
      else if (search->calls.n)
        {
          uint32_t caller = call[-1].object;
          if (search->low[from] < search->low[caller])
            search->low[caller] = search->low[from];
        }
    }
}

static void
find_cycles_stopped (struct count *count)
{
  const struct column *finalizers = COLUMN (count->freeze, FINALIZERS);
  struct column indexes = { 0 }, lows = { 0 };
  struct search search = { .count = count };

  search.index = column_reserve_stopped (&indexes, 4, count->n, &count->freeze->error);
  search.low = column_reserve_stopped (&lows, 4, count->n, &count->freeze->error);
  for (uint64_t i = 0; i < finalizers->n && !count->freeze->error; i++)
    {
      uint32_t object = ((const struct gcg__finalizer *)finalizers->data)[i].object;
      if (!search.index[object] && !(flags_stopped (count, object) & GCG__OBJECT_MARKED))
        search_stopped (&search, object);
    }
  column_fini_stopped (&search.open);
  column_fini_stopped (&search.calls);
  column_fini_stopped (&indexes);
  column_fini_stopped (&lows);
}

/* Uncollectable objects that no root and no other object points to. */
static void
find_lost_stopped (struct count *count)
{
  const struct column *roots = COLUMN (count->freeze, ROOTS),
                      *blocks = COLUMN (count->freeze, BLOCKS);
  const struct gcg__block *block = blocks->data;
  struct column column = { 0 };
  uint8_t *pointed = column_reserve_stopped (&column, 1, count->n, &count->freeze->error);

  if (!pointed)
    return;
  for (uint64_t i = 0; i < roots->n; i++)
    pointed[((const struct gcg__root *)roots->data)[i].object] = 1;
  for (uint32_t i = 0; i < count->n; i++)
    for (uint64_t e = count->first[i]; e < count->first[i + 1]; e++)
      if (count->targets[e] != i)
        pointed[count->targets[e]] = 1;
  for (uint64_t b = 0; b < blocks->n; b++)
    {
      uint64_t end = b + 1 < blocks->n ? block[b + 1].first_object : count->n;
      if (block[b].kind != GCG__KIND_UNCOLLECTABLE
          && block[b].kind != GCG__KIND_ATOMIC_UNCOLLECTABLE)
        continue;
      for (uint64_t i = block[b].first_object; i < end; i++)
        if (!pointed[i] && (flags_stopped (count, i) & GCG__OBJECT_MARKED)
            && !(flags_stopped (count, i) & GCG__OBJECT_IGNORED))
          count->leaked[i] = 1;
    }
  column_fini_stopped (&column);
}

static void
find_stopped (struct count *count)
{
  find_cycles_stopped (count);
  spread_stopped (count);
  /* A capture in place has not scanned malloc'd memory, which may hold any of them. */
  if (!count->freeze->in_place)
    find_lost_stopped (count);
}

/* Calls VISIT for each object, with the bytes that were asked for. */
static void
each_stopped (struct gcg__freeze *freeze,
              void (*visit) (void *state, uint64_t object, uint64_t bytes), void *state)
{
  const struct column *blocks = COLUMN (freeze, BLOCKS), *words = COLUMN (freeze, WORDS);
  const struct gcg__block *block = blocks->data;
  const struct gcg__big *bigs = COLUMN (freeze, BIG_SLACKS)->data;
  uint64_t big = 0;

  for (uint64_t b = 0, i = 0; b < blocks->n; b++)
    for (uint64_t end = b + 1 < blocks->n ? block[b + 1].first_object : words->n; i < end; i++)
      {
        uint64_t word = ((const uint64_t *)words->data)[i], room = 8;
        uint64_t slack = word >> GCG__WORD_SLACK_SHIFT & 255;
        if (slack == GCG__SLACK_BIG)
          slack = bigs[big++].value;
        if (!(word >> GCG__WORD_FLAG_SHIFT & GCG__OBJECT_TAGGED))
          room = slack = 0;
        visit (state, i, block[b].slot_bytes - room - slack);
      }
}

static void
visit_leaked (void *state, uint64_t object, uint64_t bytes)
{
  const struct count *count = state;
  struct gcg__live *sum = &count->freeze->tally->leaked;
  sum->count += count->leaked[object];
  sum->bytes += count->leaked[object] ? bytes : 0;
}

void
gcg__tally_stopped (struct gcg__freeze *freeze)
{
  struct count count = { .freeze = freeze,
                         .n = COLUMN (freeze, WORDS)->n,
                         .words = COLUMN (freeze, WORDS)->data,
                         .targets = COLUMN (freeze, EDGE_TARGETS)->data };

  count.first = gcg__first_edges_stopped (freeze, &count.firsts);
  count.leaked = column_reserve_stopped (&count.leaks, 1, count.n, &freeze->error);
  if (!freeze->error)
    find_stopped (&count);
  if (!freeze->error)
    each_stopped (freeze, visit_leaked, &count);
  column_fini_stopped (&count.firsts);
  column_fini_stopped (&count.leaks);
  column_fini_stopped (&count.queue);
}
