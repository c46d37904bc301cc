/* window.c -- see window.h. */
#include "config.h"

#include "image/window.h"

#define PAGE UINT64_C (4096)

/* Up to where in [ADDRESS, END) there is memory that the program may read; ADDRESS: there is none,
   and *NEXT is where there may be.  Without mappings all of it counts. */
static uint64_t
readable_until (const struct gcg__vmas *vmas, uint64_t address, uint64_t end, uint64_t *next)
{
  uint64_t high = address;
  size_t i = gcg__vmas_above (vmas, address);

  if (vmas->n == 0)
    return end;
  for (; i < vmas->n && vmas->items[i].low <= high && high < end && vmas->items[i].is_readable
         && !vmas->items[i].is_device;
       i++)
    high = vmas->items[i].high;
  if (high > address)
    return high < end ? high : end;
  *next = i == vmas->n                    ? end
          : vmas->items[i].low <= address ? vmas->items[i].high
                                          : vmas->items[i].low;
  *next = *next < end ? *next : end;
  return address;
}

bool
gcg__window_move (struct gcg__window *window, uint64_t address, uint64_t end, uint64_t *next)
{
  uint64_t high = readable_until (gcg__image_vmas (window->image), address, end, next);
  size_t got;

  window->low = window->high = address;
  if (high == address)
    return false;
  high = high - address < GCG__WINDOW_BYTES ? high : address + GCG__WINDOW_BYTES;
  window->bytes
      = gcg__image_view (window->image, address, window->buffer, (size_t)(high - address), &got);
  window->high = address + (got & ~(size_t)7);
  if (window->high > address)
    return true;
  *next = (address & -PAGE) + PAGE;
  *next = *next<end && * next> address ? *next : end;
  return false;
}
