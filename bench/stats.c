/* stats.c -- see stats.h. */
#include <config.h>

#include "bench/stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void
stats_add (struct stats *stats, double value)
{
  if (stats->n == stats->capacity)
    {
      stats->capacity = stats->capacity ? 2 * stats->capacity : 16;
      stats->values = realloc (stats->values, stats->capacity * sizeof *stats->values);
      if (!stats->values)
        abort ();
    }
  stats->values[stats->n++] = value;
}

void
stats_free (struct stats *stats)
{
  free (stats->values);
  *stats = (struct stats){ 0 };
}

static int
compare_values (const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double
stats_quantile (struct stats *stats, double fraction)
{
  if (stats->n == 0)
    return 0;
  qsort (stats->values, stats->n, sizeof *stats->values, compare_values);
  double at = fraction * (double)(stats->n - 1);
  size_t below = (size_t)at;
  size_t above = below + 1 < stats->n ? below + 1 : below;
  return stats->values[below]
         + (at - (double)below) * (stats->values[above] - stats->values[below]);
}

void
stats_print (const char *label, const char *unit, struct stats *stats)
{
  printf ("  %-34s n=%-4zu min %10.3f  median %10.3f  max %10.3f %s\n", label, stats->n,
          stats_quantile (stats, 0), stats_quantile (stats, 0.5), stats_quantile (stats, 1), unit);
}

void
stats_compare (const char *title, const char *unit, const char *label_a, struct stats *a,
               const char *label_b, struct stats *b, const char *aim)
{
  double base = stats_quantile (a, 0.5);
  printf ("%s\n", title);
  stats_print (label_a, unit, a);
  stats_print (label_b, unit, b);
  printf ("  ratio %.3f%s%s\n", base > 0 ? stats_quantile (b, 0.5) / base : 0.0,
          aim ? "   aim " : "", aim ? aim : "");
  fflush (stdout);
}

double
stats_now (void)
{
  struct timespec now;
  clock_gettime (CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}
