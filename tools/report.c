/* report.c -- gcglass report: a snapshot, or the samples of a recording, in the terminal. */
#include <config.h>

#include "tools/command.h"
#include "tools/recorded.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/report.h"

#define TOP 10u

struct arguments
{
  const char *file;
  uint32_t top;
  bool json, help;
};

/* Fills ARGUMENTS; returns 0 or the exit status. */
static int
parse (const struct command *self, int argc, char **argv, struct arguments *arguments)
{
  *arguments = (struct arguments){ .top = TOP };
  for (int c; (c = options_next (self, argc, argv)) != OPTIONS_DONE;)
    switch (c)
      {
      case 'j':
        arguments->json = true;
        break;
      case 't':
        if (!command_number (optarg, 1, 1000000, &arguments->top))
          return command_misuse (self, "--top %s: not a number from 1 to 1000000", optarg);
        break;
      case 'h':
        arguments->help = true;
        return 0;
      default:
        return COMMAND_MISUSED;
      }
  if (optind == argc)
    return command_misuse (self, "no file given");
  if (optind + 1 < argc)
    return command_misuse (self, "one file at a time, not also %s", argv[optind + 1]);
  arguments->file = argv[optind];
  return 0;
}

static bool
wants_colour (void)
{
  const char *no_color = getenv ("NO_COLOR"), *term = getenv ("TERM");
  return isatty (STDOUT_FILENO) && (no_color == NULL || no_color[0] == '\0')
         && (term == NULL || strcmp (term, "dumb") != 0);
}

static enum gcg_status
write_text (struct gcg__model *model, const struct arguments *arguments, struct gcg_error *error)
{
  struct gcg__text_options options
      = { .name = arguments->file, .top = arguments->top, .colour = wants_colour () };
  struct gcg__buffer out;
  gcg__buffer_init (&out, command_sink, stdout);
  enum gcg_status status = gcg__text_write (model, &options, &out, error);
  gcg__buffer_flush (&out);
  gcg__buffer_fini (&out);
  return status;
}

static enum gcg_status
write_json (struct gcg__model *model, struct gcg_error *error)
{
  struct gcg__json json;
  gcg__json_init (&json, command_sink, stdout);
  enum gcg_status status = gcg__summary_write (model, &json, error);
  if (status == GCG_OK)
    status = gcg__json_finish (&json, error);
  gcg__json_fini (&json);
  if (status == GCG_OK)
    putchar ('\n');
  return status;
}

/* A recording: its last sample, and what has grown since the first. */
static int
report_recording (const struct command *self, const struct arguments *arguments)
{
  struct gcg__recording *recording;
  struct gcg__timeline *timeline = NULL;
  struct gcg__buffer out;
  char left_out[RECORDED_TEXT_BYTES];
  struct gcg_error error;
  if (arguments->json)
    return command_misuse (self, "%s is a recording: --json is for snapshots", arguments->file);
  if (gcg__recording_open (arguments->file, &recording, &error) != GCG_OK)
    return command_fail (self, "%s", error.text);
  enum gcg_status status = recorded_check (recording, arguments->file, left_out, &error);
  if (status == GCG_OK)
    status = gcg__timeline_new (recording, &timeline, &error);
  if (status != GCG_OK)
    gcg__recording_free (recording);
  else
    status = gcg__timeline_update (timeline, &error);
  gcg__buffer_init (&out, command_sink, stdout);
  if (status == GCG_OK)
    {
      if (left_out[0] != '\0')
        fprintf (stderr, "gcglass: %s: %s\n", self->name, left_out);
      status = gcg__sample_text_write (timeline, true, arguments->top, &out, &error);
    }
  gcg__buffer_flush (&out);
  gcg__buffer_fini (&out);
  gcg__timeline_free (timeline);
  if (ferror (stdout))
    return 0; /* told by main */
  return status == GCG_OK ? 0 : command_fail (self, "%s: %s", arguments->file, error.text);
}
static int
report (const struct command *self, int argc, char **argv)
{
  struct arguments arguments;
  int result = parse (self, argc, argv, &arguments);
  if (result != 0)
    return result;
  if (arguments.help)
    return command_usage (self);
  signal (SIGPIPE, SIG_IGN); /* a closed pipe is reported like
a full disk */

  struct gcg__model *model;
  struct gcg_error error;
  if (gcg__recording_is (arguments.file))
    return report_recording (self, &arguments);
  if (gcg__model_open (arguments.file, &model, &error) != GCG_OK)
    return command_fail (self, "%s", error.text);
  enum gcg_status status
      = arguments.json ? write_json (model, &error) : write_text (model, &arguments, &error);
  gcg__model_free (model);
  if (ferror (stdout))
    return 0; /* told by main */
  return status == GCG_OK ? 0 : command_fail (self, "%s: %s", arguments.file, error.text);
}

static const struct command_option report_options[]
    = { { "json", 'j', NULL, NULL, "as one JSON object" },
        { "top", 't', "N", NULL, "rows of each table, default 10" },
        OPTION_HELP,
        OPTION_END };

const struct command command_report = {
  .name = "report",
  .arguments = "[OPTION]... FILE",
  .summary
  = "Reports what a snapshot holds: leaks, types, sites, cycles and where to cut them; of a "
    "recording: "
    "what has grown",
  .options = (const struct command_option *const[]){ report_options, NULL },
  .operands = OPTION_FILES,
  .function = report,
};
