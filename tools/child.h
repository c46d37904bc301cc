/* child.h -- the program under gcglass run and leaks: started, signalled and awaited transparently.
 *
 * It gets our standard streams, no other descriptor, our original signal mask, dispositions and
 * limits, and our process group, so that the terminal's signals reach it by themselves.  Signals
 * that other processes send to gcglass are passed on to it; when it stops, our front stops
 * (front.h), so that the shell's job control works.
 */
#ifndef GCG_TOOLS_CHILD_H
#define GCG_TOOLS_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "tools/signals.h"

struct child
{
  pid_t pid;
  bool ended;
  bool stopped;
  unsigned n_turns; /* of a traced one, seen (image/traced.h) */
  bool finish;      /* we were asked to end: nothing more is served afterwards */
  int status;       /* as from waitpid */
};

/* From now on this process may have as many descriptors open as it is allowed to: the files of a
   program's modules stay open for each snapshot, several for each.  Not thread-safe. */
void child_raise_limit (void);

/* Starts the program at PATH.  0, or an exit status and the reason in TEXT. */
int child_start (struct child *child, const struct signals *signals, const char *path,
                 char *const *arguments, char *const *environment, char text[512]);

/* Deals with a signal that came to us while the program runs. */
void child_signal (struct child *child, const struct signalfd_siginfo *info);

/* "ended with status 0", "was killed by signal 11 (Segmentation fault)" */
void child_describe (const struct child *child, char text[128]);

/* Ends this process as the program ended: the same status, or the same signal, without a core file
   of our own.  STATUS is used instead when it is not 0 and the program ended with 0. */
void child_imitate (const struct child *child, int status) __attribute__ ((noreturn));

#endif
