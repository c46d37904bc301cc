/* serve.c -- gcglass serve: what gcg_start starts, at the other end of a socketpair.
 *
 * Hidden: only the agent calls it.  It hears HELLO and SERVE, serves, answers with the URL or with
 * why not, and ends when the agent says STOP or has gone, or the page says stop.  The connection is
 * closed last: then the temporary directory has gone, and gcg_stop returns.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/error.h"
#include "server/live.h"
#include "server/source.h"
#include "tools/command.h"
#include "tools/serving.h"
#include "tools/wishes.h"

#define START_SECONDS 20

/* Hears HELLO and SERVE. */
static bool
hear (int fd, pid_t *pid, struct gcg__message *serve)
{
  struct timeval patience = { .tv_sec = START_SECONDS };
  struct gcg__message hello;
  int attached[2] = { -1, -1 };
  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  bool heard = gcg__link_allows (fd) && gcg__link_receive (fd, &hello, &attached[0])
               && hello.type == GCG__HELLO && gcg__link_receive (fd, serve, &attached[1])
               && serve->type == GCG__SERVE;
  for (int i = 0; i < 2; i++)
    if (attached[i] >= 0)
      close (attached[i]);
  *pid = heard ? (pid_t)hello.pid : 0;
  return heard;
}

static void
say_program (struct gcg__source *source, pid_t pid)
{
  char link[64], path[4096];
  snprintf (link, sizeof link, "/proc/%d/exe", (int)pid);
  ssize_t n = readlink (link, path, sizeof path - 1);
  path[n < 0 ? 0 : n] = '\0';
  const char *slash = strrchr (path, '/');
  gcg__source_set_process (source, pid, slash == NULL ? "program" : slash + 1);
}

static void
wake (void *context)
{
  serving_wake (context);
}

static void
say_renewed (void *context, const char *url)
{
  (void)context;
  fprintf (stderr, "gcglass: that address was opened before; a new one: %s\n", url);
}

/* Serves as WISHES say; the answer goes to ANSWER. */
static enum gcg_status
serve (struct serving *serving, const struct wishes *wishes, pid_t pid, struct gcg__message *answer,
       struct gcg_error *error)
{
  serving->options = (struct gcg__server_options){ .host = wishes->host,
                                                   .port = (int)wishes->port,
                                                   .token = wishes->token,
                                                   .templates = wishes->templates,
                                                   .debug = wishes->debug,
                                                   .renewed = say_renewed,
                                                   .stop = wake,
                                                   .context = serving };
  enum gcg_status status = GCG_OK;
  say_program (serving->source, pid);
  if (wishes->snapshot != NULL)
    {
      int fd = open (wishes->snapshot, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
      if (fd < 0)
        return gcg__error_write (error, GCG_SYSTEM, "%s: %m", wishes->snapshot);
      status = gcg__source_add (serving->source, fd, wishes->snapshot, NULL, 0, error);
      gcg__source_set_file (serving->source, wishes->snapshot);
    }
  if (status == GCG_OK)
    status = gcg__server_start (serving->source, &serving->options, &serving->server, error);
  if (status == GCG_BUSY)
    gcg__error_write (error, status,
                      "port %d is in use, perhaps by another gcglass: choose one in "
                      "gcg_options.port, or -1 for any",
                      serving->options.port);
  if (status != GCG_OK)
    return status;
  gcg__server_url (serving->server, answer->text);
  return GCG_OK;
}

/* All between SERVE, which is MESSAGE, and the end; takes FD.  Returns an exit status. */
static int
converse (struct serving *serving, int fd, pid_t pid, const struct gcg__message *message)
{
  struct gcg__live_events events = { .context = serving, .closed = wake };
  struct gcg__live *live = NULL;
  struct gcg__message answer = { .type = GCG__URL };
  struct signalfd_siginfo info;
  struct wishes wishes;
  struct gcg_error error = { GCG_OK, "" };
  enum gcg_status status = wishes_read (&wishes, message->text, &error);
  int copy = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  if (status == GCG_OK && copy < 0)
    status = gcg__error_write (&error, GCG_SYSTEM, "no descriptor: %m");
  /* The process is live before the URL is known: the first look is not to find it missing. */
  if (status == GCG_OK)
    status = gcg__live_connected (serving->source, copy, pid, &events, &live, &error);
  else if (copy >= 0)
    close (copy);
  if (status == GCG_OK)
    status = serve (serving, &wishes, pid, &answer, &error);
  answer.status = status;
  if (status != GCG_OK)
    memcpy (answer.text, error.text, sizeof error.text);
  bool told = gcg__link_send (fd, &answer);
  close (fd);
  /* Not SIGINT: Ctrl+C is the program's. */
  while (status == GCG_OK && told && serving_wait (serving, &info) && info.ssi_signo != SIGTERM
         && info.ssi_signo != SIGHUP)
    ;
  serving_stop (serving);
  gcg__live_free (live);
  return status == GCG_OK ? 0 : COMMAND_FAILED;
}

static int
serve_main (const struct command *self, int argc, char **argv)
{
  struct serving serving;
  struct gcg__message message;
  uint32_t number = UINT32_MAX;
  int option, status = COMMAND_FAILED;
  pid_t pid;
  serving_init (&serving, self);
  while ((option = options_next (self, argc, argv)) != OPTIONS_DONE)
    if (option != 'f' || !command_number (optarg, 0, 1u << 20, &number))
      return COMMAND_MISUSED;
  int fd = number == UINT32_MAX ? -1 : fcntl ((int)number, F_DUPFD_CLOEXEC, 3);
  if (fd < 0)
    return command_misuse (self, "this command is started by programs that call gcg_start");
  close ((int)number);
  if (serving_begin (&serving) == 0 && hear (fd, &pid, &message))
    status = converse (&serving, fd, pid, &message);
  else
    close (fd);
  serving_end (&serving);
  return status;
}

static const struct command_option serve_options[]
    = { { "fd", 'f', "N", NULL, "the descriptor of its end of the connection" }, OPTION_END };

const struct command command_serve = {
  .name = "serve",
  .arguments = "--fd N",
  .summary = "Serves the process at the other end of a descriptor",
  .options = (const struct command_option *const[]){ serve_options, NULL },
  .hidden = true,
  .function = serve_main,
};
