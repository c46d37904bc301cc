/* waits.h -- since when the threads of a process wait in the calls that a stop cuts short.
 *
 * What is left of a time limit is known to the kernel alone, which forgets it when it returns from
 * a call with EINTR.  A call that is made again would begin its limit anew, and in a process that
 * is stopped more often than that it would never pass.  So the beginning is taken from
 *
 *   the scheduler, at the first stop of a wait: it notes when a thread was last given, or gave up,
 *   its processor, by the clock of that processor; the same note after the stop is the time since;
 *   the table, at further stops of the same wait.
 *
 * A wait is the same when the thread has given up its processor as often as it had to.  A beginning
 * is never before the true one, so no call ends early.  Where the kernel has no such notes
 * (/proc/PID/sched, CONFIG_SCHED_DEBUG), a wait begins with its first stop.
 *
 * The table has one place for each remainder of thread numbers; a collision loses a beginning.
 *
 * Threads: a table is used by one freeze at a time.
 */
#ifndef GCG_IMAGE_WAITS_H
#define GCG_IMAGE_WAITS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "image/proc.h"

#define GCG__WAITS 1024u

struct gcg__wait
{
  pid_t tid;           /* 0: none */
  uint32_t look;       /* the one in which it was last seen */
  uint64_t started;    /* the thread: clock ticks since the system's start */
  uint64_t n_switches; /* voluntary ones, while it waits */
  int cpu;             /* on which it ran last */
  int64_t note_ns;     /* of the scheduler, when it began to wait; -1: not known */
  int64_t since_ns;    /* CLOCK_MONOTONIC; 0: not known yet */
  bool is_in_libc;     /* the call was made by the C library, whose callers do not rely on the
                          registers of its arguments */
};

/* Zeroed before its first use. */
struct gcg__waits
{
  uint32_t look;
  uint64_t libc_low, libc_high; /* of the process being looked at; 0: not read yet */
  struct gcg__wait table[GCG__WAITS];
};

/* Begins to look at a process that is to be stopped. */
void gcg__waits_begin (struct gcg__waits *waits);

/* Before the stop, for each thread TID of process PID; STATUS has just been read. */
void gcg__waits_look (struct gcg__waits *waits, pid_t pid, pid_t tid,
                      const struct gcg__proc_status *status);

/* The wait from which the stop has woken TID, whose status is now STATUS, with its beginning; NULL:
   not known. */
struct gcg__wait *gcg__waits_woken (struct gcg__waits *waits, pid_t pid, pid_t tid,
                                    const struct gcg__proc_status *status);

/* TID, whose status is STATUS, has been woken at PC without a look before: its wait begins now, at
   the latest. */
struct gcg__wait *gcg__waits_found (struct gcg__waits *waits, pid_t pid, pid_t tid,
                                    const struct gcg__proc_status *status, uint64_t pc);

/* TID, whose status is STATUS, is let go, and goes back into its call. */
void gcg__waits_resume (struct gcg__waits *waits, pid_t tid, const struct gcg__proc_status *status);

#endif
