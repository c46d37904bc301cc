/* samples_plain.c -- a program that knows nothing of gcglass: it makes 26,000 objects, keeps 5,000,
 * frees 1,000 and drops 20,000, a collection or two after they were made (samples.test).
 */
#include <gc.h>
#include <string.h>
#include <unistd.h>

struct node
{
  struct node *next;
  long value;
};

static struct node *list;

static void __attribute__ ((noinline)) keep (int n)
{
  for (int i = 0; i < n; i++)
    {
      struct node *node = GC_MALLOC (sizeof *node);
      node->next = list;
      list = node;
    }
}

static void __attribute__ ((noinline)) drop (int n)
{
  for (int i = 0; i < n; i++)
    *(char *)GC_MALLOC_ATOMIC (40) = 1;
}

static void __attribute__ ((noinline)) make_and_free (int n)
{
  for (int i = 0; i < n; i++)
    GC_FREE (GC_MALLOC (64));
}

int
main (void)
{
  GC_INIT ();
  keep (5000);
  make_and_free (1000);
  for (int i = 0; i < 10; i++)
    {
      drop (2000);
      usleep (30000);
    }
  /* A sweep shows what has died: the second collection finishes the first one's. */
  GC_gcollect ();
  GC_gcollect ();
  return 0;
}
