/* dump.h -- a snapshot from a raw dump (lib/dump_format.h), which the agent has written of a
 * process that may not be traced.
 *
 * The file is mapped, and its memory is the source of an image; from there on it is read as a
 * frozen copy is (agent_snapshot.h).  Nothing in it is trusted.
 */
#ifndef GCG_IMAGE_DUMP_H
#define GCG_IMAGE_DUMP_H

#include "image/agent_snapshot.h"

/* Reads the dump in FD, a memory file that cannot shrink (borrowed), as a snapshot described by
   DESCRIPTION.  The caller frees *SNAPSHOT by gcg__agent_snapshot_free; *PAUSE_NS: how long the
   program has stood.  Errors: GCG_CORRUPT: it is none, or inconsistent; GCG_UNSUPPORTED: of another
   version; GCG_NO_MEMORY; GCG_SYSTEM; those of gcg__agent_snapshot_take.  Any thread. */
enum gcg_status gcg__dump_read (int fd, const char *description,
                                struct gcg__agent_snapshot **snapshot, uint64_t *pause_ns,
                                struct gcg_error *error) __attribute__ ((warn_unused_result));

#endif
