/* traced.h -- a process that one thread of ours traces for its life, so that every end of it is
 * seen while it still has its memory: by a system call of its own, by a signal.
 *
 * Signals, stops by signals, new threads and the ends of threads are passed on as they come; the
 * process behaves as without, but for what the kernel does differently in a traced process: a
 * program with more rights that it executes does not get them, unless gcg__traced_leave was called
 * before; /proc says who traces it, and no other debugger can.  Its children are not traced.  When
 * it executes another program it is let go.
 *
 * gcg__freeze of such a process is done by the thread that traces it.  A process that is about to
 * end stands at its end until gcg__traced_settle; gcg__freeze then finds it there, and makes no
 * copy.  Ends by SIGKILL are not held up.
 *
 * If this process ends, even by SIGKILL, the other one goes on untraced.
 *
 * Threads: any may call the functions.  No thread may wait for the process otherwise than with
 * WNOWAIT, until it has ended (freeze.h): stops would be lost.  Whether its threads are stopped by
 * a stop signal is not to be learnt by such a wait; SIGCHLD comes when that changes, if the process
 * is a child.
 */
#ifndef GCG_IMAGE_TRACED_H
#define GCG_IMAGE_TRACED_H

#include <stdbool.h>
#include <sys/types.h>

#include "gcglass/error.h"

struct gcg__traced;
struct gcg__tracer;

/* Traces PID from now on, unless it is traced so already.  ENDS is called with CONTEXT when it
   stands at its end, by the tracing thread, and must not wait for anything; if it returns true
   gcg__traced_settle is to follow.  Errors: GCG_NOT_FOUND, GCG_DISABLED, GCG_BUSY, GCG_NO_MEMORY,
   GCG_SYSTEM. */
enum gcg_status gcg__traced_begin (pid_t pid, bool (*ends) (void *context, pid_t pid),
                                   void *context, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Is PID traced so?  Then *N_TURNS: how often it has been stopped by a stop signal, or continued;
   odd: it is stopped. */
bool gcg__traced_is (pid_t pid, unsigned *n_turns);

/* There is nothing more to see in PID: if it stands at its end, it ends; when it comes there, it is
   not held up. */
void gcg__traced_settle (pid_t pid);

/* PID is traced no more, if it was: what it is about to execute is to have its rights. */
void gcg__traced_leave (pid_t pid);

/* No function is called with CONTEXT any more. */
void gcg__traced_forget (const void *context);

/* --- For freeze.c. */

/* What traces PID, to be given back by gcg__traced_part; NULL: nothing does. */
struct gcg__traced *gcg__traced_join (pid_t pid);
void gcg__traced_part (struct gcg__traced *traced);

/* Its thread. */
struct gcg__tracer *gcg__traced_tracer (struct gcg__traced *traced);

/* By that thread: PID is still traced, and at its end. */
bool gcg__traced_is_alive (const struct gcg__traced *traced);
bool gcg__traced_is_at_end (const struct gcg__traced *traced);

/* By that thread: PID stands for a freeze, or does no more. */
void gcg__traced_hold (struct gcg__traced *traced, bool holds);

/* By that thread: PID has executed another program; called before it is let go. */
void gcg__traced_executed (struct gcg__traced *traced);

#endif
