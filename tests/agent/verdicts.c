/* verdicts.c -- a program whose collector errs; for collect.test.
 *
 * When a collection begins to mark, the program marks two objects itself.  One is out of reach: it
 * is kept.  Through the other one alone a third is reached, which the collector does not find then,
 * for it follows what it marks itself.  Prints "ready PID" and waits for the end of its input.
 */
#include <gc.h>
#include <gc/gc_mark.h>

#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

static void **kept;
static uintptr_t lost; /* hidden */
static GC_on_collection_event_proc next;

static void GC_CALLBACK
on_event (GC_EventType event)
{
  if (event == GC_EVENT_MARK_START)
    {
      GC_set_mark_bit (kept);
      GC_set_mark_bit ((void *)~lost);
    }
  if (next)
    next (event);
}

static void __attribute__ ((noinline)) make (void)
{
  kept = GC_malloc (1000);
  *kept = GC_malloc (1500);
  lost = ~(uintptr_t)GC_malloc (2000);
}

int
main (void)
{
  char c;
  GC_INIT ();
  next = GC_get_on_collection_event ();
  GC_set_on_collection_event (on_event);
  make ();
  printf ("ready %d\n", (int)getpid ());
  fflush (stdout);
  while (read (STDIN_FILENO, &c, 1) > 0)
    ;
  return 0;
}
