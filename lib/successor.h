/* successor.h -- the program that this process is about to become by exec, or to start in a child:
 * whether it runs under an agent, which one, and the environment that loads it.
 *
 * gcglass inspects the file and answers over a separate connection.  The code makes only system
 * calls and writes no static data, so it may run in a signal handler, beside any thread, and in a
 * child of vfork.
 */
#ifndef GCG_SUCCESSOR_H
#define GCG_SUCCESSOR_H

#include <stdbool.h>
#include <stddef.h>

/* What gcglass has answered. */
struct gcg__successor
{
  char preload[1000]; /* the object for LD_PRELOAD; "": the program runs without us */
  bool harmed; /* nothing of ours may be in LD_PRELOAD, where it is when children are followed */
  const char *others;   /* what else is in LD_PRELOAD, or NULL; borrowed */
  size_t preload_bytes; /* of the variable LD_PRELOAD; 1 where the environment stays */
  size_t n_variables;   /* room for the environment; 1 where it stays */
};

/* Notes what this process begins with. */
void gcg__successor_begin (void);

/* Returns whether the new program may be observed: children are followed, or this is the process
   that was started, and the program does not run in a new child (CHILD). */
bool gcg__successor_is_wanted (bool child);

/* Fills NEXT with gcglass's answer about the file on FD (may be O_PATH), to be run with
   ENVIRONMENT, in a new child if CHILD.  FD -1: asks nothing, and NEXT leaves the environment as it
   is.  Preserves errno. */
void gcg__successor_ask (struct gcg__successor *next, int fd, char *const environment[],
                         bool child);

/* Returns the environment for NEXT, built in VARIABLES and PRELOAD, whose sizes NEXT gives;
   ENVIRONMENT itself if nothing changes. */
char *const *gcg__successor_environment (const struct gcg__successor *next,
                                         char *const environment[], char **variables,
                                         char *preload);

#endif
