/* leaks.c -- gcglass leaks: what a program has leaked, from a snapshot of it, or by running it.
 *
 * The report goes to the standard error, where leak checkers write theirs, or to a file; the exit
 * status says whether there is anything new in it, for scripts and continuous integration.
 */
#include <config.h>

#include "tools/command.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/leak_report.h"
#include "tools/leak_run.h"
#include "tools/program.h"

enum
{
  LEAKS_QUIET = LAUNCH_LAST,
  LEAKS_FOLLOW,
  LEAKS_EVERY,
  LEAKS_SIGNAL,
  LEAKS_LOOKS, /* and LAUNCH_UNALIGNED or one of the others */
  LEAKS_UNALIGNED = LEAKS_LOOKS + LAUNCH_UNALIGNED,
  LEAKS_NO_STACKS = LEAKS_LOOKS + LAUNCH_NO_STACKS,
  LEAKS_NO_REGISTERS = LEAKS_LOOKS + LAUNCH_NO_REGISTERS,
  LEAKS_NO_TLS = LEAKS_LOOKS + LAUNCH_NO_TLS
};

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

/* What the environment asks for where no option does; 0, or an exit status after a message. */
static int
take_environment (struct leak_run *run, bool every_given)
{
  const char *every = getenv ("GCGLASS_EVERY"), *signal = getenv ("GCGLASS_SIGNAL");
  const char *follow = getenv ("GCGLASS_FOLLOW");
  run->launch.follow |= follow != NULL && strcmp (follow, "1") == 0;
  if (every != NULL && every[0] != '\0' && !every_given
      && launch_every (run->options.command, every, &run->every) != 0)
    return COMMAND_MISUSED;
  return signal != NULL && signal[0] != '\0' && run->signal == 0 ? take_signal (run, signal) : 0;
}

/* Takes one option; 0, -1 after --help, or an exit status after a message. */
static int
take_option (struct leak_run *run, int option)
{
  switch (option)
    {
    case 'h':
      command_usage (run->options.command);
      return -1;
    case 'o':
      run->save = optarg;
      return 0;
    case LEAKS_QUIET:
      run->quiet = true;
      return 0;
    case LEAKS_FOLLOW:
      run->launch.follow = true;
      return 0;
    case LEAKS_EVERY:
      return launch_every (run->options.command, optarg, &run->every);
    case LEAKS_SIGNAL:
      return take_signal (run, optarg);
    case LEAKS_UNALIGNED:
    case LEAKS_NO_STACKS:
    case LEAKS_NO_REGISTERS:
    case LEAKS_NO_TLS:
      run->launch.looks |= (unsigned)(option - LEAKS_LOOKS);
      snprintf (run->launch.looks_text, sizeof run->launch.looks_text, "%u", run->launch.looks);
      return 0;
    case OPTIONS_WRONG:
      return COMMAND_MISUSED;
    default:
      return launch_has (option) ? launch_take (&run->launch, option, optarg)
                                 : leak_options_take (&run->options, option, optarg);
    }
}

/* What the operand is. */
enum operand
{
  OPERAND_FILE,
  OPERAND_PROGRAM
};

/* Returns whether the file NAME is a snapshot, damaged or not, or is named like one. */
static bool
is_snapshot (const char *name)
{
  static const char ending[] = ".gcsnap";
  char start[sizeof GCG__MAGIC - 1];
  size_t n = strlen (name);
  if (n >= sizeof ending && strcmp (name + n - (sizeof ending - 1), ending) == 0)
    return true;
  int fd = open (name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  bool is = fd >= 0 && read (fd, start, sizeof start) == (ssize_t)sizeof start
            && memcmp (start, GCG__MAGIC, sizeof start) == 0;
  if (fd >= 0)
    close (fd);
  return is;
}

/* Decides by the kind of file what NAME, not preceded by "--", means; reports if it could be
   either. */
static enum operand
judge_operand (const struct leak_options *options, const char *name, bool quiet)
{
  char text[512], *path = NULL;
  bool is_there = access (name, F_OK) == 0, is_file = is_snapshot (name);
  bool is_program = program_find (name, &path, text) == 0;
  if (is_file && is_program && strchr (name, '/') == NULL && !quiet)
    fprintf (stderr, "gcglass: %s: reading the snapshot ./%s; to run %s: -- %s\n",
             options->command->name, name, path, name);
  else if (!is_file && is_program && is_there && strchr (name, '/') == NULL && !quiet)
    fprintf (stderr, "gcglass: %s: running %s; to read the file: ./%s\n", options->command->name,
             path, name);
  free (path);
  return !is_file && (is_program || !is_there) ? OPERAND_PROGRAM : OPERAND_FILE;
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
  signal (SIGPIPE, SIG_IGN); /* a closed pipe is reported like a full disk */
  if (gcg__model_open (name, &model, &error) != GCG_OK)
    return command_fail (options->command, "%s", error.text);
  int result = report_model (options, model, name);
  gcg__model_free (model);
  return result;
}

/* Does a "--" follow, or is it where the options have ended? */
static bool
has_dashes (int argc, char **argv)
{
  for (int i = optind; i < argc; i++)
    if (strcmp (argv[i], "--") == 0)
      return true;
  return false;
}

/* Reads the options and classifies the operand; *LIVE: it is a program.  0, -1 after --help, or an
   exit status after a message. */
static int
parse (struct leak_run *run, int argc, char **argv, bool *live)
{
  const struct command *self = run->options.command;
  bool every_given = false;
  uint32_t pid;
  int option, status = 0;
  while (status == 0 && (option = options_next (self, argc, argv)) != OPTIONS_DONE)
    {
      every_given |= option == LEAKS_EVERY;
      status = take_option (run, option);
    }
  *live = strcmp (argv[optind - 1], "--") == 0 || (status > 0 && has_dashes (argc, argv));
  if (status != 0)
    return status;
  if (optind == argc)
    return command_misuse (self,
                           *live ? "no program to run was given" : "no file and no program given");
  if (!*live && command_number (argv[optind], 1, INT32_MAX, &pid)
      && access (argv[optind], F_OK) != 0)
    return command_misuse (self,
                           "%u is neither a file nor a program; for a running process: gcglass "
                           "snapshot %u, then gcglass leaks FILE",
                           pid, pid);
  if (!*live)
    *live = judge_operand (&run->options, argv[optind], run->quiet) == OPERAND_PROGRAM;
  if (*live)
    return take_environment (run, every_given);
  if (optind + 1 < argc)
    return command_misuse (self, "one file at a time, not also %s; to run a program: -- %s",
                           argv[optind + 1], argv[optind]);
  return 0;
}

static int
leaks (const struct command *self, int argc, char **argv)
{
  struct leak_run run = { .save = NULL };
  bool live = false;
  int result = leak_options_init (&run.options, self);
  /* No samples. */
  run.launch = (struct launch){ .command = self, .leaks = true, .every = "0" };
  if (result == 0)
    result = parse (&run, argc, argv, &live);
  else
    live = has_dashes (argc, argv);
  if (result == -1)
    {
      leak_options_fini (&run.options);
      return 0;
    }
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

static const struct command_option leaks_options[] = {
  { "json", 'j', "FILE", OPTION_FILES, "write the report as JSON to FILE, not as text" },
  { "log", 'l', "FILE", OPTION_FILES, "write it as text to FILE, not to the standard error" },
  { "suppressions", 's', "FILE", OPTION_FILES,
    "suppress leaks that its rules match: leak:PATTERN, cycle:TYPE->TYPE; may be repeated" },
  { "baseline", 'b', "FILE", OPTION_FILES,
    "known leaks: an earlier JSON report, or a list of signatures; only other leaks are "
    "reported and fail" },
  { "exitcode", 'e', "N", NULL, "exit status when there are leaks, default 23; 0: the program's" },
  OPTION_HELP,
  OPTION_LINE ("With PROGRAM the program is run and its leaks are reported when it ends:"),
  { "save", 'o', "FILE", OPTION_FILES, "save the snapshot, for this command and gcglass view" },
  { "follow", LEAKS_FOLLOW, NULL, NULL,
    "observe its children too: a report for each, in FILE.PID; %p in FILE stands for the PID" },
  { "every", LEAKS_EVERY, "SECONDS", NULL, "report new leaks at this interval while it runs" },
  { "signal", LEAKS_SIGNAL, "NAME", "USR1 USR2",
    "report new leaks when gcglass or the program receives this signal" },
  { "unaligned", LEAKS_UNALIGNED, NULL, NULL,
    "accept pointers at any address, not only at multiples of 8" },
  { "no-stacks", LEAKS_NO_STACKS, NULL, NULL, "ignore pointers on stacks" },
  { "no-registers", LEAKS_NO_REGISTERS, NULL, NULL, "ignore pointers in registers" },
  { "no-tls", LEAKS_NO_TLS, NULL, NULL, "ignore pointers in thread-local data" },
  { "quiet", LEAKS_QUIET, NULL, NULL, "print only reports and errors" },
  OPTION_END
};

const struct command command_leaks = {
  .name = "leaks",
  .arguments = "[OPTION]... [--] PROGRAM [ARGUMENT]... | [OPTION]... FILE.gcsnap",
  .summary = "Reports what a program has leaked, in which cycles, and where to cut them; exit "
             "status 23 when there are leaks",
  .options = (const struct command_option *const[]){ leaks_options, launch_options, NULL },
  .notes = "A snapshot is read, anything else is run; what follows -- is always run.\n"
           "The exit status is the program's unless there are leaks; 125: gcglass itself failed;\n"
           "126: the program cannot be run or looked into; 127: there is no such program.\n",
  .operands = OPTION_PROGRAMS,
  .program = true,
  .function = leaks,
};
