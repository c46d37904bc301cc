/* secret.c -- a program that keeps a secret on its heap: "HIDDEN-" and its first argument,
 * backwards, so that the text stands nowhere else in the process.
 */
#include <gc.h>
#include <stdio.h>
#include <string.h>

static char *volatile kept;

int
main (int argc, char **argv)
{
  GC_INIT ();
  const char *word = argc > 1 ? argv[1] : "";
  size_t n = strlen (word);
  kept = GC_MALLOC_ATOMIC (100);
  memcpy (kept, "HIDDEN-", 7);
  for (size_t i = 0; i < n && i < 50; i++)
    kept[7 + i] = word[n - 1 - i];
  GC_gcollect ();
  puts (argc > 2 ? argv[2] : "");
  return 0;
}
