/* foreign_collector.c -- a program with a copy of libgc of its own, for foreign.test: that it still
 * collects is seen by the size of its heap. */
#include <gc.h>
#include <stdio.h>

int
main (void)
{
  GC_INIT ();
  for (int i = 0; i < 1000000; i++)
    GC_MALLOC (64);
  printf ("%s\n", GC_get_gc_no () > 3 && GC_get_heap_size () < 20000000 ? "collected" : "grown");
  return 0;
}
