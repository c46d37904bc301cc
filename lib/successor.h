/* successor.h -- the program that this process is about to become by exec: whether it is to run
 * under an agent, under which, and the environment that takes that there.
 *
 * gcglass is asked, over a connection of its own: it looks into the file from outside.  Only system
 * calls are made and nothing static is written, so all of this may run in a signal handler, beside
 * any thread, and in a child of vfork.
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

/* Whether what this process becomes may be looked into: it is the one that was started, or children
   are followed. */
bool gcg__successor_is_wanted (void);

/* Asks about the file that FD (O_PATH will do; -1: there is none) is open on, and that is to be run
   with ENVIRONMENT; only where it is wanted. */
void gcg__successor_ask (struct gcg__successor *next, int fd, char *const environment[]);

/* ENVIRONMENT as NEXT is to have it, made in VARIABLES and PRELOAD, which have the room that NEXT
   says; ENVIRONMENT itself where that stays. */
char *const *gcg__successor_environment (const struct gcg__successor *next,
                                         char *const environment[], char **variables,
                                         char *preload);

#endif
