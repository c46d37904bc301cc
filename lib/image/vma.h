/* vma.h -- the mappings of a process, as /proc lists them.
 *
 * A table sorted by address, without overlaps, whatever the text says: it may have been read in
 * pieces while the process went on.  Lookups are a binary search; a table never changes once it is
 * made, so that any number of threads may ask it.
 */
#ifndef GCG_IMAGE_VMA_H
#define GCG_IMAGE_VMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "gcglass/error.h"

/* What the kernel writes behind the path of a file that has no name any more. */
#define GCG__VMA_DELETED " (deleted)"

struct gcg__vma
{
  uint64_t low, high;
  uint64_t offset;  /* in the file */
  uint64_t device;  /* of the file: makedev (3) */
  uint64_t inode;   /* of the file, 0 = none */
  const char *name; /* as the kernel spells it; "" = anonymous; lives as long as the table */
  bool is_readable, is_writable, is_executable, is_shared;
  bool is_file;    /* the name is a path; memfds and System V segments are such */
  bool is_deleted; /* the path ends in GCG__VMA_DELETED */
  bool is_device;  /* of /dev, but for plain memory: reading it may do something */
  bool is_stack;   /* the main thread's */
};

struct gcg__vmas
{
  struct gcg__vma *items; /* ascending, no overlaps */
  size_t n;
  char *text; /* what the names are in */
  pid_t tid;  /* a thread that has this memory; 0: not known */
};

/* The mappings that TEXT of BYTES bytes lists, in the form of /proc/PID/maps; what is no mapping is
   left out, what overlaps the one before is clipped.  On success the caller frees VMAS's contents
   by gcg__vmas_fini.  Errors: GCG_NO_MEMORY.  Any thread. */
enum gcg_status gcg__vmas_parse (const char *text, size_t bytes, struct gcg__vmas *vmas,
                                 struct gcg_error *error) __attribute__ ((warn_unused_result));

/* The mappings of process PID.  They are asked of any thread that lives: once the main thread has
   ended, /proc/PID/maps is empty.  Errors: GCG_NO_MEMORY; GCG_NOT_FOUND: there is no such process,
   or it has no memory any more; GCG_SYSTEM: they cannot be read.  Any thread. */
enum gcg_status gcg__vmas_read (pid_t pid, struct gcg__vmas *vmas, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Harmless on zeroed ones. */
void gcg__vmas_fini (struct gcg__vmas *vmas);

/* Index of the first mapping that ends above ADDRESS; VMAS->n when there is none. */
size_t gcg__vmas_above (const struct gcg__vmas *vmas, uint64_t address);

/* The mapping that holds ADDRESS, or NULL. */
const struct gcg__vma *gcg__vmas_find (const struct gcg__vmas *vmas, uint64_t address);

#endif
