/* heap.c -- lib/image's edges and roots against the slow, obvious way, on random heaps.
 *
 * Each heap is looked through from its source and loaded, by one thread and by several: the result
 * is the same to the byte.  Failures print the seed; GCG_SEED=N runs that one alone.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/image/random_heap.h"

enum
{
  N_HEAPS = 24
};

/* Finds all in HEAP and compares. */
static bool
check (struct random_heap *heap, const struct gcg__edges *edges, const struct gcg__roots *roots,
       unsigned n_threads, bool load)
{
  struct gcg__memory_source source = gcg__buffers_source (&heap->memory);
  struct gcg__memory_image *image;
  struct gcg__heap_index *index;
  struct gcg__edges found_edges;
  struct gcg__roots found_roots;
  struct gcg__memory_range ranges[2];
  struct gcg_error error;
  bool right;

  for (size_t i = 0; i < 2; i++)
    ranges[i] = (struct gcg__memory_range){ heap->memory.items[i].address,
                                            heap->memory.items[i].address + heap->memory.items[i].n,
                                            NULL };
  struct gcg__vmas vmas = heap->vmas;
  assert_int_equal (gcg__image_new (&source, &vmas, &image, &error), GCG_OK);
  if (load)
    assert_int_equal (gcg__image_load (image, ranges, 2, n_threads, &error), GCG_OK);
  assert_int_equal (gcg__heap_index_new (&heap->columns, &heap->rules, n_threads, &index, &error),
                    GCG_OK);
  assert_int_equal (gcg__edges_find (image, index, n_threads, &found_edges, &error), GCG_OK);
  assert_int_equal (
      gcg__roots_find (image, index, heap->areas, heap->n_areas, n_threads, &found_roots, &error),
      GCG_OK);
  right = same_edges (heap, &found_edges, edges) && same_roots (&found_roots, roots);
  gcg__edges_fini (&found_edges);
  gcg__roots_fini (&found_roots);
  gcg__heap_index_free (index);
  heap->vmas = (struct gcg__vmas){ 0 };
  gcg__image_free (image);
  return right;
}

static void
check_seed (uint64_t seed)
{
  uint64_t large = seed % 8 == 0 ? 5 << 20 : 100000;
  struct random_heap heap;
  struct gcg__edges edges;
  struct gcg__roots roots;

  for (int way = 0; way < 4; way++)
    {
      random_heap_make (&heap, seed, 20 + seed % 50, large);
      if (way == 0)
        {
          oracle_edges (&heap, &edges);
          oracle_roots (&heap, &roots);
          if (heap.columns.n_objects > 100 && (edges.n == 0 || roots.n == 0))
            fail_msg ("seed %llu: nothing to find", (unsigned long long)seed);
        }
      if (!check (&heap, &edges, &roots, way & 1 ? 4 : 1, way & 2))
        fail_msg ("seed %llu, %d threads, %s", (unsigned long long)seed, way & 1 ? 4 : 1,
                  way & 2 ? "loaded" : "from its source");
      random_heap_free (&heap);
    }
  gcg__edges_fini (&edges);
  gcg__roots_fini (&roots);
}

static void
test_random (void **state)
{
  const char *one = getenv ("GCG_SEED");

  (void)state;
  if (one)
    check_seed (strtoull (one, NULL, 10));
  for (uint64_t seed = 0; seed < N_HEAPS && !one; seed++)
    check_seed (seed);
}

static void
test_empty (void **state)
{
  struct random_heap heap = { 0 };
  struct gcg__edges edges;
  struct gcg__roots roots;

  (void)state;
  oracle_edges (&heap, &edges);
  oracle_roots (&heap, &roots);
  heap.memory.items = (const struct gcg__memory_buffer[]){ { 0, "", 0 }, { 0, "", 0 } };
  heap.memory.n = 2;
  assert_true (check (&heap, &edges, &roots, 0, false));
  gcg__edges_fini (&edges);
  gcg__roots_fini (&roots);
}

/* Columns that contradict one another make no index. */
static void
refuse (const struct gcg__block *blocks, size_t n_blocks, const uint8_t *slots, size_t n_objects,
        const char *why)
{
  static const uint64_t words[8];
  struct gcg__heap_columns columns = {
    .blocks = blocks, .n_blocks = n_blocks, .slots = slots, .words = words, .n_objects = n_objects
  };
  struct gcg__heap_rules rules = { 0 };
  struct gcg__heap_index *index = NULL;
  struct gcg_error error = { 0 };

  if (gcg__heap_index_new (&columns, &rules, 2, &index, &error) != GCG_CORRUPT || index
      || error.status != GCG_CORRUPT || !error.text[0])
    fail_msg ("accepted: %s", why);
}

static void
test_refused (void **state)
{
  static const uint8_t slots[] = { 0, 1, 1, 0 };
  struct gcg__block sound[2] = { { .address = 0x1000, .slot_bytes = 16, .first_object = 0 },
                                 { .address = 0x2000, .slot_bytes = 16, .first_object = 2 } };
  struct gcg__block blocks[2];

  (void)state;
  refuse (sound, 2, slots, 2, "a block without objects");
  refuse (sound, 1, slots, 3, "a slot twice");
  refuse (sound, 0, slots, 3, "objects without blocks");
#define CHANGED(member, value, why)                                                                \
  do                                                                                               \
    {                                                                                              \
      memcpy (blocks, sound, sizeof blocks);                                                       \
      blocks[1].member = (value);                                                                  \
      refuse (blocks, 2, slots, 3, why);                                                           \
    }                                                                                              \
  while (0)
  CHANGED (address, 0x1010, "blocks that overlap");
  CHANGED (address, 0x800, "blocks that do not ascend");
  CHANGED (address, 0x2004, "an address that is no multiple of 8");
  CHANGED (slot_bytes, 0, "slots of no bytes");
  CHANGED (slot_bytes, 12, "slots of 12 bytes");
  CHANGED (slot_bytes, 8192, "a large object in slot 1");
  CHANGED (first_object, 5, "objects that are not there");
  CHANGED (first_object, 0, "a first block without objects");
  CHANGED (address, UINT64_MAX - 7, "a block that reaches past the address space");
  blocks[0] = (struct gcg__block){ .address = 0x1000, .slot_bytes = UINT64_C (1) << 46 };
  refuse (blocks, 1, slots, 1, "64 TiB");
}

int
main (void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test (test_random), cmocka_unit_test (test_empty),
                                      cmocka_unit_test (test_refused) };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
