/* leak_report.c -- see leak_report.h. */
#include <config.h>

#include "tools/leak_report.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "tools/save.h"

static int
parse_exitcode (struct leak_options *options, const char *name, const char *text)
{
  if (command_number (text, 0, 255, &options->exitcode))
    return 0;
  return command_misuse (options->command, "%s %s: not a number from 0 to 255", name, text);
}

int
leak_options_init (struct leak_options *options, const struct command *command)
{
  struct gcg_error error;
  const char *rules = secure_getenv ("GCGLASS_SUPPRESSIONS"),
             *code = secure_getenv ("GCGLASS_EXITCODE");
  const char *baseline = secure_getenv ("GCGLASS_BASELINE");
  *options = (struct leak_options){ .command = command, .exitcode = EXIT_LEAKS };
  if (rules != NULL && rules[0] != '\0'
      && gcg__rules_read (&options->rules, rules, &error) != GCG_OK)
    return command_fail (command, "GCGLASS_SUPPRESSIONS: %s", error.text);
  if (baseline != NULL && baseline[0] != '\0')
    options->baseline_path = baseline;
  if (code != NULL && code[0] != '\0')
    return parse_exitcode (options, "GCGLASS_EXITCODE", code);
  return 0;
}

void
leak_options_fini (struct leak_options *options)
{
  gcg__baseline_fini (&options->baseline);
  gcg__rules_fini (&options->rules);
}

int
leak_options_take (struct leak_options *options, int c, const char *argument)
{
  struct gcg_error error;
  switch (c)
    {
    case 'j':
      options->json = argument;
      return 0;
    case 'l':
      options->log = argument;
      return 0;
    case 'b':
      options->baseline_path = argument;
      return 0;
    case 's':
      if (gcg__rules_read (&options->rules, argument, &error) != GCG_OK)
        return command_fail (options->command, "%s", error.text);
      return 0;
    default:
      return parse_exitcode (options, "--exitcode", argument);
    }
}

int
leak_options_prepare (struct leak_options *options)
{
  struct gcg_error error;
  if (options->baseline_path != NULL
      && gcg__baseline_read (&options->baseline, options->baseline_path, &error) != GCG_OK)
    return command_fail (options->command, "%s", error.text);
  return 0;
}

bool
leak_wants_colour (FILE *stream)
{
  const char *no_color = getenv ("NO_COLOR"), *term = getenv ("TERM");
  return isatty (fileno (stream)) && (no_color == NULL || no_color[0] == '\0')
         && (term == NULL || strcmp (term, "dumb") != 0);
}

enum gcg_status
leak_write_text (const struct gcg__leak_report *report, const struct gcg__leak_text_options *how,
                 FILE *to, struct gcg_error *error)
{
  struct gcg__buffer out;
  gcg__buffer_init (&out, command_sink, to);
  enum gcg_status status = gcg__leak_text_write (report, how, &out, error);
  gcg__buffer_flush (&out);
  gcg__buffer_fini (&out);
  return status;
}

static enum gcg_status
write_json (const struct gcg__leak_report *report, FILE *to, struct gcg_error *error)
{
  struct gcg__json json;
  gcg__json_init (&json, command_sink, to);
  enum gcg_status status = gcg__leak_json_write (report, &json, error);
  if (status == GCG_OK)
    status = gcg__json_finish (&json, error);
  gcg__json_fini (&json);
  if (status == GCG_OK)
    fputc ('\n', to);
  return status;
}

enum gcg_status
leak_write_file (const struct gcg__leak_report *report, const struct gcg__leak_text_options *how,
                 const char *path, struct gcg_error *error)
{
  struct save save;
  enum gcg_status status = save_begin (&save, path, error);
  if (status != GCG_OK)
    return status;
  status = how == NULL ? write_json (report, save.stream, error)
                       : leak_write_text (report, how, save.stream, error);
  struct gcg_error end;
  /* Why the stream cannot be written is in what save_end says. */
  enum gcg_status ended = save_end (&save, status == GCG_OK || ferror (save.stream) != 0, &end);
  if (ended == GCG_OK)
    return status;
  *error = end;
  return ended;
}
