/* survey.c -- see survey.h.
 *
 * While all threads stand, the counters are noted: those of objects made before another gcglass
 * switched counting on, or between two tries of a copy.  A thread that stood between a block and
 * its counter makes that block one too many or too few.
 */
#include "config.h"

#include "link/survey.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "link/outside.h"
#include "snapshot/snapshot.h"

struct survey
{
  struct gcg__tables *tables;
  struct gcg__count *then; /* [n], while it stood */
  uint32_t n;
  struct gcg_error error; /* what failed then */
};

/* Switches counting on, and notes the counters.  The process stands. */
static void
on_standing (void *context, int mem)
{
  struct survey *survey = context;
  struct gcg__tables *tables = survey->tables;
  const uint8_t on = 1;
  survey->error.status = GCG_SYSTEM;
  strcpy (survey->error.text, "counting cannot be switched on");
  if (pwrite (mem, &on, sizeof on, (off_t)tables->now.samples.counting) != (ssize_t)sizeof on
      || gcg__tables_begin (tables, &survey->error) != GCG_OK)
    return;
  free (survey->then);
  survey->n = tables->n_sites;
  survey->then = calloc (survey->n, sizeof *survey->then);
  survey->error.status = GCG_NO_MEMORY;
  strcpy (survey->error.text, "out of memory");
  if (survey->then != NULL && gcg__tables_counts (tables, survey->then, &survey->error) == GCG_OK)
    survey->error.status = GCG_OK;
}

/* The figures of SURVEY and SNAPSHOT; NULL: no memory. */
static struct gcg__surveyed *
figures_of (const struct survey *survey, const struct gcg__snapshot *snapshot)
{
  struct gcg__surveyed *surveyed = calloc (survey->n, sizeof *surveyed);
  struct gcg__object_walk walk = gcg__objects (snapshot);
  if (surveyed == NULL)
    return NULL;
  for (uint32_t i = 0; i < survey->n; i++)
    surveyed[i].then = survey->then[i];
  while (gcg__next_object (&walk))
    if (walk.object.site < survey->n)
      {
        surveyed[walk.object.site].alive.count++;
        surveyed[walk.object.site].alive.bytes += walk.object.requested_bytes;
      }
  return surveyed;
}

enum gcg_status
gcg__survey_take (pid_t pid, struct gcg__tables *tables, struct gcg__surveyed **result, uint32_t *n,
                  struct gcg_error *error)
{
  struct survey survey = { .tables = tables, .error = { GCG_SYSTEM, "the process did not stand" } };
  struct gcg__outside_ask ask = {
    .pid = pid, .root = tables->root, .description = "", .standing = on_standing, .context = &survey
  };
  struct gcg__snapshot *snapshot;
  struct gcg__surveyed *surveyed = NULL;
  int fd;
  enum gcg_status status = gcg__outside_take (&ask, &fd, error);
  if (status == GCG_OK && survey.error.status != GCG_OK)
    {
      status = gcg__error_write (error, survey.error.status, "%s", survey.error.text);
      close (fd);
    }
  else if (status == GCG_OK)
    {
      status = gcg__snapshot_open_fd (fd, "the survey", &snapshot, error);
      close (fd);
    }
  if (status == GCG_OK)
    {
      surveyed = figures_of (&survey, snapshot);
      gcg__snapshot_close (snapshot);
      if (surveyed == NULL)
        status = gcg__error_write (error, GCG_NO_MEMORY, "out of memory");
    }
  free (survey.then);
  if (status != GCG_OK)
    return status;
  *result = surveyed;
  *n = survey.n;
  return GCG_OK;
}
