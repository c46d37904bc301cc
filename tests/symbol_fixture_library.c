/* symbol_fixture_library.c -- the fixture's shared library, with types of its own. */
#include <stddef.h>

/* The main program's is larger.  Not from the header: a library that was built against another
   version of it. */
struct node
{
  void *a, *b, *c;
};
#define opaque opaque_unused
#define node   node_unused
#include "symbol_fixture.h"
#undef node

struct only_library
{
  char tag;
  struct node *node;
};

struct node library_node;

void
library_facts (void)
{
  struct only_library *made = MAKE ("struct only_library", sizeof *made);
  __asm__ volatile("" : : "r"(made) : "memory");
  fact_field ("struct node", 24, 8, "b");
  fact_field ("struct node", 48, 8, "value");
  fact_field ("struct only_library", sizeof *made, offsetof (struct only_library, node), "node");
  fact_frames ("library_facts:%d", __LINE__);
  fact_data (&library_node.c, "library_node", 16);
}
