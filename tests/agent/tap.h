/* tap.h -- the Test Anything Protocol, as much as the agent's tests need.
 *
 * No test framework runs beside the collector: these programs are ordinary users of it.
 */
#ifndef GCG_TESTS_TAP_H
#define GCG_TESTS_TAP_H

#include <stdbool.h>
#include <stdio.h>

static int tap_count, tap_failed;

static inline bool
tap_ok (bool ok, const char *what)
{
  tap_count++;
  tap_failed += !ok;
  printf ("%sok %d - %s\n", ok ? "" : "not ", tap_count, what);
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
