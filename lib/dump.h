/* dump.h -- the memory of this process into a file, for gcglass to read (dump_format.h).
 *
 * Runs where every other thread stands, in a clone of the program or, where there can be none, in
 * its place: raw system calls only, nothing locks or allocates from the C library.
 *
 *   memory                                  what is written
 *   private, of no file                     pages that are there, or swapped out, whatever the
 *                                           protection that the program has given them
 *   private, of a file                      all of it up to 16 MB; of more the first megabyte, and
 *                                           the pages that the program has changed
 *   shared, of no file on a disk            pages that are there
 *   shared, of a file; of a device          nothing: it keeps no block, reading may do something
 */
#ifndef GCG_DUMP_H
#define GCG_DUMP_H

#include <stdbool.h>
#include <sys/types.h>
#include <ucontext.h>

#include "dump_format.h"

struct gcg__dump_ask
{
  int fd;                         /* an empty memory file */
  pid_t pid;                      /* of the program */
  bool in_place;                  /* this is the program itself: protections are put back */
  struct gcg__dump_header header; /* from ROOT to ENDS, but PAUSE_NS */
  volatile uint64_t *pause_ns;    /* set by the program, once it goes on */
  const ucontext_t *context;      /* registers of the calling thread */
  const char *smaps;              /* of the program, read before the clone shared its memory */
};

/* Writes the threads that have been noted (thread.h), the calling one and all memory.  Returns 0 or
   an errno. */
int gcg__dump_write_stopped (const struct gcg__dump_ask *ask);

#endif
