/* semantics.c -- what malloc and its kin promise, printed: the same text under gcglass as without.
 */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static volatile size_t huge = SIZE_MAX / 2 + 10, half = SIZE_MAX / 2;

static void
say (const char *what, const void *block)
{
  printf ("%s: %s, errno %d, aligned %d\n", what, block ? "a block" : "NULL", errno,
          ((uintptr_t)block & 15) == 0);
  errno = 0;
}

static void
sizes (void)
{
  static const size_t all[]
      = { 0,    1,    7,    8,    15,   16,   17,   24,   25,    100,     1000,
          2023, 2024, 2025, 2032, 2033, 2048, 4096, 5000, 65536, 1 << 20, 40 << 20 };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    {
      char *block = malloc (all[i]);
      memset (block, 'a', all[i]);
      char *zeroed = calloc (1, all[i]);
      int zero = 1;
      for (size_t k = 0; k < all[i]; k += 1 + all[i] / 1000)
        zero &= zeroed[k] == 0;
      block = realloc (block, all[i] + 100);
      int kept = 1;
      for (size_t k = 0; k < all[i]; k += 1 + all[i] / 1000)
        kept &= block[k] == 'a';
      printf ("%zu: zeroed %d, kept %d, usable %d\n", all[i], zero, kept,
              malloc_usable_size (block) >= all[i] + 100);
      block = realloc (block, all[i] / 2 + 1);
      printf ("  shrunk: first %d\n", all[i] == 0 || block[0] == 'a');
      free (block);
      free (zeroed);
    }
}

/* Are the first N numbers of NUMBERS what they were made? */
static int
are_kept (const uint32_t *numbers, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (numbers[i] != (uint32_t)i * 2654435761u)
      return 0;
  return 1;
}

/* A block of N numbers that becomes one of MORE, and is filled again. */
static uint32_t *
resized (uint32_t *numbers, size_t n, size_t more, int *kept)
{
  numbers = realloc (numbers, more * sizeof *numbers);
  *kept &= are_kept (numbers, n < more ? n : more);
  for (size_t i = n; i < more; i++)
    numbers[i] = (uint32_t)i * 2654435761u;
  return numbers;
}

/* 10,000,000 bytes that have grown by 1,000 at a time. */
static uint32_t *
grown_by_steps (int *kept)
{
  uint32_t *steps = NULL;
  for (size_t n = 0; n < 2500000; n += 250)
    {
      steps = realloc (steps, (n + 250) * sizeof *steps);
      for (size_t i = n; i < n + 250; i++)
        steps[i] = (uint32_t)i * 2654435761u;
    }
  *kept &= are_kept (steps, 2500000);
  return steps;
}

/* Blocks that grow, and shrink, in turn: what is in them comes along, however it is moved, and a
   block that grows by little is not written anew each time.  The pages of one that was freed are
   there for the next. */
static void
growth (void)
{
  static uint32_t *blocks[4], *first;
  size_t had[4] = { 0 };
  int kept = 1, few;
  struct rusage before, after;

  for (size_t n = 100; n < 8000000; n = n * 5 / 4)
    for (int i = 0; i < 4; i++)
      {
        size_t more = n + (size_t)i * 1000;
        blocks[i] = resized (blocks[i], had[i], more, &kept);
        had[i] = more;
        if (n % 7 == (size_t)i)
          {
            blocks[i] = resized (blocks[i], had[i], more / 3, &kept);
            had[i] = more / 3;
          }
      }
  for (int i = 0; i < 4; i++)
    {
      kept &= are_kept (blocks[i], had[i]);
      free (blocks[i]);
    }
  getrusage (RUSAGE_SELF, &before);
  first = grown_by_steps (&kept);
  getrusage (RUSAGE_SELF, &after);
  free (first);
  few = after.ru_minflt - before.ru_minflt < 50000;
  for (int round = 0; round < 9; round++)
    free (grown_by_steps (&kept));
  getrusage (RUSAGE_SELF, &before);
  printf ("grown: kept %d, faults few %d, again fewer %d\n", kept, few,
          before.ru_minflt - after.ru_minflt < 9 * 500);
}

static void
alignments (void)
{
  for (size_t alignment = 8; alignment <= 1 << 20; alignment *= 2)
    {
      void *a = memalign (alignment, 100), *b = NULL, *c = aligned_alloc (alignment, 3000);
      int status = posix_memalign (&b, alignment, 17);
      memset (a, 1, 100);
      memset (b, 2, 17);
      memset (c, 3, 3000);
      printf ("%zu: %d %d %d, status %d\n", alignment, (uintptr_t)a % alignment == 0,
              (uintptr_t)b % alignment == 0, (uintptr_t)c % alignment == 0, status);
      c = realloc (c, 6000);
      printf ("  grown: %d\n", ((char *)c)[2999] == 3);
      free (a);
      free (b);
      free (c);
    }
  void *page = valloc (10), *pages = pvalloc (4097);
  printf ("valloc %d, pvalloc %d %d\n", (uintptr_t)page % 4096 == 0, (uintptr_t)pages % 4096 == 0,
          malloc_usable_size (pages) >= 8192);
  free (page);
  free (pages);
}

/* Alignments that are none, and functions that only the C library's symbols tell of. */
extern void *__libc_malloc (size_t), *__libc_memalign (size_t, size_t);
extern void __libc_free (void *);

static void
oddities (void)
{
  static const size_t odd[] = { 0, 1, 3, 5, 24, 48, 100, 3000, 5000 };
  void *block = NULL;
  for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
    {
      size_t power = 16;
      while (power < odd[i])
        power *= 2;
      block = memalign (odd[i], 40);
      void *other = aligned_alloc (odd[i], 40);
      printf ("aligned to %zu: %d %d, posix_memalign %d\n", odd[i], (uintptr_t)block % power == 0,
              (uintptr_t)other % power == 0, posix_memalign (&(void *){ NULL }, odd[i], 40));
      free (block);
      free (other);
    }
  errno = 0;
  say ("reallocarray of nothing that overflows", reallocarray (NULL, half, 3));
  block = reallocarray (NULL, 3, 5);
  block = reallocarray (block, 300, 50);
  say ("reallocarray", block);
  say ("reallocarray to nothing", reallocarray (block, 0, 50));
  block = realloc (NULL, 0);
  say ("realloc of nothing to nothing", block);
  free (block);
  free (__libc_malloc (100));
  __libc_free (malloc (100));
  block = __libc_memalign (4096, 10);
  say ("__libc_memalign", block);
  free (block);
  errno = 5;
  block = malloc (10);
  block = realloc (block, 20000);
  printf ("errno is left alone: %d\n", errno);
  free (block);
}

static void
failures (void)
{
  void *block = (void *)1, *small = malloc (10);
  errno = 0;
  say ("malloc of too much", malloc (huge));
  say ("calloc that overflows", calloc (half, 3));
  say ("calloc of too much", calloc (1, huge));
  say ("realloc to too much", realloc (small, huge));
  say ("reallocarray that overflows", reallocarray (small, half, 3));
  say ("memalign of too much", memalign (64, huge));
  say ("memalign by too much", memalign (huge - 5, 10));
  printf ("posix_memalign by 3: %d\n", posix_memalign (&block, 3, 10));
  printf ("posix_memalign by 4: %d\n", posix_memalign (&block, 4, 10));
  errno = 0;
  int status = posix_memalign (&block, 64, huge);
  printf ("posix_memalign of too much: %d, untouched %d, errno %d\n", status, block == (void *)1,
          errno);
  errno = 77;
  free (malloc (100));
  free (NULL);
  printf ("errno is kept: %d\n", errno);
  printf ("usable of NULL: %zu\n", malloc_usable_size (NULL));
  printf ("realloc to nothing: %p\n", realloc (small, 0));
  void *nothing = malloc (0), *other = malloc (0);
  printf ("nothing is something: %d, and else: %d\n", nothing != NULL, nothing != other);
  free (nothing);
  free (other);
}

static void
texts (void)
{
  char *copy = strdup ("copied"), *part = strndup ("copied", 3), *made = NULL, *line = NULL;
  size_t room = 0;
  if (asprintf (&made, "%d-%s", 42, "made") < 0)
    abort ();
  FILE *file = fopen ("/proc/self/comm", "r");
  long n = getline (&line, &room, file);
  fclose (file);
  printf ("%s %s %s %d\n", copy, part, made, n > 0);
  free (copy);
  free (part);
  free (made);
  free (line);
}

int
main (int argc, char **argv)
{
  if (argc > 1 && strcmp (argv[1], "twice") == 0)
    {
      void *volatile block = malloc (100);
      free (block);
      free (block);
    }
  if (argc > 1 && strcmp (argv[1], "wrong") == 0)
    free ((char *)malloc (100) + 16);
  sizes ();
  growth ();
  alignments ();
  oddities ();
  failures ();
  texts ();
  return 42;
}
