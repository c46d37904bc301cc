/* agent_snapshot.h -- a snapshot of a program that has the agent for malloc, from its memory: no
 * code of the program runs, so it can be one that stands and cannot be copied.
 *
 *   agent.c         where the agent's tables are       agent_own.c    the C library's own blocks
 *   agent_heap.c    blocks, sites                      agent_areas.c  threads, what keeps blocks
 *   edges.c roots.c pointers                           agent_texts.c  sites, modules, stacks
 */
#ifndef GCG_IMAGE_AGENT_SNAPSHOT_H
#define GCG_IMAGE_AGENT_SNAPSHOT_H

#include <sys/types.h>

#include "image/freeze.h"
#include "image/image.h"

/* All borrowed. */
struct gcg__agent_ask
{
  const struct gcg__memory_image *image;
  uint64_t root; /* address of the agent's root structure */
  const struct gcg__frozen_thread *threads;
  size_t n_threads;
  pid_t calling;  /* the thread that asks, as the program sees it: what is below its call keeps
                     nothing; 0 = none */
  bool ends;      /* it ends the program */
  bool is_copied; /* the program has gone on meanwhile */
  const char *description;
  /* Of /proc: exe, cmdline, status, stat, smaps_rollup. */
  const char *program, *command_line, *status, *stat, *smaps;
  uint64_t requested_ns, monotonic_ns, realtime_ns; /* asked for; when it stood */
  uint64_t stop_ns;                                 /* until all threads stood */
  unsigned n_workers;                               /* 0: all processors */
};

struct gcg__agent_snapshot;

/* Reads all of it; IMAGE is not needed any more then.  The caller frees *SNAPSHOT by
   gcg__agent_snapshot_free.  Errors: those of gcg__agent_read, gcg__agent_heap_read. */
enum gcg_status gcg__agent_snapshot_take (const struct gcg__agent_ask *ask,
                                          struct gcg__agent_snapshot **snapshot,
                                          struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Writes it to FD, an empty file.  PAUSE_NS: how long the program has stood in all.  Errors:
   GCG_SYSTEM. */
enum gcg_status gcg__agent_snapshot_write (struct gcg__agent_snapshot *snapshot, uint64_t pause_ns,
                                           int fd, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* NULL is harmless. */
void gcg__agent_snapshot_free (struct gcg__agent_snapshot *snapshot);

#endif
