/* sample.h -- light samples of the heap, and the log of them.
 *
 * A sample says how many objects of each site are alive and how many have been made, with the
 * figures of the collector and the process.  It neither collects nor copies the heap (survivors.h,
 * count.h).  Samples are kept as records of a recording (lib/recording/format.h) in a log of at
 * most 32 MiB, of which the oldest go first, in runs that begin with a KEY sample; the last run
 * stays, however many sites there are.
 *
 * Any thread; one at a time, others wait.
 */
#ifndef GCG_SAMPLE_H
#define GCG_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "gcglass/gcglass.h"

/* Takes a sample described by DESCRIPTION (NULL = ""), FLAGS GCG__SAMPLE_SNAPSHOT or 0; EXACT as in
   survivors.h.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__sample_take (const char *description, uint32_t flags, bool exact,
                                  struct gcg_error *error);

/* Begins to count objects, so that the first sample knows what has been made until then.  Cheap,
   again and again harmless. */
void gcg__sample_prepare (void);

/* Counts what is alive now rather than with the first sample, for which all threads may have to be
   stopped. */
void gcg__sample_survey (void);

/* A memory file with the last sample, and with the sites and modules that have come since the one
   before; -1 when there is none.  The caller closes it. */
int gcg__sample_last (void);

/* A memory file with the whole log, made a file *.gcrec by AS_FILE; -1 when there is no sample. */
int gcg__sample_log (bool as_file);

/* After fork, in the child: its samples are its own, from the first. */
void gcg__sample_forget (void);

#endif
