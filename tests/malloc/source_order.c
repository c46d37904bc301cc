/* source_order.c -- <gcglass/malloc.h> wherever a source may include it, and compiled as it may be.
 *
 * What is defined says what is tried: HEADER_FIRST and HEADER_LAST where the header stands
 * (neither: cc -include), OWN a program in strict C that has functions of its own called getline
 * and asprintf.
 */
#ifdef OWN
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
getline (char *line, int room)
{
  return fgets (line, room, stdin) ? (int)strlen (line) : 0;
}

static char *
asprintf (int number)
{
  char *text = malloc (20);
  sprintf (text, "%d", number);
  return text;
}

int
main (void)
{
  char line[20];
  char *text = asprintf (7);
  int good = getline (line, 20) >= 0 && strcmp (text, "7") == 0;
  free (text);
  return !good;
}
#else
/* As many sources begin: the header is not to have fixed the feature macros. */
#define _GNU_SOURCE
#ifdef HEADER_FIRST
#include <gcglass/malloc.h>
#endif
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif
#ifdef HEADER_LAST
#include <gcglass/malloc.h>
#endif
#include <stdlib.h>
#include <string.h>

static inline char *
copy (const char *text)
{
  return strdup (text);
}

int
main (void)
{
  char *texts[4], *end = strchrnul ("end", 'd');
  if (asprintf (&texts[0], "%d", 7) != 1)
    return 1;
  texts[1] = copy (end);
  texts[2] = calloc (strlen (texts[1]), sizeof *texts[2]);
  texts[3] = realpath (".", NULL);
  if (!texts[2] || !texts[3])
    return 1;
  for (int i = 0; i < 4; i++)
    free (texts[i]);
  return 0;
}
#endif
