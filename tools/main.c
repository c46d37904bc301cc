/* main.c -- the gcglass command: finds the subcommand and hands over.
 *
 * What has been written to the standard output is checked here, once for all subcommands: a full
 * disk or a closed pipe is a failure of the command that wrote to it.
 */
#include <config.h>

#include "tools/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/query.h"

const struct command *const commands[]
    = { &command_run,    &command_view,     &command_leaks,    &command_report,
        &command_export, &command_snapshot, &command_sample,   &command_help,
        &command_serve,  &command_attend,   &command_complete, NULL };

static const char *
next_command (void *context)
{
  const struct command *const **at = context;
  while (**at != NULL && (**at)->hidden)
    ++*at;
  return **at == NULL ? NULL : (*(*at)++)->name;
}

const struct command *
command_find (const char *name)
{
  const struct command *const *at = commands;
  for (const struct command *const *c = commands; *c != NULL; c++)
    if (strcmp ((*c)->name, name) == 0)
      return *c;
  const char *nearest = options_nearest (name, next_command, &at);
  bool is_option = name[0] == '-';
  if (is_option)
    fprintf (stderr, "gcglass: %s comes after a command; see: gcglass --help\n", name);
  else if (nearest != NULL)
    fprintf (stderr, "gcglass: no command '%s'; did you mean: gcglass %s\n", name, nearest);
  else if (access (name, F_OK) == 0)
    fprintf (stderr, "gcglass: no command '%s'; to look at a file: gcglass view %s\n", name, name);
  else
    fprintf (stderr, "gcglass: no command '%s'; see: gcglass --help\n", name);
  return NULL;
}

void
command_list (void)
{
  puts (
      "Usage: gcglass COMMAND [OPTION]...\n"
      "Looks into the heap of a program that uses the Boehm-Demers-Weiser collector, or malloc.\n");
  for (const struct command *const *c = commands; *c != NULL; c++)
    if (!(*c)->hidden)
      printf ("  %-10s %s\n", (*c)->name, (*c)->summary);
  puts ("\n  --help     this list; after a command: its options\n"
        "  --version  the version\n\n"
        "gcglass help COMMAND shows its manual page.");
}

int
command_usage (const struct command *self)
{
  printf ("Usage: gcglass %s %s\n%s.\n\n", self->name, self->arguments, self->summary);
  options_print (self, stdout);
  if (self->notes != NULL)
    printf ("\n%s", self->notes);
  return 0;
}

static void __attribute__ ((format (printf, 2, 0)))
print_error (const struct command *self, const char *format, va_list arguments)
{
  fflush (stdout);
  fprintf (stderr, "gcglass: %s: ", self->name);
  vfprintf (stderr, format, arguments);
}

int
command_fail (const struct command *self, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  print_error (self, format, arguments);
  va_end (arguments);
  fputc ('\n', stderr);
  return COMMAND_FAILED;
}

int
command_misuse (const struct command *self, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  print_error (self, format, arguments);
  va_end (arguments);
  fprintf (stderr, "; see: gcglass %s --help\n", self->name);
  return COMMAND_MISUSED;
}

bool
command_number (const char *text, uint32_t least, uint32_t most, uint32_t *number)
{
  uint64_t value;
  if (!gcg__query_number (text, least, most, &value))
    return false;
  *number = (uint32_t)value;
  return true;
}

/* Why the first write that failed did: stdio remembers only that one has. */
static int write_errno;

bool
command_sink (void *file, const char *bytes, size_t n)
{
  if (fwrite (bytes, 1, n, file) == n)
    return true;
  if (write_errno == 0)
    write_errno = errno;
  return false;
}

/* Writes what is buffered; whatever went wrong with the standard output makes STATUS a failure. */
static int
finish_output (const char *name, int status)
{
  bool failed = ferror (stdout) != 0;
  if (fclose (stdout) != 0 && write_errno == 0)
    {
      write_errno = errno;
      failed = true;
    }
  if (failed && status == 0)
    {
      /* A reader that has seen enough, such as head, is no fault. */
      if (write_errno != EPIPE)
        fprintf (stderr, "gcglass: %s: standard output: %s\n", name, strerror (write_errno));
      status = COMMAND_FAILED;
    }
  return status;
}

int
main (int argc, char **argv)
{
  if (argc < 2)
    {
      command_list ();
      return finish_output ("gcglass", COMMAND_MISUSED);
    }
  if (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0)
    {
      command_list ();
      return finish_output ("--help", 0);
    }
  if (strcmp (argv[1], "--version") == 0 || strcmp (argv[1], "-V") == 0)
    return finish_output ("--version", printf ("gcglass %s\n", PACKAGE_VERSION) < 0);

  const struct command *command = command_find (argv[1]);
  if (command == NULL)
    return COMMAND_MISUSED;
  return finish_output (command->name, command->function (command, argc - 1, argv + 1));
}
