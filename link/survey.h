/* survey.h -- what is alive of each site when counting begins, in a program that has not counted
 * until then: counting is switched on while the program stands, and a snapshot of the same instant
 * is counted (link/outside.h).
 */
#ifndef GCG_LINK_SURVEY_H
#define GCG_LINK_SURVEY_H

#include <sys/types.h>

#include "link/tables.h"

/* Surveys process PID, whose tables are TABLES, and which counts from now on.  Stores the figures
   of sites 0 ... *N - 1 in *SURVEYED, which the caller frees; later sites have none.  Errors: those
   of gcg__outside_take, gcg__snapshot_open_fd and gcg__tables_counts. */
enum gcg_status gcg__survey_take (pid_t pid, struct gcg__tables *tables,
                                  struct gcg__surveyed **surveyed, uint32_t *n,
                                  struct gcg_error *error) __attribute__ ((warn_unused_result));

#endif
