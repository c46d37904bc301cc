/* lifetime.h -- how old objects become: deaths by site and age.
 *
 * Only while lifetimes are asked for: the collector then shows us every object that it reclaims
 * (GC_register_disclaim_proc on its own two collectable kinds), which costs a few ns each.
 */
#ifndef GCG_LIFETIME_H
#define GCG_LIFETIME_H

#include <stdbool.h>
#include <stdint.h>

#include "recording/format.h"

/* From now on; there is no way back.  Needs an initialised collector. */
void gcg__lifetime_begin (void);
bool gcg__lifetime_is_on (void);

/* An object of SITE, BYTES and BIRTH has been freed by the program. */
void gcg__lifetime_freed (uint32_t site, uint64_t bytes, uint32_t birth);

/* Deaths of SITE so far into DEATHS; false when there are none.  Any thread. */
bool gcg__lifetime_deaths (uint32_t site, struct gcg__sample_deaths *deaths);

#endif
