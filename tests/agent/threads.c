/* threads.c -- captures among threads that are in malloc, stdio and dlsym all the time.
 *
 * The frozen child is cloned while such threads hold the C library's locks: 2,000 captures show
 * that it needs none of them.  Also here: this program's malloc ends any process but its own, so a
 * child that allocates fails its capture.
 */
#define GC_THREADS             1
#define GC_NO_THREAD_REDIRECTS 1
#include <gcglass/gc.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tap.h"

#define CAPTURES 2000
#define THREADS  4

static atomic_bool stop;
static pid_t own_pid;

extern void *__libc_malloc (size_t);
extern void __libc_free (void *);
extern void *__libc_calloc (size_t, size_t);
extern void *__libc_realloc (void *, size_t);

static void
only_here (void)
{
  if (own_pid && syscall (SYS_getpid) != own_pid)
    syscall (SYS_exit_group, 99);
}

void *
malloc (size_t n)
{
  only_here ();
  return __libc_malloc (n);
}

void *
calloc (size_t n, size_t bytes)
{
  only_here ();
  return __libc_calloc (n, bytes);
}

void *
realloc (void *old, size_t n)
{
  only_here ();
  return __libc_realloc (old, n);
}

void
free (void *old)
{
  only_here ();
  __libc_free (old);
}

static void *
busy (void *unused)
{
  struct node
  {
    struct node *next;
    char text[24];
  } *list = NULL;
  FILE *null = fopen ("/dev/null", "w");
  (void)unused;

  for (unsigned i = 0; !stop; i++)
    {
      char *text = malloc (i % 3000 + 1);
      struct node *node = GC_MALLOC (sizeof (struct node));
      text[0] = 0;
      fprintf (null, "%u %s\n", i, text);
      if (i % 64 == 0)
        fflush (null);
      if (!dlsym (RTLD_DEFAULT, "printf"))
        abort ();
      free (text);
      node->next = i % 100 ? list : NULL;
      list = node;
    }
  fclose (null);
  return list;
}

int
main (void)
{
  pthread_t threads[THREADS];
  struct gcg_error error = { GCG_OK, "" };
  int taken = 0;

  setenv ("GCGLASS_STOP", "signals", 1);
  GC_INIT ();
  GC_allow_register_threads ();
  own_pid = getpid ();
  for (int i = 0; i < THREADS; i++)
    GC_pthread_create (&threads[i], NULL, busy, NULL);
  while (taken < CAPTURES && gcg_snapshot ("busy", &error) == GCG_OK)
    taken++;
  stop = true;
  for (int i = 0; i < THREADS; i++)
    GC_pthread_join (threads[i], NULL);
  if (!tap_ok (taken == CAPTURES, "2,000 captures among four busy threads"))
    printf ("# after %d: %s\n", taken, error.text);
  return tap_done ();
}
