/* source_cxx.cc -- <gcglass/malloc.h> in C++: wherever an allocation may stand, and beside what has
 * the same names in the language's library.
 *
 * Prints what gcglass report must say of the snapshot that it saves to its first argument, one
 * assertion a line (tests/json_assert.c), and ends with 1 when something is not as in C++.
 */
#ifdef HEADER_BEFORE
#include <gcglass/malloc.h>
#endif
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>
#if defined __x86_64__
#include <immintrin.h>
#endif
#include <stdlib.h>
#include <string.h>
#ifdef HEADER_AFTER
#include <gcglass/malloc.h>
#endif
#ifndef malloc
#error "the macros are gone"
#endif

struct node
{
  node *next;
  long value;
};

static int failures;

static void
check (bool good, const char *what)
{
  if (!good)
    {
      std::printf ("not: %s\n", what);
      failures++;
    }
}

static void
expect (unsigned line, const char *function, const char *type, std::size_t bytes)
{
  std::ostringstream site;
  site << "sites[site=\"source_cxx.cc:" << line;
  if (*function)
    site << " (" << function << ")";
  site << "\"].";
  std::cout << site.str () << "bytes==" << bytes << "\n";
  if (*type)
    std::cout << site.str () << "type==\"" << type << "\"\n";
}

/* Outside of functions. */
static void *outside = malloc (111);
static const unsigned outside_line = __LINE__ - 1;

struct buffer
{
  char *bytes = (char *)malloc (222);
  static const unsigned line = __LINE__ - 1;
  ~buffer () { free (bytes); }
};

/* Members of these names. */
struct pool
{
  char room[1000];
  std::size_t taken = 0;
  /* #undef is what the header asks for where a function of such a name is declared. */
#pragma push_macro("malloc")
#undef malloc
  void *
  malloc (std::size_t n)
  {
    taken += n;
    return room;
  }
#pragma pop_macro("malloc")
  void
  free (void *)
  {
    taken = 0;
  }
};

template <typename T>
static T *
make (std::size_t n)
{
  return static_cast<T *> (calloc (n, sizeof (T)));
}
static const unsigned make_line = __LINE__ - 2;

template <typename First, typename Second> struct both
{
  First first;
  Second second;
};

static void
test_places ()
{
  static void *kept[8];
  auto in_lambda = [] (std::size_t n) { return malloc (n); };
  unsigned line = __LINE__ + 1;
  kept[0] = std::malloc (sizeof (node));
  kept[1] = ::malloc (sizeof (both<int, node>));
  kept[2] = in_lambda (333);
  kept[3] = std::realloc (nullptr, 3 * sizeof (long));
  kept[4] = strdup (std::string ("text").c_str ());
  kept[5] = make<short> (5);
  expect (line, "test_places", "node", sizeof (node));
  expect (line + 1, "test_places", "", sizeof (both<int, node>));
  expect (line - 2, "operator()", "", 333);
  expect (line + 3, "test_places", "long[]", 3 * sizeof (long));
  expect (line + 4, "test_places", "char[]", 5);
  expect (make_line, "make", "", 10);
  expect (outside_line, "", "", 111);
  check (kept[0] && kept[5] && outside, "there are blocks");
}

static void
test_library ()
{
  std::istringstream lines ("one\ntwo\n");
  std::string line, all;
  while (std::getline (lines, line))
    all += line;
  check (all == "onetwo", "std::getline");
  pool own;
  check (own.malloc (7) == own.room && own.taken == 7, "a member called malloc");
  own.free (own.room);
  check (own.taken == 0, "a member called free");
  void *(*allocate) (std::size_t) = std::malloc;
  void (*release) (void *) = free;
  release (allocate (10));
  std::unique_ptr<char, decltype (&std::free)> text (strdup ("held"), &std::free);
  check (std::strcmp (text.get (), "held") == 0, "free as a deleter");
  std::vector<int> numbers (1000, 7);
  check (std::count (numbers.begin (), numbers.end (), 7) == 1000, "operator new");
  try
    {
      throw std::string ("thrown");
    }
  catch (const std::string &thrown)
    {
      check (thrown == "thrown", "exceptions");
    }
}

int
main (int, char **arguments)
{
  static buffer one;
  expect (buffer::line, "buffer", "", 222);
  test_library ();
  test_places ();
  std::cout.flush ();
  return gcg_save (arguments[1], nullptr) != GCG_OK || failures;
}
