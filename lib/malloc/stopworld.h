/* stopworld.h -- stops every other thread of the process, however it was created.
 *
 * libgc stops the threads that it knows, for a collection; in malloc mode it knows few and never
 * collects.  Here each thread of /proc/self/task is sent a signal, notes its registers (thread.h),
 * and waits.  The signal is one of the two that the C library keeps for itself: it takes them out
 * of every mask, so no program blocks it by accident.  Our handler stands only while threads are
 * being stopped, and hands what is not for it to the one that stood before.
 */
#ifndef GCG_STOPWORLD_H
#define GCG_STOPWORLD_H

#include <stdbool.h>
#include <sys/types.h>

#define GCG__STOP_SIGNAL 33 /* the C library's SIGSETXID */

/* Stops all other threads.  False when one has not stopped within two seconds, because it blocks
   every signal by system call: *TID is that thread, and all run again.  One caller at a time. */
bool gcg__world_stop (pid_t *tid);

/* Lets them go on. */
void gcg__world_start (void);

/* Between these two calls no stop is in progress or begins (lib/exec.c).  Both preserve errno. */
void gcg__world_hold (void);
void gcg__world_release (void);

#endif
