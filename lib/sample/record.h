/* record.h -- the records of a recording that say what the samples are of: the process, its
 * modules, its sites.
 *
 * Each function appends one record (lib/recording/format.h) to OUT, a column of bytes, and returns
 * false when there is no memory.  Run by a thread of this process, the world going on.
 */
#ifndef GCG_RECORD_H
#define GCG_RECORD_H

#include "column.h"
#include "recording/format.h"

bool gcg__record_process (struct column *out);
bool gcg__record_modules (struct column *out);

/* Sites FIRST ... END - 1; nothing when there are none. */
bool gcg__record_sites (struct column *out, uint32_t first, uint32_t end);

/* Room for a payload of BYTES at the end of OUT, or NULL; then seal it. */
void *gcg__record_begin (struct column *out, uint64_t bytes);
void gcg__record_end (struct column *out, enum gcg__record_code code, uint64_t bytes);

#endif
