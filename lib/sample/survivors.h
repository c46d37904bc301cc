/* survivors.h -- what the last collection left alive, by site.
 *
 * A sample's live figures are the survivors of the last collection plus what has been made since,
 * less what the program has freed itself.  Survivors are counted after a collection that happened
 * anyway, from its mark bits, which stay until the next one begins: the heap is walked in pieces of
 * about 1 MiB, each under the allocation lock, so that allocating threads wait for a piece at most.
 * Nothing is collected or copied for it.
 */
#ifndef GCG_SURVIVORS_H
#define GCG_SURVIVORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "count.h"

/* From the collector when it begins to mark: the marks of the collection before are gone. */
void gcg__survivors_marks_gone (void);

/* From the collector at the end of marking, world stopped: what had been made and freed by then. */
void gcg__survivors_note_stopped (void);

/* Counts the survivors of the last collection unless that has been done or its marks are gone;
   EXACT: even if it was done for an earlier one so lately that doing it again and again would take
   more than a hundredth of the time.  False when there is no memory.  One thread at a time. */
bool gcg__survivors_update (bool exact);

/* Number of the collection whose survivors are counted, 0 = none. */
uint64_t gcg__survivors_of (void);

/* What is alive of SITE, when its numbers are COUNT now. */
struct gcg__live gcg__survivors_live (uint32_t site, const struct gcg__count *count);

/* The program frees an object of SITE, BYTES and BIRTH at ADDRESS itself. */
void gcg__survivors_freed (uint32_t site, uint64_t bytes, uint32_t birth, uintptr_t address);

/* The object of SITE, BYTES and BIRTH at ADDRESS is TO's from now on. */
void gcg__survivors_moved (uint32_t site, uint64_t bytes, uint32_t birth, uintptr_t address,
                           uint32_t to);

#ifdef GCG_MALLOC
/* Says where the figures of the survey are. */
void gcg__survivors_root (struct gcg__root_samples *root);
#endif

#endif
