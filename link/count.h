/* count.h -- how much of a snapshot is leaked: for gcg_check_leaks. */
#ifndef GCG_LINK_COUNT_H
#define GCG_LINK_COUNT_H

#include "analysis/analysis.h"

/* Stores in *LEAKED what the analysis of the snapshot in FD (borrowed) says.  Errors: those of
   gcg__snapshot_open_fd, gcg__analysis_new. */
enum gcg_status gcg__count_leaked (int fd, struct gcg__totals *leaked, struct gcg_error *error)
    __attribute__ ((warn_unused_result));

#endif
