/* snapshot_unit.c -- tests of the snapshot: what is written is read, in every way of reading.
 *
 * The oracle is a model that the test keeps itself while it builds a heap: plain arrays of sizes,
 * offsets and targets.  Seeds are in the messages.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/columns.h"
#include "tests/heap.h"
#include "tests/random.h"

/* The checksum as doc/design/snapshot-format.md words it, a byte at a time. */
static uint64_t
naive_checksum (const unsigned char *bytes, uint64_t n)
{
  const uint64_t prime = UINT64_C (0x100000001b3), basis = UINT64_C (0xcbf29ce484222325);
  uint64_t lanes[4] = { basis, basis + 1, basis + 2, basis + 3 };
  for (uint64_t i = 0; i < n; i += 8)
    {
      uint64_t word = 0;
      for (unsigned j = 0; j < 8 && i + j < n; j++)
        word |= (uint64_t)bytes[i + j] << 8 * j;
      lanes[i / 8 % 4] = (lanes[i / 8 % 4] ^ word) * prime;
    }
  uint64_t hash = basis;
  for (unsigned i = 0; i < 4; i++)
    hash = (hash ^ lanes[i]) * prime;
  return (hash ^ n) * prime;
}

static void
test_checksum (void **state)
{
  (void)state;
  unsigned char bytes[200];
  uint64_t random = 1;
  for (unsigned i = 0; i < sizeof bytes; i++)
    bytes[i] = random_next (&random);
  for (unsigned n = 0; n <= sizeof bytes; n++)
    assert_true (gcg__checksum (bytes, n) == naive_checksum (bytes, n));
  for (unsigned at = 0; at < 100; at++) /* wherever the bytes stand */
    assert_true (gcg__checksum (bytes + at, 100) == naive_checksum (bytes + at, 100));
  uint64_t right = gcg__checksum (bytes, sizeof bytes);
  for (unsigned bit = 0; bit < 8 * sizeof bytes; bit++)
    {
      bytes[bit / 8] ^= 1u << bit % 8;
      assert_true (gcg__checksum (bytes, sizeof bytes) != right);
      bytes[bit / 8] ^= 1u << bit % 8;
    }
  /* Zeros at the end count. */
  memset (bytes, 0, sizeof bytes);
  for (unsigned n = 1; n <= sizeof bytes; n++)
    assert_true (gcg__checksum (bytes, n) != gcg__checksum (bytes, n - 1));
  assert_true (gcg__checksum (NULL, 0) == naive_checksum (NULL, 0));
}

static void
test_empty (void **state)
{
  (void)state;
  struct heap *heap = heap_new ();
  struct gcg__snapshot *s = heap_snapshot (heap);
  assert_int_equal (s->n_objects, 0);
  assert_int_equal (s->n_edges, 0);
  struct gcg__object_walk walk = gcg__objects (s);
  assert_false (gcg__next_object (&walk));
  uint32_t id = 5;
  uint64_t offset = 6;
  assert_false (gcg__snapshot_find (s, 0, &id, &offset));
  assert_false (gcg__snapshot_find (s, UINT64_MAX, &id, &offset));
  assert_true (id == 5 && offset == 6);
  assert_null (gcg__snapshot_finalizer (s, 0));
  assert_string_equal (gcg__text (s, 0), "");
  assert_string_equal (gcg__text (s, s->info->program), "/usr/bin/imaginary");
  assert_int_equal (s->n_sites, 1);
  assert_int_equal (s->sites[0].kind, GCG__SITE_NONE);
  tour (s);
  gcg__snapshot_close (s);
  gcg__snapshot_close (NULL);
  heap_free (heap);
}

static void
test_sites (void **state)
{
  (void)state;
  const uint64_t frames[] = { 0x1000, 0x2000, 0xffffffffffffffff };
  struct heap *heap = heap_new ();
  uint32_t macro = heap_site (heap, "struct node", "list.c", 12, "add");
  uint32_t stack = heap_stack_site (heap, frames, 3);
  uint32_t untyped = heap_site (heap, NULL, "list.c", 4294967295u, "\"\xff<b>");
  struct gcg__snapshot *s = heap_snapshot (heap);
  assert_int_equal (s->sites[macro].kind, GCG__SITE_MACRO);
  assert_string_equal (gcg__text (s, s->sites[macro].type), "struct node");
  assert_string_equal (gcg__text (s, s->sites[macro].file), "list.c");
  assert_string_equal (gcg__text (s, s->sites[macro].function), "add");
  assert_string_equal (gcg__text (s, s->sites[macro].expression), "sizeof (struct node)");
  assert_int_equal (s->sites[macro].line, 12);
  assert_int_equal (s->sites[stack].kind, GCG__SITE_STACK);
  assert_int_equal (s->sites[stack].n_frames, 3);
  assert_memory_equal (s->frames + s->sites[stack].first_frame, frames, sizeof frames);
  assert_string_equal (gcg__text (s, s->sites[untyped].type), "");
  assert_string_equal (gcg__text (s, s->sites[untyped].function), "\"\xff<b>");
  tour (s);
  gcg__snapshot_close (s);
  heap_free (heap);
}

/* Requested sizes around the escape, in slots larger than needed; and no tag at all. */
static void
test_slacks (void **state)
{
  (void)state;
  static const uint64_t slacks[] = { 0, 1, 7, 254, 255, 256, 257, 4000, 254, 255 };
  const unsigned n = sizeof slacks / sizeof *slacks;
  struct heap *heap = heap_new ();
  uint32_t site = heap_site (heap, "char", "a.c", 1, "f");
  for (unsigned i = 0; i < n; i++)
    heap_slot (heap, 4080 - 8 - slacks[i], 4080, GCG__KIND_ATOMIC, site);
  uint32_t plain = heap_object (heap, 40, GCG__KIND_NORMAL, 0);
  uint32_t empty = heap_object (heap, 0, GCG__KIND_NORMAL, site);
  uint32_t huge = heap_slot (heap, 100, UINT64_C (1) << 40, GCG__KIND_NORMAL, site);
  struct gcg__snapshot *s = heap_snapshot (heap);
  assert_int_equal (s->n_big_slacks, 6);
  struct gcg__object object;
  struct gcg__object_walk walk = gcg__objects (s);
  for (unsigned i = 0; i < n; i++)
    {
      gcg__snapshot_object (s, i, &object);
      assert_int_equal (object.requested_bytes, 4072 - slacks[i]);
      assert_true (gcg__next_object (&walk));
      assert_int_equal (walk.object.requested_bytes, 4072 - slacks[i]);
      assert_int_equal (object.site, site);
    }
  gcg__snapshot_object (s, plain, &object);
  assert_int_equal (object.requested_bytes, 48); /* its slot's */
  assert_int_equal (object.slot_bytes, 48);
  assert_int_equal (object.site, 0);
  assert_int_equal (object.birth, 0);
  assert_int_equal (object.flags & GCG__OBJECT_TAGGED, 0);
  gcg__snapshot_object (s, empty, &object);
  assert_int_equal (object.requested_bytes, 0);
  gcg__snapshot_object (s, huge, &object);
  assert_int_equal (object.requested_bytes, 100);
  assert_true (object.slot_bytes == UINT64_C (1) << 40);
  tour (s);
  gcg__snapshot_close (s);
  heap_free (heap);
}

/* Numbers of edges and steps around the escapes. */
static void
test_big_counts_and_steps (void **state)
{
  (void)state;
  static const unsigned counts[] = { 254, 255, 256, 1000, 0, 255, 1 };
  static const unsigned gaps[] = { 0, 254, 255, 256, 1, 70000, 255 };
  const unsigned n = sizeof counts / sizeof *counts, n_gaps = sizeof gaps / sizeof *gaps;
  struct heap *heap = heap_new ();
  uint32_t site = heap_site (heap, "void *", "a.c", 1, "f");
  for (unsigned i = 0; i < n; i++)
    heap_object (heap, 8192, GCG__KIND_NORMAL, site);
  uint32_t sparse = heap_object (heap, 1 << 20, GCG__KIND_NORMAL, site);
  for (unsigned i = 0; i < n; i++)
    for (unsigned e = counts[i]; e-- > 0;)
      heap_edge (heap, i, 8 * e, (i + e) % n);
  uint64_t offset = 0;
  for (unsigned g = 0; g < n_gaps; g++, offset += 8)
    {
      offset += 8 * gaps[g];
      heap_edge (heap, sparse, offset, g);
    }
  struct gcg__snapshot *s = heap_snapshot (heap);
  assert_int_equal (s->n_big_counts, 4);
  assert_int_equal (s->n_big_steps, 4);
  struct gcg__edge_walk edges;
  for (unsigned i = 0; i < n; i++)
    {
      edges = gcg__edges_of (s, i);
      for (unsigned e = 0; e < counts[i]; e++)
        {
          assert_true (gcg__next_edge (&edges));
          assert_int_equal (edges.offset, 8 * e);
          assert_int_equal (edges.target, (i + e) % n);
        }
      assert_false (gcg__next_edge (&edges));
    }
  edges = gcg__edges_of (s, sparse);
  offset = 0;
  for (unsigned g = 0; g < n_gaps; g++, offset += 8)
    {
      offset += 8 * gaps[g];
      assert_true (gcg__next_edge (&edges));
      assert_int_equal (edges.offset, offset);
      assert_int_equal (edges.target, g);
    }
  assert_false (gcg__next_edge (&edges));
  tour (s);
  gcg__snapshot_close (s);
  heap_free (heap);
}

static void
test_find (void **state)
{
  (void)state;
  struct heap *heap = heap_new ();
  uint32_t site = heap_site (heap, "struct a", "a.c", 1, "f");
  uint32_t a = heap_object (heap, 40, GCG__KIND_NORMAL, site);
  heap_skip (heap, 3);
  uint32_t b = heap_object (heap, 40, GCG__KIND_NORMAL, site);
  uint32_t large = heap_object (heap, 100000, GCG__KIND_ATOMIC, site);
  uint32_t c = heap_object (heap, 24, GCG__KIND_NORMAL, 0);
  struct gcg__snapshot *s = heap_snapshot (heap);
  struct gcg__object x, y;
  gcg__snapshot_object (s, a, &x);
  gcg__snapshot_object (s, b, &y);
  assert_int_equal (x.block, y.block);
  assert_int_equal (y.address - x.address, 4 * 48);
  uint32_t id = 77;
  uint64_t offset = 78;
  for (uint64_t i = 48; i < 4 * 48; i++) /* the free slots between */
    assert_false (gcg__snapshot_find (s, x.address + i, &id, &offset));
  assert_false (gcg__snapshot_find (s, x.address - 1, &id, &offset));
  assert_false (gcg__snapshot_find (s, y.address + 48, &id, &offset));
  assert_false (gcg__snapshot_find (s, 0, &id, &offset));
  assert_false (gcg__snapshot_find (s, UINT64_MAX, &id, &offset));
  assert_true (id == 77 && offset == 78);
  const uint32_t ids[] = { a, b, large, c };
  for (unsigned i = 0; i < 4; i++)
    {
      gcg__snapshot_object (s, ids[i], &x);
      for (uint64_t at = 0; at < x.slot_bytes; at += 1 + x.slot_bytes / 512)
        {
          assert_true (gcg__snapshot_find (s, x.address + at, &id, &offset));
          assert_int_equal (id, ids[i]);
          assert_int_equal (offset, at);
        }
    }
  assert_false (gcg__snapshot_find (s, x.address + x.slot_bytes, &id, &offset));
  tour (s);
  gcg__snapshot_close (s);
  heap_free (heap);
}

static void
test_finalizers_births_marks (void **state)
{
  (void)state;
  struct heap *heap = heap_new ();
  uint32_t site = heap_site (heap, "struct a", "a.c", 1, "f"), ids[6];
  for (unsigned i = 0; i < 5; i++)
    ids[i] = heap_object (heap, 16, GCG__KIND_NORMAL, site);
  ids[5] = heap_object (heap, 16, GCG__KIND_UNCOLLECTABLE, site);
  heap_edge (heap, ids[0], 8, ids[1]);
  heap_edge (heap, ids[1], 0, ids[0]);
  heap_edge (heap, ids[2], 0, ids[0]);
  heap_edge (heap, ids[5], 0, ids[3]);
  heap_root (heap, ids[0]);
  heap_finalizer (heap, ids[4], GCG__FINALIZER_UNREACHABLE);
  heap_finalizer (heap, ids[2], GCG__FINALIZER_ORDERED);
  heap_birth (heap, ids[1], (1u << 20) - 1);
  struct gcg__snapshot *s = heap_snapshot (heap);
  static const bool marked[6] = { true, true, false, true, false, true };
  struct gcg__object_walk walk = gcg__objects (s);
  for (unsigned i = 0; gcg__next_object (&walk); i++)
    {
      assert_int_equal ((walk.object.flags & GCG__OBJECT_MARKED) != 0, marked[i]);
      assert_int_equal (walk.object.birth, i == 1 ? (1u << 20) - 1 : 0);
    }
  assert_null (gcg__snapshot_finalizer (s, ids[0]));
  assert_null (gcg__snapshot_finalizer (s, ids[3]));
  assert_null (gcg__snapshot_finalizer (s, ids[5]));
  assert_int_equal (gcg__snapshot_finalizer (s, ids[2])->mode, GCG__FINALIZER_ORDERED);
  assert_int_equal (gcg__snapshot_finalizer (s, ids[4])->mode, GCG__FINALIZER_UNREACHABLE);
  assert_int_equal (s->n_roots, 1);
  assert_int_equal (s->roots[0].object, ids[0]);
  assert_int_equal (s->regions[s->roots[0].region].kind, GCG__REGION_STATIC);
  tour (s);
  gcg__snapshot_close (s);
  heap_free (heap);
}

/* A random heap against a model of it. */
#define MODEL_MOST 400
struct model_edge
{
  uint64_t offset;
  uint32_t to;
};

struct model
{
  unsigned n;
  uint64_t requested[MODEL_MOST];
  uint32_t kind[MODEL_MOST], site[MODEL_MOST];
  unsigned n_edges[MODEL_MOST];
  struct model_edge edges[MODEL_MOST][8];
};

static void
model_build (struct model *model, struct heap *heap, uint64_t *random)
{
  uint32_t sites[3] = { 0, heap_site (heap, "struct a", "a.c", 1, "f"),
                        heap_site (heap, "struct b", "b.c", 2, "g") };
  model->n = 1 + random_next (random) % MODEL_MOST;
  for (unsigned i = 0; i < model->n; i++)
    {
      if (i == 0 || random_next (random) % 8 == 0)
        {
          model->requested[i] = random_next (random) % (i % 5 == 0 ? 9000 : 100);
          model->kind[i] = random_next (random) % 5;
        }
      else
        {
          model->requested[i] = model->requested[i - 1];
          model->kind[i] = model->kind[i - 1];
        }
      model->site[i] = sites[random_next (random) % 3];
      if (random_next (random) % 4 == 0)
        heap_skip (heap, 1);
      heap_object (heap, model->requested[i], model->kind[i], model->site[i]);
    }
  for (unsigned i = 0; i < model->n; i++)
    {
      uint64_t words = model->requested[i] / 8;
      model->n_edges[i] = 0;
      if (words == 0 || model->kind[i] == GCG__KIND_ATOMIC
          || model->kind[i] == GCG__KIND_ATOMIC_UNCOLLECTABLE)
        continue;
      unsigned wanted = random_next (random) % 9;
      uint64_t word = 0;
      while (model->n_edges[i] < wanted && (word += random_next (random) % (words / 4 + 2)) < words)
        {
          model->edges[i][model->n_edges[i]++]
              = (struct model_edge){ 8 * word, random_next (random) % model->n };
          word++;
        }
      for (unsigned e = model->n_edges[i]; e-- > 0;)
        heap_edge (heap, i, model->edges[i][e].offset, model->edges[i][e].to);
    }
}

static void
model_compare (const struct model *model, const struct gcg__snapshot *s)
{
  assert_int_equal (s->n_objects, model->n);
  struct gcg__object_walk walk = gcg__objects (s);
  for (unsigned i = 0; i < model->n; i++)
    {
      assert_true (gcg__next_object (&walk));
      const struct gcg__object *object = &walk.object;
      assert_int_equal (object->kind, model->kind[i]);
      assert_int_equal (object->site, model->site[i]);
      if (model->site[i])
        assert_int_equal (object->requested_bytes, model->requested[i]);
      else
        assert_int_equal (object->requested_bytes, object->slot_bytes);
      struct gcg__edge_walk edges = gcg__edges_here (&walk);
      for (unsigned e = 0; e < model->n_edges[i]; e++)
        {
          assert_true (gcg__next_edge (&edges));
          assert_int_equal (edges.offset, model->edges[i][e].offset);
          assert_int_equal (edges.target, model->edges[i][e].to);
        }
      assert_false (gcg__next_edge (&edges));
    }
  assert_false (gcg__next_object (&walk));
}

static void
test_random_heaps (void **state)
{
  (void)state;
  static struct model model;
  for (uint64_t seed = 1; seed <= 300; seed++)
    {
      uint64_t random = seed;
      struct heap *heap = heap_new ();
      model_build (&model, heap, &random);
      struct gcg__snapshot *s = heap_snapshot (heap);
      model_compare (&model, s);
      uint64_t digest = tour (s);
      /* Taken apart, put together and read from memory of exact size: the same. */
      struct columns columns;
      columns_load (&columns, s);
      struct gcg__snapshot view = columns_view (&columns), *copy;
      assert_true (tour (&view) == digest);
      int fd = columns_write (&columns);
      assert_int_equal (gcg__snapshot_open_fd (fd, "copy", &copy, NULL), GCG_OK);
      assert_int_equal (copy->map_bytes, s->map_bytes);
      assert_memory_equal (copy->map, s->map, s->map_bytes);
      close (fd);
      gcg__snapshot_close (copy);
      columns_free (&columns);
      gcg__snapshot_close (s);
      heap_free (heap);
    }
}

static void
expect_refused (const char *path, enum gcg_status status, const char *words)
{
  struct gcg__snapshot *s = (void *)1;
  struct gcg_error error = { GCG_OK, "" };
  assert_int_equal (gcg__snapshot_open (path, &s, &error), status);
  assert_int_equal (gcg__snapshot_open (path, &s, NULL), status);
  assert_ptr_equal (s, (void *)1);
  assert_int_equal (error.status, status);
  assert_non_null (strstr (error.text, path));
  if (!strstr (error.text, words))
    fail_msg ("\"%s\" does not say \"%s\"", error.text, words);
}

static void
write_file (const char *path, const void *bytes, size_t n)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  assert_true (fd >= 0);
  assert_true (write (fd, bytes, n) == (ssize_t)n);
  close (fd);
}

static void
test_open (void **state)
{
  (void)state;
  char directory[] = "snapshot_unit.XXXXXX";
  assert_non_null (mkdtemp (directory));
  assert_int_equal (chdir (directory), 0);
  expect_refused ("missing", GCG_SYSTEM, "No such file");
  expect_refused (".", GCG_CORRUPT, "not a file");
  assert_int_equal (mkfifo ("pipe", 0600), 0);
  expect_refused ("pipe", GCG_CORRUPT, "not a file");
  expect_refused ("/dev/null", GCG_CORRUPT, "not a file");
  write_file ("file", "", 0);
  expect_refused ("file", GCG_CORRUPT, "empty");
  write_file ("file", "#!/bin/sh\n", 10);
  expect_refused ("file", GCG_CORRUPT, "not a gcglass snapshot");
  struct heap *heap = heap_new ();
  heap_object (heap, 8, GCG__KIND_NORMAL, 0);
  struct gcg__snapshot *s = heap_snapshot (heap), *again = NULL;
  char *bytes = malloc (s->map_bytes + 1);
  memcpy (bytes, s->map, s->map_bytes);
  bytes[s->map_bytes] = 0;
  write_file ("file", bytes, s->map_bytes);
  assert_int_equal (gcg__snapshot_open ("file", &again, NULL), GCG_OK);
  /* It is a copy: what becomes of the file does not matter. */
  assert_int_equal (truncate ("file", 0), 0);
  assert_true (tour (again) == tour (s));
  gcg__snapshot_close (again);
  write_file ("file", bytes, s->map_bytes + 1);
  expect_refused ("file", GCG_CORRUPT, "long, should be");
  bytes[offsetof (struct gcg__file_header, version)]++;
  write_file ("file", bytes, s->map_bytes);
  expect_refused ("file", GCG_VERSION, "format 2");
  unlink ("file");
  unlink ("pipe");
  assert_int_equal (chdir (".."), 0);
  assert_int_equal (rmdir (directory), 0);
  free (bytes);
  gcg__snapshot_close (s);
  heap_free (heap);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_checksum),
    cmocka_unit_test (test_empty),
    cmocka_unit_test (test_sites),
    cmocka_unit_test (test_slacks),
    cmocka_unit_test (test_big_counts_and_steps),
    cmocka_unit_test (test_find),
    cmocka_unit_test (test_finalizers_births_marks),
    cmocka_unit_test (test_random_heaps),
    cmocka_unit_test (test_open),
  };
  return cmocka_run_group_tests_name ("snapshot", tests, NULL, NULL);
}
