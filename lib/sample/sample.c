/* sample.c -- see sample.h.
 *
 * A sample lists the sites whose figures differ from the sample before, a KEY sample all that have
 * any: samples of a program in which little happens are small, and a reader can begin at any KEY.
 * The first is one, every 64th, and one before when those since the last are many bytes: a program
 * of many call stacks would fill the log with a single run.  The log holds samples only; process,
 * modules and sites are put before them when it is handed out.
 */
#include "sample.h"

#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "agent.h"
#include "arena.h"
#include "fail.h"
#include "collector.h"
#include "count.h"
#include "figures.h"
#include "lifetime.h"
#include "record.h"
#include "recording/encode.h"
#include "site.h"
#include "survivors.h"

#define LOG_BYTES (UINT64_C (32) << 20)
#define RUN_BYTES (LOG_BYTES / 8) /* and as many as its KEY has: a new run begins */

/* What the last sample said of a site. */
struct said
{
  struct gcg__live live;
  uint64_t made, died;
};

static pthread_mutex_t sample_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct column samples; /* records, bytes */
static uint64_t last_at;      /* where the last one begins */
static uint32_t n_taken;      /* samples ever */
static uint64_t keys[4096];   /* where runs begin, ascending */
static uint32_t n_keys;
static uint64_t key_end; /* of the last KEY sample */
static bool key_is_due;  /* what said holds has not been logged */
static struct said *said[GCG__CHUNKS];
static uint32_t sites_told, modules_told; /* with samples handed out by gcg__sample_last */
static uint64_t last_cost_ns;

/* Columns of the sample being taken. */
struct making
{
  struct column sites, deaths;
  int error;
};

void
gcg__sample_prepare (void)
{
  gcg__agent_ready ();
  gcg__collector_hook ();
  gcg__count_begin ();
}

void
gcg__sample_survey (void)
{
  gcg__sample_prepare ();
  pthread_mutex_lock (&sample_mutex);
  (void)gcg__survivors_update (true);
  pthread_mutex_unlock (&sample_mutex);
}

static struct said *
said_of (uint32_t site)
{
  struct said **chunk = &said[site >> GCG__CHUNK_SHIFT];
  if (!*chunk)
    *chunk = gcg__arena_take (GCG__CHUNK * sizeof **chunk);
  return *chunk ? *chunk + (site & (GCG__CHUNK - 1)) : NULL;
}

/* Lists SITE, whose numbers are COUNT, if there is something to say of it. */
static void
list_site (struct making *making, uint32_t site, const struct gcg__count *count, bool key)
{
  struct gcg__live live = gcg__survivors_live (site, count);
  struct said *before = said_of (site);
  struct gcg__sample_deaths deaths;

  if (!before)
    {
      making->error = ENOMEM;
      return;
    }
  if (key ? live.count || count->made
          : live.count != before->live.count || live.bytes != before->live.bytes
                || count->made != before->made)
    COLUMN_PUSH (&making->sites, struct gcg__sample_site,
                 ((struct gcg__sample_site){ site, 0, live.count, live.bytes, count->made,
                                             count->made_bytes }),
                 &making->error);
  before->live = live;
  before->made = count->made;
  if (gcg__lifetime_is_on () && gcg__lifetime_deaths (site, &deaths)
      && (key || deaths.died_count != before->died))
    {
      before->died = deaths.died_count;
      COLUMN_PUSH (&making->deaths, struct gcg__sample_deaths, deaths, &making->error);
    }
}

static void
list_sites (struct making *making, bool key)
{
  struct gcg__count sums[64];
  uint32_t n = gcg__site_count ();

  for (uint32_t first = 0; first < n && !making->error; first += 64)
    {
      uint32_t more = n - first < 64 ? n - first : 64;
      gcg__count_sum (first, more, sums);
      for (uint32_t i = 0; i < more; i++)
        list_site (making, first + i, &sums[i], key);
    }
}

/* Is it time for a KEY sample? */
static bool
is_key (void)
{
  uint64_t key, rest;

  if (n_taken % GCG__KEY_EVERY == 0 || key_is_due)
    return true;
  key = key_end - keys[n_keys - 1];
  rest = samples.n - key_end;
  return rest > RUN_BYTES && rest > key;
}

/* Lets the older half of the log go, and more until MORE bytes fit, in whole runs; the last one
   stays unless the sample to come is a KEY, which begins the next. */
static void
make_room (uint64_t more, bool key)
{
  uint32_t most = key ? n_keys : n_keys - 1, run = 0;
  uint64_t from = 0;

  if (samples.n + more <= LOG_BYTES && n_keys < sizeof keys / sizeof *keys)
    return;
  while (run < most && (from < samples.n / 2 || samples.n - from + more > LOG_BYTES))
    from = ++run < n_keys ? keys[run] : samples.n;
  if (!run)
    return;
  memmove (samples.data, (char *)samples.data + from, samples.n - from);
  samples.n -= from;
  key_end -= from < key_end ? from : key_end;
  for (uint32_t i = run; i < n_keys; i++)
    keys[i - run] = keys[i] - from;
  n_keys -= run;
}

/* Appends the record of what MAKING has listed. */
static bool
append_sample (const struct making *making, const char *description, uint32_t flags)
{
  uint64_t sites = making->sites.n * sizeof (struct gcg__sample_site);
  uint64_t deaths = making->deaths.n * sizeof (struct gcg__sample_deaths);
  uint64_t text = strnlen (description, GCG__SAMPLE_TEXT) + 1;
  uint64_t bytes = sizeof (struct gcg__record_sample) + sites + deaths + text;
  struct gcg__record_sample *record;
  char *at;

  make_room (gcg__record_room (bytes), flags & GCG__SAMPLE_KEY);
  record = gcg__record_begin (&samples, bytes);
  if (!record)
    return false;
  *record = (struct gcg__record_sample){ .monotonic_ns = raw_now (CLOCK_MONOTONIC),
                                         .realtime_ns = raw_now (CLOCK_REALTIME),
                                         .number = ++n_taken,
                                         .flags = flags,
                                         .survivors_of = gcg__survivors_of (),
                                         .cost_ns = last_cost_ns,
                                         .n_sites = (uint32_t)making->sites.n,
                                         .n_deaths = (uint32_t)making->deaths.n,
                                         .description_bytes = (uint32_t)text };
  gcg__figures_fill (record);
  record->own_bytes += samples.n;
  at = (char *)(record + 1);
  if (sites)
    memcpy (at, making->sites.data, sites);
  if (deaths)
    memcpy (at + sites, making->deaths.data, deaths);
  memcpy (at + sites + deaths, description, text - 1);
  at[sites + deaths + text - 1] = 0;
  last_at = samples.n;
  gcg__record_end (&samples, GCG__RECORD_SAMPLE, bytes);
  if (flags & GCG__SAMPLE_KEY)
    {
      keys[n_keys++] = last_at;
      key_end = samples.n;
    }
  return true;
}

/* The mutex is held. */
static enum gcg_status
take (const char *description, uint32_t flags, bool exact, struct gcg_error *error)
{
  struct making making = { 0 };
  uint64_t begin = raw_now (CLOCK_THREAD_CPUTIME_ID);
  bool ok;

  if (is_key ())
    flags |= GCG__SAMPLE_KEY;
  if (gcg__lifetime_is_on ())
    flags |= GCG__SAMPLE_LIFETIMES;
  ok = gcg__survivors_update (exact);
  if (ok)
    {
      list_sites (&making, flags & GCG__SAMPLE_KEY);
      ok = !making.error && append_sample (&making, description, flags);
      key_is_due = !ok;
    }
  column_fini_stopped (&making.sites);
  column_fini_stopped (&making.deaths);
  last_cost_ns = raw_now (CLOCK_THREAD_CPUTIME_ID) - begin;
  return ok ? GCG_OK : gcg__fail (error, GCG_NO_MEMORY, "no memory for a sample");
}

enum gcg_status
gcg__sample_take (const char *description, uint32_t flags, bool exact, struct gcg_error *error)
{
  enum gcg_status status;
  int cancel_state;

  gcg__sample_prepare ();
  pthread_setcancelstate (PTHREAD_CANCEL_DISABLE, &cancel_state);
  pthread_mutex_lock (&sample_mutex);
  status = take (description ? description : "", flags, exact, error);
  pthread_mutex_unlock (&sample_mutex);
  pthread_setcancelstate (cancel_state, NULL);
  return status;
}

/* How often modules have been loaded and unloaded. */
static int
count_modules (struct dl_phdr_info *info, size_t size, void *data)
{
  (void)size;
  *(uint32_t *)data = (uint32_t)(info->dlpi_adds + info->dlpi_subs);
  return 1;
}

/* A sealed memory file with PIECE. */
static int
memory_file (const struct column *piece)
{
  int fd = raw_high (memfd_create ("gcglass-samples", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  uint64_t done = 0;

  while (fd >= 0 && done < piece->n)
    {
      ssize_t n = write (fd, (const char *)piece->data + done, piece->n - done);
      if (n < 0 && errno != EINTR)
        {
          close (fd);
          return -1;
        }
      done += n > 0 ? (uint64_t)n : 0;
    }
  if (fd >= 0)
    fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  return fd;
}

static bool
put_samples (struct column *piece, uint64_t from)
{
  int error = 0;
  char *at = column_reserve_stopped (piece, 1, samples.n - from, &error);

  if (!at)
    return false;
  memcpy (at, (const char *)samples.data + from, samples.n - from);
  piece->n += samples.n - from;
  return true;
}

int
gcg__sample_last (void)
{
  struct column piece = { 0 };
  uint32_t modules = 0, sites;
  int fd = -1;

  pthread_mutex_lock (&sample_mutex);
  sites = gcg__site_count ();
  dl_iterate_phdr (count_modules, &modules);
  /* A client that connected before the first sample does not have the process record yet. */
  if (n_taken && (sites_told || gcg__record_process (&piece))
      && (modules == modules_told || gcg__record_modules (&piece))
      && gcg__record_sites (&piece, sites_told ? sites_told : 1, sites)
      && put_samples (&piece, last_at))
    {
      fd = memory_file (&piece);
      modules_told = modules;
      sites_told = sites;
    }
  pthread_mutex_unlock (&sample_mutex);
  column_fini_stopped (&piece);
  return fd;
}

int
gcg__sample_log (bool as_file)
{
  struct column piece = { 0 };
  int fd = -1, error = 0;

  pthread_mutex_lock (&sample_mutex);
  if (as_file)
    {
      struct gcg__recording_header header
          = { .magic = GCG__RECORDING_MAGIC, .version = GCG__RECORDING_VERSION };
      char *at = column_reserve_stopped (&piece, 1, sizeof header, &error);
      if (at)
        memcpy (at, &header, piece.n = sizeof header);
    }
  if (n_taken && !error && gcg__record_process (&piece) && gcg__record_modules (&piece)
      && gcg__record_sites (&piece, 1, gcg__site_count ()) && put_samples (&piece, 0))
    fd = memory_file (&piece);
  pthread_mutex_unlock (&sample_mutex);
  column_fini_stopped (&piece);
  return fd;
}

/* Another thread may have been in the middle of a sample: what it has left is not looked at. */
void
gcg__sample_forget (void)
{
  pthread_mutex_init (&sample_mutex, NULL);
  samples = (struct column){ 0 };
  memset (said, 0, sizeof said);
  n_taken = n_keys = 0;
  sites_told = modules_told = 0;
}
