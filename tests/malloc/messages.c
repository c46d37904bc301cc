/* messages.c -- what dlerror has to say stays there for the program, whatever it calls before it
 * asks, and when it ends: the same text under gcglass as without.  The argument is the way out.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_key_t key;

static void *
nothing (void *data)
{
  return data;
}

static void *
leave (void *data)
{
  pthread_exit (data);
}

static void
threads (void)
{
  pthread_t thread;
  struct timespec long_ago = { 0, 0 };
  pthread_create (&thread, NULL, nothing, NULL);
  pthread_join (thread, NULL);
  pthread_create (&thread, NULL, leave, NULL);
  while (pthread_tryjoin_np (thread, NULL) == EBUSY)
    usleep (1000);
  pthread_create (&thread, NULL, nothing, NULL);
  while (pthread_timedjoin_np (thread, NULL, &long_ago) == ETIMEDOUT)
    usleep (1000);
  pthread_create (&thread, NULL, nothing, NULL);
  pthread_detach (thread);
}

static void
keys (void)
{
  pthread_key_create (&key, NULL);
  pthread_setspecific (key, &key);
}

static void
texts (void)
{
  char *made = NULL;
  if (asprintf (&made, "%d", 42) < 0)
    abort ();
  free (made);
  free (strdup ("copied"));
}

static void
lines (void)
{
  FILE *file = fopen ("/proc/self/comm", "r");
  char *line = NULL;
  size_t room = 0;
  if (!file || getline (&line, &room, file) < 0 || getdelim (&line, &room, 0, file) > 0)
    abort ();
  free (line);
  fclose (file);
}

static void
paths (void)
{
  free (realpath ("/", NULL));
  free (canonicalize_file_name ("/"));
  free (getcwd (NULL, 0));
}

static void
programs (void)
{
  char *arguments[] = { "none", NULL };
  execvp ("/nonexistent/none", arguments);
  execvpe ("/nonexistent/none", arguments, arguments + 1);
}

static void
blocks (void)
{
  free (realloc (malloc (100), 10000000));
  free (aligned_alloc (4096, 5000));
}

static void
last_words (void)
{
  char *message = dlerror ();
  puts (message ? message : "no message");
  fflush (stdout);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    void (*function) (void);
  } all[]
      = { { "threads", threads }, { "keys", keys },         { "texts", texts },  { "lines", lines },
          { "paths", paths },     { "programs", programs }, { "blocks", blocks } };
  const char *way = argc > 1 ? argv[1] : "";
  void *library = dlopen ("libm.so.6", RTLD_NOW);

  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    {
      char *message;
      dlopen ("/nonexistent/library.so", RTLD_NOW);
      all[i].function ();
      message = dlerror ();
      printf ("%s: %s\n", all[i].name, message ? message : "no message");
    }
  dlclose (library);
  fflush (stdout);
  atexit (last_words);
  at_quick_exit (last_words);
  dlopen ("/nonexistent/other.so", RTLD_NOW);
  if (strcmp (way, "exit") == 0)
    exit (7);
  if (strcmp (way, "quick") == 0)
    quick_exit (8);
  return 9;
}
