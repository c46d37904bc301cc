/* column.h -- arrays that grow in mappings of their own, for the frozen child.
 *
 * No libc allocation: mmap and mremap by raw system call.  A failure is remembered in *ERROR and
 * makes every later push a no-op, so that callers check once, at the end.
 */
#ifndef GCG_COLUMN_H
#define GCG_COLUMN_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "raw.h"
#include "snapshot/format.h"

struct column
{
  void *data;
  uint64_t n;        /* elements */
  uint64_t capacity; /* bytes */
  uint32_t element_bytes;
};

/* Room for MORE elements after the last; NULL and *ERROR set when there is none. */
static inline void *
column_reserve_stopped (struct column *column, uint32_t element_bytes, uint64_t more, int *error)
{
  uint64_t need = (column->n + more) * element_bytes;

  column->element_bytes = element_bytes;
  if (__builtin_expect (need > column->capacity, 0))
    {
      uint64_t capacity = column->capacity ? column->capacity * 2 : 1 << 16;
      while (capacity < need)
        capacity *= 2;
      void *data = column->data ? raw_remap (column->data, column->capacity, capacity)
                                : raw_map (capacity);
      if (data == MAP_FAILED)
        {
          *error = *error ? *error : ENOMEM;
          return NULL;
        }
      column->data = data;
      column->capacity = capacity;
    }
  return (char *)column->data + column->n * element_bytes;
}

/* Appends VALUE, of the column's element type. */
#define COLUMN_PUSH(column, type, value, error)                                                    \
  do                                                                                               \
    {                                                                                              \
      type *column_at = column_reserve_stopped (column, sizeof (type), 1, error);                  \
      if (column_at)                                                                               \
        {                                                                                          \
          *column_at = (value);                                                                    \
          (column)->n++;                                                                           \
        }                                                                                          \
    }                                                                                              \
  while (0)

/* Sorts by the 64-bit word at the start of each element (of at most 64 bytes): heap sort, in place,
   without recursion.  The word's low bytes count when the key is shorter: MASK says what counts. */
void gcg__column_sort_stopped (struct column *column, uint64_t mask);

static inline void
column_fini_stopped (struct column *column)
{
  if (column->data)
    raw_unmap (column->data, column->capacity);
}

#endif
