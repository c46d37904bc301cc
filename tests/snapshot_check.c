/* snapshot_check.c -- the checker refuses what breaks an invariant, and says which.
 *
 * Each case changes one thing in a sound snapshot, with all checksums made right again, so that
 * only the structural checks stand in its way.  The same snapshot unchanged must pass.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/columns.h"
#include "tests/heap.h"

/* Objects of the sound snapshot (heap.h). */
enum
{
  A = SOUND_A,
  B = SOUND_B,
  LARGE = SOUND_LARGE, /* 300 edges, then one far away */
  SLACK = SOUND_SLACK,
  PLAIN = SOUND_PLAIN,
  N_OBJECTS = N_SOUND_OBJECTS
};

static struct gcg__snapshot *sound;

static int
setup (void **state)
{
  (void)state;
  struct heap *heap = heap_sound (300);
  heap_edge (heap, A, 0, B);
  heap_edge (heap, A, 32, PLAIN);
  heap_edge (heap, B, 8, A);
  heap_edge (heap, LARGE, 8 * 1000, A);
  heap_edge (heap, SLACK, 4088, A);
  heap_finalizer (heap, A, GCG__FINALIZER_ORDERED);
  sound = heap_snapshot (heap);
  heap_free (heap);
  return 0;
}

static int
teardown (void **state)
{
  (void)state;
  gcg__snapshot_close (sound);
  return 0;
}

/* WORDS is what the refusal must say, NULL = must be accepted.  Frees COLUMNS. */
static void
expect (struct columns *columns, const char *name, const char *words)
{
  struct gcg__snapshot *s = NULL;
  struct gcg_error error = { GCG_OK, "" };
  int fd = columns_write (columns);
  enum gcg_status status = gcg__snapshot_open_fd (fd, name, &s, &error);
  close (fd);
  if (status == GCG_OK)
    {
      tour (s);
      gcg__snapshot_close (s);
    }
  columns_free (columns);
  if (!words && status != GCG_OK)
    fail_msg ("%s", error.text);
  if (words && (status != GCG_CORRUPT || !strstr (error.text, words)))
    fail_msg ("%s: status %d, \"%s\" does not say \"%s\"", name, status, error.text, words);
}

/* One number of the snapshot, and a value that it must not, or may, have. */
struct change
{
  const char *name, *words; /* of the refusal; NULL = accepted */
  unsigned code;
  uint64_t element;
  unsigned offset, bytes; /* in the element */
  uint64_t value;
};

#define FIELD(name, type, field)                                                                   \
  GCG__SECTION_##name, 0, offsetof (type, field), sizeof (((type *)0)->field)
#define FIELD_OF(name, element, type, field)                                                       \
  GCG__SECTION_##name, element, offsetof (type, field), sizeof (((type *)0)->field)
#define WORD(object) GCG__SECTION_WORDS, object, 0, 8
#define MAKE_WORD(flags, slack, birth, site)                                                       \
  ((uint64_t)(flags) << 48 | (uint64_t)(slack) << 40 | (uint64_t)(birth) << 20 | (site))
#define ALL UINT64_MAX

static const struct change changes[] = {
  { "unordered block", "(I1)", FIELD_OF (BLOCKS, 1, struct gcg__block, address), 0x1000 },
  { "overlap", "(I1)", FIELD_OF (BLOCKS, 0, struct gcg__block, address), 0x7f0000001fc0 },
  { "end of addresses", "(I1)", FIELD_OF (BLOCKS, 3, struct gcg__block, address), ALL - 15 },
  { "last byte of addresses", NULL, FIELD_OF (BLOCKS, 3, struct gcg__block, address), ALL - 63 },
  { "slot of 0", "(I1)", FIELD (BLOCKS, struct gcg__block, slot_bytes), 0 },
  { "slot of 4", "(I1)", FIELD (BLOCKS, struct gcg__block, slot_bytes), 44 },
  { "slot of 2^64 - 8", "(I", FIELD_OF (BLOCKS, 1, struct gcg__block, slot_bytes), ALL - 7 },
  { "slots of 2^63", "(I", FIELD (BLOCKS, struct gcg__block, slot_bytes), 1ull << 63 },
  { "two large in a block", "(I2)", FIELD (BLOCKS, struct gcg__block, slot_bytes), 4104 },
  { "first object not 0", "(I1", FIELD (BLOCKS, struct gcg__block, first_object), 1 },
  { "block without objects", "(I1", FIELD_OF (BLOCKS, 1, struct gcg__block, first_object), 0 },
  { "objects of another", "(I", FIELD_OF (BLOCKS, 1, struct gcg__block, first_object), 1 },
  { "objects past all", "(I", FIELD_OF (BLOCKS, 3, struct gcg__block, first_object), 9 },
  { "objects 2^32 - 1", "(I", FIELD_OF (BLOCKS, 2, struct gcg__block, first_object), UINT32_MAX },
  { "first edge not 0", "(I3)", FIELD (BLOCKS, struct gcg__block, first_edge), 1 },
  { "first edge", "(I3)", FIELD_OF (BLOCKS, 2, struct gcg__block, first_edge), 5 },
  { "any kind", NULL, FIELD (BLOCKS, struct gcg__block, kind), 15 },
  { "slots not ascending", "(I2)", GCG__SECTION_SLOTS, A, 0, 1, 2 },
  { "slots descending", "(I2)", GCG__SECTION_SLOTS, A, 0, 1, 3 },
  { "slot past the next block", "(I1)", GCG__SECTION_SLOTS, B, 0, 1, 255 },
  { "large object, slot 1", "(I2)", GCG__SECTION_SLOTS, LARGE, 0, 1, 1 },
  { "fewer edges", "(I", GCG__SECTION_EDGE_COUNTS, A, 0, 1, 1 },
  { "more edges", "(I", GCG__SECTION_EDGE_COUNTS, A, 0, 1, 3 },
  { "more edges than words", "(I", GCG__SECTION_EDGE_COUNTS, A, 0, 1, 254 },
  { "escaped count of nothing", "(I3, I4, I6)", GCG__SECTION_EDGE_COUNTS, A, 0, 1, 255 },
  { "edge past the end", "(I3)", GCG__SECTION_EDGE_COUNTS, SLACK, 0, 1, 0 },
  { "target n", "(I4)", GCG__SECTION_EDGE_TARGETS, 0, 0, 4, N_OBJECTS },
  { "target 2^32 - 1", "(I4)", GCG__SECTION_EDGE_TARGETS, 303, 0, 4, UINT32_MAX },
  { "last target", NULL, GCG__SECTION_EDGE_TARGETS, 0, 0, 4, N_OBJECTS - 1 },
  { "edge past its object", "(I3, I4, I6)", GCG__SECTION_EDGE_STEPS, 1, 0, 1, 5 },
  { "edge in the last word", NULL, GCG__SECTION_EDGE_STEPS, 1, 0, 1, 4 },
  { "escaped step of nothing", "(I3, I4, I6)", GCG__SECTION_EDGE_STEPS, 0, 0, 1, 255 },
  { "unescaped step", "I6)", GCG__SECTION_EDGE_STEPS, 303, 0, 1, 200 },
  { "site", "(I5, I6)", WORD (B), MAKE_WORD (3, 0, 0, 3) },
  { "last site", NULL, WORD (A), MAKE_WORD (7, 0, 0, 2) },
  { "birth", NULL, WORD (B), MAKE_WORD (3, 0, 0xfffff, 2) },
  { "slack past the slot", "(I5, I6)", WORD (B), MAKE_WORD (3, 41, 0, 1) },
  { "slack of all", NULL, WORD (B), MAKE_WORD (3, 40, 0, 1) },
  { "escaped slack of nothing", "(I5, I6)", WORD (B), MAKE_WORD (3, 255, 0, 1) },
  { "unescaped slack", "(I6)", WORD (SLACK), MAKE_WORD (6, 7, 0, 1) },
  { "site without tag", "(I5, I6)", WORD (PLAIN), MAKE_WORD (1, 0, 0, 1) },
  { "birth without tag", "(I5, I6)", WORD (PLAIN), MAKE_WORD (1, 0, 1, 0) },
  { "slack without tag", "(I5, I6)", WORD (PLAIN), MAKE_WORD (1, 1, 0, 0) },
  { "finalizer without entry", "(I7)", WORD (PLAIN), MAKE_WORD (5, 0, 0, 0) },
  { "entry without flag", "(I7)", WORD (A), MAKE_WORD (3, 0, 0, 1) },
  { "unknown flag", NULL, WORD (PLAIN), MAKE_WORD (0x8001, 0, 0, 0) },
  { "big slack's object", "(I5, I6)", FIELD (BIG_SLACKS, struct gcg__big, index), A },
  { "big slack too big", "(I5, I6)", FIELD (BIG_SLACKS, struct gcg__big, value), 4089 },
  { "big slack 2^64 - 1", "(I5, I6)", FIELD (BIG_SLACKS, struct gcg__big, value), ALL },
  { "big slack not big", "(I5, I6)", FIELD (BIG_SLACKS, struct gcg__big, value), 254 },
  { "big slack of all", NULL, FIELD (BIG_SLACKS, struct gcg__big, value), 4088 },
  { "big count's object", "(I3, I4, I6)", FIELD (BIG_COUNTS, struct gcg__big, index), ALL },
  { "big count", "(I3", FIELD (BIG_COUNTS, struct gcg__big, value), 300 },
  { "big count too big", "(I3, I4, I6)", FIELD (BIG_COUNTS, struct gcg__big, value), 305 },
  { "big count 2^64 - 1", "(I3, I4, I6)", FIELD (BIG_COUNTS, struct gcg__big, value), ALL },
  { "big count not big", "(I3, I4, I6)", FIELD (BIG_COUNTS, struct gcg__big, value), 0 },
  { "big step's edge", "(I3, I4, I6)", FIELD (BIG_STEPS, struct gcg__big, index), 0 },
  { "big step too big", "(I3, I4, I6)", FIELD (BIG_STEPS, struct gcg__big, value), 12300 },
  { "big step 2^61", "(I3, I4, I6)", FIELD (BIG_STEPS, struct gcg__big, value), 1ull << 61 },
  { "big step 2^64 - 1", "(I3, I4, I6)", FIELD (BIG_STEPS, struct gcg__big, value), ALL },
  { "finalizers descend", "(I5, I7)", FIELD_OF (FINALIZERS, 1, struct gcg__finalizer, object), A },
  { "finalizer's object", "(I5, I7)", FIELD_OF (FINALIZERS, 1, struct gcg__finalizer, object),
    ALL },
  { "finalizer of another", "(I5, I7)", FIELD (FINALIZERS, struct gcg__finalizer, object), B },
  { "mode 0", "(I5, I7)", FIELD (FINALIZERS, struct gcg__finalizer, mode), 0 },
  { "mode 5", "(I5, I7)", FIELD (FINALIZERS, struct gcg__finalizer, mode), 5 },
  { "root's object", "(I5)", FIELD (ROOTS, struct gcg__root, object), N_OBJECTS },
  { "root's region", "(I5)", FIELD (ROOTS, struct gcg__root, region), 1 },
  { "region's module", "(I5)", FIELD (REGIONS, struct gcg__region, index), 1 },
  { "region's kind 0", "(I5)", FIELD (REGIONS, struct gcg__region, kind), 0 },
  { "region's kind 7", "(I5)", FIELD (REGIONS, struct gcg__region, kind), 7 },
  { "region of a thread", NULL, FIELD (REGIONS, struct gcg__region, kind), GCG__REGION_STACK },
  { "site 0", "(I5)", FIELD (SITES, struct gcg__site, kind), GCG__SITE_MACRO },
  { "another site of none", "(I5)", FIELD_OF (SITES, 1, struct gcg__site, kind), 0 },
  { "site's kind", "(I5)", FIELD_OF (SITES, 1, struct gcg__site, kind), 3 },
  { "site's file", "(I5)", FIELD_OF (SITES, 1, struct gcg__site, file), UINT32_MAX },
  { "site's function", "(I5)", FIELD_OF (SITES, 1, struct gcg__site, function), UINT32_MAX },
  { "site's expression", "(I5)", FIELD_OF (SITES, 1, struct gcg__site, expression), UINT32_MAX },
  { "site's type", "(I5)", FIELD_OF (SITES, 1, struct gcg__site, type), UINT32_MAX },
  { "site's frames", "(I5)", FIELD_OF (SITES, 2, struct gcg__site, n_frames), 3 },
  { "site's first frame", "(I5)", FIELD_OF (SITES, 2, struct gcg__site, first_frame), 1 },
  { "frames 2^32 - 1", "(I5)", FIELD_OF (SITES, 2, struct gcg__site, n_frames), UINT32_MAX },
  { "frame 2^32 - 1", "(I5)", FIELD_OF (SITES, 2, struct gcg__site, first_frame), UINT32_MAX },
  { "module's path", "(I5)", FIELD (MODULES, struct gcg__module, path), UINT32_MAX },
  { "module's build id", "(I5)", FIELD (MODULES, struct gcg__module, build_id), UINT32_MAX },
  { "thread's name", "(I5)", FIELD (THREADS, struct gcg__thread, name), UINT32_MAX },
  { "description", "(I5)", FIELD (INFO, struct gcg__info, description), UINT32_MAX },
  { "program", "(I5)", FIELD (INFO, struct gcg__info, program), UINT32_MAX },
  { "command line", "(I5)", FIELD (INFO, struct gcg__info, command_line), UINT32_MAX },
  { "agent version", "(I5)", FIELD (INFO, struct gcg__info, agent_version), UINT32_MAX },
  { "status", "(I5)", FIELD (INFO, struct gcg__info, proc_status), UINT32_MAX },
  { "stat", "(I5)", FIELD (INFO, struct gcg__info, proc_stat), UINT32_MAX },
  { "stack's thread", "(I9)", FIELD (STACK_PIECES, struct gcg__stack_piece, thread), 1 },
  { "stack's first word", "(I9)", FIELD (STACK_PIECES, struct gcg__stack_piece, first), 1 },
  { "a stack too short", "(I9)", FIELD (STACK_PIECES, struct gcg__stack_piece, n), 7 },
  { "a stack too long", "(I9)", FIELD (STACK_PIECES, struct gcg__stack_piece, n), UINT32_MAX },
  { "stack between words", "(I9)", FIELD (STACK_PIECES, struct gcg__stack_piece, low), 4 },
  { "stack's end", "(I9)", FIELD (STACK_PIECES, struct gcg__stack_piece, low), UINT64_MAX - 7 },
  { "strings' first byte", "(I5)", GCG__SECTION_STRINGS, 0, 0, 1, 'a' },
};

static void
test_changes (void **state)
{
  (void)state;
  struct columns columns;
  columns_load (&columns, sound);
  expect (&columns, "sound", NULL);
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
    {
      const struct change *change = &changes[i];
      columns_load (&columns, sound);
      uint8_t *element = columns_at (&columns, change->code, change->element);
      assert_memory_not_equal (element + change->offset, &change->value, change->bytes);
      memcpy (element + change->offset, &change->value, change->bytes);
      expect (&columns, change->name, change->words);
    }
}

/* Each section one element longer, shorter, and empty. */
static void
test_lengths (void **state)
{
  (void)state;
  for (unsigned code = 1; code <= GCG__N_SECTIONS; code++)
    for (unsigned way = 0; way < 3; way++)
      {
        struct columns columns;
        columns_load (&columns, sound);
        uint64_t n = columns.sections[code - 1].n;
        /* These may have any length: nothing counts or needs their last element. */
        bool any = code == GCG__SECTION_COLLECTIONS || (way != 0 && code == GCG__SECTION_STATISTICS)
                   || (way == 0 && code == GCG__SECTION_ROOT_PLACES) /* of the one root */
                   || (way == 0 && code == GCG__SECTION_LIVE)        /* of the one collection */
                   || (way == 0
                       && (code == GCG__SECTION_USAGE || code == GCG__SECTION_RULES
                           || code == GCG__SECTION_VERDICTS))
                   || (way == 0
                       && (code == GCG__SECTION_STRINGS || code == GCG__SECTION_MODULES
                           || code == GCG__SECTION_FRAMES || code == GCG__SECTION_THREADS))
                   || (way != 0 && code == GCG__SECTION_ROOTS);
        if (way != 0 && n == 0)
          {
            columns_free (&columns);
            continue;
          }
        columns_resize (&columns, code, way == 0 ? n + 1 : way == 1 ? n - 1 : 0);
        if (way == 0 && code == GCG__SECTION_REGIONS)
          *(uint32_t *)columns_at (&columns, code, n) = GCG__REGION_EXPLICIT, any = true;
        if (way == 0 && code == GCG__SECTION_SITES)
          *(uint32_t *)columns_at (&columns, code, n) = GCG__SITE_MACRO, any = true;
        if (way == 0 && code == GCG__SECTION_ROOTS)
          any = true; /* object 0, region 0 */
        expect (&columns, "length", any ? NULL : "damaged snapshot");
      }
}

/* Figures may be any; the text must be one. */
static void
test_statistics (void **state)
{
  (void)state;
  struct columns columns;
  struct gcg__statistics *statistics;
  columns_load (&columns, sound);
  statistics = columns_at (&columns, GCG__SECTION_STATISTICS, 0);
  memset (&statistics->heap_bytes, 0xff, sizeof *statistics - 8);
  statistics->flags = UINT32_MAX;
  expect (&columns, "any figures", NULL);
  columns_load (&columns, sound);
  statistics = columns_at (&columns, GCG__SECTION_STATISTICS, 0);
  statistics->smaps = (gcg__string)columns.sections[GCG__SECTION_STRINGS - 1].n;
  expect (&columns, "smaps", "(I5)");
}

/* Usage is recorded once; the text of rules is one. */
static void
test_usage_and_rules (void **state)
{
  (void)state;
  static const char text[] = "leak:a\nleak:b";
  struct heap *heap = heap_new ();
  struct columns columns;
  heap_malloc (heap);
  heap_usage (heap, &(struct gcg__usage){ 9, 8, 7, 1, 6, 2, 5 });
  heap_rules (heap, text);
  struct gcg__snapshot *s = heap_snapshot (heap);
  heap_free (heap);
  assert_int_equal (s->usage->allocs, 9);
  assert_int_equal (s->usage->peak_bytes, 5);
  assert_string_equal (s->rules, text);
  columns_load (&columns, s);
  columns_resize (&columns, GCG__SECTION_USAGE, 2);
  expect (&columns, "two usages", "USAGE is there 2 times");
  columns_load (&columns, s);
  columns_resize (&columns, GCG__SECTION_RULES, sizeof text - 1);
  expect (&columns, "rules without an end", "(I13)");
  columns_load (&columns, s);
  *(char *)columns_at (&columns, GCG__SECTION_RULES, 6) = 0;
  expect (&columns, "rules with two ends", "(I13)");
  columns_load (&columns, s);
  columns_resize (&columns, GCG__SECTION_RULES, 0);
  columns_resize (&columns, GCG__SECTION_USAGE, 0);
  expect (&columns, "neither", NULL);
  gcg__snapshot_close (s);
}

/* Verdicts are there once, and may be any. */
static void
test_verdicts (void **state)
{
  (void)state;
  struct columns columns;
  columns_load (&columns, sound);
  columns_resize (&columns, GCG__SECTION_VERDICTS, 2);
  expect (&columns, "two of them", "VERDICTS is there 2 times");
  columns_load (&columns, sound);
  columns_resize (&columns, GCG__SECTION_VERDICTS, 1);
  memset (columns_at (&columns, GCG__SECTION_VERDICTS, 0), 0xff, sizeof (struct gcg__verdicts));
  expect (&columns, "any", NULL);
}

/* What collections have left alive is there of each or of none. */
static void
test_live (void **state)
{
  (void)state;
  struct heap *heap = heap_new ();
  struct columns columns;
  heap_collection (heap, 6, 1000, 4096);
  struct gcg__snapshot *s = heap_snapshot (heap);
  heap_free (heap);
  assert_int_equal (s->n_collections, 2);
  assert_int_equal (s->live[0], 4096);
  assert_int_equal (s->live[1], 0);
  static const struct
  {
    unsigned code, n;
    const char *words;
  } lengths[] = { { GCG__SECTION_LIVE, 1, "differ in length" },
                  { GCG__SECTION_LIVE, 3, "differ in length" },
                  { GCG__SECTION_COLLECTIONS, 1, "differ in length" },
                  { GCG__SECTION_COLLECTIONS, 0, "differ in length" },
                  { GCG__SECTION_LIVE, 0, NULL } };
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
    {
      columns_load (&columns, s);
      columns_resize (&columns, lengths[i].code, lengths[i].n);
      expect (&columns, "live bytes", lengths[i].words);
    }
  assert_null (sound->live);
  gcg__snapshot_close (s);
}

/* Previews are those of all objects, or none; each change with all else sound. */
static void
test_previews (void **state)
{
  (void)state;
  static const struct
  {
    const char *words;
    unsigned code;
    int resize; /* by so many elements */
    uint64_t element, value;
  } cases[] = {
    { NULL, GCG__SECTION_PREVIEWS, 0, 0, 0 },
    { "(I10)", GCG__SECTION_PREVIEWS, 1, 0, 0 },
    { "(I10)", GCG__SECTION_PREVIEWS, -1, 0, 0 },
    { "(I10)", GCG__SECTION_PREVIEW_STARTS, 1, 0, 0 },
    { "(I10)", GCG__SECTION_PREVIEW_STARTS, -1, 0, 0 },
    { "(I10)", GCG__SECTION_PREVIEW_STARTS, -4, 0, 0 },
    { "(I10)", GCG__SECTION_PREVIEW_STARTS, 0, 0, 1 },
    { "(I10)", GCG__SECTION_PREVIEW_STARTS, 0, 2, 0 },
    { "(I10)", GCG__SECTION_PREVIEW_STARTS, 0, 3, ALL },
    { "(I10)", GCG__SECTION_WORDS, 0, B, MAKE_WORD (3, 1, 0, 1) },
  };
  struct heap *heap = heap_new ();
  uint32_t node = heap_site (heap, "struct node", "a.c", 1, "f");
  heap_object (heap, 40, GCG__KIND_NORMAL, node);
  heap_object (heap, 40, GCG__KIND_NORMAL, node);
  heap_object (heap, 100000, GCG__KIND_NORMAL, node);
  heap_slot (heap, 100, 4096, GCG__KIND_NORMAL, node);
  heap_object (heap, 48, GCG__KIND_NORMAL, 0);
  heap_contents (heap, B, "hello", 5);
  struct gcg__snapshot *s = heap_snapshot (heap);
  heap_free (heap);
  uint32_t n;
  assert_memory_equal (gcg__snapshot_preview (s, B, &n), "hello\0", 6);
  assert_int_equal (n, 40);
  assert_int_equal (s->n_previews, 40 + 40 + 64 + 64 + 48);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    {
      struct columns columns;
      columns_load (&columns, s);
      columns_resize (&columns, cases[i].code,
                      columns.sections[cases[i].code - 1].n + (uint64_t)cases[i].resize);
      if (cases[i].resize == 0 && cases[i].code != GCG__SECTION_PREVIEWS)
        memcpy (columns_at (&columns, cases[i].code, cases[i].element), &cases[i].value, 8);
      expect (&columns, "previews", cases[i].words);
    }
  gcg__snapshot_close (s);
}

/* Places are those of all edges and roots, or of none; each change with all else sound. */
static void
test_places (void **state)
{
  (void)state;
  static const struct
  {
    const char *words;
    unsigned code;
    int resize; /* by so many elements */
    uint8_t value;
  } cases[] = {
    { NULL, GCG__SECTION_EDGE_PLACES, 0, GCG__PLACE_INSIDE },
    { NULL, GCG__SECTION_EDGE_PLACES, -2, 0 },
    { NULL, GCG__SECTION_ROOT_PLACES, 0, GCG__PLACE_PAST },
    { NULL, GCG__SECTION_ROOT_PLACES, -1, 0 },
    { "(I11)", GCG__SECTION_EDGE_PLACES, 0, 3 },
    { "(I11)", GCG__SECTION_EDGE_PLACES, 0, 255 },
    { "(I11)", GCG__SECTION_EDGE_PLACES, 1, 0 },
    { "(I11)", GCG__SECTION_EDGE_PLACES, -1, 0 },
    { "(I11)", GCG__SECTION_ROOT_PLACES, 0, 3 },
    { "(I11)", GCG__SECTION_ROOT_PLACES, 1, 0 },
    { "(I11)", GCG__SECTION_ROOTS, 1, 0 },
    { "(I11)", GCG__SECTION_ROOTS, -1, 0 },
  };
  struct heap *heap = heap_new ();
  uint32_t node = heap_site (heap, "struct node", "a.c", 1, "f");
  heap_object (heap, 40, GCG__KIND_NORMAL, node);
  heap_object (heap, 40, GCG__KIND_NORMAL, node);
  heap_edge_at (heap, A, 16, B, GCG__PLACE_PAST);
  heap_edge (heap, A, 8, A);
  heap_root_at (heap, A, 0x1000, GCG__PLACE_INSIDE);
  struct gcg__snapshot *s = heap_snapshot (heap);
  heap_free (heap);
  assert_int_equal (gcg__edge_place (s, 0), GCG__PLACE_START);
  assert_int_equal (gcg__edge_place (s, 1), GCG__PLACE_PAST);
  assert_int_equal (gcg__root_place (s, 0), GCG__PLACE_INSIDE);
  assert_int_equal (gcg__root_place (sound, 0), GCG__PLACE_START);
  assert_null (sound->edge_places);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    {
      struct columns columns;
      columns_load (&columns, s);
      columns_resize (&columns, cases[i].code,
                      columns.sections[cases[i].code - 1].n + (uint64_t)cases[i].resize);
      if (cases[i].resize == 0)
        *(uint8_t *)columns_at (&columns, cases[i].code, 0) = cases[i].value;
      expect (&columns, "places", cases[i].words);
    }
  gcg__snapshot_close (s);
}

/* Hazards are of objects that are not marked, in their order; each change with all else sound. */
static void
test_hazards (void **state)
{
  (void)state;
  static const struct
  {
    const char *words;
    int resize; /* by so many elements */
    uint32_t element;
    struct gcg__hazard value;
  } cases[] = {
    { NULL, 0, 0, { B, GCG__HAZARD_STACK, 0, 0, 1 } },
    { NULL, 0, 2, { 2, GCG__HAZARD_MALLOC, 0, 0, 1 } },
    { NULL, 0, 3, { UINT32_MAX, GCG__HAZARD_REST, 7, 7, UINT64_MAX } },
    { NULL, -1, 0, { B, GCG__HAZARD_KEY, 0, 0, 1 } },
    { "(I12)", 0, 0, { A, GCG__HAZARD_TLS, 0, 0, 1 } },
    { "(I12)", 0, 0, { 3, GCG__HAZARD_TLS, 0, 0, 1 } },
    { "(I12)", 0, 2, { UINT32_MAX, GCG__HAZARD_TLS, 0, 0, 1 } },
    { "(I12)", 0, 0, { 2, GCG__HAZARD_TLS, 0, 0, 1 } },
    { "(I12)", 0, 0, { B, 0, 0, 0, 1 } },
    { "(I12)", 0, 1, { B, GCG__HAZARD_REST, 0, 0, 1 } },
    { "(I12)", 0, 0, { B, GCG__HAZARD_REST + 1, 0, 0, 1 } },
    { "(I12)", 0, 0, { B, GCG__HAZARD_TLS, 1, 0, 1 } },
    { "(I12)", 0, 0, { B, GCG__HAZARD_KEY, 1, 0, 1 } },
    { "(I12)", 0, 0, { B, GCG__HAZARD_STACK, 1, 0, 1 } },
    { "(I12)", 0, 0, { B, GCG__HAZARD_MALLOC, 1, 0, 1 } },
    { "(I12)", 0, 0, { B, GCG__HAZARD_TLS, 0, 1, 1 } },
    { "too long", GCG__HAZARDS_MAX, 0, { B, GCG__HAZARD_TLS, 0, 0, 1 } },
  };
  struct heap *heap = heap_new ();
  uint32_t node = heap_site (heap, "struct node", "a.c", 1, "f");
  for (int i = 0; i < 3; i++)
    heap_object (heap, 40, GCG__KIND_NORMAL, node);
  heap_root (heap, A);
  heap_hazard (heap, 2, GCG__HAZARD_MALLOC, 0x3000);
  heap_hazard (heap, B, GCG__HAZARD_TLS, 0x1000);
  heap_hazard (heap, B, GCG__HAZARD_KEY, 0x2000);
  heap_hazards_left_out (heap, 5);
  struct gcg__snapshot *s = heap_snapshot (heap);
  heap_free (heap);
  uint32_t n;
  assert_int_equal (s->n_hazards, 3);
  assert_int_equal (s->n_hazards_left_out, 5);
  assert_ptr_equal (gcg__snapshot_hazards (s, B, &n), s->hazards);
  assert_int_equal (n, 2);
  assert_int_equal (gcg__snapshot_hazards (s, 2, &n)->address, 0x3000);
  assert_int_equal (n, 1);
  gcg__snapshot_hazards (s, A, &n);
  assert_int_equal (n, 0);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    {
      struct columns columns;
      columns_load (&columns, s);
      columns_resize (&columns, GCG__SECTION_HAZARDS, 4 + (uint64_t)cases[i].resize);
      memcpy (columns_at (&columns, GCG__SECTION_HAZARDS, cases[i].element), &cases[i].value,
              sizeof cases[i].value);
      expect (&columns, "hazards", cases[i].words);
    }
  gcg__snapshot_close (s);
}

/* All three columns of the objects, or none. */
static void
test_no_objects (void **state)
{
  (void)state;
  struct columns columns;
  columns_load (&columns, sound);
  for (unsigned code = GCG__SECTION_ROOTS; code <= GCG__SECTION_FINALIZERS; code++)
    columns_resize (&columns, code, 0);
  expect (&columns, "nothing", NULL);
  columns_load (&columns, sound);
  columns_resize (&columns, GCG__SECTION_BLOCKS, 0);
  expect (&columns, "objects without blocks", "(I2)");
}

/* What may be shared is short. */
static void
test_limits (void **state)
{
  (void)state;
  for (unsigned over = 0; over < 2; over++)
    {
      struct columns columns;
      columns_load (&columns, sound);
      uint64_t at = columns.sections[GCG__SECTION_STRINGS - 1].n;
      uint64_t length = GCG__STRING_MAX + over;
      columns_resize (&columns, GCG__SECTION_STRINGS, at + length + 1);
      memset (columns_at (&columns, GCG__SECTION_STRINGS, at), 'x', length);
      ((struct gcg__info *)columns_at (&columns, GCG__SECTION_INFO, 0))->command_line = at;
      ((struct gcg__site *)columns_at (&columns, GCG__SECTION_SITES, 1))->type = at;
      expect (&columns, "long string", over ? "(I5)" : NULL);

      columns_load (&columns, sound);
      columns_resize (&columns, GCG__SECTION_FRAMES, 1000);
      ((struct gcg__site *)columns_at (&columns, GCG__SECTION_SITES, 2))->n_frames
          = GCG__FRAMES_MAX + over;
      expect (&columns, "deep stack", over ? "(I5)" : NULL);

      columns_load (&columns, sound);
      columns_resize (&columns, GCG__SECTION_SITES, GCG__SITES_MAX + over);
      for (uint32_t i = 3; i < GCG__SITES_MAX + over; i++)
        ((struct gcg__site *)columns_at (&columns, GCG__SECTION_SITES, i))->kind = GCG__SITE_STACK;
      expect (&columns, "many sites", over ? "too long" : NULL);
    }
  struct columns columns;
  columns_load (&columns, sound);
  uint64_t n = columns.sections[GCG__SECTION_STRINGS - 1].n;
  *(char *)columns_at (&columns, GCG__SECTION_STRINGS, n - 1) = 'x';
  expect (&columns, "no NUL at the end", "(I5)");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_changes),         cmocka_unit_test (test_lengths),
    cmocka_unit_test (test_previews),        cmocka_unit_test (test_statistics),
    cmocka_unit_test (test_places),          cmocka_unit_test (test_no_objects),
    cmocka_unit_test (test_limits),          cmocka_unit_test (test_hazards),
    cmocka_unit_test (test_usage_and_rules), cmocka_unit_test (test_live),
    cmocka_unit_test (test_verdicts),
  };
  return cmocka_run_group_tests_name ("snapshot_check", tests, setup, teardown);
}
