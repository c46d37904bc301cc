/* filter.c -- see filter.h. */
#include "config.h"

#include "filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>

#if defined __x86_64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

struct machine
{
  uint32_t a, x, memory[BPF_MEMWORDS];
  uint32_t number;
};

/* The word at OFFSET of struct seccomp_data; false: an argument, or the place of the call. */
static bool
load (const struct machine *machine, uint32_t offset, uint32_t *value)
{
  if (offset == offsetof (struct seccomp_data, nr))
    *value = machine->number;
  else if (offset == offsetof (struct seccomp_data, arch))
    *value = ARCHITECTURE;
  else
    return false;
  return true;
}

static bool
calculate (struct machine *machine, const struct sock_filter *step)
{
  uint32_t other = BPF_SRC (step->code) == BPF_X ? machine->x : step->k;

  switch (BPF_OP (step->code))
    {
    case BPF_ADD:
      machine->a += other;
      return true;
    case BPF_SUB:
      machine->a -= other;
      return true;
    case BPF_MUL:
      machine->a *= other;
      return true;
    case BPF_DIV:
      machine->a = other ? machine->a / other : 0;
      return other != 0;
    case BPF_OR:
      machine->a |= other;
      return true;
    case BPF_AND:
      machine->a &= other;
      return true;
    case BPF_XOR:
      machine->a ^= other;
      return true;
    case BPF_LSH:
      machine->a = other < 32 ? machine->a << other : 0;
      return true;
    case BPF_RSH:
      machine->a = other < 32 ? machine->a >> other : 0;
      return true;
    case BPF_NEG:
      machine->a = -machine->a;
      return true;
    default:
      return false;
    }
}

/* Loads and stores; false: nothing that is known. */
static bool
move (struct machine *machine, const struct sock_filter *step)
{
  switch (BPF_CLASS (step->code))
    {
    case BPF_LD:
    case BPF_LDX:
      {
        uint32_t *to = BPF_CLASS (step->code) == BPF_LD ? &machine->a : &machine->x;
        switch (BPF_MODE (step->code))
          {
          case BPF_ABS:
            return load (machine, step->k, to);
          case BPF_IMM:
            *to = step->k;
            return true;
          case BPF_LEN:
            *to = sizeof (struct seccomp_data);
            return true;
          case BPF_MEM:
            *to = machine->memory[step->k % BPF_MEMWORDS];
            return true;
          default:
            return false;
          }
      }
    case BPF_ST:
      machine->memory[step->k % BPF_MEMWORDS] = machine->a;
      return true;
    case BPF_STX:
      machine->memory[step->k % BPF_MEMWORDS] = machine->x;
      return true;
    default:
      if (BPF_MISCOP (step->code) == BPF_TAX)
        machine->x = machine->a;
      else
        machine->a = machine->x;
      return true;
    }
}

/* By how many steps STEP jumps. */
static uint32_t
jump (const struct machine *machine, const struct sock_filter *step)
{
  uint32_t other = BPF_SRC (step->code) == BPF_X ? machine->x : step->k;
  bool is;

  switch (BPF_OP (step->code))
    {
    case BPF_JA:
      return step->k;
    case BPF_JEQ:
      is = machine->a == other;
      break;
    case BPF_JGT:
      is = machine->a > other;
      break;
    case BPF_JGE:
      is = machine->a >= other;
      break;
    default:
      is = (machine->a & other) != 0;
    }
  return is ? step->jt : step->jf;
}

bool
gcg__filter_allows (const struct sock_fprog *filter, long number)
{
  struct machine machine = { .number = (uint32_t)number };

  for (uint32_t at = 0; at < filter->len; at++)
    {
      const struct sock_filter *step = &filter->filter[at];
      switch (BPF_CLASS (step->code))
        {
        case BPF_RET:
          {
            uint32_t verdict = BPF_RVAL (step->code) == BPF_A ? machine.a : step->k;
            verdict &= SECCOMP_RET_ACTION_FULL;
            return verdict == SECCOMP_RET_ALLOW || verdict == SECCOMP_RET_LOG;
          }
        case BPF_JMP:
          {
            uint32_t by = jump (&machine, step);
            if (by >= filter->len - at)
              return false;
            at += by;
            break;
          }
        case BPF_ALU:
          if (!calculate (&machine, step))
            return false;
          break;
        default:
          if (!move (&machine, step))
            return false;
        }
    }
  return false;
}
