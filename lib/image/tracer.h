/* tracer.h -- the thread that does all ptrace calls of one freeze.
 *
 * ptrace belongs to a thread.  Requests are functions that it runs, one at a time, for callers of
 * any thread that wait meanwhile.  Between requests, and after the last one, it runs IDLE every
 * millisecond for as long as that returns true; or, if there is a function WAIT, that one in place
 * of waiting, which returns when something has happened, or at once when its thread is sent the
 * signal GCG__TRACER_WAKE, which means that there is a request.
 *
 * Ownership: gcg__tracer_start's DATA belongs to the thread after gcg__tracer_finish, which returns
 * at once; the thread calls FREE when nothing is left to look after.
 */
#ifndef GCG_IMAGE_TRACER_H
#define GCG_IMAGE_TRACER_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#define GCG__TRACER_WAKE (SIGRTMAX - 1)

struct gcg__tracer
{
  pthread_mutex_t calls; /* one caller at a time */
  pthread_mutex_t lock;  /* what follows */
  pthread_cond_t changed;
  void (*request) (void *argument); /* NULL: none */
  void *argument;
  bool is_finished;
  bool is_waiting; /* in WAIT */
  pthread_t thread;
  bool (*idle) (void *data); /* something is left to look after; under LOCK */
  void (*wait) (void *data); /* NULL: none */
  void (*free) (void *data);
  void *data;
};

/* Starts the thread; 0 or an error number. */
int gcg__tracer_start (struct gcg__tracer *tracer, bool (*idle) (void *data),
                       void (*wait) (void *data), void (*free) (void *data), void *data)
    __attribute__ ((warn_unused_result));

/* Runs FUNCTION in the thread and waits for its end. */
void gcg__tracer_run (struct gcg__tracer *tracer, void (*function) (void *argument),
                      void *argument);

/* No more requests.  TRACER may be gone when it returns. */
void gcg__tracer_finish (struct gcg__tracer *tracer);

#endif
