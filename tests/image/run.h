/* run.h -- programs to be frozen (target.c), and what must be true of them afterwards. */
#ifndef GCG_TESTS_IMAGE_RUN_H
#define GCG_TESTS_IMAGE_RUN_H

#include <stdbool.h>
#include <sys/types.h>

struct run
{
  pid_t pid;     /* of the target */
  pid_t started; /* the child: the target, or its parent */
  int input, output;
  unsigned long held, combine, crash, hang; /* addresses */
  char *maps;                               /* at first */
  char text[8192];                          /* what it has printed */
  size_t n_text;
};

/* Starts target MODE ARGUMENT (may be NULL), as our child or as another's, and waits until it is
   ready.  Ends the test program when that fails. */
void run_start (struct run *run, bool is_child, const char *mode, const char *argument);

/* Reads what it prints until TEXT is among it; false at its end. */
bool run_wait_for (struct run *run, const char *text);

/* Nothing has been left: not traced, not stopped, no mapping, thread or process more.  What is
   wrong is printed as a TAP comment. */
bool run_is_as_before (struct run *run);

/* Until its main thread has no child. */
void run_wait_until_childless (struct run *run);

/* Lets it end, and returns its exit status, or -1: a signal. */
int run_finish (struct run *run);

/* Whether a target that ended with STATUS has done all it does, or had only such waits cut short as
   the kernel does not make again by itself after a stop. */
bool run_waits_as_the_kernel_has_it (const struct run *run, int status);

/* A line of /proc/PID/task/TID/status, as a number of BASE; a state as its letter. */
long run_status (pid_t pid, pid_t tid, const char *key, int base);

/* How many processes run the target's program, of what state ever. */
int run_count (void);

#endif
