/* patience.h -- waiting for the answer of a live process.
 *
 * A process that is stopped (SIGSTOP, a debugger, job control) answers only when it is continued,
 * which may be never.  A waiter checks every second whether it is stopped, and gives up after three
 * such checks in a row.
 */
#ifndef GCG_SERVER_PATIENCE_H
#define GCG_SERVER_PATIENCE_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct gcg__patience
{
  struct timespec end; /* CLOCK_MONOTONIC */
  unsigned stopped;    /* how often in a row the process was found stopped */
};

/* Lasts for SECONDS from now. */
void gcg__patience_init (struct gcg__patience *patience, unsigned seconds);

/* Waits for CHANGED, a condition on CLOCK_MONOTONIC, with LOCK held, for at most a second.  False:
   stop waiting for process PID, because it is stopped (gcg__patience_is_stopped) or because the
   time is up. */
bool gcg__patience_wait (struct gcg__patience *patience, pthread_cond_t *changed,
                         pthread_mutex_t *lock, pid_t pid);

/* Returns whether waiting ended because the process is stopped. */
bool gcg__patience_is_stopped (const struct gcg__patience *patience);

/* Returns whether process PID is stopped, by a signal or by a debugger. */
bool gcg__process_is_stopped (pid_t pid);

#endif
