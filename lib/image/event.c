/* event.c -- what traced threads report; see stop.h. */
#include <config.h>

#include "image/stop.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#define CALL_TRAP (SIGTRAP | 0x80) /* PTRACE_O_TRACESYSGOOD */
#define LOOKS     64               /* before sleeping in between */
#define PAUSE_NS  50000

static pid_t
message (pid_t tid)
{
  unsigned long value = 0;
  return ptrace (PTRACE_GETEVENTMSG, tid, NULL, &value) == 0 ? (pid_t)value : 0;
}

enum gcg__event
gcg__event_look (pid_t tid, bool keep, pid_t *value)
{
  siginfo_t info = { 0 };
  int options = WEXITED | WSTOPPED | WNOHANG | __WALL | __WNOTHREAD;
  if (waitid (P_PID, (id_t)tid, &info, options | WNOWAIT) != 0)
    return errno == EINTR ? GCG__EVENT_NONE : GCG__EVENT_ENDED;
  if (info.si_pid == 0)
    return GCG__EVENT_NONE;
  if (info.si_code == CLD_EXITED || info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED)
    {
      if (!keep)
        waitid (P_PID, (id_t)tid, &info, options);
      return GCG__EVENT_ENDED;
    }
  int signal = info.si_status & 0xff, event = info.si_status >> 8;
  *value = 0;
  switch (event)
    {
    case PTRACE_EVENT_STOP:
      return GCG__EVENT_TRAP;
    case PTRACE_EVENT_CLONE:
      *value = message (tid);
      return GCG__EVENT_CLONE;
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
      *value = message (tid);
      return GCG__EVENT_FORK;
    case PTRACE_EVENT_EXEC:
      /* Until this is consumed the kernel takes a thread that has become the main one for another.
       */
      waitid (P_PID, (id_t)tid, &info, options);
      return GCG__EVENT_EXEC;
    case PTRACE_EVENT_EXIT:
      *value = message (tid);
      return GCG__EVENT_EXIT;
    default:
      *value = signal;
      return signal == CALL_TRAP ? GCG__EVENT_CALL : GCG__EVENT_SIGNAL;
    }
}

bool
gcg__event_is_halt (pid_t tid)
{
  siginfo_t info = { 0 };
  return waitid (P_PID, (id_t)tid, &info, WSTOPPED | WNOHANG | WNOWAIT | __WALL | __WNOTHREAD) == 0
         && info.si_pid != 0 && info.si_status >> 8 == PTRACE_EVENT_STOP
         && (info.si_status & 0xff) != SIGTRAP;
}

enum gcg__event
gcg__event_wait (pid_t tid, bool keep, int64_t deadline, pid_t *value)
{
  for (int looks = 0;; looks++)
    {
      enum gcg__event event = gcg__event_look (tid, keep, value);
      if (event != GCG__EVENT_NONE || gcg__now_ns () > deadline)
        return event;
      if (looks < LOOKS)
        sched_yield ();
      else
        nanosleep (&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
    }
}
