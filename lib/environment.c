/* environment.c -- see environment.h. */
#include "environment.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "contents.h"
#include "control.h"
#include "ending.h"
#include "outside.h"
#include "raw.h"
#include "sample/lifetime.h"
#include "sample/sample.h"
#include "stack/stack.h"
#include "successor.h"
#ifdef GCG_MALLOC
#include "malloc/roots.h"
#endif

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

const char *
gcg__environment_other_preload (const char *value)
{
  size_t n = strcspn (value, ": ");
  const char *name = memrchr (value, '/', n);

  if (!name || strncmp (name + 1, "libgcglass-", 11) != 0)
    return value;
  return value[n] ? value + n + 1 : NULL;
}

/* Takes this object out of LD_PRELOAD when it leads it: a program may be linked with it. */
static void
take_out_preload (void)
{
  char *value = getenv ("LD_PRELOAD");
  const char *rest = value ? gcg__environment_other_preload (value) : NULL;

  if (!value || rest == value)
    return;
  if (rest)
    memmove (value, rest, strlen (rest) + 1);
  else
    take_out ("LD_PRELOAD");
}

/* Room for their values; they are numbers, but for the name of the socket. */
#define SAVED_BYTES 1024

static const char *const names[]
    = { "GCGLASS_SOCKET",    "GCGLASS_STACK_DEPTH", "GCGLASS_STACK_EVERY", "GCGLASS_EVERY",
        "GCGLASS_LIFETIMES", "GCGLASS_CONTENTS",    "GCGLASS_LEAKS",       "GCGLASS_SIGNAL",
        "GCGLASS_FOLLOW",    "GCGLASS_LAST",        "GCGLASS_FOLD",        "GCGLASS_LOOKS",
        "GCGLASS_SLICES",    "GCGLASS_STOP" };
#define N_NAMES (sizeof names / sizeof *names)
_Static_assert(N_NAMES < GCG__MOST_SETTINGS, "GCG__MOST_SETTINGS");

/* GLib allocates each block by malloc when this is set; where GCGLASS_SLICES is, gcglass has set
   it, and GLib has read it before us: libraries that we do not need are initialised first. */
#define SLICES "G_SLICE"
static bool own_slices, slices_are_to_go;

static char saved_text[SAVED_BYTES];
static char *saved[GCG__MOST_SETTINGS + 1];
static const struct gcg__environment *read_wishes;

/* Copies the variables that are set. */
static void
save_settings (void)
{
  size_t used = 0, n = 0;

  for (size_t i = 0; i < N_NAMES + own_slices; i++)
    {
      const char *name = i < N_NAMES ? names[i] : SLICES, *value = getenv (name);
      size_t bytes = value ? strlen (name) + strlen (value) + 2 : 0;
      if (!value || bytes > SAVED_BYTES - used)
        continue;
      saved[n] = saved_text + used;
      stpcpy (stpcpy (stpcpy (saved[n++], name), "="), value);
      used += bytes;
    }
}

char *const *
gcg__environment_settings (void)
{
  return saved;
}

bool
gcg__environment_is_setting (const char *variable)
{
  size_t n = strcspn (variable, "=");

  for (size_t i = 0; i < N_NAMES; i++)
    if (strncmp (variable, names[i], n) == 0 && !names[i][n])
      return true;
  return own_slices && n == strlen (SLICES) && strncmp (variable, SLICES, n) == 0;
}

const char *
gcg__environment_socket (void)
{
  return read_wishes ? read_wishes->socket_name : "";
}

bool
gcg__environment_is_followed (bool child)
{
  return gcg__environment_socket ()[0]
         && (read_wishes->follow || (!child && (pid_t)syscall (SYS_getpid) == read_wishes->pid));
}

void
gcg__environment_read (struct gcg__environment *wishes)
{
  const char *name = secure_getenv ("GCGLASS_SOCKET");
  const char *depth = secure_getenv ("GCGLASS_STACK_DEPTH");
  const char *stack_every = secure_getenv ("GCGLASS_STACK_EVERY");
  const char *seconds = secure_getenv ("GCGLASS_EVERY");
  const char *signal = secure_getenv ("GCGLASS_SIGNAL");
  const char *way = secure_getenv ("GCGLASS_STOP");
#ifdef GCG_MALLOC
  const char *looks = secure_getenv ("GCGLASS_LOOKS");
  gcg__looks = looks ? (unsigned)strtoul (looks, NULL, 10) : 0;
#endif

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
  wishes->no_last = secure_getenv ("GCGLASS_LAST") != NULL;
  wishes->leaks = secure_getenv ("GCGLASS_LEAKS") != NULL;
  wishes->follow = secure_getenv ("GCGLASS_FOLLOW") != NULL;
  wishes->fold = secure_getenv ("GCGLASS_FOLD") != NULL;
  own_slices = secure_getenv ("GCGLASS_SLICES") != NULL;
  wishes->outside = way && strcmp (way, "ptrace") == 0;
  gcg__outside_set (way);
  if (name && strlen (name) < sizeof wishes->socket_name)
    strcpy (wishes->socket_name, name);
  gcg__contents_want_if_asked ();
  if (wishes->socket_name[0])
    {
      read_wishes = wishes;
      save_settings ();
      gcg__successor_begin ();
    }
  /* Not started by gcglass: the variables were set by the user, for children as well. */
  if (!name || wishes->follow)
    return;
  take_out_preload ();
  for (size_t i = 0; i < N_NAMES; i++)
    take_out (names[i]);
  slices_are_to_go = own_slices;
}

void
gcg__environment_begin (void)
{
  if (slices_are_to_go)
    take_out (SLICES);
  slices_are_to_go = false;
}

/* Connects to the server, with a thread that answers it unless it needs none (*ALONE). */
static bool
connect_as_wished (const struct gcg__environment *wishes, bool *alone)
{
  *alone = false;
#ifdef GCG_MALLOC
  /* While there is no other thread yet, as a rule: later ones would be stopped by signals. */
  if (gcg__outside_is_on () && !wishes->leaks)
    gcg__sample_survey ();
#endif
  if (wishes->outside)
    return gcg__control_connect_outside (wishes->socket_name, !wishes->leaks, alone, NULL) == GCG_OK
           && (*alone || gcg__control_start (NULL) == GCG_OK);
  return gcg__control_start (NULL) == GCG_OK
         && gcg__control_connect (wishes->socket_name, !wishes->leaks, NULL) == GCG_OK;
}

void
gcg__environment_apply (const struct gcg__environment *wishes)
{
  bool alone;

  gcg__stack_sample (wishes->stack_every);
  /* A process that was forked before the program used the collector. */
  if (wishes->leaks && !wishes->follow && getpid () != wishes->pid)
    return;
  if (wishes->lifetimes)
    gcg__lifetime_begin ();
  if (!wishes->socket_name[0] || !connect_as_wished (wishes, &alone))
    return;
  gcg__ending_observe ();
  if (wishes->signal)
    gcg__control_signal (wishes->signal);
  /* Who needs no thread takes periodic samples itself. */
  if (!alone && wishes->every >= GCG__LEAST_INTERVAL && wishes->every <= GCG__MOST_INTERVAL)
    gcg__control_every (wishes->every);
}
