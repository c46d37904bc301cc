/* own_malloc.c -- a program with a malloc of its own that takes no blocks back before main, as
 * those of GCL, which first makes its heap. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM 8000000u

static _Alignas(16) char room[ROOM];
static size_t used;
static volatile int begun;

/* The size stands before the block. */
__attribute__ ((visibility ("default"))) void *
malloc (size_t bytes)
{
  size_t whole = (bytes + 16 + 15) & ~(size_t)15;
  char *block = room + used;

  if (whole < bytes || whole > ROOM - used)
    return NULL;
  used += whole;
  memcpy (block, &bytes, sizeof bytes);
  return block + 16;
}

__attribute__ ((visibility ("default"))) void
free (void *block)
{
  static const char text[] = "a block given back before main\n";

  if (block && !begun)
    {
      (void)!write (2, text, sizeof text - 1);
      _exit (9);
    }
}

__attribute__ ((visibility ("default"))) void *
calloc (size_t n, size_t bytes)
{
  return bytes && n > SIZE_MAX / bytes ? NULL : malloc (n * bytes);
}

__attribute__ ((visibility ("default"))) void *
realloc (void *block, size_t bytes)
{
  char *new = malloc (bytes);
  size_t old = 0;

  if (!block || !new)
    return new;
  memcpy (&old, (char *)block - 16, sizeof old);
  return memcpy (new, block, old < bytes ? old : bytes);
}

int
main (void)
{
  begun = 1;
  char *text = malloc (100);
  strcpy (text, "own");
  puts (text);
  free (text);
  return 6;
}
