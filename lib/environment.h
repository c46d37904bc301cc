/* environment.h -- environment variables by which gcglass run and gcglass leaks configure the
 * preload object.
 *
 * They are removed again, and so is the preload object from LD_PRELOAD: the program sees the
 * environment that it would see without the agent, and its children run without the agent unless
 * they are followed.  A copy is kept for the program that the process may become (successor.h),
 * because programs overwrite their environment block.
 */
#ifndef GCG_ENVIRONMENT_H
#define GCG_ENVIRONMENT_H

#include <stdbool.h>
#include <sys/types.h>

struct gcg__environment
{
  char socket_name[100]; /* the server's socket; "": no server */
  unsigned stack_depth, stack_every;
  double every; /* seconds between samples, 0 = none */
  int signal;   /* that asks for a check, 0 = none */
  bool lifetimes;
  bool no_last; /* no snapshot at the end */
  bool leaks;   /* reports of leaks are made: no samples */
  bool follow;  /* children run under us, too */
  bool outside; /* gcglass may stop the program (outside.h) */
  bool fold;    /* libgc's warnings of finalization cycles are counted, not printed */
  pid_t pid;    /* of the process that read them */
};

/* Reads and takes out.  The C library must be initialised. */
void gcg__environment_read (struct gcg__environment *wishes);

/* Removes the variables meant for libraries that are initialised before this one.  Called by the
   constructor. */
void gcg__environment_begin (void);

/* The variables that were read, "NAME=VALUE" each; the last is followed by NULL. */
#define GCG__MOST_SETTINGS 16
char *const *gcg__environment_settings (void);

/* Returns whether VARIABLE, "NAME=VALUE", is one of those. */
bool gcg__environment_is_setting (const char *variable);

/* Abstract name of the server's socket; "": no server. */
const char *gcg__environment_socket (void);

/* Returns whether the program that this process becomes, or (CHILD) one that it starts, should run
   under the agent, if it can. */
bool gcg__environment_is_followed (bool child);

/* Returns the objects in VALUE, the value of LD_PRELOAD, other than this one; NULL: no others. */
const char *gcg__environment_other_preload (const char *value);

/* Connects to the server and does what WISHES say; nothing without a server.  The agent must be
   ready. */
void gcg__environment_apply (const struct gcg__environment *wishes);

#endif
