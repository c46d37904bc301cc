/* findings.h -- what is wrong with a heap, in words, the worst first.
 *
 * Each finding is one sentence and the page that shows more.
 */
#ifndef GCG_REPORT_FINDINGS_H
#define GCG_REPORT_FINDINGS_H

#include "report/buffer.h"
#include "report/model.h"

struct gcg__finding
{
  bool warning; /* else for information */
  struct gcg__buffer text;
  char href[32];
};

#define GCG__FINDINGS 14

struct gcg__findings
{
  struct gcg__finding list[GCG__FINDINGS];
  uint32_t n;
};

/* Looks for what is wrong in MODEL.  At least one finding: that nothing is.  On GCG_OK FINDINGS is
   to be ended with gcg__findings_fini.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__findings_init (struct gcg__findings *findings, struct gcg__model *model,
                                    struct gcg_error *error) __attribute__ ((warn_unused_result));
void gcg__findings_fini (struct gcg__findings *findings);

#endif
