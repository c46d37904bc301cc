/* malloc.c -- the C library's allocator replaced, in programs that are linked with
 * libgcglass-malloc and in those that it is preloaded into.
 *
 * Every entry point of malloc(3) is here, and does what glibc's does: alignment, zero sizes,
 * overflow, errno.  Blocks are libgc's (blocks.h); nothing is ever collected.
 *
 * Order of things.  The dynamic linker calls us before anything is initialised: such calls, and
 * those that setting up makes itself, get memory from a buffer that is never freed.  The first call
 * that comes when the C library is there (it has set environ) sets up libgc and the agent; the
 * server is informed by our constructor.  What the dynamic linker asks for later on (for libraries
 * and their thread-local storage) is not the program's: blocks.h.
 */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "allocate.h"
#include "blocks.h"
#include "callers.h"
#include "fail.h"
#include "control.h"
#include "early.h"
#include "ending.h"
#include "entries.h"
#include "environment.h"
#include "foreign.h"
#include "gc_calls.h"
#include "ignore.h"
#include "place.h"
#include "protocol.h"
#include "raw.h"
#include "regions.h"
#include "root.h"
#include "roots.h"
#include "signals.h"
#include "stack/stack.h"
#include "tag.h"
#include "threads.h"
#include "visible.h"

#define CALLER  __builtin_return_address (0)
#define MOST    ((size_t)PTRDIFF_MAX)
#define MINIMUM 16u /* alignment of everything */

extern char **environ;

static enum { NOTHING, STARTING, UP, ASIDE } state; /* ASIDE: foreign.h */

static struct gcg__environment wishes;
static _Thread_local bool unwinding;

/* libgc takes two signals for stopping threads, which it will not do here: they stay as they are.
 */
static void
initialise_collector (void)
{
  struct sigaction actions[2];
  const int signals[2] = { GC_get_suspend_signal (), GC_get_thr_restart_signal () };

  for (int i = 0; i < 2; i++)
    sigaction (signals[i], NULL, &actions[i]);
  GC_set_markers_count (1);
  GC_set_warn_proc (GC_ignore_warn_proc);
  GC_init ();
  GC_disable ();
  for (int i = 0; i < 2; i++)
    sigaction (signals[i], &actions[i], NULL);
}

static void
after_fork (void)
{
  gcg__blocks_forked ();
  gcg__threads_forget ();
  gcg__offer_forget ();
}

static void __attribute__ ((noinline)) set_up (void)
{
  state = STARTING;
  gcg__callers_find ();
  gcg__environment_read (&wishes);
  if (!gcg__foreign_begin ())
    {
      state = ASIDE;
      return;
    }
  initialise_collector ();
  gcg__blocks_begin ();
  gcg__tls_ask ();
  gcg__agent_make_ready ();
  gcg__root_begin ();
  pthread_atfork (gcg__blocks_lock, gcg__blocks_unlock, after_fork);
  state = UP;
  unwinding = true;
  gcg__stack_init (wishes.stack_depth);
  unwinding = false;
}

/* May a block be made?  Not before libc is there, nor while this is set up. */
static inline bool
is_up (void)
{
  if (__builtin_expect (state == UP, 1))
    return true;
  if (state != NOTHING || !environ)
    return false;
  set_up ();
  return state == UP;
}

bool
gcg__malloc_begin (void)
{
  return is_up ();
}

bool
gcg__malloc_unwinding (void)
{
  return unwinding;
}

void
gcg__malloc_for_agent (bool is)
{
  unwinding = is;
}

bool
gcg__malloc_of_program (const void *caller)
{
  return state == UP && !unwinding && !gcg__caller_is (GCG__LINKER, (uintptr_t)caller)
         && !gcg__caller_is (GCG__COLLECTOR, (uintptr_t)caller);
}

static void *
begin_stacks (void *depth)
{
  unwinding = true;
  gcg__stack_init ((unsigned)(uintptr_t)depth);
  unwinding = false;
  return NULL;
}

/* Runs the first time in a separate thread: loading the unwinder would clear the caller's
   dlerror. */
void
gcg__malloc_set_depth (unsigned depth)
{
  void *argument = (void *)(uintptr_t)depth;
  uint64_t signals;
  pthread_t thread;

  if (!is_up ())
    return;
  if (wishes.stack_depth > 0)
    gcg__stack_set_depth (depth);
  else if (depth > 0)
    {
      signals = gcg__signals_wait ();
      if (pthread_create (&thread, NULL, begin_stacks, argument) == 0)
        pthread_join (thread, NULL);
      else
        begin_stacks (argument);
      gcg__signals_go_on (signals);
    }
  wishes.stack_depth = depth;
}

/* The site of a return address alone, as the thread has met it lately. */
#define RECENT 32u
static _Thread_local struct
{
  void *caller;
  uint32_t site;
} recent[RECENT];

/* 0 in a signal handler that interrupts this: it would wait for a lock of its own thread. */
static inline uint32_t
site_of_caller (void *caller)
{
  uint32_t site, at = ((uintptr_t)caller >> 2) % RECENT;
  bool alone = wishes.stack_depth == 0;

  if (alone && recent[at].caller == caller)
    return recent[at].site;
  if (unwinding)
    return 0;
  unwinding = true;
  site = gcg__stack_site (caller);
  if (alone)
    {
      recent[at].caller = NULL;
      recent[at].site = site;
      recent[at].caller = caller;
    }
  unwinding = false;
  return site;
}

/* Who asks, and what for. */
struct request
{
  void *caller;
  size_t key, other; /* place.h */
};
#define REQUEST(key, other) (&(struct request){ CALLER, key, other })

static inline uint32_t
site_of (const struct request *request)
{
  uint32_t site = gcg__place_take (request->key, request->other), stack;

  if (!site)
    site = site_of_caller (request->caller);
  else if (wishes.stack_depth > 0 && gcg__site_entry (site)->is_bare
           && (stack = site_of_caller (request->caller)) != 0)
    site = gcg__site_with_stack (site, stack);
  return gcg__site_now (site);
}

/* What all allocating functions do, at a SITE that is known. */
static void *
allocate_at (size_t bytes, size_t alignment, uint32_t site, const struct request *request)
{
  void *block = NULL;

  if (bytes > MOST)
    ;
  else if (!is_up ())
    block
        = state == ASIDE ? gcg__foreign_new (bytes, alignment) : gcg__early_new (bytes, alignment);
  else
    block = gcg__block_new (bytes, alignment, site,
                            gcg__caller_is (GCG__LINKER, (uintptr_t)request->caller));
  if (!block)
    errno = ENOMEM;
  return block;
}

static void *
allocate (size_t bytes, size_t alignment, const struct request *request)
{
  uint32_t site = 0;

  if (bytes <= MOST && is_up ())
    {
      if (!gcg__caller_is (GCG__LINKER, (uintptr_t)request->caller))
        site = site_of (request);
      else if (unwinding)
        site = GCG__SITE_OF_AGENT;
    }
  return allocate_at (bytes, alignment, site, request);
}

void *
gcg__allocate (size_t bytes, size_t key, void *caller)
{
  return allocate (bytes, MINIMUM, &(struct request){ caller, key, key });
}

/* As the C library ends a program that frees what is no block. */
static void
die (const char *what)
{
  (void)!write (STDERR_FILENO, what, strlen (what));
  abort ();
}

static void
release (void *block, const char *complaint)
{
  if (!block || (state == UP && gcg__block_free (block)))
    return;
  if (!gcg__early_has (block) && !gcg__foreign_free (block))
    die (complaint);
}

API void *
malloc (size_t bytes)
{
  void *volatile block = allocate (bytes, MINIMUM, REQUEST (bytes, bytes));
  return block;
}

API void
free (void *block)
{
  release (block, "free(): invalid pointer\n");
}

API void *
calloc (size_t n, size_t bytes)
{
  size_t all;
  void *volatile block;
  if (__builtin_mul_overflow (n, bytes, &all))
    all = SIZE_MAX;
  block = allocate (all, MINIMUM, REQUEST (n, all));
  return block;
}

/* The site of what takes the place of OLD: what was meant to stay goes on to be. */
static uint32_t
site_instead_of (const void *old, const struct request *request)
{
  uint32_t site = site_of (request);
  uint64_t *place;

  if (__builtin_expect (gcg__site_any_ignored, 0) && gcg__block_at (old, &place))
    site = gcg__site_instead (site, tag_site (*place));
  return site;
}

/* SIZE_MAX: not one of our blocks. */
static size_t
bytes_of (const void *block)
{
  if (gcg__early_has (block))
    return gcg__early_bytes (block);
  return state == UP ? gcg__block_bytes (block) : SIZE_MAX;
}

static void *
reallocate (void *old, size_t bytes, const struct request *request)
{
  bool early = gcg__early_has (old),
       system = gcg__caller_is (GCG__LINKER, (uintptr_t)request->caller);
  size_t had;
  uint32_t site = 0;
  void *block;

  if (!old)
    return allocate (bytes, MINIMUM, request);
  if (bytes == 0)
    {
      release (old, "realloc(): invalid pointer\n");
      return NULL;
    }
  if (bytes > MOST)
    {
      errno = ENOMEM;
      return NULL;
    }
  had = bytes_of (old);
  if (had == SIZE_MAX && gcg__foreign_realloc (old, bytes, &block))
    return block;
  if (had == SIZE_MAX)
    die ("realloc(): invalid pointer\n");
  if (is_up () && !system)
    site = site_instead_of (old, request);
  if (!early)
    {
      block = gcg__block_resize (old, bytes, site, system);
      if (!block)
        errno = ENOMEM;
      return block;
    }
  block = allocate_at (bytes, MINIMUM, site, request);
  if (block)
    memcpy (block, old, had < bytes ? had : bytes);
  return block;
}

API void *
realloc (void *old, size_t bytes)
{
  void *volatile block = reallocate (old, bytes, REQUEST (bytes, bytes));
  return block;
}

void *
gcg__reallocate (void *old, size_t bytes, void *caller)
{
  return reallocate (old, bytes, &(struct request){ caller, bytes, bytes });
}

API void *
reallocarray (void *old, size_t n, size_t bytes)
{
  size_t all;
  void *volatile block;
  if (__builtin_mul_overflow (n, bytes, &all))
    all = SIZE_MAX;
  block = reallocate (old, all, REQUEST (n, all));
  return block;
}

/* ALIGNMENT as memalign takes it: any number, made a power of 2. */
static void *
allocate_aligned (size_t alignment, size_t bytes, const struct request *request)
{
  size_t power = MINIMUM;
  if (alignment > SIZE_MAX / 2 + 1)
    {
      errno = EINVAL;
      return NULL;
    }
  while (power < alignment)
    power *= 2;
  return allocate (bytes, power, request);
}

void *
gcg__allocate_aligned (size_t bytes, size_t alignment, void *caller)
{
  return allocate_aligned (alignment, bytes, &(struct request){ caller, bytes, bytes });
}

API void *
memalign (size_t alignment, size_t bytes)
{
  void *volatile block = allocate_aligned (alignment, bytes, REQUEST (bytes, bytes));
  return block;
}

API void *
aligned_alloc (size_t alignment, size_t bytes)
{
  void *volatile block = allocate_aligned (alignment, bytes, REQUEST (bytes, bytes));
  return block;
}

API int
posix_memalign (void **block, size_t alignment, size_t bytes)
{
  void *made;
  if (alignment % sizeof (void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0)
    return EINVAL;
  made = allocate_aligned (alignment, bytes, REQUEST (bytes, bytes));
  if (!made)
    return ENOMEM; /* which errno says as well, as the C library's does */
  *block = made;
  return 0;
}

API void *
valloc (size_t bytes)
{
  void *volatile block = allocate_aligned ((size_t)getpagesize (), bytes, REQUEST (bytes, bytes));
  return block;
}

API void *
pvalloc (size_t bytes)
{
  size_t page = (size_t)getpagesize ();
  size_t whole = bytes > MOST ? bytes : (bytes + page - 1) & ~(page - 1);
  void *volatile block = allocate_aligned (page, whole, REQUEST (bytes, bytes));
  return block;
}

API size_t
malloc_usable_size (void *block)
{
  size_t bytes;
  if (!block)
    return 0;
  bytes = bytes_of (block);
  return bytes == SIZE_MAX && !gcg__foreign_bytes (block, &bytes) ? 0 : bytes;
}

/* The C library exports these too: a block of theirs may be freed by free. */
#define SAME(name, as) __asm__(".globl " name "\n.set " name ", " as)
SAME ("__libc_malloc", "malloc");
SAME ("__libc_calloc", "calloc");
SAME ("__libc_realloc", "realloc");
SAME ("__libc_free", "free");
SAME ("__libc_memalign", "memalign");
SAME ("__libc_valloc", "valloc");
SAME ("__libc_pvalloc", "pvalloc");
SAME ("__posix_memalign", "posix_memalign");

#define ENTRY(name) SAME ("gcg__entry_" #name, #name);
GCG__ENTRIES (ENTRY)

/* Reports to the command that started the program why there will be no report. */
static void
say_aside (void)
{
  struct gcg_error error;

  if (!wishes.socket_name[0] || gcg__control_connect_alone (wishes.socket_name) != GCG_OK)
    return;
  gcg__fail (&error, GCG_UNSUPPORTED, "%s", gcg__foreign_reason ());
  gcg__control_publish_failure (&error, GCG__FLAG_EXIT);
  gcg__control_forget ();
}

static void __attribute__ ((constructor)) begin (void)
{
  bool up = is_up ();

  gcg__environment_begin ();
  if (!up && state != ASIDE)
    return;
  gcg__ending_begin (&wishes);
  if (!up)
    {
      say_aside ();
      return;
    }
  gcg__environment_apply (&wishes);
}
