/* collector.h -- the agent's place in the collector: its events and what they report.
 *
 * libgc calls one function at each stage of a collection (GC_set_on_collection_event).  Ours keeps
 * the births' clock, measures pauses into a ring, lets a capture happen at the end of marking, and
 * calls the one that the program has set.  Runs with the allocation lock held and, from
 * POST_STOP_WORLD to PRE_START_WORLD, with the world stopped.
 */
#ifndef GCG_COLLECTOR_H
#define GCG_COLLECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "gc_calls.h"
#include "snapshot/format.h"

/* Number of the last collection that finished marking, for births.  Read without a lock. */
extern uint32_t gcg__birth;

/* Bytes to add to a request so that the tag fits: 7 or 8 (tag.h).  For uncollectable and odd kinds
   always 8. */
extern uint32_t gcg__tag_room;

/* Puts our hooks in, keeping the program's; again and again harmless (a program that sets its own
   over ours is found out at the next call).  Needs an initialised collector. */
void gcg__collector_hook (void);

/* Who takes part in collections (capture.c): BEFORE_STOP is called before the world is stopped,
   AT_MARK_END when marks are final; true: the collection does not count as the program's.  From now
   on, for ever. */
struct gcg__collector_guest
{
  void (*before_stop) (void);
  bool (*at_mark_end_stopped) (void);
};
void gcg__collector_invite (const struct gcg__collector_guest *guest);

/* In a copy of the process, libgc not locked: does it follow from an object's mark and birth
   whether a collection has found it dead?  Not when a collection of marks is under way in steps,
   nor when another callback hears of collections in our place. */
bool gcg__collector_knows_dead_stopped (void);

/* Has a collection found the object dead that was born at BIRTH and is MARKED or not?  It is then
   only waiting to be swept. */
bool gcg__collector_is_dead_stopped (uint32_t birth, bool marked);

/* Is the world stopped by the collection under way?  With the allocation lock held. */
bool gcg__collector_world_stopped (void);

/* In the preload object the program's settings of the two hooks come here. */
void gcg__collector_set_event (GC_on_collection_event_proc event);
GC_on_collection_event_proc gcg__collector_event (void);
void gcg__collector_set_await (GC_await_finalize_proc await);
GC_await_finalize_proc gcg__collector_await (void);

/* Explicit roots of the program. */
struct gcg__range
{
  uint64_t low, high;
};
#define GCG__MOST_RANGES 8192u                         /* as libgc */
bool gcg__collector_add_roots (void *low, void *high); /* false: there are too many */
void gcg__collector_remove_roots (void *low, void *high);
void gcg__collector_clear_roots (void);
const struct gcg__range *gcg__collector_ranges_stopped (uint32_t *n);

/* Writes into AREAS where they are. */
struct gcg__root_areas;
void gcg__collector_show (struct gcg__root_areas *areas);

/* Interior offsets that the collector recognises in the heap although it does not recognise all. */
void gcg__collector_add_displacement (size_t offset);
bool gcg__collector_has_displacement (size_t offset);

/* The ring of past collections, oldest first, into PAST, and into LIVE the bytes that each has left
   alive (0: not counted); returns their number. */
#define GCG__MOST_COLLECTIONS 512u
uint32_t gcg__collector_past_stopped (struct gcg__collection past[GCG__MOST_COLLECTIONS],
                                      uint64_t live[GCG__MOST_COLLECTIONS]);

/* Bytes of the slots that are marked.  With the allocation lock held, from the end of marking until
   sweeping begins.  Reads the marks of all blocks, but no object. */
uint64_t gcg__collector_live (void);

/* How long the world has stood: last, longest, all collections so far.  Any thread. */
void gcg__collector_pauses (uint64_t *last, uint64_t *worst, uint64_t *total);

/* The collection under way, as far as it got. */
extern struct gcg__collection gcg__collection_now;

#endif
