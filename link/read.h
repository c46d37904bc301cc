/* read.h -- a snapshot read from the memory of a frozen copy, or of a process that stands: no code
 * of the program runs (lib/image/agent_snapshot.h).
 */
#ifndef GCG_LINK_READ_H
#define GCG_LINK_READ_H

#include "image/agent_snapshot.h"
#include "protocol.h"

/* Reads what ASK describes, but for image, threads and is_copied, which are FROZEN's.  MEM:
   /proc/PID/mem of the process.  HIDDEN, in any order: what a copy does not have.  The caller frees
   *SNAPSHOT by gcg__agent_snapshot_free; it needs FROZEN no more.  Errors: those of
   gcg__image_open, gcg__agent_snapshot_take. */
enum gcg_status gcg__read_frozen (const struct gcg__frozen *frozen, int mem,
                                  const struct gcg__memory_buffers *hidden,
                                  const struct gcg__agent_ask *ask,
                                  struct gcg__agent_snapshot **snapshot, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Writes SNAPSHOT into a sealed memory file, *FD, which the caller closes.  PAUSE_NS: how long the
   program has stood.  Errors: GCG_SYSTEM. */
enum gcg_status gcg__read_save (struct gcg__agent_snapshot *snapshot, uint64_t pause_ns, int *fd,
                                struct gcg_error *error) __attribute__ ((warn_unused_result));

/* Makes the snapshot of MESSAGE, a SNAPSHOT that has come with *ATTACHED: where that is a raw dump
   (GCG__FLAG_DUMP) it is closed, and a sealed snapshot put in its place.  What fails is said in
   MESSAGE's status and text, and *ATTACHED is -1. */
void gcg__read_received (struct gcg__message *message, int *attached);

#endif
