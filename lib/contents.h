/* contents.h -- are the first bytes of each object to be in snapshots?  Any thread. */
#ifndef GCG_CONTENTS_H
#define GCG_CONTENTS_H

#include <stdbool.h>
#include <stdint.h>

/* They are from now on; the latter: if GCGLASS_CONTENTS is 1 in the environment. */
void gcg__contents_want (void);
void gcg__contents_want_if_asked (void);

bool gcg__contents_are_wanted (void);

/* The address of the byte that says so (agent_root.h). */
uint64_t gcg__contents_place (void);

#endif
