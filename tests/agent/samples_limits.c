/* samples_limits.c -- samples where they are hard to get right: of objects without a tag, of frees
 * while survivors are not counted yet, in forked children, of tens of thousands of sites.
 */
#define GC_THREADS 1
#include <gcglass/gc.h>

#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/agent/recorded.h"
#include "tests/agent/tap.h"

enum
{
  PLAIN = 5000,
  LATE = 1000,
  NODES = 2000000,
  FREED = 500000,
  CHILDREN = 200,
  SITES = 20000,
  SAMPLES = 100
};
#define LOG_BYTES ((long long)32 << 20)

struct node
{
  struct node *next;
  long value;
};

struct late
{
  struct late *other;
  long value;
};

static struct node *list;
static struct gcg__static_site sites[SITES], more_sites[CHILDREN * 1000];
static char path[] = "/tmp/gcglass-limits-XXXXXX";

/* Nodes that begin with the address of the next, as free slots do. */
static void
untagged (void)
{
  static struct node *plain;
  GC_gcollect ();
  gcg_sample ("before plain", NULL);
  for (int i = 0; i < PLAIN; i++)
    {
      struct node *node = (GC_malloc)(sizeof *node);
      node->next = plain;
      node->value = i + 1;
      plain = node;
    }
  GC_gcollect ();
  gcg_sample ("plain", NULL);
  recorded_read (path);
  uint64_t before = recorded_figures (NULL, recorded_sample ("before plain")).live_count;
  uint64_t after = recorded_figures (NULL, recorded_sample ("plain")).live_count;
  tap_ok (after >= before + PLAIN && after < before + PLAIN + 500,
          "%d linked objects without a tag: %llu, then %llu", PLAIN, (unsigned long long)before,
          (unsigned long long)after);
}

static void GC_CALLBACK
finalize (void *object, void *data)
{
  (void)object;
  (void)data;
}

/* The collector's tables of finalizers and links, and their entries, are in its heap too. */
static void
tables (void)
{
  static struct node *held[LATE];
  static void *links[LATE];
  GC_gcollect ();
  gcg_sample ("before tables", NULL);
  for (int i = 0; i < LATE; i++)
    {
      held[i] = GC_MALLOC (sizeof *held[i]);
      links[i] = held[i];
      GC_REGISTER_FINALIZER_NO_ORDER (held[i], finalize, NULL, NULL, NULL);
      GC_GENERAL_REGISTER_DISAPPEARING_LINK (&links[i], held[i]);
    }
  GC_gcollect ();
  gcg_sample ("tables", NULL);
  recorded_read (path);
  uint64_t before = recorded_figures (NULL, recorded_sample ("before tables")).live_count;
  uint64_t after = recorded_figures (NULL, recorded_sample ("tables")).live_count;
  tap_ok (after < before + 20, "%d finalizers and links are no objects: %llu, then %llu", LATE,
          (unsigned long long)before, (unsigned long long)after);
}

static bool world_stopped;
static GC_on_collection_event_proc event_before;
static struct late *volatile late[LATE];

/* Set after gcglass's own, which it calls, as is proper. */
static void GC_CALLBACK
on_event (GC_EventType event)
{
  if (event == GC_EVENT_POST_STOP_WORLD || event == GC_EVENT_PRE_START_WORLD)
    world_stopped = event == GC_EVENT_POST_STOP_WORLD;
  event_before (event);
}

static int GC_CALLBACK
give_up (void)
{
  return world_stopped;
}

/* All are alive as of the sample with DESCRIPTION. */
static void
expect_late (const char *description)
{
  uint64_t alive = recorded_figures ("struct late", recorded_sample (description)).live_count;
  tap_ok (alive == LATE, "%s: %llu of %d are alive", description, (unsigned long long)alive, LATE);
}

/* A collection that is given up takes the marks with it; the program has a handler of its own. */
static void
given_up (void)
{
  for (int i = 0; i < LATE; i++)
    {
      late[i] = GC_MALLOC (sizeof (struct late));
      late[i]->value = i;
    }
  event_before = GC_get_on_collection_event ();
  GC_set_on_collection_event (on_event);
  GC_gcollect ();
  tap_ok (!GC_try_to_collect (give_up), "a collection is given up");
  gcg_sample ("given up", NULL);
  gcg_sample ("once more", NULL);
  GC_gcollect ();
  gcg_sample ("not given up", NULL);
  recorded_read (path);
  expect_late ("given up");
  expect_late ("once more");
  expect_late ("not given up");
}

static void GC_CALLBACK
on_event_alone (GC_EventType event)
{
  (void)event;
}

/* The program puts a handler in the place of ours: collections pass that we do not see. */
static void
unseen (void)
{
  gcg_sample ("seen", NULL);
  GC_set_on_collection_event (on_event_alone);
  GC_gcollect ();
  for (int i = 0; i < LATE; i += 2)
    late[i] = NULL;
  GC_gcollect ();
  gcg_sample ("unseen", NULL);
  GC_gcollect ();
  gcg_sample ("seen again", NULL);
  recorded_read (path);
  expect_late ("seen");
  expect_late ("unseen");
  uint64_t half = recorded_figures ("struct late", recorded_sample ("seen again")).live_count;
  tap_ok (half >= LATE / 2 && half <= LATE / 2 + 4, "seen again: %llu of %d are alive",
          (unsigned long long)half, LATE);
}

/* Periodic samples do not walk a big heap at once when it has been walked lately: frees count
   all the same, in those samples and when the walk has come by. */
static void
freed_before_walk (void)
{
  for (int i = 0; i < NODES; i++)
    {
      struct node *node = GC_MALLOC (sizeof (struct node));
      node->next = list;
      list = node;
    }
  GC_gcollect ();
  gcg_sample ("walked", NULL);
  GC_gcollect ();
  for (int i = 0; i < FREED; i++)
    {
      struct node *next = list->next;
      GC_FREE (list);
      list = next;
    }
  gcg_start_periodic_samples (0.01, NULL);
  usleep (300000);
  gcg_stop_periodic_samples ();
  usleep (20000);
  gcg_sample ("walked again", NULL);
  recorded_read (path);
  uint32_t again = recorded_sample ("walked again");
  uint64_t walked = recorded_figures ("struct node", recorded_sample ("walked")).live_count;
  uint64_t lately = recorded_figures ("struct node", again - 1).live_count;
  uint64_t now = recorded_figures ("struct node", again).live_count;
  tap_ok (walked == NODES && recording->samples[again - 1]->description[0] == 0,
          "%d objects, then samples at an interval", NODES);
  tap_ok (lately == NODES - FREED, "freed before the walk, by a sample then: %llu left",
          (unsigned long long)lately);
  tap_ok (now == NODES - FREED, "and after it: %llu left", (unsigned long long)now);
  list = NULL;
  GC_gcollect ();
}

static uint32_t
periodic_samples (void)
{
  uint32_t n = 0;
  recorded_read (path);
  for (uint32_t i = 0; i < recording->n_samples; i++)
    n += recording->samples[i]->description[0] == 0;
  return n;
}

/* The first comes at once whatever the interval is, the next would take a day. */
static void
test_interval (void)
{
  uint32_t before = periodic_samples (), first = before, later = 0;
  gcg_start_periodic_samples (86400, NULL);
  for (int i = 0; i < 3000 && (first = periodic_samples ()) <= before; i++)
    usleep (10000);
  gcg_start_periodic_samples (0.01, NULL);
  for (int i = 0; i < 3000 && (later = periodic_samples ()) < first + 3; i++)
    usleep (10000);
  gcg_stop_periodic_samples ();
  tap_ok (first == before + 1, "one sample at once: %d", (int)(first - before));
  tap_ok (later >= first + 3, "a new interval counts at once: %d more", (int)(later - first));
}

static int
child_samples (void)
{
  if (gcg_sample ("child", NULL) != GCG_OK)
    return 1;
  recorded_read (path);
  return recording->n_samples == 2 && recording->process.pid == (uint32_t)getpid ()
                 && recorded_figures ("struct node", 0).made_count == NODES
             ? 0
             : 2;
}

/* A child's recording is its own. */
static void
child_is_itself (void)
{
  int status = 1;
  pid_t child = fork ();
  if (child == 0)
    _exit (child_samples ());
  waitpid (child, &status, 0);
  tap_ok (status == 0, "a forked child's recording begins with its own first sample");
}

static volatile int stop;
static volatile unsigned next_site;

static void
make_at (struct gcg__static_site *site)
{
  *site = (struct gcg__static_site){ "limits.c", "make_at", "", "struct made", "", 1, 0 };
  *(volatile char *)gcg__malloc (16, site) = 1;
}

static void *
make_new_sites (void *unused)
{
  const unsigned n = sizeof more_sites / sizeof *more_sites;
  (void)unused;
  while (!stop)
    {
      unsigned i = __atomic_fetch_add (&next_site, 1, __ATOMIC_RELAXED);
      if (i >= n - CHILDREN)
        usleep (100);
      else
        make_at (&more_sites[CHILDREN + i]);
    }
  return NULL;
}

/* A thread that held a lock of ours when the process forked does not exist in the child. */
static void
forks_among_threads (void)
{
  pthread_t threads[2];
  int failed = 0;
  for (int i = 0; i < 2; i++)
    GC_pthread_create (&threads[i], NULL, make_new_sites, NULL);
  for (int i = 0; i < CHILDREN; i++)
    {
      int status = 1;
      pid_t child = fork ();
      if (child == 0)
        {
          alarm (20);
          make_at (&more_sites[i]);
          _exit (0);
        }
      waitpid (child, &status, 0);
      failed += status != 0;
    }
  stop = 1;
  for (int i = 0; i < 2; i++)
    GC_pthread_join (threads[i], NULL);
  tap_ok (failed == 0, "%d children allocate at places new to them, %d fail", CHILDREN, failed);
}

/* As of many call stacks, all of which allocate between two samples. */
static void
log_is_bounded (void)
{
  struct stat about;
  for (int i = 0; i < SITES; i++)
    sites[i] = (struct gcg__static_site){ "limits.c", "many", "", "struct many", "", 1, 0 };
  for (int k = 0; k < SAMPLES; k++)
    {
      for (int i = 0; i < SITES; i++)
        *(volatile char *)gcg__malloc_atomic (24, &sites[i]) = 1;
      gcg_sample ("", NULL);
    }
  recorded_read (path);
  stat (path, &about);
  /* Beside the log the file holds the sites themselves. */
  tap_ok (about.st_size > LOG_BYTES / 4
              && about.st_size < LOG_BYTES + (long long)recording->n_sites * 80,
          "%d samples of %d sites: a file of %.1f MB", SAMPLES, SITES, (double)about.st_size / 1e6);
  tap_ok (recording->samples[0]->head.flags & GCG__SAMPLE_KEY
              && recorded_figures ("struct many", recording->n_samples - 1).made_count
                     == (uint64_t)SAMPLES * SITES
              && recorded_figures ("struct many", 0).made_count
                     == (SAMPLES - (recording->n_samples - 2)) * (uint64_t)SITES,
          "it begins with a KEY sample and says what the samples before it had seen");
}

int
main (void)
{
  GC_set_handle_fork (1);
  GC_INIT ();
  close (mkstemp (path));
  test_interval ();
  untagged ();
  tables ();
  given_up ();
  unseen ();
  freed_before_walk ();
  child_is_itself ();
  log_is_bounded ();
  forks_among_threads ();
  gcg__recording_free (recording);
  unlink (path);
  return tap_done ();
}
