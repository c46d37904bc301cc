/* agent_root.h -- where gcglass finds what it needs in a program that it looks at from outside.
 *
 * One exported structure, gcg__agent_root, in the agent's writable data.  gcglass stops the program
 * by ptrace, makes a frozen copy of it, lets it go, and calls the function at WALK in the copy,
 * which writes the snapshot: the program itself runs nothing.  Addresses are those of the program,
 * which are those of the copy; 0: there is none.
 *
 *   HELLO's text    "VERSION ADDRESS": the agent's version, and the root's address in hexadecimal
 *   the symbol      gcg__agent_root in the agent's dynamic symbols: a process without a connection
 *
 * A copy made while IN_LIBGC is not 0 is not whole: libgc's heap is being changed.  It is to be
 * made again a little later; the counter is that of the same instant, since it is in the copy.
 * Fields are only added at the end, and BYTES says how many there are.
 */
#ifndef GCG_AGENT_ROOT_H
#define GCG_AGENT_ROOT_H

#include <stdint.h>

#define GCG__ROOT_MAGIC   UINT64_C (0x31544f4f52474347) /* "GCGROOT1" */
#define GCG__ROOT_VERSION 1u
#define GCG__ROOT_SYMBOL  "gcg__agent_root"

struct gcg__agent_root
{
  uint64_t magic; /* written last */
  uint32_t version, bytes;
  uint32_t pid;      /* as the program sees itself */
  uint32_t in_libgc; /* threads that are changing libgc's heap */
  uint64_t scratch;  /* memory that the agent keeps for who stops the program */
  uint64_t scratch_bytes;
  uint64_t syscall_ret; /* "syscall; ret" */
  uint64_t restorer;    /* "mov $15, %eax; syscall": returns from a signal */
  uint64_t walk;        /* int (struct gcg__walk *): 0 or an errno */
  uint64_t birth;       /* address of the uint32_t that is to go up by one with each copy */
  uint64_t hidden;      /* address of a struct gcg__root_table: what children do not inherit */
};

/* Ranges of addresses, while the program stands. */
struct gcg__root_table
{
  uint64_t ranges; /* address of {uint64_t low, high}[n] */
  uint32_t n, room;
};

/* A thread as it stood.  CONTEXT is a ucontext_t whose fpregs lead to its vector registers as the
   kernel saves them for a signal handler, or are NULL. */
struct gcg__walk_thread
{
  uint64_t tid;
  uint64_t context;
  uint64_t thread_pointer; /* 0: not known */
  uint32_t state;          /* letter, as in /proc; 0: not known */
  char name[16];           /* NUL-terminated */
};

/* What walk is to do, written into the copy. */
struct gcg__walk
{
  uint64_t description; /* address of a text */
  uint64_t threads;     /* address of struct gcg__walk_thread[n_threads]: all that there are */
  /* Addresses of the texts of these files in /proc, NUL-terminated, since the program has gone on,
     and may see no /proc: MAPS are the copy's. */
  uint64_t maps, exe, command_line, status, stat, smaps;
  uint64_t requested_ns, monotonic_ns, realtime_ns; /* asked for; copied */
  uint64_t stop_ns, pause_ns;                       /* until all threads stood; in all */
  uint32_t n_threads;
  uint32_t ending_tid; /* the thread that ends the program, 0: the program goes on */
  /* The answer. */
  int32_t fd; /* of the sealed snapshot: a descriptor of the copy's */
};

#endif
