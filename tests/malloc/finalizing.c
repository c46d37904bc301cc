/* finalizing.c -- a program that uses the collector, with a finalization cycle of two objects and
 * what hangs on it, an uncollectable object that nothing points to, and garbage; for
 * leaks_run.test.
 */
#include <config.h>

#include <gc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct view
{
  struct view *peer;
  char *name;
  char pad[32];
};

static void
finalize (void *object, void *data)
{
  (void)object;
  (void)data;
}

static void __attribute__ ((noinline, noclone)) make (void)
{
  struct view *a = GC_MALLOC (sizeof (struct view));
  struct view *b = GC_MALLOC (sizeof (struct view));
  struct view *lost = GC_MALLOC_UNCOLLECTABLE (sizeof (struct view));
  struct view *garbage = GC_MALLOC (sizeof (struct view));
  a->peer = b;
  b->peer = a;
  b->name = GC_MALLOC_ATOMIC (32);
  strcpy (b->name, "b");
  lost->name = NULL;
  garbage->peer = garbage;
  garbage->name = GC_MALLOC_ATOMIC (32);
  GC_REGISTER_FINALIZER (a, finalize, NULL, NULL, NULL);
}

static void __attribute__ ((noinline, noclone)) clear_stack (void)
{
  volatile char room[8192];
  for (size_t i = 0; i < sizeof room; i++)
    room[i] = 0;
}

int
main (int argc, char **argv)
{
  if (argc > 1 && strcmp (argv[1], "never") == 0)
    return 3;
  GC_INIT ();
  make ();
  clear_stack ();
  puts ("collected");
  fflush (stdout);
  if (argc > 1 && strcmp (argv[1], "_exit") == 0)
    _exit (3);
  return 3;
}
