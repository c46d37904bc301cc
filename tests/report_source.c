/* report_source.c -- types of allocations by their source lines: this file's own. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "report/source_type.h"
#include "report/wrapper.h"
#include "tests/modules.h"

static void
test_expressions (void **state)
{
  (void)state;
  static const struct
  {
    const char *text, *callee, *expression;
    bool called;
    uint32_t column;
  } cases[] = {
    { "p = malloc (sizeof *p);", NULL, "sizeof *p", false, 0 },
    { "  return calloc(n, sizeof (struct node));", NULL, " sizeof (struct node)", false, 0 },
    { "p = GC_MALLOC (sizeof (*p));", NULL, "sizeof (*p)", false, 0 },
    { "p = xrealloc (p, n * sizeof p[0]);", NULL, " n * sizeof p[0]", false, 0 },
    { "p = malloc (n);", NULL, NULL, true, 0 },
    { "p = make_it (sizeof *p);", NULL, NULL, false, 0 },
    { "p = make_it (sizeof *p);", "make_it", "sizeof *p", false, 0 },
    { "p = remake_it (sizeof *p);", "make_it", NULL, false, 0 },
    { "p = malloc (sizeof *p), q = malloc (sizeof *q);", NULL, NULL, false, 0 },
    { "p = malloc (sizeof *p), p->name = strdup (name);", NULL, NULL, false, 0 },
    { "p = make_it (sizeof *p), p->name = strdup (name);", "make_it", "sizeof *p", false, 0 },
    { "p = malloc (a (1, 2) + sizeof *p);", NULL, "a (1, 2) + sizeof *p", false, 0 },
    { "p = malloc (n\n            * sizeof *p);", NULL, "n\n            * sizeof *p", false, 0 },
    { "p = \n   malloc (sizeof *p);", NULL, NULL, false, 0 },
    { "/* malloc (sizeof *q) */ p = malloc (sizeof *p);", NULL, "sizeof *p", false, 0 },
    { "puts (\"malloc (\\\"\"); p = malloc (sizeof *p);", NULL, "sizeof *p", false, 0 },
    { "p = malloc (f (\")\", ')') * sizeof *p);", NULL, "f (\")\", ')') * sizeof *p", false, 0 },
    { "p = calloc (sizeof *p, sizeof *q);", NULL, NULL, false, 0 },
    { "p = malloc (mysizeof * 3);", NULL, NULL, true, 0 },
    { "p = malloc (sizeof_it);", NULL, NULL, true, 0 },
    { "p = malloc (sizeof *p", NULL, NULL, false, 0 },
    { "malloc", NULL, NULL, false, 0 },
    { "", NULL, NULL, false, 0 },
    { "p = malloc (\"sizeof\");", NULL, "\"sizeof\"", false, 0 }, /* no size, as the symbols say */
    { "'", NULL, NULL, false, 0 },
    { "p = alloc /* */ (sizeof *p", NULL, NULL, false, 0 },
    { "p = malloc (sizeof *p), q = malloc (sizeof *q);", NULL, "sizeof *p", false, 5 },
    { "p = malloc (sizeof *p), q = malloc (sizeof *q);", NULL, "sizeof *p", false, 22 },
    { "p = malloc (sizeof *p), q = malloc (sizeof *q);", NULL, "sizeof *q", false, 29 },
    { "p = malloc (sizeof *p), q = malloc (sizeof *q);", NULL, "sizeof *q", false, 36 },
    { "p = malloc (sizeof *p), q = malloc (sizeof *q);", NULL, NULL, false, 24 },
    { "p = malloc (sizeof *p), q = malloc (sizeof *q);", NULL, NULL, false, UINT32_MAX },
    { "p = malloc (sizeof *p); p->name = strdup (name);", NULL, "sizeof *p", false, 5 },
    { "p = malloc (sizeof *p); p->name = strdup (name);", NULL, NULL, true, 35 },
    { "p = xalloc (n, sizeof *alloc (sizeof *q));", NULL, "sizeof *q", false, 24 },
    { "p = xalloc (n, sizeof *alloc (sizeof *q));", NULL, " sizeof *alloc (sizeof *q)", false, 5 },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    {
      char expression[64] = "";
      const char *calls[GCG__SOURCE_CALLS];
      bool called = false;
      bool found = gcg__source_calls (cases[i].text, cases[i].callee, cases[i].column, calls) == 1
                   && gcg__source_expression (calls[0], expression, sizeof expression, &called);
      if (found != (cases[i].expression != NULL) || called != cases[i].called
          || (found && strcmp (expression, cases[i].expression) != 0))
        fail_msg ("%s: %d, called %d, %s", cases[i].text, found, called, expression);
    }
}

static void
test_wrappers (void **state)
{
  (void)state;
  static const struct
  {
    const char *function;
    enum gcg__wrapper kind;
  } cases[] = {
    { "operator new(unsigned long)", GCG__WRAPPER_KNOWN },
    { "operator new[](unsigned long, std::nothrow_t const&)", GCG__WRAPPER_KNOWN },
    { "operator new(unsigned long, std::align_val_t)", GCG__WRAPPER_KNOWN },
    { "gc::operator new(unsigned long)", GCG__WRAPPER_KNOWN },
    { "Node<int>::operator new(unsigned long)", GCG__WRAPPER_LIKELY },
    { "_ZnwmSt11align_val_t", GCG__WRAPPER_KNOWN },
    { "std::__new_allocator<Node<int> >::allocate(unsigned long, void const*)",
      GCG__WRAPPER_TEMPLATE },
    { "std::shared_ptr<std::enable_if<!std::is_array<A>::value, A>::type> std::make_shared<A>()",
      GCG__WRAPPER_TEMPLATE },
    { "std::__1::__libcpp_allocate(unsigned long, unsigned long)", GCG__WRAPPER_KNOWN },
    { "alloc::alloc::alloc::h0123456789abcdef", GCG__WRAPPER_KNOWN },
    { "xmalloc", GCG__WRAPPER_KNOWN },
    { "xstrdup", GCG__WRAPPER_KNOWN },
    { "g_slice_alloc0", GCG__WRAPPER_KNOWN },
    { "g_object_new_with_properties", GCG__WRAPPER_KNOWN },
    { "PyObject_Malloc", GCG__WRAPPER_KNOWN },
    { "_PyObject_GC_NewVar", GCG__WRAPPER_KNOWN },
    { "sqlite3DbMallocRawNN", GCG__WRAPPER_KNOWN },
    { "my_malloc", GCG__WRAPPER_LIKELY },
    { "conn_alloc", GCG__WRAPPER_LIKELY },
    { "Arena::Allocate(int)", GCG__WRAPPER_LIKELY },
    { "void* pool<3>::alloc<T*>(char const*)", GCG__WRAPPER_LIKELY },
    { "main", GCG__WRAPPER_NONE },
    { "new_node", GCG__WRAPPER_NONE },
    { "g_list_append", GCG__WRAPPER_NONE },
    { "Widget::Widget(Allocator*, malloc_state&)", GCG__WRAPPER_NONE },
    { "Widget<&malloc>::make()", GCG__WRAPPER_NONE },
    { "(anonymous namespace)::make(int)", GCG__WRAPPER_NONE },
    { "operator<<(std::ostream&, A const&)", GCG__WRAPPER_NONE },
    { "A::operator()(int)", GCG__WRAPPER_NONE },
    { "parse_allocation", GCG__WRAPPER_NONE },
    { "<", GCG__WRAPPER_NONE },
    { ">>>", GCG__WRAPPER_NONE },
    { " ", GCG__WRAPPER_NONE },
    { "(", GCG__WRAPPER_NONE },
    { "", GCG__WRAPPER_NONE },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    if (gcg__wrapper_kind (cases[i].function) != cases[i].kind)
      fail_msg ("%s: %d", cases[i].function, gcg__wrapper_kind (cases[i].function));
}

struct leaf
{
  struct branch *branch;
  long weight;
};

struct branch
{
  struct leaf *leaves[3];
};

static uint64_t frames[3];

/* What stands for malloc: remembers who called it. */
__attribute__ ((noinline)) static void *
fake_alloc (size_t n)
{
  frames[0] = (uintptr_t)__builtin_return_address (0);
  return malloc (n);
}

__attribute__ ((noinline)) static void *
fake_xalloc (size_t n)
{
  frames[1] = (uintptr_t)__builtin_return_address (0);
  void *block = fake_alloc (n);
  __asm__ volatile("" : "+r"(block)); /* no tail call */
  return block;
}

__attribute__ ((noinline)) static void *
make_leaf (void)
{
  struct leaf *leaf = fake_alloc (sizeof *leaf);
  leaf->weight = 1;
  return leaf;
}

__attribute__ ((noinline)) static void *
make_branch (void)
{
  struct branch *branch = fake_xalloc (sizeof (struct branch));
  branch->leaves[0] = NULL;
  return branch;
}

__attribute__ ((noinline)) static void *
make_bytes (size_t n)
{
  char *bytes = fake_alloc (n);
  bytes[0] = 0;
  return bytes;
}

static const char *
type_of (uint32_t n_frames)
{
  struct modules *modules = modules_new ();
  struct gcg__symbols *symbols;
  struct gcg__sources sources = { 0 };
  struct gcg_error error;
  static char name[100];
  modules_add_process (modules);
  const struct gcg__snapshot *process = modules_snapshot (modules);
  struct gcg__snapshot snapshot = *process;
  snapshot.frames = frames;
  const struct gcg__site site = { .kind = GCG__SITE_STACK, .n_frames = n_frames };
  assert_int_equal (gcg__symbols_new (process, &symbols, &error), GCG_OK);
  const char *type = gcg__source_type (&sources, &snapshot, symbols, &site);
  strcpy (name, type != NULL ? type : "");
  gcg__sources_fini (&sources);
  gcg__symbols_free (symbols);
  modules_free (modules);
  return name;
}

static void
test_own_lines (void **state)
{
  (void)state;
  struct stat about;
  if (__FILE__[0] != '/' && stat (__FILE__, &about) != 0)
    skip ();
  free (make_leaf ());
  assert_string_equal (type_of (1), "struct leaf");
  free (make_branch ());
  assert_string_equal (type_of (2), "struct branch");
  assert_string_equal (type_of (1), ""); /* who called the wrapper is not known */
  free (make_bytes (10));
  assert_string_equal (type_of (1), "");
}

int
main (void)
{
  const struct CMUnitTest tests[]
      = { cmocka_unit_test (test_expressions), cmocka_unit_test (test_wrappers),
          cmocka_unit_test (test_own_lines) };
  return cmocka_run_group_tests_name ("report_source", tests, NULL, NULL);
}
