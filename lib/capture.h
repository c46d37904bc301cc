/* capture.h -- a snapshot of the running program, by itself.
 *
 * In collector mode (capture.c) a collection is made; at the end of its marking, with the world
 * stopped and the mark bits final, a clone is made and the world goes on.  The clone owns a frozen
 * copy of everything and writes the snapshot into a memfd (freeze.h).
 *
 *   caller              MARK_END, world stopped        clone
 *   GC_gcollect  -----> clone ------------------------> freeze, write, exit
 *                       world goes on
 *   waits for the clone's pidfd, seals the memfd
 *
 * In malloc mode (malloc/standing.c) the world is stopped for the clone alone, which writes the
 * program's memory.
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
   Errors: GCG_DISABLED, GCG_UNSUPPORTED (libgc would wait for a thread that has died; the program
   allocates by itself), GCG_SYSTEM, GCG_NO_MEMORY, GCG_TIMEOUT. */
enum gcg_status gcg__capture (const char *description, bool at_exit, int *fd,
                              struct gcg_error *error);

/* What is to be said of that file to whom it is sent: in malloc mode it is a raw dump (dump.h),
   from which gcglass makes the snapshot. */
#ifdef GCG_MALLOC
#define GCG__CAPTURE_FLAGS GCG__FLAG_DUMP
#else
#define GCG__CAPTURE_FLAGS 0u
#endif

/* After fork, in the child: a capture of the parent's is not ours. */
void gcg__capture_forget (void);

/* --- collector mode --- */

/* Stores in *OBJECTS and *BYTES how much is leaked; no file is written.  Errors: as gcg__capture.
 */
enum gcg_status gcg__capture_leaks (uint64_t *objects, uint64_t *bytes, struct gcg_error *error);

/* Fills what FREEZE is to know of the agent; it leads to SETTINGS.  Takes no lock. */
struct gcg__freeze;
struct gcg__settings;
void gcg__capture_fill (struct gcg__freeze *freeze, struct gcg__settings *settings);

/* A signal is about to be sent to THREAD: does a capture stop the world in this thread, to see
   whether that can be done, and THREAD lives no more?  Then libgc is to hear that it does not. */
bool gcg__capture_finds_dead (pthread_t thread);

#endif
