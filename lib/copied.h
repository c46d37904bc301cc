/* copied.h -- in collector mode: the walk that gcglass runs in a frozen copy of this process that
 * it has made from outside (agent_root.h).
 */
#ifndef GCG_COPIED_H
#define GCG_COPIED_H

/* Offers it; the structure stays empty where libgc's lock cannot be looked at. */
void gcg__copied_begin (void);

#endif
