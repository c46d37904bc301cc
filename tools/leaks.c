/* leaks.c -- gcglass leaks: what a program has leaked, from a snapshot of it, or by running it.
 *
 * The report goes to the standard error, where leak checkers write theirs, or to a file; the exit
 * status says whether there is anything new in it, for scripts and continuous integration.
 */
#include <config.h>

#include "tools/command.h"

#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tools/leak_report.h"
#include "tools/leak_run.h"
#include "tools/program.h"

enum
{
  LEAKS_QUIET = LAUNCH_LAST,
  LEAKS_FOLLOW,
  LEAKS_EVERY,
  LEAKS_SIGNAL
};

/* Whether a program is to be run: there is a "--" before it. */
static bool
is_live (int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    if (strcmp (argv[i], "--") == 0)
      return true;
  return false;
}

/* The number of the signal that TEXT names, with or without SIG, or that it is; 0: none that could
   ask for a report. */
static int
signal_number (const char *text)
{
  uint32_t number = 0;
  const char *name = strncmp (text, "SIG", 3) == 0 ? text + 3 : text;
  for (int i = 1; i < SIGRTMIN && number == 0; i++)
    if (sigabbrev_np (i) != NULL && strcmp (sigabbrev_np (i), name) == 0)
      number = (uint32_t)i;
  if (strncmp (name, "RTMIN+", 6) == 0
      && command_number (name + 6, 0, (uint32_t)(SIGRTMAX - SIGRTMIN), &number))
    number += (uint32_t)SIGRTMIN;
  else if (number == 0 && !command_number (text, 1, (uint32_t)SIGRTMAX, &number))
    return 0;
  static const uint32_t others[]
      = { SIGKILL, SIGSTOP, SIGCONT, SIGCHLD, SIGSEGV, SIGBUS,  SIGILL, SIGFPE,
          SIGTRAP, SIGABRT, SIGSYS,  SIGTSTP, SIGTTIN, SIGTTOU, 32,     33 };
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
    if (number == others[i])
      return 0;
  return (int)number;
}

static int
take_signal (struct leak_run *run, const char *text)
{
  run->signal = signal_number (text);
  if (run->signal == 0)
    return command_misuse (run->options.command,
                           "--signal %s: no signal, or one that has another meaning; use USR1 or "
                           "USR2",
                           text);
  snprintf (run->signal_text, sizeof run->signal_text, "%d", run->signal);
  run->launch.signal = run->signal_text;
  return 0;
}

/* What the environment asks for; 0, or an exit status after a message. */
static int
take_environment (struct leak_run *run)
{
  const char *every = secure_getenv ("GCGLASS_EVERY"), *signal = secure_getenv ("GCGLASS_SIGNAL");
  const char *follow = secure_getenv ("GCGLASS_FOLLOW");
  run->launch.follow = follow != NULL && strcmp (follow, "1") == 0;
  if (every != NULL && every[0] != '\0'
      && launch_every (run->options.command, every, &run->every) != 0)
    return COMMAND_MISUSED;
  return signal != NULL && signal[0] != '\0' ? take_signal (run, signal) : 0;
}

/* Takes the options; 0, -1 after --help, or an exit status after a message. */
static int
take_options (struct leak_run *run, int argc, char **argv)
{
  static const struct option options[] = { { "json", required_argument, NULL, 'j' },
                                           { "log", required_argument, NULL, 'l' },
                                           { "suppressions", required_argument, NULL, 's' },
                                           { "baseline", required_argument, NULL, 'b' },
                                           { "exitcode", required_argument, NULL, 'e' },
                                           { "save", required_argument, NULL, 'o' },
                                           { "quiet", no_argument, NULL, LEAKS_QUIET },
                                           { "follow", no_argument, NULL, LEAKS_FOLLOW },
                                           { "every", required_argument, NULL, LEAKS_EVERY },
                                           { "signal", required_argument, NULL, LEAKS_SIGNAL },
                                           LAUNCH_LONG_OPTIONS,
                                           { "help", no_argument, NULL, 'h' },
                                           { NULL, 0, NULL, 0 } };
  int option, status = 0;
  while (status == 0 && (option = getopt_long (argc, argv, "+j:l:s:b:e:o:h", options, NULL)) != -1)
    switch (option)
      {
      case 'h':
        command_help (run->options.command);
        return -1;
      case 'o':
        run->save = optarg;
        break;
      case LEAKS_QUIET:
        run->quiet = true;
        break;
      case LEAKS_FOLLOW:
        run->launch.follow = true;
        break;
      case LEAKS_EVERY:
        status = launch_every (run->options.command, optarg, &run->every);
        break;
      case LEAKS_SIGNAL:
        status = take_signal (run, optarg);
        break;
      case '?':
        status = command_misuse_option (run->options.command, argv);
        break;
      default:
        status = launch_has (option) ? launch_take (&run->launch, option, optarg)
                                     : leak_options_take (&run->options, option, optarg);
      }
  return status;
}

/* Reports the leaks in MODEL; the exit status. */
static int
report_model (const struct leak_options *options, struct gcg__model *model, const char *name)
{
  struct gcg__leak_report *report;
  struct gcg_error error;
  enum gcg_status status
      = gcg__leak_report_new (model, &options->rules, &options->baseline, NULL, &report, &error);
  if (status != GCG_OK)
    return command_fail (options->command, "%s: %s", name, error.text);
  int result = report->fresh.objects > 0 ? (int)options->exitcode : 0;
  struct gcg__leak_text_options how = { .name = name };
  if (options->json != NULL)
    status = leak_write_file (report, NULL, options->json, &error);
  if (status == GCG_OK && options->log != NULL)
    status = leak_write_file (report, &how, options->log, &error);
  how.colour = leak_wants_colour (stderr);
  if (status == GCG_OK && options->json == NULL && options->log == NULL)
    status = leak_write_text (report, &how, stderr, &error);
  gcg__leak_report_free (report);
  return status == GCG_OK ? result : command_fail (options->command, "%s", error.text);
}

/* Reports the leaks in the file NAME; the exit status. */
static int
report_file (const struct leak_options *options, const char *name)
{
  struct gcg__model *model;
  struct gcg_error error;
  signal (SIGPIPE, SIG_IGN); /* a closed pipe is told like a full disk */
  if (gcg__model_open (name, &model, &error) != GCG_OK)
    return command_fail (options->command, "%s", error.text);
  int result = report_model (options, model, name);
  gcg__model_free (model);
  return result;
}

static int
leaks (const struct command *self, int argc, char **argv)
{
  struct leak_run run = { .save = NULL };
  bool live = is_live (argc, argv);
  int result = leak_options_init (&run.options, self);
  /* No samples. */
  run.launch = (struct launch){ .command = self, .leaks = true, .every = "0" };
  if (result == 0 && live)
    result = take_environment (&run);
  if (result == 0)
    result = take_options (&run, argc, argv);
  if (result == -1)
    {
      leak_options_fini (&run.options);
      return 0;
    }
  if (result == 0 && optind == argc)
    result = command_misuse (self, live ? "no program to run was given" : "no file given");
  if (result == 0 && !live && optind + 1 < argc)
    result = command_misuse (self, "one file at a time, not also %s; to run a program: -- %s",
                             argv[optind + 1], argv[optind]);
  if (result == 0)
    result = leak_options_prepare (&run.options);
  if (result != 0)
    /* What a program run by us returns is not to be taken for our own failure. */
    result = live ? PROGRAM_FAILED : result;
  else if (live)
    result = leak_run (&run, argv + optind);
  else
    result = report_file (&run.options, argv[optind]);
  leak_options_fini (&run.options);
  return result;
}

const struct command command_leaks = {
  .name = "leaks",
  .arguments = "[OPTION]... -- PROGRAM [ARGUMENT]... | [OPTION]... FILE.gcsnap",
  .summary = "Tells what a program has leaked, in which cycles, and where to cut them; exit status "
             "23 when there is anything",
  .options
  = "  -j, --json=FILE          write the report as JSON to FILE, not as text\n"
    "  -l, --log=FILE           write it as text to FILE, not to the standard error\n"
    "  -s, --suppressions=FILE  leave out what its rules match: leak:PATTERN,\n"
    "                           cycle:TYPE->TYPE; may be given again\n"
    "  -b, --baseline=FILE      leaks that are known: an earlier JSON report, or a list of\n"
    "                           signatures; only others are told and fail\n"
    "  -e, --exitcode=N         exit status when there are leaks (23 without it); 0: that of\n"
    "                           the program\n"
    "  -h, --help               this text\n"
    "\n"
    "With -- PROGRAM the program is run and its leaks are reported when it ends:\n"
    "  -o, --save=FILE          save the snapshot, for this command and gcglass view\n"
    "  --follow                 its children, too: a report for each, in FILE.PID each\n"
    "                           (%p in FILE: the number of the process)\n"
    "  --every SECONDS          report what is newly leaked every so often while it runs\n"
    "  --signal NAME            and when gcglass, or the program, gets this signal (USR1)\n"
    "  --quiet                  say nothing but reports and errors\n" LAUNCH_HELP_TEXT "\n"
    "The exit status is the program's unless there are leaks; 125: gcglass itself failed;\n"
    "126: the program cannot be run or looked into; 127: there is no such program.\n",
  .function = leaks,
};
