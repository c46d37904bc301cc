/* fold.h -- leaves that are alike, drawn as one.
 *
 * A leaf points to nothing and is pointed to by one word only.  Leaves of one type that one object
 * points to through the same field, indices aside ("slots[3]" and "slots[4]"), are alike: the
 * first of them stands for all.
 */
#ifndef GCG_REPORT_FOLD_H
#define GCG_REPORT_FOLD_H

#include "report/model.h"

struct gcg__leaf
{
  uint32_t object;
  uint32_t parent;
  uint64_t type;    /* group, or slot size and kind */
  uint64_t field;   /* hash of its name */
  uint32_t leader;  /* object: the first of its kind */
  uint32_t n_alike; /* of a leader: how many others */
  uint64_t bytes;   /* of a leader: theirs */
};

/* Zeroed: nothing is folded. */
struct gcg__fold
{
  struct gcg__leaf *leaves; /* [n] in order of object; freed by gcg__fold_fini */
  uint32_t n;
};

/* Finds the leaves of COMPONENT.  Of a component of more than a million objects nothing is folded.
   Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__fold_init (struct gcg__fold *fold, const struct gcg__model *model,
                                uint32_t component, struct gcg_error *error)
    __attribute__ ((warn_unused_result));
void gcg__fold_fini (struct gcg__fold *fold);

/* OBJECT is drawn as another. */
bool gcg__fold_hides (const struct gcg__fold *fold, uint32_t object);
/* What is drawn as OBJECT besides itself. */
struct gcg__totals gcg__fold_into (const struct gcg__fold *fold, uint32_t object);

#endif
