/* inject.h -- lets a stopped thread make the copy, by system calls that end by themselves.
 *
 * The copy is made by a clone without an exit signal and with a stack of its own, on which a frame
 * waits that ends it, so that it never runs the program's code.
 *
 *   the process is our child   the thread clones with CLONE_PARENT: the copy is our child as well
 *   else                       the thread clones a helper that shares its memory, the helper clones
 *                              the copy and exits, the thread waits for the helper: neither the
 *                              process nor its parent has a child that it does not know
 *
 * Called by the thread that has stopped the process, while it stands.
 */
#ifndef GCG_IMAGE_INJECT_H
#define GCG_IMAGE_INJECT_H

#include "image/stop.h"

/* What is found in a process before it is stopped: where to enter and to come back. */
struct gcg__code
{
  uint64_t entry, restorer; /* 0: not found */
};

/* Searches the code of the process, the C library's first. */
void gcg__code_find (pid_t pid, pid_t tid, struct gcg__code *code);

/* What was found, or is said, is there: the process has not executed another program since. */
bool gcg__code_is_there (const struct gcg__stop *stop, const struct gcg__code *code);

struct gcg__made
{
  pid_t copy; /* 0: none */
  enum gcg__frozen_why why;
  int clone_errno;
  bool is_again; /* a stop signal came in between: let all go and begin again */
  int64_t clone_ns;
  struct gcg__regs regs; /* of the copy */
};

/* SCRATCH as in struct gcg__freeze_ask. */
void gcg__inject_copy (struct gcg__stop *stop, const struct gcg__code *code, uint64_t scratch,
                       uint64_t scratch_bytes, struct gcg__made *made);

/* One system call by thread TID, which stands: sets REGS, goes to its end, and reads them again.
 *CHILD: what it has started, or 0.  GCG__EVENT_CALL: done; else what came instead. */
enum gcg__event gcg__inject_call (pid_t tid, bool keep, struct gcg__regs *regs, int64_t deadline,
                                  pid_t *child, pid_t *value);

#endif
