/* serving.h -- what run, view and serve share: options, the browser, the last wait.  */
#ifndef GCG_TOOLS_SERVING_H
#define GCG_TOOLS_SERVING_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "server/server.h"
#include "tools/command.h"
#include "tools/signals.h"

struct serving
{
  const struct command *command;
  struct gcg__server_options options;
  bool port_given;
  bool open;  /* start a browser */
  bool quiet; /* errors only */
  char token[GCG__TOKEN_BYTES + 1];

  struct signals signals;
  int event_fd;      /* written to by serving_wake */
  pid_t browser_pid; /* 0 = none */
  struct gcg__source *source;
  struct gcg__server *server;
};

/* Long options of serving, for a table of struct option, their values, and their --help. */
enum
{
  SERVING_HOST = 256,
  SERVING_PORT,
  SERVING_TOKEN,
  SERVING_TOKEN_FILE,
  SERVING_OPEN,
  SERVING_TEMPLATES,
  SERVING_QUIET,
  SERVING_DEBUGINFOD,
  SERVING_HELP,
  SERVING_LAST
};
#define SERVING_LONG_OPTIONS                                                                       \
  { "host", required_argument, NULL, SERVING_HOST },                                               \
      { "port", required_argument, NULL, SERVING_PORT },                                           \
      { "token", required_argument, NULL, SERVING_TOKEN },                                         \
      { "token-file", required_argument, NULL, SERVING_TOKEN_FILE },                               \
      { "open", no_argument, NULL, SERVING_OPEN },                                                 \
      { "templates", required_argument, NULL, SERVING_TEMPLATES },                                 \
      { "debuginfod", no_argument, NULL, SERVING_DEBUGINFOD },                                     \
      { "quiet", no_argument, NULL, SERVING_QUIET },                                               \
  {                                                                                                \
    "help", no_argument, NULL, SERVING_HELP                                                        \
  }
#define SERVING_HELP_TEXT                                                                          \
  "  --host NAME        localhost or 127.0.0.1: only this machine is served\n"                     \
  "  --port N           port, 8090 without it; 0: any free one\n"                                  \
  "  --token off|TEXT   no token, or one of your own instead of one made at start;\n"              \
  "                     other users can see TEXT for a moment, unlike --token-file\n"               \
  "  --token-file FILE  the first line of FILE is the token\n"                                     \
  "  --open             start the browser\n"                                                       \
  "  --templates DIR    pages from DIR instead of the built-in ones\n"                             \
  "  --debuginfod       fetch missing debug information from DEBUGINFOD_URLS\n"                    \
  "  --quiet            say nothing but errors\n"

/* The defaults, from the environment (GCGLASS_HOST, _PORT, _TOKEN, _TEMPLATES) where it says
   something.  0, or an exit status after a message. */
int serving_init (struct serving *serving, const struct command *command);
/* Takes one option that getopt_long returned, with its optarg, from ARGV.  0; an exit status after
   a message; -1: --help was asked for and given. */
int serving_take (struct serving *serving, int option, char *argument, char **argv);

/* Blocks signals (signals.h), makes the descriptors and the source. */
int serving_begin (struct serving *serving);
/* Serves the source; says the URL; opens the browser.  0 or an exit status after a message. */
int serving_start (struct serving *serving);
/* Wakes serving_wait; any thread. */
void serving_wake (struct serving *serving);
/* Waits for a signal, which goes to *INFO (true), or for serving_wake (false). */
bool serving_wait (struct serving *serving, struct signalfd_siginfo *info);
/* Ends all requests; the temporary directory is gone when it returns. */
void serving_stop (struct serving *serving);
/* Ends everything that was begun. */
void serving_end (struct serving *serving);

/* A line on the standard error, unless quiet. */
void serving_say (const struct serving *serving, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

#endif
