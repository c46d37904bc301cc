/* launch.c -- see launch.h. */
#include "config.h"

#include "tools/launch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "link/outside.h"

#define TEXT_BYTES 512

extern char **environ;

const struct command_option launch_options[]
    = { { "stack-depth", LAUNCH_STACK_DEPTH, "N", NULL,
          "frames recorded for each allocation, 0 to 64, default 8" },
        { "stack-every", LAUNCH_STACK_EVERY, "N", NULL,
          "record stacks for one in N allocations, return addresses for the others" },
        { "heap", LAUNCH_HEAP, "gc|malloc", "gc malloc",
          "whose objects to examine: the collector's, or malloc's; default malloc's for a program "
          "that does not need libgc" },
        { "collect", LAUNCH_COLLECT, NULL, NULL,
          "let the collector collect before each snapshot and say what is garbage; without effect "
          "where the heap is malloc's" },
        { "traced", LAUNCH_TRACED, NULL, NULL,
          "trace the program, so that an end by a system call of its own or by any signal but KILL "
          "is seen too; without effect where the heap is the collector's" },
        { "force", LAUNCH_FORCE, NULL, NULL, "run the program even if it cannot be observed" },
        OPTION_END };

bool
launch_has (int option)
{
  return option >= LAUNCH_STACK_DEPTH && option < LAUNCH_LAST;
}

int
launch_take (struct launch *launch, int option, const char *argument)
{
  uint32_t number;
  switch (option)
    {
    case LAUNCH_STACK_DEPTH:
      launch->stack_depth = argument;
      if (command_number (argument, 0, 64, &number))
        return 0;
      return command_misuse (launch->command, "--stack-depth %s: must be 0 to 64", argument);
    case LAUNCH_STACK_EVERY:
      launch->stack_every = argument;
      if (command_number (argument, 1, 1000000000, &number))
        return 0;
      return command_misuse (launch->command, "--stack-every %s: must be 1 to 1000000000",
                             argument);
    case LAUNCH_HEAP:
      launch->heap_given = true;
      launch->heap = strcmp (argument, "malloc") == 0 ? PROGRAM_MALLOC : PROGRAM_COLLECTOR;
      if (launch->heap == PROGRAM_MALLOC || strcmp (argument, "gc") == 0)
        return 0;
      return command_misuse (launch->command, "--heap %s: must be gc or malloc", argument);
    case LAUNCH_COLLECT:
      launch->collect = true;
      return 0;
    case LAUNCH_TRACED:
      launch->traced = true;
      return 0;
    default:
      launch->force = true;
      return 0;
    }
}

int
launch_every (const struct command *command, const char *text, double *seconds)
{
  char *end;
  double every = strtod (text, &end);
  if (end == text || *end != '\0' || !(every == 0 || (every >= 0.01 && every <= 86400)))
    return command_misuse (command, "--every %s: seconds must be 0.01 to 86400, or 0 for never",
                           text);
  *seconds = every;
  return 0;
}

static const char *
base_name (const char *path)
{
  const char *slash = strrchr (path, '/');
  return slash == NULL || slash[1] == '\0' ? path : slash + 1;
}

/* Determines which heap of the program at PATH to observe, with LIBRARIES as in program_heap_of,
   and the object to preload for it, which the caller frees.  0, or an exit status and the reason in
   TEXT. */
static int
choose_preload (const struct launch *launch, const char *path, const char *libraries,
                enum program_heap *heap, char **preload, char text[TEXT_BYTES])
{
  const char *sanitizer;
  bool linked;
  *heap = PROGRAM_MALLOC;
  if (!launch->heap_given || launch->heap != PROGRAM_MALLOC)
    {
      *heap = program_heap_of (path, libraries, &linked, &sanitizer);
      if (launch->heap_given && linked)
        {
          snprintf (text, TEXT_BYTES,
                    "%s: it is linked with libgcglass-malloc, which excludes --heap gc", path);
          return PROGRAM_NOT_RUN;
        }
      if (launch->heap_given)
        *heap = launch->heap;
      if (*heap == PROGRAM_SANITIZED && !launch->force)
        {
          snprintf (text, TEXT_BYTES,
                    "%.400s: cannot observe: %s is in it, which has a malloc of its own: build it "
                    "without",
                    path, sanitizer);
          return PROGRAM_NOT_RUN;
        }
    }
  return program_find_preload (*heap, preload, text);
}

int
launch_find (struct launch *launch, const char *name)
{
  char text[TEXT_BYTES];
  launch->name = base_name (name);
  launch->outside = gcg__outside_is_wanted ();
  if (launch->collect && launch->heap_given && launch->heap == PROGRAM_MALLOC)
    {
      command_misuse (launch->command,
                      "--collect: with --heap malloc there is no collector to ask");
      return PROGRAM_FAILED;
    }
  if (launch->traced && launch->heap_given && launch->heap == PROGRAM_COLLECTOR)
    {
      command_misuse (launch->command,
                      "--traced: not with --heap gc: only the collector itself knows "
                      "what is alive, and it cannot be asked at the end");
      return PROGRAM_FAILED;
    }
  int status = program_find (name, &launch->path, text);
  if (status == 0 && !launch->force && !program_can_observe (launch->path, text))
    status = PROGRAM_NOT_RUN;
  if (status == 0 && program_is_of_other_library (launch->path, text))
    {
      launch->found = PROGRAM_MALLOC;
      if (launch->force)
        return 0;
      status = PROGRAM_NOT_RUN;
    }
  if (status == 0)
    status = choose_preload (launch, launch->path, NULL, &launch->found, &launch->preload, text);
  if (status != 0)
    command_fail (launch->command, "%s", text);
  return status;
}

const char *
launch_untraced (const struct launch *launch)
{
  return launch->traced && launch->found == PROGRAM_COLLECTOR
             ? "it is not traced: its heap is the collector's (libgc)"
             : NULL;
}

/* The path of FILE, if it names the same file for us: not in another root directory. */
static bool
find_path (int file, char path[TEXT_BYTES])
{
  char link[64];
  struct stat opened, found;
  snprintf (link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t n = readlink (link, path, TEXT_BYTES - 1);
  path[n > 0 ? n : 0] = '\0';
  return n > 0 && n < TEXT_BYTES - 1 && fstat (file, &opened) == 0 && stat (path, &found) == 0
         && opened.st_dev == found.st_dev && opened.st_ino == found.st_ino;
}

/* Removes advice from TEXT that applies only when starting a program. */
static void
keep_reason (char text[TEXT_BYTES])
{
  char *advice = strstr (text, " (--force runs");
  if (advice != NULL)
    *advice = '\0';
}

void
launch_answer (const struct launch *launch, int file, const char *libraries,
               struct launch_next *next, struct gcg__message *answer)
{
  char path[TEXT_BYTES], *preload = NULL;
  memset (next, 0, sizeof *next);
  next->announced = true;
  if (!find_path (file, path))
    snprintf (next->reason, TEXT_BYTES, "%.440s: cannot observe: it is in another root directory",
              path);
  else if (!program_can_observe (path, next->reason))
    keep_reason (next->reason);
  else if (program_is_of_other_library (path, next->reason)
           || choose_preload (launch, path, libraries, &next->heap, &preload, next->reason) != 0)
    {
      keep_reason (next->reason);
      answer->flags |= GCG__FLAG_WITHOUT;
    }
  else if (strlen (preload) >= sizeof answer->text)
    snprintf (next->reason, TEXT_BYTES, "%.440s: cannot observe: the path of the agent is too long",
              path);
  else
    next->unseen = program_unseen (path);
  snprintf (next->name, sizeof next->name, "%.255s", base_name (path));
  answer->status = next->reason[0] == '\0' ? GCG_OK : GCG_UNSUPPORTED;
  snprintf (answer->text, sizeof answer->text, "%s",
            next->reason[0] == '\0' ? preload : next->reason);
  free (preload);
}

/* The variables in the program's environment that configure the agent. */
#define MAX_SETTINGS 16

struct setting
{
  const char *name;  /* with its "=" */
  const char *value; /* NULL: as it is in our environment */
};

/* Fills SETTINGS for LAUNCH; returns how many. */
static int
make_settings (const struct launch *launch, const char *preload, const char *socket_name,
               struct setting settings[MAX_SETTINGS])
{
  int n = 0;
  settings[n++] = (struct setting){ "LD_PRELOAD=", preload };
  settings[n++] = (struct setting){ "GCGLASS_SOCKET=", socket_name };
  settings[n++] = (struct setting){ "GCGLASS_EVERY=", launch->every };
  settings[n++] = (struct setting){ "GCGLASS_STACK_DEPTH=", launch->stack_depth };
  settings[n++] = (struct setting){ "GCGLASS_STACK_EVERY=", launch->stack_every };
  settings[n++] = (struct setting){ "GCGLASS_CONTENTS=", launch->contents ? "1" : NULL };
  settings[n++] = (struct setting){ "GCGLASS_LIFETIMES=", launch->lifetimes ? "1" : NULL };
  settings[n++] = (struct setting){ "GCGLASS_LEAKS=", launch->leaks ? "1" : NULL };
  settings[n++] = (struct setting){ "GCGLASS_FOLLOW=", launch->follow ? "1" : NULL };
  settings[n++] = (struct setting){ "GCGLASS_LAST=", launch->no_last ? "0" : NULL };
  settings[n++] = (struct setting){ "GCGLASS_FOLD=", launch->fold ? "1" : NULL };
  settings[n++] = (struct setting){ "GCGLASS_SIGNAL=", launch->signal };
  settings[n++] = (struct setting){ "GCGLASS_LOOKS=", launch->looks ? launch->looks_text : NULL };
  settings[n++] = (struct setting){ "GCGLASS_STOP=", launch->outside ? "ptrace" : NULL };
  /* GLib before 2.76 hands out pieces of large blocks; the agent takes both out again. */
  bool slices = launch->found == PROGRAM_MALLOC && getenv ("G_SLICE") == NULL;
  settings[n++] = (struct setting){ "G_SLICE=", slices ? "always-malloc" : NULL };
  settings[n++] = (struct setting){ "GCGLASS_SLICES=", slices ? "1" : NULL };
  return n;
}

static bool
is_replaced (const char *variable, const struct setting *settings, int n)
{
  for (int i = 0; i < n; i++)
    if (settings[i].value != NULL
        && strncmp (variable, settings[i].name, strlen (settings[i].name)) == 0)
      return true;
  /* The options alone decide whether children are followed. */
  return strncmp (variable, "GCGLASS_TOKEN=", 14) == 0
         || strncmp (variable, "GCGLASS_FOLLOW=", 15) == 0;
}

void
launch_environment_free (char **environment, int own)
{
  for (int i = 0; environment != NULL && i < own; i++)
    free (environment[i]);
  free (environment);
}

char **
launch_environment (const struct launch *launch, const char *socket_name, int *own)
{
  const char *others = getenv ("LD_PRELOAD");
  bool other = others != NULL;
  struct setting settings[MAX_SETTINGS];
  char *preload;
  size_t n = 0;
  while (environ[n] != NULL)
    n++;
  char **result = calloc (n + MAX_SETTINGS + 1, sizeof *result);
  *own = 0;
  if (result == NULL
      || asprintf (&preload, "%s%s%s", launch->preload != NULL ? launch->preload : "",
                   other ? ":" : "", other ? others : "")
             < 0)
    {
      free (result);
      return NULL;
    }
  int n_settings
      = make_settings (launch, launch->preload != NULL ? preload : NULL, socket_name, settings);
  for (int i = 0; i < n_settings; i++)
    if (settings[i].value != NULL
        && asprintf (&result[(*own)++], "%s%s", settings[i].name, settings[i].value) < 0)
      {
        launch_environment_free (result, *own - 1);
        free (preload);
        return NULL;
      }
  size_t kept = (size_t)*own;
  for (size_t i = 0; i < n; i++)
    if (!is_replaced (environ[i], settings, n_settings))
      result[kept++] = environ[i];
  free (preload);
  return result;
}

void
launch_fini (struct launch *launch)
{
  free (launch->path);
  free (launch->preload);
  launch->path = launch->preload = NULL;
}
