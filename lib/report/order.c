/* order.c -- see order.h.
 *
 * A reader of a table of millions of rows looks at a page of it, then at the next one, then far
 * down: so all wanted rows are sorted at once and the order is kept (kept.h), 4 bytes a row. Sorted
 * by radix, least significant digit first (Knuth, The Art of Computer Programming 3, 5.2.5), which
 * leaves equal keys in the table's order; digits in which no two keys differ are passed over, and
 * keys seldom differ in more than two.
 */
#include <config.h>

#include "report/order.h"

#include <stdlib.h>
#include <string.h>

#include "report/buffer.h"
#include "base/error.h"
#include "report/kept.h"

#define DIGIT_BITS 11u
#define DIGITS     (1u << DIGIT_BITS)

struct entry
{
  uint64_t key;
  uint32_t row;
};

/* Sorts FROM by the digit at SHIFT into TO. */
static void
sort_by_digit (const struct entry *from, struct entry *to, uint32_t n, unsigned shift)
{
  uint32_t first[DIGITS] = { 0 }, sum = 0;
  for (uint32_t i = 0; i < n; i++)
    first[from[i].key >> shift & (DIGITS - 1)]++;
  for (uint32_t d = 0; d < DIGITS; d++)
    {
      const uint32_t count = first[d];
      first[d] = sum;
      sum += count;
    }
  for (uint32_t i = 0; i < n; i++)
    to[first[from[i].key >> shift & (DIGITS - 1)]++] = from[i];
}

/* Sorts the N ENTRIES, with as much room at OTHER; returns where they are then. */
static const struct entry *
sort (struct entry *entries, struct entry *other, uint32_t n)
{
  uint64_t differ = 0;
  for (uint32_t i = 1; i < n; i++)
    differ |= entries[i].key ^ entries[0].key;
  for (unsigned shift = 0; shift < 64; shift += DIGIT_BITS)
    if (differ >> shift & (DIGITS - 1))
      {
        struct entry *sorted = other;
        sort_by_digit (entries, other, n, shift);
        other = entries;
        entries = sorted;
      }
  return entries;
}

/* The wanted rows in their own order; returns how many. */
static uint32_t
pick (const struct gcg__table *table, bool backwards, uint32_t *rows)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < table->n_rows; i++)
    {
      const uint32_t row = backwards ? table->n_rows - 1 - i : i;
      if (table->wanted == NULL || table->wanted (table->table, row))
        rows[n++] = row;
    }
  return n;
}

/* Puts the N ROWS in order; false: no memory. */
static bool
arrange (const struct gcg__table *table, const struct gcg__table_column *column, bool descending,
         uint32_t *rows, uint32_t n)
{
  struct entry *entries = malloc ((n + (size_t)1) * 2 * sizeof *entries);
  if (entries == NULL)
    return false;
  for (uint32_t i = 0; i < n; i++)
    {
      const uint64_t key = column->key (table->table, rows[i]);
      entries[i] = (struct entry){ descending ? ~key : key, rows[i] };
    }
  const struct entry *sorted = sort (entries, entries + n, n);
  for (uint32_t i = 0; i < n; i++)
    rows[i] = sorted[i].row;
  free (entries);
  return true;
}

/* The order, made; NULL: no memory. */
static const struct gcg__kept_item *
make (const struct gcg__table *table, const struct gcg__table_column *column, bool backwards,
      const char *key)
{
  uint32_t *rows = malloc ((table->n_rows + (size_t)1) * sizeof *rows);
  if (rows == NULL)
    return NULL;
  const bool sorted = column != NULL && column->key != NULL;
  const uint32_t n = pick (table, !sorted && backwards, rows);
  if (sorted && !arrange (table, column, backwards, rows, n))
    {
      free (rows);
      return NULL;
    }
  uint32_t *fitting = realloc (rows, (n + (size_t)1) * sizeof *rows);
  return gcg__kept_add (table->kept, key, fitting != NULL ? fitting : rows, n * sizeof *rows);
}

enum gcg_status
gcg__order_choose (const struct gcg__query *query, const struct gcg__table *table,
                   const struct gcg__table_column *column, bool backwards,
                   struct gcg__chosen *chosen, struct gcg_error *error)
{
  struct gcg__buffer key;
  const struct gcg__kept_item *item = NULL;
  gcg__buffer_init (&key, NULL, NULL);
  gcg__buffer_format (&key, "%s\n%s %d %d %u\n%s\n%s", table->name,
                      column != NULL ? column->name : "", backwards, query->cycles, query->site,
                      query->type != NULL ? query->type : "", query->q != NULL ? query->q : "");
  if (gcg__buffer_status (&key, NULL) == GCG_OK
      && (item = gcg__kept_get (table->kept, gcg__buffer_string (&key))) == NULL)
    item = make (table, column, backwards, gcg__buffer_string (&key));
  gcg__buffer_fini (&key);
  if (item == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory while sorting");
  const uint32_t *rows = item->data;
  chosen->total = item->bytes / sizeof *rows;
  for (uint64_t i = query->offset; i < chosen->total && chosen->n < query->limit; i++)
    chosen->rows[chosen->n++] = rows[i];
  gcg__kept_put (table->kept, item);
  return GCG_OK;
}
