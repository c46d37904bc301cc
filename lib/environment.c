/* environment.c -- see environment.h. */
#include "environment.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "control.h"
#include "ending.h"
#include "sample/lifetime.h"
#include "stack/stack.h"

#define DEFAULT_DEPTH 8

extern char **environ;

/* Takes NAME=... out of the environment in place, where main's third argument finds it as well. */
static void
take_out (const char *name)
{
  size_t n = strlen (name);
  char **to = environ;

  for (char **from = environ; from && *from; from++)
    if (strncmp (*from, name, n) != 0 || (*from)[n] != '=')
      *to++ = *from;
  if (to)
    *to = NULL;
}

/* Takes this object out of LD_PRELOAD when it leads it: a program may be linked with it. */
static void
take_out_preload (void)
{
  char *value = getenv ("LD_PRELOAD");
  size_t n = value ? strcspn (value, ": ") : 0;
  char *rest = value && value[n] ? value + n : NULL;
  const char *name = value ? memrchr (value, '/', n) : NULL;

  if (!name || strncmp (name + 1, "libgcglass-", 11) != 0)
    return;
  if (!rest)
    take_out ("LD_PRELOAD");
  else
    memmove (value, rest + 1, strlen (rest + 1) + 1);
}

void
gcg__environment_read (struct gcg__environment *wishes)
{
  static const char *const names[]
      = { "GCGLASS_SOCKET",    "GCGLASS_STACK_DEPTH", "GCGLASS_STACK_EVERY", "GCGLASS_EVERY",
          "GCGLASS_LIFETIMES", "GCGLASS_CONTENTS",    "GCGLASS_LEAKS",       "GCGLASS_SIGNAL" };
  const char *name = secure_getenv ("GCGLASS_SOCKET");
  const char *depth = secure_getenv ("GCGLASS_STACK_DEPTH");
  const char *stack_every = secure_getenv ("GCGLASS_STACK_EVERY");
  const char *seconds = secure_getenv ("GCGLASS_EVERY");
  const char *signal = secure_getenv ("GCGLASS_SIGNAL");

  *wishes = (struct gcg__environment){ .stack_depth = DEFAULT_DEPTH, .pid = getpid () };
  if (stack_every)
    wishes->stack_every = (unsigned)strtoul (stack_every, NULL, 10);
  if (depth)
    wishes->stack_depth = (unsigned)strtoul (depth, NULL, 10);
  if (seconds)
    wishes->every = strtod (seconds, NULL);
  if (signal)
    wishes->signal = atoi (signal);
  wishes->lifetimes = secure_getenv ("GCGLASS_LIFETIMES") != NULL;
  wishes->leaks = secure_getenv ("GCGLASS_LEAKS") != NULL;
  wishes->follow = secure_getenv ("GCGLASS_FOLLOW") != NULL;
  if (name && strlen (name) < sizeof wishes->socket_name)
    strcpy (wishes->socket_name, name);
  gcg__capture_contents_if_asked ();
  /* Nobody has started us: what is set is set by a person, for children as well. */
  if (!name || wishes->follow)
    return;
  take_out_preload ();
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    take_out (names[i]);
}

void
gcg__environment_apply (const struct gcg__environment *wishes)
{
  gcg__stack_sample (wishes->stack_every);
  /* A process that was forked before the program used the collector. */
  if (wishes->leaks && !wishes->follow && getpid () != wishes->pid)
    return;
  if (wishes->lifetimes)
    gcg__lifetime_begin ();
  if (!wishes->socket_name[0] || gcg__control_start (NULL) != GCG_OK
      || gcg__control_connect (wishes->socket_name, !wishes->leaks, NULL) != GCG_OK)
    return;
  gcg__ending_observe ();
  if (wishes->signal)
    gcg__control_signal (wishes->signal);
  if (wishes->every >= GCG__LEAST_INTERVAL && wishes->every <= GCG__MOST_INTERVAL)
    gcg__control_every (wishes->every);
}
