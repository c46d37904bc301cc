/* stop.h -- all threads of a process, seized, stopped and let go.
 *
 * Threads are seized and interrupted all first, then waited for; this is repeated until no thread
 * is found that is not known.  From the first, the kernel gives us the threads that known ones
 * start; processes that they start are let go at once.
 *
 * A thread comes to stand in one of two ways: by the interruption, or because a signal is about to
 * be delivered, which it is when the thread is let go.  Stops are looked at but not consumed
 * (waitid with WNOWAIT): then the kernel still delivers that signal if this process dies.
 *
 * Cut calls: the kernel makes most interrupted system calls again by itself.  Some it returns from
 * with EINTR, which the program must not see unless a signal of its own is due; these are put back
 * to be made again as soon as the thread stands.  When it is let go and a signal has come
 * meanwhile, EINTR is put back, as if the signal had come during the call.  Their time limits go on
 * (limit.h).
 *
 * A process that the calling thread traces for its life (traced.h) is *adopted*: its threads are
 * only asked to stop, and go on as tracees.
 *
 * Threads that do not stop in time are left out.  They *linger*: gcg__stop_linger must be called
 * now and then until there are none.
 *
 * All calls by one thread, the one that seized, except gcg__stop_reap_dead.
 */
#ifndef GCG_IMAGE_STOP_H
#define GCG_IMAGE_STOP_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"
#include "gcglass/error.h"
#include "image/arch.h"

enum gcg__tracee_state
{
  GCG__TRACEE_RUNS, /* seized, asked to stop */
  GCG__TRACEE_STANDS,
  GCG__TRACEE_EXITS, /* ADOPTED: at its own end, where it stays */
  GCG__TRACEE_GONE   /* ended, or let go */
};

struct gcg__waits;

struct gcg__tracee
{
  pid_t tid;
  enum gcg__tracee_state state;
  bool is_other;    /* a process that the program has started */
  bool is_left_out; /* it did not stop in time */
  bool is_halted;   /* ADOPTED: by a stop signal, with all threads of the process */
  bool has_called;  /* a system call of ours: it stands behind that */
  bool is_again;    /* its system call is made again; CUT: its registers before that */
  int signal;       /* about to be delivered; 0: none */
  uint64_t mask;    /* of blocked signals */
  struct gcg__regs regs, cut;
};

struct gcg__stop
{
  pid_t pid;
  pid_t tracer;             /* the calling thread */
  bool is_child;            /* PID is a child of this process, which waits for its end elsewhere */
  bool is_adopted;          /* the calling thread traces PID already, and goes on with that */
  bool is_at_end;           /* ADOPTED: all threads are at their ends, where they stay */
  int mem;                  /* /proc/PID/mem; -1: not open */
  struct gcg__waits *waits; /* borrowed; NULL: not known */
  struct gcg__tracee *tracees;
  size_t n, capacity;
  pid_t *tids; /* scratch for the list of threads */
  size_t tids_capacity;
  bool has_executed;         /* another program */
  bool is_passing;           /* in gcg__stop_pass */
  bool holds;                /* none is let go, even one that comes to stand late */
  int64_t first_ns, last_ns; /* CLOCK_MONOTONIC: the first stop, the last release */
  pthread_mutex_t lock;      /* TRACEES' address, N, for gcg__stop_reap_dead */
};

/* IS_CHILD: of the calling process. */
void gcg__stop_init (struct gcg__stop *stop, pid_t pid, bool is_child);
/* To be called when no thread stands or lingers. */
void gcg__stop_free (struct gcg__stop *stop);

/* Stops all, by DEADLINE (CLOCK_MONOTONIC, ns).  After an error too, gcg__stop_release must follow.
   Errors: as gcg__freeze. */
enum gcg_status gcg__stop_all (struct gcg__stop *stop, int64_t deadline, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Lets all go that stand. */
void gcg__stop_release (struct gcg__stop *stop);

/* Looks after those that linger; how many still do. */
size_t gcg__stop_linger (struct gcg__stop *stop);

/* Any thread: removes seized threads that have ended.  A thread that executes another program waits
   for that, and the seizing thread for it. */
void gcg__stop_reap_dead (struct gcg__stop *stop);

/* One stop, looked at and not consumed; but an execution is, and an end, unless KEEP: others wait
 * for it. */
enum gcg__event
{
  GCG__EVENT_NONE, /* it runs */
  GCG__EVENT_ENDED,
  GCG__EVENT_TRAP,  /* by the interruption, or at its start */
  GCG__EVENT_CALL,  /* at the entry or the exit of a system call */
  GCG__EVENT_CLONE, /* *value: the thread or process that it has started */
  GCG__EVENT_FORK,  /* the same, by fork or vfork */
  GCG__EVENT_EXEC,  /* it has executed a program */
  GCG__EVENT_EXIT,  /* it is at its end, with its memory; *value: its wait status */
  GCG__EVENT_SIGNAL /* *value: the signal that is about to be delivered */
};
enum gcg__event gcg__event_look (pid_t tid, bool keep, pid_t *value);
/* Waits for one until DEADLINE; GCG__EVENT_NONE: it was not in time. */
enum gcg__event gcg__event_wait (pid_t tid, bool keep, int64_t deadline, pid_t *value);

/* TID stands because a stop signal has stopped its process. */
bool gcg__event_is_halt (pid_t tid);

/* Seizes TID without stopping it, to be adopted: its threads, its ends and the programs that it
   executes are reported from then on.  False with errno. */
bool gcg__stop_adopt (pid_t tid) __attribute__ ((warn_unused_result));

/* TID, of an adopted process, has reported EVENT with VALUE between two stops, or a signal, and
   goes on as if it had not been traced.  False: it is being killed. */
bool gcg__stop_pass (struct gcg__stop *stop, pid_t tid, enum gcg__event event, pid_t value);

/* Nothing else waits for the end of TRACEE, or it is to be left for that. */
bool gcg__stop_keeps (const struct gcg__stop *stop, pid_t tid);

/* CLOCK_MONOTONIC, for deadlines. */
static inline int64_t
gcg__now_ns (void)
{
  return (int64_t)gcg__clock_ns (CLOCK_MONOTONIC);
}

#endif
