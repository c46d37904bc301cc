/* inject.c -- see inject.h. */
#include <config.h>

#include "image/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/vma.h"

#define PATIENCE_NS  (INT64_C (60) * 1000000000) /* page tables of a terabyte */
#define RED_ZONE     256u
#define NEAR_THE_END 16384u /* a thread's control block, from the end of its stack */
#define CODE_PIECE   65536u
#define MASK_BYTES   sizeof (uint64_t)

static const uint64_t all_signals = UINT64_MAX;

/* --- The way in and out. */

struct search
{
  int mem;
  int rank; /* 0: the C library, 1: anything else */
  struct gcg__code *code;
};

/* Looks into one mapping; false ends the search. */
static bool
search_mapping (struct search *search, const struct gcg__vma *mapping)
{
  const char *base = strrchr (mapping->name, '/');
  base = base == NULL ? mapping->name : base + 1;
  bool is_library = strncmp (base, "libc.", 5) == 0 || strncmp (base, "libc-", 5) == 0
                    || strncmp (base, "ld-musl", 7) == 0 || strcmp (base, "[vdso]") == 0;
  if (!mapping->is_executable || strcmp (base, "[vsyscall]") == 0
      || is_library == (search->rank != 0) || base[0] == '\0')
    return true;
  static const size_t overlap = 16;
  unsigned char *piece = malloc (CODE_PIECE);
  for (uint64_t at = mapping->low; piece != NULL && at < mapping->high; at += CODE_PIECE - overlap)
    {
      size_t n = mapping->high - at < CODE_PIECE ? mapping->high - at : CODE_PIECE;
      ssize_t got = pread (search->mem, piece, n, (off_t)at);
      if (got <= 0)
        break;
      ssize_t entry = gcg__arch_find_entry (piece, (size_t)got);
      ssize_t restorer = gcg__arch_find_restorer (piece, (size_t)got);
      if (search->code->entry == 0 && entry >= 0)
        search->code->entry = at + (uint64_t)entry;
      if (search->code->restorer == 0 && restorer >= 0)
        search->code->restorer = at + (uint64_t)restorer;
      if ((search->code->entry != 0 && search->code->restorer != 0) || n < CODE_PIECE)
        break;
    }
  free (piece);
  return search->code->entry == 0 || search->code->restorer == 0;
}

void
gcg__code_find (pid_t pid, pid_t tid, struct gcg__code *code)
{
  char path[64];
  snprintf (path, sizeof path, "/proc/%d/task/%d/mem", pid, tid);
  struct search search = { .mem = open (path, O_RDONLY | O_CLOEXEC), .code = code };
  struct gcg__vmas vmas;
  if (search.mem < 0)
    return;
  if (gcg__vmas_read (pid, &vmas, NULL) == GCG_OK)
    {
      for (bool more = true; more && search.rank < 2; search.rank++)
        for (size_t i = 0; more && i < vmas.n; i++)
          more = search_mapping (&search, &vmas.items[i]);
      gcg__vmas_fini (&vmas);
    }
  close (search.mem);
}

bool
gcg__code_is_there (const struct gcg__stop *stop, const struct gcg__code *code)
{
  unsigned char entry[16] = { 0 }, restorer[16] = { 0 };
  return pread (stop->mem, entry, sizeof entry, (off_t)code->entry) > 0
         && pread (stop->mem, restorer, sizeof restorer, (off_t)code->restorer) > 0
         && gcg__arch_find_entry (entry, sizeof entry) == 0
         && gcg__arch_find_restorer (restorer, sizeof restorer) == 0;
}

/* --- One call. */

enum gcg__event
gcg__inject_call (pid_t tid, bool keep, struct gcg__regs *regs, int64_t deadline, pid_t *child,
                  pid_t *value)
{
  *child = 0;
  if (!gcg__arch_set (tid, regs) || ptrace (PTRACE_SETSIGMASK, tid, MASK_BYTES, &all_signals) != 0)
    return gcg__event_wait (tid, keep, deadline, value); /* it is being killed */
  for (int calls = 0;;)
    {
      if (ptrace (PTRACE_SYSCALL, tid, NULL, NULL) != 0 && errno != ESRCH)
        return GCG__EVENT_NONE;
      enum gcg__event event = gcg__event_wait (tid, keep, deadline, value);
      if (event == GCG__EVENT_CLONE || event == GCG__EVENT_FORK)
        *child = *value;
      else if (event != GCG__EVENT_TRAP && (event != GCG__EVENT_CALL || ++calls == 2))
        {
          if (event == GCG__EVENT_CALL && !gcg__arch_get (tid, regs))
            return GCG__EVENT_NONE;
          return event;
        }
    }
}

/* --- Where the frames stand. */

enum
{
  FRAME_WAIT,         /* the thread: waits for the helper */
  FRAME_OWN,          /* the thread: its own registers */
  FRAME_HELPER_CLONE, /* the helper: makes the copy */
  FRAME_HELPER_EXIT,
  FRAME_COPY, /* the copy: ends itself */
  N_FRAMES
};
#define WORD_BYTES  64u /* before the frames: what a system call stores */
#define CHAIN_BYTES (WORD_BYTES + N_FRAMES * GCG__ARCH_FRAME + 64u)

struct stack
{
  uint64_t low, high;
  bool is_main;
};

/* Notes in STACKS, one for each tracee, which lie in mappings of their own: the main thread's, and
   those that end with their thread's control block.  Other stacks (of coroutines, on the heap) may
   have foreign data below.  False: the mappings cannot be read. */
static bool
note_stacks (const struct gcg__stop *stop, struct stack *stacks)
{
  struct gcg__vmas vmas;
  if (gcg__vmas_read (stop->pid, &vmas, NULL) != GCG_OK)
    return false;
  for (size_t i = 0; i < stop->n; i++)
    {
      const struct gcg__regs *regs = &stop->tracees[i].regs;
      uint64_t sp = gcg__arch_sp (regs), tp = gcg__arch_thread_pointer (regs);
      const struct gcg__vma *in = gcg__vmas_find (&vmas, sp);
      if (in == NULL || !in->is_writable || in->is_shared || strcmp (in->name, "[heap]") == 0)
        continue;
      if (in->is_stack || (tp > sp && tp < in->high && in->high - tp <= NEAR_THE_END))
        stacks[i] = (struct stack){ in->low, in->high, in->is_stack };
    }
  gcg__vmas_fini (&vmas);
  return true;
}

struct chain
{
  struct gcg__stop *stop;
  struct gcg__tracee *tracee; /* the thread that is used */
  const struct gcg__code *code;
  uint64_t base;
  struct gcg__vectors *vectors;
  struct gcg__made *made;
};

static uint64_t
frame_address (const struct chain *chain, int frame)
{
  return chain->base + WORD_BYTES + (uint64_t)frame * GCG__ARCH_FRAME;
}

static void
frame_for_call (const struct chain *chain, unsigned char *frames, int frame, int next, long number,
                const uint64_t arguments[6])
{
  struct gcg__regs regs = chain->tracee->regs;
  gcg__arch_enter (&regs, chain->code->entry, chain->code->restorer, frame_address (chain, next),
                   number, arguments);
  gcg__arch_frame (frames + (size_t)frame * GCG__ARCH_FRAME, chain->code->restorer, &regs,
                   all_signals, 0, chain->vectors);
}

/* Writes all frames; false when there is no room for them. */
static bool
write_chain (const struct chain *chain)
{
  unsigned char frames[N_FRAMES * GCG__ARCH_FRAME];
  uint64_t vectors = (chain->base + CHAIN_BYTES) & ~UINT64_C (63);
  struct gcg__regs own = chain->tracee->regs;
  gcg__arch_lifeline (&own);
  gcg__arch_frame (frames + (size_t)FRAME_OWN * GCG__ARCH_FRAME, chain->code->restorer, &own,
                   chain->tracee->mask, chain->vectors->bytes == 0 ? 0 : vectors, chain->vectors);
  /* The kernel stores the helper's number in the first argument. */
  frame_for_call (chain, frames, FRAME_WAIT, FRAME_OWN, SYS_wait4,
                  (uint64_t[6]){ 0, 0, (uint32_t)__WALL, 0 });
  frame_for_call (
      chain, frames, FRAME_HELPER_CLONE, FRAME_HELPER_EXIT, SYS_clone,
      (uint64_t[6]){ CLONE_FILES, gcg__arch_child_stack (frame_address (chain, FRAME_COPY)) });
  frame_for_call (chain, frames, FRAME_HELPER_EXIT, FRAME_HELPER_EXIT, SYS_exit,
                  (uint64_t[6]){ 0 });
  frame_for_call (chain, frames, FRAME_COPY, FRAME_COPY, SYS_exit_group, (uint64_t[6]){ 0 });
  return pwrite (chain->stop->mem, frames, sizeof frames, (off_t)frame_address (chain, 0))
             == (ssize_t)sizeof frames
         && pwrite (chain->stop->mem, chain->vectors->state, chain->vectors->bytes, (off_t)vectors)
                == (ssize_t)chain->vectors->bytes;
}

static size_t
chain_bytes (const struct gcg__vectors *vectors)
{
  return CHAIN_BYTES + vectors->bytes + 64u;
}

/* The thread is inside a critical section of restartable sequences: behind our registers the kernel
   cannot see that it has to be left. */
static bool
is_in_critical_section (struct gcg__stop *stop, const struct gcg__tracee *tracee)
{
#ifdef PTRACE_GET_RSEQ_CONFIGURATION
  struct
  {
    uint64_t address;
    uint32_t bytes, signature, flags, padding;
  } rseq = { 0 };
  uint64_t section, description[4]; /* version and flags, start, length, where to leave to */
  if (ptrace (PTRACE_GET_RSEQ_CONFIGURATION, tracee->tid, sizeof rseq, &rseq) < 0
      || rseq.address == 0
      || pread (stop->mem, &section, sizeof section, (off_t)(rseq.address + 8)) != sizeof section
      || section == 0
      || pread (stop->mem, description, sizeof description, (off_t)section) != sizeof description)
    return false;
  return gcg__arch_pc (&tracee->regs) - description[1] < description[2];
#else
  (void)stop;
  (void)tracee;
  return false;
#endif
}

/* --- The copy. */

static void
restore (struct chain *chain)
{
  struct gcg__tracee *tracee = chain->tracee;
  tracee->has_called = true;
  if (ptrace (PTRACE_SETSIGMASK, tracee->tid, MASK_BYTES, &tracee->mask) != 0
      || !gcg__arch_set (tracee->tid, &tracee->regs))
    tracee->state = GCG__TRACEE_RUNS; /* it is being killed */
}

/* A call by the thread, after which FRAME would come.  False: something else came, and has been
   dealt with. */
static bool
call (struct chain *chain, int frame, long number, const uint64_t arguments[6], int64_t *result,
      pid_t *child)
{
  struct gcg__tracee *tracee = chain->tracee;
  struct gcg__regs regs = tracee->regs;
  gcg__arch_enter (&regs, chain->code->entry, chain->code->restorer, frame_address (chain, frame),
                   number, arguments);
  pid_t value = 0;
  enum gcg__event event = gcg__inject_call (tracee->tid, gcg__stop_keeps (chain->stop, tracee->tid),
                                            &regs, gcg__now_ns () + PATIENCE_NS, child, &value);
  if (event == GCG__EVENT_CALL)
    {
      *result = gcg__arch_result (&regs);
      return true;
    }
  chain->made->why = GCG__FROZEN_NO_THREAD;
  chain->made->is_again = true;
  if (event == GCG__EVENT_SIGNAL)
    {
      /* Only SIGSTOP is not blocked: it is delivered when the thread is let go. */
      tracee->signal = value;
      restore (chain);
    }
  else if (event == GCG__EVENT_ENDED)
    tracee->state = GCG__TRACEE_GONE;
  else
    {
      /* It ends by itself. */
      tracee->state = GCG__TRACEE_RUNS;
      tracee->is_left_out = true;
      ptrace (PTRACE_INTERRUPT, tracee->tid, NULL, NULL);
    }
  return false;
}

/* COPY, new, comes to stand and is ours for good. */
static void
adopt (struct chain *chain, pid_t copy)
{
  pid_t value;
  struct gcg__made *made = chain->made;
  made->why = GCG__FROZEN_CLONE;
  made->clone_errno = ESRCH;
  if (copy == 0
      || gcg__event_wait (copy, false, gcg__now_ns () + PATIENCE_NS, &value) != GCG__EVENT_TRAP)
    return;
  if (ptrace (PTRACE_SETOPTIONS, copy, NULL, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD) != 0
      || !gcg__arch_get (copy, &made->regs))
    return;
  made->copy = copy;
  made->why = GCG__FROZEN_COPY;
  made->clone_errno = 0;
}

static void
copy_of_child (struct chain *chain)
{
  int64_t result;
  pid_t child;
  if (!call (chain, FRAME_OWN, SYS_clone,
             (uint64_t[6]){ CLONE_PARENT | CLONE_FILES,
                            gcg__arch_child_stack (frame_address (chain, FRAME_COPY)) },
             &result, &child))
    return;
  if (result < 0)
    chain->made->clone_errno = (int)-result;
  else
    adopt (chain, child);
  restore (chain);
}

/* The helper, which stands at its start, makes the copy, and is let go to its end. */
static void
helper_clones (struct chain *chain, pid_t helper)
{
  struct gcg__regs regs;
  pid_t copy, value;
  if (helper == 0
      || gcg__event_wait (helper, false, gcg__now_ns () + PATIENCE_NS, &value) != GCG__EVENT_TRAP
      || !gcg__arch_get (helper, &regs))
    return;
  gcg__arch_enter (
      &regs, chain->code->entry, chain->code->restorer, frame_address (chain, FRAME_HELPER_EXIT),
      SYS_clone,
      (uint64_t[6]){ CLONE_FILES, gcg__arch_child_stack (frame_address (chain, FRAME_COPY)) });
  enum gcg__event event
      = gcg__inject_call (helper, false, &regs, gcg__now_ns () + PATIENCE_NS, &copy, &value);
  if (event == GCG__EVENT_CALL && gcg__arch_result (&regs) < 0)
    chain->made->clone_errno = (int)-gcg__arch_result (&regs);
  else if (event == GCG__EVENT_CALL)
    adopt (chain, copy);
  ptrace (PTRACE_DETACH, helper, NULL, NULL);
}

static void
copy_by_helper (struct chain *chain)
{
  int64_t result;
  pid_t helper, none;
  uint64_t word = 0;
  if (!call (chain, FRAME_OWN, SYS_prctl,
             (uint64_t[6]){ PR_GET_CHILD_SUBREAPER, chain->base, 0, 0, 0 }, &result, &none))
    return;
  if (result != 0 || pread (chain->stop->mem, &word, 4, (off_t)chain->base) != 4 || word != 0)
    {
      chain->made->why = GCG__FROZEN_NAME_SPACE;
      restore (chain);
      return;
    }
  if (!call (chain, FRAME_WAIT, SYS_clone,
             (uint64_t[6]){ CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_PARENT_SETTID,
                            gcg__arch_child_stack (frame_address (chain, FRAME_HELPER_CLONE)),
                            frame_address (chain, FRAME_WAIT) + gcg__arch_frame_argument () },
             &result, &helper))
    return;
  if (result < 0)
    chain->made->clone_errno = (int)-result;
  else
    {
      helper_clones (chain, helper);
      struct gcg__made *made = chain->made;
      enum gcg__frozen_why why = made->why;
      if (!call (chain, FRAME_OWN, SYS_wait4,
                 (uint64_t[6]){ (uint64_t)result, 0, (uint32_t)__WALL, 0 }, &result, &none))
        return;
      made->why = why;
    }
  restore (chain);
}

/* --- Which thread. */

static int
fitness (const struct gcg__tracee *tracee)
{
  if (tracee->state != GCG__TRACEE_STANDS || tracee->is_other || tracee->signal != 0
      || !gcg__arch_native (&tracee->regs))
    return 0;
  /* Put right already, it is at the call again. */
  return tracee->is_again ? 3 : gcg__arch_fitness (&tracee->regs);
}

/* The best thread that has a place for the frames; NULL: none.  Sets the chain's base. */
static bool
choose (struct chain *chain, const struct stack *stacks, uint64_t scratch, uint64_t scratch_bytes)
{
  struct gcg__stop *stop = chain->stop;
  for (int wanted = 3; wanted > 0; wanted--)
    for (size_t i = 0; i < stop->n; i++)
      {
        struct gcg__tracee *tracee = &stop->tracees[i];
        if (fitness (tracee) != wanted || !gcg__arch_get_vectors (tracee->tid, chain->vectors))
          continue;
        size_t bytes = chain_bytes (chain->vectors);
        uint64_t end = scratch + scratch_bytes;
        if (scratch == 0)
          {
            end = gcg__arch_sp (&tracee->regs) - RED_ZONE;
            if (stacks[i].high == 0 || end < stacks[i].low + bytes)
              continue;
          }
        else if (scratch_bytes < bytes)
          continue;
        if (gcg__arch_dispatches (tracee->tid) || is_in_critical_section (stop, tracee))
          continue;
        chain->tracee = tracee;
        chain->base = (end - bytes) & ~UINT64_C (63);
        if (write_chain (chain))
          return true;
      }
  return false;
}

void
gcg__inject_copy (struct gcg__stop *stop, const struct gcg__code *code, uint64_t scratch,
                  uint64_t scratch_bytes, struct gcg__made *made)
{
  made->why = GCG__FROZEN_NO_THREAD;
  struct stack *stacks = calloc (stop->n, sizeof *stacks);
  struct chain chain
      = { .stop = stop, .code = code, .made = made, .vectors = malloc (sizeof *chain.vectors) };
  if (stacks == NULL || chain.vectors == NULL)
    goto done;
  if (scratch == 0 && !note_stacks (stop, stacks))
    goto done;
  if (!choose (&chain, stacks, scratch, scratch_bytes))
    goto done;
  int64_t began = gcg__now_ns ();
  made->why = GCG__FROZEN_CLONE;
  if (stop->is_child)
    copy_of_child (&chain);
  else
    copy_by_helper (&chain);
  made->clone_ns = gcg__now_ns () - began;
done:
  free (chain.vectors);
  free (stacks);
}
