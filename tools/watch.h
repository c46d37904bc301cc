/* watch.h -- the agents in a program and in its children, listened to without a server.
 *
 * All of it runs in the caller's thread, which polls: watch_fill says what for, watch_serve reads
 * what has come.  A process is one connection: when it executes another program, that is another.
 * Snapshots are handed on unread.
 */
#ifndef GCG_TOOLS_WATCH_H
#define GCG_TOOLS_WATCH_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "gcglass/error.h"
#include "server/live.h"

struct watch;

/* A connected process. */
struct watched
{
  uint32_t id; /* 1, 2, ... */
  pid_t pid;
  bool told; /* its last snapshot, or why there is none */
};

struct watch_events
{
  void *context;
  bool collects; /* the collector is to say what is garbage, where there is one */
  bool traces;   /* programs are traced for their lives, where the heap is malloc's */
  /* Who has sent the snapshot in FD (taken); FLAGS as in lib/protocol.h. */
  void (*snapshot) (void *context, const struct watched *who, int fd, uint32_t flags);
  /* A snapshot could not be taken. */
  void (*failed) (void *context, const struct watched *who, uint32_t flags, const char *text);
  /* Who may not be stopped from outside, and why: it is looked at from inside. */
  void (*inside) (void *context, const struct watched *who, const char *why);
  /* Who has gone. */
  void (*left) (void *context, const struct watched *who);
  /* Process PID (0: a child that is not there yet) is about to execute FILE (borrowed), with
     LIBRARIES as LD_LIBRARY_PATH; fills the status, the flags and the text of ANSWER. */
  void (*executes) (void *context, pid_t pid, int file, const char *libraries,
                    struct gcg__message *answer);
};

/* Listens on a new name, which is written to NAME.  EVENTS must outlive *WATCH, which is to be
   given to watch_free.  Errors: GCG_SYSTEM, GCG_NO_MEMORY. */
enum gcg_status watch_new (const struct watch_events *events, char name[GCG__SOCKET_NAME_BYTES],
                           struct watch **watch, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* What poll is to wait for: at most WATCH_FDS entries; returns how many. */
#define WATCH_FDS 514
nfds_t watch_fill (const struct watch *watch, struct pollfd fds[WATCH_FDS]);

/* Reads what has come: FDS are the N that watch_fill gave, after poll. */
void watch_serve (struct watch *watch, const struct pollfd *fds, nfds_t n);

/* Asks all connected processes without a pending request for a snapshot; returns how many. */
uint32_t watch_ask (struct watch *watch, const char *description);

/* Returns whether a process that was asked has not answered yet. */
bool watch_is_awaiting (const struct watch *watch);

/* Returns whether snapshots from outside are under way. */
bool watch_is_busy (const struct watch *watch);

/* How many are connected. */
uint32_t watch_connected (const struct watch *watch);

/* NULL is fine. */
void watch_free (struct watch *watch);

#endif
