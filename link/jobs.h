/* jobs.h -- snapshots from outside that one receiver of agents has under way.
 *
 * A receiver (server/live.c, tools/watch.c) polls; it must not wait for a walk, which takes seconds
 * for a large heap.  Each snapshot has a thread of its own; what is done is handed over through a
 * descriptor that polls readable.  Processes are stopped one at a time, their copies are walked in
 * parallel.
 *
 * Both receivers hand the messages of an agent that can be looked at from outside to
 * gcg__jobs_message, so there is one half of this conversation on our side:
 *
 *   agent    HELLO, with the address of its root  ─→  gcg__jobs_hello   ─→ STOPS: how it is stopped
 *            END: a thread ends the program       ─→  gcg__jobs_message ─→ END: it may go on
 *            CHECK: a signal asks for a snapshot
 *            CONFINE: what it has to say is looked for in its memory
 *            ASK: a thread wants a snapshot, or has a raw dump to be made one, and waits for it
 *            at a socket of its own
 *   kernel   says that it ends without a word, if it is traced for its life
 *   client   asks for a snapshot                  ─→  gcg__jobs_capture
 *
 * Threads: all functions are the receiver's.
 */
#ifndef GCG_LINK_JOBS_H
#define GCG_LINK_JOBS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "gcglass/error.h"
#include "protocol.h"

struct gcg__jobs;

/* An agent at the other end of a connection. */
struct gcg__agent_link
{
  pid_t pid;
  int fd;             /* of the connection; borrowed */
  uint32_t key;       /* the receiver's name for it */
  uint64_t root;      /* of its root structure; 0: it is looked at from inside */
  bool has_collector; /* with a root: its heap is libgc's */
  bool traces;        /* it is to be traced for its life, where its heap is malloc's */
  bool collects;      /* the collector is to say what is garbage: with a root and a collector the
                         agent takes all snapshots, each at the end of a collection */
};

/* What has been done.  The caller closes FD, which is -1 unless the message's status is GCG_OK. */
struct gcg__job_result
{
  uint32_t key;
  int fd;
  struct gcg__message message; /* SNAPSHOT, as an agent would have sent it: the text is the
                                  description, or the error */
};

/* On GCG_OK *JOBS is to be given to gcg__jobs_free. */
enum gcg_status gcg__jobs_new (struct gcg__jobs **jobs, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Polls readable when a result waits; borrowed. */
int gcg__jobs_fd (const struct gcg__jobs *jobs);

/* Reads HELLO: stores the address of the root in LINK->root, when PID may be stopped from here, and
   says STOPS.  THREAD: the agent is to start its thread all the same.  False: it could be looked at
   from outside, but that is not permitted, for the reason in ERROR: its agent stops it by
   signals.  LINK->collects and LINK->traces stay what they are. */
bool gcg__jobs_hello (struct gcg__jobs *jobs, struct gcg__agent_link *link,
                      const struct gcg__message *hello, bool thread, struct gcg_error *error);

/* Takes END, CHECK, CONFINE and ASK, with the descriptor ATTACHED (borrowed; -1: none); false for
   any other message.  ASK has no result for gcg__jobs_next: the thread that asks is answered. */
bool gcg__jobs_message (struct gcg__jobs *jobs, const struct gcg__agent_link *link,
                        const struct gcg__message *message, int attached);

/* Begins a snapshot; FLAGS and SEQUENCE come back with it, from the agent where it collects. False:
   no memory, or the agent is not there any more. */
bool gcg__jobs_capture (struct gcg__jobs *jobs, const struct gcg__agent_link *link,
                        uint32_t sequence, uint32_t flags, const char *description);

/* Takes the next result; false: none waits. */
bool gcg__jobs_next (struct gcg__jobs *jobs, struct gcg__job_result *result);

/* Returns whether there are jobs of KEY, 0 = of any, that gcg__jobs_next has not handed over. */
bool gcg__jobs_has (struct gcg__jobs *jobs, uint32_t key);

/* Waits for what is under way, which is thrown away.  NULL is fine. */
void gcg__jobs_free (struct gcg__jobs *jobs);

#endif
