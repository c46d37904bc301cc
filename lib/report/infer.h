/* infer.h -- types of objects whose site does not give one, inferred from what points to them.
 *
 *   globals, locals and parameters ──┐
 *                                    ├─→ votes ─→ types of classes ─┐
 *   pointer fields of typed objects ─┘      ↑                       │
 *                                           └───────────────────────┘
 *
 * Each round lets the objects that were typed in the round before vote; it ends when none is added.
 * A type that its own objects contradict, because they hold pointers where it has none, or that
 * later votes outnumber, is struck out and all begins again without it, a bounded number of times.
 * What votes for what: votes.h.  The snapshot does not tell a pointer into an object's middle from
 * one to its start but on stacks and in registers, so sizes decide.
 *
 * Cost: a pass over the objects for each round, and one look at each pointer of a typed object;
 * 4 bytes an object, and one entry for each site and size.
 */
#ifndef GCG_REPORT_INFER_H
#define GCG_REPORT_INFER_H

#include "report/buffer.h"
#include "report/votes.h"

struct gcg__inference
{
  struct gcg__votes votes;
  uint32_t *class_of; /* [n_objects] */
  uint32_t rounds, restarts;
};

/* TYPE_OF_SITE[site] is what the site's objects are, NULL when it is not known; [0] is NULL.  On
   GCG_OK INFERENCE is to be ended with gcg__inference_fini.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__inference_init (struct gcg__inference *inference,
                                     const struct gcg__snapshot *snapshot,
                                     struct gcg__symbols *symbols, const char *const *type_of_site,
                                     struct gcg_error *error) __attribute__ ((warn_unused_result));
void gcg__inference_fini (struct gcg__inference *inference);

/* Adds why CLASS has the type that was inferred: "from the global head (list.c)", "from the local p
   (main)", "field struct list.first". */
void gcg__inference_from (const struct gcg__inference *inference, uint32_t class,
                          struct gcg__buffer *out);

#endif
