/* make_heap.c -- writes the snapshot of an imaginary heap: make_heap NAME N FILE
   (report_heaps.h).  For tests in shell. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/report_heaps.h"

static int
copy (int from, FILE *to)
{
  static char piece[65536];
  ssize_t n;
  if (lseek (from, 0, SEEK_SET) != 0)
    return 1;
  while ((n = read (from, piece, sizeof piece)) > 0)
    if (fwrite (piece, 1, (size_t)n, to) != (size_t)n)
      return 1;
  return n < 0 || fclose (to) != 0;
}

int
main (int argc, char **argv)
{
  struct heap *heap = argc == 4 ? report_heap (argv[1], (uint32_t)atoi (argv[2])) : NULL;
  FILE *to = heap != NULL ? fopen (argv[3], "w") : NULL;
  if (to == NULL)
    {
      fputs ("usage: make_heap NAME N FILE\n", stderr);
      return 2;
    }
  int fd = heap_write (heap);
  int result = copy (fd, to);
  close (fd);
  heap_free (heap);
  return result;
}
