/* symbol_fixture_other.c -- the fixture's second file: definitions that the first must not see. */
#include "symbol_fixture.h"

#include <stdlib.h>

struct opaque
{
  long number;
  struct node *public;
  struct opaque *secret;
};

/* The first file has another of this name and size, and another of this name only. */
struct ambiguous
{
  struct node *left, *right;
};
struct by_size
{
  struct node *small;
};

size_t
opaque_size (void)
{
  return sizeof (struct opaque);
}

/* A static function that the first file has too, with other variables. */
__attribute__ ((noinline)) static void
inlined_maker (void)
{
  struct opaque *made = MAKE ("struct opaque", sizeof *made);
  free (made);
}

void
other_facts (void)
{
  struct ambiguous ambiguous = { 0 };
  struct by_size by_size = { 0 };
  inlined_maker ();
  fact_field ("struct by_size", sizeof by_size, 0, "small");
  fact_frames ("other_facts:%d", __LINE__);
  __asm__ volatile("" : : "r"(&ambiguous), "r"(&by_size) : "memory");
}
