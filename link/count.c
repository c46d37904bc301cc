/* count.c -- see count.h. */
#include "config.h"

#include "link/count.h"

enum gcg_status
gcg__count_leaked (int fd, struct gcg__totals *leaked, struct gcg_error *error)
{
  struct gcg__snapshot *snapshot;
  struct gcg__analysis *analysis;
  enum gcg_status status = gcg__snapshot_open_fd (fd, "the snapshot", &snapshot, error);
  if (status != GCG_OK)
    return status;
  status = gcg__analysis_new (snapshot, &analysis, error);
  if (status == GCG_OK)
    {
      *leaked = analysis->leaked;
      gcg__analysis_free (analysis);
    }
  gcg__snapshot_close (snapshot);
  return status;
}
