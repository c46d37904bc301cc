/* render.c -- gcglass-render: DOT on the standard input, a picture on the standard output.
 *
 *   gcglass-render --format png|svg --engine dot|sfdp [--nodes N]
 *
 * A program of its own, because graphviz is large, knows no threads, leaks, and crashes when memory
 * runs out: here it does so alone.  It lives within limits on processor time and memory, and dies
 * with the program that started it.  The picture is written when it is complete, so an exit status
 * of 0 and a picture come together.
 *
 * Exit status: 0 drawn; 1 cannot work here (no plugin for the format); 2 wrong usage or no graph;
 * 3 too large for the limits.  When graphviz crashes: a signal.  Why stands on the standard error.
 *
 * Graphviz draws all lines of a label alike.  The last line of a node's label is its address, which
 * is to be grey: in SVG it is given the class "address" and a colour afterwards.
 */
#include <config.h>

#include <errno.h>
#include <getopt.h>
#include <gvc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define EXIT_BAD_INPUT 2
#define EXIT_TOO_LARGE 3

#define MAX_NODES    10000
#define MANY_EDGES   400 /* for dot and its curves */
#define CPU_SECONDS  60
#define MEMORY_BYTES ((rlim_t)3 << 30)
#define INPUT_BYTES  ((size_t)64 << 20)

struct arguments
{
  const char *format, *engine;
  int nodes;
};

static void __attribute__ ((noreturn)) fail (int status, const char *what)
{
  fprintf (stderr, "%s\n", what);
  exit (status);
}

static void
parse (int argc, char **argv, struct arguments *arguments)
{
  static const struct option options[] = { { "format", required_argument, NULL, 'f' },
                                           { "engine", required_argument, NULL, 'e' },
                                           { "nodes", required_argument, NULL, 'n' },
                                           { NULL, 0, NULL, 0 } };
  *arguments = (struct arguments){ "svg", "dot", 0 };
  for (int c; (c = getopt_long (argc, argv, "", options, NULL)) != -1;)
    if (c == 'f' && (strcmp (optarg, "png") == 0 || strcmp (optarg, "svg") == 0))
      arguments->format = optarg;
    else if (c == 'e' && (strcmp (optarg, "dot") == 0 || strcmp (optarg, "sfdp") == 0))
      arguments->engine = optarg;
    else if (c == 'n')
      arguments->nodes = atoi (optarg);
    else
      fail (EXIT_BAD_INPUT, "usage: gcglass-render --format png|svg --engine dot|sfdp [--nodes N]");
  if (arguments->nodes > MAX_NODES)
    fail (EXIT_TOO_LARGE, "too many nodes");
}

static void
out_of_time (int number)
{
  (void)number;
  _exit (EXIT_TOO_LARGE);
}

static void
set_limits (void)
{
  struct rlimit none = { 0, 0 }, seconds = { CPU_SECONDS, CPU_SECONDS + 5 };
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  setrlimit (RLIMIT_CORE, &none);
  signal (SIGXCPU, out_of_time);
  setrlimit (RLIMIT_CPU, &seconds);
#ifndef __SANITIZE_ADDRESS__ /* whose shadow alone is larger */
  struct rlimit memory = { MEMORY_BYTES, MEMORY_BYTES };
  setrlimit (RLIMIT_AS, &memory);
#endif
}

/* All of the standard input, with a NUL after it. */
static char *
read_input (void)
{
  size_t size = 1 << 16, n = 0;
  char *text = malloc (size);
  while (text != NULL)
    {
      ssize_t got = read (STDIN_FILENO, text + n, size - n - 1);
      if (got < 0 && errno == EINTR)
        continue;
      if (got < 0)
        fail (EXIT_BAD_INPUT, "the graph cannot be read");
      if (got == 0)
        break;
      n += (size_t)got;
      if (n > INPUT_BYTES)
        fail (EXIT_TOO_LARGE, "the graph is too long");
      if (size - n < 2)
        {
          char *longer = realloc (text, size *= 2);
          if (longer == NULL)
            free (text);
          text = longer;
        }
    }
  if (text == NULL)
    fail (EXIT_TOO_LARGE, "out of memory");
  text[n] = '\0';
  if (strlen (text) != n)
    fail (EXIT_BAD_INPUT, "the graph holds a NUL");
  return text;
}

/* Straight lines there and back between two nodes are one: their labels move from its middle to
   where each begins. */
static void
part_labels (Agraph_t *graph)
{
  agattr (graph, AGEDGE, "label", "");
  agattr (graph, AGEDGE, "taillabel", "");
  agattr (graph, AGEDGE, "labeldistance", "3");
  for (Agnode_t *node = agfstnode (graph); node != NULL; node = agnxtnode (graph, node))
    for (Agedge_t *edge = agfstout (graph, node); edge != NULL; edge = agnxtout (graph, edge))
      if (aghead (edge) != node && agedge (graph, aghead (edge), node, NULL, 0) != NULL)
        {
          agset (edge, "taillabel", agget (edge, "label"));
          agset (edge, "label", "");
        }
}

/* What makes large graphs bearable: straight lines, and fewer dots to the inch. */
static void
set_attributes (Agraph_t *graph, const struct arguments *arguments)
{
  if (strcmp (arguments->engine, "sfdp") == 0)
    {
      agattr (graph, AGRAPH, "overlap", "prism");
      agattr (graph, AGRAPH, "splines", "line");
      agattr (graph, AGRAPH, "outputorder", "edgesfirst");
      part_labels (graph);
    }
  else if (agnedges (graph) > MANY_EDGES)
    {
      /* Rounds of improvement, per node or edge: 300 nodes with 600 random edges take 2 s instead
         of minutes. */
      agattr (graph, AGRAPH, "nslimit", "0.5");
      agattr (graph, AGRAPH, "nslimit1", "0.5");
      agattr (graph, AGRAPH, "mclimit", "0.2");
      agattr (graph, AGRAPH, "splines", "line");
      part_labels (graph);
    }
  if (strcmp (arguments->format, "png") == 0)
    agattr (graph, AGRAPH, "dpi",
            arguments->nodes > 300   ? "40"
            : arguments->nodes > 100 ? "60"
                                     : "96");
}

static void
write_all (const char *bytes, size_t n)
{
  while (n > 0)
    {
      ssize_t written = write (STDOUT_FILENO, bytes, n);
      if (written < 0 && errno != EINTR)
        exit (EXIT_FAILURE);
      if (written > 0)
        {
          bytes += written;
          n -= (size_t)written;
        }
    }
}

/* The last TEXT that begins in [FROM, END), or NULL. */
static const char *
find_last (const char *from, const char *end, const char *text)
{
  const char *last = NULL;
  for (const char *at = from; (at = strstr (at, text)) != NULL && at < end; at++)
    last = at;
  return last;
}

/* Writes SVG, which ends in NUL; in each node but "rest" the last line of text is its address. */
static void
write_svg (const char *svg)
{
  static const char node[] = "class=\"node", line[] = "<text ";
  const char *written = svg;
  for (const char *at = svg; (at = strstr (at, node)) != NULL;)
    {
      const char *end = strstr (at, "<!-- ");
      if (end == NULL)
        end = at + strlen (at);
      const char *last = find_last (at, end, line);
      if (last != NULL && strncmp (at + sizeof node - 1, " rest", 5) != 0)
        {
          static const char grey[] = "class=\"address\" fill=\"#6e7781\" ";
          last += sizeof line - 1;
          write_all (written, (size_t)(last - written));
          write_all (grey, sizeof grey - 1);
          written = last;
        }
      at = end;
    }
  write_all (written, strlen (written));
}

int
main (int argc, char **argv)
{
  struct arguments arguments;
  parse (argc, argv, &arguments);
  set_limits ();
  char *text = read_input ();
  agseterr (AGERR);
  Agraph_t *graph = agmemread (text);
  free (text);
  if (graph == NULL)
    fail (EXIT_BAD_INPUT, "this is no graph in DOT");
  if (agnnodes (graph) > MAX_NODES)
    fail (EXIT_TOO_LARGE, "too many nodes");
  set_attributes (graph, &arguments);

  GVC_t *context = gvContext ();
  char *picture = NULL;
  unsigned bytes = 0;
  if (context == NULL || gvLayout (context, graph, arguments.engine) != 0)
    fail (EXIT_FAILURE, "graphviz cannot lay out the graph; its plugins are in Debian's libgvc6");
  if (gvRenderData (context, graph, arguments.format, &picture, &bytes) != 0 || picture == NULL
      || bytes == 0)
    fail (EXIT_FAILURE, "graphviz cannot draw the graph; its plugins are in Debian's libgvc6");
  if (strcmp (arguments.format, "svg") == 0)
    write_svg (picture);
  else
    write_all (picture, bytes);
  /* What graphviz has allocated goes with the process: freeing it takes longer and may crash. */
  _exit (EXIT_SUCCESS);
}
