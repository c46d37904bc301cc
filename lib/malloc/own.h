/* own.h -- blocks that the C library keeps for itself: buffers of its streams, locales, its data
 * bases, its copies of the environment, tables of keys.
 *
 * The caller of malloc alone does not show whether a block is the library's: strdup calls it too.
 * A block is the library's own when the library has asked for it and the library's own data, or an
 * own block, points to it.  Open streams are the program's; their buffers are not.
 */
#ifndef GCG_OWN_H
#define GCG_OWN_H

#include "freeze/freeze.h"

/* Takes such blocks, when there are any, from the objects, which have been numbered: their slots
   are "taken", and objects are to be numbered again.  FREEZE->own lists where they are: root
   areas. */
bool gcg__own_stopped (struct gcg__freeze *freeze);

#endif
