/* confined.c -- linked into a program, makes it one that cannot be copied from outside, and is read
 * while it stands, before its main.  CONFINED in the environment:
 *
 *   filter  behind a filter of system calls, which refuses one that no program makes
 *   prctl   behind one that kills it for any system call that it would not make by itself; asked
 * for by prctl seccomp ... by syscall (SYS_seccomp) reaper  a child subreaper, which would be given
 * the copy as its child
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int
add_filter (void)
{
  struct sock_filter rules[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_acct, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog filter = { sizeof rules / sizeof *rules, rules };

  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return -1;
  return prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

#define ALLOW(call)                                                                                \
  BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1), BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static int
restrict_calls (bool by_prctl)
{
  struct sock_filter rules[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    ALLOW (SYS_read),
    ALLOW (SYS_write),
    ALLOW (SYS_close),
    ALLOW (SYS_fstat),
    ALLOW (SYS_newfstatat),
    ALLOW (SYS_brk),
    ALLOW (SYS_mmap),
    ALLOW (SYS_munmap),
    ALLOW (SYS_rt_sigreturn),
    /* What outsider.c does at its beginning. */
    ALLOW (SYS_getrandom),
    ALLOW (SYS_rt_sigaction),
    ALLOW (SYS_setitimer),
#ifdef SYS_alarm
    ALLOW (SYS_alarm),
    ALLOW (SYS_pause),
#else
    ALLOW (SYS_ppoll),
#endif
    /* What else a thread needs. */
    ALLOW (SYS_clone3),
    ALLOW (SYS_rt_sigprocmask),
    ALLOW (SYS_rseq),
    ALLOW (SYS_set_robust_list),
    ALLOW (SYS_mprotect),
    ALLOW (SYS_futex),
    ALLOW (SYS_madvise),
    ALLOW (SYS_exit),
    ALLOW (SYS_exit_group),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  const struct sock_fprog filter = { sizeof rules / sizeof *rules, rules };

  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return -1;
  return by_prctl ? prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter)
                  : (int)syscall (SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
}

static void __attribute__ ((constructor)) confine (void)
{
  const char *how = getenv ("CONFINED");
  int status = 0;

  if (how && strcmp (how, "filter") == 0)
    status = add_filter ();
  else if (how && strcmp (how, "prctl") == 0)
    status = restrict_calls (true);
  else if (how && strcmp (how, "seccomp") == 0)
    status = restrict_calls (false);
  else if (how && strcmp (how, "reaper") == 0)
    status = prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  if (status != 0)
    {
      fprintf (stderr, "confined: %s\n", strerror (errno));
      _exit (125);
    }
}
