/* early_end.c -- a library (MODULE) that is initialised before gcglass's object and forks; the
 * child ends there, and, as EARLY_END says, so does the program: "exit", "quick_exit", "_exit";
 * without it main, below, ends it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern int early_status;

#ifdef MODULE
int early_status;

static void __attribute__ ((constructor)) end_early (void)
{
  const char *how = getenv ("EARLY_END");
  pid_t child = fork ();
  int status = 0;

  if (child == 0)
    _exit (3);
  if (child < 0 || waitpid (child, &status, 0) != child || !WIFEXITED (status))
    abort ();
  early_status = WEXITSTATUS (status);
  if (how && strcmp (how, "exit") == 0)
    exit (early_status);
  if (how && strcmp (how, "quick_exit") == 0)
    quick_exit (early_status);
  if (how && strcmp (how, "_exit") == 0)
    _exit (early_status);
}
#else
int
main (void)
{
  puts ("main");
  return early_status + 1;
}
#endif
