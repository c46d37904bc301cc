/* symbol_layout.c -- fields, pointers and variables of this very program, by its debug information,
 * against what the compiler says of them.
 */
#include "config.h"

#include "symbol/symbol.h"
#include "tests/modules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What lists hang on. */
struct hook
{
  struct hook *next, *prev;
};

/* Known by its typedef only. */
typedef struct
{
  int number;
  struct hook hook;
  char *name;
} entry;

struct leaf
{
  long value;
};

struct big
{
  entry *first;
  entry **table;
  struct hook hooks[3];
  struct
  {
    struct hook *slots[4];
    int used;
  } levels[2];
  unsigned low : 3, high : 5;
  union
  {
    double number;
    struct leaf *leaf;
  };
  union
  {
    struct leaf *one;
    entry *other;
  } either;
  const long *const numbers;
  void *anything;
  void (*call) (int);
  struct leaf *grid[2][3];
  struct leaf *tail[];
};

/* Two names for one structure. */
typedef struct leaf leaf_type;
struct holder
{
  leaf_type *by_alias;
  const struct leaf *by_tag;
};

struct big *the_big;
static entry entries[7];
struct hook *volatile hook_grid[3][2];
struct holder holder_object;

struct fixture
{
  struct modules *modules;
  struct gcg__symbols *symbols;
};

static int
setup (void **state)
{
  struct fixture *fixture = calloc (1, sizeof *fixture);
  struct gcg_error error;
  fixture->modules = modules_new ();
  modules_add_process (fixture->modules);
  assert_int_equal (
      gcg__symbols_new (modules_snapshot (fixture->modules), &fixture->symbols, &error), GCG_OK);
  *state = fixture;
  return 0;
}

static int
teardown (void **state)
{
  struct fixture *fixture = *state;
  gcg__symbols_free (fixture->symbols);
  modules_free (fixture->modules);
  free (fixture);
  return 0;
}

/* What the word at OFFSET of an object of TYPE and BYTES points to; NULL: it is no pointer. */
static const char *
pointee (const struct fixture *fixture, const char *type, uint64_t bytes, uint64_t offset)
{
  struct gcg__pointers pointers;
  if (!gcg__symbols_pointers (fixture->symbols, type, bytes, &pointers))
    return NULL;
  const struct gcg__pointer *found = gcg__pointers_at (&pointers, offset);
  return found != NULL ? found->to : NULL;
}

static void
expect (const struct fixture *fixture, uint64_t bytes, uint64_t offset, const char *to)
{
  const char *found = pointee (fixture, "struct big", bytes, offset);
  if (to == NULL)
    assert_null (found);
  else
    {
      assert_non_null (found);
      assert_string_equal (found, to);
    }
}

static void
test_pointers (void **state)
{
  const struct fixture *fixture = *state;
  const uint64_t exact = sizeof (struct big);
  uint64_t n = 0;
  expect (fixture, exact, offsetof (struct big, first), "entry");
  expect (fixture, exact, offsetof (struct big, table), "entry *");
  for (int i = 0; i < 3; i++)
    {
      expect (fixture, exact, offsetof (struct big, hooks[i].next), "struct hook");
      expect (fixture, exact, offsetof (struct big, hooks[i].prev), "struct hook");
    }
  for (int level = 0; level < 2; level++)
    {
      for (int i = 0; i < 4; i++)
        expect (fixture, exact, offsetof (struct big, levels[level].slots[i]), "struct hook");
      expect (fixture, exact, offsetof (struct big, levels[level].used), NULL);
    }
  expect (fixture, exact, offsetof (struct big, leaf), "struct leaf");
  expect (fixture, exact, offsetof (struct big, either), NULL);
  expect (fixture, exact, offsetof (struct big, numbers), "long");
  expect (fixture, exact, offsetof (struct big, anything), "");
  expect (fixture, exact, offsetof (struct big, call), "");
  for (int i = 0; i < 6; i++)
    expect (fixture, exact, offsetof (struct big, grid[i / 3][i % 3]), "struct leaf");
  /* The open array, as far as the object goes; nothing else in the object is a pointer. */
  for (uint64_t at = 0; at < exact; at += 8)
    n += pointee (fixture, "struct big", exact, at) != NULL;
  assert_int_equal (n, 2 + 6 + 8 + 1 + 1 + 2 + 6);
  expect (fixture, exact + 24, offsetof (struct big, tail[2]), "struct leaf");
  /* Inside a word stands no pointer. */
  expect (fixture, exact, 4, NULL);
}

static void
test_fit (void **state)
{
  const struct fixture *fixture = *state;
  struct gcg__pointers pointers;
  struct gcg__symbols *s = fixture->symbols;
  assert_true (gcg__symbols_pointers (s, "struct hook", 16, &pointers));
  assert_int_equal (pointers.fit, GCG__FIT_EXACT);
  assert_string_equal (pointers.items[0].in, "struct hook");
  assert_ptr_equal (pointers.items[0].in, pointers.items[0].to);
  assert_true (gcg__symbols_pointers (s, "struct hook", 48, &pointers));
  assert_int_equal (pointers.fit, GCG__FIT_MANY);
  assert_string_equal (pointee (fixture, "struct hook", 48, 40), "struct hook");
  assert_true (gcg__symbols_pointers (s, "struct hook", 40, &pointers));
  assert_int_equal (pointers.fit, GCG__FIT_PART);
  assert_null (gcg__pointers_at (&pointers, 32));
  assert_false (gcg__symbols_pointers (s, "struct hook", 8, &pointers));
  assert_int_equal (pointers.fit, GCG__FIT_NOT);
  assert_false (gcg__symbols_pointers (s, "struct nowhere", 8, &pointers));
  assert_int_equal (pointers.n, 0);
  assert_false (gcg__symbols_pointers (s, "", 0, &pointers));
  /* Arrays of pointers. */
  assert_string_equal (pointee (fixture, "entry **", 80, 72), "entry *");
  assert_string_equal (pointee (fixture, "struct hook *", 8, 0), "struct hook");
  assert_string_equal (pointee (fixture, "leaf_type *[4]", 32, 24), "struct leaf");
  assert_string_equal (pointee (fixture, "char *", 8, 0), "");
  assert_string_equal (pointee (fixture, "void (*) (int)", 8, 0), "");
}

/* However a structure is called, pointers to it are written in one way. */
static void
test_names (void **state)
{
  const struct fixture *fixture = *state;
  struct gcg__symbols *s = fixture->symbols;
  const char *by_alias = pointee (fixture, "struct holder", 16, 0);
  const char *by_tag = pointee (fixture, "struct holder", 16, 8);
  assert_string_equal (by_alias, "struct leaf");
  assert_ptr_equal (by_alias, by_tag);
  assert_ptr_equal (gcg__symbols_type_name (s, "leaf_type"), by_tag);
  assert_ptr_equal (gcg__symbols_type_name (s, "struct leaf"), by_tag);
  assert_ptr_equal (gcg__symbols_type_name (s, "const struct leaf"), by_tag);
  assert_ptr_equal (gcg__symbols_type_name (s, "leaf_type *"),
                    gcg__symbols_type_name (s, "struct leaf *"));
  assert_string_equal (gcg__symbols_type_name (s, "entry"), "entry");
  assert_string_equal (gcg__symbols_type_name (s, "char"), "");
  assert_string_equal (gcg__symbols_type_name (s, "void"), "");
  assert_string_equal (gcg__symbols_type_name (s, "void *"), "void *");
}

static const struct gcg__type_field *
field (const struct gcg__type_field *fields, uint32_t n, const char *name, uint32_t depth)
{
  for (uint32_t i = 0; i < n; i++)
    if (fields[i].depth == depth && strcmp (fields[i].name, name) == 0)
      return &fields[i];
  return NULL;
}

static void
test_fields (void **state)
{
  const struct fixture *fixture = *state;
  const struct gcg__type_field *fields, *f;
  const uint32_t n = gcg__symbols_fields (fixture->symbols, "struct big", 0, &fields);
  assert_int_equal (n, 21);
  f = &fields[0];
  assert_string_equal (f->name, "first");
  assert_string_equal (f->type, "entry *");
  assert_string_equal (f->pointee, "entry");
  assert_int_equal (f->bytes, 8);
  assert_non_null (f = field (fields, n, "hooks", 0));
  assert_string_equal (f->type, "struct hook[3]");
  assert_int_equal (f->bytes, sizeof (struct hook[3]));
  assert_null (f->pointee);
  /* Its element stands right below. */
  assert_string_equal (f[1].name, "next");
  assert_int_equal (f[1].depth, 1);
  assert_int_equal (f[1].offset, f->offset);
  assert_non_null (f = field (fields, n, "levels", 0));
  assert_int_equal (f->offset, offsetof (struct big, levels));
  assert_non_null (f = field (fields, n, "used", 1));
  assert_int_equal (f->offset, offsetof (struct big, levels[0].used));
  assert_non_null (f = field (fields, n, "low", 0));
  assert_int_equal (f->bits, 3);
  assert_int_equal (f->bit_offset, 0);
  assert_non_null (f = field (fields, n, "high", 0));
  assert_int_equal (f->bits, 5);
  assert_int_equal (f->bit_offset, 3);
  assert_non_null (f = field (fields, n, "", 0));
  assert_string_equal (f->type, "union {...}");
  assert_string_equal (f[1].name, "number");
  assert_int_equal (f[1].offset, f[2].offset);
  assert_non_null (f = field (fields, n, "tail", 0));
  assert_int_equal (f->bytes, 0);
  assert_int_equal (f->offset, offsetof (struct big, tail));
  assert_int_equal (gcg__symbols_fields (fixture->symbols, "entry", sizeof (entry), &fields), 5);
  assert_int_equal (gcg__symbols_fields (fixture->symbols, "struct nowhere", 0, &fields), 0);
  assert_int_equal (gcg__symbols_fields (fixture->symbols, "struct hook *", 0, &fields), 0);
}

static void
expect_data (const struct fixture *fixture, const void *address, const char *name, const char *type,
             uint64_t bytes, uint64_t offset)
{
  struct gcg__data data;
  assert_true (gcg__symbols_data_type (fixture->symbols, (uintptr_t)address, &data));
  assert_string_equal (data.name, name);
  assert_string_equal (data.type, type);
  assert_int_equal (data.bytes, bytes);
  assert_int_equal (data.offset, offset);
  assert_non_null (strstr (data.file, "symbol_layout.c"));
}

static void
test_data (void **state)
{
  const struct fixture *fixture = *state;
  static struct leaf *inner;
  struct gcg__data data;
  int local = 0;
  expect_data (fixture, &the_big, "the_big", "struct big *", 8, 0);
  expect_data (fixture, &entries[2].name, "entries", "entry[7]", sizeof entries,
               2 * sizeof (entry) + offsetof (entry, name));
  expect_data (fixture, (const void *)&hook_grid[2][1], "hook_grid", "struct hook *[3][2]", 48, 40);
  expect_data (fixture, &inner, "inner", "struct leaf *", 8, 0);
  assert_string_equal (pointee (fixture, "entry[7]", sizeof entries, 2 * sizeof (entry) + 8),
                       "struct hook");
  assert_false (gcg__symbols_data_type (fixture->symbols, (uintptr_t)&local, &data));
  assert_false (gcg__symbols_data_type (fixture->symbols, (uintptr_t)test_data, &data));
  assert_false (gcg__symbols_data_type (fixture->symbols, 0, &data));
  assert_string_equal (data.name, "");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (test_pointers, setup, teardown),
    cmocka_unit_test_setup_teardown (test_fit, setup, teardown),
    cmocka_unit_test_setup_teardown (test_names, setup, teardown),
    cmocka_unit_test_setup_teardown (test_fields, setup, teardown),
    cmocka_unit_test_setup_teardown (test_data, setup, teardown),
  };
  /* Keeps them in the debug information. */
  if (the_big != NULL || hook_grid[0][0] != NULL || holder_object.by_tag != NULL)
    return 1;
  return cmocka_run_group_tests (tests, NULL, NULL);
}
