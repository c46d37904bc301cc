/* parallel.h -- the same work on many pieces, on all processors.
 *
 * Pieces are numbered; which thread does which piece is a matter of chance, so that a result is
 * deterministic when each piece has a place of its own for what it finds.
 */
#ifndef GCG_BASE_PARALLEL_H
#define GCG_BASE_PARALLEL_H

#include <stddef.h>

/* No call runs on more threads than this. */
#define GCG__PARALLEL_MOST 64u

/* Number of processors that this process may use, 1 ... GCG__PARALLEL_MOST.  Any thread. */
unsigned gcg__parallel_processors (void);

/* Calls JOB with STATE and each of 0 ... N_JOBS - 1, once each, on up to N_THREADS threads (0: one
   for each processor), of which the caller is one; returns when all have returned.  WORKER, below
   the number of threads, says which of them calls: two calls with the same WORKER never overlap.
   Where no thread can be started, fewer do the work: the call never fails.  The threads block all
   signals.  Any thread. */
void gcg__parallel_run (unsigned n_threads, size_t n_jobs,
                        void (*job) (void *state, size_t number, unsigned worker), void *state);

#endif
