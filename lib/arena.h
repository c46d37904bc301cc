/* arena.h -- the agent's own memory: mapped, never malloc'd, never freed.
 *
 * Nothing of gcglass may appear in what it measures, and nothing it keeps may be scanned by the
 * collector: mappings that libgc did not make are no roots.  What lives here lives as long as the
 * process.  A spinlock guards the bump pointer; it is held for a few instructions, during which
 * nothing of the collector is called, so a thread stopped while holding it blocks only threads
 * that are stopped as well; the frozen child takes no lock.
 * A lock that another thread held at a fork is free in the child, where that thread is not.
 */
#ifndef GCG_ARENA_H
#define GCG_ARENA_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "agent_root.h"

typedef _Atomic uint32_t gcg__lock;
#define GCG__LOCK_INIT 0

void gcg__lock_take (gcg__lock *lock);
void gcg__lock_give (gcg__lock *lock);

/* After fork, in the child, before anything else: all locks are free. */
void gcg__lock_forget (void);

/* BYTES of zeroed memory, aligned to 16, or NULL when there is none.  Any thread. */
void *gcg__arena_take (size_t bytes);

/* Bytes mapped so far. */
uint64_t gcg__arena_bytes (void);

/* Says where their number is. */
void gcg__arena_root (struct gcg__root_samples *root);

/* A copy of TEXT (at most 4,000 bytes of it; NULL counts as ""), or "" when there is no memory. */
const char *gcg__arena_text (const char *text);

#endif
