/* example.c -- the options that all examples have; see example.h.
 *
 * The calls that matter are gcg_save and gcg_start_in_background; the rest is waiting.
 */
#include "examples/example.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GC_THREADS
#include <gcglass/gc.h>
#include <gcglass/gcglass.h>

static volatile sig_atomic_t interrupted;

static void
note_signal (int number)
{
  interrupted = number;
}

static void __attribute__ ((noreturn)) usage (const char *program)
{
  fprintf (stderr, "Usage: %s [--save FILE] [--serve] [--wait] [--fixed] [--rounds N] [--warn]\n",
           program);
  exit (2);
}

void
example_begin (struct example *example, int argc, char **argv)
{
  memset (example, 0, sizeof *example);
  example->rounds = 1;
  for (int i = 1; i < argc; i++)
    if (strcmp (argv[i], "--save") == 0 && i + 1 < argc)
      example->save = argv[++i];
    else if (strcmp (argv[i], "--rounds") == 0 && i + 1 < argc)
      example->rounds = atoi (argv[++i]);
    else if (strcmp (argv[i], "--serve") == 0)
      example->serve = true;
    else if (strcmp (argv[i], "--wait") == 0)
      example->wait = true;
    else if (strcmp (argv[i], "--fixed") == 0)
      example->fixed = true;
    else if (strcmp (argv[i], "--warn") == 0)
      example->warn = true;
    else
      usage (argv[0]);

  GC_INIT ();
  if (!example->warn)
    GC_set_warn_proc (GC_ignore_warn_proc);
}

/* Until Enter (on a terminal), SIGINT or SIGTERM. */
static void
wait_for_user (void (*tick) (void))
{
  struct sigaction action = { .sa_handler = note_signal };
  sigaction (SIGINT, &action, NULL);
  sigaction (SIGTERM, &action, NULL);
  struct pollfd keyboard = { .fd = isatty (STDIN_FILENO) ? STDIN_FILENO : -1, .events = POLLIN };
  while (!interrupted && poll (&keyboard, 1, 1000) <= 0)
    if (tick)
      tick ();
}

int
example_end (const struct example *example, void (*tick) (void))
{
  struct gcg_error error;
  struct gcg_server *server = NULL;
  fflush (stdout);
  if (example->save && gcg_save (example->save, &error) != GCG_OK)
    {
      fprintf (stderr, "%s\n", error.text);
      return 1;
    }
  if (example->serve && gcg_start_in_background (NULL, &server, &error) != GCG_OK)
    {
      fprintf (stderr, "%s\n", error.text);
      return 1;
    }
  if (example->serve || example->wait)
    wait_for_user (tick);
  gcg_stop (server);
  return 0;
}
