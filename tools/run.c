/* run.c -- gcglass run: a program under the agent, its pages served while it runs and afterwards.
 *
 * Order: options, the program and the preload object are looked at, the port is taken, and only
 * then the program starts; so whatever can be wrong is said before it has done anything.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/fail.h"
#include "server/live.h"
#include "server/samples.h"
#include "server/source.h"
#include "tools/child.h"
#include "tools/command.h"
#include "tools/program.h"
#include "tools/save.h"
#include "tools/serving.h"

#define TEXT_BYTES 512

extern char **environ;

enum
{
  RUN_EXIT = SERVING_LAST,
  RUN_STACK_DEPTH,
  RUN_EVERY,
  RUN_RECORD,
  RUN_CONTENTS,
  RUN_HEAP,
  RUN_LIFETIMES,
  RUN_FOLLOW,
  RUN_FORCE
};

struct run
{
  struct serving serving;
  struct child child;
  struct gcg__live *live;
  bool exit;          /* end with the program */
  bool force;         /* run what cannot be looked into */
  const char *save;   /* file for the last snapshot, or NULL */
  const char *record; /* file for the recording, or NULL */
  const char *stack_depth;
  char every[32]; /* seconds between samples */
  bool contents, lifetimes;
  enum program_heap heap;
  bool heap_given;
  const char *name; /* of the program, for messages */
  char *path, *preload;
};

static int
take_every (struct run *run, const char *text)
{
  char *end;
  double every = strtod (text, &end);
  if (end == text || *end != '\0' || !(every == 0 || (every >= 0.01 && every <= 86400)))
    return command_misuse (run->serving.command,
                           "--every %s: seconds must be 0.01 to 86400, or 0 for no samples", text);
  snprintf (run->every, sizeof run->every, "%.9g", every);
  return 0;
}

/* Options in the environment. */
static int
take_environment (struct run *run)
{
  const char *every = secure_getenv ("GCGLASS_EVERY");
  const char *record = secure_getenv ("GCGLASS_RECORD");
  run->record = record != NULL && *record != '\0' ? record : NULL;
  return every != NULL && *every != '\0' ? take_every (run, every) : 0;
}

static int
take_options (struct run *run, int argc, char **argv)
{
  static const struct option options[]
      = { SERVING_LONG_OPTIONS,
          { "exit", no_argument, NULL, RUN_EXIT },
          { "stack-depth", required_argument, NULL, RUN_STACK_DEPTH },
          { "every", required_argument, NULL, RUN_EVERY },
          { "record", required_argument, NULL, RUN_RECORD },
          { "contents", no_argument, NULL, RUN_CONTENTS },
          { "heap", required_argument, NULL, RUN_HEAP },
          { "lifetimes", no_argument, NULL, RUN_LIFETIMES },
          { "follow", no_argument, NULL, RUN_FOLLOW },
          { "force", no_argument, NULL, RUN_FORCE },
          { NULL, 0, NULL, 0 } };
  int option, status = 0;
  while (status == 0 && (option = getopt_long (argc, argv, "+o:h", options, NULL)) != -1)
    switch (option)
      {
      case RUN_EXIT:
        run->exit = true;
        break;
      case RUN_FORCE:
        run->force = true;
        break;
      case RUN_STACK_DEPTH:
        {
          uint32_t depth;
          run->stack_depth = optarg;
          if (!command_number (optarg, 0, 64, &depth))
            status = command_misuse (run->serving.command, "--stack-depth %s: must be 0 to 64",
                                     optarg);
          break;
        }
      case RUN_EVERY:
        status = take_every (run, optarg);
        break;
      case RUN_RECORD:
        run->record = optarg;
        break;
      case RUN_CONTENTS:
        run->contents = true;
        break;
      case RUN_LIFETIMES:
        run->lifetimes = true;
        break;
      case RUN_HEAP:
        run->heap_given = true;
        run->heap = strcmp (optarg, "malloc") == 0 ? PROGRAM_MALLOC : PROGRAM_COLLECTOR;
        if (run->heap == PROGRAM_COLLECTOR && strcmp (optarg, "gc") != 0)
          status = command_misuse (run->serving.command, "--heap %s: must be gc or malloc", optarg);
        break;
      case RUN_FOLLOW:
        status = command_misuse (run->serving.command,
                                 "--follow: children of the program cannot be followed yet");
        break;
      case 'o':
        run->save = optarg;
        break;
      default:
        status = serving_take (&run->serving, option == 'h' ? SERVING_HELP : option, optarg, argv);
      }
  /* The pages live no longer than the program: their port does not matter, and two such runs are
     not to be in each other's way. */
  if (run->exit && !run->serving.port_given)
    run->serving.options.port = 0;
  if (status == 0 && optind == argc)
    status = command_misuse (run->serving.command, "no program to run was given");
  return status;
}

/* What the agent is told by variables of the program's environment. */
#define MAX_SETTINGS 8

struct setting
{
  const char *name;  /* with its "=" */
  const char *value; /* NULL: as it is in our environment */
};

/* Fills SETTINGS for RUN; returns how many. */
static int
make_settings (const struct run *run, const char *preload, const char *socket_name,
               struct setting settings[MAX_SETTINGS])
{
  int n = 0;
  settings[n++] = (struct setting){ "LD_PRELOAD=", preload };
  settings[n++] = (struct setting){ "GCGLASS_SOCKET=", socket_name };
  settings[n++] = (struct setting){ "GCGLASS_EVERY=", run->every };
  settings[n++] = (struct setting){ "GCGLASS_STACK_DEPTH=", run->stack_depth };
  settings[n++] = (struct setting){ "GCGLASS_CONTENTS=", run->contents ? "1" : NULL };
  settings[n++] = (struct setting){ "GCGLASS_LIFETIMES=", run->lifetimes ? "1" : NULL };
  return n;
}

static bool
is_replaced (const char *variable, const struct setting *settings, int n)
{
  for (int i = 0; i < n; i++)
    if (settings[i].value != NULL
        && strncmp (variable, settings[i].name, strlen (settings[i].name)) == 0)
      return true;
  return strncmp (variable, "GCGLASS_TOKEN=", 14) == 0;
}

/* The first N are of our making. */
static void
free_environment (char **environment, int n)
{
  for (int i = 0; environment != NULL && i < n; i++)
    free (environment[i]);
  free (environment);
}

/* Our environment with the agent in it, of which the first *OWN are of our making; NULL: out of
   memory. */
static char **
make_environment (const struct run *run, const char *socket_name, int *own)
{
  const char *others = getenv ("LD_PRELOAD");
  bool other = others != NULL && *others != '\0';
  struct setting settings[MAX_SETTINGS];
  char *preload;
  size_t n = 0;
  while (environ[n] != NULL)
    n++;
  char **result = calloc (n + MAX_SETTINGS + 1, sizeof *result);
  *own = 0;
  if (result == NULL
      || asprintf (&preload, "%s%s%s", run->preload, other ? ":" : "", other ? others : "") < 0)
    {
      free (result);
      return NULL;
    }
  int n_settings = make_settings (run, preload, socket_name, settings);
  for (int i = 0; i < n_settings; i++)
    if (settings[i].value != NULL
        && asprintf (&result[(*own)++], "%s%s", settings[i].name, settings[i].value) < 0)
      {
        free_environment (result, *own - 1);
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

static void
on_closed (void *context)
{
  serving_wake (context);
}

/* Takes what is needed, then starts the program.  0 or an exit status after a message. */
static int
start (struct run *run, char **arguments)
{
  struct serving *serving = &run->serving;
  struct gcg__live_events events = { serving, on_closed };
  char name[GCG__SOCKET_NAME_BYTES], text[TEXT_BYTES];
  struct gcg_error error;
  char **environment;
  int own, status = PROGRAM_FAILED;
  if (serving_begin (serving) != 0)
    return PROGRAM_FAILED;
  if (gcg__live_listen (serving->source, &events, name, &run->live, &error) != GCG_OK
      || (run->record != NULL
          && gcg__samples_record (gcg__source_samples (serving->source), run->record, &error)
                 != GCG_OK))
    {
      command_fail (serving->command, "%s", error.text);
      return PROGRAM_FAILED;
    }
  environment = make_environment (run, name, &own);
  if (environment == NULL)
    {
      command_fail (serving->command, "out of memory");
      return PROGRAM_FAILED;
    }
  gcg__source_set_process (serving->source, 0, run->name);
  if (serving_start (serving) == 0)
    {
      status = child_start (&run->child, serving, run->path, arguments, environment, text);
      if (status != 0)
        command_fail (serving->command, "%s", text);
      else
        gcg__source_set_process (serving->source, run->child.pid, run->name);
    }
  free_environment (environment, own);
  return status;
}

/* Until the program, and whoever of its children is being looked into, has ended. */
static void
attend (struct run *run)
{
  struct signalfd_siginfo info;
  while (!run->child.ended)
    if (serving_wait (&run->serving, &info))
      child_signal (&run->child, &info);
  gcg__live_finish (run->live, run->child.pid);
  while (gcg__live_is_connected (run->live) && !run->exit && !run->child.finish)
    if (serving_wait (&run->serving, &info))
      run->child.finish = serving_is_end (&info);
  gcg__source_set_ended (run->serving.source, run->child.status);
}

/* Saves the last snapshot; 0 or an exit status after a message. */
static int
save (struct run *run)
{
  struct gcg_error error;
  int from = gcg__source_newest (run->serving.source);
  if (from < 0)
    {
      command_fail (run->serving.command, "%s is not written: no snapshot was taken", run->save);
      return PROGRAM_FAILED;
    }
  enum gcg_status status = save_file (from, run->save, &error);
  close (from);
  if (status == GCG_OK)
    return 0;
  command_fail (run->serving.command, "%s", error.text);
  return PROGRAM_FAILED;
}

/* Says what was recorded; 0 or an exit status after a message. */
static int
finish_recording (struct run *run)
{
  struct gcg_error error;
  char failure[256];
  struct gcg__samples *samples = gcg__source_samples (run->serving.source);
  enum gcg_status status = gcg__samples_finish (samples, run->child.status, &error);
  gcg__samples_failure (samples, failure);
  if (failure[0] != '\0')
    command_fail (run->serving.command, "the program's samples were refused: %s", failure);
  if (status == GCG_OK)
    return 0;
  command_fail (run->serving.command, "%s", error.text);
  return PROGRAM_FAILED;
}

/* Saves what is to be saved and serves on.  Returns an exit status. */
static int
linger (struct run *run)
{
  struct serving *serving = &run->serving;
  struct signalfd_siginfo info;
  char how[128];
  int status = run->save == NULL ? 0 : save (run);
  if (finish_recording (run) != 0)
    status = PROGRAM_FAILED;
  if (!gcg__source_was_live (serving->source))
    serving_say (serving,
                 "%s never used the collector (libgc), or uses a copy of its own: nothing to show",
                 run->name);
  if (run->exit || run->child.finish)
    return status;
  child_describe (&run->child, how);
  serving_say (serving, "%s %s; still serving, Ctrl+C ends", run->name, how);
  while (!serving_wait (serving, &info) || !serving_is_end (&info))
    ;
  return status;
}

static const char *
base_name (const char *path)
{
  const char *slash = strrchr (path, '/');
  return slash == NULL || slash[1] == '\0' ? path : slash + 1;
}

static int
run_main (const struct command *self, int argc, char **argv)
{
  struct run run = { .every = "1" };
  char text[TEXT_BYTES];
  int status = serving_init (&run.serving, self);
  if (status == 0)
    status = take_environment (&run);
  if (status == 0)
    status = take_options (&run, argc, argv);
  if (status == -1)
    return 0;
  if (status != 0)
    return PROGRAM_FAILED;
  char **arguments = argv + optind;
  run.name = base_name (arguments[0]);
  status = program_find (arguments[0], &run.path, text);
  if (status == 0 && !run.force && !program_can_observe (run.path, text))
    status = PROGRAM_NOT_RUN;
  if (status == 0)
    status = program_find_preload (run.heap_given ? run.heap : program_heap_of (run.path),
                                   &run.preload, text);
  if (status != 0)
    {
      command_fail (self, "%s", text);
      free (run.path);
      return status;
    }
  status = start (&run, arguments);
  bool started = status == 0;
  if (started)
    {
      attend (&run);
      status = linger (&run);
    }
  serving_stop (&run.serving);
  gcg__live_free (run.live);
  serving_end (&run.serving);
  free (run.path);
  free (run.preload);
  if (started)
    child_imitate (&run.child, status);
  return status;
}

const struct command command_run = {
  .name = "run",
  .arguments = "[OPTION]... -- PROGRAM [ARGUMENT]...",
  .summary = "Runs a program and serves the pages that show its heap, also after it has ended",
  .options = SERVING_HELP_TEXT
  "  --exit             end with the program instead of serving on; any free port without --port\n"
  "  --stack-depth N    frames noted for each allocation, 0 to 64\n"
  "  --every SECONDS    time between samples, 1 without it; 0: none\n"
  "  --record FILE      record samples and snapshots to FILE, for gcglass view\n"
  "  --lifetimes        count how old objects become, a few ns for each\n"
  "  --heap gc|malloc   whose objects to look at: the collector's, or malloc's; without it\n"
  "                     malloc's of a program that does not need libgc\n"
  "  --contents         snapshots hold the first bytes of each object\n"
  "  -o FILE            save the last snapshot to FILE\n"
  "  --force            run the program even if it cannot be looked into\n"
  "\n"
  "The exit status is the program's (a signal that kills it, too); 125: gcglass itself\n"
  "failed; 126: the program cannot be run or looked into; 127: there is no such program.\n",
  .function = run_main,
};
