/* hidden.c -- see hidden.h.  The copy holds the ranges one after another, in the order of the list,
 * which does not change between the clone and what is made of it. */
#include "hidden.h"

#include <string.h>

#include "peek.h"
#include "raw.h"
#include "regions.h"

#define PAGE UINT64_C (4096)

static char *copy;
static uint64_t bytes;

void
gcg__hidden_copy_stopped (void)
{
  uint32_t n;
  const struct gcg__range *hidden = gcg__regions_hidden_stopped (&n);
  uint64_t at = 0;

  bytes = 0;
  for (uint32_t i = 0; i < n && bytes + (hidden[i].high - hidden[i].low) <= GCG__MOST_HIDDEN; i++)
    bytes += hidden[i].high - hidden[i].low;
  copy = bytes ? raw_map (bytes) : MAP_FAILED;
  if (copy == MAP_FAILED)
    bytes = 0;
  /* Page by page: what cannot be read stays zero. */
  for (uint32_t i = 0; at < bytes; i++)
    for (uint64_t low = hidden[i].low; low < hidden[i].high; low += PAGE, at += PAGE)
      gcg__peek (low, copy + at, PAGE);
}

void
gcg__hidden_show_stopped (void)
{
  uint32_t n;
  const struct gcg__range *hidden = gcg__regions_hidden_stopped (&n);
  uint64_t at = 0;

  for (uint32_t i = 0; at < bytes; i++)
    {
      void *low = (void *)(uintptr_t)hidden[i].low;
      uint64_t room = hidden[i].high - hidden[i].low;
      if (syscall (SYS_mmap, low, room, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0L)
          != -1)
        memcpy (low, copy + at, room);
      at += room;
    }
}

void
gcg__hidden_drop_stopped (void)
{
  if (bytes)
    raw_unmap (copy, bytes);
  bytes = 0;
}
