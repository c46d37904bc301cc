/* compare.c -- runs two commands in turn and compares their time, memory and own figures.
 *
 *   compare [-n RUNS] [-a AIM] [-m AIM] [-q] TITLE LABEL-A COMMAND... -- LABEL-B COMMAND...
 *
 * Each is started afresh RUNS times (11), A and B alternating and A first in every other pair.
 * Compared are wall time, processor time and peak resident memory (ru_maxrss), and every figure
 * that both print on their standard output as a line "figure NAME = VALUE UNIT".  -q compares only
 * those.  -a is the aim for time and -m that for memory, printed beside the ratio.  A command that
 * fails ends the comparison with status 1.
 */
#include <config.h>

#include "bench/stats.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum
{
  MAX_FIGURES = 16
};

struct figure
{
  char name[64], unit[16];
  struct stats stats;
};

struct side
{
  const char *label;
  char **command;
  struct stats wall, processor, memory;
  struct figure figures[MAX_FIGURES];
  size_t n_figures;
};

static void
note_figure (struct side *side, const char *line)
{
  struct figure read = { 0 };
  double value;
  if (sscanf (line, "figure %63[^=]= %lf %15[^\n]", read.name, &value, read.unit) != 3)
    return;
  size_t i = 0;
  while (i < side->n_figures && strcmp (side->figures[i].name, read.name) != 0)
    i++;
  if (i == MAX_FIGURES)
    return;
  if (i == side->n_figures)
    side->figures[side->n_figures++] = read;
  stats_add (&side->figures[i].stats, value);
}

static double
seconds (struct timeval time)
{
  return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

static bool
run (struct side *side)
{
  int out[2];
  if (pipe2 (out, O_CLOEXEC))
    return false;
  double start = stats_now ();
  pid_t pid = fork ();
  if (pid == 0)
    {
      dup2 (out[1], STDOUT_FILENO);
      execvp (side->command[0], side->command);
      _exit (127);
    }
  close (out[1]);
  FILE *output = fdopen (out[0], "r");
  char line[256];
  while (output && fgets (line, sizeof line, output))
    note_figure (side, line);
  if (output)
    fclose (output);
  int status;
  struct rusage usage;
  if (pid < 0 || wait4 (pid, &status, 0, &usage) != pid)
    return false;
  stats_add (&side->wall, stats_now () - start);
  stats_add (&side->processor, seconds (usage.ru_utime) + seconds (usage.ru_stime));
  stats_add (&side->memory, (double)usage.ru_maxrss / 1024);
  if (!WIFEXITED (status) || WEXITSTATUS (status) != 0)
    {
      fprintf (stderr, "compare: %s ended with status %d\n", side->command[0], status);
      return false;
    }
  return true;
}

static void
report (const char *title, struct side *a, struct side *b, bool only_figures, const char *time_aim,
        const char *memory_aim)
{
  char text[256];
  if (!only_figures)
    {
      snprintf (text, sizeof text, "%s: wall time", title);
      stats_compare (text, "s", a->label, &a->wall, b->label, &b->wall, time_aim);
      snprintf (text, sizeof text, "%s: processor time", title);
      stats_compare (text, "s", a->label, &a->processor, b->label, &b->processor, NULL);
      snprintf (text, sizeof text, "%s: peak memory", title);
      stats_compare (text, "MiB", a->label, &a->memory, b->label, &b->memory, memory_aim);
    }
  for (size_t i = 0; i < a->n_figures; i++)
    for (size_t j = 0; j < b->n_figures; j++)
      if (strcmp (a->figures[i].name, b->figures[j].name) == 0)
        {
          snprintf (text, sizeof text, "%s: %s", title, a->figures[i].name);
          stats_compare (text, a->figures[i].unit, a->label, &a->figures[i].stats, b->label,
                         &b->figures[j].stats, only_figures ? time_aim : NULL);
        }
}

static void __attribute__ ((noreturn)) usage (void)
{
  fputs ("usage: compare [-n RUNS] [-a AIM] [-m AIM] [-q] TITLE LABEL-A COMMAND... -- LABEL-B "
         "COMMAND...\n",
         stderr);
  exit (2);
}

int
main (int argc, char **argv)
{
  int runs = 11, option;
  bool only_figures = false;
  const char *time_aim = NULL, *memory_aim = NULL;
  while ((option = getopt (argc, argv, "+n:a:m:q")) != -1)
    switch (option)
      {
      case 'n':
        runs = atoi (optarg);
        break;
      case 'a':
        time_aim = optarg;
        break;
      case 'm':
        memory_aim = optarg;
        break;
      case 'q':
        only_figures = true;
        break;
      default:
        usage ();
      }
  struct side a = { 0 }, b = { 0 };
  int split = optind + 2;
  while (split < argc && strcmp (argv[split], "--") != 0)
    split++;
  if (split + 2 >= argc || split < optind + 3)
    usage ();
  argv[split] = NULL;
  a.label = argv[optind + 1];
  a.command = argv + optind + 2;
  b.label = argv[split + 1];
  b.command = argv + split + 2;
  for (int i = 0; i < runs; i++)
    if (!run (i % 2 ? &b : &a) || !run (i % 2 ? &a : &b))
      return 1;
  report (argv[optind], &a, &b, only_figures, time_aim, memory_aim);
  return 0;
}
