/* trace.h -- what is alive in a copy of a program that uses the collector: our own trace.
 *
 * A copy that is made from outside has no collection behind it (freeze->walk).  So the marks of the
 * last one say which slots were dead then; what is alive now is found here, as the collector would:
 * from the root areas (rootwalk.h), from what it never takes, and from its own data, over every
 * word of the objects that may hold pointers.
 *
 *   heaptaken.c    slots that are free, or dead and not swept yet, are taken
 *   trace.c        the others are candidates; those that are reached are noted, slot by slot
 *   heapwalk.c     objects are the candidates that carry a tag, and all that were reached
 *
 * A slot without a tag that nothing leads to is none: it may be free in a block that libgc
 * has not swept.
 *
 * At the end of a collection the marks say what is alive; the same trace is then made to be
 * compared with them.
 */
#ifndef GCG_TRACE_H
#define GCG_TRACE_H

#include "freeze.h"

/* Notes what is reached.  Blocks are listed, free and dead slots are taken.  What the root walk has
   written into columns is gone afterwards. */
void gcg__trace_stopped (struct gcg__freeze *freeze);

/* Adds to the marks of a collection what the N toggle references at REFERENCES hold: libgc marks
   that after MARK_END. */
void gcg__trace_toggled_stopped (struct gcg__freeze *freeze, const uint64_t *references,
                                 uint64_t n);

/* Can the marks of a collection that has just ended be compared with what a trace of ours
   reaches? */
bool gcg__trace_compares_stopped (const struct gcg__freeze *freeze);

/* Compares them, object by object, after gcg__trace_stopped: fills VERDICTS. */
void gcg__trace_compare_stopped (struct gcg__freeze *freeze);

/* WORD stands in a root area: what it points to is reached.  From rootwalk.c, during the trace. */
void gcg__trace_word_stopped (struct gcg__freeze *freeze, uint64_t word);

/* Was the slot that begins at BASE reached? */
bool gcg__trace_reached_stopped (struct gcg__freeze *freeze, uint64_t base);

#endif
