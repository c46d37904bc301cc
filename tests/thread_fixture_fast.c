/* thread_fixture_fast.c -- the part of the fixture program that is optimised: a variable that is
   nowhere, but can be computed. */
#include <stddef.h>

#include "tests/thread_fixture.h"

int
hold_optimised (int (*save) (const char *, struct node *), const char *path, long *inside)
{
  struct node *whole = (struct node *)(void *)((char *)inside - offsetof (struct node, value));
  int status = save (path, whole);
  return status + (*inside == 77);
}
