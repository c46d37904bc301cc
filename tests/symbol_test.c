/* symbol_test.c -- lib/symbol on this very process, on odd module lists, and under many threads.
 *
 * What it says of well-behaved programs is symbol.test's; here are the edges: addresses of no
 * module, the kernel's vdso, libraries without debug information, module lists that lie, memory
 * that runs out at every place in turn, threads that all ask at once.
 */
#include "config.h"

#include "symbol/symbol.h"
#include "tests/modules.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NOINLINE __attribute__ ((noinline, noclone))

/* Memory that runs out: of the allocations made by lib/symbol itself, the one that makes this 0
   fails, and all after it when told so. */
static long allocations_left = -1;

void *__real_calloc (size_t, size_t);
void *__real_malloc (size_t);
void *__real_reallocarray (void *, size_t, size_t);
void *__wrap_calloc (size_t, size_t);
void *__wrap_malloc (size_t);
void *__wrap_reallocarray (void *, size_t, size_t);

static bool
allocation_fails (void)
{
  return allocations_left > 0 && --allocations_left == 0;
}

void *
__wrap_calloc (size_t n, size_t bytes)
{
  return allocation_fails () ? NULL : __real_calloc (n, bytes);
}

void *
__wrap_malloc (size_t bytes)
{
  return allocation_fails () ? NULL : __real_malloc (bytes);
}

void *
__wrap_reallocarray (void *memory, size_t n, size_t bytes)
{
  return allocation_fails () ? NULL : __real_reallocarray (memory, n, bytes);
}

struct sample
{
  struct sample *next;
  double number;
  void *members[3];
};

/* Keeps the type in the debug information. */
struct sample sample_object;

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

static NOINLINE uintptr_t
here (void)
{
  return (uintptr_t)__builtin_return_address (0);
}

static void
test_own_function (void **state)
{
  struct fixture *fixture = *state;
  const struct gcg__frame *frames, *again;
  const uintptr_t address = here ();
  const uint32_t line = __LINE__ - 1;
  assert_int_equal (gcg__symbols_frames (fixture->symbols, address, true, &frames), 1);
  assert_string_equal (frames->function, "test_own_function");
  assert_non_null (strstr (frames->file, "symbol_test.c"));
  assert_int_equal (frames->line, line);
  assert_false (frames->inlined);
  assert_int_equal (gcg__symbols_frames (fixture->symbols, address, true, &again), 1);
  assert_ptr_equal (frames, again);
}

/* A return address behind a call that never returns is another function's first byte. */
static void
test_return_address (void **state)
{
  struct fixture *fixture = *state;
  const struct gcg__frame *frames;
  const uintptr_t start = (uintptr_t)here;
  gcg__symbols_frames (fixture->symbols, start, false, &frames);
  assert_string_equal (frames->function, "here");
  gcg__symbols_frames (fixture->symbols, start, true, &frames);
  assert_string_not_equal (frames->function, "here");
}

static void
test_no_module (void **state)
{
  struct fixture *fixture = *state;
  static const uint64_t addresses[] = { 0, 1, 16, UINT64_MAX, UINT64_C (1) << 63 };
  for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
    {
      const struct gcg__frame *frames, *again;
      const char *name;
      uint64_t offset;
      assert_int_equal (gcg__symbols_frames (fixture->symbols, addresses[i], true, &frames), 1);
      assert_string_equal (frames->function, "");
      assert_string_equal (frames->file, "");
      assert_string_equal (frames->module, "");
      assert_int_equal (frames->line, 0);
      assert_int_equal (frames->offset, addresses[i]);
      gcg__symbols_frames (fixture->symbols, addresses[i], true, &again);
      assert_ptr_equal (frames, again);
      assert_false (gcg__symbols_data (fixture->symbols, addresses[i], &name, &offset));
    }
}

static void
test_vdso (void **state)
{
  struct fixture *fixture = *state;
  const uint64_t vdso = getauxval (AT_SYSINFO_EHDR);
  const struct gcg__frame *frames;
  if (vdso == 0)
    skip ();
  assert_int_equal (gcg__symbols_frames (fixture->symbols, vdso + 1500, true, &frames), 1);
  assert_string_equal (frames->function, "");
  assert_non_null (strstr (frames->module, "vdso"));
  assert_int_equal (frames->offset, 1500);
}

/* Libraries of the system: with or without debug information the function is exported. */
static void
test_libraries (void **state)
{
  struct fixture *fixture = *state;
  static const char *const functions[] = { "dwfl_begin", "qsort", "puts" };
  static const char *const modules[] = { "libdw.so.1", "libc.so.6", "libc.so.6" };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
    {
      const struct gcg__frame *frames;
      Dl_info info;
      /* By library: a sanitizer has a qsort of its own. */
      void *library = dlopen (modules[i], RTLD_LAZY | RTLD_NOLOAD);
      assert_non_null (library);
      void *address = dlsym (library, functions[i]);
      assert_non_null (address);
      assert_true (dladdr (address, &info));
      const uint32_t n
          = gcg__symbols_frames (fixture->symbols, (uintptr_t)address + 1, false, &frames);
      /* glibc's own name for it may have something before it. */
      assert_non_null (strstr (frames[n - 1].function, functions[i]));
      assert_non_null (strstr (frames->module, i == 0 ? "libdw" : "libc.so"));
      assert_int_equal (frames->offset, (uintptr_t)address + 1 - (uintptr_t)info.dli_fbase);
      dlclose (library);
    }
}

static void
test_data (void **state)
{
  struct fixture *fixture = *state;
  static long own_static[4];
  const char *name;
  uint64_t offset;
  assert_true (gcg__symbols_data (fixture->symbols, (uintptr_t)&own_static[2], &name, &offset));
  assert_non_null (strstr (name, "own_static"));
  assert_int_equal (offset, 16);
  assert_true (gcg__symbols_data (fixture->symbols, (uintptr_t)&sample_object, &name, &offset));
  assert_string_equal (name, "sample_object");
  assert_int_equal (offset, 0);
  assert_false (gcg__symbols_data (fixture->symbols, (uintptr_t)&name, &name, &offset));
}

static void
test_small_buffers (void **state)
{
  struct fixture *fixture = *state;
  const uint64_t offset = offsetof (struct sample, members[1]);
  char text[64];
  for (size_t bytes = 1; bytes <= sizeof text; bytes++)
    {
      memset (text, 'x', sizeof text);
      gcg__symbols_field (fixture->symbols, "struct sample", 3 * sizeof (struct sample),
                          sizeof (struct sample) + offset, text, bytes);
      assert_true (strlen (text) < bytes);
      for (size_t i = bytes; i < sizeof text; i++)
        assert_int_equal (text[i], 'x');
    }
  assert_string_equal (text, "[1].members[1]");
  assert_false (gcg__symbols_field (fixture->symbols, "struct sample", 8, 0, NULL, 0));
}

/* Names that are no types. */
static void
test_bad_names (void **state)
{
  struct fixture *fixture = *state;
  char many[2000], text[32];
  static const char *const names[] = { "",
                                       " ",
                                       "*",
                                       "[",
                                       "]",
                                       "[]",
                                       "[3]",
                                       "struct",
                                       "struct *",
                                       "[[[",
                                       "struct a[",
                                       "int[-1]",
                                       "int[99999999999999999999]",
                                       "const",
                                       "unsigned struct x",
                                       "int[1][2][3][4][5][6][7][8][9]",
                                       "\xff\xfe",
                                       "a]" };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    {
      gcg__symbols_field (fixture->symbols, names[i], 64, 16, text, sizeof text);
      gcg__symbols_type_size (fixture->symbols, names[i]);
    }
  assert_int_equal (gcg__symbols_type_size (fixture->symbols, ""), 0);
  assert_int_equal (gcg__symbols_type_size (fixture->symbols, "int[18446744073709551615]"), 0);
  memset (many, 'a', sizeof many - 1);
  many[sizeof many - 1] = '\0';
  assert_int_equal (gcg__symbols_type_size (fixture->symbols, many), 0);
  memset (many, '*', sizeof many - 1);
  gcg__symbols_type_size (fixture->symbols, many);
}

static void
test_bad_expressions (void **state)
{
  struct fixture *fixture = *state;
  static const char *const pieces[]
      = { "(", "sizeof ", "*", "[", "-> ", "sizeof (", "&", "a.", "-" };
  static const char *const whole[] = {
    "",          "sizeof",         "sizeof *",   "sizeof (",        "sizeof ()", "sizeof (struct",
    "sizeof *p", "sizeof nowhere", "sizeof **p", "sizeof p->x",     "p +",       "sizeof p)",
    "1 2",       "sizeof (int))",  "f(",         "f(sizeof (int))", "\x80\xff",  "sizeof (int) *"
  };
  char text[4096];
  for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
    assert_null (gcg__symbols_expression_type (fixture->symbols, whole[i], __func__,
                                               "tests/symbol_test.c", __LINE__));
  /* Nested as deep as one likes. */
  for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
    {
      text[0] = '\0';
      for (size_t used = 0; used < 900; used += strlen (pieces[i]))
        strcat (text, pieces[i]);
      assert_null (gcg__symbols_expression_type (fixture->symbols, text, __func__,
                                                 "tests/symbol_test.c", __LINE__));
    }
  struct sample *sample = &sample_object;
  assert_string_equal (gcg__symbols_expression_type (fixture->symbols, "2 * sizeof *sample",
                                                     __func__, "tests/symbol_test.c", __LINE__),
                       "struct sample");
  assert_null (gcg__symbols_expression_type (fixture->symbols, "sizeof *sample", __func__,
                                             "other.c", __LINE__));
  assert_null (gcg__symbols_expression_type (fixture->symbols, "sizeof *sample", "nowhere",
                                             "tests/symbol_test.c", __LINE__));
  assert_non_null (sample);
}

/* Module lists that lie, as a damaged snapshot's may. */
static void
test_odd_modules (void **state)
{
  char directory[] = "/tmp/gcglass-test-XXXXXX", fifo[64];
  struct modules *modules = modules_new ();
  struct gcg__symbols *symbols;
  struct gcg_error error;
  const struct gcg__frame *frames;
  const char *name;
  uint64_t offset;
  char text[16];
  (void)state;
  assert_non_null (mkdtemp (directory));
  snprintf (fifo, sizeof fifo, "%s/fifo", directory);
  assert_int_equal (mkfifo (fifo, 0600), 0);
  modules_add (modules, fifo, 0x1000, 0x1000, 0x2000, "");
  modules_add (modules, directory, 0x2000, 0x2000, 0x3000, "");
  modules_add (modules, "/dev/zero", 0x3000, 0x3000, 0x4000, "");
  modules_add (modules, "[stack]", 0x4000, 0x4000, 0x5000, "");
  modules_add (modules, "", 0x5000, 0x5000, 0x6000, "");
  modules_add (modules, "relative/path", 0x6000, 0x6000, 0x7000, "");
  modules_add (modules, "/", 0x7000, 0x7000, 0x8000, "../../../../etc/passwd");
  modules_add (modules, "/proc/self/exe", 0x8000, 0x8000, 0x9000, "00");
  modules_add (modules, "/proc/self/exe", UINT64_MAX, 0x9000, UINT64_MAX, "0123456789abcdef");
  modules_add (modules, "/etc/passwd", 0xa000, 0xb000, 0xa000, "");
  assert_int_equal (gcg__symbols_new (modules_snapshot (modules), &symbols, &error), GCG_OK);
  for (uint64_t address = 0; address < 0xc000; address += 0x100)
    {
      assert_int_equal (gcg__symbols_frames (symbols, address, false, &frames), 1);
      assert_string_equal (frames->function, "");
      assert_false (gcg__symbols_data (symbols, address, &name, &offset));
    }
  assert_false (gcg__symbols_field (symbols, "struct sample", 40, 8, text, sizeof text));
  assert_string_equal (text, "+8");
  gcg__symbols_free (symbols);
  modules_free (modules);
  unlink (fifo);
  rmdir (directory);
}

static void
test_no_modules (void **state)
{
  struct modules *modules = modules_new ();
  struct gcg__symbols *symbols;
  const struct gcg__frame *frames;
  char text[16];
  (void)state;
  assert_int_equal (gcg__symbols_new (modules_snapshot (modules), &symbols, NULL), GCG_OK);
  assert_int_equal (gcg__symbols_frames (symbols, 4096, false, &frames), 1);
  assert_true (gcg__symbols_field (symbols, "char *", 8, 0, text, sizeof text));
  assert_false (gcg__symbols_field (symbols, "struct sample", 8, 0, text, sizeof text));
  assert_null (gcg__symbols_expression_type (symbols, "sizeof *p", "f", "f.c", 1));
  gcg__symbols_free (symbols);
  gcg__symbols_free (NULL);
  modules_free (modules);
}

static void
test_asks_no_network (void **state)
{
  struct modules *modules = modules_new ();
  struct gcg__symbols *symbols;
  (void)state;
  setenv ("DEBUGINFOD_URLS", "http://127.0.0.1:9/", 1);
  assert_int_equal (gcg__symbols_new (modules_snapshot (modules), &symbols, NULL), GCG_OK);
  assert_null (getenv ("DEBUGINFOD_URLS"));
  gcg__symbols_free (symbols);
  modules_free (modules);
}

static void
test_asks_the_network_when_told_to (void **state)
{
  struct modules *modules = modules_new ();
  struct gcg__symbols *symbols;
  (void)state;
  setenv ("DEBUGINFOD_URLS", "http://127.0.0.1:9/", 1);
  setenv ("GCGLASS_DEBUGINFOD", "1", 1);
  assert_int_equal (gcg__symbols_new (modules_snapshot (modules), &symbols, NULL), GCG_OK);
  assert_string_equal (getenv ("DEBUGINFOD_URLS"), "http://127.0.0.1:9/");
  gcg__symbols_free (symbols);
  unsetenv ("GCGLASS_DEBUGINFOD");
  unsetenv ("DEBUGINFOD_URLS");
  modules_free (modules);
}

/* Asks one of everything. */
static bool
ask (const struct gcg__snapshot *snapshot)
{
  struct gcg__symbols *symbols;
  const struct gcg__frame *frames;
  struct gcg_error error = { 0 };
  const char *name;
  uint64_t offset;
  char text[64];
  if (gcg__symbols_new (snapshot, &symbols, &error) != GCG_OK)
    {
      assert_int_equal (error.status, GCG_NO_MEMORY);
      assert_true (strlen (error.text) > 0);
      return false;
    }
  assert_true (gcg__symbols_frames (symbols, (uintptr_t)here, false, &frames) >= 1);
  assert_non_null (frames->function);
  assert_non_null (frames->module);
  gcg__symbols_data (symbols, (uintptr_t)&sample_object, &name, &offset);
  gcg__symbols_type_size (symbols, "struct sample");
  const bool known = gcg__symbols_field (symbols, "struct sample", 40, 24, text, sizeof text);
  assert_string_equal (text, known ? "members[1]" : "+24");
  const char *type = gcg__symbols_expression_type (symbols, "sizeof *state", "test_no_memory",
                                                   "tests/symbol_test.c", __LINE__ + 20);
  assert_true (type == NULL || strcmp (type, "void *") == 0);
  gcg__symbols_free (symbols);
  return known && type != NULL;
}

static void
test_no_memory (void **state)
{
  struct modules *modules = modules_new ();
  char path[4096];
  long n = 0;
  (void)state;
  const ssize_t length = readlink ("/proc/self/exe", path, sizeof path - 1);
  assert_true (length > 0);
  path[length] = '\0';
  assert_true (modules_add_file (modules, path, path, _r_debug.r_map->l_addr));
  const struct gcg__snapshot *snapshot = modules_snapshot (modules);
  /* Until so many are allowed that none is left to fail. */
  do
    {
      allocations_left = ++n;
      ask (snapshot);
    }
  while (allocations_left <= 0 && n < 100000);
  allocations_left = -1;
  assert_true (n > 10 && n < 100000);
  assert_true (ask (snapshot));
  modules_free (modules);
}

#define THREADS   8u
#define QUESTIONS 400u

struct crowd
{
  struct gcg__symbols *symbols;
  uint64_t addresses[QUESTIONS];
  char functions[QUESTIONS][64];
  uint32_t lines[QUESTIONS];
  unsigned int start;
};

static void *
crowd_ask (void *data)
{
  struct crowd *crowd = data;
  const unsigned int first = __atomic_fetch_add (&crowd->start, 53, __ATOMIC_RELAXED);
  uintptr_t wrong = 0;
  for (unsigned int i = 0; i < QUESTIONS; i++)
    {
      const unsigned int k = (first + i) % QUESTIONS;
      const struct gcg__frame *frames;
      char text[32];
      gcg__symbols_frames (crowd->symbols, crowd->addresses[k], false, &frames);
      wrong += strncmp (frames->function, crowd->functions[k], 63) != 0
               || frames->line != crowd->lines[k];
      gcg__symbols_field (crowd->symbols, "struct sample", 40, 8 * (k % 5), text, sizeof text);
      wrong += strcmp (text, k % 5 == 0   ? "next"
                             : k % 5 == 1 ? "number"
                             : k % 5 == 2 ? "members[0]"
                             : k % 5 == 3 ? "members[1]"
                                          : "members[2]")
               != 0;
      const char *type = gcg__symbols_expression_type (crowd->symbols, "sizeof *state", "test_data",
                                                       "tests/symbol_test.c", 9999);
      wrong += type == NULL || strcmp (type, "void *") != 0;
    }
  return (void *)wrong;
}

static void
test_threads (void **state)
{
  struct fixture *fixture = *state;
  static struct crowd crowd;
  pthread_t threads[THREADS];
  const uintptr_t libc = (uintptr_t)dlsym (RTLD_DEFAULT, "qsort");
  for (unsigned int i = 0; i < QUESTIONS; i++)
    {
      const struct gcg__frame *frames;
      crowd.addresses[i] = (i % 2 ? libc + 37 * (uint64_t)i : (uintptr_t)here + i * 5);
      gcg__symbols_frames (fixture->symbols, crowd.addresses[i], false, &frames);
      snprintf (crowd.functions[i], sizeof crowd.functions[i], "%s", frames->function);
      crowd.lines[i] = frames->line;
    }
  /* Others that know nothing yet. */
  assert_int_equal (gcg__symbols_new (modules_snapshot (fixture->modules), &crowd.symbols, NULL),
                    GCG_OK);
  for (unsigned int i = 0; i < THREADS; i++)
    assert_int_equal (pthread_create (&threads[i], NULL, crowd_ask, &crowd), 0);
  for (unsigned int i = 0; i < THREADS; i++)
    {
      void *wrong = NULL;
      assert_int_equal (pthread_join (threads[i], &wrong), 0);
      assert_null (wrong);
    }
  gcg__symbols_free (crowd.symbols);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown (test_own_function, setup, teardown),
    cmocka_unit_test_setup_teardown (test_return_address, setup, teardown),
    cmocka_unit_test_setup_teardown (test_no_module, setup, teardown),
    cmocka_unit_test_setup_teardown (test_vdso, setup, teardown),
    cmocka_unit_test_setup_teardown (test_libraries, setup, teardown),
    cmocka_unit_test_setup_teardown (test_data, setup, teardown),
    cmocka_unit_test_setup_teardown (test_small_buffers, setup, teardown),
    cmocka_unit_test_setup_teardown (test_bad_names, setup, teardown),
    cmocka_unit_test_setup_teardown (test_bad_expressions, setup, teardown),
    cmocka_unit_test (test_odd_modules),
    cmocka_unit_test (test_no_modules),
    cmocka_unit_test (test_asks_no_network),
    cmocka_unit_test (test_asks_the_network_when_told_to),
    cmocka_unit_test (test_no_memory),
    cmocka_unit_test_setup_teardown (test_threads, setup, teardown),
  };
  return cmocka_run_group_tests_name ("symbol", tests, NULL, NULL);
}
