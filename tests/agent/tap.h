/* tap.h -- the Test Anything Protocol, as much as the agent's tests need.
 *
 * No test framework runs beside the collector: these programs are ordinary users of it.
 */
#ifndef GCG_TESTS_TAP_H
#define GCG_TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int tap_count, tap_failed;

static inline bool __attribute__ ((format (printf, 2, 3))) tap_ok (bool ok, const char *what, ...)
{
  va_list arguments;
  tap_count++;
  tap_failed += !ok;
  printf ("%sok %d - ", ok ? "" : "not ", tap_count);
  va_start (arguments, what);
  vprintf (what, arguments);
  va_end (arguments);
  printf ("\n");
  fflush (stdout);
  return ok;
}

static inline int
tap_done (void)
{
  printf ("1..%d\n", tap_count);
  return tap_failed != 0;
}

#endif
