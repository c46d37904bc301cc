/* render.c -- pictures by gcglass-render, started as the server and "gcglass export" start it. */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/report.h"
#include "server/renderer.h"
#include "tests/report_heaps.h"

static char directory[] = "/tmp/gcglass-render-test-XXXXXX";
static char *renderer; /* the real one */

static char *
dot_of (const char *name, uint32_t n, uint32_t most, uint32_t *nodes, size_t *bytes)
{
  struct heap *heap = report_heap (name, n);
  struct gcg__model *model;
  struct gcg_error error;
  assert_int_equal (gcg__model_new (heap_snapshot (heap), &model, &error), GCG_OK);
  heap_free (heap);
  struct gcg__dot_options options = { 1, false, most };
  struct gcg__buffer out;
  gcg__buffer_init (&out, NULL, NULL);
  assert_int_equal (gcg__dot_write (model, &options, &out, nodes, &error), GCG_OK);
  *bytes = out.n;
  gcg__model_free (model);
  return gcg__buffer_take (&out);
}

static double
now (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint32_t
occurrences (const char *text, const char *word)
{
  uint32_t n = 0;
  for (; (text = strstr (text, word)) != NULL; text++)
    n++;
  return n;
}

/* The picture as a string, or NULL with *STATUS and ERROR. */
static char *
draw (const char *dot, size_t bytes, uint32_t nodes, enum gcg__picture_format format,
      double seconds, size_t *n, enum gcg_status *status, struct gcg_error *error)
{
  char *picture = NULL;
  *status = gcg__renderer_draw (dot, bytes, nodes, format, seconds, &picture, n, error);
  if (*status != GCG_OK)
    {
      assert_null (picture);
      assert_int_equal (error->status, *status);
      return NULL;
    }
  char *copy = malloc (*n + 1);
  memcpy (copy, picture, *n);
  copy[*n] = '\0';
  free (picture);
  return copy;
}

static void
pictures (void **state)
{
  (void)state;
  static const struct
  {
    const char *name;
    uint32_t n, most;
    bool png;
  } cases[] = { { "observer", 0, 0, true },
                { "hostile", 0, 0, true },
                { "star", 400, 0, true },
                { "ring", 300, 300, true },
                { "tree", 3000, 3000, false } };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    {
      uint32_t nodes;
      size_t bytes, n;
      enum gcg_status status;
      struct gcg_error error;
      char *dot = dot_of (cases[i].name, cases[i].n, cases[i].most, &nodes, &bytes);
      double before = now ();
      char *svg = draw (dot, bytes, nodes, GCG__PICTURE_SVG, 0, &n, &status, &error);
      if (svg == NULL)
        fail_msg ("%s: %s", cases[i].name, error.text);
      print_message ("# %s: %u nodes, SVG %zu bytes, %.2f s\n", cases[i].name, nodes, n,
                     now () - before);
      assert_non_null (strstr (svg, "</svg>"));
      assert_int_equal (occurrences (svg, "class=\"node"), nodes);
      assert_int_equal (occurrences (svg, "class=\"address\""),
                        nodes - occurrences (svg, "class=\"node rest\""));
      assert_null (strstr (svg, "<script"));
      assert_null (strstr (svg, "javascript:alert(1)\""));
      assert_null (strstr (svg, "<image"));
      free (svg);
      if (cases[i].png)
        {
          char *png = draw (dot, bytes, nodes, GCG__PICTURE_PNG, 0, &n, &status, &error);
          if (png == NULL)
            fail_msg ("%s: %s", cases[i].name, error.text);
          assert_memory_equal (png, "\x89PNG\r\n\x1a\n", 8);
          assert_memory_equal (png + n - 8, "IEND\xae\x42\x60\x82", 8);
          free (png);
        }
      free (dot);
    }
}

/* Where the middle of TEXT is in SVG, and how wide its letters are in the least. */
static void
find_text (const char *svg, const char *text, double *x, double *y, double *width)
{
  const char *at = strstr (svg, text), *from = at;
  assert_non_null (at);
  while (from > svg && strncmp (from, "<text", 5) != 0)
    from--;
  assert_int_equal (sscanf (strstr (from, " x=\""), " x=\"%lf\" y=\"%lf\"", x, y), 2);
  *width = 4.5 * (double)strlen (text);
}

/* The labels of edges there and back, in curves and in straight lines. */
static void
labels_apart (void **state)
{
  (void)state;
  for (int straight = 0; straight < 2; straight++)
    {
      char svg_of[100];
      size_t n;
      enum gcg_status status;
      struct gcg_error error;
      double x[2], y[2], width[2];
      struct heap *heap = heap_new ();
      uint32_t site = heap_site (heap, "struct of_a_long_name", "a.c", 1, "f");
      uint32_t a = heap_object (heap, 2000, GCG__KIND_NORMAL, site),
               b = heap_object (heap, 2000, GCG__KIND_NORMAL, site);
      heap_edge (heap, a, 1016, b);
      heap_edge (heap, b, 1808, a);
      struct gcg__model *model;
      assert_int_equal (gcg__model_new (heap_snapshot (heap), &model, &error), GCG_OK);
      heap_free (heap);
      struct gcg__dot_options options = { 1, false, 0 };
      struct gcg__buffer dot;
      uint32_t nodes;
      gcg__buffer_init (&dot, NULL, NULL);
      assert_int_equal (gcg__dot_write (model, &options, &dot, &nodes, &error), GCG_OK);
      assert_int_equal (nodes, 2);
      /* So many nodes go to the engine that draws straight lines. */
      char *svg = draw (gcg__buffer_string (&dot), dot.n, straight ? 301 : nodes, GCG__PICTURE_SVG,
                        0, &n, &status, &error);
      if (svg == NULL)
        fail_msg ("%s", error.text);
      find_text (svg, "+1016", &x[0], &y[0], &width[0]);
      find_text (svg, "+1808", &x[1], &y[1], &width[1]);
      snprintf (svg_of, sizeof svg_of, "%.1f,%.1f %.1f,%.1f", x[0], y[0], x[1], y[1]);
      double across = x[0] > x[1] ? x[0] - x[1] : x[1] - x[0];
      double down = y[0] > y[1] ? y[0] - y[1] : y[1] - y[0];
      if (across < (width[0] + width[1]) / 2 + 9 && down < 9)
        fail_msg ("labels at %s", svg_of);
      free (svg);
      gcg__buffer_fini (&dot);
      gcg__model_free (model);
    }
}

static void
bad_graphs (void **state)
{
  (void)state;
  static const char *const graphs[]
      = { "", "digraph {", "no graph", "digraph { a -> }", "digraph { \"a }" };
  for (size_t i = 0; i < sizeof graphs / sizeof *graphs; i++)
    {
      size_t n;
      enum gcg_status status;
      struct gcg_error error;
      assert_null (
          draw (graphs[i], strlen (graphs[i]), 1, GCG__PICTURE_SVG, 0, &n, &status, &error));
      assert_int_equal (status, GCG_RENDER);
      assert_true (strstr (error.text, "no graph in DOT") != NULL
                   || strstr (error.text, "syntax error") != NULL);
    }
  /* The number of nodes is not what it was said to be. */
  char *dot = malloc (400000), *end = stpcpy (dot, "digraph {\n");
  for (int i = 0; i < 12000; i++)
    end += sprintf (end, "n%d;\n", i);
  strcpy (end, "}\n");
  size_t n;
  enum gcg_status status;
  struct gcg_error error;
  assert_null (draw (dot, strlen (dot), 1, GCG__PICTURE_SVG, 0, &n, &status, &error));
  assert_int_equal (status, GCG_RENDER);
  assert_non_null (strstr (error.text, "too large"));
  free (dot);
}

/* Makes an executable script the renderer. */
static void
pretend (const char *script)
{
  char path[256];
  snprintf (path, sizeof path, "%s/renderer", directory);
  FILE *file = fopen (path, "w");
  fprintf (file, "#!/bin/sh\n%s\n", script);
  fclose (file);
  chmod (path, 0700);
  setenv ("GCGLASS_RENDER", path, 1);
}

static void
misbehaving_renderers (void **state)
{
  (void)state;
  static const struct
  {
    const char *script;
    enum gcg_status status;
    const char *words;
  } cases[] = {
    { "cat >/dev/null; kill -SEGV $$", GCG_RENDER, "too large" },
    { "cat >/dev/null; kill -KILL $$", GCG_RENDER, "signal 9" },
    { "exit 3", GCG_RENDER, "too large" },
    { "cat >/dev/null; exit 0", GCG_RENDER, "no picture" },
    { "cat >/dev/null; echo half a picture; exit 1", GCG_RENDER, "did not say why" },
    { "cat >/dev/null; echo because >&2; exit 1", GCG_RENDER, "because" },
    { "sleep 60", GCG_TIMEOUT, "within 0.3 s" },
    { "exec >&- 2>&-; sleep 60", GCG_TIMEOUT, "within 0.3 s" },
    { "cat >/dev/null; while :; do echo endless; done", GCG_TIMEOUT, "within 0.3 s" },
  };
  char *dot = malloc (1 << 20); /* more than any pipe holds */
  memset (dot, ' ', 1 << 20);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    {
      size_t n;
      enum gcg_status status;
      struct gcg_error error;
      pretend (cases[i].script);
      double seconds = cases[i].status == GCG_TIMEOUT ? 0.3 : 60;
      assert_null (draw (dot, 1 << 20, 1, GCG__PICTURE_SVG, seconds, &n, &status, &error));
      if (status != cases[i].status || strstr (error.text, cases[i].words) == NULL)
        fail_msg ("%s: %d %s", cases[i].script, status, error.text);
    }
  /* No child is left to wait for. */
  assert_int_equal (waitpid (-1, NULL, WNOHANG), -1);
  free (dot);
  setenv ("GCGLASS_RENDER", renderer, 1);
}

/* --- a clock that polls wind on, while it is VIRTUAL --- */

static bool virtual;
static int64_t virtual_ms;

int __real_poll (struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll (struct pollfd *fds, nfds_t n, int timeout);
int __real_clock_gettime (clockid_t clock, struct timespec *time);
int __wrap_clock_gettime (clockid_t clock, struct timespec *time);

int
__wrap_poll (struct pollfd *fds, nfds_t n, int timeout)
{
  if (!virtual)
    return __real_poll (fds, n, timeout);
  for (nfds_t i = 0; i < n; i++)
    fds[i].revents = 0;
  virtual_ms += timeout;
  return 0;
}

int
__wrap_clock_gettime (clockid_t clock, struct timespec *time)
{
  if (!virtual)
    return __real_clock_gettime (clock, time);
  *time = (struct timespec){ virtual_ms / 1000, virtual_ms % 1000 * 1000000 };
  return 0;
}

/* Both engines hang: they have 10 s in all, not each. */
static void
ten_seconds_in_all (void **state)
{
  size_t n;
  enum gcg_status status;
  struct gcg_error error;
  (void)state;
  pretend ("sleep 600");
  virtual = true;
  virtual_ms = 1000000;
  for (uint32_t nodes = 300; nodes <= 301; nodes++)
    {
      int64_t before = virtual_ms;
      assert_null (draw ("x", 1, nodes, GCG__PICTURE_SVG, 0, &n, &status, &error));
      assert_int_equal (status, GCG_TIMEOUT);
      assert_non_null (strstr (error.text, "within 10 s"));
      assert_int_equal (virtual_ms - before, 10000);
    }
  virtual = false;
  setenv ("GCGLASS_RENDER", renderer, 1);
}

/* dot takes too long, sfdp does not: the picture is sfdp's. */
static void
falls_back (void **state)
{
  (void)state;
  size_t n;
  enum gcg_status status;
  struct gcg_error error;
  pretend ("case \"$*\" in *sfdp*) cat; echo by sfdp;; *) sleep 60;; esac");
  char *picture = draw ("x", 1, 1, GCG__PICTURE_SVG, 4, &n, &status, &error);
  assert_string_equal (picture, "xby sfdp\n");
  free (picture);
  pretend ("cat >/dev/null; echo \"$*\"");
  picture = draw ("x", 1, 301, GCG__PICTURE_PNG, 5, &n, &status, &error);
  assert_string_equal (picture, "--format png --engine sfdp --nodes 301\n");
  free (picture);
  setenv ("GCGLASS_RENDER", renderer, 1);
}

/* The renderer gets three descriptors, no preload and no word of ours. */
static void
clean_start (void **state)
{
  (void)state;
  size_t n;
  enum gcg_status status;
  struct gcg_error error;
  int leaked = open ("/dev/null", O_RDONLY);
  setenv ("GCGLASS_SECRET", "x", 1);
  setenv ("LD_PRELOAD", "", 1);
  signal (SIGPIPE, SIG_IGN);
  pretend ("cat >/dev/null; ls /proc/self/fd | wc -l; env | grep -c -e GCGLASS -e LD_PRELOAD; "
           "grep SigIgn /proc/self/status");
  char *picture = draw ("x", 1, 1, GCG__PICTURE_SVG, 5, &n, &status, &error);
  if (picture == NULL)
    fail_msg ("%s", error.text);
  unsetenv ("GCGLASS_SECRET");
  unsetenv ("LD_PRELOAD");
  close (leaked);
  /* 0, 1, 2, and the one that ls reads the directory by; glibc's own two signals stay ignored. */
  static const char expected[] = "4\n0\nSigIgn:\t";
  assert_int_equal (strncmp (picture, expected, sizeof expected - 1), 0);
  assert_int_equal (strtoull (picture + sizeof expected - 1, NULL, 16) & 0x7fffffff, 0);
  free (picture);
  setenv ("GCGLASS_RENDER", renderer, 1);
}

static void
missing_renderer (void **state)
{
  (void)state;
  size_t n;
  enum gcg_status status;
  struct gcg_error error;
  setenv ("GCGLASS_RENDER", "/nonexistent/gcglass-render", 1);
  assert_null (draw ("x", 1, 1, GCG__PICTURE_SVG, 0, &n, &status, &error));
  assert_int_equal (status, GCG_NO_RENDERER);
  assert_non_null (strstr (error.text, "/nonexistent/gcglass-render"));
  setenv ("GCGLASS_RENDER", renderer, 1);
}

static int
begin (void **state)
{
  (void)state;
  renderer = getenv ("GCGLASS_RENDER");
  return renderer == NULL || mkdtemp (directory) == NULL;
}

static int
end (void **state)
{
  (void)state;
  char path[256];
  snprintf (path, sizeof path, "%s/renderer", directory);
  unlink (path);
  return rmdir (directory);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (pictures),           cmocka_unit_test (labels_apart),
    cmocka_unit_test (bad_graphs),         cmocka_unit_test (misbehaving_renderers),
    cmocka_unit_test (ten_seconds_in_all), cmocka_unit_test (falls_back),
    cmocka_unit_test (clean_start),        cmocka_unit_test (missing_renderer),
  };
  return cmocka_run_group_tests (tests, begin, end);
}
