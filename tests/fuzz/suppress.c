/* suppress.c -- a fuzz target (driver.c): no rule and no baseline of leaks crashes or stalls, and
 * patterns match what a slow matcher says.
 *
 * The text before the first NUL of an input is read as rules, and as a pattern; what follows it is
 * a list of names, each with its NUL, which the pattern, and rules about cycles, are compared with.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/suppress.h"
#include "tests/fuzz/target.h"

enum
{
  MAX_NAMES = 12,
  MAX_SLOW = 12 /* characters that the slow matcher compares */
};

/* The N characters of PATTERN against all of TEXT, in every way. */
static bool
slow_match (const char *pattern, size_t n, const char *text)
{
  if (n == 0)
    return *text == '\0';
  if (*pattern == '*')
    return slow_match (pattern + 1, n - 1, text)
           || (*text != '\0' && slow_match (pattern, n, text + 1));
  return *text == *pattern && slow_match (pattern + 1, n - 1, text + 1);
}

/* The matcher, where PATTERN is for whole names. */
static void
compare (const char *pattern, const char *name)
{
  size_t n = strlen (pattern);
  bool found = gcg__pattern_match (pattern, name, true);
  (void)gcg__pattern_match (pattern, name, false);
  if (n <= MAX_SLOW && strlen (name) <= MAX_SLOW && name[0] != '\0'
      && found != slow_match (pattern, n, name))
    abort ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct gcg__rules rules = { 0 }, copy = { 0 };
  struct gcg_error error;
  char *text = malloc (size + 1), *names[MAX_NAMES];
  uint32_t n = 0;
  if (!text)
    return 0;
  if (size > 0)
    memcpy (text, data, size);
  text[size] = '\0';
  for (size_t at = strlen (text) + 1; at <= size && n < MAX_NAMES; at += strlen (text + at) + 1)
    names[n++] = text + at;
  for (uint32_t i = 0; i < n; i++)
    compare (text, names[i]);
  (void)!gcg__rules_parse (&rules, text, "fuzz", &error);
  uint32_t reduced = n > 0 ? gcg__cycle_reduce (names, n) : 0;
  if (reduced > n || (n > 0 && reduced == 0))
    abort ();
  for (uint32_t r = 0; r < rules.n; r++)
    if (rules.list[r].kind == GCG__RULE_CYCLE)
      (void)gcg__rule_cycle (&rules.list[r], names, reduced);
    else
      for (uint32_t i = 0; i < reduced; i++)
        (void)gcg__pattern_match (rules.list[r].pattern, names[i], false);
  if (gcg__rules_add_all (&copy, &rules, &error) == GCG_OK && copy.n != rules.n)
    abort ();
  gcg__rules_fini (&copy);
  gcg__rules_fini (&rules);
  free (text);
  return 0;
}
