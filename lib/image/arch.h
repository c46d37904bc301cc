/* arch.h -- what stopping and calling a thread needs to know of a processor.
 *
 * Registers are read and set through ptrace as the kernel lays them out.  A *chain* is what lets a
 * thread run system calls and find back by itself: it enters at a system call instruction that is
 * followed by a return, and where that return leads, to the C library's rt_sigreturn, a frame
 * stands as the kernel writes them for signal handlers.  It loads the registers for the next system
 * call, or at last the thread's own.  So nothing more is needed from the tracer once the thread
 * runs.
 */
#ifndef GCG_IMAGE_ARCH_H
#define GCG_IMAGE_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#include "image/freeze.h"

struct gcg__regs
{
  struct user_regs_struct user;
#if defined __aarch64__
  uint64_t thread_pointer;
  int32_t call; /* -1: none */
#endif
};

/* Vector and floating point state, as ptrace gives it. */
#define GCG__VECTOR_BYTES 12288u
struct gcg__vectors
{
  size_t bytes; /* as a frame holds it; 0: unknown */
  _Alignas(64) unsigned char state[GCG__VECTOR_BYTES];
};

/* Read and set; false with errno, ESRCH when the thread does not stand any more. */
bool gcg__arch_get (pid_t tid, struct gcg__regs *regs) __attribute__ ((warn_unused_result));
bool gcg__arch_set (pid_t tid, const struct gcg__regs *regs) __attribute__ ((warn_unused_result));
bool gcg__arch_get_vectors (pid_t tid, struct gcg__vectors *vectors)
    __attribute__ ((warn_unused_result));

/* Fills pc, sp, fp, thread_pointer, registers, call and in_call. */
void gcg__arch_describe (const struct gcg__regs *regs, struct gcg__frozen_thread *thread);
/* Fills pc, sp, fp, registers, signal_mask and vectors (allocated) from the ucontext_t that the
   kernel has written at ADDRESS of IMAGE for a signal handler; where there is none they stay zero.
   False: no memory. */
struct gcg__memory_image;
bool gcg__arch_read_context (const struct gcg__memory_image *image, uint64_t address,
                             struct gcg__frozen_thread *thread)
    __attribute__ ((warn_unused_result));
uint64_t gcg__arch_pc (const struct gcg__regs *regs);
uint64_t gcg__arch_sp (const struct gcg__regs *regs);
uint64_t gcg__arch_thread_pointer (const struct gcg__regs *regs);
int64_t gcg__arch_result (const struct gcg__regs *regs);

/* False for programs of another word size or instruction set. */
bool gcg__arch_native (const struct gcg__regs *regs);

/* The thread comes out of a system call that the stop has cut short, and that the kernel does not
   make again by itself.  CODE: the bytes before pc, as many as gcg__arch_call_bytes. */
#define GCG__ARCH_CALL_BYTES 4u
bool gcg__arch_is_cut (const struct gcg__regs *regs);
bool gcg__arch_is_call (const unsigned char code[GCG__ARCH_CALL_BYTES]);
/* Makes it again once the thread runs. */
void gcg__arch_again (struct gcg__regs *regs);
/* Ends it with RESULT, as the kernel returns it. */
void gcg__arch_return (struct gcg__regs *regs, int64_t result);
/* Its number, -1: none; its arguments, from 0. */
long gcg__arch_call_number (const struct gcg__regs *regs);
uint64_t gcg__arch_argument (const struct gcg__regs *regs, int i);
void gcg__arch_set_argument (struct gcg__regs *regs, int i, uint64_t value);

/* How well a thread serves for an injection; the kernel makes a system call that it interrupted
   again by itself.  Higher is better, 0: not at all. */
int gcg__arch_fitness (const struct gcg__regs *regs);

/* The registers with which a thread that dies without us would have to go on: a system call that
   the kernel would make again is made again. */
void gcg__arch_lifeline (struct gcg__regs *regs);

/* REGS (those of a thread) become: make system call NUMBER at ENTRY, then go to the frame at
   FRAME. */
void gcg__arch_enter (struct gcg__regs *regs, uint64_t entry, uint64_t restorer, uint64_t frame,
                      long number, const uint64_t arguments[6]);
/* Where the child of a clone finds the frame that it goes to: the stack that it is given. */
uint64_t gcg__arch_child_stack (uint64_t frame);
/* REGS become: call FUNCTION with the stack ending at STACK (aligned), from GCG__ARCH_RETURN, which
   is no address that can be mapped.  What must stand at the stack pointer is in *TOP. */
#define GCG__ARCH_RETURN 8u
void gcg__arch_call (struct gcg__regs *regs, uint64_t function, const uint64_t arguments[6],
                     uint64_t stack, uint64_t *top);

/* A frame: GCG__ARCH_FRAME bytes at OUT that load REGS and MASK, with the vectors at address
   VECTORS (0: none, they are reset). */
#if defined __x86_64__
#define GCG__ARCH_FRAME 320u
#else
#define GCG__ARCH_FRAME 1280u
#endif
void gcg__arch_frame (unsigned char out[GCG__ARCH_FRAME], uint64_t restorer,
                      const struct gcg__regs *regs, uint64_t mask, uint64_t vectors,
                      const struct gcg__vectors *state);
/* Where in a frame the first argument of the system call stands that it makes. */
size_t gcg__arch_frame_argument (void);

/* The offset of a system call instruction and return, of an rt_sigreturn in N bytes of CODE; -1. */
ssize_t gcg__arch_find_entry (const unsigned char *code, size_t n);
ssize_t gcg__arch_find_restorer (const unsigned char *code, size_t n);

/* System calls are dispatched to the program (PR_SET_SYSCALL_USER_DISPATCH). */
bool gcg__arch_dispatches (pid_t tid);

#endif
