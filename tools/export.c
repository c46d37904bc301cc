/* export.c -- gcglass export: the graph, or a picture of one component, for other tools. */
#include <config.h>

#include "tools/command.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/report.h"
#include "server/renderer.h"
#include "tools/save.h"

enum format
{
  DOT,
  SVG,
  PNG,
  JSON,
  N_FORMATS
};

static const char *const format_names[] = { "dot", "svg", "png", "json" };

struct arguments
{
  enum format format;
  const char *file, *output;
  uint32_t component; /* 0: not given */
  uint32_t nodes;     /* 0: not given */
  bool reduce, help;
};

static enum format
find_format (const char *name)
{
  enum format format = DOT;
  while (format < N_FORMATS && strcmp (name, format_names[format]) != 0)
    format++;
  return format;
}

/* Takes option C; returns 0 or the exit status. */
static int
take_option (const struct command *self, int c, struct arguments *arguments)
{
  switch (c)
    {
    case 'f':
      arguments->format = find_format (optarg);
      if (arguments->format == N_FORMATS)
        return command_misuse (self, "--format %s: there are dot, svg, png, json", optarg);
      return 0;
    case 'o':
      arguments->output = optarg;
      return 0;
    case 'c':
      if (!command_number (optarg, 1, UINT32_MAX, &arguments->component))
        return command_misuse (self, "--component %s: not a component's number", optarg);
      return 0;
    case 'n':
      if (!command_number (optarg, 2, 10000, &arguments->nodes))
        return command_misuse (self, "--nodes %s: not a number from 2 to 10000", optarg);
      return 0;
    case 'r':
      arguments->reduce = true;
      return 0;
    case 'h':
      arguments->help = true;
      return 0;
    default:
      return COMMAND_MISUSED;
    }
}

static int
parse (const struct command *self, int argc, char **argv, struct arguments *arguments)
{
  *arguments = (struct arguments){ .format = N_FORMATS };
  for (int c; (c = options_next (self, argc, argv)) != OPTIONS_DONE;)
    {
      int result = take_option (self, c, arguments);
      if (result != 0 || arguments->help)
        return result;
    }
  if (arguments->format == N_FORMATS)
    return command_misuse (self, "no --format given: dot, svg, png or json");
  if (optind == argc)
    return command_misuse (self, "no file given");
  if (optind + 1 < argc)
    return command_misuse (self, "one file at a time, not also %s", argv[optind + 1]);
  arguments->file = argv[optind];
  return 0;
}

static enum gcg_status
write_json (const struct gcg__model *model, const struct arguments *arguments, FILE *to,
            struct gcg_error *error)
{
  struct gcg__json json;
  gcg__json_init (&json, command_sink, to);
  enum gcg_status status
      = gcg__export_json (model, arguments->component, arguments->reduce, &json, error);
  if (status == GCG_OK)
    {
      gcg__buffer_text (&json.out, "\n");
      status = gcg__json_finish (&json, error);
    }
  gcg__json_fini (&json);
  return status;
}

/* DOT, or the picture that the renderer makes of it. */
static enum gcg_status
write_picture (struct gcg__model *model, const struct arguments *arguments, FILE *to,
               struct gcg_error *error)
{
  struct gcg__dot_options options
      = { .number = arguments->component != 0 ? arguments->component : 1,
          .reduce = arguments->reduce,
          .max_nodes = arguments->nodes };
  struct gcg__buffer dot;
  gcg__buffer_init (&dot, NULL, NULL);
  uint32_t nodes;
  enum gcg_status status = gcg__dot_write (model, &options, &dot, &nodes, error);
  if (status == GCG_OK && arguments->format == DOT)
    command_sink (to, dot.bytes, dot.n);
  else if (status == GCG_OK)
    {
      char *picture;
      size_t bytes;
      status = gcg__renderer_draw (dot.bytes, dot.n, nodes,
                                   arguments->format == PNG ? GCG__PICTURE_PNG : GCG__PICTURE_SVG,
                                   0, &picture, &bytes, error);
      if (status == GCG_OK)
        {
          command_sink (to, picture, bytes);
          free (picture);
        }
    }
  gcg__buffer_fini (&dot);
  return status;
}

static int
export_to (const struct command *self, struct gcg__model *model, const struct arguments *arguments,
           FILE *to)
{
  struct gcg_error error;
  if (arguments->format != JSON && model->analysis->n_components == 0)
    return command_fail (self, "%s: no garbage: there is nothing to draw", arguments->file);
  enum gcg_status status = arguments->format == JSON ? write_json (model, arguments, to, &error)
                                                     : write_picture (model, arguments, to, &error);
  if (status != GCG_OK && !ferror (to))
    return command_fail (self, "%s: %s", arguments->file, error.text);
  return 0; /* a write error is reported when TO is closed */
}

static int export(const struct command *self, int argc, char **argv)
{
  struct arguments arguments;
  int result = parse (self, argc, argv, &arguments);
  if (result != 0)
    return result;
  if (arguments.help)
    return command_usage (self);
  if (arguments.output == NULL && arguments.format == PNG && isatty (STDOUT_FILENO))
    return command_misuse (self, "a PNG is not for a terminal: give --output FILE");
  signal (SIGPIPE, SIG_IGN); /* a closed pipe is reported like a full disk */

  struct gcg__model *model;
  struct gcg_error error;
  if (gcg__model_open (arguments.file, &model, &error) != GCG_OK)
    return command_fail (self, "%s", error.text);
  if (arguments.output == NULL)
    result = export_to (self, model, &arguments, stdout);
  else
    {
      struct save save;
      if (save_begin (&save, arguments.output, &error) != GCG_OK)
        result = command_fail (self, "%s", error.text);
      else
        {
          result = export_to (self, model, &arguments, save.stream);
          if (save_end (&save, result == 0, &error) != GCG_OK)
            result = command_fail (self, "%s", error.text);
        }
    }
  gcg__model_free (model);
  return result;
}

static const struct command_option export_options[]
    = { { "format", 'f', "FORMAT", "dot svg png json",
          "dot, svg, png: one component; json: everything" },
        { "component", 'c', "N", NULL, "this component, default 1, the biggest; json: all" },
        { "reduce", 'r', NULL, NULL, "only what is on cycles" },
        { "nodes", 'n', "N", NULL,
          "the N heaviest nodes, the rest as one; default all up to 300, 60 of more" },
        { "output", 'o', "FILE", OPTION_FILES,
          "not to the standard output; FILE is replaced as a whole" },
        OPTION_HELP,
        OPTION_END };

const struct command command_export = {
  .name = "export",
  .arguments = "--format=dot|svg|png|json [OPTION]... FILE",
  .summary = "Writes the graph of a snapshot, or a picture of one component of its garbage",
  .options = (const struct command_option *const[]){ export_options, NULL },
  .operands = OPTION_FILES,
  .function = export,
};
