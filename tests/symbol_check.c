/* symbol_check.c -- compares what lib/symbol says with what the fixture program knows.
 *
 *   symbol_check full|stripped|symbols|absent [FILE=ORIGINAL]... < facts
 *
 * Reads the facts that symbol_fixture prints.  "full": all must hold.  "stripped": the program has
 * no symbols, only its library; frames must then say module and offset, and no field may be named.
 * "symbols": it has a symbol table only.  "absent": its file cannot be used; it was what the
 * ORIGINAL is.  Prints the facts
 * that do not hold; the exit status is 0 if all do and there were enough of them.
 */
#include "config.h"

#include "symbol/symbol.h"
#include "tests/modules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FIELDS 8
#define ENOUGH     100u

enum mode
{
  FULL,
  SYMBOLS,
  STRIPPED,
  ABSENT
};

struct check
{
  enum mode mode;
  struct gcg__symbols *symbols;
  const struct gcg__snapshot *snapshot;
  unsigned int facts, wrong;
};

static void
report (struct check *check, bool right, const char *line, const char *got)
{
  check->facts++;
  if (right)
    return;
  check->wrong++;
  printf ("# %s: got \"%s\"\n", line, got);
}

/* Whether ADDRESS lies in the program, whose information the mode speaks of. */
static bool
is_program (const struct check *check, uint64_t address)
{
  const struct gcg__module *program = &check->snapshot->modules[0];
  return address >= program->low && address < program->high;
}

static void
check_frames (struct check *check, char *const *field, const char *line)
{
  const uint64_t address = strtoull (field[1], NULL, 16);
  const struct gcg__frame *frames;
  const enum mode mode = is_program (check, address) ? check->mode : FULL;
  const uint32_t n = gcg__symbols_frames (check->symbols, address, true, &frames);
  char got[1024] = "", expected[1024];
  size_t used = 0;
  bool right = true;
  snprintf (expected, sizeof expected, "%s", field[2]);
  if (mode == SYMBOLS)
    {
      /* The outermost only, without its line. */
      char *last = strrchr (field[2], '|');
      snprintf (expected, sizeof expected, "%s", last != NULL ? last + 1 : field[2]);
      strcpy (strchr (expected, ':'), ":0");
    }
  else if (mode > SYMBOLS)
    strcpy (expected, ":0");
  for (uint32_t i = 0; i < n && used < sizeof got; i++)
    {
      used += (size_t)snprintf (got + used, sizeof got - used, "%s%s:%u", i > 0 ? "|" : "",
                                frames[i].function, frames[i].line);
      right = right && frames[i].inlined == (i + 1 < n) && frames[i].module[0] != '\0'
              && (mode != FULL) == (strstr (frames[i].file, "symbol_fixture") == NULL);
      for (uint32_t k = 0; is_program (check, address) && k < 1; k++)
        right = right && frames[i].offset == address - check->snapshot->modules[0].base;
    }
  /* A nested function is "nested.0" in the symbol table. */
  char *dot = mode == SYMBOLS ? strchr (got, '.') : NULL;
  if (dot != NULL)
    memmove (dot, strchr (dot, ':'), strlen (strchr (dot, ':')) + 1);
  report (check, right && strcmp (got, expected) == 0, line, got);
}

static void
check_field (struct check *check, char *const *field, const char *line)
{
  char got[256], unknown[32];
  const uint64_t bytes = strtoull (field[2], NULL, 10), offset = strtoull (field[3], NULL, 10);
  const bool known = gcg__symbols_field (check->symbols, field[1], bytes, offset, got, sizeof got);
  const char *expected = strcmp (field[4], "=") == 0 ? "" : field[4];
  snprintf (unknown, sizeof unknown, "+%llu", (unsigned long long)offset);
  bool right = strcmp (expected, "?") == 0 ? !known && strcmp (got, unknown) == 0
                                           : known && strcmp (got, expected) == 0;
  /* Without the program's types, what the library has may be said, or nothing. */
  if (check->mode != FULL)
    right = right || (!known && strcmp (got, unknown) == 0);
  report (check, right, line, got);
}

static void
check_size (struct check *check, char *const *field, const char *line)
{
  char got[32];
  snprintf (got, sizeof got, "%llu",
            (unsigned long long)gcg__symbols_type_size (check->symbols, field[1]));
  report (check, check->mode != FULL || strcmp (got, field[2]) == 0, line, got);
}

static void
check_data (struct check *check, char *const *field, const char *line)
{
  const uint64_t address = strtoull (field[1], NULL, 16);
  const char *name = "?";
  uint64_t offset = 0;
  char got[256];
  const bool known = gcg__symbols_data (check->symbols, address, &name, &offset);
  const bool nameless = is_program (check, address) && check->mode > SYMBOLS;
  snprintf (got, sizeof got, "%s+%llu", name, (unsigned long long)offset);
  bool right = strcmp (field[2], name) == 0 && offset == strtoull (field[3], NULL, 10);
  /* What the library or a copy relocation needs stays in .dynsym. */
  if (nameless)
    right = right || !known;
  report (check, right, line, got);
}

static void
check_expression (struct check *check, char *const *field, const char *line)
{
  const char *got = gcg__symbols_expression_type (check->symbols, field[1], field[2], field[3],
                                                  (uint32_t)strtoul (field[4], NULL, 10));
  const bool in_library = strstr (field[3], "library") != NULL;
  const char *expected = check->mode == FULL || in_library ? field[5] : "?";
  got = got != NULL ? got : "?";
  report (check, strcmp (got, expected) == 0, line, got);
}

static const struct
{
  const char *word;
  int n_fields;
  void (*check) (struct check *, char *const *, const char *);
} kinds[] = { { "frames", 3, check_frames },
              { "field", 5, check_field },
              { "size", 3, check_size },
              { "data", 4, check_data },
              { "expression", 6, check_expression } };

/* Splits LINE in place at its tabs. */
static int
split (char *line, char *fields[MAX_FIELDS])
{
  int n = 0;
  line[strcspn (line, "\n")] = '\0';
  for (char *rest = line; rest != NULL && n < MAX_FIELDS; n++)
    fields[n] = strsep (&rest, "\t");
  return n;
}

/* Adds the module of a fact, as the original says that the command line gives for its file. */
static void
add_module (struct modules *modules, char *const *field, char *const *originals)
{
  const uint64_t bias = strtoull (field[2], NULL, 16);
  const size_t length = strlen (field[1]);
  const char *file = field[1];
  for (; *originals != NULL; originals++)
    if (strncmp (*originals, field[1], length) == 0 && (*originals)[length] == '=')
      file = *originals + length + 1;
  modules_add_file (modules, field[1], file, bias);
}

static bool
parse_mode (const char *text, enum mode *mode)
{
  static const char *const names[] = { "full", "symbols", "stripped", "absent" };
  for (unsigned int i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp (text, names[i]) == 0)
      {
        *mode = (enum mode)i;
        return true;
      }
  return false;
}

int
main (int argc, char **argv)
{
  struct check check = { 0 };
  struct modules *modules = modules_new ();
  struct gcg_error error;
  char line[4096], copy[4096], *fields[MAX_FIELDS];
  if (argc < 2 || !parse_mode (argv[1], &check.mode))
    {
      fprintf (stderr, "symbol_check: wants full, symbols, stripped or absent\n");
      return 2;
    }
  while (fgets (line, sizeof line, stdin) != NULL)
    {
      strcpy (copy, line);
      const int n = split (copy, fields);
      if (n == 3 && strcmp (fields[0], "module") == 0)
        {
          add_module (modules, fields, argv + 2);
          continue;
        }
      if (check.symbols == NULL)
        {
          check.snapshot = modules_snapshot (modules);
          if (gcg__symbols_new (check.snapshot, &check.symbols, &error) != GCG_OK)
            return 2;
        }
      line[strcspn (line, "\n")] = '\0';
      bool found = false;
      for (unsigned int i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp (fields[0], kinds[i].word) == 0 && n == kinds[i].n_fields)
          {
            kinds[i].check (&check, fields, line);
            found = true;
          }
      if (!found)
        report (&check, false, line, "not a fact");
    }
  printf ("# %u facts, %u wrong\n", check.facts, check.wrong);
  gcg__symbols_free (check.symbols);
  modules_free (modules);
  return check.wrong > 0 || check.facts < ENOUGH;
}
