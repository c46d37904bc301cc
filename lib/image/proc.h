/* proc.h -- what /proc says of a process and its threads before they are stopped.
 *
 * Plain reads of small files; nothing here stops or changes the process.  A process whose main
 * thread has ended shows empty files under its own number, so all take a thread that is alive.
 */
#ifndef GCG_IMAGE_PROC_H
#define GCG_IMAGE_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Lines of /proc/PID/task/TID/status. */
struct gcg__proc_status
{
  char name[16];
  char state;             /* letter; 0: unknown */
  pid_t tgid, ppid;       /* as seen by the reader */
  pid_t tracer;           /* 0: none; the number of a thread */
  pid_t own_tid;          /* in the innermost pid name space */
  uid_t uid, euid;        /* real, effective */
  int seccomp, n_filters; /* mode; filters in force */
  bool is_dumping;        /* it writes a core file */
  bool shadow_stack;      /* the processor checks return addresses */
  uint64_t n_switches;    /* how often it has given up its processor by itself */
  uint64_t pending;       /* unblocked signals that wait, of the thread or of the process */
  uint64_t ignored;       /* signals: bit 0 is signal 1 */
  uint64_t caught;        /* those with a handler */
};

/* Reads STATUS; false with errno. */
bool gcg__proc_status (pid_t pid, pid_t tid, struct gcg__proc_status *status)
    __attribute__ ((warn_unused_result));

/* Stores the numbers of PID's threads in *TIDS (grown by realloc; at first NULL and *CAPACITY 0)
   and returns how many; -1 with errno. */
ssize_t gcg__proc_threads (pid_t pid, pid_t **tids, size_t *capacity)
    __attribute__ ((warn_unused_result));

/* Opens the memory of process PID as open with FLAGS, by any of its threads: that of the main one
   is not found any more once it has ended.  -1 with errno. */
int gcg__proc_open_memory (pid_t pid, int flags);

/* The next child of thread TID would be in another pid name space than TID itself, or that cannot
   be found out. */
bool gcg__proc_new_pids (pid_t pid, pid_t tid);

/* Thread TID is in another pid name space than we are, or that cannot be found out. */
bool gcg__proc_other_pids (pid_t pid, pid_t tid);

/* Where a thread that does not stand waits: its system call (-1: none, it runs), sp and pc. */
bool gcg__proc_call (pid_t pid, pid_t tid, long *call, uint64_t *sp, uint64_t *pc);

/* When the thread was started, in clock ticks since the system's start, and the processor on which
   it has run last. */
bool gcg__proc_ran (pid_t pid, pid_t tid, uint64_t *started, int *cpu)
    __attribute__ ((warn_unused_result));

/* When, by the clock of its processor, the scheduler last looked at the thread, which for one that
   waits is when it began to, and how often it has given up its processor by itself.  False where
   the kernel does not say. */
bool gcg__proc_note (pid_t pid, pid_t tid, int64_t *note_ns, uint64_t *n_switches)
    __attribute__ ((warn_unused_result));

/* kernel.yama.ptrace_scope; 0 where there is none. */
int gcg__proc_ptrace_scope (void);

/* The whole of the file PATH as a text, NULs in it as spaces, "" when it cannot be read; NULL: no
   memory.  The caller frees it. */
char *gcg__proc_text (const char *path);

#endif
