/* command.h -- one subcommand of gcglass, and what they share.
 *
 * Each subcommand is a file of its own that defines one `const struct command`; main.c lists them.
 * A subcommand's function takes its options from options_next (optind is 1 on entry, argv[0] is its
 * name), does its work and returns the exit status: 0, 1 when it failed, 2 when it was called
 * wrongly.  Messages of gcglass go to the standard error, one line for each failure:
 * gcglass: report: x.gcsnap: the snapshot is damaged...
 */
#ifndef GCG_TOOLS_COMMAND_H
#define GCG_TOOLS_COMMAND_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/options.h"

#define COMMAND_FAILED  1
#define COMMAND_MISUSED 2

struct command
{
  const char *name;
  const char *arguments; /* after the name in the usage line: "[OPTION]... FILE" */
  const char *summary;   /* what it does, one line without a full stop */
  const struct command_option *const *options; /* options.h; ends in NULL; NULL: none */
  const char *notes;                           /* what --help says after them; NULL: nothing */
  const char *operands;                        /* for completion: what comes after the options */
  bool program; /* what comes after them is a program and its arguments */
  bool hidden;  /* started by gcglass itself: not in the list of --help */
  int (*function) (const struct command *self, int argc, char **argv);
};

extern const struct command *const commands[]; /* ends in NULL */

extern const struct command command_attend, command_complete, command_export, command_help,
    command_leaks, command_report, command_run, command_sample, command_serve, command_snapshot,
    command_view;

/* Returns the command NAME; NULL, after a message, if no such command exists. */
const struct command *command_find (const char *name);

/* Prints the list of commands. */
void command_list (void);

/* Prints SELF's --help to the standard output and returns 0. */
int command_usage (const struct command *self);

/* Prints "gcglass: NAME: TEXT" to the standard error and returns COMMAND_FAILED. */
int command_fail (const struct command *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

/* The same with where to read how it is done, and COMMAND_MISUSED. */
int command_misuse (const struct command *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

/* A decimal number from LEAST to MOST in TEXT, nothing else; false: it is none. */
bool command_number (const char *text, uint32_t least, uint32_t most, uint32_t *number);

/* A gcg__sink (report/buffer.h) into a FILE, its context. */
bool command_sink (void *file, const char *bytes, size_t n);

#endif
