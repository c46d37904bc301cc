/* window.h -- memory of an image read in order, a piece at a time.
 *
 * For one thread that goes through much memory: where it is loaded, a window is a pointer to it;
 * elsewhere WINDOW_BYTES are read into a buffer at once.  What the program may not read keeps
 * nothing and is passed over, although it could be read from outside.
 */
#ifndef GCG_IMAGE_WINDOW_H
#define GCG_IMAGE_WINDOW_H

#include "image/image.h"

#define GCG__WINDOW_BYTES (UINT64_C (128) << 10)

struct gcg__window
{
  const struct gcg__memory_image *image;
  void *buffer;         /* [GCG__WINDOW_BYTES], aligned to a word */
  uint64_t low, high;   /* what BYTES holds */
  const uint8_t *bytes; /* of LOW */
};

/* Moves WINDOW to ADDRESS, a multiple of 8 below END, and reads up to END.  Returns whether
   anything is there; if not, *NEXT, at most END, is the next address that may be worth asking for.
 */
bool gcg__window_move (struct gcg__window *window, uint64_t address, uint64_t end, uint64_t *next);

/* The N words' bytes at ADDRESS, when the window, moved if need be, has all of them up to READ_END;
   else NULL: parts are not there. */
static inline const uint8_t *
gcg__window_all (struct gcg__window *window, uint64_t address, uint64_t end, uint64_t read_end)
{
  uint64_t next;

  if ((address < window->low || end > window->high)
      && (!gcg__window_move (window, address, read_end, &next) || end > window->high))
    return NULL;
  return window->bytes + (address - window->low);
}

#endif
