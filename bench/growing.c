/* growing.c -- one block that grows by realloc, every page of it written: by 1,000 bytes to 10 MB,
 * or with the argument "quarters" by a quarter each time to 1 GiB.  Ten times, since the first is
 * short.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *
grow (char *block, size_t *had, size_t bytes)
{
  block = realloc (block, bytes);
  if (!block)
    {
      perror ("growing");
      exit (1);
    }
  memset (block + *had, 1, bytes - *had);
  *had = bytes;
  return block;
}

int
main (int argc, char **argv)
{
  int quarters = argc > 1 && strcmp (argv[1], "quarters") == 0;

  for (int round = 0; round < (quarters ? 1 : 10); round++)
    {
      char *block = NULL;
      size_t had = 0;
      if (quarters)
        for (size_t bytes = 1 << 20; bytes < (size_t)1 << 30; bytes = bytes * 5 / 4)
          block = grow (block, &had, bytes);
      else
        for (int step = 1; step <= 10000; step++)
          block = grow (block, &had, (size_t)step * 1000);
      free (block);
    }
  return 0;
}
