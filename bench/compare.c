/* compare.c -- runs commands in turn and compares their time, memory and own figures.
 *
 *   compare [-n RUNS] [-l RUNS] [-a AIM] [-m AIM] [-r I/J=AIM]... [-qs]
 *           TITLE LABEL COMMAND... [-- LABEL COMMAND...]...
 *
 * Each is started afresh RUNS times (11), in an order that goes round, the last at most -l times.
 * Compared are wall time, processor time and peak resident memory (ru_maxrss: that of the largest
 * process), and every figure that all print on their standard output as a line "figure NAME = VALUE
 * UNIT".  -q compares only those, -s throws away what commands say on the standard error.  Ratios
 * are to the first; -a is the aim for the second's time and -m that for its memory, printed beside
 * the ratio, and -r prints the ratios of the times of the I-th and the J-th with their aim.  A
 * command that fails ends the comparison with status 1.
 */
#include <config.h>

#include "bench/stats.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum
{
  MAX_FIGURES = 16,
  MAX_SIDES = 8,
  MAX_AIMS = 8
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
run (struct side *side, bool silent)
{
  int out[2];
  if (pipe2 (out, O_CLOEXEC))
    return false;
  double start = stats_now ();
  pid_t pid = fork ();
  if (pid == 0)
    {
      dup2 (out[1], STDOUT_FILENO);
      if (silent)
        dup2 (open ("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
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

/* An aim for the ratio of two sides' times, of which the first is number 1. */
struct aim
{
  unsigned above, below;
  const char *text;
};

struct comparison
{
  const char *title, *time_aim, *memory_aim;
  struct side sides[MAX_SIDES];
  unsigned n_sides;
  struct aim aims[MAX_AIMS];
  unsigned n_aims;
  bool only_figures, silent;
  int runs, last_runs;
};

/* One measure of all sides. */
static void
report_measure (const struct comparison *c, const char *name, const char *unit,
                struct stats *stats[MAX_SIDES], const char *aim)
{
  double base = stats_quantile (stats[0], 0.5);
  printf ("%s: %s\n", c->title, name);
  for (unsigned i = 0; i < c->n_sides; i++)
    stats_print (c->sides[i].label, unit, stats[i]);
  for (unsigned i = 1; i < c->n_sides; i++)
    printf ("  ratio %.3f%s%s%s%s\n", base > 0 ? stats_quantile (stats[i], 0.5) / base : 0.0,
            c->n_sides > 2 ? "   " : "", c->n_sides > 2 ? c->sides[i].label : "",
            i == 1 && aim ? "   aim " : "", i == 1 && aim ? aim : "");
  fflush (stdout);
}

static void
report_aims (struct comparison *c)
{
  for (unsigned i = 0; i < c->n_aims; i++)
    {
      struct side *above = &c->sides[c->aims[i].above - 1],
                  *below = &c->sides[c->aims[i].below - 1];
      printf ("  %s / %s: %.3f, of processor time %.3f   aim %s\n", above->label, below->label,
              stats_quantile (&above->wall, 0.5) / stats_quantile (&below->wall, 0.5),
              stats_quantile (&above->processor, 0.5) / stats_quantile (&below->processor, 0.5),
              c->aims[i].text);
    }
}

static void
report_figure (struct comparison *c, struct figure *figure)
{
  struct stats *stats[MAX_SIDES];
  for (unsigned i = 0; i < c->n_sides; i++)
    {
      struct side *side = &c->sides[i];
      size_t k = 0;
      while (k < side->n_figures && strcmp (side->figures[k].name, figure->name) != 0)
        k++;
      if (k == side->n_figures)
        return;
      stats[i] = &side->figures[k].stats;
    }
  report_measure (c, figure->name, figure->unit, stats, c->only_figures ? c->time_aim : NULL);
}

static void
report (struct comparison *c)
{
  struct stats *wall[MAX_SIDES], *processor[MAX_SIDES], *memory[MAX_SIDES];
  for (unsigned i = 0; i < c->n_sides; i++)
    {
      wall[i] = &c->sides[i].wall;
      processor[i] = &c->sides[i].processor;
      memory[i] = &c->sides[i].memory;
    }
  if (!c->only_figures)
    {
      report_measure (c, "wall time", "s", wall, c->time_aim);
      report_aims (c);
      report_measure (c, "processor time", "s", processor, NULL);
      report_measure (c, "peak memory", "MiB", memory, c->memory_aim);
    }
  for (size_t i = 0; i < c->sides[0].n_figures; i++)
    report_figure (c, &c->sides[0].figures[i]);
}

static void __attribute__ ((noreturn)) usage (void)
{
  fputs ("usage: compare [-n RUNS] [-l RUNS] [-a AIM] [-m AIM] [-r I/J=AIM]... [-qs] TITLE LABEL "
         "COMMAND... "
         "[-- LABEL COMMAND...]...\n",
         stderr);
  exit (2);
}

/* "I/J=AIM" */
static void
take_aim (struct comparison *c, const char *text)
{
  struct aim *aim = &c->aims[c->n_aims];
  const char *equals = strchr (text, '=');
  if (c->n_aims == MAX_AIMS || !equals || sscanf (text, "%u/%u", &aim->above, &aim->below) != 2)
    usage ();
  aim->text = equals + 1;
  c->n_aims++;
}

static void
take_options (struct comparison *c, int argc, char **argv)
{
  int option;
  while ((option = getopt (argc, argv, "+n:l:a:m:r:qs")) != -1)
    switch (option)
      {
      case 'n':
        c->runs = atoi (optarg);
        break;
      case 'l':
        c->last_runs = atoi (optarg);
        break;
      case 'a':
        c->time_aim = optarg;
        break;
      case 'm':
        c->memory_aim = optarg;
        break;
      case 'r':
        take_aim (c, optarg);
        break;
      case 'q':
        c->only_figures = true;
        break;
      case 's':
        c->silent = true;
        break;
      default:
        usage ();
      }
}

/* Sides begin at ARGV [AT], each up to a "--", which is overwritten. */
static void
take_sides (struct comparison *c, int argc, char **argv, int at)
{
  while (at < argc)
    {
      int end = at;
      while (end < argc && strcmp (argv[end], "--") != 0)
        end++;
      if (end < at + 2 || c->n_sides == MAX_SIDES)
        usage ();
      if (end < argc)
        argv[end] = NULL;
      c->sides[c->n_sides].label = argv[at];
      c->sides[c->n_sides++].command = argv + at + 1;
      at = end + 1;
    }
  for (unsigned i = 0; i < c->n_aims; i++)
    if (c->aims[i].above - 1 >= c->n_sides || c->aims[i].below - 1 >= c->n_sides)
      usage ();
}

int
main (int argc, char **argv)
{
  static struct comparison c;
  c.runs = 11;
  c.last_runs = INT_MAX;
  take_options (&c, argc, argv);
  if (optind >= argc)
    usage ();
  c.title = argv[optind];
  take_sides (&c, argc, argv, optind + 1);
  if (c.n_sides < 2)
    usage ();
  for (int i = 0; i < c.runs; i++)
    for (unsigned k = 0; k < c.n_sides; k++)
      {
        unsigned side = ((unsigned)i + k) % c.n_sides;
        if (side == c.n_sides - 1 && i >= c.last_runs)
          continue;
        if (!run (&c.sides[side], c.silent))
          return 1;
      }
  report (&c);
  return 0;
}
