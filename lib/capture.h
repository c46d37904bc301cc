/* capture.h -- a snapshot of the running program.
 *
 * A collection is made; at the end of its marking, with the world stopped and the mark bits final,
 * a child is cloned and the world goes on.  The child owns a frozen copy of everything and writes
 * the snapshot into a memfd (freeze.h).  The program pays the collection and the clone.
 *
 *   caller              MARK_END, world stopped        child
 *   GC_gcollect  -----> clone ------------------------> freeze, write, exit
 *                       world goes on
 *   waits for the child's pidfd, seals the memfd
 */
#ifndef GCG_CAPTURE_H
#define GCG_CAPTURE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "gcglass/gcglass.h"

/* Takes a snapshot described by DESCRIPTION (NULL = ""); AT_EXIT: the program is ending.  On GCG_OK
   *FD is a sealed memfd that the caller closes.  Any thread, registered with the collector or not;
   one capture at a time, others wait.  Runs no finalizer.
   Errors: GCG_DISABLED, GCG_UNSUPPORTED (libgc would wait for a thread that has died), GCG_SYSTEM,
   GCG_NO_MEMORY, GCG_TIMEOUT. */
enum gcg_status gcg__capture (const char *description, bool at_exit, int *fd,
                              struct gcg_error *error);

/* What is to be said of that file to whom it is sent: in malloc mode it is a raw dump (dump.h),
   from which gcglass makes the snapshot. */
#ifdef GCG_MALLOC
#define GCG__CAPTURE_FLAGS GCG__FLAG_DUMP
#else
#define GCG__CAPTURE_FLAGS 0u
#endif

/* The same as a snapshot in both modes: the walk is made in this process's copy. */
enum gcg_status gcg__capture_here (const char *description, int *fd, struct gcg_error *error);

/* Fills TALLY (tally.h; zeroes, in shared memory) in the same way; nothing is written anywhere.
   Errors: as gcg__capture. */
struct gcg__tally;
enum gcg_status gcg__capture_tally (struct gcg__tally *tally, struct gcg_error *error);

/* Fills what FREEZE is to know of the agent; it leads to SETTINGS.  Takes no lock. */
struct gcg__freeze;
struct gcg__settings;
void gcg__capture_fill (struct gcg__freeze *freeze, struct gcg__settings *settings);

/* From now on snapshots hold the first bytes of each object.  Any thread. */
void gcg__capture_contents (void);
/* The same when GCGLASS_CONTENTS is 1 in the environment. */
void gcg__capture_contents_if_asked (void);

/* The address of the byte that says so (agent_root.h). */
uint64_t gcg__capture_contents_place (void);

/* From the collector's events (collector.c). */
void gcg__capture_before_stop (void);
/* Returns true if a snapshot was taken here: the collection then does not count as the
   program's. */
bool gcg__capture_at_mark_end_stopped (void);

/* A signal is about to be sent to THREAD: does a capture stop the world in this thread, to see
   whether that can be done, and THREAD lives no more?  Then libgc is to hear that it does not. */
bool gcg__capture_finds_dead (pthread_t thread);

/* After fork, in the child: a capture of the parent's is not ours. */
void gcg__capture_forget (void);

/* Fills ERROR (may be NULL) with STATUS and a formatted line; returns STATUS. */
enum gcg_status gcg__fail (struct gcg_error *error, enum gcg_status status, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

#endif
