/* pictures.h -- pictures of components: drawn once by the renderer, kept as files, sent again.
 *
 * At most two are drawn at a time.  A request for a picture that is being drawn waits for it; one
 * for a third picture must retry later.  A failure is remembered like a picture, so that a graph
 * that takes too long does so once.  The oldest files go when there are many.
 */
#ifndef GCG_SERVER_PICTURES_H
#define GCG_SERVER_PICTURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gcglass/error.h"
#include "server/renderer.h"

struct gcg__entry;
struct gcg__pictures;
struct gcg__tempdir;

enum gcg_status gcg__pictures_new (struct gcg__tempdir *directory, struct gcg__pictures **pictures,
                                   struct gcg_error *error) __attribute__ ((warn_unused_result));
/* Wakes all waiting threads, which then give up; nothing new is drawn. */
void gcg__pictures_shut (struct gcg__pictures *pictures);
/* No thread may use PICTURES any more.  The files are left to the directory. */
void gcg__pictures_free (struct gcg__pictures *pictures);

struct gcg__picture
{
  uint64_t number; /* of the component, from 1 */
  bool reduce;
  enum gcg__picture_format format;
};

/* The file with PICTURE of ENTRY's snapshot: caller closes *FD, which is *BYTES long.  Errors:
   those of gcg__dot_write and gcg__renderer_draw; GCG_BUSY: try again in a moment. */
enum gcg_status gcg__pictures_get (struct gcg__pictures *pictures, const struct gcg__entry *entry,
                                   const struct gcg__picture *picture, int *fd, size_t *bytes,
                                   struct gcg_error *error) __attribute__ ((warn_unused_result));

/* Forgets all pictures and failures. */
void gcg__pictures_forget (struct gcg__pictures *pictures);

#endif
