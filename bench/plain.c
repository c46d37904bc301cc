/* plain.c -- what examples/example.c does, without gcglass.
 *
 * Programs of examples/ and bench/ are compiled a second time against bench/plain/gcglass/gc.h,
 * which is libgc's own <gc.h>, and linked with this: the other side of the comparison.
 */
#include "examples/example.h"

#include <gc.h>
#include <stdlib.h>
#include <string.h>

void
example_begin (struct example *example, int argc, char **argv)
{
  memset (example, 0, sizeof *example);
  example->rounds = 1;
  if (argc == 3 && strcmp (argv[1], "--rounds") == 0)
    example->rounds = atoi (argv[2]);
  GC_INIT ();
}

int
example_end (const struct example *example, void (*tick) (void))
{
  (void)example;
  (void)tick;
  return 0;
}
