/* launch.h -- what run and leaks share: options for the program, and the environment it is started
 * in, with the agent preloaded.
 *
 * What can be wrong with the program is said before it has done anything.
 */
#ifndef GCG_TOOLS_LAUNCH_H
#define GCG_TOOLS_LAUNCH_H

#include <stdbool.h>
#include <stdbool.h>

#include "gcglass/error.h"
#include "protocol.h"
#include "tools/command.h"
#include "tools/program.h"

struct launch
{
  const struct command *command;
  const char *every;       /* seconds between samples; borrowed */
  const char *stack_depth; /* NULL: what the agent takes; borrowed */
  const char *stack_every; /* the same */
  bool contents, lifetimes;
  bool leaks;     /* the agent does what leak reports need beyond snapshots */
  bool follow;    /* children run under the agent, too */
  bool collect;   /* the collector is to say what is garbage, where there is one */
  bool traced;    /* the program is traced for its life */
  bool no_last;   /* no snapshot at its end: it would not be used */
  bool outside;   /* programs are looked at from outside where that is permitted */
  bool fold;      /* libgc's warnings of finalization cycles are counted, not printed */
  unsigned looks; /* which roots and pointers count: LAUNCH_UNALIGNED and others */
  char looks_text[16];
  const char *signal; /* number of the signal that asks for a check; NULL: none */
  bool force;         /* run what cannot be looked into */
  bool heap_given;
  enum program_heap heap;  /* that was given */
  enum program_heap found; /* the program's */
  const char *name;        /* of the program, for messages */
  char *path, *preload;
};

/* The program that a process under us is about to become. */
struct launch_next
{
  bool announced;
  char name[256];
  enum program_heap heap;
  char reason[512];   /* why it will not be observed; "": it will */
  const char *unseen; /* invisible allocators in it (program_unseen), or NULL */
};

/* Pointers are looked for at odd addresses, too; not on stacks, in registers, in thread-local data
   (lib/malloc/areas.h). */
enum
{
  LAUNCH_UNALIGNED = 1,
  LAUNCH_NO_STACKS = 2,
  LAUNCH_NO_REGISTERS = 4,
  LAUNCH_NO_TLS = 8
};

/* The options of a launch, and what options_next returns for them. */
enum
{
  LAUNCH_STACK_DEPTH = 512,
  LAUNCH_STACK_EVERY,
  LAUNCH_HEAP,
  LAUNCH_FORCE,
  LAUNCH_COLLECT,
  LAUNCH_TRACED,
  LAUNCH_LAST
};
extern const struct command_option launch_options[];

/* Whether OPTION, as options_next returned it, is one of these. */
bool launch_has (int option);

/* Takes it, with its optarg.  0, or an exit status after a message. */
int launch_take (struct launch *launch, int option, const char *argument);

/* Reads the seconds of --every, which are 0 for never.  0, or an exit status after a message. */
int launch_every (const struct command *command, const char *text, double *seconds);

/* Finds the program NAME and the object to preload.  0, or an exit status after a message. */
int launch_find (struct launch *launch, const char *name);

/* Why the program is not traced, although that is wanted; NULL: it is, or it is not wanted. */
const char *launch_untraced (const struct launch *launch);

/* Examines the program in FILE, which a process is about to execute with LIBRARIES as
   LD_LIBRARY_PATH, and fills NEXT and the status and text of ANSWER (protocol.h: EXEC). */
void launch_answer (const struct launch *launch, int file, const char *libraries,
                    struct launch_next *next, struct gcg__message *answer);

/* Our environment with the agent in it, which is to connect to SOCKET_NAME; the first *OWN are of
   our making.  To be freed by launch_environment_free.  NULL: out of memory. */
char **launch_environment (const struct launch *launch, const char *socket_name, int *own);
void launch_environment_free (char **environment, int own);

void launch_fini (struct launch *launch);

#endif
