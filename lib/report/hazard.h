/* hazard.h -- describes what points to objects that the collector will reclaim.
 *
 * Words in thread-local data and under pthread keys are surely in use; malloc'd memory may have
 * been freed, and a word on a stack may be left over from a call that has returned: those are told
 * as perhaps.
 */
#ifndef GCG_REPORT_HAZARD_H
#define GCG_REPORT_HAZARD_H

#include "report/json.h"
#include "report/model.h"

#define GCG__HAZARD_HOLDERS 256u

/* The objects that are held by those of one certainty, and by whom: one entry for each kind of
   place of each thread, until it is full. */
struct gcg__hazard_sum
{
  uint64_t objects;
  struct
  {
    uint32_t kind, thread;
  } holders[GCG__HAZARD_HOLDERS];
  uint32_t n;
};

/* Returns whether a word of KIND (GCG__HAZARD_...) is certainly in use. */
bool gcg__hazard_is_certain (uint32_t kind);

/* Sums up the hazards that are CERTAIN, or those that are not. */
void gcg__hazard_sum (const struct gcg__model *model, bool certain, struct gcg__hazard_sum *sum);

/* Adds "thread 4243 (worker)'s thread-local data", "malloc'd memory". */
void gcg__hazard_holder (const struct gcg__model *model, uint32_t kind, uint32_t thread,
                         struct gcg__buffer *out);

/* Adds the same with the word's address, and with what is not sure of it. */
void gcg__hazard_text (const struct gcg__model *model, const struct gcg__hazard *hazard,
                       struct gcg__buffer *out);

/* The members "kind":"hazard", "holder", "certain", "text", "href" and "word" of the object that is
   open. */
void gcg__hazard_members (const struct gcg__model *model, const struct gcg__hazard *hazard,
                          struct gcg__json *json);

/* The first N hazards as "hazards", all of them counted as "hazards_total". */
void gcg__hazard_rows (const struct gcg__model *model, uint32_t n, struct gcg__json *json);

#endif
