/* preview.h -- the first bytes of each object, when contents were asked for. */
#ifndef GCG_PREVIEW_H
#define GCG_PREVIEW_H

#include "freeze.h"

/* Fills PREVIEWS and PREVIEW_STARTS; after gcg__heap_objects_stopped. */
void gcg__previews_stopped (struct gcg__freeze *freeze);

#endif
