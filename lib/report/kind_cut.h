/* kind_cut.h -- cutting a cycle everywhere at once.
 *
 * Where a cycle has many ways round, as in a doubly linked list, no single edge is enough.  Code
 * cuts by the field anyway: "set previous to NULL when an item is dropped".  Here all edges of one
 * kind (type and offset) are taken away in thought, and whether a way round is left is decided by
 * topological sorting (Kahn 1962).
 */
#ifndef GCG_REPORT_KIND_CUT_H
#define GCG_REPORT_KIND_CUT_H

#include "report/model.h"

/* Sets *STEP to the step of PATH whose kind of edge, taken away everywhere, leaves no cycle among
   the objects of CYCLE; the cut's own is tried first, then a few others; to GCG__NONE when there is
   none among them, or CYCLE has more than a million objects or edges.  Linear in these.  Errors:
   GCG_NO_MEMORY. */
enum gcg_status gcg__kind_cut (const struct gcg__model *model, uint32_t cycle,
                               const struct gcg__cycle_path *path, uint32_t *step,
                               struct gcg_error *error) __attribute__ ((warn_unused_result));

/* The kind of the edge at STEP, as a number pair to compare: objects of one type (or, untagged, of
   one size) and one offset. */
struct gcg__edge_kind
{
  uint64_t type, offset;
};
struct gcg__edge_kind gcg__edge_kind (const struct gcg__model *model, const struct gcg__step *step);

#endif
