/* thread.h -- the registers of stopped threads, without ptrace.
 *
 * libgc stops a thread by a signal.  We stand before its handler: while a capture is wanted we note
 * where the kernel has saved the thread's registers, then call libgc's handler, in which the
 * thread waits.  The frozen child reads them where they lie, on the thread's own stack.
 *
 * A thread inside GC_do_blocking is not stopped: libgc scans its stack from there on upwards.  The
 * preload object notes what its registers were when it went in.
 */
#ifndef GCG_THREAD_H
#define GCG_THREAD_H

#include <pthread.h>
#include <signal.h>
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

/* Returns whether thread TID has been recorded; may run while others are being recorded. */
bool gcg__thread_is_noted (uint64_t tid);

/* Returns whether THREAD, which may have been joined long ago, still exists. */
bool gcg__thread_lives (pthread_t thread);

/* A thread of ours has been started: the C library is not to wait for its end. */
void gcg__thread_uncount (void);

/* Holds back the calling thread's signals; *OLD is the mask before.  Faults are not held back: the
   incremental collector protects pages, and learns of writes to them, its own while it collects in
   our thread among them, by SIGSEGV.  Nor are the signals that stop threads. */
void gcg__thread_hold_signals (sigset_t *old);

/* The calling thread goes into GC_do_blocking with CONTEXT, which stays where it is until it comes
   out again.  They may be nested, with GC_call_with_gc_active between them. */
struct gcg__blocking
{
  const ucontext_t *outer; /* of the call around this one */
};
void gcg__thread_blocks (const ucontext_t *context, struct gcg__blocking *blocking);
void gcg__thread_goes_on (struct gcg__blocking *blocking);

/* In a frozen copy that was made from outside: GIVEN is one of those that were stopped. */
void gcg__thread_given_stopped (const struct gcg__stopped *given);

/* The noted ones and those that block, each thread once.  World stopped. */
const struct gcg__stopped *gcg__thread_stopped (uint32_t *n);

#endif
