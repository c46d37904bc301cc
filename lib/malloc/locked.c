/* locked.c -- see locked.h.
 *
 * In the frozen child the protection is the child's own; in place no thread runs until it is
 * restored. Only pages without any access are touched, so what to put back is known.
 */
#include "locked.h"

#include "collector.h"
#include "gc_calls.h"
#include "raw.h"

#define PAGE UINT64_C (4096)

bool
gcg__unlock_stopped (struct gcg__freeze *freeze, const struct map *map)
{
  struct gcg__range range = { map->low, map->high };

  if (map->readable || map->writable || map->is_file
      || (!GC_base ((void *)(uintptr_t)map->low)
          && !GC_base ((void *)(uintptr_t)(map->high - PAGE)))
      || syscall (SYS_mprotect, map->low, map->high - map->low, PROT_READ) != 0)
    return false;
  COLUMN_PUSH (&freeze->locked, struct gcg__range, range, &freeze->error);
  return true;
}

uint64_t
gcg__locked_until_stopped (const struct gcg__freeze *freeze, uint64_t address)
{
  const struct gcg__range *ranges = freeze->locked.data;
  uint64_t low = 0, high = freeze->locked.n;

  while (low < high)
    {
      uint64_t middle = (low + high) / 2;
      if (ranges[middle].high <= address)
        low = middle + 1;
      else
        high = middle;
    }
  return low < freeze->locked.n && ranges[low].low <= address ? ranges[low].high : 0;
}

void
gcg__lock_again_stopped (struct gcg__freeze *freeze)
{
  const struct gcg__range *ranges = freeze->locked.data;

  for (uint64_t i = 0; i < freeze->locked.n; i++)
    syscall (SYS_mprotect, ranges[i].low, ranges[i].high - ranges[i].low, PROT_NONE);
  column_fini_stopped (&freeze->locked);
}
