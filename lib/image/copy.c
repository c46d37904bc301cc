/* copy.c -- see copy.h. */
#include <config.h>

#include "image/copy.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

#define STACK_BYTES  (8u << 20)
#define MS           INT64_C (1000000)
#define INTERRUPT_MS 1000

static enum gcg_status
ended (struct gcg__copy *copy, struct gcg_error *error)
{
  copy->is_stuck = true;
  return gcg__error_write (error, GCG_NOT_FOUND, "the frozen copy (process %d) has been killed",
                           copy->pid);
}

static enum gcg_status
usable (const struct gcg__copy *copy, struct gcg_error *error)
{
  if (copy->pid == 0)
    return gcg__error_write (error, GCG_UNSUPPORTED,
                             "nothing can be run: the process is read while it stands");
  if (copy->is_stuck)
    return gcg__error_write (error, GCG_UNSUPPORTED,
                             "nothing more can be run in the frozen copy (process %d)", copy->pid);
  return GCG_OK;
}

/* It has not come back: stops it where it is. */
static enum gcg_status
late (struct gcg__copy *copy, int limit_ms, struct gcg_error *error)
{
  struct gcg__regs regs;
  pid_t value;
  copy->is_stuck = true;
  ptrace (PTRACE_INTERRUPT, copy->pid, NULL, NULL);
  enum gcg__event event
      = gcg__event_wait (copy->pid, false, gcg__now_ns () + INTERRUPT_MS * MS, &value);
  if (event == GCG__EVENT_NONE || event == GCG__EVENT_ENDED || !gcg__arch_get (copy->pid, &regs))
    return gcg__error_write (error, GCG_TIMEOUT, "a call in the frozen copy takes more than %d ms",
                             limit_ms);
  return gcg__error_write (error, GCG_TIMEOUT,
                           "a call in the frozen copy takes more than %d ms (pc 0x%" PRIx64 ")",
                           limit_ms, gcg__arch_pc (&regs));
}

enum gcg_status
gcg__copy_call_system (struct gcg__copy *copy, long number, const uint64_t arguments[6],
                       int64_t *result, int limit_ms, struct gcg_error *error)
{
  enum gcg_status status = usable (copy, error);
  if (status != GCG_OK)
    return status;
  struct gcg__regs regs = copy->regs;
  gcg__arch_enter (&regs, copy->code.entry, copy->code.restorer, gcg__arch_sp (&copy->regs), number,
                   arguments);
  pid_t child, value;
  switch (
      gcg__inject_call (copy->pid, false, &regs, gcg__now_ns () + limit_ms * MS, &child, &value))
    {
    case GCG__EVENT_CALL:
      *result = gcg__arch_result (&regs);
      return GCG_OK;
    case GCG__EVENT_NONE:
      return late (copy, limit_ms, error);
    case GCG__EVENT_ENDED:
      return ended (copy, error);
    default:
      return gcg__error_write (
          error, GCG_SYSTEM, "a system call in the frozen copy was disturbed by signal %d", value);
    }
}

static enum gcg_status
map_stack (struct gcg__copy *copy, int limit_ms, struct gcg_error *error)
{
  int64_t address;
  if (copy->stack != 0)
    return GCG_OK;
  const uint64_t arguments[6] = {
    0, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, UINT64_MAX,
    0
  };
  enum gcg_status status
      = gcg__copy_call_system (copy, SYS_mmap, arguments, &address, limit_ms, error);
  if (status != GCG_OK)
    return status;
  if (address < 0 && address >= -4095)
    return gcg__error_write (error, GCG_NO_MEMORY, "no memory for a stack in the frozen copy: %s",
                             strerror ((int)-address));
  copy->stack = (uint64_t)address + STACK_BYTES;
  return GCG_OK;
}

/* What ended a function that SIGNAL has stopped. */
static enum gcg_status
outcome (struct gcg__copy *copy, int signal, uint64_t *result, struct gcg_error *error)
{
  struct gcg__regs regs;
  if (!gcg__arch_get (copy->pid, &regs))
    return ended (copy, error);
  if (signal == SIGSEGV && gcg__arch_pc (&regs) == GCG__ARCH_RETURN)
    {
      if (result != NULL)
        *result = (uint64_t)gcg__arch_result (&regs);
      return GCG_OK;
    }
  siginfo_t info = { 0 };
  ptrace (PTRACE_GETSIGINFO, copy->pid, NULL, &info);
  return gcg__error_write (error, GCG_CORRUPT,
                           "a function in the frozen copy was ended by signal %d (%s) at address "
                           "0x%" PRIx64 ", pc 0x%" PRIx64,
                           signal, strsignal (signal), (uint64_t)(uintptr_t)info.si_addr,
                           gcg__arch_pc (&regs));
}

enum gcg_status
gcg__copy_call (struct gcg__copy *copy, uint64_t function, const uint64_t arguments[6],
                uint64_t *result, int limit_ms, struct gcg_error *error)
{
  enum gcg_status status = usable (copy, error);
  if (status == GCG_OK)
    status = map_stack (copy, limit_ms, error);
  if (status != GCG_OK)
    return status;
  static const uint64_t all_signals = UINT64_MAX;
  struct gcg__regs regs = copy->regs;
  uint64_t top;
  gcg__arch_call (&regs, function, arguments, copy->stack, &top);
  if (pwrite (copy->mem, &top, sizeof top, (off_t)gcg__arch_sp (&regs)) != (ssize_t)sizeof top
      || !gcg__arch_set (copy->pid, &regs)
      || ptrace (PTRACE_SETSIGMASK, copy->pid, sizeof all_signals, &all_signals) != 0)
    return ended (copy, error);
  int64_t deadline = gcg__now_ns () + limit_ms * MS;
  for (;;)
    {
      pid_t value;
      if (ptrace (PTRACE_CONT, copy->pid, NULL, NULL) != 0)
        return ended (copy, error);
      switch (gcg__event_wait (copy->pid, false, deadline, &value))
        {
        case GCG__EVENT_ENDED:
          return ended (copy, error);
        case GCG__EVENT_NONE:
          return late (copy, limit_ms, error);
        case GCG__EVENT_SIGNAL:
          /* All others are blocked, or come from the function itself. */
          if (value != SIGSTOP)
            return outcome (copy, value, result, error);
          break;
        default:
          break;
        }
    }
}

void
gcg__copy_end (struct gcg__copy *copy)
{
  if (copy->pid == 0)
    return;
  siginfo_t info;
  /* Ended, and known to have, it has no number any more. */
  if (waitid (P_PID, (id_t)copy->pid, &info, WEXITED | WNOHANG | WNOWAIT | __WALL | __WNOTHREAD)
      == 0)
    kill (copy->pid, SIGKILL);
  while (waitid (P_PID, (id_t)copy->pid, &info, WEXITED | __WALL | __WNOTHREAD) == 0
         && info.si_code != CLD_KILLED && info.si_code != CLD_EXITED && info.si_code != CLD_DUMPED)
    continue;
  copy->pid = 0;
}
