/* leak_jobs.h -- the thread that makes reports of leaks while the program runs on.
 *
 * What is to be done is put in a queue, by one thread, and done in this order.  All words about
 * leaks are written by this thread.
 */
#ifndef GCG_TOOLS_LEAK_JOBS_H
#define GCG_TOOLS_LEAK_JOBS_H

#include "tools/leak_run.h"
#include "tools/watch.h"

struct leak_jobs;

/* What has come of it all. */
struct leak_result
{
  bool leaks;  /* some process has leaks at its end that are new and not suppressed */
  bool failed; /* a report could not be written */
};

/* Starts the thread.  RUN must outlive *JOBS.  Errors: GCG_NO_MEMORY, GCG_SYSTEM. */
enum gcg_status leak_jobs_new (const struct leak_run *run, struct leak_jobs **jobs,
                               struct gcg_error *error) __attribute__ ((warn_unused_result));

/* The program's number; before the first job. */
void leak_jobs_set_pid (struct leak_jobs *jobs, pid_t pid);

/* Reports on the snapshot in FD (taken) of WHO; FLAGS as in lib/protocol.h. */
void leak_jobs_report (struct leak_jobs *jobs, const struct watched *who, int fd, uint32_t flags);

/* Writes a line, formatted. */
void leak_jobs_say (struct leak_jobs *jobs, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

/* Returns whether a job has not been started yet.  A periodic check is then skipped: otherwise late
   reports would continue long after the program's end. */
bool leak_jobs_waiting (struct leak_jobs *jobs);

/* No more jobs come.  The descriptor of leak_jobs_done can be read when all have been done. */
void leak_jobs_close (struct leak_jobs *jobs);
int leak_jobs_done (const struct leak_jobs *jobs);

/* Ends the thread, when it has done all jobs, and frees; what has come of them. */
struct leak_result leak_jobs_end (struct leak_jobs *jobs);

#endif
