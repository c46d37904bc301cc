/* contents.c -- the first bytes of objects, only when asked for; the collector's own figures.
 *
 * The oracle is this program's memory: what a snapshot holds of an object that has not changed
 * since must stand there still.  Without GCGLASS_CONTENTS first, then once more with it.
 */
#define GC_THREADS             1
#define GC_NO_THREAD_REDIRECTS 1
#include <gcglass/gc.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "snapshot/snapshot.h"
#include "tap.h"

#define N_WORDS     2000
#define LARGE_BYTES 100000
#define DIRTY_BYTES (24u << 20)

struct entry
{
  struct entry *next;
  char *word;
};

static struct entry *volatile entries;
static char *volatile large, *volatile dirty;
static struct gcg_error error;

static void
fill (void)
{
  for (int i = 0; i < N_WORDS; i++)
    {
      struct entry *entry = GC_NEW (struct entry);
      int n = i % 100;
      entry->word = GC_MALLOC_ATOMIC (n + 1);
      memset (entry->word, 'a' + i % 26, n);
      entry->word[n] = 0;
      entry->next = entries;
      entries = entry;
    }
  large = GC_MALLOC_ATOMIC (LARGE_BYTES);
  memset (large, 'L', LARGE_BYTES);
  dirty = malloc (DIRTY_BYTES);
  memset (dirty, 1, DIRTY_BYTES);
}

static struct gcg__snapshot *
save_and_open (void)
{
  struct gcg__snapshot *snapshot = NULL;
  char path[64];
  snprintf (path, sizeof path, "contents-%d.gcsnap", (int)getpid ());
  if (gcg_save (path, &error) != GCG_OK || gcg__snapshot_open (path, &snapshot, &error) != GCG_OK)
    printf ("# %s\n", error.text);
  unlink (path);
  return snapshot;
}

/* Whether SNAPSHOT holds at ADDRESS what stands there. */
static bool
holds (const struct gcg__snapshot *snapshot, const void *address, uint32_t bytes)
{
  uint64_t offset;
  uint32_t id, n;
  if (!gcg__snapshot_find (snapshot, (uintptr_t)address, &id, &offset) || offset != 0)
    return false;
  const uint8_t *preview = gcg__snapshot_preview (snapshot, id, &n);
  return preview && n == (bytes < 64 ? bytes : 64) && memcmp (preview, address, n) == 0;
}

static void
test_previews (const struct gcg__snapshot *snapshot)
{
  unsigned wrong = 0, n = 0;
  for (const struct entry *entry = entries; entry; entry = entry->next, n++)
    wrong += !holds (snapshot, entry, sizeof *entry)
             || !holds (snapshot, entry->word, (uint32_t)strlen (entry->word) + 1);
  tap_ok (n == N_WORDS && wrong == 0, "of %u objects the contents are those in memory (%u are not)",
          2 * n, wrong);
  tap_ok (holds (snapshot, large, LARGE_BYTES), "of a large one, too");
}

/* The number after NAME in TEXT, in bytes. */
static uint64_t
kilobytes (const char *text, const char *name)
{
  const char *at = strstr (text, name);
  return at ? strtoull (at + strlen (name), NULL, 10) << 10 : 0;
}

static void
test_statistics (const struct gcg__snapshot *snapshot)
{
  const struct gcg__statistics *s = snapshot->statistics;
  if (!tap_ok (s != NULL, "the collector's figures are in it"))
    return;
  tap_ok (s->full_freq == 17 && s->max_retries == 5 && s->rate == (uint64_t)GC_get_rate ()
              && s->free_space_divisor == GC_get_free_space_divisor ()
              && s->allocd_bytes_per_finalizer == 12345
              && s->min_bytes_allocd == GC_get_min_bytes_allocd (),
          "its numbers are those set");
  tap_ok ((s->flags & GCG__SETTING_DONT_EXPAND) && !(s->flags & GCG__SETTING_FIND_LEAK)
              && !(s->flags & GCG__SETTING_DISABLED)
              && !(s->flags & GCG__SETTING_ON_DEMAND) == !GC_get_finalize_on_demand (),
          "its flags are the program's, not those of the capture");
  tap_ok (s->suspend_signal == (uint32_t)GC_get_suspend_signal ()
              && s->restart_signal == (uint32_t)GC_get_thr_restart_signal ()
              && s->warn_proc == (uintptr_t)GC_ignore_warn_proc,
          "its signals and functions are known");
  tap_ok (s->heap_bytes == snapshot->info->heap_bytes
              && s->collections == snapshot->info->collections
              && s->since_gc_bytes + s->before_gc_bytes == snapshot->info->allocated_bytes,
          "its figures are those of the snapshot");
  const char *smaps = gcg__text (snapshot, s->smaps);
  if (access ("/proc/self/smaps_rollup", R_OK) != 0)
    tap_ok (*smaps == 0, "no smaps_rollup here");
  else
    tap_ok (kilobytes (smaps, "\nPrivate_Dirty:") >= DIRTY_BYTES,
            "what is the program's own does not count as shared with the capture's child");
}

int
main (int argc, char **argv)
{
  if (argc == 1)
    unsetenv ("GCGLASS_CONTENTS");
  else
    tap_count = atoi (argv[1]);
  GC_INIT ();
  GC_set_full_freq (17);
  GC_set_max_retries (5);
  GC_set_dont_expand (1);
  GC_set_allocd_bytes_per_finalizer (12345);
  GC_set_warn_proc (GC_ignore_warn_proc);
  fill ();
  struct gcg__snapshot *snapshot = save_and_open ();
  if (!tap_ok (snapshot != NULL, "a snapshot"))
    return tap_done ();
  test_statistics (snapshot);
  if (argc > 1)
    {
      test_previews (snapshot);
      gcg__snapshot_close (snapshot);
      return tap_done ();
    }
  tap_ok (snapshot->n_previews == 0 && snapshot->n_preview_starts == 0,
          "no contents unless asked for");
  gcg__snapshot_close (snapshot);
  if (tap_failed)
    return tap_done ();
  char number[16];
  snprintf (number, sizeof number, "%d", tap_count);
  setenv ("GCGLASS_CONTENTS", "1", 1);
  execl ("/proc/self/exe", argv[0], number, NULL);
  tap_ok (false, "cannot start once more");
  return tap_done ();
}
