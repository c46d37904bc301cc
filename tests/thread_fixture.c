/* thread_fixture.c -- a program whose calls and variables are known: saves a snapshot to argv[1]
   while its first thread is in hold_parameter () and a second one deep in recursion, in an inlined
   function. */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "gcglass/gc.h"
#include "gcglass/gcglass.h"
#include "tests/thread_fixture.h"

/* Whatever CFLAGS say: where variables are is to be known. */
#pragma GCC optimize(0)

struct pair
{
  long n;
  struct node *head;
};

static volatile int at;

static struct node *
new_list (int n)
{
  struct node *list = NULL;
  while (n-- > 0)
    {
      struct node *node = GC_MALLOC (sizeof (struct node));
      node->next = list;
      list = node;
    }
  return list;
}

static inline __attribute__ ((always_inline)) void
wait_inlined (struct node *held)
{
  while (at < 2)
    usleep (1000);
  held->value++;
}

static __attribute__ ((noinline)) void
recurse (int n, struct node *carried)
{
  struct pair both = { n, new_list (3) };
  if (n > 0)
    recurse (n - 1, both.head);
  else
    {
      at = 1;
      wait_inlined (carried);
    }
  both.head->value++;
}

static void *
worker (void *unused)
{
  struct node *mine = new_list (5);
  (void)unused;
  pthread_setname_np (pthread_self (), "worker");
  recurse (3, mine);
  return NULL;
}

static __attribute__ ((noinline)) int
hold_parameter (const char *path, struct node *given)
{
  struct gcg_error error;
  struct pair kept = { 1, given };
  if (gcg_save (path, &error) != GCG_OK)
    {
      fprintf (stderr, "%s\n", error.text);
      return 1;
    }
  return (int)kept.head->value;
}

int
main (int argc, char **argv)
{
  pthread_t thread;
  GC_INIT ();
  struct node *first = new_list (argc);
  if (GC_pthread_create (&thread, NULL, worker, NULL) != 0)
    return 1;
  while (at < 1)
    usleep (1000);
  int status = hold_optimised (hold_parameter, argv[1], &first->value);
  at = 2;
  GC_pthread_join (thread, NULL);
  return status;
}
