/* freeze.c -- see freeze.h: the order of the walk, and what is neither heap nor root.
 *
 * Blocks and objects first, because everything else names objects by number; then sites (only those
 * that some object has keep their texts), roots, finalizers, edges, figures; then the columns are
 * written.  The first failure ends it: freeze->error.
 */
#include "config.h"

#include "freeze.h"

#include <string.h>

#include "collector.h"
#include "hazards.h"
#include "heapwalk.h"
#include "maps.h"
#include "peek.h"
#include "preview.h"
#include "registry.h"
#include "rootwalk.h"
#include "site.h"
#include "snapshot/writer.h"
#include "tag.h"
#include "tally.h"
#include "words.h"

/* The sites that some object has; the others keep their ids but not their texts. */
static void
sites_stopped (struct gcg__freeze *freeze)
{
  uint32_t n = freeze->n_sites;
  const uint64_t *words = COLUMN (freeze, WORDS)->data;
  uint64_t n_words = COLUMN (freeze, WORDS)->n;
  struct column used = { 0 };
  uint8_t *is_used = column_reserve_stopped (&used, 1, n, &freeze->error);

  if (!is_used)
    return;
  for (uint64_t i = 0; i < n_words; i++)
    is_used[gcg__site_original (tag_site (words[i]))] = 1;
  COLUMN_PUSH (COLUMN (freeze, SITES), struct gcg__site, (struct gcg__site){ 0 }, &freeze->error);
  for (uint32_t i = 1; i < n && !freeze->error; i++)
    gcg__freeze_site_stopped (freeze, i, is_used[i]);
  column_fini_stopped (&used);
}

/* The registry's entries for objects that are still the ones registered. */
static void
registry_stopped (struct gcg__freeze *freeze)
{
  struct column *finalizers = COLUMN (freeze, FINALIZERS);
  uint64_t n, *words = COLUMN (freeze, WORDS)->data;
  const struct gcg__entry *entries = gcg__registry_entries_stopped (&n);

  for (uint64_t i = 0; i < n; i++)
    {
      uint32_t object;
      if (entries[i].address <= 1
          || !gcg__heap_resolve_stopped (freeze, entries[i].address, false, &object))
        continue;
      bool tagged = words[object] >> GCG__WORD_FLAG_SHIFT & GCG__OBJECT_TAGGED;
      if (tagged ? (words[object] & TAG_LOW_MASK) != (entries[i].tag & TAG_LOW_MASK)
                 : entries[i].tag != 0)
        continue;
      if (entries[i].ignored)
        words[object] |= (uint64_t)GCG__OBJECT_IGNORED << GCG__WORD_FLAG_SHIFT;
      if (entries[i].mode)
        {
          struct gcg__finalizer finalizer = { object, entries[i].mode, entries[i].function };
          words[object] |= (uint64_t)GCG__OBJECT_FINALIZER << GCG__WORD_FLAG_SHIFT;
          COLUMN_PUSH (finalizers, struct gcg__finalizer, finalizer, &freeze->error);
        }
    }
  gcg__column_sort_stopped (finalizers, UINT32_MAX);
}

/* Objects with the twin of a site are of the site, and ignored.  After the steps that compare
   tags. */
static void
twins_stopped (struct gcg__freeze *freeze)
{
  uint64_t *words = COLUMN (freeze, WORDS)->data, n = COLUMN (freeze, WORDS)->n;

  if (!gcg__site_any_ignored)
    return;
  for (uint64_t i = 0; i < n; i++)
    if (gcg__site_is_ignored (tag_site (words[i])))
      words[i] = (words[i] & ~(uint64_t)TAG_SITE_MASK) | gcg__site_original (tag_site (words[i]))
                 | (uint64_t)GCG__OBJECT_IGNORED << GCG__WORD_FLAG_SHIFT;
}

static void
collections_stopped (struct gcg__freeze *freeze, struct gcg__info *info)
{
  struct column *column = COLUMN (freeze, COLLECTIONS);
  struct gcg__collection *past
      = column_reserve_stopped (column, sizeof *past, GCG__MOST_COLLECTIONS + 1, &freeze->error);
  struct column *live_column = COLUMN (freeze, LIVE);
  uint64_t *live = column_reserve_stopped (live_column, sizeof *live, GCG__MOST_COLLECTIONS + 1,
                                           &freeze->error);
  uint32_t n;

  if (!past || !live)
    return;
  n = gcg__collector_past_stopped (past, live);
  if (freeze->walk)
    {
      column->n = live_column->n = n;
      return; /* none has been made for this snapshot */
    }
  past[n] = gcg__collection_now;
  past[n].number = GC_get_gc_no ();
  past[n].pause_ns = freeze->monotonic_ns - past[n].start_ns;
  past[n].heap_bytes = info->heap_bytes;
  past[n].free_bytes = info->free_bytes;
  column->n = n + 1;
  live[n] = gcg__collector_live ();
  live_column->n = n + 1;
}

static void
collector_figures_stopped (struct gcg__info *info)
{
  struct GC_prof_stats_s stats = { 0 };

  GC_get_prof_stats_unsafe (&stats, sizeof stats);
  info->gc_version = GC_get_version ();
  info->parallel_markers = (uint32_t)GC_get_parallel ();
  info->free_space_divisor = GC_get_free_space_divisor ();
  info->collections = GC_get_gc_no ();
  info->heap_bytes = stats.heapsize_full;
  info->free_bytes = stats.free_bytes_full - stats.unmapped_bytes;
  info->unmapped_bytes = stats.unmapped_bytes;
  info->since_gc_bytes = stats.bytes_allocd_since_gc;
  info->allocated_bytes = stats.allocd_bytes_before_gc + stats.bytes_allocd_since_gc;
  info->non_gc_bytes = stats.non_gc_bytes;
  info->from_os_bytes = stats.obtained_from_os_bytes;
  info->stop_ns = gcg__collection_now.stop_ns;
  info->mark_ns = gcg__collection_now.mark_ns; /* 0: looked at without a collection */
  info->flags |= (GC_get_all_interior_pointers () ? GCG__INFO_INTERIOR : 0)
                 | (GC_is_incremental_mode () ? GCG__INFO_INCREMENTAL : 0)
                 | (GC_get_java_finalization () ? GCG__INFO_JAVA : 0);
}

/* What the kernel says of the process as a whole. */
static void
process_stopped (struct gcg__freeze *freeze, struct gcg__info *info)
{
  char path[64];

  if (freeze->walk)
    {
      info->proc_status = gcg__freeze_given_stopped (freeze, freeze->walk->status);
      info->proc_stat = gcg__freeze_given_stopped (freeze, freeze->walk->stat);
      return;
    }
  gcg__path (path, sizeof path, "/proc/", (uint64_t)freeze->pid, "/status");
  info->proc_status = gcg__file_text_stopped (freeze, path);
  gcg__path (path, sizeof path, "/proc/", (uint64_t)freeze->pid, "/stat");
  info->proc_stat = gcg__file_text_stopped (freeze, path);
}

static void
info_stopped (struct gcg__freeze *freeze, struct gcg__info *info)
{
  gcg__freeze_program_stopped (freeze, info);
  info->flags |= (freeze->in_place ? GCG__INFO_IN_PLACE : 0)
                 | (freeze->at_exit ? GCG__INFO_AT_EXIT : 0)
                 | (freeze->on_demand ? GCG__INFO_ON_DEMAND : 0);
  info->realtime_ns = freeze->realtime_ns;
  info->monotonic_ns = freeze->monotonic_ns;
  info->program_start_ns = freeze->start_ns;
  info->heap_low = freeze->heap_low;
  info->heap_high = freeze->heap_high;
  info->description = gcg__freeze_text_stopped (freeze, freeze->description);
  process_stopped (freeze, info);
  collector_figures_stopped (info);
}

static void
settings_stopped (struct gcg__freeze *freeze)
{
  struct gcg__statistics statistics = freeze->settings->noted;

  statistics.smaps = freeze->walk ? gcg__freeze_given_stopped (freeze, freeze->walk->smaps)
                                  : gcg__freeze_text_stopped (freeze, freeze->settings->smaps);
  gcg__statistics_stopped (&statistics);
  COLUMN_PUSH (COLUMN (freeze, STATISTICS), struct gcg__statistics, statistics, &freeze->error);
}

static void
rules_stopped (struct gcg__freeze *freeze)
{
  size_t n = freeze->rules[0] ? strlen (freeze->rules) + 1 : 0;
  char *copy = n ? column_reserve_stopped (COLUMN (freeze, RULES), 1, n, &freeze->error) : NULL;

  if (!copy)
    return;
  memcpy (copy, freeze->rules, n);
  COLUMN (freeze, RULES)->n = n;
}

/* What the parent has lost, once it runs again: a small heap is written before it does. */
static uint64_t
pause_stopped (const struct gcg__freeze *freeze)
{
  const struct timespec moment = { 0, 100000 };

  for (int i = 0; i < 500 && !freeze->in_place && !freeze->shared->pause_ns; i++)
    syscall (SYS_nanosleep, &moment, NULL);
  return freeze->shared->pause_ns;
}

static int
write_stopped (struct gcg__freeze *freeze, struct gcg__info *info)
{
  struct gcg__column columns[GCG__N_SECTIONS];

  for (int i = 0; i < GCG__N_SECTIONS; i++)
    columns[i] = (struct gcg__column){ freeze->columns[i].data, freeze->columns[i].n };
  columns[GCG__SECTION_INFO - 1] = (struct gcg__column){ info, 1 };
  info->pause_ns = pause_stopped (freeze);
  info->total_ns = raw_now (CLOCK_MONOTONIC) - freeze->requested_ns;
  if (gcg__snapshot_write (freeze->fd, columns) != GCG_OK)
    return errno ? errno : EIO;
  return 0;
}

int
gcg__freeze_write_stopped (struct gcg__freeze *freeze, bool child)
{
  struct gcg__info info = { 0 };

  COLUMN_PUSH (COLUMN (freeze, STRINGS), char, 0, &freeze->error);
  gcg__maps_read_stopped (freeze);
  if (!freeze->error)
    gcg__heap_objects_stopped (freeze);
  if (!freeze->error)
    {
      sites_stopped (freeze);
      gcg__roots_stopped (freeze);
      registry_stopped (freeze);
      twins_stopped (freeze);
      gcg__hazards_stopped (freeze);
      gcg__heap_edges_stopped (freeze);
    }
  if (!freeze->error && freeze->tally)
    gcg__tally_stopped (freeze);
  else if (!freeze->error)
    {
      rules_stopped (freeze);
      if (freeze->contents)
        gcg__previews_stopped (freeze);
      info_stopped (freeze, &info);
      settings_stopped (freeze);
      collections_stopped (freeze, &info);
      if (!freeze->error)
        freeze->error = write_stopped (freeze, &info);
    }
  if (!child)
    {
      for (int i = 0; i < GCG__N_SECTIONS; i++)
        column_fini_stopped (&freeze->columns[i]);
      gcg__heap_fini_stopped (freeze);
    }
  return freeze->error;
}
