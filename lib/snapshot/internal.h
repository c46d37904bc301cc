/* internal.h -- what the files of lib/snapshot share among themselves. */
#ifndef GCG_SNAPSHOT_INTERNAL_H
#define GCG_SNAPSHOT_INTERNAL_H

#include "snapshot/snapshot.h"

/* Fills ERROR (may be NULL) with STATUS and one line, cut where it does not fit; returns STATUS. */
enum gcg_status gcg__snapshot_fail (struct gcg_error *error, enum gcg_status status,
                                    const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

/* One past the last object of BLOCK. */
static inline uint32_t
gcg__block_end (const struct gcg__snapshot *s, uint32_t block)
{
  return block + 1 < s->n_blocks ? s->blocks[block + 1].first_object : s->n_objects;
}

#endif
