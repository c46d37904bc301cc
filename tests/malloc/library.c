/* library.c -- programs that use the C library, which allocates for itself and for them;
 * library.test says whose blocks are whose.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <iconv.h>
#include <locale.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "case.h"

static FILE *stream;
static void *volatile held;
static char cases_used[1];

static void *
use_keys (void *unused)
{
  static pthread_key_t keys[64];
  if (unused == NULL)
    for (int i = 0; i < 64; i++)
      pthread_key_create (&keys[i], NULL);
  for (int i = 0; i < 64; i++)
    pthread_setspecific (keys[i], keys);
  return unused;
}

static int
compare (const void *a, const void *b)
{
  return *(const int *)a - *(const int *)b;
}

static void ALONE
use_names (void)
{
  struct addrinfo *addresses;
  char in[] = "abc", out[16], *from = in, *to = out;
  size_t left = 3, room = sizeof out;
  iconv_t conversion = iconv_open ("UTF-8", "ISO-8859-15");
  setlocale (LC_ALL, "C.UTF-8");
  setlocale (LC_CTYPE, "C");
  setlocale (LC_ALL, "C.UTF-8");
  (void)getpwnam ("root");
  if (getaddrinfo ("localhost", "80", NULL, &addresses) == 0)
    freeaddrinfo (addresses);
  if (conversion != (iconv_t)-1)
    {
      iconv (conversion, &from, &left, &to, &room);
      iconv_close (conversion);
    }
}

static void ALONE
use_process (void)
{
  time_t now = 0;
  pthread_t thread;
  void *library = dlopen ("libm.so.6", RTLD_NOW);
  dlsym (library, "nothing_of_the_kind");
  setenv ("CASE_NAME", "value", 1);
  setenv ("CASE_NAME", "a longer value", 1);
  setenv ("TZ", "Europe/Berlin", 1);
  (void)localtime (&now);
  (void)strerror (12345);
  use_keys (NULL);
  if (pthread_create (&thread, NULL, use_keys, cases_used) == 0)
    pthread_join (thread, NULL);
}

static void
at_exit (void)
{
}

static void ALONE
use_rest (void)
{
  int *numbers = calloc (100000, sizeof *numbers);
  DIR *folder = opendir ("/");
  FILE *pipe = popen ("exit 0", "r");
  if (folder != NULL && readdir (folder) != NULL)
    closedir (folder);
  if (pipe != NULL)
    {
      (void)fgetc (pipe);
      pclose (pipe);
    }
  qsort (numbers, 100000, sizeof *numbers, compare);
  free (numbers);
  hcreate (100);
  for (int i = 0; i < 100; i++)
    atexit (at_exit);
}

static void ALONE
all (void)
{
  printf ("a line\n");
  fwprintf (stderr, L"%ls\n", L"wide");
  use_names ();
  use_process ();
  use_rest ();
}

static void ALONE
open_folder (void)
{
  DIR *folder = opendir ("/");
  (void)readdir (folder);
}

static void ALONE
open_stream (void)
{
  stream = fopen ("/proc/self/comm", "r");
  (void)fgetc (stream);
}

/* The library still has it. */
static void ALONE
forget_stream (void)
{
  open_stream ();
  stream = NULL;
}

static void ALONE
close_stream (void)
{
  open_stream ();
  fclose (stream);
}

static void ALONE
lose_line (void)
{
  char *line = NULL;
  size_t room = 0;
  open_stream ();
  (void)!getline (&line, &room, stream);
  fclose (stream);
}

static void ALONE
lose_folder_name (void)
{
  (void)!getcwd (NULL, 0);
}

static void ALONE
put_environment (void)
{
  putenv (strdup ("CASE_NAME=value"));
}

/* A block of the program's that only the library points to. */
static void ALONE
give_buffer (void)
{
  setvbuf (stdout, case_block (5000), _IOFBF, 5000);
  printf ("a line\n");
}

static void ALONE
load_library (void)
{
  if (dlopen ("libm.so.6", RTLD_NOW) == NULL)
    abort ();
}

static void ALONE
key_of_many (void)
{
  pthread_key_t key;
  for (int i = 0; i < 50; i++)
    pthread_key_create (&key, NULL);
  held = case_block (1);
  pthread_setspecific (key, case_block (1337));
}

static const struct one_case cases[] = {
  { "all", all },
  { "folder", open_folder },
  { "stream", open_stream },
  { "forgotten-stream", forget_stream },
  { "closed-stream", close_stream },
  { "line", lose_line },
  { "folder-name", lose_folder_name },
  { "environment", put_environment },
  { "buffer", give_buffer },
  { "key", key_of_many },
  { "library", load_library },
};

int
main (int argc, char **argv)
{
  return case_run (cases, sizeof cases / sizeof *cases, argc > 1 ? argv[1] : "");
}
