/* case.c -- see case.h. */
#include "case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *ALONE
case_block (size_t n)
{
  void *block = malloc (n);
  if (block == NULL)
    abort ();
  if (n > 0)
    memset (block, 'x', n);
  return block;
}

void ALONE
case_clear_stack (void)
{
  char bytes[16384];
  memset (bytes, 0, sizeof bytes);
  __asm__ volatile("" : : "r"(bytes) : "memory");
}

int
case_run (const struct one_case *cases, size_t n, const char *name)
{
  for (size_t i = 0; i < n; i++)
    if (strcmp (cases[i].name, name) == 0)
      {
        cases[i].function ();
        case_clear_stack ();
        return 0;
      }
  fprintf (stderr, "no case '%s'\n", name);
  return 9;
}
