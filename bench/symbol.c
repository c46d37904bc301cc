/* symbol.c -- what a question to lib/symbol costs the first time and after that.
 *
 * The modules are this process's own: the program with its debug information, libc (with its own
 * where libc6-dbg is installed), libdw and others without.  Code addresses are spread over libc's
 * text.  Every round starts with symbols that know nothing; "first" is the mean over questions
 * asked once each, the opening of the files and the making of the indices included, "again" the
 * mean over the same questions asked a second time.
 */
#include "config.h"

#include "bench/stats.h"
#include "symbol/symbol.h"
#include "tests/modules.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS    7
#define ADDRESSES 20000u
#define TEXT_STEP 61u
#define FIELDS    20000u

struct item
{
  struct item *next;
  void *members[6];
  union
  {
    long number;
    struct item *item;
  };
};
struct item item_object;

static void
ask_frames (struct gcg__symbols *symbols, uint64_t start)
{
  for (uint64_t i = 0; i < ADDRESSES; i++)
    {
      const struct gcg__frame *frames;
      gcg__symbols_frames (symbols, start + i * TEXT_STEP, true, &frames);
    }
}

static void
ask_fields (struct gcg__symbols *symbols, unsigned int n)
{
  for (unsigned int i = 0; i < n; i++)
    {
      char text[64];
      if (!gcg__symbols_field (symbols, "struct item", sizeof (struct item),
                               8 * (i % (sizeof (struct item) / 8)), text, sizeof text))
        {
          fprintf (stderr, "symbol: this program has no debug information: build it with -g\n");
          exit (1);
        }
    }
}

static void
ask_data (struct gcg__symbols *symbols, unsigned int n)
{
  for (unsigned int i = 0; i < n; i++)
    {
      const char *name;
      uint64_t offset;
      gcg__symbols_data (symbols, (uintptr_t)&item_object + i % sizeof item_object, &name, &offset);
    }
}

static void
ask_expression (struct gcg__symbols *symbols, unsigned int n)
{
  for (unsigned int i = 0; i < n; i++)
    gcg__symbols_expression_type (symbols, "n * sizeof *symbols", "ask_expression",
                                  "bench/symbol.c", __LINE__);
}

enum
{
  FRAMES,
  FIELD,
  DATA,
  EXPRESSION,
  N_QUESTIONS
};

/* Asks all questions of one kind, in nanoseconds for each. */
static double
ask (struct gcg__symbols *symbols, int kind, uint64_t text, bool first)
{
  const double start = stats_now ();
  /* The first answer of these is the dear one. */
  unsigned int n = first ? 1 : FIELDS;
  if (kind == FRAMES)
    ask_frames (symbols, text), n = ADDRESSES;
  else if (kind == FIELD)
    ask_fields (symbols, n);
  else if (kind == DATA)
    ask_data (symbols, n);
  else
    ask_expression (symbols, n);
  return (stats_now () - start) * 1e9 / n;
}

int
main (void)
{
  static const char *const titles[]
      = { "frames at 20,000 addresses in libc, each",
          "a field's name (first: the types of the program are read)",
          "a variable's name (first: the symbol table is read)", "the type of a size expression" };
  struct stats first[N_QUESTIONS] = { 0 }, again[N_QUESTIONS] = { 0 };
  struct modules *modules = modules_new ();
  const uint64_t text = (uintptr_t)dlsym (RTLD_DEFAULT, "abort");
  modules_add_process (modules);
  for (int round = 0; round < ROUNDS; round++)
    {
      struct gcg__symbols *symbols;
      struct gcg_error error;
      if (gcg__symbols_new (modules_snapshot (modules), &symbols, &error) != GCG_OK)
        {
          fprintf (stderr, "symbol: %s\n", error.text);
          return 1;
        }
      for (int kind = 0; kind < N_QUESTIONS; kind++)
        {
          stats_add (&first[kind], ask (symbols, kind, text, true));
          stats_add (&again[kind], ask (symbols, kind, text, false));
        }
      gcg__symbols_free (symbols);
    }
  for (int kind = 0; kind < N_QUESTIONS; kind++)
    {
      stats_compare (titles[kind], "ns", "again", &again[kind], "first", &first[kind], NULL);
      stats_free (&first[kind]);
      stats_free (&again[kind]);
    }
  modules_free (modules);
  return 0;
}
