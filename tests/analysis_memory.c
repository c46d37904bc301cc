/* analysis_memory.c -- every allocation of the analyses fails in turn.
 *
 * The linker leads mmap, munmap, malloc, calloc, aligned_alloc and free of lib/analysis here
 * (--wrap).  While counting, the Nth allocation fails; N grows until all goes well.  Each failure
 * must be reported as GCG_NO_MEMORY with a text, leave the out-parameter alone, and give back all
 * that was taken.
 */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "analysis/leaks.h"
#include "tests/heap.h"

void *__real_mmap (void *, size_t, int, int, int, off_t);
int __real_munmap (void *, size_t);
void *__real_malloc (size_t);
void *__real_calloc (size_t, size_t);
void *__real_aligned_alloc (size_t, size_t);
void __real_free (void *);
void *__wrap_mmap (void *, size_t, int, int, int, off_t);
int __wrap_munmap (void *, size_t);
void *__wrap_malloc (size_t);
void *__wrap_calloc (size_t, size_t);
void *__wrap_aligned_alloc (size_t, size_t);
void __wrap_free (void *);

static bool counting;
static uint32_t until_failure; /* allocations that still succeed */
static bool failed;
static int64_t mapped_bytes, n_blocks; /* taken and not given back */

static bool
fail_now (void)
{
  if (!counting || until_failure-- > 0)
    return false;
  failed = true;
  until_failure = UINT32_MAX;
  return true;
}

void *
__wrap_mmap (void *address, size_t n, int protection, int flags, int fd, off_t offset)
{
  if (fail_now ())
    {
      errno = ENOMEM;
      return MAP_FAILED;
    }
  void *map = __real_mmap (address, n, protection, flags, fd, offset);
  if (counting && map != MAP_FAILED)
    mapped_bytes += (int64_t)n;
  return map;
}

int
__wrap_munmap (void *address, size_t n)
{
  if (counting)
    mapped_bytes -= (int64_t)n;
  return __real_munmap (address, n);
}

void *
__wrap_malloc (size_t n)
{
  if (fail_now ())
    return NULL;
  void *block = __real_malloc (n);
  n_blocks += counting && block != NULL;
  return block;
}

void *
__wrap_calloc (size_t n, size_t bytes)
{
  if (fail_now ())
    return NULL;
  void *block = __real_calloc (n, bytes);
  n_blocks += counting && block != NULL;
  return block;
}

void *
__wrap_aligned_alloc (size_t alignment, size_t n)
{
  void *block = fail_now () ? NULL : __real_aligned_alloc (alignment, n);
  n_blocks += counting && block != NULL;
  return block;
}

void
__wrap_free (void *block)
{
  n_blocks -= counting && block != NULL;
  __real_free (block);
}

/* A finalization cycle, plain cycles, chains, lost objects; large enough that each array has a
   mapping of its own. */
static struct gcg__snapshot *
snapshot_new (void)
{
  enum
  {
    N = 20000
  };
  struct heap *heap = heap_new ();
  uint32_t site = heap_site (heap, "node", "memory.c", 1, "snapshot_new");
  for (uint32_t i = 0; i < N; i++)
    heap_object (heap, 24, i % 1000 == 7 ? GCG__KIND_UNCOLLECTABLE : GCG__KIND_NORMAL,
                 i % 3 == 0 ? 0 : site);
  for (uint32_t i = 0; i < N; i++)
    {
      uint32_t group = i - i % 8;
      if (group + 8 <= N && i % 5000 != 0)
        {
          heap_edge (heap, i, 0, group + (i + 1) % 8);
          heap_edge (heap, i, 8, group + (i * 7 + 3) % 8);
        }
    }
  for (uint32_t i = 16; i < 200; i += 40)
    heap_finalizer (heap, i, GCG__FINALIZER_ORDERED);
  struct gcg__snapshot *snapshot = heap_snapshot (heap);
  heap_free (heap);
  return snapshot;
}

/* Calls TRY with the Nth allocation failing, for all N; it says what came of it. */
static void
fail_in_turn (enum gcg_status (*try) (const void *input, struct gcg_error *error),
              const void *input)
{
  uint32_t n = 0;
  for (;; n++)
    {
      struct gcg_error error = { GCG_OK, "" };
      counting = true;
      failed = false;
      until_failure = n;
      mapped_bytes = 0;
      n_blocks = 0;
      enum gcg_status status = try (input, &error);
      counting = false;
      assert_int_equal (mapped_bytes, 0);
      assert_int_equal (n_blocks, 0);
      if (!failed)
        {
          assert_int_equal (status, GCG_OK);
          assert_string_equal (error.text, "");
          break;
        }
      assert_int_equal (status, GCG_NO_MEMORY);
      assert_int_equal (error.status, GCG_NO_MEMORY);
      assert_non_null (strstr (error.text, "out of memory"));
    }
  assert_true (n >= 2); /* there were some to fail */
}

static void *const untouched = &counting;

static enum gcg_status
try_analysis (const void *input, struct gcg_error *error)
{
  struct gcg__analysis *analysis = untouched;
  enum gcg_status status = gcg__analysis_new (input, &analysis, error);
  if (status == GCG_OK)
    gcg__analysis_free (analysis);
  else if (analysis != untouched)
    return GCG_INVALID;
  return status;
}

static enum gcg_status
try_leaks (const void *input, struct gcg_error *error)
{
  struct gcg__leaks *leaks = untouched;
  enum gcg_status status = gcg__leaks_new (input, &leaks, error);
  if (status == GCG_OK)
    gcg__leaks_free (leaks);
  else if (leaks != untouched)
    return GCG_INVALID;
  return status;
}

static enum gcg_status
try_histogram (const void *input, struct gcg_error *error)
{
  static const uint32_t group_of_object[1 << 20]; /* all of group 0 */
  struct gcg__histogram *histogram = untouched;
  enum gcg_status status = gcg__histogram_new (input, group_of_object, 1, &histogram, error);
  if (status == GCG_OK)
    gcg__histogram_free (histogram);
  else if (histogram != untouched)
    return GCG_INVALID;
  return status;
}

static enum gcg_status
try_path (const void *input, struct gcg_error *error)
{
  const struct gcg__analysis *analysis = input;
  enum gcg_status status = GCG_OK;
  bool plain = false, finalization = false;
  /* One cycle of each kind. */
  for (uint32_t c = 0; c < analysis->n_cycles && status == GCG_OK; c++)
    {
      bool *done = analysis->cycles[c].n_finalizers > 0 ? &finalization : &plain;
      if (*done)
        continue;
      *done = true;
      struct gcg__cycle_path path;
      status = gcg__cycle_path (analysis, c, &path, error);
      if (status == GCG_OK)
        gcg__cycle_path_fini (&path);
    }
  return status;
}

static void
test_analysis (void **state)
{
  fail_in_turn (try_analysis, *state);
}

static void
test_histogram (void **state)
{
  fail_in_turn (try_histogram, *state);
}

static void
test_path (void **state)
{
  struct gcg__analysis *analysis;
  assert_int_equal (gcg__analysis_new (*state, &analysis, NULL), GCG_OK);
  assert_true (analysis->n_finalization_cycles > 0);
  assert_true (analysis->n_cycles > analysis->n_finalization_cycles);
  fail_in_turn (try_path, analysis);
  gcg__analysis_free (analysis);
}

/* Of malloc'd blocks, one of them ignored, one held by its inside. */
static void
test_leaks (void **state)
{
  (void)state;
  enum
  {
    N = 20000
  };
  struct heap *heap = heap_new ();
  uint32_t site = heap_site (heap, "node", "memory.c", 1, "test_leaks");
  heap_malloc (heap);
  for (uint32_t i = 0; i < N; i++)
    heap_object (heap, 24, GCG__KIND_NORMAL, site);
  for (uint32_t i = 0; i + 1 < N; i++)
    heap_edge (heap, i, 0, i % 100 == 99 ? i - 50 : i + 1);
  heap_ignore (heap, 150);
  heap_root_at (heap, 250, 0x1000, GCG__PLACE_INSIDE);
  struct gcg__snapshot *snapshot = heap_snapshot (heap);
  heap_free (heap);
  struct gcg__analysis *analysis;
  assert_int_equal (gcg__analysis_new (snapshot, &analysis, NULL), GCG_OK);
  fail_in_turn (try_leaks, analysis);
  gcg__analysis_free (analysis);
  fail_in_turn (try_analysis, snapshot);
  gcg__snapshot_close (snapshot);
}

static int
set_up (void **state)
{
  *state = snapshot_new ();
  return 0;
}

static int
tear_down (void **state)
{
  gcg__snapshot_close (*state);
  return 0;
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_analysis),
    cmocka_unit_test (test_histogram),
    cmocka_unit_test (test_path),
    cmocka_unit_test (test_leaks),
  };
  return cmocka_run_group_tests (tests, set_up, tear_down);
}
