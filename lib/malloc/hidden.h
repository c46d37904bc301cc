/* hidden.h -- memory that children do not inherit (MADV_DONTFORK, MADV_WIPEONFORK): the frozen
 * child would not have it, or would read zeros.
 *
 * It is copied while the world is stopped, and restored in the child only: the program's pages,
 * which a device may be writing to, are never shared.  Cost: nothing without such memory; else a
 * copy of at most GCG__MOST_HIDDEN bytes.
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
