/* stress.c -- threads, forks, loaded libraries and signals, all of which allocate: nothing hangs,
 * nothing is lost, no block is anybody else's.
 *
 *   stress          what the C library's malloc stands
 *   stress storm    signal handlers allocate and free, map and unmap as well
 *   stress threads  threads begin and end, and allocate in destructors, until the end: what is kept
 *                   for them is used again
 *
 * At its end it has freed all: a report finds no block.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum
{
  THREADS = 4,
  ROUNDS = 1000000,
  SLOTS = 512,
  FORKS = 200,
  LOADS = 1000,
  STORM_ROUNDS = 300000,
  SHORT_THREADS = 3000,
  MOST_KIB = 40000 /* for the last 2,500 of these */
};

static void *volatile shared[SLOTS];  /* handed from thread to thread */
static void *volatile stormed[SLOTS]; /* from handler to handler */
static volatile int wrong;
static volatile uint32_t n_handled;
static int rounds = ROUNDS, is_storm;
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
  for (int i = 0; i < rounds; i++)
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

/* Not allowed in a signal handler, and done all the same, by some. */
static void
on_alarm (int signal)
{
  (void)signal;
  uint32_t at = __atomic_fetch_add (&n_handled, 1, __ATOMIC_RELAXED);
  if (!is_storm)
    return;
  size_t bytes = at % 16 ? at * 7 % 3000 : 100000;
  unsigned char *block = malloc (bytes);
  if (!block)
    wrong = 1;
  memset (block, (int)at, bytes);
  if (bytes > 0 && block[bytes - 1] != (unsigned char)at)
    wrong = 1;
  free (__atomic_exchange_n (&stormed[at % SLOTS], block, __ATOMIC_ACQ_REL));
  void *page = mmap (NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page != MAP_FAILED)
    munmap (page, 4096);
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
      /* Looking for what is not there allocates. */
      if (dlsym (library, "nothing_of_the_kind") || !dlsym (library, "hold"))
        wrong = 1;
      dlclose (library);
    }
  return NULL;
}

/* All at once.  The signals go to the threads that allocate. */
static void
everything (void)
{
  static char path[] = CASE_LIBRARY;
  pthread_t threads[THREADS + 2];
  struct itimerval often = { { 0, 500 }, { 0, 500 } }, never = { { 0, 0 }, { 0, 0 } };
  struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
  sigset_t alarms;
  sigaction (SIGALRM, &action, NULL);
  sigemptyset (&alarms);
  sigaddset (&alarms, SIGALRM);
  for (uintptr_t i = 0; i < THREADS; i++)
    pthread_create (&threads[i], NULL, work, (void *)i);
  pthread_sigmask (SIG_BLOCK, &alarms, NULL);
  setitimer (ITIMER_REAL, &often, NULL);
  pthread_create (&threads[THREADS], NULL, fork_again_and_again, NULL);
  pthread_create (&threads[THREADS + 1], NULL, load_again_and_again, path);
  for (int i = 0; i < THREADS + 2; i++)
    pthread_join (threads[i], NULL);
  setitimer (ITIMER_REAL, &never, NULL);
  for (int i = 0; i < SLOTS; i++)
    {
      free (shared[i]);
      free (stormed[i]);
      shared[i] = stormed[i] = NULL;
    }
}

static void *
work_a_little (void *unused)
{
  void *blocks[64];
  pthread_setspecific (key, malloc (50));
  for (size_t i = 0; i < 64; i++)
    blocks[i] = malloc (i * 40);
  for (int i = 0; i < 64; i++)
    free (blocks[i]);
  return unused;
}

static long
resident_kib (void)
{
  long pages = 0;
  FILE *file = fopen ("/proc/self/statm", "r");
  if (!file || fscanf (file, "%*d %ld", &pages) != 1)
    wrong = 1;
  if (file)
    fclose (file);
  return pages * (getpagesize () / 1024);
}

static void
short_threads (void)
{
  long before = 0;
  for (int i = 0; i < SHORT_THREADS; i++)
    {
      pthread_t thread;
      if (pthread_create (&thread, NULL, work_a_little, NULL) != 0)
        wrong = 1;
      else
        pthread_join (thread, NULL);
      if (i == SHORT_THREADS - 2500)
        before = resident_kib ();
    }
  if (resident_kib () - before > MOST_KIB)
    wrong = 1;
}

int
main (int argc, char **argv)
{
  const char *mode = argc > 1 ? argv[1] : "";
  pthread_key_create (&key, at_thread_end);
  is_storm = strcmp (mode, "storm") == 0;
  rounds = is_storm ? STORM_ROUNDS : ROUNDS;
  if (strcmp (mode, "threads") == 0)
    short_threads ();
  else
    everything ();
  puts (wrong ? "wrong" : "fine");
  if (is_storm && n_handled == 0)
    puts ("no signals");
  return wrong;
}
