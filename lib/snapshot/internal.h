/* internal.h -- what the files of lib/snapshot share among themselves. */
#ifndef GCG_SNAPSHOT_INTERNAL_H
#define GCG_SNAPSHOT_INTERNAL_H

#include "snapshot/snapshot.h"
#include "snapshot/writer.h"

/* Fills ERROR (may be NULL) with STATUS and one line, cut where it does not fit; returns STATUS. */
enum gcg_status gcg__snapshot_fail (struct gcg_error *error, enum gcg_status status,
                                    const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

/* Gives S, all zero, the columns of SECTIONS (by code - 1), which are borrowed: what lies in a
   file, or in memory.  Refuses what its counters cannot hold, and what the columns lack that must
   be there; nothing else is checked.  Errors: GCG_CORRUPT. */
enum gcg_status gcg__snapshot_set_columns (struct gcg__snapshot *s,
                                           const struct gcg__column sections[GCG__N_SECTIONS],
                                           struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Opens the file whose bytes lie at S->map, S->map_bytes of them, aligned to 8, which stay the
   caller's: lays out and checks.  The rest of S is zero.  Errors: GCG_CORRUPT, GCG_VERSION. */
enum gcg_status gcg__snapshot_attach (struct gcg__snapshot *s, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* gcg__snapshot_check but for I8, which is about the file. */
enum gcg_status gcg__snapshot_check_columns (const struct gcg__snapshot *s, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* One past the last object of BLOCK. */
static inline uint32_t
gcg__block_end (const struct gcg__snapshot *s, uint32_t block)
{
  return block + 1 < s->n_blocks ? s->blocks[block + 1].first_object : s->n_objects;
}

#endif
