/* observer.c -- the observer pattern and the cycle that it leaks.
 *
 *   struct document --watchers--> struct subscription --observer--> struct view
 *        ^                                                              |
 *        +-----------------------------document-------------------------+
 *
 * Views watch documents.  A document knows its subscriptions, a subscription its view, and a view
 * the document it shows: a cycle among three types.  The collector does not mind cycles, but the
 * document saves itself when it is finalized and the view closes its window: both have ordered
 * finalizers, each can be reached from the other, so neither ever runs.  Closing a document drops
 * it, and it stays for ever, unsaved.
 *
 * On the garbage page each closed document is one component with its cycle drawn; the edge to cut
 * is struct document.watchers, and that is what document_close does with --fixed.
 */
#include <stdio.h>

#include <gcglass/gc.h>

#include "examples/example.h"

enum
{
  DOCUMENTS = 100
};

struct document
{
  char *title;
  struct subscription *watchers;
  int edits;
};

struct subscription
{
  struct subscription *next;
  struct view *observer;
};

struct view
{
  struct document *document;
  char *caption;
  int repaints;
};

static int opened, saved, closed;
static bool fixed;

static void
document_finalize (void *object, void *unused)
{
  (void)object;
  (void)unused;
  saved++;
}

static void
view_finalize (void *object, void *unused)
{
  (void)object;
  (void)unused;
  closed++;
}

static char *
label (const char *what, int number)
{
  char text[64];
  snprintf (text, sizeof text, "%s %d", what, number);
  return GC_STRDUP (text);
}

static struct document *
document_open (void)
{
  struct document *document = GC_MALLOC (sizeof (struct document));
  document->title = label ("document", ++opened);
  GC_REGISTER_FINALIZER (document, document_finalize, NULL, NULL, NULL);
  return document;
}

static void
view_open (struct document *document)
{
  struct view *view = GC_MALLOC (sizeof (struct view));
  view->document = document;
  view->caption = label ("view of", opened);
  GC_REGISTER_FINALIZER (view, view_finalize, NULL, NULL, NULL);

  struct subscription *subscription = GC_MALLOC (sizeof (struct subscription));
  subscription->observer = view;
  subscription->next = document->watchers;
  document->watchers = subscription;
}

static void
document_edit (struct document *document)
{
  document->edits++;
  for (struct subscription *s = document->watchers; s; s = s->next)
    s->observer->repaints++;
}

/* A closed document needs no watchers: not clearing them is the leak. */
static void
document_close (struct document *document)
{
  if (fixed)
    document->watchers = NULL;
}

/* Opens a document in one or two views, edits it, and closes it all again. */
static void __attribute__ ((noinline)) work (void)
{
  struct document *document = document_open ();
  view_open (document);
  if (opened % 4 == 0)
    view_open (document);
  for (int i = 0; i < 10; i++)
    document_edit (document);
  document_close (document);
}

int
main (int argc, char **argv)
{
  struct example example;
  example_begin (&example, argc, argv);
  fixed = example.fixed;
  for (int i = 0; i < DOCUMENTS; i++)
    work ();
  for (int i = 0; i < 5; i++)
    GC_gcollect ();
  GC_invoke_finalizers ();
  printf ("%d documents opened and closed: %d saved, %d views closed\n", opened, saved, closed);
  return example_end (&example, work);
}
