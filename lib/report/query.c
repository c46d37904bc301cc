/* query.c -- see query.h.
 *
 * The k first rows are kept in a binary heap whose top is the last of them, as in a bounded
 * priority queue (Knuth, The Art of Computer Programming 3, 5.2.3); at the end they are sorted.
 */
#include <config.h>

#include "report/query.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "report/buffer.h"
#include "base/error.h"
#include "report/order.h"
#include "snapshot/format.h"

void
gcg__query_init (struct gcg__query *query)
{
  *query = (struct gcg__query){ .limit = GCG__QUERY_LIMIT };
}

bool
gcg__query_number (const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
  if (text[0] < '0' || text[0] > '9')
    return false;
  char *end;
  errno = 0;
  unsigned long long value = strtoull (text, &end, 10);
  if (errno != 0 || *end != '\0' || value < least || value > most)
    return false;
  *number = value;
  return true;
}

/* Parameters that are numbers: where they go, and their range in words. */
static const struct
{
  const char *name;
  size_t at, bytes; /* of the member */
  uint64_t least, most;
  const char *what; /* NULL: a number from LEAST to MOST */
} numbers[] = {
#define NUMBER(name, ...)                                                                          \
  {                                                                                                \
#name, offsetof(struct gcg__query, name), sizeof(((struct gcg__query *)NULL)->name),           \
        __VA_ARGS__                                                                                \
  }
  NUMBER (offset, 0, UINT32_MAX, NULL),
  NUMBER (limit, 1, GCG__QUERY_LIMIT_MAX, NULL),
  NUMBER (points, 1, GCG__QUERY_LIMIT_MAX, NULL),
  NUMBER (types, 1, GCG__QUERY_LIMIT_MAX, NULL),
  NUMBER (site, 1, GCG__SITES_MAX - 1, "the number of a site"),
  NUMBER (from, 1, UINT32_MAX, "the number of a sample"),
  NUMBER (to, 1, UINT32_MAX, "the number of a sample"),
#undef NUMBER
};

/* Those that are texts; an empty one is none. */
static const struct
{
  const char *name;
  size_t at;
} texts[] = {
  { "sort", offsetof (struct gcg__query, sort) },
  { "q", offsetof (struct gcg__query, q) },
  { "type", offsetof (struct gcg__query, type) },
};

/* And those that are one of two words. */
static const struct
{
  const char *name, *yes, *no;
  size_t at;
} choices[] = {
  { "order", "desc", "asc", offsetof (struct gcg__query, descending) },
  { "cycles", "1", "0", offsetof (struct gcg__query, cycles) },
  { "by", "site", "type", offsetof (struct gcg__query, by_site) },
};

static enum gcg_status
set_number (struct gcg__query *query, size_t i, const char *value, struct gcg_error *error)
{
  char *member = (char *)query + numbers[i].at;
  uint64_t number;
  if (!gcg__query_number (value, numbers[i].least, numbers[i].most, &number))
    return numbers[i].what != NULL
               ? gcg__error_write (error, GCG_INVALID, "%s must be %s", numbers[i].name,
                                   numbers[i].what)
               : gcg__error_write (error, GCG_INVALID,
                                   "%s must be a number from %" PRIu64 " to %" PRIu64,
                                   numbers[i].name, numbers[i].least, numbers[i].most);
  if (numbers[i].bytes == sizeof (uint32_t))
    *(uint32_t *)(void *)member = (uint32_t)number;
  else
    *(uint64_t *)(void *)member = number;
  return GCG_OK;
}

static enum gcg_status
set_choice (struct gcg__query *query, size_t i, const char *value, struct gcg_error *error)
{
  bool yes = strcmp (value, choices[i].yes) == 0;
  if (!yes && strcmp (value, choices[i].no) != 0)
    return gcg__error_write (error, GCG_INVALID, "%s must be %s or %s", choices[i].name,
                             choices[i].no, choices[i].yes);
  *(bool *)(void *)((char *)query + choices[i].at) = yes;
  return GCG_OK;
}

static enum gcg_status
set_show (struct gcg__query *query, const char *value, struct gcg_error *error)
{
  static const char *const words[]
      = { [GCG__SHOW_ALL] = "all", [GCG__SHOW_LEAKS] = "leaks", [GCG__SHOW_HARMLESS] = "harmless" };
  for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
    if (strcmp (value, words[i]) == 0 || (i == GCG__SHOW_ALL && value[0] == '\0'))
      {
        query->show = (enum gcg__query_show)i;
        return GCG_OK;
      }
  return gcg__error_write (error, GCG_INVALID, "show must be leaks, harmless or all");
}

enum gcg_status
gcg__query_set (struct gcg__query *query, const char *name, const char *value,
                struct gcg_error *error)
{
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    if (strcmp (name, numbers[i].name) == 0)
      return set_number (query, i, value, error);
  for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
    if (strcmp (name, choices[i].name) == 0)
      {
        query->ordered |= strcmp (name, "order") == 0;
        return set_choice (query, i, value, error);
      }
  if (strcmp (name, "show") == 0)
    return set_show (query, value, error);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (strcmp (name, texts[i].name) == 0)
      {
        *(const char **)(void *)((char *)query + texts[i].at) = value[0] != '\0' ? value : NULL;
        return GCG_OK;
      }
  return gcg__error_write (error, GCG_NOT_FOUND, "no parameter is called '%.40s'", name);
}

uint64_t
gcg__query_real_key (double number)
{
  uint64_t bits;
  memcpy (&bits, &number, sizeof bits);
  return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

bool
gcg__query_match (const char *needle, const char *text)
{
  return needle == NULL || strcasestr (text, needle) != NULL;
}

/* A row on the heap.  KEY is complemented when the order descends, so that smaller comes first. */
struct entry
{
  uint64_t key;
  uint32_t row;
};

static bool
entry_before (const struct entry *a, const struct entry *b)
{
  return a->key != b->key ? a->key < b->key : a->row < b->row;
}

static int
entry_compare (const void *a, const void *b)
{
  return entry_before (a, b) ? -1 : entry_before (b, a);
}

/* Puts ENTRY in the place of the heap's top and lets it sink. */
static void
heap_replace_top (struct entry *heap, size_t n, struct entry entry)
{
  size_t at = 0;
  for (size_t child; (child = 2 * at + 1) < n; at = child)
    {
      if (child + 1 < n && entry_before (&heap[child], &heap[child + 1]))
        child++;
      if (!entry_before (&entry, &heap[child]))
        break;
      heap[at] = heap[child];
    }
  heap[at] = entry;
}

static void
heap_push (struct entry *heap, size_t n, struct entry entry)
{
  size_t at = n;
  for (; at > 0 && entry_before (&heap[(at - 1) / 2], &entry); at = (at - 1) / 2)
    heap[at] = heap[(at - 1) / 2];
  heap[at] = entry;
}

static bool
is_wanted (const struct gcg__table *table, uint32_t row)
{
  return table->wanted == NULL || table->wanted (table->table, row);
}

/* Chooses by key. */
static enum gcg_status
choose_sorted (const struct gcg__query *query, const struct gcg__table *table,
               const struct gcg__table_column *column, bool descending, struct gcg__chosen *chosen,
               struct gcg_error *error)
{
  uint64_t most = query->offset + query->limit;
  size_t k = most < table->n_rows ? (size_t)most : table->n_rows;
  struct entry *heap = malloc ((k + 1) * sizeof *heap);
  if (heap == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory while sorting");
  size_t n = 0;
  for (uint32_t row = 0; row < table->n_rows; row++)
    {
      if (!is_wanted (table, row))
        continue;
      chosen->total++;
      uint64_t key = column->key (table->table, row);
      struct entry entry = { descending ? ~key : key, row };
      if (n < k)
        heap_push (heap, n++, entry);
      else if (k > 0 && entry_before (&entry, &heap[0]))
        heap_replace_top (heap, n, entry);
    }
  if (n > 0)
    qsort (heap, n, sizeof *heap, entry_compare);
  for (size_t i = query->offset; i < n; i++)
    chosen->rows[chosen->n++] = heap[i].row;
  free (heap);
  return GCG_OK;
}

/* Chooses in the table's own order, or against it. */
static void
choose_plain (const struct gcg__query *query, const struct gcg__table *table, bool backwards,
              struct gcg__chosen *chosen)
{
  for (uint32_t i = 0; i < table->n_rows; i++)
    {
      uint32_t row = backwards ? table->n_rows - 1 - i : i;
      if (!is_wanted (table, row))
        continue;
      if (chosen->total >= query->offset && chosen->n < query->limit)
        chosen->rows[chosen->n++] = row;
      chosen->total++;
      if (table->wanted == NULL && chosen->n == query->limit)
        break;
    }
  if (table->wanted == NULL)
    chosen->total = table->n_rows;
}

static const struct gcg__table_column *
find_column (const struct gcg__table *table, const char *name, struct gcg_error *error)
{
  const struct gcg__table_column *column = table->columns;
  for (; column->name != NULL; column++)
    if (strcmp (column->name, name) == 0)
      return column;
  struct gcg__buffer names;
  gcg__buffer_init (&names, NULL, NULL);
  for (column = table->columns; column->name != NULL; column++)
    gcg__buffer_format (&names, "%s%s", column == table->columns ? "" : ", ", column->name);
  (void)gcg__error_write (error, GCG_INVALID, "no column '%.40s' to sort by; there are: %s", name,
                          gcg__buffer_string (&names));
  gcg__buffer_fini (&names);
  return NULL;
}

enum gcg_status
gcg__query_choose (const struct gcg__query *query, const struct gcg__table *table,
                   struct gcg__chosen *result, struct gcg_error *error)
{
  const struct gcg__table_column *column = NULL;
  if (query->sort != NULL && (column = find_column (table, query->sort, error)) == NULL)
    return GCG_INVALID;
  struct gcg__chosen chosen = { .rows = malloc ((query->limit + (size_t)1) * sizeof *chosen.rows) };
  if (chosen.rows == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "out of memory for a page of rows");
  const bool sorted = column != NULL && column->key != NULL;
  const bool backwards
      = sorted ? (query->ordered ? query->descending : column->descending)
               : column != NULL && query->ordered && query->descending != column->descending;
  enum gcg_status status = GCG_OK;
  if (table->kept != NULL && table->n_rows >= table->kept->long_from
      && (sorted || table->wanted != NULL))
    status = gcg__order_choose (query, table, column, backwards, &chosen, error);
  else if (sorted)
    status = choose_sorted (query, table, column, backwards, &chosen, error);
  else
    choose_plain (query, table, backwards, &chosen);
  if (status == GCG_OK)
    *result = chosen;
  else
    free (chosen.rows);
  return status;
}
