/* hidden.h -- memory that the program keeps from its children (MADV_DONTFORK, MADV_WIPEONFORK): the
 * frozen child would not find it, or find zeros.
 *
 * It is copied while the world is stopped, and put where it was in the child alone: the program's
 * pages, which a device may be writing to, are not shared with anyone.  Cost: nothing where there
 * is none; else a copy, of GCG__MOST_HIDDEN bytes at most.
 */
#ifndef GCG_HIDDEN_H
#define GCG_HIDDEN_H

#include <stdint.h>

#define GCG__MOST_HIDDEN (UINT64_C (1) << 30)

/* Before the clone; in the child, which has it; in the program after the clone. */
void gcg__hidden_copy_stopped (void);
void gcg__hidden_show_stopped (void);
void gcg__hidden_drop_stopped (void);

#endif
