/* leak_names.h -- leaks by name: frames of allocation stacks, signatures, and which rules are about
 * them.
 */
#ifndef GCG_REPORT_LEAK_NAMES_H
#define GCG_REPORT_LEAK_NAMES_H

#include "report/model.h"
#include "report/suppress.h"

#define GCG__LEAK_FRAMES 64u

/* The frames of SITE's allocation stack, innermost first, at most MOST (<= GCG__LEAK_FRAMES),
   without the collector's and gcglass's own and without what called main or starts threads. Strings
   are borrowed from MODEL.  Returns how many. */
uint32_t gcg__leak_frames (const struct gcg__model *model, uint32_t site,
                           struct gcg__frame frames[GCG__LEAK_FRAMES], uint32_t most);

/* Adds "new_node (list.c:12)", "malloc_it (libfoo.so.1+0x1234)", "libfoo.so.1+0x1234". */
void gcg__leak_frame (const struct gcg__frame *frame, struct gcg__buffer *out);

/* The first of RULES about leaks that a frame of SITE's stack is like; GCG__NONE: none. */
uint32_t gcg__leak_rule_of_site (const struct gcg__model *model, const struct gcg__rules *rules,
                                 uint32_t site);

#define GCG__EARLIER 2

/* A leak by names. */
struct gcg__leak_names
{
  char *signature;             /* cycle:struct a->struct b; owned */
  char *earlier[GCG__EARLIER]; /* its signature in earlier versions, if different, or NULL; owned */
  uint32_t rule;               /* CYCLE: the first that is about it; GCG__NONE: none */
};

/* Names blocks like OBJECT.  false: out of memory, and NAMES needs no fini. */
bool gcg__leak_names_block (struct gcg__leak_names *names, const struct gcg__model *model,
                            const struct gcg__object *object);

/* Names CYCLE of MODEL's analysis.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__leak_names_cycle (struct gcg__leak_names *names, struct gcg__model *model,
                                       const struct gcg__rules *rules, uint32_t cycle,
                                       struct gcg_error *error)
    __attribute__ ((warn_unused_result));

void gcg__leak_names_fini (struct gcg__leak_names *names);

#endif
