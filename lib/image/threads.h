/* threads.h -- the stacks of frozen threads.
 *
 * From the stack pointer (and the red zone below it) to where the stack ends.  How a stack ends
 * depends on who has made it:
 *
 *   the kernel          at the end of the mapping [stack]
 *   pthread_create      below what the C library keeps of the thread (tls.h)
 *   the program         with its mapping, or before what another thread keeps in it
 *   the program, in a heap block: with the block; gcg__stacks_clip, once the heap is known
 *
 * A thread may run on a stack that is not its own: a coroutine's, or one for signals.  Where it has
 * left its own is not known then, and all of that counts as well.
 */
#ifndef GCG_IMAGE_THREADS_H
#define GCG_IMAGE_THREADS_H

#include "image/tls.h"

struct gcg__stack
{
  uint64_t low, high; /* words that count: low is below the stack pointer by the red zone */
  uint64_t sp;        /* stack pointer; 0: LEFT */
  uint32_t thread;    /* index of the frozen thread */
  bool is_left;       /* its own, while it runs on another */
};

struct gcg__stacks
{
  struct gcg__stack *items; /* in the order of the threads, the one it runs on first */
  size_t n;
};

/* Finds the stacks of THREADS[N_THREADS] of process PID.  TLS: of the same threads, empty when it
   is not known: then a stack of pthread_create's ends with its mapping.  Threads without a stack
   pointer, or with one that leads nowhere, have none.  The caller frees STACKS's contents by
   gcg__stacks_fini.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__stacks_read (const struct gcg__memory_image *image, pid_t pid,
                                  const struct gcg__frozen_thread *threads, size_t n_threads,
                                  const struct gcg__tls *tls, struct gcg__stacks *stacks,
                                  struct gcg_error *error) __attribute__ ((warn_unused_result));

/* Harmless on zeroed ones. */
void gcg__stacks_fini (struct gcg__stacks *stacks);

#endif
