/* roots.h -- why objects are reachable: the shortest way from a root to each.
 */
#ifndef GCG_ANALYSIS_ROOTS_H
#define GCG_ANALYSIS_ROOTS_H

#include "analysis/analysis.h"

/* holder[i] is the object before i on a shortest way from a root, i itself when a root points to
   it or it is uncollectable, GCG__NONE when nothing leads to it. */
struct gcg__root_tree
{
  uint32_t *holder; /* [n_objects] */
};

/* Breadth-first from all roots at once, so every way is a shortest one (Moore 1959); the first root
   in order of address wins among equals.  Linear in objects and edges, 8 bytes an object while it
   runs, 4 after.  On GCG_OK TREE is to be ended with gcg__root_tree_fini.  Errors: GCG_NO_MEMORY.
 */
enum gcg_status gcg__root_tree_init (struct gcg__root_tree *tree,
                                     const struct gcg__analysis *analysis, struct gcg_error *error)
    __attribute__ ((warn_unused_result));
void gcg__root_tree_fini (struct gcg__root_tree *tree);

#endif
