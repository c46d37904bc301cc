/* leaks.c -- gcglass leaks: what a program has leaked, from a snapshot of its malloc'd blocks.
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
#include <unistd.h>

#include "report/leaks.h"
#include "tools/save.h"

#define EXIT_LEAKS 23u

struct arguments
{
  const char *file, *json, *log;
  const char *baseline; /* NULL: none */
  struct gcg__rules rules;
  uint32_t exitcode;
  bool help;
};

static int
parse_exitcode (const struct command *self, const char *name, const char *text, uint32_t *exitcode)
{
  if (command_number (text, 0, 255, exitcode))
    return 0;
  return command_misuse (self, "%s %s: not a number from 0 to 255", name, text);
}

/* What the environment asks for. */
static int
parse_environment (const struct command *self, struct arguments *arguments)
{
  struct gcg_error error;
  const char *rules = getenv ("GCGLASS_SUPPRESSIONS"), *code = getenv ("GCGLASS_EXITCODE");
  const char *baseline = getenv ("GCGLASS_BASELINE");
  if (rules != NULL && rules[0] != '\0'
      && gcg__rules_read (&arguments->rules, rules, &error) != GCG_OK)
    return command_fail (self, "GCGLASS_SUPPRESSIONS: %s", error.text);
  if (baseline != NULL && baseline[0] != '\0')
    arguments->baseline = baseline;
  if (code != NULL && code[0] != '\0')
    return parse_exitcode (self, "GCGLASS_EXITCODE", code, &arguments->exitcode);
  return 0;
}

/* Takes option C with optarg; returns 0 or the exit status. */
static int
parse_option (const struct command *self, int c, struct arguments *arguments)
{
  struct gcg_error error;
  switch (c)
    {
    case 'j':
      arguments->json = optarg;
      return 0;
    case 'l':
      arguments->log = optarg;
      return 0;
    case 'b':
      arguments->baseline = optarg;
      return 0;
    case 's':
      if (gcg__rules_read (&arguments->rules, optarg, &error) != GCG_OK)
        return command_fail (self, "%s", error.text);
      return 0;
    default:
      return parse_exitcode (self, "--exitcode", optarg, &arguments->exitcode);
    }
}

/* Fills ARGUMENTS; returns 0 or the exit status. */
static int
parse (const struct command *self, int argc, char **argv, struct arguments *arguments)
{
  static const struct option options[] = { { "json", required_argument, NULL, 'j' },
                                           { "log", required_argument, NULL, 'l' },
                                           { "suppressions", required_argument, NULL, 's' },
                                           { "baseline", required_argument, NULL, 'b' },
                                           { "exitcode", required_argument, NULL, 'e' },
                                           { "help", no_argument, NULL, 'h' },
                                           { NULL, 0, NULL, 0 } };
  int result = parse_environment (self, arguments);
  for (int c; result == 0 && (c = getopt_long (argc, argv, "j:l:s:b:e:h", options, NULL)) != -1;)
    {
      if (c == '?')
        return command_misuse_option (self, argv);
      if (c == 'h')
        {
          arguments->help = true;
          return 0;
        }
      result = parse_option (self, c, arguments);
    }
  if (result != 0)
    return result;
  if (strcmp (argv[optind - 1], "--") == 0)
    return command_misuse (self, "cannot run a program: give a FILE.gcsnap with a snapshot of it");
  if (optind == argc)
    return command_misuse (self, "no file given");
  if (optind + 1 < argc)
    return command_misuse (self, "one file at a time, not also %s", argv[optind + 1]);
  arguments->file = argv[optind];
  return 0;
}

static bool
wants_colour (FILE *stream)
{
  const char *no_color = getenv ("NO_COLOR"), *term = getenv ("TERM");
  return isatty (fileno (stream)) && (no_color == NULL || no_color[0] == '\0')
         && (term == NULL || strcmp (term, "dumb") != 0);
}

static enum gcg_status
write_text (const struct gcg__leak_report *report, const struct gcg__heap_usage *usage,
            const char *name, FILE *to, struct gcg_error *error)
{
  struct gcg__leak_text_options options = { .name = name, .colour = wants_colour (to) };
  struct gcg__buffer out;
  gcg__buffer_init (&out, command_sink, to);
  enum gcg_status status = gcg__leak_text_write (report, usage, &options, &out, error);
  gcg__buffer_flush (&out);
  gcg__buffer_fini (&out);
  return status;
}

static enum gcg_status
write_json (const struct gcg__leak_report *report, const struct gcg__heap_usage *usage, FILE *to,
            struct gcg_error *error)
{
  struct gcg__json json;
  gcg__json_init (&json, command_sink, to);
  enum gcg_status status = gcg__leak_json_write (report, usage, &json, error);
  if (status == GCG_OK)
    status = gcg__json_finish (&json, error);
  gcg__json_fini (&json);
  if (status == GCG_OK)
    fputc ('\n', to);
  return status;
}

/* Writes the report to the file at PATH, as a whole or not at all. */
static enum gcg_status
write_file (const struct gcg__leak_report *report, const struct gcg__heap_usage *usage,
            const char *name, const char *path, bool json, struct gcg_error *error)
{
  struct save save;
  enum gcg_status status = save_begin (&save, path, false, error);
  if (status != GCG_OK)
    return status;
  FILE *to = save_stream (&save);
  if (to == NULL)
    {
      status = GCG_NO_MEMORY;
      snprintf (error->text, sizeof error->text, "%s: out of memory", path);
    }
  else
    status = json ? write_json (report, usage, to, error)
                  : write_text (report, usage, name, to, error);
  struct gcg_error end;
  enum gcg_status ended = save_end (&save, status == GCG_OK, &end);
  /* Why the file cannot be written is known best by whoever closed it. */
  if (ended == GCG_OK)
    return status;
  *error = end;
  return ended;
}

/* Writes what was asked for; text to the standard error when nothing was. */
static enum gcg_status
write_reports (const struct arguments *arguments, const struct gcg__leak_report *report,
               const struct gcg__heap_usage *usage, struct gcg_error *error)
{
  enum gcg_status status = GCG_OK;
  if (arguments->json != NULL)
    status = write_file (report, usage, arguments->file, arguments->json, true, error);
  if (status == GCG_OK && arguments->log != NULL)
    status = write_file (report, usage, arguments->file, arguments->log, false, error);
  if (status == GCG_OK && arguments->json == NULL && arguments->log == NULL)
    status = write_text (report, usage, arguments->file, stderr, error);
  return status;
}

/* Reports the leaks in MODEL; the exit status. */
static int
report_leaks (const struct command *self, const struct arguments *arguments,
              struct gcg__model *model, const struct gcg__heap_usage *usage)
{
  struct gcg__baseline baseline = { 0 };
  struct gcg__leak_report *report;
  struct gcg_error error;
  if (arguments->baseline != NULL
      && gcg__baseline_read (&baseline, arguments->baseline, &error) != GCG_OK)
    return command_fail (self, "%s", error.text);
  enum gcg_status status
      = gcg__leak_report_new (model, &arguments->rules, &baseline, &report, &error);
  gcg__baseline_fini (&baseline);
  if (status != GCG_OK)
    return command_fail (self, "%s: %s", arguments->file, error.text);
  int result = report->fresh.objects > 0 ? (int)arguments->exitcode : 0;
  status = write_reports (arguments, report, usage, &error);
  gcg__leak_report_free (report);
  return status == GCG_OK ? result : command_fail (self, "%s", error.text);
}

static int
leaks (const struct command *self, int argc, char **argv)
{
  struct arguments arguments = { .exitcode = EXIT_LEAKS };
  struct gcg__heap_usage usage = { .known = false };
  struct gcg__model *model;
  struct gcg_error error;
  int result = parse (self, argc, argv, &arguments);
  if (result == 0 && arguments.help)
    result = command_help (self);
  else if (result == 0)
    {
      signal (SIGPIPE, SIG_IGN); /* a closed pipe is told like a full disk */
      if (gcg__model_open (arguments.file, &model, &error) != GCG_OK)
        result = command_fail (self, "%s", error.text);
      else
        {
          result = report_leaks (self, &arguments, model, &usage);
          gcg__model_free (model);
        }
    }
  gcg__rules_fini (&arguments.rules);
  return result;
}

const struct command command_leaks = {
  .name = "leaks",
  .arguments = "[OPTION]... FILE.gcsnap",
  .summary = "Tells what a program has leaked, in which cycles, and where to cut them; exit status "
             "23 when there is anything",
  .options
  = "  -j, --json=FILE          write the report as JSON to FILE, not as text\n"
    "  -l, --log=FILE           write it as text to FILE, not to the standard error\n"
    "  -s, --suppressions=FILE  leave out what its rules match: leak:PATTERN,\n"
    "                           cycle:TYPE->TYPE; may be given again\n"
    "  -b, --baseline=FILE      leaks that are known: an earlier JSON report, or a list of\n"
    "                           signatures; only others are told and fail\n"
    "  -e, --exitcode=N         exit status when there are leaks (default 23)\n"
    "  -h, --help               this text\n",
  .function = leaks,
};
