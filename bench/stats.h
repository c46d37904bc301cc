/* stats.h -- runs of two sides and what to say of them: n, minimum, median, maximum, ratio.
 *
 * A bench compares two ways of doing the same thing in the same run, in turn, so that what else
 * the machine does hits both.  The ratio is that of the medians; the range says how far to trust
 * it.
 */
#ifndef GCG_BENCH_STATS_H
#define GCG_BENCH_STATS_H

#include <stddef.h>

struct stats
{
  double *values;
  size_t n, capacity;
};

/* Never fails: aborts when out of memory. */
void stats_add (struct stats *stats, double value);
void stats_free (struct stats *stats);

/* The value below which FRACTION (0 ... 1) of the values lie; sorts them.  0 when there is none. */
double stats_quantile (struct stats *stats, double fraction);

/* Prints one side: "  LABEL    n  minimum  median  maximum  UNIT". */
void stats_print (const char *label, const char *unit, struct stats *stats);

/* Prints both sides under TITLE and the ratio of the medians, B / A, with AIM (may be NULL). */
void stats_compare (const char *title, const char *unit, const char *label_a, struct stats *a,
                    const char *label_b, struct stats *b, const char *aim);

/* Seconds on the monotonic clock. */
double stats_now (void);

#endif
