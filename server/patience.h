/* patience.h -- waiting for what a live process has been asked for.
 *
 * A process that is stopped (SIGSTOP, a debugger, job control) answers when it goes on, which may
 * be never: a waiter looks every second whether it is, and gives up when it was so three times.
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

/* Waits for CHANGED, of CLOCK_MONOTONIC, with LOCK held, for a second at most.  False: process PID
   is not waited for any longer, either because it is stopped (gcg__patience_is_stopped) or because
   the time is over. */
bool gcg__patience_wait (struct gcg__patience *patience, pthread_cond_t *changed,
                         pthread_mutex_t *lock, pid_t pid);

/* Whether that is why. */
bool gcg__patience_is_stopped (const struct gcg__patience *patience);

/* Whether process PID is stopped, or a debugger holds it. */
bool gcg__process_is_stopped (pid_t pid);

#endif
