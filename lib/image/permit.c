/* permit.c -- whether a process may be stopped, before it is (freeze.h).
 *
 * The kernel decides by the same rules who may open a process's memory and who may trace it.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include "base/error.h"
#include "image/freeze.h"
#include "image/proc.h"

bool
gcg__freeze_permits (pid_t pid, struct gcg_error *error)
{
  struct gcg__proc_status status;
  char path[40];
  if (ptrace (PTRACE_SEIZE, -1, NULL, NULL) < 0 && errno != ESRCH)
    {
      gcg__error_write (error, GCG_DISABLED, "ptrace is not permitted here: %s", strerror (errno));
      return false;
    }
  int fd = gcg__proc_open_memory (pid, O_RDONLY);
  if (fd < 0)
    {
      gcg__error_write (error, GCG_DISABLED, "process %d may not be traced: %s", (int)pid,
                        strerror (errno));
      return false;
    }
  close (fd);
  if (!gcg__proc_status (pid, pid, &status))
    return true;
  /* By a thread of our own: for a moment. */
  snprintf (path, sizeof path, "/proc/self/task/%d", (int)status.tracer);
  if (status.tracer != 0 && access (path, F_OK) != 0)
    {
      gcg__error_write (error, GCG_BUSY, "process %d is traced by process %d", (int)pid,
                        (int)status.tracer);
      return false;
    }
  return true;
}
