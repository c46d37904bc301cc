/* main.c -- the gcglass command: finds the subcommand and hands over.
 *
 * What has been written to the standard output is checked here, once for all subcommands: a full
 * disk or a closed pipe is a failure of the command that wrote to it.
 */
#include <config.h>

#include "tools/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const struct command *const commands[] = { &command_run,    &command_view,   &command_leaks,
                                           &command_report, &command_export, &command_snapshot,
                                           &command_sample, &command_serve,  NULL };

static const struct command *
find_command (const char *name)
{
  for (const struct command *const *c = commands; *c != NULL; c++)
    if (strcmp ((*c)->name, name) == 0)
      return *c;
  return NULL;
}

static int
print_help (void)
{
  puts ("Usage: gcglass COMMAND [OPTION]...\n"
        "Looks into the heap of a program that uses the Boehm-Demers-Weiser collector.\n");
  for (const struct command *const *c = commands; *c != NULL; c++)
    if (!(*c)->hidden)
      printf ("  %-10s %s\n", (*c)->name, (*c)->summary);
  puts ("\n  --help     this list; after a command: its options\n"
        "  --version  the version\n\n"
        "Each command has a manual page: man gcglass-COMMAND.");
  return 0;
}

int
command_help (const struct command *self)
{
  printf ("Usage: gcglass %s %s\n%s.\n\n%s", self->name, self->arguments, self->summary,
          self->options);
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

int
command_misuse_option (const struct command *self, char **argv)
{
  if (optopt != 0 && optopt < 0x80)
    return command_misuse (self, "-%c is no option, or lacks its argument", optopt);
  return command_misuse (self, "%s is no option, or lacks its argument", argv[optind - 1]);
}

bool
command_number (const char *text, uint32_t least, uint32_t most, uint32_t *number)
{
  if (text[0] < '0' || text[0] > '9')
    return false;
  char *end;
  errno = 0;
  unsigned long value = strtoul (text, &end, 10);
  if (errno != 0 || *end != '\0' || value < least || value > most)
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
      fputs ("gcglass: no command given; see: gcglass --help\n", stderr);
      return COMMAND_MISUSED;
    }
  if (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0)
    return finish_output ("--help", print_help ());
  if (strcmp (argv[1], "--version") == 0 || strcmp (argv[1], "-V") == 0)
    return finish_output ("--version", printf ("gcglass %s\n", PACKAGE_VERSION) < 0);

  const struct command *command = find_command (argv[1]);
  if (command == NULL)
    {
      fprintf (stderr, "gcglass: no command '%s'; see: gcglass --help\n", argv[1]);
      return COMMAND_MISUSED;
    }
  opterr = 0; /* a misused option is told in gcglass's own words */
  return finish_output (command->name, command->function (command, argc - 1, argv + 1));
}
