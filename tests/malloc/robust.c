/* robust.c -- programs that make it hard to examine their heap; robust.test says what
 * they are to say, and what of them is to be seen.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gcglass/gcglass.h>

#include "case.h"
#include "tag.h"

extern __typeof__ (gcg_check_leaks) gcg_check_leaks __attribute__ ((weak));

static void *volatile held[64];
static pthread_barrier_t ready;

static void ALONE
hold_and_lose (void)
{
  held[0] = case_block (1337);
  case_block (100);
}

/* --- Threads that let no signal through. */

static void *
hold_for_ever (void *argument)
{
  void (*block_signals) (void);
  void *volatile block = case_block (7);
  *(void **)&block_signals = argument;
  block_signals ();
  case_clear_stack ();
  pthread_barrier_wait (&ready);
  for (;;)
    pause ();
  return block;
}

/* By the C library, which leaves its own signals out. */
static void
block_by_library (void)
{
  sigset_t all;
  sigfillset (&all);
  pthread_sigmask (SIG_BLOCK, &all, NULL);
}

static void
block_by_call (void)
{
  uint64_t all = ~UINT64_C (0);
  syscall (SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof all);
}

static int
with_thread (void (*block_signals) (void))
{
  pthread_t thread;
  void *argument;
  *(void (**) (void)) & argument = block_signals;
  pthread_barrier_init (&ready, NULL, 2);
  if (pthread_create (&thread, NULL, hold_for_ever, argument) != 0)
    return 9;
  pthread_barrier_wait (&ready);
  hold_and_lose ();
  case_clear_stack ();
  puts ("goes on");
  return 5;
}

static int
masked (void)
{
  return with_thread (block_by_library);
}

/* Asked for twice: it must not be worse the second time. */
static int
deaf (void)
{
  int status = with_thread (block_by_call);
  if (gcg_check_leaks && gcg_check_leaks (NULL, NULL, NULL) == GCG_OK)
    puts ("nobody was stopped");
  return status;
}

/* --- No memory. */

/* --- What freed memory holds may pass for the tags of blocks, but for impossible ones. */

#define STALE_BYTES ((size_t)8 << 20)
#define STALE_SLOT  ((size_t)64)
#define MOST_FEW    1000000

static int
stale (void)
{
  static void *few[MOST_FEW];
  char *large = malloc (STALE_BYTES);
  uintptr_t at = ((uintptr_t)large + STALE_SLOT - 1) / STALE_SLOT * STALE_SLOT;
  for (unsigned i = 0; at + STALE_SLOT <= (uintptr_t)large + STALE_BYTES; at += STALE_SLOT, i++)
    {
      static const uint64_t slacks[] = { STALE_SLOT, GCG__SLACK_BIG, 0 };
      uint64_t low = slacks[i % 3] << GCG__WORD_SLACK_SHIFT | (i % 3 == 2 ? TAG_SITE_MASK : 1);
      *tag_place ((void *)at, STALE_SLOT) = low | tag_check ((void *)at, low) << 48;
    }
  uintptr_t low = (uintptr_t)large, high = low + STALE_BYTES;
  free (large);
  /* Until slots are made of that memory, most of which are not handed out. */
  size_t n = 0;
  for (uintptr_t block = 0; n < MOST_FEW && (block < low || block >= high); n++)
    block = (uintptr_t)(few[n] = malloc (STALE_SLOT - 12));
  while (n > 8)
    free (few[--n]);
  hold_and_lose ();
  puts ("goes on");
  return n == 8 ? 5 : 4;
}

static int
limited (void)
{
  static char *blocks[100000];
  struct rlimit limit = { 0, 0 };
  long pages = 0, n = 0;
  FILE *file = fopen ("/proc/self/statm", "r");
  if (!file || fscanf (file, "%ld", &pages) != 1)
    return 9;
  fclose (file);
  getrlimit (RLIMIT_AS, &limit);
  limit.rlim_cur = (rlim_t)pages * 4096 + (100 << 20);
  setrlimit (RLIMIT_AS, &limit);
  for (int round = 0; round < 3; round++)
    {
      static const size_t sizes[] = { 3000, 100, 1 << 20 };
      size_t bytes = sizes[round];
      errno = 0;
      for (n = 0; n < 100000 && (blocks[n] = malloc (bytes)) != NULL; n++)
        memset (blocks[n], 'x', bytes);
      if (round != 1 && (n == 100000 || errno != ENOMEM))
        return 8;
      if (n * (long)bytes < (8 << 20))
        return 7;
      if (calloc (1, 1 << 30) != NULL || errno != ENOMEM)
        return 6;
      if (round != 1 && realloc (blocks[0], 500 << 20) != NULL)
        return 4;
      while (n > 0)
        free (blocks[--n]);
    }
  hold_and_lose ();
  puts ("goes on");
  return 5;
}

/* --- A thread that changes its ids: the C library sends all the signal that stops threads. */

static void *
spin (void *unused)
{
  while (!__atomic_load_n (&held[1], __ATOMIC_ACQUIRE))
    free (malloc (100));
  return unused;
}

static void *
check (void *unused)
{
  while (gcg_check_leaks && !__atomic_load_n (&held[1], __ATOMIC_ACQUIRE))
    if (gcg_check_leaks (NULL, NULL, NULL) != GCG_OK)
      puts ("a check failed");
  return unused;
}

static int
ids (void)
{
  pthread_t threads[4];
  for (int i = 0; i < 4; i++)
    pthread_create (&threads[i], NULL, i < 3 ? spin : check, NULL);
  for (int i = 0; i < 60; i++)
    if (setresuid ((uid_t)-1, getuid (), (uid_t)-1) != 0)
      return 9;
  held[1] = case_block (3);
  for (int i = 0; i < 4; i++)
    pthread_join (threads[i], NULL);
  hold_and_lose ();
  puts ("goes on");
  return 5;
}

/* --- Before main, and after it. */

static void __attribute__ ((constructor)) before_main (void)
{
  held[4] = case_block (11);
  free (case_block (5000));
  dlsym (RTLD_DEFAULT, "nothing_of_the_kind"); /* allocates a message */
}

static void __attribute__ ((destructor)) after_main (void)
{
  if (held[2])
    {
      free (held[2]);
      held[2] = case_block (50);
      case_block (51);
    }
}

static void
at_the_end (void)
{
  free (held[3]);
  held[3] = case_block (52);
}

static int
before_and_after (void)
{
  held[2] = case_block (53);
  held[3] = case_block (54);
  atexit (at_the_end);
  hold_and_lose ();
  puts ("goes on");
  return 5;
}

/* --- Arguments on their way: who looks meanwhile finds nothing lost. */

static void *
take_argument (void *argument)
{
  free (argument);
  return NULL;
}

static void *
make_threads (void *unused)
{
  pthread_attr_t detached;
  pthread_attr_init (&detached);
  pthread_attr_setdetachstate (&detached, PTHREAD_CREATE_DETACHED);
  while (!__atomic_load_n (&held[1], __ATOMIC_ACQUIRE))
    {
      pthread_t thread;
      void *argument = case_block (40);
      if (pthread_create (&thread, &detached, take_argument, argument) != 0)
        free (argument);
    }
  return unused;
}

static int
arguments (void)
{
  size_t lost = 0, all = 0;
  pthread_t threads[2];
  for (int i = 0; i < 2; i++)
    pthread_create (&threads[i], NULL, make_threads, NULL);
  for (int i = 0; i < 150 && gcg_check_leaks; i++)
    if (gcg_check_leaks (&lost, NULL, NULL) != GCG_OK)
      return 9;
    else
      all += lost;
  held[1] = case_block (3);
  for (int i = 0; i < 2; i++)
    pthread_join (threads[i], NULL);
  usleep (50000);
  printf ("%zu lost\n", all);
  hold_and_lose ();
  return 5;
}

static const struct
{
  const char *name;
  int (*function) (void);
} modes[] = {
  { "masked", masked },       { "deaf", deaf }, { "limited", limited },
  { "stale", stale },         { "ids", ids },   { "before-and-after", before_and_after },
  { "arguments", arguments },
};

int
main (int argc, char **argv)
{
  for (size_t i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++)
    if (strcmp (modes[i].name, argv[1]) == 0)
      return modes[i].function ();
  fprintf (stderr, "usage: robust MODE\n");
  return 9;
}
