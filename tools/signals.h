/* signals.h -- signal handling while a child program runs, or pages are served.
 *
 * signals_begin blocks all but those that mean a fault, before any thread is there, and remembers
 * mask and dispositions as they were, for programs that are started.  From then on signals are read
 * from a descriptor in the main thread.
 */
#ifndef GCG_TOOLS_SIGNALS_H
#define GCG_TOOLS_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>

struct signals
{
  sigset_t mask; /* as it was */
  struct sigaction actions[NSIG];
  bool internal_ignored[2]; /* of the two signals that the C library keeps for itself */
  int fd;                   /* to read them from; -1: not begun */
};

/* Blocks them, those of job control (the last three in its table) only unless it STOPS us.  false
 * with errno: there is no descriptor to read them from. */
bool signals_begin (struct signals *signals, bool stops);

/* Reads one; false: there is none. */
bool signals_read (const struct signals *signals, struct signalfd_siginfo *info);

/* Returns whether INFO asks us to end. */
bool signals_is_end (const struct signalfd_siginfo *info);

/* In a new process: dispositions and mask as they were.  Async-signal-safe. */
void signals_restore (const struct signals *signals);

/* Closes the descriptor; they stay blocked. */
void signals_end (struct signals *signals);

#endif
