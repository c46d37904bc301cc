/* environment.h -- what gcglass run and gcglass leaks tell the preload object by variables of the
 * environment.
 *
 * They are taken out again, and so is the preload object itself: the program sees the environment
 * that it would see without us, and its children run without us unless they are to be followed.
 * A copy is kept for the program that the process may become (successor.h): programs write over the
 * block that they were given.
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
  bool no_last; /* no snapshot at the end */
  bool leaks;   /* reports of leaks are made: no samples */
  bool follow;  /* children run under us, too */
  bool fold;    /* libgc's warnings of finalization cycles are counted, not printed */
  pid_t pid;    /* of the process that read them */
};

/* Reads and takes out.  The C library must be initialised. */
void gcg__environment_read (struct gcg__environment *wishes);

/* Takes out what libraries are to see that are initialised before us: for our constructor. */
void gcg__environment_begin (void);

/* The variables that were read, "NAME=VALUE" each; the last is followed by NULL. */
#define GCG__MOST_SETTINGS 14
char *const *gcg__environment_settings (void);

/* Is VARIABLE, "NAME=VALUE", one of those? */
bool gcg__environment_is_setting (const char *variable);

/* Where the server listens; "": there is none. */
const char *gcg__environment_socket (void);

/* Is what this process becomes to run under us, if it can? */
bool gcg__environment_is_followed (void);

/* What is in LD_PRELOAD, whose value is VALUE, beside this object; NULL: without it, it is not set.
 */
const char *gcg__environment_other_preload (const char *value);

/* Connects to the server and does what WISHES say; nothing without a server.  The agent must be
   ready. */
void gcg__environment_apply (const struct gcg__environment *wishes);

#endif
