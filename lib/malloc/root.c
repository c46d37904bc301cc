/* root.c -- see root.h. */
#include "config.h"

#include "root.h"

#include "agent.h"
#include "arena.h"
#include "collector.h"
#include "gc_calls.h"
#include "regions.h"
#include "sample/survivors.h"
#include "shown.h"
#include "unloaded.h"

/* Says where the tables are that samples are made from. */
static struct gcg__root_samples
samples (void)
{
  struct gcg__root_samples root
      = { .agent_version = (uintptr_t)PACKAGE_VERSION, .start_ns = gcg__agent_start_ns () };

  gcg__count_root (&root);
  gcg__survivors_root (&root);
  gcg__unloaded_root (&root);
  gcg__arena_root (&root);
  return root;
}

/* With libgc's lock: the last to write has the last figures. */
static void *GC_CALLBACK
note_heap (void *unused)
{
  struct gcg__root_libgc *figures = &gcg__agent_root.samples.libgc;
  struct GC_prof_stats_s stats = { 0 };

  (void)unused;
  GC_get_prof_stats_unsafe (&stats, sizeof stats);
  __atomic_store_n (&figures->collections, stats.gc_no, __ATOMIC_RELAXED);
  __atomic_store_n (&figures->heap_bytes, stats.heapsize_full, __ATOMIC_RELAXED);
  __atomic_store_n (&figures->free_bytes, stats.free_bytes_full - stats.unmapped_bytes,
                    __ATOMIC_RELAXED);
  __atomic_store_n (&figures->unmapped_bytes, stats.unmapped_bytes, __ATOMIC_RELAXED);
  __atomic_store_n (&figures->since_gc_bytes, stats.bytes_allocd_since_gc, __ATOMIC_RELAXED);
  __atomic_store_n (&figures->allocated_bytes,
                    stats.allocd_bytes_before_gc + stats.bytes_allocd_since_gc, __ATOMIC_RELAXED);
  gcg__shown_note_figures ();
  return NULL;
}

void
gcg__root_note_heap (void)
{
  GC_call_with_alloc_lock (note_heap, NULL);
}

void
gcg__root_begin (void)
{
  gcg__offer_prepare ();
  gcg__agent_root.birth = (uintptr_t)&gcg__birth;
  gcg__agent_root.hidden = gcg__regions_hidden_table ();
  gcg__agent_root.samples = samples ();
  gcg__shown_begin (&gcg__agent_root);
  gcg__root_note_heap ();
  gcg__offer_make ();
}
