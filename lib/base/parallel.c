/* parallel.c -- see parallel.h.
 *
 * Threads take the next number from one counter until none is left.  They are started for each
 * call: some ten microseconds each, little beside work that is worth being shared.
 */
#include "config.h"

#include "base/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

struct work
{
  void (*job) (void *state, size_t number, unsigned worker);
  void *state;
  size_t next, n; /* NEXT: atomic */
};

struct worker
{
  struct work *work;
  unsigned number;
};

unsigned
gcg__parallel_processors (void)
{
  cpu_set_t set;
  int n = sched_getaffinity (0, sizeof set, &set) == 0 ? CPU_COUNT (&set) : 1;

  return n < 1 ? 1 : n > (int)GCG__PARALLEL_MOST ? GCG__PARALLEL_MOST : (unsigned)n;
}

static void *
work (void *argument)
{
  const struct worker *self = argument;
  struct work *todo = self->work;
  size_t number;

  while ((number = __atomic_fetch_add (&todo->next, 1, __ATOMIC_RELAXED)) < todo->n)
    todo->job (todo->state, number, self->number);
  return NULL;
}

void
gcg__parallel_run (unsigned n_threads, size_t n_jobs,
                   void (*job) (void *state, size_t number, unsigned worker), void *state)
{
  struct work todo = { job, state, 0, n_jobs };
  struct worker workers[GCG__PARALLEL_MOST];
  pthread_t threads[GCG__PARALLEL_MOST];
  sigset_t all, before;
  unsigned started = 1;

  n_threads = n_threads ? n_threads : gcg__parallel_processors ();
  n_threads = n_threads < GCG__PARALLEL_MOST ? n_threads : GCG__PARALLEL_MOST;
  n_threads = n_threads < n_jobs ? n_threads : (unsigned)n_jobs;
  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  for (; started < n_threads; started++)
    {
      workers[started] = (struct worker){ &todo, started };
      if (pthread_create (&threads[started], NULL, work, &workers[started]) != 0)
        break;
    }
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  workers[0] = (struct worker){ &todo, 0 };
  work (&workers[0]);
  for (unsigned i = 1; i < started; i++)
    pthread_join (threads[i], NULL);
}
