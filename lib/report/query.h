/* query.h -- which rows of a table are wanted, in which order.
 *
 * A table describes its columns: a name and a function that gives each row a key, a number that
 * sorts as the column should (strings sort by a rank that was made once).  Choosing a page of k
 * rows among n costs O(n log k) and k entries; of a long table the whole order is made once and
 * kept (order.h), where the table says so.
 */
#ifndef GCG_REPORT_QUERY_H
#define GCG_REPORT_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "gcglass/error.h"
#include "report/kept.h"

#define GCG__QUERY_LIMIT     50u
#define GCG__QUERY_LIMIT_MAX 1000u

enum gcg__query_show
{
  GCG__SHOW_ALL,
  GCG__SHOW_LEAKS,
  GCG__SHOW_HARMLESS
};

struct gcg__query
{
  uint64_t offset;
  uint32_t limit;
  bool ordered, descending;  /* ordered: the order was given; else it is the column's own */
  bool cycles;               /* only what has cycles */
  enum gcg__query_show show; /* which kinds of garbage */
  const char *sort;          /* NULL: the table's own order */
  const char *q;             /* NULL: everything */
  const char *type;          /* NULL: every type */
  uint32_t site;             /* 0: every site */
  bool by_site;              /* rows are sites, not types */
  uint64_t from, to;         /* numbers of samples, 0: the first, the last */
  uint32_t points, types;    /* of a chart, at most; 0: as many as fit it */
};

void gcg__query_init (struct gcg__query *query);
/* Is TEXT a decimal number from LEAST to MOST, nothing before or after it?  If so sets *NUMBER. */
bool gcg__query_number (const char *text, uint64_t least, uint64_t most, uint64_t *number);
/* Takes the parameter NAME=VALUE; VALUE is borrowed as long as QUERY is used.  Errors: GCG_INVALID,
   with the range in words; GCG_NOT_FOUND: no such parameter. */
enum gcg_status gcg__query_set (struct gcg__query *query, const char *name, const char *value,
                                struct gcg_error *error) __attribute__ ((warn_unused_result));

struct gcg__table_column
{
  const char *name;
  uint64_t (*key) (const void *table, uint32_t row);
  bool descending; /* its own order */
};

/* TABLE's rows are 0 ... n_rows - 1, given in its own order, which also breaks ties. */
struct gcg__table
{
  const void *table;                       /* handed to the functions */
  const struct gcg__table_column *columns; /* ends in a NULL name; key NULL: its own order */
  bool (*wanted) (const void *table, uint32_t row); /* NULL: all */
  uint32_t n_rows;
  struct gcg__kept *kept; /* NULL: nothing is kept; else the order of a long table is, as NAME */
  const char *name;
};

struct gcg__chosen
{
  uint32_t *rows; /* [n], caller frees */
  uint32_t n;
  uint64_t total; /* wanted rows in all */
};

/* Errors: GCG_INVALID: unknown column (the message names those there are); GCG_NO_MEMORY. */
enum gcg_status gcg__query_choose (const struct gcg__query *query, const struct gcg__table *table,
                                   struct gcg__chosen *chosen, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Keys of numbers that may be negative or have fractions (not NaN); sorts as they do. */
uint64_t gcg__query_real_key (double number);
/* NEEDLE (NULL: yes) stands in TEXT, ASCII letters in either case. */
bool gcg__query_match (const char *needle, const char *text);

#endif
