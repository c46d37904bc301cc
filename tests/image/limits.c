/* limits.c -- time limits of calls pass in a process that is stopped more often than they are long.
 *
 * limits [TIMES]   (default 3)
 */
#include <config.h>

#include "image/freeze.h"
#include "image/waits.h"
#include "tests/agent/tap.h"
#include "tests/image/run.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST_FREEZES 2000
#define PAUSE_NS     20000000
#define LIMIT_MS     20000

static struct gcg__waits waits;

/* Freezes RUN until it prints, or often enough; how often. */
static int
freeze_until_over (struct run *run)
{
  struct pollfd prints = { .fd = run->output, .events = POLLIN };
  struct gcg__freeze_ask ask = { .pid = run->pid, .limit_ms = LIMIT_MS, .waits = &waits };
  int n = 0;
  for (; n < MOST_FREEZES && poll (&prints, 1, 0) == 0; n++)
    {
      struct gcg__frozen *frozen = NULL;
      struct gcg_error error;
      if (gcg__freeze (&ask, &frozen, &error) != GCG_OK)
        printf ("# %s\n", error.text);
      gcg__frozen_drop (frozen);
      nanosleep (&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
    }
  return n;
}

int
main (int argc, char **argv)
{
  int times = argc > 1 ? atoi (argv[1]) : 3;
  for (int i = 0; i < times; i++)
    {
      struct run run;
      run_start (&run, i % 2 == 0, "limited", NULL);
      int n = freeze_until_over (&run);
      tap_ok (n < MOST_FREEZES && run_wait_for (&run, "all are over"),
              "limits of 400 ms have passed during %d freezes", n);
      int status = run_finish (&run);
      tap_ok (status == 7, "not before, and the calls say so: status %d", status);
      printf ("%s", strchr (run.text, '\n') != NULL ? strchr (run.text, '\n') + 1 : "");
    }
  return tap_done ();
}
