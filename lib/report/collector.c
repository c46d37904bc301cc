/* collector.c -- see collector.h; the meanings are those of gc.h, in the words of somebody who has
 * not read it.
 *
 * Snapshots of before 0.2 have no STATISTICS: of them the few settings and figures are shown that
 * stand in INFO.
 */
#include <config.h>

#include "report/collector.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_BYTES     32
#define FUNCTION_BYTES 256

static void
write_setting (struct gcg__json *json, const char *name, const char *value, const char *meaning)
{
  gcg__json_object (json, NULL);
  gcg__json_string (json, "name", name);
  gcg__json_string (json, "value", value);
  gcg__json_string (json, "meaning", meaning);
  gcg__json_end (json);
}

static void
write_number (struct gcg__json *json, const char *name, uint64_t value, const char *unit,
              const char *meaning)
{
  char text[TEXT_BYTES];
  snprintf (text, sizeof text, "%" PRIu64 "%s", value, unit);
  write_setting (json, name, text, meaning);
}

static void
write_flag (struct gcg__json *json, const char *name, bool value, const char *meaning)
{
  write_setting (json, name, value ? "yes" : "no", meaning);
}

static void
write_flags (const struct gcg__snapshot *s, struct gcg__json *json)
{
  static const struct
  {
    const char *name;
    uint32_t flag, info_flag; /* in STATISTICS; in INFO, 0 = not there */
    const char *meaning;
  } flags[] = {
    { "all_interior_pointers", GCG__SETTING_ALL_INTERIOR, GCG__INFO_INTERIOR,
      "a word that points into an object, not only to its start, keeps it" },
    { "incremental", GCG__SETTING_INCREMENTAL, GCG__INFO_INCREMENTAL,
      "marking is done in small steps between allocations" },
    { "finalize_on_demand", GCG__SETTING_ON_DEMAND, GCG__INFO_ON_DEMAND,
      "finalizers run only when the program calls GC_invoke_finalizers" },
    { "java_finalization", GCG__SETTING_JAVA, GCG__INFO_JAVA,
      "what finalizable objects point to may be finalized with them, in any order" },
    { "disabled", GCG__SETTING_DISABLED, 0, "no collection runs until GC_enable is called" },
    { "disable_automatic_collection", GCG__SETTING_NOT_AUTOMATIC, 0,
      "allocation never starts a collection; the program asks for each" },
    { "find_leak", GCG__SETTING_FIND_LEAK, 0,
      "nothing is collected: what is unreachable and was not freed is reported as a leak" },
    { "dont_expand", GCG__SETTING_DONT_EXPAND, 0, "the heap only grows when it must" },
    { "dont_precollect", GCG__SETTING_DONT_PRECOLLECT, 0,
      "no collection while the collector itself is being set up" },
    { "no_dls", GCG__SETTING_NO_DLS, 0,
      "the data of shared libraries is not searched for pointers" },
    { "pages_executable", GCG__SETTING_PAGES_EXECUTABLE, 0, "code may be run from the heap" },
    { "manual_vdb_allowed", GCG__SETTING_MANUAL_VDB, 0,
      "the program itself reports which pages it has written to" },
    { "force_unmap_on_gcollect", GCG__SETTING_FORCE_UNMAP, 0,
      "a collection that the program asks for gives all free memory back to the system" },
  };
  for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
    if (s->statistics != NULL)
      write_flag (json, flags[i].name, s->statistics->flags & flags[i].flag, flags[i].meaning);
    else if (flags[i].info_flag != 0)
      write_flag (json, flags[i].name, s->info->flags & flags[i].info_flag, flags[i].meaning);
}

static void
write_numbers (const struct gcg__snapshot *s, struct gcg__json *json)
{
  const struct gcg__statistics *t = s->statistics;
  write_number (json, "free_space_divisor", s->info->free_space_divisor, "",
                "the larger, the smaller the heap and the more often it is collected");
  write_number (json, "parallel_markers", s->info->parallel_markers, "",
                "threads that mark besides the collecting one");
  if (t == NULL)
    return;
  write_number (json, "full_freq", t->full_freq, "",
                "partial collections between two full ones, when it is incremental");
  write_number (json, "rate", t->rate, "",
                "how much of a collection each step does, when it is incremental");
  write_number (json, "max_prior_attempts", t->max_prior_attempts, "",
                "interrupted collections before one is finished in one go");
  write_number (json, "max_retries", t->max_retries, "",
                "collections and growths tried before an allocation fails");
  write_number (json, "min_bytes_allocd", t->min_bytes_allocd, " bytes",
                "allocated at least between two collections");
  write_number (json, "allocd_bytes_per_finalizer", t->allocd_bytes_per_finalizer, " bytes",
                "what a registered finalizer counts as, when the next collection is planned");
  if (t->time_limit_ns == UINT64_MAX)
    write_setting (json, "time_limit", "none", "a step of a collection may take so long");
  else
    write_number (json, "time_limit", t->time_limit_ns / 1000000, " ms",
                  "a step of a collection may take so long");
  write_number (json, "suspend_signal", t->suspend_signal, "", "stops the threads of the program");
  write_number (json, "thr_restart_signal", t->restart_signal, "", "lets them go on");
}

/* The functions that the program, or the collector for want of one, is called back by. */
static void
write_functions (const struct gcg__model *model, struct gcg__json *json)
{
  const struct gcg__statistics *t = model->snapshot->statistics;
  if (t == NULL)
    return;
  const struct
  {
    const char *name;
    uint64_t address;
    const char *meaning;
  } functions[] = {
    { "warn_proc", t->warn_proc, "receives warnings" },
    { "oom_fn", t->oom_fn, "is called when there is no memory, and may find some" },
    { "abort_func", t->abort_func, "is called when the collector gives up" },
    { "finalizer_notifier", t->finalizer_notifier, "is called when finalizers are ready to run" },
    { "on_heap_resize", t->on_heap_resize, "receives the heap’s new size" },
    { "on_thread_event", t->on_thread_event, "is called when threads are stopped and restarted" },
    { "stop_func", t->stop_func, "is asked whether a collection should be abandoned" },
    { "toggleref_func", t->toggleref_func, "decides which toggle references are strong" },
  };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
    {
      const struct gcg__frame *frames;
      char text[FUNCTION_BYTES];
      uint64_t address = functions[i].address;
      const char *value = "none";
      if (address != 0)
        {
          uint32_t n = gcg__symbols_frames (model->symbols, address, false, &frames);
          const struct gcg__frame *frame = &frames[n - 1];
          snprintf (text, sizeof text, "%s+0x%" PRIx64, frame->module, frame->offset);
          value = frame->function[0] != '\0' ? frame->function : text;
        }
      write_setting (json, functions[i].name, value, functions[i].meaning);
    }
}

static void
write_statistic (struct gcg__json *json, const char *name, const char *unit, uint64_t value,
                 const char *meaning)
{
  gcg__json_object (json, NULL);
  gcg__json_string (json, "name", name);
  gcg__json_unsigned (json, "value", value);
  gcg__json_string (json, "unit", unit);
  gcg__json_string (json, "meaning", meaning);
  gcg__json_end (json);
}

static void
write_statistics (const struct gcg__snapshot *s, struct gcg__json *json)
{
  const struct gcg__info *info = s->info;
  const struct gcg__statistics *t = s->statistics;
  uint64_t worst = 0;
  for (uint32_t i = 0; i < s->n_collections; i++)
    if (!gcg__is_own_collection (s, &s->collections[i]) && s->collections[i].pause_ns > worst)
      worst = s->collections[i].pause_ns;
  gcg__json_array (json, "statistics");
  write_statistic (json, "collections", "count", info->collections, "since the program started");
  write_statistic (json, "heap", "bytes", info->heap_bytes, "of the collector's heap, all in all");
  write_statistic (json, "free", "bytes", info->free_bytes, "free in it");
  write_statistic (json, "unmapped", "bytes", info->unmapped_bytes,
                   "of it given back to the system");
  write_statistic (json, "from_system", "bytes", info->from_os_bytes, "ever taken from the system");
  write_statistic (json, "since_collection", "bytes", info->since_gc_bytes,
                   "allocated since the collection before");
  write_statistic (json, "allocated", "bytes", info->allocated_bytes, "allocated ever");
  write_statistic (json, "non_gc", "bytes", info->non_gc_bytes,
                   "in uncollectable objects and what counts as such");
  if (t != NULL)
    {
      write_statistic (json, "allocated_before", "bytes", t->before_gc_bytes,
                       "allocated until the collection before");
      write_statistic (json, "freed", "bytes", t->freed_since_gc_bytes,
                       "given to GC_free since the collection before");
      write_statistic (json, "reclaimed", "bytes", t->reclaimed_since_gc_bytes,
                       "swept since the collection before");
      write_statistic (json, "reclaimed_before", "bytes", t->reclaimed_before_gc_bytes,
                       "swept until the collection before");
      write_statistic (json, "marker_threads", "count", t->markers,
                       "that mark besides the collecting one");
      write_statistic (json, "full_collections", "ns",
                       t->full_total_ms > UINT64_MAX / 1000000 ? UINT64_MAX
                                                               : t->full_total_ms * 1000000,
                       "spent in full collections; 0 unless the program has it measured "
                       "(GC_start_performance_measurement)");
    }
  write_statistic (json, "longest_pause", "ns", worst,
                   "of the last collections, at most 512, without the snapshot’s own");
  gcg__json_end (json);
}

void
gcg__collector_write (const struct gcg__model *model, struct gcg__json *json)
{
  const struct gcg__snapshot *s = model->snapshot;
  uint32_t number = s->info->gc_version;
  char version[TEXT_BYTES];
  snprintf (version, sizeof version, "%u.%u.%u", number >> 16, number >> 8 & 255, number & 255);
  gcg__json_object (json, "collector");
  gcg__json_string (json, "version", version);
  gcg__json_array (json, "settings");
  write_flags (s, json);
  write_numbers (s, json);
  write_functions (model, json);
  gcg__json_end (json);
  write_statistics (s, json);
  gcg__json_end (json);
}
