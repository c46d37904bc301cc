/* stress.c -- threads, forks, loaded libraries and signals, all of which allocate: nothing hangs,
 * nothing is lost, no block is anybody else's.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum
{
  THREADS = 4,
  ROUNDS = 300000,
  SLOTS = 512,
  FORKS = 60,
  LOADS = 200
};

static void *volatile shared[SLOTS]; /* handed from thread to thread */
static volatile int wrong;
static pthread_key_t key;

static void
at_thread_end (void *block)
{
  free (block);
  free (malloc (77));
}

static void *
work (void *number)
{
  uint64_t state = (uintptr_t)number + 1;
  struct
  {
    unsigned char *block;
    size_t bytes;
  } mine[SLOTS] = { 0 };
  pthread_setspecific (key, malloc (50));
  for (int i = 0; i < ROUNDS; i++)
    {
      state = state * 6364136223846793005u + 1442695040888963407u;
      unsigned at = (unsigned)(state >> 33) % SLOTS;
      if (mine[at].block)
        {
          if (mine[at].block[0] != (unsigned char)at
              || mine[at].block[mine[at].bytes - 1] != (unsigned char)at)
            wrong = 1;
          free (mine[at].block);
        }
      mine[at].bytes = 1 + (size_t)(state >> 40) % (at % 64 ? 200 : 9000);
      mine[at].block = malloc (mine[at].bytes);
      memset (mine[at].block, (int)at, mine[at].bytes);
      if (i % 16 == 0)
        free (__atomic_exchange_n (&shared[at], malloc (at), __ATOMIC_ACQ_REL));
    }
  for (int i = 0; i < SLOTS; i++)
    free (mine[i].block);
  return NULL;
}

/* Not allowed in a signal handler, and done all the same. */
static void
on_alarm (int signal)
{
  (void)signal;
}

static void *
fork_again_and_again (void *unused)
{
  (void)unused;
  for (int i = 0; i < FORKS; i++)
    {
      pid_t child = fork ();
      if (child == 0)
        {
          for (int k = 0; k < 1000; k++)
            free (malloc ((size_t)k));
          _exit (0);
        }
      int status = 1;
      if (child < 0 || waitpid (child, &status, 0) != child || status != 0)
        wrong = 1;
    }
  return NULL;
}

static void *
load_again_and_again (void *path)
{
  for (int i = 0; i < LOADS; i++)
    {
      void *library = dlopen (path, RTLD_NOW);
      if (!library)
        {
          puts (dlerror ());
          wrong = 1;
          break;
        }
      dlclose (library);
    }
  return NULL;
}

int
main (void)
{
  static char path[] = CASE_LIBRARY;
  pthread_t threads[THREADS + 2];
  struct itimerval often = { { 0, 500 }, { 0, 500 } }, never = { { 0, 0 }, { 0, 0 } };
  struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
  pthread_key_create (&key, at_thread_end);
  sigaction (SIGALRM, &action, NULL);
  setitimer (ITIMER_REAL, &often, NULL);
  for (uintptr_t i = 0; i < THREADS; i++)
    pthread_create (&threads[i], NULL, work, (void *)i);
  pthread_create (&threads[THREADS], NULL, fork_again_and_again, NULL);
  pthread_create (&threads[THREADS + 1], NULL, load_again_and_again, path);
  for (int i = 0; i < THREADS + 2; i++)
    pthread_join (threads[i], NULL);
  setitimer (ITIMER_REAL, &never, NULL);
  for (int i = 0; i < SLOTS; i++)
    free (shared[i]);
  puts (wrong ? "wrong" : "fine");
  return wrong;
}
