/* columns.h -- a snapshot taken apart, to be damaged and put together again with right checksums.
 *
 * Each section is a block of memory of its own, of exactly its size, so that a sanitizer sees a
 * read past the end of any of them.
 */
#ifndef GCG_TESTS_COLUMNS_H
#define GCG_TESTS_COLUMNS_H

#include "snapshot/snapshot.h"

struct columns
{
  struct
  {
    uint8_t *data; /* owned, never NULL */
    uint64_t n;    /* elements */
    uint32_t element_bytes;
  } sections[GCG__N_SECTIONS]; /* by code - 1 */
};

/* Copies the sections of SNAPSHOT; to be freed with columns_free.  Aborts when out of memory. */
void columns_load (struct columns *columns, const struct gcg__snapshot *snapshot);
void columns_free (struct columns *columns);
/* Gives section CODE N elements, new ones zero. */
void columns_resize (struct columns *columns, unsigned code, uint64_t n);
/* Element I of section CODE. */
void *columns_at (const struct columns *columns, unsigned code, uint64_t i);
/* Writes a snapshot with right checksums to a memfd and returns it. */
int columns_write (const struct columns *columns);
/* Are the columns those of a snapshot, but for what is particular to files?  If so, sets *VIEW to
   one without a map, which borrows them: to be read, not closed. */
bool columns_check (const struct columns *columns, struct gcg__snapshot *view);
/* The same; aborts when they are not. */
struct gcg__snapshot columns_view (const struct columns *columns);

/* Uses everything in SNAPSHOT in every way its interface offers, and aborts, naming what, where two
   ways disagree or an invariant does not hold.  Returns a digest of what was read. */
uint64_t tour (const struct gcg__snapshot *snapshot);

#endif
