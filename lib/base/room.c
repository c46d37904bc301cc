/* room.c -- see room.h. */
#include "base/room.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 16

bool
gcg__room_for_one (void *items, uint32_t n, uint32_t *room, size_t bytes)
{
  uint32_t more = *room > 0 ? 2 * *room : FIRST_ROOM;
  void *array;
  if (n < *room)
    return true;
  memcpy (&array, items, sizeof array);
  array = more > n ? reallocarray (array, more, bytes) : NULL;
  if (array == NULL)
    return false;
  memcpy (items, &array, sizeof array);
  *room = more;
  return true;
}
