/* settings.c -- see settings.h; gc.h, proc(5). */
#include "settings.h"

#include <string.h>

#include "gc_calls.h"
#include "raw.h"

void
gcg__settings_note_smaps (struct gcg__settings *settings)
{
  char *text = settings->smaps;
  int fd = raw_open ("/proc/self/smaps_rollup", O_RDONLY);
  long n = fd < 0 ? 0 : raw_read (fd, text, sizeof settings->smaps - 1);

  text[n > 0 ? n : 0] = 0;
  if (fd >= 0)
    raw_close (fd);
}

static uint32_t
flags_of_now (void)
{
  return (GC_get_all_interior_pointers () ? GCG__SETTING_ALL_INTERIOR : 0)
         | (GC_is_incremental_mode () ? GCG__SETTING_INCREMENTAL : 0)
         | (GC_get_finalize_on_demand () ? GCG__SETTING_ON_DEMAND : 0)
         | (GC_get_java_finalization () ? GCG__SETTING_JAVA : 0)
         | (GC_get_find_leak () ? GCG__SETTING_FIND_LEAK : 0)
         | (GC_get_dont_expand () ? GCG__SETTING_DONT_EXPAND : 0)
         | (GC_get_dont_precollect () ? GCG__SETTING_DONT_PRECOLLECT : 0)
         | (GC_get_no_dls () ? GCG__SETTING_NO_DLS : 0)
         | (GC_get_disable_automatic_collection () ? GCG__SETTING_NOT_AUTOMATIC : 0)
         | (GC_is_disabled () ? GCG__SETTING_DISABLED : 0)
         | (GC_get_pages_executable () ? GCG__SETTING_PAGES_EXECUTABLE : 0)
         | (GC_get_manual_vdb_allowed () ? GCG__SETTING_MANUAL_VDB : 0)
         | (GC_get_force_unmap_on_gcollect () ? GCG__SETTING_FORCE_UNMAP : 0);
}

void
gcg__settings_note (struct gcg__settings *settings)
{
  struct GC_timeval_s limit = GC_get_time_limit_tv ();

  settings->noted = (struct gcg__statistics){
    .flags = flags_of_now (),
    .full_total_ms = GC_get_full_gc_total_time (),
    .free_space_divisor = GC_get_free_space_divisor (),
    .full_freq = (uint64_t)GC_get_full_freq (),
    .max_prior_attempts = (uint64_t)GC_get_max_prior_attempts (),
    .max_retries = GC_get_max_retries (),
    .rate = (uint64_t)GC_get_rate (),
    .min_bytes_allocd = GC_get_min_bytes_allocd (),
    .allocd_bytes_per_finalizer = GC_get_allocd_bytes_per_finalizer (),
    .time_limit_ns = limit.tv_ms == GC_TIME_UNLIMITED
                         ? UINT64_MAX
                         : limit.tv_ms * UINT64_C (1000000) + limit.tv_nsec,
    .suspend_signal = (uint32_t)GC_get_suspend_signal (),
    .restart_signal = (uint32_t)GC_get_thr_restart_signal (),
    .warn_proc = (uintptr_t)GC_get_warn_proc (),
    .oom_fn = (uintptr_t)GC_get_oom_fn (),
    .abort_func = (uintptr_t)GC_get_abort_func (),
    .finalizer_notifier = (uintptr_t)GC_get_finalizer_notifier (),
    .on_heap_resize = (uintptr_t)GC_get_on_heap_resize (),
    .on_thread_event = (uintptr_t)GC_get_on_thread_event (),
    .stop_func = (uintptr_t)GC_get_stop_func (),
    .toggleref_func = (uintptr_t)GC_get_toggleref_func (),
  };
}

void
gcg__statistics_stopped (struct gcg__statistics *statistics)
{
  struct GC_prof_stats_s stats = { 0 };

  GC_get_prof_stats_unsafe (&stats, sizeof stats);
  statistics->heap_bytes = stats.heapsize_full;
  statistics->free_bytes = stats.free_bytes_full;
  statistics->unmapped_bytes = stats.unmapped_bytes;
  statistics->since_gc_bytes = stats.bytes_allocd_since_gc;
  statistics->before_gc_bytes = stats.allocd_bytes_before_gc;
  statistics->non_gc_bytes = stats.non_gc_bytes;
  statistics->collections = stats.gc_no;
  statistics->markers = stats.markers_m1;
  statistics->reclaimed_since_gc_bytes = stats.bytes_reclaimed_since_gc;
  statistics->reclaimed_before_gc_bytes = stats.reclaimed_bytes_before_gc;
  statistics->freed_since_gc_bytes = stats.expl_freed_bytes_since_gc;
  statistics->from_os_bytes = stats.obtained_from_os_bytes;
}
