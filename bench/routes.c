/* routes.c -- see routes.h.
 *
 * A route with a table is asked as a reader does: as it is, sorted by each column, filtered, and
 * far down.  What is measured is a connection of its own for each answer, to its end.
 */
#include "bench/routes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/http.h"
#include "bench/stats.h"

#define AGAIN       11
#define FIRST_LEAST 1000.0 /* ms: the aim */
#define AGAIN_LEAST 50.0

/* @O an object's address, @T a thread's id, @C the name of a type in an address, @S its site. */
static const char *const pages[] = {
  "/",
  "/process",
  "/threads",
  "/threads/@T",
  "/tracker",
  "/tracker/samples/2",
  "/tracker/difference",
  "/tracker/type/@C",
  "/types",
  "/objects",
  "/objects/@O",
  "/garbage",
  "/garbage/1",
  "/help",
};

static const char *const answers[] = {
  "/api/",
  "/api/frame",
  "/api/overview",
  "/api/process",
  "/api/threads",
  "/api/threads/@T",
  "/api/tracker?points=300",
  "/api/tracker?points=120&types=16",
  "/api/tracker/samples",
  "/api/tracker/samples?sort=live_bytes&order=asc",
  "/api/tracker/samples?q=none",
  "/api/tracker/samples/2",
  "/api/tracker/difference",
  "/api/tracker/difference?by=site&sort=made_bytes",
  "/api/tracker/type/@C",
  "/api/tracker/type/@C/instances",
  "/api/tracker/type/@C/instances?sort=referents&order=asc",
  "/api/tracker/type/@C/instances?sort=age&offset=19000",
  "/api/tracker/type/@C/instances?q=fifty",
  "/api/types",
  "/api/types?sort=name&order=asc",
  "/api/types?q=type4",
  "/api/sites",
  "/api/sites?type=@C",
  "/api/objects",
  "/api/objects?offset=999000",
  "/api/objects?sort=bytes&order=desc",
  "/api/objects?sort=bytes&order=desc&offset=999000",
  "/api/objects?sort=type&order=asc",
  "/api/objects?sort=type&order=asc&offset=500000",
  "/api/objects?sort=slot_bytes",
  "/api/objects?sort=kind",
  "/api/objects?sort=site&order=asc",
  "/api/objects?sort=reachable",
  "/api/objects?sort=finalizer&order=desc",
  "/api/objects?sort=on_cycle&order=desc",
  "/api/objects?sort=birth",
  "/api/objects?sort=age&order=desc",
  "/api/objects?sort=age&order=desc&offset=500000",
  "/api/objects?sort=edges&order=desc",
  "/api/objects?q=type4",
  "/api/objects?q=type4&sort=bytes&order=desc&offset=100000",
  "/api/objects?q=fifty.c",
  "/api/objects?q=nothing+has+this",
  "/api/objects?q=0x7f",
  "/api/objects?q=@O",
  "/api/objects?type=@C",
  "/api/objects?site=@S",
  "/api/objects/@O",
  "/api/objects/@O/referents",
  "/api/objects/@O/referrers",
  "/api/garbage",
  "/api/garbage?cycles=1&sort=bytes&order=asc",
  "/api/garbage?q=ring",
  "/api/garbage?type=@C",
  "/api/hazards",
  "/api/garbage/1",
  "/api/garbage/1?sort=type&order=asc",
  "/garbage/1/graph.dot",
};

/* The text of the member KEY, "\"key\":", of the first row in the answer to PATH. */
static void
first_of (const char *url, const char *path, const char *key, char *text, size_t bytes)
{
  const char *rows = strstr (http_text (url, path), "\"rows\":");
  const char *at = rows != NULL ? strstr (rows, key) : NULL;
  if (at == NULL)
    {
      fprintf (stderr, "routes: no %s in %s\n", key, path);
      exit (1);
    }
  at += strlen (key);
  at += *at == '"';
  size_t n = strcspn (at, "\",}");
  snprintf (text, bytes, "%.*s", (int)n, at);
}

/* ROUTE with what stands for its "@". */
static void
fill_in (const char *route, const char *const values[128], char *path, size_t bytes)
{
  size_t n = 0;
  for (; *route != '\0' && n + 1 < bytes; route++)
    if (*route == '@' && values[(unsigned char)route[1]] != NULL)
      n += (size_t)snprintf (path + n, bytes - n, "%s", values[(unsigned char)*++route]);
    else
      path[n++] = *route;
  path[n < bytes ? n : bytes - 1] = '\0';
}

/* What has been measured so far. */
struct worst
{
  size_t routes;
  unsigned late_first, late_again;
  double first, again; /* ms */
};

static void
measure (const char *url, const char *path, struct worst *worst)
{
  struct stats again = { 0 };
  size_t bytes;
  double first = http_get (url, path, &bytes) * 1e3;
  for (int k = 0; k < AGAIN; k++)
    stats_add (&again, http_get (url, path, NULL) * 1e3);
  double median = stats_quantile (&again, 0.5);
  printf ("  %8.1f %8.1f %8.1f %9zu  %s%s\n", first, median, stats_quantile (&again, 1), bytes,
          path, first > FIRST_LEAST || median > AGAIN_LEAST ? "  <- missed" : "");
  worst->routes++;
  worst->late_first += first > FIRST_LEAST;
  worst->late_again += median > AGAIN_LEAST;
  worst->first = first > worst->first ? first : worst->first;
  worst->again = median > worst->again ? median : worst->again;
  stats_free (&again);
}

static void
measure_all (const char *url, const char *const *routes, size_t n, const char *const values[128],
             struct worst *worst)
{
  char path[256];
  for (size_t i = 0; i < n; i++)
    {
      fill_in (routes[i], values, path, sizeof path);
      measure (url, path, worst);
    }
}

void
routes_measure (const char *url)
{
  char object[64], thread[64], site[64];
  const char *values[128]
      = { ['C'] = "struct%20type42", ['O'] = object, ['T'] = thread, ['S'] = site };
  struct worst worst = { 0 };
  printf (
      "pages: ms through HTTP, aim: the first below %.0f, the median of %d later ones below %.0f\n",
      FIRST_LEAST, AGAIN, AGAIN_LEAST);
  printf ("  %8s %8s %8s %9s  route\n", "first", "median", "max", "bytes");
  first_of (url, "/api/objects?type=struct%20type42&limit=1", "\"address\":", object,
            sizeof object);
  first_of (url, "/api/threads?limit=1", "\"id\":", thread, sizeof thread);
  first_of (url, "/api/sites?type=struct%20type42&limit=1", "\"id\":", site, sizeof site);
  measure_all (url, pages, sizeof pages / sizeof *pages, values, &worst);
  measure_all (url, answers, sizeof answers / sizeof *answers, values, &worst);
  printf ("  %zu routes: first %.0f ms at worst (%u late), later %.0f ms at worst (%u late)\n",
          worst.routes, worst.first, worst.late_first, worst.again, worst.late_again);
}
