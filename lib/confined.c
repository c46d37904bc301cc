/* confined.c -- see confined.h.
 *
 * The wrappers make the system call themselves: the C library's syscall is what the agent itself
 * calls, too, before anything has been looked up.
 */
#include "config.h"

#include "confined.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "control.h"
#include "filter.h"
#include "visible.h"

bool gcg__confined, gcg__names_tracer;

#if defined GCG_PRELOAD || defined GCG_MALLOC

/* What the kernel returns. */
static long
call (long number, const long arguments[6])
{
#if defined __x86_64__
  long result;
  register long r10 __asm__("r10") = arguments[3];
  register long r8 __asm__("r8") = arguments[4];
  register long r9 __asm__("r9") = arguments[5];
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "0"(number), "D"(arguments[0]), "S"(arguments[1]), "d"(arguments[2]), "r"(r10),
                     "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
#elif defined __aarch64__
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = arguments[0];
  register long x1 __asm__("x1") = arguments[1];
  register long x2 __asm__("x2") = arguments[2];
  register long x3 __asm__("x3") = arguments[3];
  register long x4 __asm__("x4") = arguments[4];
  register long x5 __asm__("x5") = arguments[5];
  __asm__ volatile("svc 0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory");
  return x0;
#else
#error "system calls of this processor"
#endif
}

/* What the agent calls at the program's end, when a thread begins, when a program is executed. */
static const uint16_t own_calls[]
    = { SYS_getpid,   SYS_gettid,  SYS_tgkill,     SYS_rt_sigprocmask, SYS_rt_sigaction,
        SYS_sendmsg,  SYS_recvmsg, SYS_ppoll,      SYS_nanosleep,      SYS_sched_yield,
        SYS_futex,    SYS_close,   SYS_openat,     SYS_read,           SYS_fcntl,
        SYS_socket,   SYS_connect, SYS_getsockopt, SYS_faccessat,      SYS_mremap,
        SYS_mprotect, SYS_madvise, SYS_pipe2,      SYS_newfstatat,     SYS_munmap,
        SYS_mmap };

/* The system call is to restrict the program to less than the agent needs. */
static bool
confines (long number, const long arguments[6])
{
  bool is_seccomp = number == SYS_seccomp, is_prctl = number == SYS_prctl;
  long mode = is_seccomp ? arguments[0] : arguments[1];
  const struct sock_fprog *filter;

  if (is_prctl ? arguments[0] != PR_SET_SECCOMP : !is_seccomp)
    return false;
  if (mode != (is_seccomp ? SECCOMP_SET_MODE_FILTER : SECCOMP_MODE_FILTER))
    return mode == (is_seccomp ? SECCOMP_SET_MODE_STRICT : SECCOMP_MODE_STRICT);
  filter = (const struct sock_fprog *)arguments[2];
  for (size_t i = 0; filter && filter->filter && i < sizeof own_calls / sizeof *own_calls; i++)
    if (!gcg__filter_allows (filter, own_calls[i]))
      return true;
  return false;
}

/* As the C library's syscall. */
static long
call_for_program (long number, const long arguments[6])
{
  bool is_confining = confines (number, arguments) && !gcg__confined;

  if (is_confining)
    {
      /* The last that may be said. */
      gcg__control_confine ();
      __atomic_store_n (&gcg__confined, true, __ATOMIC_RELEASE);
    }
  long result = call (number, arguments);
  if (result >= 0 || result < -4095)
    return result;
  if (is_confining)
    __atomic_store_n (&gcg__confined, false, __ATOMIC_RELEASE);
  errno = (int)-result;
  return -1;
}

API long
syscall (long number, ...)
{
  long arguments[6];
  va_list list;

  va_start (list, number);
  for (int i = 0; i < 6; i++)
    arguments[i] = va_arg (list, long);
  va_end (list);
  return call_for_program (number, arguments);
}

API int
prctl (int option, ...)
{
  long arguments[6] = { option };
  va_list list;

  va_start (list, option);
  for (int i = 1; i < 5; i++)
    arguments[i] = va_arg (list, long);
  va_end (list);
  if (option == PR_SET_PTRACER)
    __atomic_store_n (&gcg__names_tracer, arguments[1] != 0, __ATOMIC_RELAXED);
  return (int)call_for_program (SYS_prctl, arguments);
}
#endif
