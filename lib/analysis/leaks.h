/* leaks.h -- which blocks are leaked, and how other leak checkers count them.
 *
 * Of malloc'd blocks:
 *   reachable      by pointers to the start of each block on the way
 *   interior only  reached, but not without a pointer to the inside of some block, or past its end;
 *                  valgrind: "possibly lost"; LeakSanitizer: reachable
 *   ignored        not reached, and passed to gcg_ignore, or reached by a block that was
 *   leaked         the rest: of these
 *     definite     (valgrind) the leader of a part that no other leaked block points to; parts are
 *                  the strongly connected components, a leader is the block of lowest address
 *     indirect     (valgrind) all others: reached from a leader
 *     direct       (LeakSanitizer) no other leaked block points to it; its own pointers to itself
 *                  do not count.  So of a pure cycle no block is direct
 * Of the collector's objects:
 *   leaked         finalization cycles and what they reach, which nothing will ever finalize or
 *                  reclaim, and uncollectable objects that nothing points to
 *   collectable    all other garbage: this collection reclaims it, or the next
 *   reachable      the rest
 */
#ifndef GCG_ANALYSIS_LEAKS_H
#define GCG_ANALYSIS_LEAKS_H

#include "analysis/analysis.h"

#define GCG__LEAK_INTERIOR    1u  /* interior only */
#define GCG__LEAK_PAST        2u  /* not even those count: only with pointers past the end */
#define GCG__LEAK_IGNORED     4u  /* not reached, but ignored */
#define GCG__LEAK_LEAKED      8u  /* none of the four: reachable */
#define GCG__LEAK_LEADER      16u /* LEAKED, and definitely lost: else indirectly */
#define GCG__LEAK_DIRECT      32u /* LEAKED, and a direct leak: else indirect */
#define GCG__LEAK_COLLECTABLE 64u /* garbage that the collector reclaims */

struct gcg__leaks
{
  const struct gcg__analysis *analysis; /* borrowed */
  const uint8_t *flags;                 /* [n_objects] GCG__LEAK_... */
  const uint32_t *leader_of; /* [n_objects] of a leaked block: the first leader that reaches it,
                                itself when it is one; else GCG__NONE */
  struct gcg__totals reachable, interior_only, ignored, leaked;
  struct gcg__totals collectable;
  struct gcg__totals past_only; /* among interior_only: GCG__LEAK_PAST */
  struct gcg__totals definite, indirect;
  struct gcg__totals direct, lsan_indirect;
};

/* Judges the blocks of ANALYSIS, which must outlive the result; of malloc'd blocks its cycles are
   the leaked cycles, all of whose members are leaked.  O(objects + edges), 5 bytes an object, 4
   more on the way.  On GCG_OK *LEAKS is to be freed with gcg__leaks_free.  Errors: GCG_NO_MEMORY.
 */
enum gcg_status gcg__leaks_new (const struct gcg__analysis *analysis, struct gcg__leaks **leaks,
                                struct gcg_error *error) __attribute__ ((warn_unused_result));
void gcg__leaks_free (struct gcg__leaks *leaks);

#endif
