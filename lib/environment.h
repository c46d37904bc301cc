/* environment.h -- what gcglass run and gcglass leaks tell the preload object by variables of the
 * environment.
 *
 * They are taken out again, and so is the preload object itself: the program sees the environment
 * that it would see without us, and its children run without us unless they are to be followed.
 */
#ifndef GCG_ENVIRONMENT_H
#define GCG_ENVIRONMENT_H

#include <stdbool.h>
#include <sys/types.h>

struct gcg__environment
{
  char socket_name[100]; /* where the server listens; "": there is none */
  unsigned stack_depth, stack_every;
  double every; /* seconds between samples, 0 = none */
  int signal;   /* that asks for a check, 0 = none */
  bool lifetimes;
  bool leaks;  /* reports of leaks are made: no samples */
  bool follow; /* children run under us, too */
  pid_t pid;   /* of the process that read them */
};

/* Reads and takes out.  The C library must be initialised. */
void gcg__environment_read (struct gcg__environment *wishes);

/* Connects to the server and does what WISHES say; nothing without a server.  The agent must be
   ready. */
void gcg__environment_apply (const struct gcg__environment *wishes);

#endif
