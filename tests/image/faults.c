/* faults.c -- every allocation of lib/image fails in turn, and threads cannot be started.
 *
 * The linker leads malloc and its kin, mmap, munmap and pthread_create of lib/image and lib/base
 * here (--wrap).  While counting, the Nth allocation fails; N grows until all goes well.  Each
 * failure must be reported as GCG_NO_MEMORY with a text, leave the out-parameter alone, and give
 * back all that was taken.  Several threads allocate, so counts are atomic.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "image/agent_snapshot.h"
#include "image/threads.h"
#include "tests/image/heaps.h"
#include "tests/image/random_heap.h"

void *__real_mmap (void *, size_t, int, int, int, off_t);
int __real_munmap (void *, size_t);
void *__real_malloc (size_t);
void *__real_calloc (size_t, size_t);
void *__real_realloc (void *, size_t);
void *__real_reallocarray (void *, size_t, size_t);
void *__real_aligned_alloc (size_t, size_t);
void __real_free (void *);
int __real_pthread_create (pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
void *__wrap_mmap (void *, size_t, int, int, int, off_t);
int __wrap_munmap (void *, size_t);
void *__wrap_malloc (size_t);
void *__wrap_calloc (size_t, size_t);
void *__wrap_realloc (void *, size_t);
void *__wrap_reallocarray (void *, size_t, size_t);
void *__wrap_aligned_alloc (size_t, size_t);
void __wrap_free (void *);
int __wrap_pthread_create (pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

static bool counting, no_threads;
static int64_t until_failure;          /* allocations that still succeed */
static bool failed;                    /* one did not */
static int64_t mapped_bytes, n_blocks; /* taken and not given back */

static bool
fail_now (void)
{
  if (!counting || __atomic_fetch_sub (&until_failure, 1, __ATOMIC_RELAXED) != 0)
    return false;
  __atomic_store_n (&failed, true, __ATOMIC_RELAXED);
  errno = ENOMEM;
  return true;
}

static void *
count_block (void *block, int64_t n)
{
  if (counting && block)
    __atomic_fetch_add (&n_blocks, n, __ATOMIC_RELAXED);
  return block;
}

void *
__wrap_mmap (void *address, size_t n, int protection, int flags, int fd, off_t offset)
{
  if (fail_now ())
    return MAP_FAILED;
  void *map = __real_mmap (address, n, protection, flags, fd, offset);
  if (counting && map != MAP_FAILED)
    __atomic_fetch_add (&mapped_bytes, (int64_t)n, __ATOMIC_RELAXED);
  return map;
}

int
__wrap_munmap (void *address, size_t n)
{
  if (counting)
    __atomic_fetch_sub (&mapped_bytes, (int64_t)n, __ATOMIC_RELAXED);
  return __real_munmap (address, n);
}

void *
__wrap_malloc (size_t n)
{
  return fail_now () ? NULL : count_block (__real_malloc (n), 1);
}

void *
__wrap_calloc (size_t n, size_t bytes)
{
  return fail_now () ? NULL : count_block (__real_calloc (n, bytes), 1);
}

void *
__wrap_realloc (void *block, size_t n)
{
  return fail_now () ? NULL : count_block (__real_realloc (block, n), block ? 0 : 1);
}

void *
__wrap_reallocarray (void *block, size_t n, size_t bytes)
{
  return fail_now () ? NULL : count_block (__real_reallocarray (block, n, bytes), block ? 0 : 1);
}

void *
__wrap_aligned_alloc (size_t alignment, size_t n)
{
  return fail_now () ? NULL : count_block (__real_aligned_alloc (alignment, n), 1);
}

void
__wrap_free (void *block)
{
  __real_free (count_block (block, -1));
}

int
__wrap_pthread_create (pthread_t *thread, const pthread_attr_t *attributes,
                       void *(*function) (void *), void *argument)
{
  return no_threads ? EAGAIN : __real_pthread_create (thread, attributes, function, argument);
}

/* Calls TRY with the Nth allocation failing, for all N; it says what came of it. */
static void fail_in_turn (enum gcg_status (*try) (struct gcg_error *error))
{
  int64_t n = 0;
  for (;; n++)
    {
      struct gcg_error error = { GCG_OK, "" };
      until_failure = n;
      failed = false;
      mapped_bytes = n_blocks = 0;
      counting = true;
      enum gcg_status status = try (&error);
      counting = false;
      assert_int_equal (mapped_bytes, 0);
      assert_int_equal (n_blocks, 0);
      if (!failed)
        {
          assert_int_equal (status, GCG_OK);
          break;
        }
      if (status != GCG_NO_MEMORY || error.status != GCG_NO_MEMORY
          || !strstr (error.text, "no memory"))
        fail_msg ("allocation %d: %d, %s", (int)n, status, error.text);
    }
  assert_true (n >= 1); /* there were some to fail */
}

static void *const untouched = &counting;
static struct random_heap heap;
static struct gcg__memory_image *image; /* of the heap */
static struct gcg__heap_index *heap_index;
static struct gcg__memory_image *own; /* of this process */
static struct gcg__loaded_modules modules;
static struct gcg__libc_layout layout;
static struct gcg__frozen_thread thread;
static struct heaps heaps;
static struct gcg__memory_image *agents; /* of a program with the agent for malloc */

static enum gcg_status
try_vmas (struct gcg_error *error)
{
  struct gcg__vmas vmas = { .text = untouched };
  enum gcg_status status = gcg__vmas_read (getpid (), &vmas, error);
  if (status == GCG_OK)
    gcg__vmas_fini (&vmas);
  else if (vmas.text != untouched)
    return GCG_INVALID;
  return status;
}

static enum gcg_status
try_open (struct gcg_error *error)
{
  struct gcg__memory_image *made = untouched;
  enum gcg_status status = gcg__image_open (getpid (), -1, &made, error);
  if (status == GCG_OK)
    gcg__image_free (made);
  else if (made != untouched)
    return GCG_INVALID;
  return status;
}

/* Two loads, of ranges with holes. */
static enum gcg_status
try_load (struct gcg_error *error)
{
  struct gcg__memory_source source = gcg__buffers_source (&heap.memory);
  uint64_t base = heap.memory.items[0].address, roots = heap.memory.items[1].address, n;
  struct gcg__memory_range ranges[] = { { base - 4096, base + 8192, NULL },
                                        { base + 20000, base + 40000, NULL },
                                        { roots - 8192, roots + 8192, NULL } };
  struct gcg__memory_image *made;
  enum gcg_status status = gcg__image_new (&source, NULL, &made, error);
  if (status != GCG_OK)
    return status;
  status = gcg__image_load (made, ranges, 2, 4, error);
  if (status == GCG_OK)
    status = gcg__image_load (made, ranges + 2, 1, 4, error);
  if (status != GCG_OK && gcg__image_at (made, roots, &n))
    status = GCG_INVALID;
  gcg__image_free (made);
  return status;
}

static enum gcg_status
try_modules (struct gcg_error *error)
{
  struct gcg__loaded_modules found = { .items = untouched };
  enum gcg_status status = gcg__modules_read (own, &found, error);
  if (status == GCG_OK)
    gcg__modules_fini (&found);
  else if (found.items != untouched)
    return GCG_INVALID;
  return status;
}

static enum gcg_status
try_threads (struct gcg_error *error)
{
  struct gcg__tls tls = { .ranges = untouched };
  struct gcg__stacks stacks = { .items = untouched };
  enum gcg_status status = gcg__tls_read (own, &modules, &layout, &thread, 1, &tls, error);
  if (status != GCG_OK)
    return tls.ranges == untouched ? status : GCG_INVALID;
  status = gcg__stacks_read (own, getpid (), &thread, 1, &tls, &stacks, error);
  if (status == GCG_OK)
    gcg__stacks_fini (&stacks);
  else if (stacks.items != untouched)
    status = GCG_INVALID;
  gcg__tls_fini (&tls);
  return status;
}

static enum gcg_status
try_index (struct gcg_error *error)
{
  struct gcg__heap_index *made = untouched;
  enum gcg_status status = gcg__heap_index_new (&heap.columns, &heap.rules, 4, &made, error);
  if (status == GCG_OK)
    gcg__heap_index_free (made);
  else if (made != untouched)
    return GCG_INVALID;
  return status;
}

static enum gcg_status
try_edges (struct gcg_error *error)
{
  struct gcg__edges edges = { .targets = untouched };
  enum gcg_status status = gcg__edges_find (image, heap_index, 4, &edges, error);
  if (status == GCG_OK)
    gcg__edges_fini (&edges);
  else if (edges.targets != untouched)
    return GCG_INVALID;
  return status;
}

static enum gcg_status
try_roots (struct gcg_error *error)
{
  struct gcg__roots roots = { .roots = untouched };
  enum gcg_status status
      = gcg__roots_find (image, heap_index, heap.areas, heap.n_areas, 4, &roots, error);
  if (status == GCG_OK)
    gcg__roots_fini (&roots);
  else if (roots.roots != untouched)
    return GCG_INVALID;
  return status;
}

/* What is mapped becomes a mapping, what is not does, too. */
static enum gcg_status
try_add (struct gcg_error *error)
{
  static const char bytes[64];
  const struct gcg__memory_buffer buffer = { 4096, bytes, sizeof bytes };
  const struct gcg__memory_buffers buffers = { &buffer, 1 };
  struct gcg__memory_image *made;
  enum gcg_status status = gcg__image_open (getpid (), -1, &made, error);
  if (status != GCG_OK)
    return status;
  status = gcg__image_add (made, &buffers, error);
  gcg__image_free (made);
  return status;
}

static enum gcg_status
try_agent (struct gcg_error *error)
{
  struct gcg__agent_snapshot *made = untouched;
  struct gcg__agent_ask ask = { .image = agents,
                                .root = heaps_root (agents),
                                .threads = &thread,
                                .n_threads = 1,
                                .description = "",
                                .program = "",
                                .command_line = "",
                                .status = "",
                                .stat = "",
                                .smaps = "",
                                .n_workers = 4 };
  if (ask.root == 0)
    return gcg__error_write (error, GCG_NO_MEMORY, "no memory to find it");
  enum gcg_status status = gcg__agent_snapshot_take (&ask, &made, error);
  if (status == GCG_OK)
    gcg__agent_snapshot_free (made);
  else if (made != untouched)
    return GCG_INVALID;
  return status;
}

static void
test_allocations (void **state)
{
  (void)state;
  fail_in_turn (try_vmas);
  fail_in_turn (try_open);
  fail_in_turn (try_load);
  fail_in_turn (try_modules);
  fail_in_turn (try_threads);
  fail_in_turn (try_index);
  fail_in_turn (try_edges);
  fail_in_turn (try_roots);
  fail_in_turn (try_add);
  fail_in_turn (try_agent);
}

/* Without threads the caller does it all, and finds the same. */
static void
test_no_threads (void **state)
{
  struct gcg__edges expected, edges;

  (void)state;
  assert_int_equal (gcg__edges_find (image, heap_index, 4, &expected, NULL), GCG_OK);
  no_threads = true;
  assert_int_equal (gcg__edges_find (image, heap_index, 4, &edges, NULL), GCG_OK);
  no_threads = false;
  assert_true (same_edges (&heap, &edges, &expected));
  gcg__edges_fini (&expected);
  gcg__edges_fini (&edges);
}

static int
prepare (void **state)
{
  struct gcg__memory_source source = gcg__buffers_source (&heap.memory);

  (void)state;
  /* With places, mappings, a large object in slices. */
  for (uint64_t seed = 0; image == NULL; seed++)
    {
      uint64_t largest = 0;
      random_heap_make (&heap, seed, 12, 6 << 20);
      for (size_t i = 0; i < heap.columns.n_blocks; i++)
        if (heap.columns.blocks[i].slot_bytes > largest)
          largest = heap.columns.blocks[i].slot_bytes;
      if (largest < 3 << 20 || !heap.rules.requested || heap.vmas.n == 0)
        random_heap_free (&heap);
      else if (gcg__image_new (&source, &heap.vmas, &image, NULL) != GCG_OK)
        return -1;
    }
  thread = (struct gcg__frozen_thread){ .tid = getpid (),
                                        .own_tid = getpid (),
                                        .stands = true,
                                        .sp = (uintptr_t)__builtin_frame_address (0),
                                        .thread_pointer = (uintptr_t)__builtin_thread_pointer () };
  heaps_start (&heaps, 1);
  return heaps_next (&heaps) && gcg__image_open (heaps.pid, -1, &agents, NULL) == GCG_OK
                 && gcg__heap_index_new (&heap.columns, &heap.rules, 4, &heap_index, NULL) == GCG_OK
                 && gcg__image_open (getpid (), -1, &own, NULL) == GCG_OK
                 && gcg__modules_read (own, &modules, NULL) == GCG_OK
                 && gcg__libc_layout_read (own, &modules, &layout, NULL) == GCG_OK
             ? 0
             : -1;
}

static int
clean_up (void **state)
{
  (void)state;
  gcg__heap_index_free (heap_index);
  gcg__image_free (image);
  random_heap_free (&heap);
  gcg__modules_fini (&modules);
  gcg__image_free (own);
  gcg__image_free (agents);
  heaps_end (&heaps);
  return 0;
}

int
main (void)
{
  const struct CMUnitTest tests[]
      = { cmocka_unit_test (test_allocations), cmocka_unit_test (test_no_threads) };
  return cmocka_run_group_tests (tests, prepare, clean_up);
}
