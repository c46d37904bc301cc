/* filter.c -- what lib/filter.c says of a filter of system calls is what the kernel does with it.
 *
 * filter [SEED]   programs of random steps, installed in a child that makes some calls
 */
#include "lib/filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

#define FILTERS    400
#define MOST_STEPS 24
#define ALLOW      SECCOMP_RET_ALLOW
#define REFUSE     (SECCOMP_RET_ERRNO | EPERM)

static const long calls[]
    = { SYS_getppid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_getsid };
#define CALLS (sizeof calls / sizeof calls[0])

enum outcome
{
  NOT_INSTALLED,
  ALLOWED,
  REFUSED
};

static uint32_t state;

static uint32_t
any (uint32_t n)
{
  state = state * 1664525u + 1013904223u;
  return (state >> 8) % n;
}

/* A number that a call has, or nearly. */
static uint32_t
number (void)
{
  return (uint32_t)calls[any (CALLS)] + any (3) - 1;
}

static struct sock_filter
random_step (uint32_t left)
{
  static const uint16_t jumps[] = { BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET, BPF_JA },
                        sums[] = { BPF_ADD, BPF_SUB, BPF_MUL, BPF_OR, BPF_AND, BPF_XOR, BPF_NEG };
  uint16_t source = any (3) == 0 ? BPF_X : BPF_K;
  switch (any (8))
    {
    case 0:
      return (struct sock_filter)BPF_STMT (BPF_LD | BPF_W | BPF_ABS,
                                           offsetof (struct seccomp_data, nr));
    case 1:
      return (struct sock_filter)BPF_STMT ((any (2) ? BPF_LD : BPF_LDX) | BPF_IMM, number ());
    case 2:
      return (struct sock_filter)BPF_STMT (any (2) ? BPF_ST : BPF_STX, any (2));
    case 3:
      return (struct sock_filter)BPF_STMT ((any (2) ? BPF_LD : BPF_LDX) | BPF_MEM, any (2));
    case 4:
      return (struct sock_filter)BPF_STMT (BPF_MISC | (any (2) ? BPF_TAX : BPF_TXA), 0);
    case 5:
      return (struct sock_filter)BPF_STMT (BPF_ALU | sums[any (7)] | source, any (7));
    default:
      {
        uint16_t jump = jumps[any (5)];
        if (jump == BPF_JA)
          return (struct sock_filter)BPF_STMT (BPF_JMP | BPF_JA, any (left));
        return (struct sock_filter)BPF_JUMP (BPF_JMP | jump | source, number (),
                                             (uint8_t)any (left), (uint8_t)any (left));
      }
    }
}

/* What the child needs to end is allowed at first; both words of memory are written. */
static uint16_t
make (struct sock_filter steps[MOST_STEPS])
{
  uint16_t n = 0;
  uint32_t more = 2 + any (MOST_STEPS - 12);
  steps[n++]
      = (struct sock_filter)BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr));
  steps[n++] = (struct sock_filter)BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1);
  steps[n++] = (struct sock_filter)BPF_STMT (BPF_RET | BPF_K, ALLOW);
  steps[n++] = (struct sock_filter)BPF_STMT (BPF_ST, 0);
  steps[n++] = (struct sock_filter)BPF_STMT (BPF_ST, 1);
  for (uint32_t i = 0; i < more; i++)
    steps[n++] = random_step (more - i);
  steps[n++] = (struct sock_filter)BPF_JUMP (BPF_JMP | BPF_JSET | BPF_K, 1u << any (4), 0, 1);
  steps[n++] = (struct sock_filter)BPF_STMT (BPF_RET | BPF_K, any (2) ? ALLOW : REFUSE);
  steps[n++] = (struct sock_filter)BPF_STMT (BPF_RET | BPF_K, any (2) ? ALLOW : REFUSE);
  return n;
}

/* What the kernel does. */
static void
ask_kernel (const struct sock_fprog *filter, volatile enum outcome outcomes[CALLS])
{
  for (size_t i = 0; i < CALLS; i++)
    outcomes[i] = NOT_INSTALLED;
  pid_t child = fork ();
  if (child == 0)
    {
      if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
          || prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter) != 0)
        _exit (1);
      for (size_t i = 0; i < CALLS; i++)
        outcomes[i] = syscall (calls[i], 0) < 0 && errno == EPERM ? REFUSED : ALLOWED;
      _exit (0);
    }
  while (waitpid (child, NULL, 0) < 0 && errno == EINTR)
    continue;
}

static bool
says (const struct sock_filter *steps, uint16_t n)
{
  struct sock_fprog filter = { n, (struct sock_filter *)(uintptr_t)steps };
  return gcg__filter_allows (&filter, SYS_getpid);
}

int
main (int argc, char **argv)
{
  uint32_t seed = argc > 1 ? (uint32_t)strtoul (argv[1], NULL, 10) : (uint32_t)time (NULL);
  volatile enum outcome *outcomes = mmap (NULL, CALLS * sizeof *outcomes, PROT_READ | PROT_WRITE,
                                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  unsigned installed = 0, wrong = 0, allowed = 0;
  state = seed;
  for (int i = 0; i < FILTERS; i++)
    {
      struct sock_filter steps[MOST_STEPS];
      struct sock_fprog filter = { make (steps), steps };
      ask_kernel (&filter, outcomes);
      for (size_t j = 0; j < CALLS; j++)
        {
          bool is = gcg__filter_allows (&filter, calls[j]);
          if (outcomes[j] == NOT_INSTALLED)
            continue;
          installed++;
          allowed += outcomes[j] == ALLOWED;
          wrong += is != (outcomes[j] == ALLOWED);
        }
    }
  tap_ok (wrong == 0 && installed > FILTERS && allowed > 0 && allowed < installed,
          "seed %u: of %u calls behind filters the kernel allows %u, %u of the answers are others",
          seed, installed, allowed, wrong);

  static const struct sock_filter by_argument[]
      = { BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, args[0])),
          BPF_STMT (BPF_RET | BPF_K, ALLOW) },
      astray[] = { BPF_STMT (BPF_JMP | BPF_JA, UINT32_MAX), BPF_STMT (BPF_RET | BPF_K, ALLOW) },
      endless[] = { BPF_STMT (BPF_LD | BPF_IMM, 1) },
      logged[] = { BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_LOG) };
  tap_ok (!says (by_argument, 2), "one that looks at arguments allows nothing");
  tap_ok (!says (astray, 2) && !says (endless, 1), "nor does one that leads nowhere");
  tap_ok (says (logged, 1), "what is logged is allowed");
  return tap_done ();
}
