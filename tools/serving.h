/* serving.h -- what run, view and serve share: options, the browser, the last wait.  */
#ifndef GCG_TOOLS_SERVING_H
#define GCG_TOOLS_SERVING_H

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
  bool runs;  /* a program: job control stops that (front.h), not us */
  bool open;  /* start a browser */
  bool quiet; /* errors only */
  char token[GCG__TOKEN_BYTES + 1];

  struct signals signals;
  int event_fd;      /* written to by serving_wake */
  pid_t browser_pid; /* 0 = none */
  struct gcg__source *source;
  struct gcg__server *server;
};

/* The options of serving, and what options_next returns for them. */
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
  SERVING_LAST
};
extern const struct command_option serving_options[];

/* The defaults, from the environment (GCGLASS_HOST, _PORT, _TOKEN, _TEMPLATES) where it says
   something.  0, or an exit status after a message. */
int serving_init (struct serving *serving, const struct command *command);
/* Takes one option that options_next returned, with its optarg.  0; an exit status after a message;
   -1: --help was asked for and given. */
int serving_take (struct serving *serving, int option, char *argument);

/* Blocks signals (signals.h), makes the descriptors and the source. */
int serving_begin (struct serving *serving);
/* Serves the source; says the URL; opens the browser.  0 or an exit status after a message. */
int serving_start (struct serving *serving);
/* Says the URL. */
void serving_say_address (const struct serving *serving);
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
