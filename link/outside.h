/* outside.h -- a snapshot of a process taken from outside: stopped, copied, let go, and the copy
 * read from here (malloc) or walked by the agent's own code in it (the collector); or, where there
 * can be no copy, read while it stands.
 *
 * The agent's root structure (lib/agent_root.h) says where its tables and its code are.  The
 * process runs nothing of ours but one system call, made in its place (lib/image/freeze.h).
 *
 * Threads: any; one freeze of a process at a time.  Time: the process stands for about the time of
 * a fork.  A process that is read while it stands stands for as long as that takes.
 */
#ifndef GCG_LINK_OUTSIDE_H
#define GCG_LINK_OUTSIDE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent_root.h"
#include "gcglass/error.h"

struct gcg__outside_ask
{
  pid_t pid;               /* as seen from here */
  uint64_t root;           /* address of its root structure */
  const char *description; /* of the snapshot */
  pid_t ending_tid;        /* the thread that ends the process, as the process sees it; 0 = none */
  uint64_t ending_pointer; /* its thread pointer, where it does not know its number; 0 = none */
  pid_t asking_tid; /* the thread that wants the snapshot, as the process sees it, and waits; 0 =
                       none.  It counts as it was where it called: its registers are in ... */
  uint64_t asking_context; /* ... this ucontext_t of the process */
  /* Called with CONTEXT once the process goes on; HAS: there is all that a snapshot needs.  May be
     NULL. */
  void (*released) (void *context, bool has);
  /* Called with CONTEXT, perhaps by another thread, while the process stands, perhaps more than
     once: the last time is the snapshot's.  MEM: its /proc/PID/mem, open for both, borrowed.  May
     be NULL. */
  void (*standing) (void *context, int mem);
  void *context;
  struct gcg__waits *waits; /* as in struct gcg__freeze_ask */
  /* Set to true when only the agent itself can take it, although copies can be made; may be NULL.
   */
  bool *is_opaque;
};

/* Stores a sealed memory file with the snapshot in *FD, which the caller closes.  Errors: those of
   gcg__freeze, gcg__agent_snapshot_take; GCG_UNSUPPORTED: the agent is of another version;
   GCG_NOT_FOUND: the process has executed another program meanwhile; GCG_CORRUPT, GCG_TIMEOUT: the
   walk did not end well; GCG_BUSY: the process was never outside its allocator. */
enum gcg_status gcg__outside_take (const struct gcg__outside_ask *ask, int *fd,
                                   struct gcg_error *error) __attribute__ ((warn_unused_result));

/* Returns false if GCGLASS_STOP in the environment is "signals": programs are to be looked at from
   inside. */
bool gcg__outside_is_wanted (void);

#endif
