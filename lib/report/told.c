/* told.c -- see told.h.  A key is address and birth in one word; snapshots have blocks in order of
 * address, so the keys are sorted as they come.
 */
#include <config.h>

#include "report/told.h"

#include <stdlib.h>

#include "base/error.h"

#define BIRTH_BITS 20 /* blocks are 16 bytes apart, in 48 bits of addresses */

static uint64_t
told_key (const struct gcg__object *object)
{
  return object->address >> 4 << BIRTH_BITS | (object->birth & ((1u << BIRTH_BITS) - 1));
}

enum gcg_status
gcg__told_set (struct gcg__told *told, const struct gcg__leaks *leaks, struct gcg_error *error)
{
  uint64_t *keys = calloc (leaks->leaked.objects + 1, sizeof *keys);
  uint32_t n = 0;
  if (keys == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory for the leaks reported");
  struct gcg__object_walk walk = gcg__objects (leaks->analysis->snapshot);
  while (gcg__next_object (&walk))
    if ((leaks->flags[walk.object.id] & GCG__LEAK_LEAKED) != 0)
      keys[n++] = told_key (&walk.object);
  gcg__told_fini (told);
  *told = (struct gcg__told){ keys, n };
  return GCG_OK;
}

void
gcg__told_fini (struct gcg__told *told)
{
  free (told->keys);
  *told = (struct gcg__told){ 0 };
}

bool
gcg__told_knows (const struct gcg__told *told, const struct gcg__object *object)
{
  uint64_t key = told_key (object);
  uint32_t low = 0, high = told->n;
  while (low < high)
    {
      uint32_t middle = low + (high - low) / 2;
      if (told->keys[middle] < key)
        low = middle + 1;
      else
        high = middle;
    }
  return low < told->n && told->keys[low] == key;
}
