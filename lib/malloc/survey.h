/* survey.h -- the program's blocks where they lie, while it runs: what samples begin with. */
#ifndef GCG_SURVEY_H
#define GCG_SURVEY_H

#include <stdint.h>

/* Calls VISIT with DATA for each block of the program's in libgc's heap block that begins at AT, if
   one does; returns how many bytes that covers.  With libgc's allocation lock held. */
uint64_t gcg__survey_block (uint64_t at,
                            void (*visit) (void *data, uint32_t site, uint64_t bytes,
                                           uint32_t birth),
                            void *data);

#endif
