/* options.h -- the options of a command, declared once: what getopt_long takes, --help, what a
 * shell completes and the suggestions for a misspelt one all come from these tables.
 *
 * A command has a list of tables, because some are shared (serving.h, launch.h).  The man pages are
 * written by hand; tests/options.test holds them against --help.
 */
#ifndef GCG_TOOLS_OPTIONS_H
#define GCG_TOOLS_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

struct command;

/* Kinds of words that the shell completes by itself. */
#define OPTION_FILES       ":files"
#define OPTION_DIRECTORIES ":directories"
#define OPTION_PROGRAMS    ":programs"
/* Kinds that gcglass lists for the shell. */
#define OPTION_PROCESSES ":processes"
#define OPTION_COMMANDS  ":commands"

/* One option; a table ends with OPTION_END. */
struct command_option
{
  const char *name;     /* without the "--"; NULL: HELP is a line above the options that follow */
  int value;            /* what options_next returns; a character is its short form, too */
  const char *argument; /* as --help calls it; NULL: it takes none */
  const char *words;    /* what the argument can be, for completion; NULL: anything */
  const char *help;
};
#define OPTION_END                                                                                 \
  {                                                                                                \
    NULL, 0, NULL, NULL, NULL                                                                      \
  }
#define OPTION_LINE(text)                                                                          \
  {                                                                                                \
    NULL, 0, NULL, NULL, text                                                                      \
  }
#define OPTION_HELP                                                                                \
  {                                                                                                \
    "help", 'h', NULL, NULL, "show this help"                                                      \
  }

#define OPTIONS_DONE  (-1)
#define OPTIONS_WRONG '?'

/* The next option of SELF in ARGV, with optarg and optind as getopt_long leaves them.  OPTIONS_DONE
   at the end; OPTIONS_WRONG for an invalid option, after a message.  If SELF runs a program, the
   program's name ends the options. */
int options_next (const struct command *self, int argc, char **argv);

/* Writes the options as --help does. */
void options_print (const struct command *self, FILE *to);

/* Returns the option NAME (without "--") of SELF, or NULL. */
const struct command_option *options_find (const struct command *self, const char *name);

/* Walks the options of SELF: AT begins as {0, 0}.  NULL at the end. */
struct options_place
{
  int table, row;
};
const struct command_option *options_each (const struct command *self, struct options_place *at);

/* Returns the word nearest to WRONG by letters omitted, added, changed and swapped, among those
   that NEXT returns until NULL; NULL: none is near. */
const char *options_nearest (const char *wrong, const char *(*next) (void *context), void *context);

#endif
