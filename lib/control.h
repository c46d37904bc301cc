/* control.h -- the agent's thread and those it talks to.
 *
 * One thread, started when the first may ask, waits on the listening socket (gcglass snapshot PID),
 * on the connections to servers, and for the next periodic sample.  It blocks every signal but
 * faults and the two that libgc stops and restarts the world with.  The protocol is lib/protocol.h.
 */
#ifndef GCG_CONTROL_H
#define GCG_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "gcglass/gcglass.h"

/* Seconds between samples. */
#define GCG__LEAST_INTERVAL 0.01
#define GCG__MOST_INTERVAL  1e6

/* Starts the thread unless it runs.  Errors: GCG_SYSTEM. */
enum gcg_status gcg__control_start (struct gcg_error *error);

/* Adds a connection FD (taken) on which HELLO has been said; requests on it are answered until it
   ends.  CLOSED_EVENTFD (-1 = none; borrowed) is written to when it has ended. */
enum gcg_status gcg__control_add (int fd, int closed_eventfd, struct gcg_error *error);

/* Says HELLO on FD. */
bool gcg__control_hello (int fd);

/* What HELLO brings from now on (taken); before the first server. */
void gcg__control_attach (int fd);

/* Connects to the server that listens on abstract NAME, checks that it is this user's or root's,
   says HELLO and adds the connection.  SAMPLED: samples are sent to it. */
enum gcg_status gcg__control_connect (const char *name, bool sampled, struct gcg_error *error);

/* The same where the server may stop this program (outside.h): waits for its answer.  *ALONE: no
   thread is needed, samples are read from outside; otherwise gcg__control_start is to follow. */
enum gcg_status gcg__control_connect_outside (const char *name, bool sampled, bool *alone,
                                              struct gcg_error *error);

/* The same in a forked child, without a thread: nothing that is asked is answered. */
enum gcg_status gcg__control_connect_alone (const char *name);

/* Sends the snapshot in FD, and a sample taken with it, to every connected server. */
void gcg__control_publish (int fd, const char *description, uint32_t flags);

/* Sends why there is no snapshot. */
void gcg__control_publish_failure (const struct gcg_error *why, uint32_t flags);

/* This thread ends the program: lets those who are connected take the last snapshot from outside,
   and waits until they have a copy.  False: it is to be taken in here. */
bool gcg__control_end (void);

/* The connection of a client that may stop this program (outside.h), borrowed; -1: there is none.
 */
int gcg__control_outside (void);

/* The program is about to restrict its own system calls: says so to those who look from outside. */
void gcg__control_confine (void);

/* Makes the control thread take and publish the last snapshot, and waits for a limited time. */
void gcg__control_last (void);

/* From now on SIGNAL makes the thread take and publish a snapshot, unless the program has a handler
   of its own for it, or ignores it. */
void gcg__control_signal (int signal);

/* Takes a sample and sends it to every connected server; one that reads from outside is waited for
   until it has, for a limited time.  Parameters and errors: as
   gcg__sample_take. */
enum gcg_status gcg__control_sample (const char *description, uint32_t flags, bool exact,
                                     struct gcg_error *error);
bool gcg__control_has_servers (void);

/* Returns whether samples are sent to anybody. */
bool gcg__control_is_sampled (void);

/* Seconds between samples taken by the thread itself; 0 ends them. */
void gcg__control_every (double seconds);

/* After fork, in the child. */
void gcg__control_forget (void);

#endif
