/* finalizer_list.c -- a doubly linked list with finalizers that is never collected.
 *
 * GC_REGISTER_FINALIZER is ordered: an object's finalizer runs when nothing else that has a
 * finalizer, and not the object itself, leads to it.  In a doubly linked list every item leads to
 * its neighbour, which leads back: no item is ever first, none is finalized, none is freed.  libgc
 * says no more than "Finalization cycle involving 0x..." (run with --warn to see it).
 *
 * gcglass names the cycle, struct item.next -> struct item.previous, the line that allocates the
 * items, and two ways out: cut one direction when the list is dropped, or register with
 * GC_REGISTER_FINALIZER_NO_ORDER, since these finalizers do not look at the neighbours.  The latter
 * is what --fixed does.
 */
#include <stdio.h>

#include <gcglass/gc.h>

#include "examples/example.h"

enum
{
  LISTS = 20,
  ITEMS = 50
};

struct item
{
  struct item *next;
  struct item *previous;
  int number;
};

static int finalized;
static bool no_order;

static void
finalize_item (void *object, void *unused)
{
  (void)object;
  (void)unused;
  finalized++;
}

static struct item *
new_item (struct item *previous, int number)
{
  struct item *item = GC_MALLOC (sizeof (struct item));
  item->number = number;
  item->previous = previous;
  if (previous)
    previous->next = item;
  if (no_order)
    GC_REGISTER_FINALIZER_NO_ORDER (item, finalize_item, NULL, NULL, NULL);
  else
    GC_REGISTER_FINALIZER (item, finalize_item, NULL, NULL, NULL);
  return item;
}

/* Makes a list, uses it and drops it. */
static int __attribute__ ((noinline)) use_list (void)
{
  struct item *first = new_item (NULL, 0);
  struct item *last = first;
  for (int i = 1; i < ITEMS; i++)
    last = new_item (last, i);
  int sum = 0;
  for (struct item *item = first; item; item = item->next)
    sum += item->number;
  return sum;
}

int
main (int argc, char **argv)
{
  struct example example;
  example_begin (&example, argc, argv);
  no_order = example.fixed;
  int sum = 0;
  for (int i = 0; i < LISTS; i++)
    sum += use_list ();
  /* Some rounds: what a finalized object held goes in the next one. */
  for (int i = 0; i < 5; i++)
    GC_gcollect ();
  GC_invoke_finalizers ();
  printf ("%d items in %d lists, sum %d: %d finalized\n", LISTS * ITEMS, LISTS, sum, finalized);
  return example_end (&example, NULL);
}
