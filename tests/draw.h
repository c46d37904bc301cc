/* draw.h -- heaps written down in a line, for unit tests of the analyses.
 *
 * Objects are letters; their ids are in alphabetical order.  A drawing is a list of words:
 *   a>b>c    edges a -> b -> c, each at the first word of its source that is still free
 *   *>a      a root points to a
 *   a=40     a has 40 bytes requested (else 64)
 *   a!o      a finalizer: o ordered, s ignore-self, n no-order, u unreachable
 *   a@2      a is of kind 2
 *   a~       a is ignored (gcg_ignore)
 *   a?       a's mark bit is the opposite of what the edges say
 *   a^3      a was born in collection 3 (else 0)
 */
#ifndef GCG_TESTS_DRAW_H
#define GCG_TESTS_DRAW_H

#include "analysis/analysis.h"

struct drawing
{
  struct gcg__snapshot *snapshot; /* from the real reader */
  struct gcg__snapshot changed;   /* the same with other flags in `words`: what is analysed */
  uint64_t *words;
  struct gcg__analysis *analysis;
  uint32_t ids[26]; /* GCG__NONE for letters that do not occur */
};

/* Aborts when TEXT is no drawing. */
void draw (struct drawing *drawing, const char *text);
void draw_fini (struct drawing *drawing);

/* The id of LETTER. */
static inline uint32_t
at (const struct drawing *drawing, char letter)
{
  return drawing->ids[letter - 'a'];
}

#endif
