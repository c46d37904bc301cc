/* serving.c -- see serving.h. */
#include "config.h"

#include "tools/serving.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/renderer.h"
#include "server/source.h"
#include "tools/child.h"
#include "tools/port.h"

extern char **environ;

#define BIG_BLOCK  (1 << 20)
#define NEXT_PORTS 20 /* tried after the default one */

const struct command_option serving_options[]
    = { { "host", SERVING_HOST, "NAME", "localhost 127.0.0.1",
          "localhost or 127.0.0.1: only this machine is served" },
        { "port", SERVING_PORT, "N", NULL,
          "port, default 8090 or the next one that is free; 0: any free one" },
        { "token", SERVING_TOKEN, "off|TEXT", "off",
          "no token, or your own instead of one made at start; other users can see TEXT for "
          "a moment, "
          "unlike --token-file" },
        { "token-file", SERVING_TOKEN_FILE, "FILE", OPTION_FILES,
          "the first line of FILE is the token" },
        { "open", SERVING_OPEN, NULL, NULL, "start the browser" },
        { "templates", SERVING_TEMPLATES, "DIR", OPTION_DIRECTORIES,
          "pages from DIR instead of the built-in ones" },
        { "debuginfod", SERVING_DEBUGINFOD, NULL, NULL,
          "fetch missing debug information from DEBUGINFOD_URLS" },
        { "quiet", SERVING_QUIET, NULL, NULL, "print only errors" },
        OPTION_HELP,
        OPTION_END };

static int
set_port (struct serving *serving, const char *text)
{
  uint32_t port;
  if (!command_number (text, 0, 65535, &port))
    return command_misuse (serving->command, "port '%s' is not a number from 0 to 65535", text);
  serving->options.port = (int)port;
  serving->port_given = true;
  return 0;
}

static int
set_token (struct serving *serving, const char *text)
{
  if (strlen (text) >= sizeof serving->token)
    return command_misuse (serving->command, "the token is longer than %d characters",
                           GCG__TOKEN_BYTES - 1);
  strcpy (serving->token, text);
  serving->options.token = serving->token;
  return 0;
}

/* The first line of the file at PATH is the token. */
static int
read_token (struct serving *serving, const char *path)
{
  char line[GCG__TOKEN_BYTES + 2] = "";
  FILE *file = fopen (path, "re");
  bool got = file != NULL && fgets (line, sizeof line, file) != NULL;
  int why = errno;
  bool failed = file == NULL || ferror (file) != 0;
  if (file != NULL)
    fclose (file);
  if (failed)
    return command_misuse (serving->command, "--token-file %s: %s", path, strerror (why));
  line[strcspn (line, "\r\n")] = '\0';
  if (!got || line[0] == '\0')
    return command_misuse (serving->command, "--token-file %s: its first line is empty", path);
  int status = set_token (serving, line);
  explicit_bzero (line, sizeof line);
  return status;
}

int
serving_init (struct serving *serving, const struct command *command)
{
  const char *port = secure_getenv ("GCGLASS_PORT"), *token = secure_getenv ("GCGLASS_TOKEN");
  int status = 0;
  memset (serving, 0, sizeof *serving);
  serving->command = command;
  serving->signals.fd = serving->event_fd = -1;
  serving->options.port = GCG__DEFAULT_PORT;
  serving->options.host = secure_getenv ("GCGLASS_HOST");
  serving->options.templates = secure_getenv ("GCGLASS_TEMPLATES");
  if (port != NULL && *port != '\0')
    status = set_port (serving, port);
  if (status == 0 && token != NULL)
    status = set_token (serving, token);
  /* No program that we start is to know it. */
  unsetenv ("GCGLASS_TOKEN");
  return status;
}

int
serving_take (struct serving *serving, int option, char *argument)
{
  int status = 0;
  switch (option)
    {
    case SERVING_HOST:
      serving->options.host = argument;
      return 0;
    case SERVING_PORT:
      return set_port (serving, argument);
    case SERVING_TOKEN:
      status = set_token (serving, argument);
      /* Others can read our command line in /proc. */
      memset (argument, '*', strlen (argument));
      return status;
    case SERVING_TOKEN_FILE:
      return read_token (serving, argument);
    case SERVING_OPEN:
      serving->open = true;
      return 0;
    case SERVING_TEMPLATES:
      serving->options.templates = argument;
      return 0;
    case SERVING_QUIET:
      serving->quiet = true;
      return 0;
    case SERVING_DEBUGINFOD:
      if (getenv ("DEBUGINFOD_URLS") == NULL)
        return command_misuse (serving->command,
                               "--debuginfod: DEBUGINFOD_URLS names no server to ask");
      setenv ("GCGLASS_DEBUGINFOD", "1", 1);
      return 0;
    case 'h':
      command_usage (serving->command);
      return -1;
    default:
      return COMMAND_MISUSED;
    }
}

void
serving_say (const struct serving *serving, const char *format, ...)
{
  va_list arguments;
  if (serving->quiet)
    return;
  va_start (arguments, format);
  fputs ("gcglass: ", stderr);
  vfprintf (stderr, format, arguments);
  fputc ('\n', stderr);
  va_end (arguments);
}

static void
say_renewed (void *context, const char *url)
{
  serving_say (context, "that address was opened before; a new one: %s", url);
}

int
serving_begin (struct serving *serving)
{
  /* What one reader's table took goes back to the system, whichever thread took it: else each
     thread keeps the most that it ever needed. */
  mallopt (M_MMAP_THRESHOLD, BIG_BLOCK);
  child_raise_limit ();
  struct gcg_error error;
  bool blocked = signals_begin (&serving->signals, !serving->runs);
  serving->event_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (!blocked || serving->event_fd < 0)
    return command_fail (serving->command, "cannot wait for signals: %s", strerror (errno));
  if (gcg__source_new (&serving->source, &error) != GCG_OK)
    return command_fail (serving->command, "%s", error.text);
  return 0;
}

/* The URL holds the token and must not stand in a command line: the browser is given a file that
   leads to it. */
static void
open_browser (struct serving *serving)
{
  static char program[] = "xdg-open";
  char path[4096];
  char *arguments[] = { program, path, NULL };
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  sigset_t usual;
  struct gcg_error error;
  if (gcg__server_doorway (serving->server, path, &error) != GCG_OK)
    {
      command_fail (serving->command, "cannot open the browser: %s", error.text);
      return;
    }
  sigemptyset (&usual);
  sigaddset (&usual, SIGPIPE);
  posix_spawn_file_actions_init (&files);
  posix_spawn_file_actions_addopen (&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen (&files, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen (&files, 2, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_init (&attributes);
  /* A group of its own: Ctrl+C is not for the browser. */
  posix_spawnattr_setflags (&attributes,
                            POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setsigdefault (&attributes, &usual);
  posix_spawnattr_setsigmask (&attributes, &serving->signals.mask);
  int failure
      = posix_spawnp (&serving->browser_pid, program, &files, &attributes, arguments, environ);
  if (failure != 0)
    {
      serving->browser_pid = 0;
      command_fail (serving->command, "cannot open the browser: %s: %s: open the address yourself",
                    program, strerror (failure));
    }
  posix_spawnattr_destroy (&attributes);
  posix_spawn_file_actions_destroy (&files);
}

/* Starts the server on the given port or, by default, on the next free one. */
static enum gcg_status
start_server (struct serving *serving, struct gcg_error *error)
{
  int first = serving->options.port;
  struct gcg__server_options *options = &serving->options;
  enum gcg_status status = gcg__server_start (serving->source, options, &serving->server, error);
  if (serving->port_given || first == 0 || status != GCG_BUSY)
    return status;
  while (status == GCG_BUSY && options->port < first + NEXT_PORTS)
    {
      options->port++;
      status = gcg__server_start (serving->source, options, &serving->server, error);
    }
  if (status == GCG_OK)
    serving_say (serving, "port %d is taken: using port %d", first, options->port);
  return status;
}

void
serving_say_address (const struct serving *serving)
{
  char url[GCG__URL_BYTES];
  gcg__server_url (serving->server, url);
  serving_say (serving, "%s", url);
  explicit_bzero (url, sizeof url);
}

int
serving_start (struct serving *serving)
{
  char holder[64];
  struct gcg_error error;
  serving->options.renewed = serving->quiet ? NULL : say_renewed;
  serving->options.context = serving;
  enum gcg_status status = start_server (serving, &error);
  if (status == GCG_BUSY)
    return command_fail (
        serving->command, "port %d is in use by %s: choose one with --port N, or --port 0 for any",
        serving->options.port,
        port_holder (serving->options.port, holder) ? holder : "a process of another user");
  if (status != GCG_OK)
    return command_fail (serving->command, "%s", error.text);
  serving_say_address (serving);
  if (serving->open)
    open_browser (serving);
  return 0;
}

void
serving_wake (struct serving *serving)
{
  eventfd_write (serving->event_fd, 1);
}

bool
serving_wait (struct serving *serving, struct signalfd_siginfo *info)
{
  for (;;)
    {
      struct pollfd fds[2]
          = { { serving->signals.fd, POLLIN, 0 }, { serving->event_fd, POLLIN, 0 } };
      eventfd_t ignored;
      if (poll (fds, 2, -1) < 0)
        continue;
      if (fds[0].revents != 0 && signals_read (&serving->signals, info))
        {
          if (info->ssi_signo == SIGCHLD && serving->browser_pid > 0
              && waitpid (serving->browser_pid, NULL, WNOHANG) == serving->browser_pid)
            serving->browser_pid = 0;
          return true;
        }
      if (fds[1].revents != 0)
        {
          eventfd_read (serving->event_fd, &ignored);
          return false;
        }
    }
}

void
serving_stop (struct serving *serving)
{
  if (serving->source != NULL)
    gcg__source_shut (serving->source);
  gcg__renderer_stop_all ();
  gcg__server_stop (serving->server);
  serving->server = NULL;
}

void
serving_end (struct serving *serving)
{
  serving_stop (serving);
  gcg__source_free (serving->source);
  serving->source = NULL;
  signals_end (&serving->signals);
  if (serving->event_fd >= 0)
    close (serving->event_fd);
  serving->event_fd = -1;
  explicit_bzero (serving->token, sizeof serving->token);
}
