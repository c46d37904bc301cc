/* figures.h -- what /proc and the collector say of this process now, for a sample. */
#ifndef GCG_FIGURES_H
#define GCG_FIGURES_H

#include "recording/format.h"

/* Fills the figures of SAMPLE that are not counts of objects.  What cannot be read stays 0.  Any
   thread; takes the allocation lock for a moment. */
void gcg__figures_fill (struct gcg__record_sample *sample);

#endif
