/* warnings.h -- libgc's warnings of finalization cycles, counted instead of printed.
 *
 * libgc prints a line for each object on such a cycle, at each collection; the pages say more about
 * them in one.  Only its own way of printing is replaced, all other warnings take it, and the
 * program neither sees nor loses anything by that: it gets and sets what it would without us.
 */
#ifndef GCG_WARNINGS_H
#define GCG_WARNINGS_H

/* Notes what prints warnings before the program can have set something else. */
void gcg__warnings_begin (void);

/* Counts from now on, unless the program prints them by itself.  The collector is initialised. */
void gcg__warnings_fold (void);

#endif
