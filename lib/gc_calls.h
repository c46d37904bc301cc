/* gc_calls.h -- how the agent calls the collector.
 *
 * The agent is built twice.  In libgcglass.so libgc's functions are called by name.  In the preload
 * object these names are our own wrappers (lib/preload.c), so the calls that are wrapped go through
 * a table of the real ones, found by dlsym (RTLD_NEXT) on first use.  GCG__GC (malloc) (n) is
 * GC_malloc (n) in either.
 */
#ifndef GCG_GC_CALLS_H
#define GCG_GC_CALLS_H

#define GC_THREADS             1
#define GC_NO_THREAD_REDIRECTS 1
#include <gc.h>
#include <gc/gc_mark.h>
#include <gc/gc_typed.h>
#include <gc/gc_disclaim.h>
#include <gc/gc_gcj.h>
#include <gc/gc_tiny_fl.h>

/* libgc deprecates GC_malloc_stubborn, which programs may call all the same, and GC_parallel, which
   has no setter (agent.c). */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

#ifdef GCG_PRELOAD

/* The calls that the preload object wraps and the agent needs the real ones of. */
#define GCG_REAL_MAP(XX)                                                                           \
  XX (init)                                                                                        \
  XX (malloc)                                                                                      \
  XX (malloc_atomic)                                                                               \
  XX (malloc_uncollectable)                                                                        \
  XX (malloc_atomic_uncollectable)                                                                 \
  XX (malloc_ignore_off_page)                                                                      \
  XX (malloc_atomic_ignore_off_page)                                                               \
  XX (malloc_stubborn)                                                                             \
  XX (malloc_kind)                                                                                 \
  XX (malloc_kind_global)                                                                          \
  XX (generic_malloc)                                                                              \
  XX (generic_malloc_uncollectable)                                                                \
  XX (generic_malloc_ignore_off_page)                                                              \
  XX (malloc_explicitly_typed)                                                                     \
  XX (malloc_explicitly_typed_ignore_off_page)                                                     \
  XX (finalized_malloc)                                                                            \
  XX (gcj_malloc)                                                                                  \
  XX (gcj_malloc_ignore_off_page)                                                                  \
  XX (realloc)                                                                                     \
  XX (memalign)                                                                                    \
  XX (posix_memalign)                                                                              \
  XX (strdup)                                                                                      \
  XX (strndup)                                                                                     \
  XX (free)                                                                                        \
  XX (size)                                                                                        \
  XX (get_kind_and_size)                                                                           \
  XX (enumerate_reachable_objects_inner)                                                           \
  XX (register_finalizer)                                                                          \
  XX (register_finalizer_ignore_self)                                                              \
  XX (register_finalizer_no_order)                                                                 \
  XX (register_finalizer_unreachable)                                                              \
  XX (add_roots)                                                                                   \
  XX (remove_roots)                                                                                \
  XX (clear_roots)                                                                                 \
  XX (exclude_static_roots)                                                                        \
  XX (clear_exclusion_table)                                                                       \
  XX (register_has_static_roots_callback)                                                          \
  XX (register_displacement)                                                                       \
  XX (do_blocking)                                                                                 \
  XX (set_on_collection_event)                                                                     \
  XX (get_on_collection_event)                                                                     \
  XX (set_await_finalize_proc)                                                                     \
  XX (get_await_finalize_proc)                                                                     \
  XX (set_warn_proc)                                                                               \
  XX (get_warn_proc)

/* libgc exports these three without declaring them. */
extern void *GC_malloc_kind (size_t, int);
extern void *GC_malloc_kind_global (size_t, int);
extern void *GC_generic_malloc_uncollectable (size_t, int);

struct gcg__real
{
#define GCG_REAL_FIELD(name) __typeof__ (&GC_##name) name;
  GCG_REAL_MAP (GCG_REAL_FIELD)
#undef GCG_REAL_FIELD
};
extern struct gcg__real gcg__real;

/* Fills it. */
void gcg__real_find (void);

#define GCG__GC(name) (gcg__real.name)
#else
#define GCG__GC(name) GC_##name
#endif

#endif
