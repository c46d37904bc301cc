/* freeze.h -- a frozen copy of a running process, made from outside.
 *
 * gcg__freeze stops all threads of a process by ptrace, lets one of them run a clone, puts
 * everything back and lets the process go.  What remains is a copy of its memory that stands still:
 * it can be read and written, and functions and system calls can be run in it.  The process notices
 * nothing: it receives no signal, its waits go on, it has no new thread, child, descriptor or
 * mapping (doc/design/freeze.md says how, and what is measured).
 *
 * Where nothing may be run in the process (a seccomp filter that it has added, a pid name space
 * that it has prepared, no memory or no process number for a copy, no thread that can be used) it
 * is read while it stands: COPY is 0, the process stays stopped until gcg__frozen_drop, and nothing
 * can be called.
 *
 * Invariants: every step ends by itself.  If the caller's process dies at any moment, even by
 * SIGKILL, the threads of the process go on with their own registers and signal masks, and the copy
 * is gone.
 *
 * Threads: a process that is traced for its life (traced.h) is frozen by the thread that traces it.
 * Any other freeze has a thread of its own that does all ptrace calls for it, from gcg__freeze
 * until gcg__frozen_drop.  Any thread may call the functions; calls on one struct gcg__frozen are
 * serialised inside, except gcg__frozen_read, which many threads may run in parallel.
 *
 * Waiting: while a freeze goes on, a wait for the process by any thread of the caller's process
 * sees its ptrace stops too, as the kernel makes no difference between threads of one process, and
 * would take them away from the freeze.  So code that waits for a process that may be frozen first
 * asks with waitid (P_PID, …, WEXITED | WSTOPPED | WCONTINUED | WNOHANG | WNOWAIT), and leaves
 * CLD_TRAPPED alone.  No thread may wait for any child (pid -1).
 */
#ifndef GCG_IMAGE_FREEZE_H
#define GCG_IMAGE_FREEZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "gcglass/error.h"

#define GCG__FROZEN_REGISTERS 32u /* by DWARF number; as many as struct gcg__thread has */

/* Why there is no copy, and the process is read while it stands. */
enum gcg__frozen_why
{
  GCG__FROZEN_COPY,       /* there is one */
  GCG__FROZEN_FILTER,     /* the process has added a seccomp filter, or dispatches system calls */
  GCG__FROZEN_NAME_SPACE, /* its next child would be the first of a pid name space, or it is init or
                             a child subreaper, and would be given the copy */
  GCG__FROZEN_NO_CODE,    /* no system call instruction is mapped, or the process is a 32-bit one */
  GCG__FROZEN_NO_THREAD,  /* no thread can be used: all wait uninterruptibly, or have no stack */
  GCG__FROZEN_CLONE,      /* the kernel refused the clone: clone_errno says why */
  GCG__FROZEN_ENDS        /* it stands at its end (traced.h) */
};

struct gcg__frozen;

struct gcg__freeze_ask
{
  pid_t pid; /* of the process, as seen by the caller */
  /* Writable memory of the process that it does not use itself, for what is run in it: at least
     GCG__FREEZE_SCRATCH bytes.  0: below the stack of a thread. */
  uint64_t scratch, scratch_bytes;
  uint64_t syscall_ret; /* address of a system call instruction and a return; 0: searched for */
  uint64_t restorer;    /* address of an rt_sigreturn; 0: searched for */
  int limit_ms;         /* for the stop; 0: GCG__FREEZE_LIMIT_MS */
  bool vectors;         /* the threads' vector registers are wanted */
  bool ends; /* the process is about to end, which may be the end of its pid name space, and
                of a copy in it: no copy in another one than ours */
  /* What is known of waits from earlier freezes, of this process or others; zeroed at first; used
     until gcg__freeze returns, or the process is let go.  NULL: nothing, and it is not kept. */
  struct gcg__waits *waits;
  /* Called with CONTEXT by the freeze's own thread while all stand, before there is a copy.
     Anything but GCG_OK is what gcg__freeze returns, with ERROR, and the process goes on.  May be
     NULL. */
  enum gcg_status (*look) (void *context, struct gcg_error *error);
  /* Called with CONTEXT by the freeze's own thread while all stand, when there is a copy; may read
     and write the process's memory.  May be NULL. */
  void (*standing) (void *context, const struct gcg__frozen *frozen);
  void *context;
};

#define GCG__FREEZE_SCRATCH  (64u * 1024u)
#define GCG__FREEZE_LIMIT_MS 2000

struct gcg__frozen_thread
{
  pid_t tid;     /* as seen by the caller */
  pid_t own_tid; /* as the process sees it */
  bool stands;   /* false: it could not be stopped in time (it waits for a vfork's child, or
                    uninterruptibly); only pc and sp are known, and 0 if it runs */
  bool in_call;  /* interrupted in a system call */
  long call;     /* its number; -1: none */
  char state;    /* letter of /proc/PID/task/TID/stat before the stop; 0 when unknown */
  char name[16]; /* NUL-terminated */
  uint64_t pc, sp, fp, thread_pointer;
  uint64_t registers[GCG__FROZEN_REGISTERS]; /* by DWARF number; 0 where there is none */
  uint64_t signal_mask;                      /* bit 0: signal 1 */
  void *vectors;                             /* as the kernel saves them for a signal handler */
  size_t n_vectors;                          /* bytes of it; 0: not asked for, or not known */
};

struct gcg__frozen
{
  pid_t pid;                          /* of the process */
  pid_t copy;                         /* of the copy; 0: read while it stands */
  enum gcg__frozen_why why;           /* there is no copy */
  int clone_errno;                    /* GCG__FROZEN_CLONE */
  struct gcg__frozen_thread *threads; /* of the process, by tid; owned by this */
  size_t n_threads;
  uint64_t since_ns;   /* CLOCK_MONOTONIC of the first thread's stop */
  uint64_t stopped_ns; /* from then to the last one's release; 0: it stands */
  uint64_t clone_ns;   /* of it, the clone */
};

/* Stops PID, copies it and lets it go.  Errors: GCG_NOT_FOUND: no such process, or it ended
   meanwhile; GCG_BUSY: it is traced already, the text names the tracer, or it executed another
   program meanwhile; GCG_DISABLED: ptrace is not permitted, the text says by what and what to do;
   GCG_UNSUPPORTED: not on this machine; GCG_TIMEOUT: no thread stopped within the limit;
   GCG_NO_MEMORY, GCG_SYSTEM; what ASK->look returns.  After an error the process goes on as if
   nothing had been asked. */
enum gcg_status gcg__freeze (const struct gcg__freeze_ask *ask, struct gcg__frozen **frozen,
                             struct gcg_error *error) __attribute__ ((warn_unused_result));

/* May this process stop PID?  Asks the kernel; PID notices nothing.  On false the reason is in
   ERROR: GCG_DISABLED: ptrace is not permitted; GCG_BUSY: PID is traced already. */
bool gcg__freeze_permits (pid_t pid, struct gcg_error *error) __attribute__ ((warn_unused_result));

/* Runs the function at address FUNCTION with ARGUMENTS in the copy, on a stack of its own of 8 MB,
   with the thread pointer of the thread that was cloned, all signals blocked, and stores its
   result (may be NULL).  The function must not rely on other threads: what they have locked stays
   locked.  Errors: GCG_UNSUPPORTED: there is no copy; GCG_TIMEOUT: it does not return within
   LIMIT_MS and is left as it stands, nothing more can be called; GCG_CORRUPT: a signal ended it,
   the text has its number, the address and the pc; GCG_NOT_FOUND: the copy has ended;
   GCG_SYSTEM. */
enum gcg_status gcg__frozen_call (struct gcg__frozen *frozen, uint64_t function,
                                  const uint64_t arguments[6], uint64_t *result, int limit_ms,
                                  struct gcg_error *error) __attribute__ ((warn_unused_result));

/* Runs system call NUMBER in the copy and stores what the kernel returns: -errno on failure.  The
   copy has no descriptors, so that it keeps nothing open, and what it opens is its own.  Errors: as
   above. */
enum gcg_status gcg__frozen_call_system (struct gcg__frozen *frozen, long number,
                                         const uint64_t arguments[6], int64_t *result, int limit_ms,
                                         struct gcg_error *error)
    __attribute__ ((warn_unused_result));

/* Copies up to BYTES from ADDRESS of the image, whatever the protection there, to BUFFER.  Returns
   how many, less where a part is not mapped; -1 with errno when there is none at ADDRESS.  Any
   number of threads at a time. */
ssize_t gcg__frozen_read (const struct gcg__frozen *frozen, uint64_t address, void *buffer,
                          size_t bytes) __attribute__ ((warn_unused_result));

/* Writes to the copy, whatever the protection there; the process itself never changes.  Returns as
   above; EPERM: there is no copy. */
ssize_t gcg__frozen_write (struct gcg__frozen *frozen, uint64_t address, const void *bytes,
                           size_t n) __attribute__ ((warn_unused_result));

/* Ends the copy, or lets a process go that stands, and frees FROZEN, which may be NULL. */
void gcg__frozen_drop (struct gcg__frozen *frozen);

#endif
