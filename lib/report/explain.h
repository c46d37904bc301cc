/* explain.h -- a cycle in words: its path, which edge to cut, why, and what to change in the code.
 */
#ifndef GCG_REPORT_EXPLAIN_H
#define GCG_REPORT_EXPLAIN_H

#include "report/buffer.h"
#include "report/model.h"

struct gcg__explanation
{
  const struct gcg__cycle_path *path; /* borrowed from the model */
  enum gcg__verdict verdict;
  uint32_t first;                /* step to begin with, so that like cycles read alike */
  struct gcg__buffer text;       /* struct a.next → struct b.owner → struct a */
  struct gcg__buffer edge;       /* struct b.owner */
  struct gcg__buffer everywhere; /* "struct b.owner" when one edge is not enough but cutting this
                                    field in all objects is; else empty */
  const char *target;            /* type that the edge leads to; perhaps in target_scratch */
  struct gcg__buffer why;        /* what keeps the cycle, one sentence without a full stop */
  struct gcg__buffer advice;     /* what to do, one sentence without a full stop */
  const char *allocated_at;      /* of the object with the edge to cut: "list.c:12 (new_node)" */
  char target_scratch[GCG__TYPE_SCRATCH];
};

/* Explains CYCLE.  On GCG_OK *EXPLANATION is to be ended with gcg__explanation_fini.  Errors:
   GCG_NO_MEMORY. */
enum gcg_status gcg__explain_cycle (struct gcg__model *model, uint32_t cycle,
                                    struct gcg__explanation *explanation, struct gcg_error *error)
    __attribute__ ((warn_unused_result));
void gcg__explanation_fini (struct gcg__explanation *explanation);

/* Only the path's text, added to OUT; no analysis but the shortest cycle. */
enum gcg_status gcg__explain_path (struct gcg__model *model, uint32_t cycle,
                                   struct gcg__buffer *out, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Walks the finalizers of CYCLE's objects, in order of object:
     for (i = 0; (f = gcg__explain_finalizer (model, cycle, &i)) != NULL;) ...
   Costs at most the number of finalizers or of objects on the cycle, whichever is less. */
const struct gcg__finalizer *gcg__explain_finalizer (const struct gcg__model *model, uint32_t cycle,
                                                     uint32_t *i);

#endif
