/* locked.h -- parts of the heap that the program has made unreadable (mprotect (PROT_NONE) on pages
 * of its blocks).
 *
 * Tags on such pages have to be read, or their blocks would be none; pointers on them are not
 * followed: a block that cannot be read keeps nothing, as with valgrind.
 */
#ifndef GCG_LOCKED_H
#define GCG_LOCKED_H

#include "freeze/maps.h"

/* Makes MAP readable when the heap has blocks on its first or last page; false: it is none of the
   heap's, or is readable. */
bool gcg__unlock_stopped (struct gcg__freeze *freeze, const struct map *map);

/* The end of the unreadable part that holds ADDRESS, or 0. */
uint64_t gcg__locked_until_stopped (const struct gcg__freeze *freeze, uint64_t address);

/* Puts things back: for a capture in place. */
void gcg__lock_again_stopped (struct gcg__freeze *freeze);

#endif
