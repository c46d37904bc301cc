/* preload.c -- the preload object: unmodified programs that use the collector.
 *
 * Every allocation entry point of libgc has a wrapper here that tags what the real one returns with
 * the call stack.  libgc's entry points call each other through the PLT, so a wrapper also sees
 * libgc's own calls; it counts a call only if the return address lies outside libgc and outside
 * this object.  (A depth guard would lose what finalizers allocate: they run inside GC_malloc.)
 * Wrappers never tail-call: the return address identifies the caller.
 *
 * GC_malloc_many and GC_generic_malloc_many hand out lists whose slots the program carves itself:
 * their objects carry no tag and are counted by the census all the same (heapwalk.h).
 *
 * The agent becomes ready when the program has initialised the collector, never before: programs
 * set collector options first.  This object takes itself out of the environment: children run
 * without it unless --follow keeps it in.
 */
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "alloc.h"
#include "capture.h"
#include "collector.h"
#include "ending.h"
#include "environment.h"
#include "gc_calls.h"
#include "lookup.h"
#include "site.h"
#include "stack/stack.h"
#include "thread.h"
#include "visible.h"
#include "warnings.h"

#define CALLER __builtin_return_address (0)

struct gcg__real gcg__real;

static struct
{
  uintptr_t low, high;
} collector_text, own_text;

static struct gcg__environment wishes;

/* The text of the module with address DATA: both ranges are found this way. */
static int
find_text (struct dl_phdr_info *info, size_t size, void *data)
{
  uintptr_t own = (uintptr_t)&gcg__real, gc = (uintptr_t)gcg__real.malloc;
  (void)size;
  (void)data;

  for (int i = 0; i < info->dlpi_phnum; i++)
    {
      uintptr_t low = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
      uintptr_t high = low + info->dlpi_phdr[i].p_memsz;
      if (info->dlpi_phdr[i].p_type != PT_LOAD)
        continue;
      if (gc >= low && gc < high)
        {
          collector_text.low = low;
          collector_text.high = high;
        }
      if (((uintptr_t)&find_text >= low && (uintptr_t)&find_text < high)
          || (own >= low && own < high))
        {
          own_text.low = own_text.low && own_text.low < low ? own_text.low : low;
          own_text.high = own_text.high > high ? own_text.high : high;
        }
    }
  return 0;
}

void
gcg__real_find (void)
{
#define FIND(name) *(void **)&gcg__real.name = gcg__lookup_next ("GC_" #name);
  GCG_REAL_MAP (FIND)
#undef FIND
  dl_iterate_phdr (find_text, NULL);
}

/* Wrappers may run before our constructor, from others' constructors. */
static inline void
need_real (void)
{
  if (__builtin_expect (!gcg__real.malloc, 0))
    gcg__real_find ();
}

/* Does the call that returns to CALLER come from the program? */
static inline bool
from_program (const void *caller)
{
  uintptr_t at = (uintptr_t)caller;
  need_real ();
  return (at < collector_text.low || at >= collector_text.high)
         && (at < own_text.low || at >= own_text.high);
}

/* Is malloc the program's own?  Then it need not work before main, and the unwinder is loaded when
   the collector is used. */
static int
has_malloc (struct dl_phdr_info *program, size_t size, void *is)
{
  uintptr_t at = (uintptr_t)&malloc - program->dlpi_addr;
  (void)size;

  for (int i = 0; i < program->dlpi_phnum; i++)
    if (program->dlpi_phdr[i].p_type == PT_LOAD && at >= program->dlpi_phdr[i].p_vaddr
        && at - program->dlpi_phdr[i].p_vaddr < program->dlpi_phdr[i].p_memsz)
      *(bool *)is = true;
  return 1; /* the first one is the program */
}

static bool begun; /* our constructor has run, WISHES are read */

/* The program has initialised the collector: now we may.  A library that is initialised before us
   may have had objects already; the constructor comes here as well. */
static void
collector_is_up (void)
{
  static bool done;

  if (__builtin_expect (done, 1) || !GC_is_init_called ())
    return;
  if (!begun)
    {
      gcg__agent_make_ready ();
      return;
    }
  done = true;
  gcg__stack_init (wishes.stack_depth);
  gcg__agent_make_ready ();
  gcg__thread_hook ();
  gcg__warnings_fold ();
  gcg__environment_apply (&wishes);
}

static void __attribute__ ((constructor)) preload_begin (void)
{
  bool own_malloc = false;

  dl_iterate_phdr (has_malloc, &own_malloc);
  need_real ();
  gcg__environment_read (&wishes);
  gcg__environment_begin ();
  if (!own_malloc)
    gcg__stack_load (wishes.stack_depth);
  if (wishes.fold)
    gcg__warnings_begin ();
  gcg__ending_begin (&wishes);
  begun = true;
  collector_is_up ();
}

/* Another thread may be on its way through collector_is_up: the second call waits for it. */
void
gcg__preload_make_ready (void)
{
  need_real ();
  gcg__real.init ();
  collector_is_up ();
  gcg__agent_make_ready ();
}

/* Allocators of one size: NAME (SIZE PARAMETERS) asked for with ROOM more. */
#define ALLOCATOR(name, parameters, room, from_end, ...)                                           \
  API void *GC_##name parameters                                                                   \
  {                                                                                                \
    void *volatile object;                                                                         \
    if (!from_program (CALLER))                                                                    \
      {                                                                                            \
        object = gcg__real.name (__VA_ARGS__);                                                     \
        return object;                                                                             \
      }                                                                                            \
    const size_t requested = bytes;                                                                \
    bytes = gcg__padded (bytes, room);                                                             \
    object = gcg__real.name (__VA_ARGS__);                                                         \
    collector_is_up ();                                                                            \
    return object ? gcg__tag (object, requested, gcg__stack_site (CALLER), from_end) : NULL;       \
  }

ALLOCATOR (malloc, (size_t bytes), gcg__tag_room, 0, bytes)
ALLOCATOR (malloc_atomic, (size_t bytes), gcg__tag_room, 0, bytes)
ALLOCATOR (malloc_stubborn, (size_t bytes), gcg__tag_room, 0, bytes)
ALLOCATOR (malloc_uncollectable, (size_t bytes), 8, 0, bytes)
ALLOCATOR (malloc_atomic_uncollectable, (size_t bytes), 8, 0, bytes)
ALLOCATOR (malloc_ignore_off_page, (size_t bytes), 8, 0, bytes)
ALLOCATOR (malloc_atomic_ignore_off_page, (size_t bytes), 8, 0, bytes)
ALLOCATOR (malloc_kind, (size_t bytes, int kind), 8, 0, bytes, kind)
ALLOCATOR (malloc_kind_global, (size_t bytes, int kind), 8, 0, bytes, kind)
ALLOCATOR (generic_malloc, (size_t bytes, int kind), 8, 0, bytes, kind)
ALLOCATOR (generic_malloc_uncollectable, (size_t bytes, int kind), 8, 0, bytes, kind)
ALLOCATOR (generic_malloc_ignore_off_page, (size_t bytes, int kind), 8, 0, bytes, kind)
/* Typed objects end in their descriptor: the tag stands before it. */
ALLOCATOR (malloc_explicitly_typed, (size_t bytes, GC_descr descriptor), 8, 8, bytes, descriptor)
ALLOCATOR (malloc_explicitly_typed_ignore_off_page, (size_t bytes, GC_descr descriptor), 8, 8,
           bytes, descriptor)
ALLOCATOR (finalized_malloc, (size_t bytes, const struct GC_finalizer_closure *closure), 8, 0,
           bytes, closure)
ALLOCATOR (gcj_malloc, (size_t bytes, void *table), 8, 0, bytes, table)
ALLOCATOR (gcj_malloc_ignore_off_page, (size_t bytes, void *table), 8, 0, bytes, table)
ALLOCATOR (memalign, (size_t alignment, size_t bytes), 8, 0, alignment, bytes)

API int
GC_posix_memalign (void **object, size_t alignment, size_t bytes)
{
  bool counted = from_program (CALLER);
  int status
      = gcg__real.posix_memalign (object, alignment, counted ? gcg__padded (bytes, 8) : bytes);

  if (counted && status == 0)
    {
      collector_is_up ();
      gcg__tag (*object, bytes, gcg__stack_site (CALLER), 0);
    }
  return status;
}

API void *
GC_realloc (void *old, size_t bytes)
{
  void *volatile object;

  if (!from_program (CALLER))
    {
      object = gcg__real.realloc (old, bytes);
      return object;
    }
  object = gcg__realloc_at (old, bytes, gcg__stack_site (CALLER));
  collector_is_up ();
  return object;
}

API char *
GC_strndup (const char *text, size_t most)
{
  size_t n = strnlen (text, most);
  char *copy;

  need_real ();
  copy = gcg__real.malloc_atomic (gcg__padded (n + 1, gcg__tag_room));
  if (!copy)
    return NULL;
  collector_is_up ();
  memcpy (copy, text, n);
  copy[n] = 0;
  return gcg__tag (copy, n + 1, gcg__stack_site (CALLER), 0);
}

API char *
GC_strdup (const char *text)
{
  size_t n = text ? strlen (text) + 1 : 0;
  char *copy;

  need_real ();
  copy = n ? gcg__real.malloc_atomic (gcg__padded (n, gcg__tag_room)) : NULL;
  if (!copy)
    return NULL;
  collector_is_up ();
  memcpy (copy, text, n);
  return gcg__tag (copy, n, gcg__stack_site (CALLER), 0);
}

API void
GC_free (void *object)
{
  if (from_program (CALLER))
    {
      struct gcg__taken taken = gcg__untag (object);
      gcg__count_freed (&taken);
    }
  gcg__real.free (object);
}

/* Programs use all of the slot, and compare. */
API size_t
GC_size (const void *object)
{
  size_t size;

  if (from_program (CALLER))
    size = gcg__size (object);
  else
    size = gcg__real.size (object);
  return size;
}

API int
GC_get_kind_and_size (const void *object, size_t *size)
{
  int kind;
  need_real ();
  kind = gcg__real.get_kind_and_size (object, size);
  if (size && from_program (CALLER))
    *size = gcg__size (object);
  return kind;
}

struct enumeration
{
  GC_reachable_object_proc visit;
  void *data;
};

static void GC_CALLBACK
visit_object (void *object, size_t size, void *enumeration)
{
  const struct enumeration *of = enumeration;
  (void)size;
  of->visit (object, gcg__size (object), of->data);
}

API void
GC_enumerate_reachable_objects_inner (GC_reachable_object_proc visit, void *data)
{
  struct enumeration enumeration = { visit, data };

  need_real ();
  gcg__real.enumerate_reachable_objects_inner (visit_object, &enumeration);
}

API void
GC_init (void)
{
  need_real ();
  gcg__real.init ();
  collector_is_up ();
}

#define REGISTRATION(name, mode)                                                                   \
  API void GC_##name (void *object, GC_finalization_proc function, void *data,                     \
                      GC_finalization_proc *old_function, void **old_data)                         \
  {                                                                                                \
    bool counted = from_program (CALLER);                                                          \
    gcg__real.name (object, function, data, old_function, old_data);                               \
    if (counted)                                                                                   \
      {                                                                                            \
        collector_is_up ();                                                                        \
        gcg__note_finalizer (object, (void *)(uintptr_t)function, mode);                           \
      }                                                                                            \
  }

REGISTRATION (register_finalizer, GCG__FINALIZER_ORDERED)
REGISTRATION (register_finalizer_ignore_self, GCG__FINALIZER_IGNORE_SELF)
REGISTRATION (register_finalizer_no_order, GCG__FINALIZER_NO_ORDER)
REGISTRATION (register_finalizer_unreachable, GCG__FINALIZER_UNREACHABLE)

GCG__BEHIND (pthread_kill);

/* libgc stops threads by it, and goes on without one that is not there. */
API int
pthread_kill (pthread_t thread, int signal)
{
  if (gcg__capture_finds_dead (thread))
    return ESRCH;
  return BEHIND (pthread_kill) (thread, signal);
}

API void
GC_add_roots (void *low, void *high)
{
  bool counted = from_program (CALLER);
  gcg__real.add_roots (low, high);
  if (counted)
    gcg__collector_add_roots (low, high);
}

API void
GC_remove_roots (void *low, void *high)
{
  need_real ();
  gcg__real.remove_roots (low, high);
  gcg__collector_remove_roots (low, high);
}

API void
GC_clear_roots (void)
{
  need_real ();
  gcg__real.clear_roots ();
  gcg__collector_clear_roots ();
}

API void
GC_exclude_static_roots (void *low, void *high)
{
  need_real ();
  gcg__exclude_static_roots (low, high);
}

API void
GC_clear_exclusion_table (void)
{
  need_real ();
  gcg__clear_exclusion_table ();
}

API void
GC_register_has_static_roots_callback (GC_has_static_roots_func filter)
{
  need_real ();
  gcg__register_has_static_roots_callback (filter);
}

API void
GC_register_displacement (size_t offset)
{
  need_real ();
  gcg__real.register_displacement (offset);
  gcg__collector_add_displacement (offset);
}

static void
blocking_over (void *blocking)
{
  gcg__thread_goes_on (blocking);
}

/* The collector lets a thread be that is in here, and so does a capture: it finds the thread's
   calls by what its registers were when it went in. */
API void *
GC_do_blocking (GC_fn_type function, void *data)
{
  void *volatile result;
  struct gcg__blocking blocking;
  ucontext_t context;

  need_real ();
  getcontext (&context);
  gcg__thread_blocks (&context, &blocking);
  pthread_cleanup_push (blocking_over, &blocking);
  result = gcg__real.do_blocking (function, data);
  pthread_cleanup_pop (1);
  return result;
}

/* The program's hooks run from ours (collector.c); before the agent is ready they are libgc's. */
API void
GC_set_on_collection_event (GC_on_collection_event_proc event)
{
  need_real ();
  if (gcg__agent_is_ready)
    gcg__collector_set_event (event);
  else
    gcg__real.set_on_collection_event (event);
}

API GC_on_collection_event_proc
GC_get_on_collection_event (void)
{
  need_real ();
  return gcg__agent_is_ready ? gcg__collector_event () : gcg__real.get_on_collection_event ();
}

API void
GC_set_await_finalize_proc (GC_await_finalize_proc await)
{
  need_real ();
  if (gcg__agent_is_ready)
    gcg__collector_set_await (await);
  else
    gcg__real.set_await_finalize_proc (await);
}

API GC_await_finalize_proc
GC_get_await_finalize_proc (void)
{
  need_real ();
  return gcg__agent_is_ready ? gcg__collector_await () : gcg__real.get_await_finalize_proc ();
}
