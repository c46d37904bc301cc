/* source_internal.h -- what source.c and source_ask.c share.
 *
 * One mutex guards everything but the analysis itself.  The condition is broadcast whenever
 * something changed; those who wait are few.  An entry is freed by the thread that drops its last
 * reference, outside the mutex.
 */
#ifndef GCG_SERVER_SOURCE_INTERNAL_H
#define GCG_SERVER_SOURCE_INTERNAL_H

#include <pthread.h>

#include "server/source.h"

/* A snapshot that waits for its analysis. */
struct gcg__item
{
  struct gcg__item *next;
  struct gcg__entry *entry; /* id 0: gets the next one */
  uint32_t sequence;
};

/* A thread waiting for the answer to SEQUENCE; lives on the waiting thread's stack. */
struct gcg__waiter
{
  struct gcg__waiter *next;
  uint32_t sequence;
  bool arrived; /* the snapshot is here, and will be shown or fail */
  bool done;
  uint32_t id;
  struct gcg_error error;
};

struct gcg__source
{
  pthread_mutex_t lock;
  pthread_cond_t changed;
  pthread_t builder;
  bool shut;

  enum gcg__state state;
  bool was_live;
  pid_t pid;
  char program[256];
  uint64_t start_ns, end_ns; /* CLOCK_MONOTONIC */
  int wait_status;
  gcg__ask_function ask;
  void *context;

  double running_s;   /* a recorded process's */
  char left_out[512]; /* which snapshots of a recording are not shown; "": none */
  struct gcg__samples *samples;

  struct gcg__entry *entries[GCG__MAX_SNAPSHOTS]; /* oldest first */
  unsigned n_entries;
  uint32_t last_id, generation;
  int newest_fd; /* of the snapshot that came last, analysed or not; -1 = none */

  struct gcg__item *first, **last;
  unsigned n_items;
  bool building;

  struct gcg__waiter *waiters;
  unsigned n_waiters;
  uint32_t sequence;
  uint32_t unattended; /* request in progress that no thread waits for, 0 = none */
  char failure[256];   /* of the last analysis or unattended request; "" after a success */
};

/* Opens the snapshot in FD (taken). */
enum gcg_status gcg__entry_open (int fd, const char *name, const char *description,
                                 struct gcg__entry **entry, struct gcg_error *error)
    __attribute__ ((warn_unused_result));
void gcg__entry_free (struct gcg__entry *entry);

/* Queues ENTRY (taken) for analysis; NEWS: it is another snapshot, not one analysed again. */
enum gcg_status gcg__source_queue (struct gcg__source *source, struct gcg__entry *entry,
                                   uint32_t sequence, bool news, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

#endif
