/* front.h -- job control for a command whose pages must not stop with its program.
 *
 * A shell waits for the process that it has started, and takes its terminal back when that process
 * stops.  At a terminal the command therefore goes on in a child, and the process that the shell
 * knows is its front: it stops when the program has stopped, while the child goes on serving; it
 * passes on what other processes send to it, and ends as the child ends.  What the terminal sends
 * reaches the child by itself, for both are in one process group.  Without a terminal there is no
 * front, and nothing of ours stops.
 */
#ifndef GCG_TOOLS_FRONT_H
#define GCG_TOOLS_FRONT_H

/* At a terminal, forks; returns in the child, which does the work, while the parent stays as its
   front.  Call it before any thread is started, and before anything is open that only one process
   may hold. */
void front_begin (void);

/* Stops the front: the program has stopped, or has ended and the terminal asks gcglass to stop. */
void front_stop (void);

/* Continues the front: the program runs again. */
void front_continue (void);

#endif
