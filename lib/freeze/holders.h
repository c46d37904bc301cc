/* holders.h -- malloc'd blocks that only garbage points to.
 *
 * An object that the collector takes may have its body in malloc'd memory (a C++ object, say, that
 * its finalizer frees), and the body may point to other objects.  As long as nothing but garbage
 * points to it, the body is no more in use than the object that it belongs to.
 */
#ifndef GCG_HOLDERS_H
#define GCG_HOLDERS_H

#include "freeze.h"

/* A block of malloc's that is in use.  Blocks do not overlap. */
struct malloced
{
  uint64_t low, high;
  bool points_to_garbage; /* to an object without a mark */
  bool is_held;           /* by a root, a marked object, or another block that is */
  bool is_of_garbage;     /* an object without a mark, or another such block, points to it */
};

/* Sets is_held and is_of_garbage of BLOCKS (struct malloced, in order of address).  AREAS (struct
   area) are scanned like roots.  After REGIONS and WORDS. Cost: memory speed for roots, objects and
   blocks, a binary search for each word that points between the blocks' bounds. */
void gcg__holders_stopped (struct gcg__freeze *freeze, struct column *blocks,
                           const struct column *areas);

#endif
