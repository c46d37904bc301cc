/* samples.c -- light samples say what the program did.
 *
 * Without an argument it is the program: it allocates, drops, frees and resizes known numbers of
 * objects, samples at each step, saves its recording, and compares.  With a file's name it reads
 * the recording of samples_plain.c, which ran unmodified under gcglass run.
 */
#define GC_THREADS 1
#include <gcglass/gc.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/agent/recorded.h"
#include "tests/agent/tap.h"

enum
{
  NODES = 10000,
  THREADS = 4
};

struct node
{
  struct node *next;
  long value;
};
struct leaf
{
  char bytes[100];
};
struct small
{
  char bytes[30];
};
struct large
{
  char bytes[3000];
};

static struct node *list;
static void **kept;
static char path[] = "/tmp/gcglass-samples-XXXXXX";
/* The sums over sites of TYPE as of the sample with DESCRIPTION. */
static struct gcg__sample_site
figures (const char *type, const char *description)
{
  return recorded_figures (type, recorded_sample (description));
}

/* COUNT objects of TYPE are alive, EXCESS more at most, which the stack may still hold. */
static void
expect (const char *description, const char *type, uint64_t count, uint64_t excess, uint64_t made)
{
  struct gcg__sample_site is = figures (type, description);
  tap_ok (is.live_count >= count && is.live_count <= count + excess && is.made_count == made,
          "%s: %llu %s alive of %llu", description, (unsigned long long)count, type,
          (unsigned long long)made);
  if (is.live_count < count || is.live_count > count + excess || is.made_count != made)
    printf ("# alive %llu, made %llu\n", (unsigned long long)is.live_count,
            (unsigned long long)is.made_count);
}

static void __attribute__ ((noinline)) make_nodes (int n)
{
  for (int i = 0; i < n; i++)
    {
      struct node *node = GC_MALLOC (sizeof (struct node));
      node->next = list;
      list = node;
    }
}

static void __attribute__ ((noinline)) drop_nodes (int n)
{
  while (n-- > 0)
    {
      struct node *next = list->next;
      list->next = NULL; /* one that something still points to is not to keep the others */
      list = next;
    }
}

static void __attribute__ ((noinline)) free_nodes (int n)
{
  while (n-- > 0)
    {
      struct node *next = list->next;
      GC_FREE (list);
      list = next;
    }
}

/* Overwrites what the calls before have left on the stack. */
static void __attribute__ ((noinline)) clear_stack (void)
{
  char bytes[8192];
  memset (bytes, 0, sizeof bytes);
  __asm__ volatile("" : : "r"(bytes) : "memory");
}

static void
collect (void)
{
  clear_stack ();
  GC_gcollect ();
}

static void *
make_leaves (void *unused)
{
  (void)unused;
  for (int i = 0; i < NODES; i++)
    {
      char *leaf = GC_MALLOC_ATOMIC (sizeof (struct leaf));
      leaf[0] = 1; /* one that nothing was ever written to looks like a free slot */
      if (i < 100)
        {
          GC_alloc_lock ();
          kept[0] = (void *)((uintptr_t)kept[0] + 1);
          kept[(uintptr_t)kept[0]] = leaf;
          GC_alloc_unlock ();
        }
    }
  return NULL;
}

static void
in_threads (void)
{
  pthread_t threads[THREADS];
  kept = GC_MALLOC ((THREADS * 100 + 1) * sizeof *kept);
  for (int i = 0; i < THREADS; i++)
    GC_pthread_create (&threads[i], NULL, make_leaves, NULL);
  for (int i = 0; i < THREADS; i++)
    GC_pthread_join (threads[i], NULL);
  collect ();
  gcg_sample ("threads", NULL);
  kept = NULL;
  collect ();
  gcg_sample ("threads' objects dropped", NULL);
}

/* Sizes and types that change. */
static void
in_place (void)
{
  static struct node *tracked;
  char *grown = GC_MALLOC_ATOMIC (sizeof (struct small));
  gcg_sample ("before realloc", NULL);
  grown = GC_REALLOC (grown, sizeof (struct large));
  gcg_sample ("after realloc", NULL);
  tracked = GC_MALLOC (sizeof (struct node));
  gcg_sample ("before track", NULL);
  gcg_track (tracked, "struct renamed", NULL);
  gcg_sample ("after track", NULL);
  collect ();
  gcg_sample ("track, collected", NULL);
  __asm__ volatile("" : : "r"(grown), "r"(tracked) : "memory");
}

static void
in_a_child (void)
{
  int status = 1;
  pid_t child = fork ();
  if (child == 0)
    {
      make_nodes (10);
      _exit (gcg_sample ("child", NULL) == GCG_OK ? 0 : 1);
    }
  waitpid (child, &status, 0);
  tap_ok (status == 0, "a forked child samples for itself");
}

static void
program (void)
{
  close (mkstemp (path));
  GC_INIT ();
  tap_ok (gcg_sample ("nothing", NULL) == GCG_OK, "a sample before anything");
  make_nodes (NODES);
  gcg_sample ("made", NULL);
  collect ();
  gcg_sample ("collected", NULL);
  free_nodes (1000);
  gcg_sample ("freed", NULL);
  collect ();
  gcg_sample ("freed, collected", NULL);
  drop_nodes (4000);
  gcg_sample ("dropped", NULL);
  collect ();
  free_nodes (500); /* after the collection has counted on them, before the walk comes by */
  gcg_sample ("dropped, collected", NULL);
  collect ();
  gcg_sample ("again", NULL);
  in_threads ();
  in_place ();
  in_a_child ();
  recorded_read (path);
  expect ("nothing", "struct node", 0, 0, 0);
  expect ("made", "struct node", NODES, 0, NODES);
  expect ("collected", "struct node", NODES, 0, NODES);
  expect ("freed", "struct node", NODES - 1000, 0, NODES);
  expect ("freed, collected", "struct node", NODES - 1000, 0, NODES);
  expect ("dropped", "struct node", NODES - 1000, 0, NODES);
  expect ("dropped, collected", "struct node", NODES - 5500, 4, NODES);
  expect ("again", "struct node", NODES - 5500, 4, NODES);
  expect ("threads", "struct leaf", THREADS * 100, 60, THREADS * NODES);
  expect ("threads' objects dropped", "struct leaf", 0, 60, THREADS * NODES);
  tap_ok (figures ("struct small", "before realloc").live_bytes == 30
              && figures ("struct small", "after realloc").live_bytes == 0
              && figures ("struct large", "after realloc").live_bytes == 3000,
          "a resized object counts where it was resized");
  expect ("before track", "struct renamed", 0, 0, 0);
  expect ("after track", "struct renamed", 1, 0, 1);
  expect ("track, collected", "struct renamed", 1, 0, 1);
  tap_ok (recording->samples[0]->head.flags & GCG__SAMPLE_KEY
              && recording->samples[recording->n_samples - 1]->head.heap_bytes
                     == GC_get_heap_size ()
              && recording->samples[1]->head.resident_bytes > 0
              && recording->samples[1]->head.threads >= 1,
          "figures of collector and process");
  tap_ok (recording->process.pid == (uint32_t)getpid () && recording->n_modules > 2,
          "whose recording it is");
}

/* Hundreds of samples go on. */
static void
many (void)
{
  uint32_t before = recording->n_samples;
  for (int i = 0; i < 300; i++)
    {
      make_nodes (10);
      gcg_sample ("", NULL);
    }
  gcg_sample ("many", NULL);
  recorded_read (path);
  tap_ok (recording->n_samples == before + 302, "302 samples more");
  expect ("many", "struct node", NODES - 5500 + 3000, 4, NODES + 3001); /* one was renamed */
}

/* Two threads allocate, collect and free while a third samples: nothing is lost. */
static volatile int stop;

static void *
churn (void *unused)
{
  (void)unused;
  struct node *mine = NULL;
  for (int i = 0; i < 200000; i++)
    {
      struct node *node = GC_MALLOC (sizeof (struct node));
      if (i % 10 == 0)
        {
          node->next = mine;
          mine = node;
        }
      else if (i % 3 == 0)
        GC_FREE (node);
      if (i % 20000 == 0)
        GC_gcollect ();
    }
  while (mine)
    {
      struct node *next = mine->next;
      GC_FREE (mine);
      mine = next;
    }
  return NULL;
}

static void *
keep_sampling (void *unused)
{
  (void)unused;
  while (!stop)
    gcg_sample ("", NULL);
  return NULL;
}

static void
busy (void)
{
  pthread_t threads[2], sampler;
  uint64_t before = figures ("struct node", "many").made_count;
  GC_pthread_create (&sampler, NULL, keep_sampling, NULL);
  for (int i = 0; i < 2; i++)
    GC_pthread_create (&threads[i], NULL, churn, NULL);
  for (int i = 0; i < 2; i++)
    GC_pthread_join (threads[i], NULL);
  stop = 1;
  GC_pthread_join (sampler, NULL);
  collect ();
  gcg_sample ("busy", NULL);
  recorded_read (path);
  expect ("busy", "struct node", NODES - 5500 + 3000, 600, before + 400000);
}

/* What samples_plain.c says it does. */
static int
check_plain (const char *file)
{
  struct gcg_error error;
  uint64_t made = 0, live = 0, died = 0, young = 0, untagged = 0;
  if (gcg__recording_open (file, &recording, &error) != GCG_OK)
    {
      printf ("Bail out! %s\n", error.text);
      return 1;
    }
  for (uint32_t site = 0; site < recording->n_sites; site++)
    if (site == 0)
      untagged = recording->now[0].live_count;
    else
      {
        made += recording->now[site].made_count;
        live += recording->now[site].live_count;
        died += recording->deaths[site].died_count;
        young += recording->deaths[site].by_age[0] + recording->deaths[site].by_age[1];
      }
  printf ("# made %llu, alive %llu, died %llu, untagged %llu\n", (unsigned long long)made,
          (unsigned long long)live, (unsigned long long)died, (unsigned long long)untagged);
  tap_ok (recording->n_samples >= 3, "%u samples", recording->n_samples);
  tap_ok (made == 26000, "all that was made");
  tap_ok (live >= 5000 && live < 5200, "what is alive at the end");
  tap_ok (died >= 20800 && died <= 21000, "what died, explicitly freed included");
  tap_ok (young * 100 >= died * 99, "hardly one of them got old");
  tap_ok (recording->n_snapshots == 1 && recording->ended && recording->exit.wait_status == 0,
          "the snapshot at exit, and the end");
  gcg__recording_free (recording);
  return tap_done ();
}

int
main (int argc, char **argv)
{
  if (argc > 1)
    return check_plain (argv[1]);
  program ();
  many ();
  busy ();
  gcg__recording_free (recording);
  unlink (path);
  return tap_done ();
}
