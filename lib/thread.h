/* thread.h -- the registers of stopped threads, without ptrace.
 *
 * libgc stops a thread by a signal.  We stand before its handler: while a capture is wanted we note
 * where the kernel has saved the thread's registers, then call libgc's handler, in which the
 * thread waits.  The frozen child reads them where they lie, on the thread's own stack.
 */
#ifndef GCG_THREAD_H
#define GCG_THREAD_H

#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

struct gcg__stopped
{
  uint64_t tid;
  const ucontext_t *context;
  uint64_t thread_pointer; /* its TCB: the upper end of a stack made by pthread_create */
};

#define GCG__MOST_THREADS 4096u

/* Puts our handler before libgc's; again and again harmless.  Needs an initialised collector. */
void gcg__thread_hook (void);

/* Notes the calling thread, in a signal handler that was given CONTEXT, while noting is on. */
void gcg__thread_note (const ucontext_t *context);

/* From now on, until the capture is over, note threads as they stop. */
void gcg__thread_note_from_now (void);
void gcg__thread_note_no_more (void);

/* Has thread TID been noted?  While others are being noted. */
bool gcg__thread_is_noted (uint64_t tid);

/* The noted ones, each thread once.  World stopped. */
const struct gcg__stopped *gcg__thread_stopped (uint32_t *n);

#endif
