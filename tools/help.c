/* help.c -- gcglass help: the manual page of a command, or its --help where there is no page. */
#include <config.h>

#include "tools/command.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Returns whether the page is installed, and man to show it. */
static bool
has_page (char *page)
{
  static char man[] = "man", where[] = "-w", section[] = "1";
  char *arguments[] = { man, where, section, page, NULL };
  posix_spawn_file_actions_t files;
  pid_t child;
  int status = -1;
  posix_spawn_file_actions_init (&files);
  posix_spawn_file_actions_addopen (&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen (&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  int failure = posix_spawnp (&child, man, &files, NULL, arguments, environ);
  posix_spawn_file_actions_destroy (&files);
  while (failure == 0 && waitpid (child, &status, 0) < 0 && errno == EINTR)
    ;
  return failure == 0 && WIFEXITED (status) && WEXITSTATUS (status) == 0;
}

/* Becomes man, unless there is no PAGE. */
static void
show_page (char *page)
{
  static char man[] = "man", section[] = "1";
  char *arguments[] = { man, section, page, NULL };
  if (has_page (page))
    execvp (man, arguments);
}

static int
help (const struct command *self, int argc, char **argv)
{
  char page[64] = "gcglass";
  const struct command *command = NULL;
  int option;
  while ((option = options_next (self, argc, argv)) != OPTIONS_DONE)
    if (option != 'h')
      return COMMAND_MISUSED;
    else
      return command_usage (self);
  if (optind + 1 < argc)
    return command_misuse (self, "one command at a time, not also %s", argv[optind + 1]);
  if (optind < argc && (command = command_find (argv[optind])) == NULL)
    return COMMAND_MISUSED;
  if (command != NULL)
    snprintf (page, sizeof page, "gcglass-%s", command->name);
  if (command != self)
    show_page (page);
  if (command != NULL)
    return command_usage (command);
  command_list ();
  return 0;
}

static const struct command_option help_options[] = { OPTION_HELP, OPTION_END };

const struct command command_help = {
  .name = "help",
  .arguments = "[COMMAND]",
  .summary = "Shows the manual page of a command, or its options where that is not installed",
  .options = (const struct command_option *const[]){ help_options, NULL },
  .operands = OPTION_COMMANDS,
  .function = help,
};
