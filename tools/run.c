/* run.c -- gcglass run: a program under the agent, its pages served while it runs and afterwards.
 *
 * Order: options, the program and the preload object are looked at, the port is taken, and only
 * then the program starts; so whatever can be wrong is said before it has done anything.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/save.h"
#include "base/error.h"
#include "report/findings.h"
#include "report/model.h"
#include "report/words.h"
#include "server/live.h"
#include "server/samples.h"
#include "server/source.h"
#include "tools/child.h"
#include "tools/command.h"
#include "tools/front.h"
#include "tools/launch.h"
#include "tools/serving.h"

#define TEXT_BYTES 512

enum
{
  RUN_EXIT = SERVING_LAST,
  RUN_EVERY,
  RUN_RECORD,
  RUN_CONTENTS,
  RUN_LIFETIMES,
  RUN_WARNINGS
};

struct run
{
  struct serving serving;
  struct child child;
  struct gcg__live *live;
  struct launch launch;
  struct launch_next next; /* what the program becomes; of the thread that listens to it */
  char name[sizeof ((struct launch_next *)NULL)->name]; /* what it has become */
  bool exit;                                            /* end with the program */
  const char *save;                                     /* file for the last snapshot, or NULL */
  const char *record;                                   /* file for the recording, or NULL */
  char every[32];                                       /* seconds between samples */
};

static int
take_every (struct run *run, const char *text)
{
  double every;
  int status = launch_every (run->serving.command, text, &every);
  if (status == 0)
    snprintf (run->every, sizeof run->every, "%.9g", every);
  return status;
}

/* Options in the environment. */
static int
take_environment (struct run *run)
{
  const char *every = secure_getenv ("GCGLASS_EVERY");
  const char *record = secure_getenv ("GCGLASS_RECORD");
  run->launch.fold = secure_getenv ("GCGLASS_WARNINGS") == NULL;
  run->record = record != NULL && *record != '\0' ? record : NULL;
  return every != NULL && *every != '\0' ? take_every (run, every) : 0;
}

static int
take_option (struct run *run, int option)
{
  switch (option)
    {
    case RUN_EXIT:
      run->exit = true;
      return 0;
    case RUN_EVERY:
      return take_every (run, optarg);
    case RUN_RECORD:
      run->record = optarg;
      return 0;
    case RUN_CONTENTS:
      run->launch.contents = true;
      return 0;
    case RUN_LIFETIMES:
      run->launch.lifetimes = true;
      return 0;
    case RUN_WARNINGS:
      run->launch.fold = false;
      return 0;
    case 'o':
      run->save = optarg;
      return 0;
    default:
      return launch_has (option) ? launch_take (&run->launch, option, optarg)
                                 : serving_take (&run->serving, option, optarg);
    }
}

static int
take_options (struct run *run, int argc, char **argv)
{
  int option, status = 0;
  while (status == 0 && (option = options_next (run->serving.command, argc, argv)) != OPTIONS_DONE)
    status = take_option (run, option);
  /* The pages live no longer than the program: their port does not matter, and two such runs are
     not to be in each other's way. */
  if (run->exit && !run->serving.port_given)
    run->serving.options.port = 0;
  run->serving.options.collects = run->launch.collect;
  if (status == 0 && optind == argc)
    status = command_misuse (run->serving.command, "no program to run was given");
  return status;
}

static void
on_closed (void *context)
{
  struct run *run = context;
  serving_wake (&run->serving);
}

/* The program is about to become another one. */
static void
on_executes (void *context, int file, const char *libraries, struct gcg__message *answer)
{
  struct run *run = context;
  launch_answer (&run->launch, file, libraries, &run->next, answer);
}

/* It has become that: its pages are shown from now on. */
static void
on_executed (void *context)
{
  struct run *run = context;
  if (run->next.reason[0] != '\0')
    serving_say (&run->serving, "%s has become another program: %s", run->launch.name,
                 run->next.reason);
  run->launch.found = run->next.heap;
  snprintf (run->name, sizeof run->name, "%s", run->next.name);
  run->launch.name = run->name;
  if (run->next.unseen != NULL)
    serving_say (&run->serving, "%s: %s", run->name, run->next.unseen);
  gcg__source_set_program (run->serving.source, run->name);
}

static void
on_failed (void *context, const char *text)
{
  struct run *run = context;
  serving_say (&run->serving, "%s: %s", run->launch.name, text);
}

static void
on_inside (void *context, const char *why)
{
  struct run *run = context;
  serving_say (&run->serving, "%s: %s; it is stopped by signals instead", run->launch.name, why);
}

/* Takes what is needed, then starts the program.  0 or an exit status after a message. */
static int
start (struct run *run, char **arguments)
{
  struct serving *serving = &run->serving;
  front_begin ();
  struct gcg__live_events events = { .context = run,
                                     .closed = on_closed,
                                     .executes = on_executes,
                                     .executed = on_executed,
                                     .failed = on_failed,
                                     .inside = on_inside,
                                     .every_s = strtod (run->every, NULL),
                                     .collects = run->launch.collect,
                                     .traces = run->launch.traced,
                                     .from_inside = run->launch.lifetimes,
                                     .ends = run->exit };
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
  /* The pages end with the program: the last snapshot is only of use in a file. */
  run->launch.no_last = run->exit && run->save == NULL && run->record == NULL;
  environment = launch_environment (&run->launch, name, &own);
  if (environment == NULL)
    {
      command_fail (serving->command, "out of memory");
      return PROGRAM_FAILED;
    }
  gcg__source_set_process (serving->source, 0, run->launch.name);
  /* Without the address no client can request a page. */
  bool unseen = run->exit && serving->quiet && !serving->open && !serving->port_given;
  if (unseen || serving_start (serving) == 0)
    {
      status = child_start (&run->child, &serving->signals, run->launch.path, arguments,
                            environment, text);
      if (status != 0)
        command_fail (serving->command, "%s", text);
      else
        {
          const char *beside = program_unseen (run->launch.path);
          gcg__source_set_process (serving->source, run->child.pid, NULL);
          const char *untraced = launch_untraced (&run->launch);
          if (beside != NULL)
            serving_say (serving, "%s: %s", run->launch.name, beside);
          if (untraced != NULL)
            serving_say (serving, "%s: %s", run->launch.name, untraced);
        }
    }
  launch_environment_free (environment, own);
  return status;
}

/* Until the program and its observed children have ended. */
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
      run->child.finish = signals_is_end (&info);
  gcg__source_set_ended (run->serving.source, run->child.status);
}

/* Saving of a snapshot in a separate thread, so that signals are handled even if a FIFO or a file
   system blocks for ever. */
struct saving
{
  struct run *run;
  int from;
  enum gcg_status status;
  struct gcg_error error;
  atomic_bool done;
};

static void *
save_snapshot (void *context)
{
  struct saving *saving = context;
  saving->status = gcg__save_copy (saving->from, saving->run->save, &saving->error);
  atomic_store (&saving->done, true);
  serving_wake (&saving->run->serving);
  return NULL;
}

/* Saves the last snapshot; 0, or an exit status after a message.  A terminating signal abandons
   it. */
static int
save (struct run *run)
{
  struct signalfd_siginfo info;
  struct saving saving = { .run = run, .from = gcg__source_newest (run->serving.source) };
  char why[256];
  pthread_t thread;
  if (saving.from < 0)
    {
      gcg__source_failure (run->serving.source, why);
      command_fail (run->serving.command, "%s is not written: %s", run->save,
                    why[0] != '\0' ? why : "no snapshot was taken");
      return PROGRAM_FAILED;
    }
  int failure = pthread_create (&thread, NULL, save_snapshot, &saving);
  while (failure == 0 && !atomic_load (&saving.done))
    if (serving_wait (&run->serving, &info) && signals_is_end (&info))
      {
        pthread_cancel (thread);
        failure = EINTR;
        run->child.finish = true;
      }
  if (failure == 0 || failure == EINTR)
    pthread_join (thread, NULL);
  close (saving.from);
  if (atomic_load (&saving.done) && saving.status == GCG_OK)
    return 0;
  if (atomic_load (&saving.done))
    command_fail (run->serving.command, "%s", saving.error.text);
  else
    command_fail (run->serving.command, "%s is not written: %s", run->save, strerror (failure));
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

/* Prints the first finding in the overview of the last snapshot. */
static void
say_verdict (struct run *run)
{
  struct serving *serving = &run->serving;
  const struct gcg__entry *entry;
  struct gcg__findings findings;
  struct gcg_error error;
  if (serving->quiet || !gcg__source_was_live (serving->source))
    return;
  gcg__source_settle (serving->source);
  if (gcg__source_get (serving->source, 0, &entry, &error) != GCG_OK)
    return;
  if (entry->model != NULL && gcg__findings_init (&findings, entry->model, &error) == GCG_OK)
    {
      serving_say (serving, "%s: %s", run->launch.name,
                   gcg__buffer_string (&findings.list[0].text));
      gcg__findings_fini (&findings);
    }
  gcg__source_put (serving->source, entry);
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
  if (!gcg__source_was_live (serving->source) && run->next.reason[0] == '\0')
    serving_say (serving, "%s %s: nothing to show", run->launch.name,
                 run->launch.found == PROGRAM_COLLECTOR
                     ? "never used the collector (libgc), or uses a copy of its own"
                     : "did not connect to gcglass");
  uint64_t warnings = gcg__live_warnings (run->live);
  if (warnings > 0)
    serving_say (serving,
                 "libgc has warned of finalization cycles, %s time%s; --warnings keeps its lines",
                 gcg__word_count (warnings).text, warnings == 1 ? "" : "s");
  if (run->exit || run->child.finish)
    return status;
  child_describe (&run->child, how);
  say_verdict (run);
  serving_say_address (serving);
  serving_say (serving, "%s %s; still serving, Ctrl+C ends", run->launch.name, how);
  for (;;)
    if (serving_wait (serving, &info))
      {
        if (signals_is_end (&info))
          return status;
        child_signal (&run->child, &info);
      }
}

static int
run_main (const struct command *self, int argc, char **argv)
{
  struct run run = { .every = "1" };
  int status = serving_init (&run.serving, self);
  run.serving.runs = true;
  run.launch = (struct launch){ .command = self, .every = run.every };
  if (status == 0)
    status = take_environment (&run);
  if (status == 0)
    status = take_options (&run, argc, argv);
  if (status == -1)
    return 0;
  if (status != 0)
    return PROGRAM_FAILED;
  char **arguments = argv + optind;
  status = launch_find (&run.launch, arguments[0]);
  if (status != 0)
    {
      launch_fini (&run.launch);
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
  launch_fini (&run.launch);
  if (started)
    child_imitate (&run.child, status);
  return status;
}

static const struct command_option run_options[]
    = { { "exit", RUN_EXIT, NULL, NULL,
          "end with the program instead of serving on; any free port unless one is given" },
        { "every", RUN_EVERY, "SECONDS", NULL, "time between samples, default 1; 0: none" },
        { "record", RUN_RECORD, "FILE", OPTION_FILES,
          "record samples and snapshots to FILE, for gcglass view" },
        { "lifetimes", RUN_LIFETIMES, NULL, NULL,
          "count how old objects become, a few ns for each" },
        { "contents", RUN_CONTENTS, NULL, NULL, "snapshots hold the first bytes of each object" },
        { "warnings", RUN_WARNINGS, NULL, NULL,
          "libgc's warnings of finalization cycles stay, each a line; else they are counted" },
        { "save", 'o', "FILE", OPTION_FILES, "save the last snapshot to FILE" },
        OPTION_END };

const struct command command_run = {
  .name = "run",
  .arguments = "[OPTION]... -- PROGRAM [ARGUMENT]...",
  .summary = "Runs a program and serves the pages that show its heap, also after it has ended",
  .options
  = (const struct command_option *const[]){ serving_options, launch_options, run_options, NULL },
  .notes
  = "The exit status is the program's (a signal that kills it, too); 125: gcglass itself\n"
    "failed; 126: the program cannot be run or looked into; 127: there is no such program.\n",
  .operands = OPTION_PROGRAMS,
  .program = true,
  .function = run_main,
};
