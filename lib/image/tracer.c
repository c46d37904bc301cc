/* tracer.c -- see tracer.h. */
#include <config.h>

#include "image/tracer.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#define IDLE_NS 1000000

static struct timespec
soon (void)
{
  struct timespec at;
  clock_gettime (CLOCK_MONOTONIC, &at);
  at.tv_nsec += IDLE_NS;
  if (at.tv_nsec >= 1000000000)
    {
      at.tv_nsec -= 1000000000;
      at.tv_sec++;
    }
  return at;
}

/* Meant for another than the thread that waits, it is sent on to where signals are read. */
static void
on_wake (int signal, siginfo_t *info, void *context)
{
  (void)context;
  if (info->si_pid != getpid ())
    tgkill (getpid (), getpid (), signal);
}

/* Waits for a request or an event, with the lock. */
static void
wait_for_event (struct gcg__tracer *tracer)
{
  tracer->is_waiting = true;
  pthread_mutex_unlock (&tracer->lock);
  tracer->wait (tracer->data);
  pthread_mutex_lock (&tracer->lock);
  tracer->is_waiting = false;
}

static void *
serve (void *data)
{
  struct gcg__tracer *tracer = data;
  bool is_left = false;
  pthread_mutex_lock (&tracer->lock);
  while (!tracer->is_finished || is_left)
    {
      if (tracer->request != NULL)
        {
          pthread_mutex_unlock (&tracer->lock);
          tracer->request (tracer->argument);
          pthread_mutex_lock (&tracer->lock);
          tracer->request = NULL;
          pthread_cond_broadcast (&tracer->changed);
        }
      else if (is_left && tracer->wait != NULL)
        wait_for_event (tracer);
      else if (is_left)
        {
          struct timespec at = soon ();
          pthread_cond_timedwait (&tracer->changed, &tracer->lock, &at);
        }
      else
        pthread_cond_wait (&tracer->changed, &tracer->lock);
      is_left = tracer->idle (tracer->data);
    }
  pthread_mutex_unlock (&tracer->lock);
  pthread_mutex_destroy (&tracer->calls);
  pthread_mutex_destroy (&tracer->lock);
  pthread_cond_destroy (&tracer->changed);
  tracer->free (tracer->data);
  return NULL;
}

int
gcg__tracer_start (struct gcg__tracer *tracer, bool (*idle) (void *data), void (*wait) (void *data),
                   void (*free) (void *data), void *data)
{
  *tracer = (struct gcg__tracer){ .idle = idle, .wait = wait, .free = free, .data = data };
  pthread_condattr_t monotonic;
  pthread_condattr_init (&monotonic);
  pthread_condattr_setclock (&monotonic, CLOCK_MONOTONIC);
  pthread_mutex_init (&tracer->calls, NULL);
  pthread_mutex_init (&tracer->lock, NULL);
  pthread_cond_init (&tracer->changed, &monotonic);
  pthread_condattr_destroy (&monotonic);
  pthread_attr_t detached;
  pthread_attr_init (&detached);
  pthread_attr_setdetachstate (&detached, PTHREAD_CREATE_DETACHED);
  /* Signals of the process are for its other threads. */
  sigset_t all, old;
  sigfillset (&all);
  if (wait != NULL)
    {
      struct sigaction action = { .sa_sigaction = on_wake, .sa_flags = SA_SIGINFO };
      sigaction (GCG__TRACER_WAKE, &action, NULL);
      sigdelset (&all, GCG__TRACER_WAKE);
    }
  pthread_sigmask (SIG_SETMASK, &all, &old);
  int failure = pthread_create (&tracer->thread, &detached, serve, tracer);
  pthread_sigmask (SIG_SETMASK, &old, NULL);
  pthread_attr_destroy (&detached);
  return failure;
}

void
gcg__tracer_run (struct gcg__tracer *tracer, void (*function) (void *argument), void *argument)
{
  pthread_mutex_lock (&tracer->calls);
  pthread_mutex_lock (&tracer->lock);
  tracer->argument = argument;
  tracer->request = function;
  pthread_cond_broadcast (&tracer->changed);
  while (tracer->request != NULL)
    if (tracer->is_waiting)
      {
        /* Again and again: it may have come before the wait. */
        struct timespec at = soon ();
        pthread_kill (tracer->thread, GCG__TRACER_WAKE);
        pthread_cond_timedwait (&tracer->changed, &tracer->lock, &at);
      }
    else
      pthread_cond_wait (&tracer->changed, &tracer->lock);
  pthread_mutex_unlock (&tracer->lock);
  pthread_mutex_unlock (&tracer->calls);
}

void
gcg__tracer_finish (struct gcg__tracer *tracer)
{
  pthread_mutex_lock (&tracer->lock);
  tracer->is_finished = true;
  pthread_cond_broadcast (&tracer->changed);
  pthread_mutex_unlock (&tracer->lock);
}
