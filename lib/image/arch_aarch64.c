/* arch_aarch64.c -- see arch.h.
 *
 * When a system call is interrupted the kernel has already put the thread back to the call before
 * it stops, so that there is nothing to put right; but what it goes on with by a restart block it
 * recognises by the program counter, and the first argument that it keeps for that cannot be read
 * or set.  So a thread in such a call is not used for an injection.
 */
#include <config.h>

#if defined __aarch64__

#include "image/arch.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>

#include "image/image.h"

#define SVC_0 0xd4000001u /* svc #0 */
#define RET   0xd65f03c0u /* ret */

#define FPSIMD_MAGIC 0x46508001u /* of the record of vectors in a frame */

bool
gcg__arch_get (pid_t tid, struct gcg__regs *regs)
{
  struct iovec into = { &regs->user, sizeof regs->user };
  struct iovec pointer = { &regs->thread_pointer, sizeof regs->thread_pointer };
  struct iovec call = { &regs->call, sizeof regs->call };
  if (ptrace (PTRACE_GETREGSET, tid, NT_ARM_TLS, &pointer) != 0
      || ptrace (PTRACE_GETREGSET, tid, NT_ARM_SYSTEM_CALL, &call) != 0)
    return false;
  return ptrace (PTRACE_GETREGSET, tid, NT_PRSTATUS, &into) == 0;
}

bool
gcg__arch_set (pid_t tid, const struct gcg__regs *regs)
{
  struct iovec from = { (void *)&regs->user, sizeof regs->user };
  return ptrace (PTRACE_SETREGSET, tid, NT_PRSTATUS, &from) == 0;
}

bool
gcg__arch_get_vectors (pid_t tid, struct gcg__vectors *vectors)
{
  struct iovec into = { vectors->state, sizeof vectors->state };
  vectors->bytes = 0;
  if (ptrace (PTRACE_GETREGSET, tid, NT_FPREGSET, &into) != 0)
    return false;
  vectors->bytes = sizeof (struct user_fpsimd_struct);
  return true;
}

/* The thread is about to make a system call, or has just made one. */
static bool
in_call (const struct gcg__regs *regs)
{
  return regs->call >= 0;
}

void
gcg__arch_describe (const struct gcg__regs *regs, struct gcg__frozen_thread *thread)
{
  memset (thread->registers, 0, sizeof thread->registers);
  memcpy (thread->registers, regs->user.regs, sizeof regs->user.regs);
  thread->registers[31] = regs->user.sp;
  thread->pc = regs->user.pc;
  thread->sp = regs->user.sp;
  thread->fp = regs->user.regs[29];
  thread->thread_pointer = regs->thread_pointer;
  thread->in_call = in_call (regs);
  thread->call = gcg__arch_call_number (regs);
}

/* Records follow one another in the kernel's part of the context; that of the vectors comes first.
   They are given as ptrace gives them. */
static bool
read_vectors (const ucontext_t *context, struct gcg__frozen_thread *thread)
{
  struct
  {
    uint32_t magic, bytes, fpsr, fpcr;
    __uint128_t vregs[32];
  } saved;
  struct user_fpsimd_struct *vectors;

  memcpy (&saved, context->uc_mcontext.__reserved, sizeof saved);
  if (saved.magic != FPSIMD_MAGIC)
    return true;
  vectors = thread->vectors = calloc (1, sizeof *vectors);
  if (vectors == NULL)
    return false;
  memcpy (vectors->vregs, saved.vregs, sizeof vectors->vregs);
  vectors->fpsr = saved.fpsr;
  vectors->fpcr = saved.fpcr;
  thread->n_vectors = sizeof *vectors;
  return true;
}

bool
gcg__arch_read_context (const struct gcg__memory_image *image, uint64_t address,
                        struct gcg__frozen_thread *thread)
{
  ucontext_t context;

  if (!gcg__image_get (image, address, &context, sizeof context))
    return true;
  memcpy (thread->registers, context.uc_mcontext.regs, sizeof context.uc_mcontext.regs);
  thread->registers[31] = context.uc_mcontext.sp;
  thread->pc = context.uc_mcontext.pc;
  thread->sp = context.uc_mcontext.sp;
  thread->fp = context.uc_mcontext.regs[29];
  memcpy (&thread->signal_mask, &context.uc_sigmask, sizeof thread->signal_mask);
  return read_vectors (&context, thread);
}

uint64_t
gcg__arch_pc (const struct gcg__regs *regs)
{
  return regs->user.pc;
}

uint64_t
gcg__arch_sp (const struct gcg__regs *regs)
{
  return regs->user.sp;
}

uint64_t
gcg__arch_thread_pointer (const struct gcg__regs *regs)
{
  return regs->thread_pointer;
}

int64_t
gcg__arch_result (const struct gcg__regs *regs)
{
  return (int64_t)regs->user.regs[0];
}

bool
gcg__arch_native (const struct gcg__regs *regs)
{
  return (regs->user.pstate & 0x10) == 0; /* not a 32-bit mode */
}

bool
gcg__arch_is_cut (const struct gcg__regs *regs)
{
  /* The first argument is lost: the call cannot be made again. */
  (void)regs;
  return false;
}

bool
gcg__arch_is_call (const unsigned char code[GCG__ARCH_CALL_BYTES])
{
  uint32_t instruction;
  memcpy (&instruction, code, sizeof instruction);
  return instruction == SVC_0;
}

void
gcg__arch_again (struct gcg__regs *regs)
{
  (void)regs;
}

void
gcg__arch_return (struct gcg__regs *regs, int64_t result)
{
  regs->user.regs[0] = (uint64_t)result;
  regs->call = -1;
}

long
gcg__arch_call_number (const struct gcg__regs *regs)
{
  return in_call (regs) ? (long)regs->call : -1;
}

uint64_t
gcg__arch_argument (const struct gcg__regs *regs, int i)
{
  return regs->user.regs[i];
}

void
gcg__arch_set_argument (struct gcg__regs *regs, int i, uint64_t value)
{
  regs->user.regs[i] = value;
}

int
gcg__arch_fitness (const struct gcg__regs *regs)
{
  switch (in_call (regs) ? regs->call : -1)
    {
    case -1:
      return 3;
    case SYS_nanosleep:
    case SYS_clock_nanosleep:
    case SYS_ppoll:
    case SYS_futex:
    case SYS_restart_syscall:
      return 0;
    default:
      return 2;
    }
}

void
gcg__arch_lifeline (struct gcg__regs *regs)
{
  (void)regs; /* the kernel has done it */
}

void
gcg__arch_enter (struct gcg__regs *regs, uint64_t entry, uint64_t restorer, uint64_t frame,
                 long number, const uint64_t arguments[6])
{
  regs->user.pc = entry;
  regs->user.sp = frame;
  regs->user.regs[30] = restorer;
  regs->user.regs[8] = (uint64_t)number;
  memcpy (regs->user.regs, arguments, 6 * sizeof arguments[0]);
}

uint64_t
gcg__arch_child_stack (uint64_t frame)
{
  return frame;
}

void
gcg__arch_call (struct gcg__regs *regs, uint64_t function, const uint64_t arguments[6],
                uint64_t stack, uint64_t *top)
{
  regs->user.pc = function;
  regs->user.sp = (stack & ~UINT64_C (15)) - 16;
  *top = 0;
  regs->user.regs[30] = GCG__ARCH_RETURN;
  regs->user.regs[29] = 0;
  memcpy (regs->user.regs, arguments, 6 * sizeof arguments[0]);
}

/* As the kernel lays it out: siginfo, struct ucontext with the general registers, records of other
   state. */
struct frame
{
  unsigned char info[128];
  uint64_t flags, link;
  struct
  {
    uint64_t low;
    int32_t flags, padding;
    uint64_t bytes;
  } stack;
  uint64_t mask;
  unsigned char unused[120];
  uint64_t padding; /* what follows is aligned to 16 */
  uint64_t fault, regs[31], sp, pc, pstate;
  uint64_t more_padding;
  struct
  {
    uint32_t magic, bytes;
    uint32_t fpsr, fpcr;
    unsigned char v[512];
  } vectors;
  uint32_t end_magic, end_bytes;
};

_Static_assert(offsetof (struct frame, fault) == 128 + 176, "as the kernel lays it out");
_Static_assert(offsetof (struct frame, vectors) == 128 + 176 + 288, "as the kernel lays it out");
_Static_assert(sizeof (struct frame) <= GCG__ARCH_FRAME, "it has room");

void
gcg__arch_frame (unsigned char out[GCG__ARCH_FRAME], uint64_t restorer,
                 const struct gcg__regs *regs, uint64_t mask, uint64_t vectors,
                 const struct gcg__vectors *state)
{
  (void)restorer;                                    /* in the link register */
  (void)vectors;                                     /* they are in the frame */
  struct frame frame = { .stack = { .flags = 0x10 }, /* the signal stack is left alone */
                         .mask = mask,
                         .sp = regs->user.sp,
                         .pc = regs->user.pc,
                         .pstate = regs->user.pstate };
  memcpy (frame.regs, regs->user.regs, sizeof frame.regs);
  frame.vectors.magic = FPSIMD_MAGIC;
  frame.vectors.bytes = sizeof frame.vectors;
  struct user_fpsimd_struct simd;
  memcpy (&simd, state->state, sizeof simd);
  memcpy (frame.vectors.v, simd.vregs, sizeof frame.vectors.v);
  frame.vectors.fpsr = simd.fpsr;
  frame.vectors.fpcr = simd.fpcr;
  memset (out, 0, GCG__ARCH_FRAME);
  memcpy (out, &frame, sizeof frame);
}

size_t
gcg__arch_frame_argument (void)
{
  return offsetof (struct frame, regs);
}

/* The offset of instructions FIRST, SECOND. */
static ssize_t
find_pair (const unsigned char *code, size_t n, uint32_t first, uint32_t second)
{
  const uint32_t pair[] = { first, second };
  for (size_t i = 0; i + sizeof pair <= n; i += sizeof pair[0])
    if (memcmp (code + i, pair, sizeof pair) == 0)
      return (ssize_t)i;
  return -1;
}

ssize_t
gcg__arch_find_entry (const unsigned char *code, size_t n)
{
  return find_pair (code, n, SVC_0, RET);
}

ssize_t
gcg__arch_find_restorer (const unsigned char *code, size_t n)
{
  return find_pair (code, n, 0xd2801168u /* mov x8, #139 */, SVC_0);
}

bool
gcg__arch_dispatches (pid_t tid)
{
  (void)tid; /* only x86 has that */
  return false;
}

#else
typedef int gcg__not_this_processor;
#endif
