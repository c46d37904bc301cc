/* image.h -- the memory of a process, wherever it is read from.
 *
 *   frozen copy, or a process that stands ─┐
 *   raw dump (dump.h) ─────────────────────┼─→ source ─→ image ─→ modules, threads, heap, roots,
 *   buffers (tests, fuzzing) ──────────────┘                      edges
 *
 * A source reads bytes at an address; an image adds the list of mappings, and memory of our own
 * into which ranges are loaded, so that readers use plain pointers.
 *
 * 1. What has been loaded is never read again: it is the same whatever becomes of the process, and
 *    comes from the source that was given with its range.  So what a frozen copy lacks (mappings
 *    that children do not inherit, or find wiped) is loaded from the program while it stands.
 * 2. Loaded pieces are sorted and do not overlap; ranges that touch, loaded by one call, are one
 *    piece.
 * 3. What could not be read is a hole: zero in a piece, missing for gcg__image_read.
 *
 * Nothing that is read is trusted: addresses wrap, pointers lead anywhere.  An image may be read by
 * any number of threads at once, but not while ranges are loaded.
 */
#ifndef GCG_IMAGE_IMAGE_H
#define GCG_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "gcglass/error.h"
#include "image/vma.h"

struct gcg__memory_source
{
  /* Reads N bytes at ADDRESS into BYTES; returns how many, from the first on, could be read. Called
     by several threads at once. */
  size_t (*read) (const void *state, uint64_t address, void *bytes, size_t n);
  const void *state;
};

/* A live or frozen process. */
struct gcg__process_memory
{
  int mem; /* /proc/TID/mem of a thread that lives: a main thread that has ended has no memory */
};

/* Reads PROCESS, which must stay where it is. */
struct gcg__memory_source gcg__process_source (const struct gcg__process_memory *process);

/* Memory that is plain memory here. */
struct gcg__memory_buffer
{
  uint64_t address; /* of BYTES in the process */
  const void *bytes;
  size_t n;
};
struct gcg__memory_buffers
{
  const struct gcg__memory_buffer *items; /* ascending by address, no overlaps */
  size_t n;
};

/* Reads BUFFERS, which must stay where they are. */
struct gcg__memory_source gcg__buffers_source (const struct gcg__memory_buffers *buffers);

struct gcg__memory_range
{
  uint64_t low, high;
  const struct gcg__memory_source *source; /* NULL: the image's own */
};

struct gcg__memory_image;

/* An image of what SOURCE reads, with the mappings VMAS, whose contents it takes on success (NULL:
   none are known).  The caller frees *IMAGE by gcg__image_free.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__image_new (const struct gcg__memory_source *source, struct gcg__vmas *vmas,
                                struct gcg__memory_image **image, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* An image of process PID, which is frozen or stands (of one that runs, what is read is of
   different moments).  MEM: its /proc/PID/mem, borrowed as long as the image lives, or -1: opened
   here.  Errors: those of gcg__vmas_read; GCG_SYSTEM: its memory may not be read. */
enum gcg_status gcg__image_open (pid_t pid, int mem, struct gcg__memory_image **image,
                                 struct gcg_error *error) __attribute__ ((warn_unused_result));

/* NULL is harmless. */
void gcg__image_free (struct gcg__memory_image *image);

/* The mappings; empty when none are known.  Borrowed. */
const struct gcg__vmas *gcg__image_vmas (const struct gcg__memory_image *image);

/* Reads N bytes at ADDRESS; returns how many, from the first on, could be read.  Mappings of
   devices are never read. */
size_t gcg__image_read (const struct gcg__memory_image *image, uint64_t address, void *bytes,
                        size_t n);

/* Reads all N bytes at ADDRESS, or returns false. */
bool gcg__image_get (const struct gcg__memory_image *image, uint64_t address, void *bytes,
                     size_t n);

/* Reads the word at ADDRESS, a multiple of 8; false where there is none. */
bool gcg__image_word (const struct gcg__memory_image *image, uint64_t address, uint64_t *word);

/* Reads the text at ADDRESS up to its NUL, or ROOM - 1 bytes of it; returns false, and "", when it
   does not end in memory that can be read.  ROOM > 0. */
bool gcg__image_text (const struct gcg__memory_image *image, uint64_t address, char *text,
                      size_t room);

/* Loads RANGES[N], in any order, on up to N_THREADS threads (0: all processors).  Where they
   overlap the one that begins first counts; what has been loaded before stays.  What cannot be read
   becomes a hole.  Errors: GCG_NO_MEMORY; the image is unchanged then. */
enum gcg_status gcg__image_load (struct gcg__memory_image *image,
                                 const struct gcg__memory_range *ranges, size_t n,
                                 unsigned n_threads, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Adds what the process does not have, or has otherwise: BUFFERS count as loaded, and, where
   nothing is mapped, as mapped, readable and writable.  They are copied.  Errors: GCG_NO_MEMORY. */
enum gcg_status gcg__image_add (struct gcg__memory_image *image,
                                const struct gcg__memory_buffers *buffers, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* The loaded memory at ADDRESS, and in *N how many bytes of it lie there side by side; NULL when
   nothing is loaded there.  As aligned as ADDRESS is, up to a page.  Borrowed from the image. */
const void *gcg__image_at (const struct gcg__memory_image *image, uint64_t address, uint64_t *n);

/* N bytes at ADDRESS as plain memory: where they are loaded, or read into BUFFER[N] (aligned as
   ADDRESS is).  *GOT: how many there are, from the first on; up to a hole in what is loaded. */
const void *gcg__image_view (const struct gcg__memory_image *image, uint64_t address, void *buffer,
                             size_t n, size_t *got);

/* The holes in what has been loaded, ascending; touching ones are one.  Borrowed until more is
   loaded; N = 0: NULL. */
struct gcg__memory_hole
{
  uint64_t low, high;
};
const struct gcg__memory_hole *gcg__image_holes (const struct gcg__memory_image *image, size_t *n);

#endif
