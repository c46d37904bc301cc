/* freeze.h -- from the frozen heap to the columns of a snapshot.
 *
 * Runs in the cloned child (or, where clone fails, in place) with the world stopped: nothing here
 * allocates from libc, locks or uses stdio, only raw system calls and mappings of its own
 * (column.h).  Functions end in _stopped.
 *
 *   maps.c     /proc/self/maps, modules         heapwalk.c   blocks, objects, edges
 *   rootwalk.c regions, roots, threads         heaptaken.c  slots that are no objects
 *   settings.c the collector's own figures     preview.c    the first bytes of objects
 *   hazards.c  unseen pointers to garbage     tls.c, mallocwalk.c  where it looks for them
 *   holders.c  malloc'd blocks of garbage
 *   trace.c    what is alive, where no collection says so
 *   tally.c    what is counted instead: leaks, objects by site
 *   freeze.c   the rest, and the order of it
 */
#ifndef GCG_FREEZE_H
#define GCG_FREEZE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <ucontext.h>

#include "agent_root.h"
#include "column.h"
#include "settings.h"

/* Shared with the parent, which goes on. */
struct gcg__shared
{
  volatile uint64_t pause_ns;
};

struct gcg__tally;

struct gcg__freeze
{
  /* Asked for. */
  int fd;
  const char *description;
  const char *rules; /* of the program's own, for reports of leaks; "" = none */
  bool at_exit, in_place;
  bool on_demand;           /* the program runs its finalizers on demand */
  bool contents;            /* previews are wanted */
  struct gcg__tally *tally; /* to be filled, NULL: a snapshot is wanted */
  pid_t pid, collecting_tid, agent_tid;
  uint64_t start_ns, requested_ns, realtime_ns, monotonic_ns;
  /* Of the collecting thread, which is the one that takes the snapshot, or ends the program; with
     collecting_tid 0 there is none. */
  uint64_t stack_low;
  uint64_t collecting_pointer; /* its thread pointer */
  const ucontext_t *context;   /* its registers */
  uint64_t thread_pointer;     /* of the first thread, 0 when not known */
  const struct gcg__settings *settings;
  const struct gcg__walk *walk; /* made from outside: what has been read there; else NULL */
  struct gcg__shared *shared;

  /* Columns of the snapshot, by section code - 1. */
  struct column columns[GCG__N_SECTIONS];
  struct column maps;   /* struct map, maps.h */
  struct column blocks; /* struct heap_block, heapwalk.h */
  struct column rests;  /* struct heap_block_rest */
  struct column ranges; /* struct heap_range, heapwalk.h */
  struct column links;  /* struct heap_link, heapwalk.h */
  uint64_t next_link;
  uint32_t last_range;
  uint64_t heap_low, heap_high;
  uint32_t n_sites;
  bool interior;       /* the collector recognises interior pointers in the heap */
  bool tracing;        /* the root walk only says what is reached: trace.h */
  bool compares;       /* the collector's marks with what a trace of ours reaches */
  bool toggled;        /* what the collector's marks lack has been reached by a trace of ours */
  struct column queue; /* uint64_t: addresses of objects that have been reached */
  struct column own;   /* struct gcg__range: libgc's threads */
  int error;           /* errno of the first failure, 0 = none */
};

#define COLUMN(freeze, name) (&(freeze)->columns[GCG__SECTION_##name - 1])

/* Writes the snapshot to FREEZE->fd.  CHILD: this process is ours, its other descriptors are
   closed first.  Returns 0 or an errno. */
int gcg__freeze_write_stopped (struct gcg__freeze *freeze, bool child);

#endif
