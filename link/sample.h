/* sample.h -- samples of a program that uses malloc, made from outside while it runs: neither
 * stopped nor disturbed.
 *
 * The agent counts objects by site and thread, and its root structure says where (agent_root.h);
 * the rest /proc knows.  What comes out is what an agent sends: records of a recording
 * (lib/recording/format.h), of a process, its modules and its sites as far as they are new, and of
 * the sample.
 *
 * Cost: a read of 48 bytes for each site and thread, one or two for each new site; new sites
 * make us read the list of mappings.  Threads: one at a time for each struct.
 */
#ifndef GCG_LINK_SAMPLE_H
#define GCG_LINK_SAMPLE_H

#include <stdint.h>
#include <sys/types.h>

#include "gcglass/error.h"
#include "image/image.h"

struct gcg__sampler;

/* Begins to sample process PID, whose root structure is at ROOT.  Its memory is opened here: where
   the process executes another program, or loses the right to be read, this one stays what is read.
   On GCG_OK *SAMPLER is to be freed by gcg__sampler_free.  Errors: GCG_NOT_FOUND; GCG_DISABLED: it
   may not be read; GCG_NO_MEMORY. */
enum gcg_status gcg__sampler_new (pid_t pid, uint64_t root, struct gcg__sampler **sampler,
                                  struct gcg_error *error) __attribute__ ((warn_unused_result));

/* The same for memory that SOURCE (borrowed) reads, of no process: without the figures of /proc. */
enum gcg_status gcg__sampler_over (const struct gcg__memory_source *source, uint64_t root,
                                   struct gcg__sampler **sampler, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* NULL is harmless. */
void gcg__sampler_free (struct gcg__sampler *sampler);

/* Takes a sample; the first one of a program whose objects are not counted stops it for a moment
   (link/survey.h).  It is described by DESCRIPTION, with FLAGS (GCG__SAMPLE_SNAPSHOT or 0); stores
   a sealed memory file with the records in *FD, which the caller closes.  After an error the next
   sample has what this one would have had.  Errors: GCG_NOT_FOUND: the process has ended, or
   executed another program; GCG_DISABLED: the memory is of no process, and its objects are not
   counted; those of gcg__survey_take; GCG_UNSUPPORTED: its agent is of another version;
   GCG_CORRUPT: its tables are damaged; GCG_SYSTEM; GCG_NO_MEMORY. */
enum gcg_status gcg__sampler_take (struct gcg__sampler *sampler, const char *description,
                                   uint32_t flags, int *fd, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

#endif
