/* arch_x86_64.c -- see arch.h. */
#include <config.h>

#if defined __x86_64__

#include "image/arch.h"

#include <cpuid.h>
#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>

#include "image/image.h"

/* What the kernel's system calls return inside, to be made again (include/linux/errno.h). */
enum
{
  RESTART_SYS = 512,
  RESTART_NO_INTR = 513,
  RESTART_NO_HANDLER = 514,
  RESTART_BLOCK = 516
};

bool
gcg__arch_get (pid_t tid, struct gcg__regs *regs)
{
  return ptrace (PTRACE_GETREGS, tid, NULL, &regs->user) == 0;
}

bool
gcg__arch_set (pid_t tid, const struct gcg__regs *regs)
{
  return ptrace (PTRACE_SETREGS, tid, NULL, &regs->user) == 0;
}

/* The extended state: legacy area, header with the bit mask of what is not in its first state. */
#define XSTATE_SOFTWARE 464u /* 48 bytes that the processor leaves to software */
#define XSTATE_HEADER   512u
#define XSTATE_MINIMUM  576u
#define LEGACY_BYTES    512u
#define XSTATE_MAGIC1   0x46505853u
#define XSTATE_MAGIC2   0x46505845u
#define XFEATURE_TILES  18u /* permitted to each thread by itself */
#define XFEATURES_USER  63u

/* Bytes of the standard format with FEATURES. */
static size_t
xstate_bytes (uint64_t features)
{
  size_t bytes = XSTATE_MINIMUM;
  for (unsigned i = 2; i < XFEATURES_USER; i++)
    {
      unsigned size, offset, c, d;
      if ((features >> i & 1) != 0 && __get_cpuid_count (0xd, i, &size, &offset, &c, &d)
          && (size_t)offset + size > bytes)
        bytes = (size_t)offset + size;
    }
  return bytes;
}

bool
gcg__arch_get_vectors (pid_t tid, struct gcg__vectors *vectors)
{
  struct iovec into = { vectors->state, sizeof vectors->state - sizeof (uint64_t) };
  vectors->bytes = 0;
  if (ptrace (PTRACE_GETREGSET, tid, NT_X86_XSTATE, &into) != 0)
    return false;
  if (into.iov_len < XSTATE_MINIMUM)
    {
      errno = ENOTSUP;
      return false;
    }
  uint64_t features, used;
  memcpy (&features, vectors->state + XSTATE_SOFTWARE, sizeof features);
  memcpy (&used, vectors->state + XSTATE_HEADER, sizeof used);
  if ((used >> XFEATURE_TILES & 1) == 0)
    features &= ~(UINT64_C (1) << XFEATURE_TILES);
  size_t bytes = xstate_bytes (features);
  if (bytes > into.iov_len)
    bytes = into.iov_len;
  /* struct _fpx_sw_bytes, and the word that ends it all. */
  struct
  {
    uint32_t magic1, extended_size;
    uint64_t features;
    uint32_t size, padding[7];
  } software = { XSTATE_MAGIC1, (uint32_t)bytes + 4, features, (uint32_t)bytes, { 0 } };
  _Static_assert(sizeof software == 48, "struct _fpx_sw_bytes");
  memcpy (vectors->state + XSTATE_SOFTWARE, &software, sizeof software);
  uint32_t magic2 = XSTATE_MAGIC2;
  memcpy (vectors->state + bytes, &magic2, sizeof magic2);
  vectors->bytes = bytes + sizeof magic2;
  return true;
}

static bool
in_call (const struct gcg__regs *regs)
{
  return (int64_t)regs->user.orig_rax >= 0;
}

void
gcg__arch_describe (const struct gcg__regs *regs, struct gcg__frozen_thread *thread)
{
  const struct user_regs_struct *u = &regs->user;
  const uint64_t by_number[]
      = { u->rax, u->rdx, u->rcx, u->rbx, u->rsi, u->rdi, u->rbp, u->rsp, u->r8,
          u->r9,  u->r10, u->r11, u->r12, u->r13, u->r14, u->r15, u->rip };
  memset (thread->registers, 0, sizeof thread->registers);
  memcpy (thread->registers, by_number, sizeof by_number);
  thread->pc = u->rip;
  thread->sp = u->rsp;
  thread->fp = u->rbp;
  thread->thread_pointer = u->fs_base;
  thread->in_call = in_call (regs);
  thread->call = gcg__arch_call_number (regs);
}

/* The kernel writes how much it has saved into what FXSAVE leaves to software. */
static bool
read_vectors (const struct gcg__memory_image *image, uint64_t address,
              struct gcg__frozen_thread *thread)
{
  uint32_t software[2] = { 0 };
  size_t bytes = LEGACY_BYTES;

  if (address == 0)
    return true;
  if (gcg__image_get (image, address + XSTATE_SOFTWARE, software, sizeof software)
      && software[0] == XSTATE_MAGIC1 && software[1] > bytes && software[1] <= GCG__VECTOR_BYTES)
    bytes = software[1];
  thread->vectors = malloc (bytes);
  if (thread->vectors == NULL)
    return false;
  if (gcg__image_get (image, address, thread->vectors, bytes))
    thread->n_vectors = bytes;
  return true;
}

bool
gcg__arch_read_context (const struct gcg__memory_image *image, uint64_t address,
                        struct gcg__frozen_thread *thread)
{
  static const uint8_t by_number[]
      = { REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
          REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP };
  ucontext_t context;

  if (!gcg__image_get (image, address, &context, offsetof (ucontext_t, uc_sigmask) + 8))
    return true;
  for (size_t i = 0; i < sizeof by_number; i++)
    thread->registers[i] = (uint64_t)context.uc_mcontext.gregs[by_number[i]];
  thread->pc = (uint64_t)context.uc_mcontext.gregs[REG_RIP];
  thread->sp = (uint64_t)context.uc_mcontext.gregs[REG_RSP];
  thread->fp = (uint64_t)context.uc_mcontext.gregs[REG_RBP];
  memcpy (&thread->signal_mask, &context.uc_sigmask, sizeof thread->signal_mask);
  return read_vectors (image, (uintptr_t)context.uc_mcontext.fpregs, thread);
}

uint64_t
gcg__arch_pc (const struct gcg__regs *regs)
{
  return regs->user.rip;
}

uint64_t
gcg__arch_sp (const struct gcg__regs *regs)
{
  return regs->user.rsp;
}

uint64_t
gcg__arch_thread_pointer (const struct gcg__regs *regs)
{
  return regs->user.fs_base;
}

int64_t
gcg__arch_result (const struct gcg__regs *regs)
{
  return (int64_t)regs->user.rax;
}

bool
gcg__arch_native (const struct gcg__regs *regs)
{
  return regs->user.cs == 0x33;
}

bool
gcg__arch_is_cut (const struct gcg__regs *regs)
{
  return in_call (regs) && (int64_t)regs->user.rax == -EINTR;
}

bool
gcg__arch_is_call (const unsigned char code[GCG__ARCH_CALL_BYTES])
{
  return code[2] == 0x0f && code[3] == 0x05;
}

void
gcg__arch_again (struct gcg__regs *regs)
{
  regs->user.rip -= 2;
  regs->user.rax = regs->user.orig_rax;
  regs->user.orig_rax = (uint64_t)-1;
}

void
gcg__arch_return (struct gcg__regs *regs, int64_t result)
{
  regs->user.rax = (uint64_t)result;
  regs->user.orig_rax = (uint64_t)-1;
}

long
gcg__arch_call_number (const struct gcg__regs *regs)
{
  return in_call (regs) ? (long)regs->user.orig_rax : -1;
}

/* Where argument I of a system call is. */
static size_t
argument_place (int i)
{
  static const size_t places[6]
      = { offsetof (struct user_regs_struct, rdi), offsetof (struct user_regs_struct, rsi),
          offsetof (struct user_regs_struct, rdx), offsetof (struct user_regs_struct, r10),
          offsetof (struct user_regs_struct, r8),  offsetof (struct user_regs_struct, r9) };
  return places[i];
}

uint64_t
gcg__arch_argument (const struct gcg__regs *regs, int i)
{
  uint64_t value;
  memcpy (&value, (const char *)&regs->user + argument_place (i), sizeof value);
  return value;
}

void
gcg__arch_set_argument (struct gcg__regs *regs, int i, uint64_t value)
{
  memcpy ((char *)&regs->user + argument_place (i), &value, sizeof value);
}

int
gcg__arch_fitness (const struct gcg__regs *regs)
{
  /* Best in a call that a lifeline makes again just as the kernel would; in one that the kernel
     goes on with by a restart block, the lifeline begins a sleep anew; in user code a critical
     section of restartable sequences may be interrupted. */
  if (!in_call (regs))
    return 1;
  return (int64_t)regs->user.rax == -RESTART_BLOCK ? 2 : 3;
}

void
gcg__arch_lifeline (struct gcg__regs *regs)
{
  int64_t result = (int64_t)regs->user.rax;
  if (in_call (regs)
      && (result == -RESTART_SYS || result == -RESTART_NO_INTR || result == -RESTART_NO_HANDLER
          || result == -RESTART_BLOCK))
    gcg__arch_again (regs);
}

void
gcg__arch_enter (struct gcg__regs *regs, uint64_t entry, uint64_t restorer, uint64_t frame,
                 long number, const uint64_t arguments[6])
{
  (void)restorer; /* the frame begins with it */
  struct user_regs_struct *u = &regs->user;
  u->rip = entry;
  u->rsp = frame;
  u->rax = (uint64_t)number;
  u->orig_rax = (uint64_t)-1;
  u->rdi = arguments[0];
  u->rsi = arguments[1];
  u->rdx = arguments[2];
  u->r10 = arguments[3];
  u->r8 = arguments[4];
  u->r9 = arguments[5];
  u->eflags &= ~UINT64_C (0x100); /* no single steps */
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
  struct user_regs_struct *u = &regs->user;
  u->rip = function;
  u->rsp = (stack & ~UINT64_C (15)) - 8;
  *top = GCG__ARCH_RETURN;
  u->rax = 0;
  u->orig_rax = (uint64_t)-1;
  u->rdi = arguments[0];
  u->rsi = arguments[1];
  u->rdx = arguments[2];
  u->rcx = arguments[3];
  u->r8 = arguments[4];
  u->r9 = arguments[5];
  u->rbp = 0;
  u->eflags &= ~UINT64_C (0x500); /* no single steps, strings go up */
}

/* What follows the return address in a frame of the kernel's (struct ucontext). */
struct context
{
  uint64_t flags, link;
  struct
  {
    uint64_t low;
    int32_t flags, padding;
    uint64_t bytes;
  } stack;
  uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip,
      eflags;
  uint16_t cs, gs, fs, ss;
  uint64_t error, trap, old_mask, cr2, vectors, reserved[8];
  uint64_t mask;
};

struct frame
{
  uint64_t restorer;
  struct context context;
};

_Static_assert(offsetof (struct context, r8) == 40 && offsetof (struct context, mask) == 296,
               "as the kernel lays it out");
_Static_assert(sizeof (struct frame) <= GCG__ARCH_FRAME, "it has room");

void
gcg__arch_frame (unsigned char out[GCG__ARCH_FRAME], uint64_t restorer,
                 const struct gcg__regs *regs, uint64_t mask, uint64_t vectors,
                 const struct gcg__vectors *state)
{
  (void)state; /* it stands at VECTORS */
  const struct user_regs_struct *u = &regs->user;
  struct frame frame = {
    .restorer = restorer,
    .context = {
      .flags = 7, /* extended state; ss is there, and to be restored strictly */
      .stack.flags = 0x10, /* none that there is: the thread's signal stack is left alone */
      .r8 = u->r8, .r9 = u->r9, .r10 = u->r10, .r11 = u->r11,
      .r12 = u->r12, .r13 = u->r13, .r14 = u->r14, .r15 = u->r15,
      .rdi = u->rdi, .rsi = u->rsi, .rbp = u->rbp, .rbx = u->rbx,
      .rdx = u->rdx, .rax = u->rax, .rcx = u->rcx, .rsp = u->rsp,
      .rip = u->rip, .eflags = u->eflags,
      .cs = (uint16_t)u->cs, .gs = (uint16_t)u->gs, .fs = (uint16_t)u->fs, .ss = (uint16_t)u->ss,
      .vectors = vectors, .mask = mask,
    },
  };
  memset (out, 0, GCG__ARCH_FRAME);
  memcpy (out, &frame, sizeof frame);
}

size_t
gcg__arch_frame_argument (void)
{
  return offsetof (struct frame, context.rdi);
}

ssize_t
gcg__arch_find_entry (const unsigned char *code, size_t n)
{
  const unsigned char *at = memmem (code, n, "\x0f\x05\xc3", 3);
  return at == NULL ? -1 : at - code;
}

ssize_t
gcg__arch_find_restorer (const unsigned char *code, size_t n)
{
  /* mov $15,%rax; syscall: the C libraries' */
  static const unsigned char libc[] = { 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05 };
  /* mov $15,%eax; syscall: others' */
  static const unsigned char others[] = { 0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05 };
  const unsigned char *at = memmem (code, n, libc, sizeof libc);
  if (at == NULL)
    at = memmem (code, n, others, sizeof others);
  return at == NULL ? -1 : at - code;
}

bool
gcg__arch_dispatches (pid_t tid)
{
  struct
  {
    uint64_t mode, selector, offset, bytes;
  } dispatch = { 0 };
  /* PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG; older kernels do not know it. */
  return ptrace ((enum __ptrace_request)0x4211, tid, sizeof dispatch, &dispatch) == 0
         && dispatch.mode != 0;
}

#else
typedef int gcg__not_this_processor;
#endif
