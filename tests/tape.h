/* tape.h -- makes recordings of imaginary programs for tests.
 *
 * Say which sites there are and how much of each is alive; get records, as the agent makes them, or
 * a file.  Never fails: aborts when out of memory.
 */
#ifndef GCG_TESTS_TAPE_H
#define GCG_TESTS_TAPE_H

#include <stddef.h>

#include "recording/encode.h"

struct tape;

/* Begins with PROCESS (of PID, "/bin/program") and a module without sense. */
struct tape *tape_new (uint32_t pid);
void tape_free (struct tape *tape);
/* A new site; TYPE may be NULL.  Returns its id. */
uint32_t tape_site (struct tape *tape, const char *type, const char *file, uint32_t line,
                    const char *function);
/* From the next sample on COUNT objects of BYTES in all are alive at SITE, MADE ever. */
void tape_alive (struct tape *tape, uint32_t site, uint64_t count, uint64_t bytes, uint64_t made);
/* DIED objects of SITE became AGE collections old. */
void tape_died (struct tape *tape, uint32_t site, uint64_t died, uint32_t age);
/* A sample: everything that is alive with GCG__SAMPLE_KEY in FLAGS (always of the first), what has
   changed without.  Numbers count from 1, seconds with them. */
void tape_sample (struct tape *tape, const char *description, uint32_t flags);
/* The N bytes at SNAPSHOT as a record. */
void tape_snapshot (struct tape *tape, const void *snapshot, size_t n);
void tape_exit (struct tape *tape, int wait_status);
/* The records so far; borrowed until the tape changes. */
const void *tape_records (const struct tape *tape, size_t *n);
/* The figures of the next sample. */
struct gcg__record_sample *tape_figures (struct tape *tape);
/* The header and the records as the file PATH. */
void tape_write (const struct tape *tape, const char *path);

#endif
