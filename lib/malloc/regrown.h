/* regrown.h -- the slot of the block that has grown last, for the next one that grows.
 *
 * A program that builds a buffer by realloc, frees it and builds the next one would pay for the
 * same pages each time: a growing block that moves gives away the pages of its new place, and the
 * kernel clears others.  So when such a block is freed, its slot goes back to libgc as any other,
 * but where it was is kept: the next block that begins to grow asks for as much at once, gets the
 * same place if nothing else has taken it, and need not move.  What the blocks before it have left
 * there is cleared as the block grows over it, and not read before: the slack of a block is not
 * searched for pointers.
 *
 * There is one such slot in a process; it is not kept when the block in it stays small.  Any
 * thread.  No lock is waited for: a thread that finds another one here does without.  A step in
 * place costs one comparison.
 */
#ifndef GCG_MALLOC_REGROWN_H
#define GCG_MALLOC_REGROWN_H

#include <stdbool.h>
#include <stddef.h>

struct gcg__kept
{
  char *base, *dirty; /* where it was; the end of what was written to */
  size_t slot;        /* 0: none */
};

/* The live block that has grown last, and the end of what was written to its slot before it, or
   NULL. */
extern struct gcg__regrown
{
  char *block, *dirty;
} gcg__regrown;

/* Records that the block at OLD gets the SLOT at BASE because it grows. */
void gcg__regrown_grows (const char *old, char *base, size_t slot);

/* Takes in KEPT the slot that is kept; false: there is none, or it has no room for BYTES. */
bool gcg__regrown_take (size_t bytes, struct gcg__kept *kept);

/* What was taken is now the SLOT at BASE of a block that grows.  What was written there from the
   end of KEPT on is cleared; what was before that, if anything, by gcg__regrown_clear. */
void gcg__regrown_taken (const struct gcg__kept *kept, char *base, size_t slot);

/* The block of BYTES at BASE, the one that has grown last, is about to leave its SLOT. */
void gcg__regrown_freed (char *base, size_t slot, size_t bytes);

/* The block that has grown last grows over [FROM, TO): clears what was written there. */
void gcg__regrown_clear (char *from, char *to);

/* Is the block at BASE the one that has grown last? */
static inline bool
gcg__regrown_is (const char *base)
{
  return __builtin_expect (__atomic_load_n (&gcg__regrown.block, __ATOMIC_RELAXED) == base, 0);
}

#endif
