/* column.c -- see column.h. */
#include "column.h"

#include <string.h>

#define MOST_BYTES 64

void
gcg__column_sort_stopped (struct column *column, uint64_t mask)
{
  char *data = column->data, moved[MOST_BYTES];
  const size_t bytes = column->element_bytes;
  uint64_t end = column->n, start = column->n / 2;

#define AT(i)   (data + (i)*bytes)
#define KEY(at) (*(const uint64_t *)(const void *)(at)&mask)
  while (end > 1)
    {
      uint64_t root = 0, child;
      if (start > 0)
        memcpy (moved, AT (root = --start), bytes);
      else
        {
          memcpy (moved, AT (--end), bytes);
          memcpy (AT (end), AT (0), bytes);
        }
      while ((child = 2 * root + 1) < end)
        {
          if (child + 1 < end && KEY (AT (child)) < KEY (AT (child + 1)))
            child++;
          if (KEY (AT (child)) <= KEY (moved))
            break;
          memcpy (AT (root), AT (child), bytes);
          root = child;
        }
      memcpy (AT (root), moved, bytes);
    }
#undef AT
#undef KEY
}
