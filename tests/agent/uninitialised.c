/* uninitialised.c -- a program that never calls GC_INIT: its first object is made by the function
 * named by its argument.  As a module (MODULE), a library's constructor makes it, before main. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#ifdef TRACKED
#include <gcglass/gc.h>
#include <gcglass/gcglass.h>
#else
#include <gc.h>
#include <gc/gc_typed.h>
#endif

#define OBJECTS 500
#define BYTES   48

struct item
{
  struct item *next;
  char text[BYTES - sizeof (struct item *)];
};

#ifdef MODULE
struct item *made_early;

static void __attribute__ ((constructor)) make_early (void)
{
  for (int i = 0; i < OBJECTS; i++)
    {
      struct item *item = GC_MALLOC (sizeof *item);
      item->next = made_early;
      made_early = item;
    }
}
#else
#ifdef EARLY
extern struct item *made_early;
#else
static struct item *made_early;
#endif

/* By FUNCTION; NULL: no such one. */
static void *
make (const char *function)
{
  if (strcmp (function, "malloc") == 0)
    return GC_MALLOC (BYTES);
  if (strcmp (function, "realloc") == 0)
    return GC_REALLOC (NULL, BYTES);
  if (strcmp (function, "uncollectable") == 0)
    return GC_MALLOC_UNCOLLECTABLE (BYTES);
  if (strcmp (function, "memalign") == 0)
    return GC_memalign (64, BYTES);
#ifdef TRACKED
  if (strcmp (function, "new") == 0)
    return GCG_NEW (struct item);
#else
  if (strcmp (function, "many") == 0)
    return GC_malloc_many (BYTES);
  if (strcmp (function, "debug") == 0)
    return GC_debug_malloc (BYTES, "uninitialised.c", __LINE__);
  GC_word pointers[1] = { 1 };
  if (strcmp (function, "typed") == 0)
    return GC_calloc_explicitly_typed (1, BYTES, GC_make_descriptor (pointers, 1));
#endif
  return NULL;
}

int
main (int argc, char **argv)
{
  struct item *volatile items = made_early;

  for (int i = 0; argc > 1 && i < OBJECTS; i++)
    {
      struct item *item = make (argv[1]);
      if (!item)
        return 2;
      item->next = items;
      items = item;
    }
  made_early = items;
  puts ("done");
  return 7;
}
#endif
