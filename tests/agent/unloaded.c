/* unloaded.c -- plugins come and go; what they have allocated stays, and is leaked.
 *
 * Compiled by unloaded.test: with PLUGIN as a plugin whose functions are called after it, else as
 * the program that loads the plugins named, one after another; with GC for libgc.  Both plugins are
 * of one size, so they come to lie at the same address, which the program says.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef GC
#include <gc.h>
#define NEW(bytes) GC_MALLOC_UNCOLLECTABLE (bytes)
#else
#define NEW(bytes) malloc (bytes)
#endif

struct pair
{
  struct pair *other;
};

#ifdef PLUGIN

#define JOIN(a, b) a##b
#define NAME(a, b) JOIN (a, b)

static struct pair *__attribute__ ((noinline)) NAME (PLUGIN, _pair) (void)
{
  return NEW (sizeof (struct pair));
}

void
make (void)
{
  struct pair *one = NAME (PLUGIN, _pair) (), *two = NAME (PLUGIN, _pair) ();
  one->other = two;
#ifndef GC
  two->other = one;
#endif
}

#else

int
main (int argc, char **argv)
{
  void *before = NULL;
  int moved = 0;
#ifdef GC
  GC_INIT ();
#endif
  for (int i = 1; i < argc; i++)
    {
      void *plugin = dlopen (argv[i], RTLD_NOW);
      void (*make) (void);
      if (!plugin)
        return fprintf (stderr, "%s\n", dlerror ()), 2;
      *(void **)&make = dlsym (plugin, "make");
      moved += i > 1 && (void *)make != before;
      before = (void *)make;
      make ();
      dlclose (plugin);
    }
  printf ("%d plugins, %d moved\n", argc - 1, moved);
  return 0;
}

#endif
