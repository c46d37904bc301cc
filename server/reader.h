/* reader.h -- samples that gcglass reads from a process (link/sample.h), when they are asked for
 * and when they are due: what the agent's thread does where the process may not be read.
 *
 * The live thread reads; a sample takes some milliseconds.  What comes out goes where an agent's
 * samples go (samples.h).
 */
#ifndef GCG_SERVER_READER_H
#define GCG_SERVER_READER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "gcglass/error.h"

struct gcg__reader;
struct gcg__samples;

/* A reader that feeds SAMPLES (borrowed), and reads nothing yet.  On GCG_OK *READER is to be given
   to gcg__reader_free.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__reader_new (struct gcg__samples *samples, struct gcg__reader **reader,
                                 struct gcg_error *error) __attribute__ ((warn_unused_result));
/* NULL is harmless. */
void gcg__reader_free (struct gcg__reader *reader);

/* --- the live thread --- */

/* Reads process PID, whose agent's root structure is at ROOT, every EVERY_S seconds (0: when asked)
   from now on; the process before is read no more. */
void gcg__reader_begin (struct gcg__reader *reader, pid_t pid, uint64_t root, double every_s);

/* Reads nothing any more; who still waits for a sample does so in vain.  Harmless when nothing is
   read. */
void gcg__reader_end (struct gcg__reader *reader);

/* Takes a sample now, if anything is read; parameters as of gcg__sampler_take. */
void gcg__reader_take (struct gcg__reader *reader, const char *description, uint32_t flags);

/* Takes the samples that have been asked for, or are due.  Returns the milliseconds until the next
   one is due; -1: none will be. */
int gcg__reader_serve (struct gcg__reader *reader);

/* --- any thread; the live thread is to be woken --- */

/* Asks for a sample, which is handed over with SEQUENCE; false: nothing is read here, or there is
   no memory. */
bool gcg__reader_ask (struct gcg__reader *reader, uint32_t sequence, const char *description,
                      uint32_t flags);

/* Sets the interval; false: nothing is read here. */
bool gcg__reader_set_every (struct gcg__reader *reader, double every_s);

#endif
