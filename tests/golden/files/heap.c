/* heap.c -- the program whose snapshots and recordings are kept beside it; see make.
 *
 * A list of five nodes that a variable keeps, a cycle of a document and its view that nothing keeps
 * (with the collector ordered finalizers keep it from being freed), and a text.  Between its two
 * samples 100 pairs of nodes come, of which one of each pair goes.
 */
#ifdef COLLECTED
#include <gcglass/gc.h>
#define MAKE(T) GCG_NEW (T)
#else
#include <gcglass/malloc.h>
#define MAKE(T) ((T *)malloc (sizeof (T)))
#endif
#include <gcglass/gcglass.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node
{
  struct node *next;
  long number;
};

struct document
{
  struct view *view;
  char title[40];
};

struct view
{
  struct document *document;
  int width, height;
};

struct node *list, *later;
char *text;

#ifdef COLLECTED
static void
finalize (void *object, void *unused)
{
  (void)object;
  (void)unused;
}
#endif

__attribute__ ((noinline)) static void
leak_cycle (void)
{
  struct document *document = MAKE (struct document);
  struct view *view = MAKE (struct view);
  document->view = view;
  strcpy (document->title, "of format 1");
  view->document = document;
#ifdef COLLECTED
  GC_REGISTER_FINALIZER (document, finalize, NULL, NULL, NULL);
  GC_REGISTER_FINALIZER (view, finalize, NULL, NULL, NULL);
#endif
}

__attribute__ ((noinline)) static struct node *
push (struct node *before, long number)
{
  struct node *node = MAKE (struct node);
  node->next = before;
  node->number = number;
  return node;
}

/* What earlier calls have left on the stack goes. */
__attribute__ ((noinline)) static void
wipe (void)
{
  volatile char room[8192];
  memset ((char *)room, 0, sizeof room);
}

static int
failed (enum gcg_status status, const struct gcg_error *error)
{
  if (status == GCG_OK)
    return 0;
  fprintf (stderr, "heap: %s\n", error->text);
  exit (1);
}

int
main (int argc, char **argv)
{
  struct gcg_error error;
  if (argc != 3)
    return 2;
#ifdef COLLECTED
  GC_INIT ();
#endif
  for (long i = 0; i < 5; i++)
    list = push (list, i);
  leak_cycle ();
#ifdef COLLECTED
  text = GC_MALLOC_ATOMIC (100);
#else
  text = malloc (100);
#endif
  strcpy (text, "a text");
  wipe ();
  failed (gcg_save (argv[1], &error), &error);
  failed (gcg_sample ("before", &error), &error);
  for (long i = 0; i < 100; i++)
    {
      struct node *node = push (NULL, i);
      later = push (later, i);
#ifndef COLLECTED
      free (node);
#endif
      (void)node;
    }
  failed (gcg_sample ("after", &error), &error);
  failed (gcg_save_recording (argv[2], &error), &error);
  return 0;
}
