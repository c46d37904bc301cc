/* agent.h -- the agent in this process: made ready once, inert after fork.
 *
 * Linked programs make it ready by their first tagged allocation or API call; under gcglass run it
 * becomes ready when the program has initialised the collector.  Ready means: libgc is initialised,
 * our data is no root, the events are hooked.  The control thread is started only once a client can
 * connect: under gcglass run, or from gcg_start... on (control.h).
 */
#ifndef GCG_AGENT_H
#define GCG_AGENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

extern bool gcg__agent_is_ready;
void gcg__agent_make_ready (void);

#ifdef GCG_PRELOAD
/* The same, and what gcglass run has asked for: a program that is linked with the agent finds the
   preload object's functions, and has perhaps made no call that libgc's wrappers see. */
void gcg__preload_make_ready (void);
#else
#define gcg__preload_make_ready gcg__agent_make_ready
#endif

static inline void
gcg__agent_ready (void)
{
  if (__builtin_expect (!__atomic_load_n (&gcg__agent_is_ready, __ATOMIC_ACQUIRE), 0))
    gcg__preload_make_ready ();
}

/* Thread id of the control thread, or 0. */
pid_t gcg__agent_tid (void);
void gcg__agent_set_tid (pid_t tid);

/* The thread pointer of the thread that made the agent ready: the first one, in malloc mode. */
uint64_t gcg__agent_thread_pointer (void);

/* Writes into AREAS where these two stand. */
struct gcg__root_areas;
void gcg__agent_show (struct gcg__root_areas *areas);

/* Excludes the agent's writable data from the collector's roots. */
void gcg__agent_exclude_own (void);

/* CLOCK_MONOTONIC when the agent became ready. */
uint64_t gcg__agent_start_ns (void);

#endif
