/* report_rules.c -- rules that suppress leaks: their patterns, their lines, cycles by name. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "report/suppress.h"

/* Patterns as LeakSanitizer's manual has them. */
static void
test_patterns (void **state)
{
  (void)state;
  static const struct
  {
    const char *pattern, *text;
    bool part, whole;
  } cases[] = {
    { "foo", "foo", true, true },
    { "foo", "xfoox", true, false },
    { "foo", "fo", false, false },
    { "^foo", "foobar", true, false },
    { "^foo", "barfoo", false, false },
    { "foo$", "barfoo", true, false },
    { "foo$", "foofoo", true, false },
    { "foo$", "foobar", false, false },
    { "^foo$", "foo", true, false },
    { "^foo$", "foofoo", false, false },
    { "f*o", "xfabcox", true, false },
    { "f*o", "fabco", true, true },
    { "^f*r$", "foobar", true, false },
    { "^f*r$", "foobars", false, false },
    { "*", "anything", true, true },
    { "a*b*c", "xxaxxbxxcxx", true, false },
    { "a*b*c", "cba", false, false },
    { "**b", "ab", true, true },
    { "", "x", true, false },
    { "^$", "x", false, false },
    { "aab", "aaab", true, false },
    { "*aab*", "aaaaaaaaaaaaab", true, true },
    { "x", "", false, false },
    { "*", "", false, false },
    { "lib*.so$", "/usr/lib/libfoo.so", true, false },
    { "struct a", "struct apple", true, false },
    { "struct a*", "struct apple", true, true },
    { "operator->", "t::operator->()", true, false },
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    {
      if (gcg__pattern_match (cases[i].pattern, cases[i].text, false) != cases[i].part)
        fail_msg ("%s in %s", cases[i].pattern, cases[i].text);
      if (gcg__pattern_match (cases[i].pattern, cases[i].text, true) != cases[i].whole)
        fail_msg ("%s is %s", cases[i].pattern, cases[i].text);
    }
}

/* The slow way: every split of the text. */
static bool
glob (const char *pattern, const char *text)
{
  if (*pattern == '\0')
    return *text == '\0';
  if (*pattern == '*')
    return glob (pattern + 1, text) || (*text != '\0' && glob (pattern, text + 1));
  return *text == *pattern && glob (pattern + 1, text + 1);
}

/* All patterns of up to five of a, b and *, against all texts of up to six of a and b. */
static void
test_all_patterns (void **state)
{
  (void)state;
  unsigned tried = 0;
  for (unsigned p = 1; p < 3 * 3 * 3 * 3 * 3 * 2; p++)
    for (unsigned t = 2; t < 1u << 7; t++)
      {
        char pattern[16], text[16], wild[20];
        int n = 0;
        for (unsigned digits = p; digits > 0; digits /= 3)
          pattern[n++] = "ab*"[digits % 3];
        pattern[n] = '\0';
        n = 0;
        for (unsigned bits = t; bits > 1; bits /= 2)
          text[n++] = bits % 2 ? 'a' : 'b';
        text[n] = '\0';
        snprintf (wild, sizeof wild, "*%s*", pattern);
        if (gcg__pattern_match (pattern, text, true) != glob (pattern, text)
            || gcg__pattern_match (pattern, text, false) != glob (wild, text))
          fail_msg ("%s, %s", pattern, text);
        tried++;
      }
  assert_true (tried > 10000);
}

static void
test_rules (void **state)
{
  (void)state;
  struct gcg__rules rules = { 0 };
  struct gcg_error error;
  assert_int_equal (gcg__rules_parse (&rules,
                                      "# a comment\n\n  leak:foo \t\r\nleak:*\n"
                                      "cycle:struct a -> struct b->struct a\n  # another\n"
                                      "cycle:struct n.next->struct n.next",
                                      "text", &error),
                    GCG_OK);
  assert_int_equal (rules.n, 4);
  assert_string_equal (rules.list[0].pattern, "foo");
  assert_string_equal (rules.list[0].from, "text");
  assert_int_equal (rules.list[0].line, 3);
  assert_int_equal (rules.list[2].n_names, 2);
  assert_string_equal (rules.list[2].names[1], "struct b");
  assert_int_equal (rules.list[3].n_names, 1);
  assert_int_equal (rules.list[3].line, 7);
  static const char *const wrong[] = { "leak:ok\nfoo",   "leak:ok\nleak:", "\ncycle:",
                                       "\ncycle:a->->b", "\nrace:foo",     "\ncycle:a->" };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    {
      error.text[0] = '\0';
      assert_int_equal (gcg__rules_parse (&rules, wrong[i], "wrong", &error), GCG_INVALID);
      assert_non_null (strstr (error.text, "wrong:2: \""));
      assert_non_null (strstr (error.text, "leak:PATTERN"));
    }
  assert_int_equal (gcg__rules_read (&rules, "/nonexistent/rules", &error), GCG_SYSTEM);
  assert_non_null (strstr (error.text, "/nonexistent/rules"));
  gcg__rules_fini (&rules);
}

static void
expect_reduced (const char *letters, const char *wanted)
{
  char text[64][2], *names[64], got[65] = "";
  uint32_t n = (uint32_t)strlen (letters);
  for (uint32_t i = 0; i < n; i++)
    {
      text[i][0] = letters[i];
      text[i][1] = '\0';
      names[i] = text[i];
    }
  n = gcg__cycle_reduce (names, n);
  for (uint32_t i = 0; i < n; i++)
    strcat (got, names[i]);
  assert_string_equal (got, wanted);
}

static void
test_reduced_cycles (void **state)
{
  (void)state;
  expect_reduced ("", "");
  expect_reduced ("a", "a");
  expect_reduced ("aaaa", "a");
  expect_reduced ("ab", "ab");
  expect_reduced ("aba", "ab");
  expect_reduced ("aabbab", "ab");
  expect_reduced ("abcabcabc", "abc");
  expect_reduced ("abcab", "abcab");
  expect_reduced ("abab", "ab");
  expect_reduced ("abac", "abac");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_patterns),
    cmocka_unit_test (test_all_patterns),
    cmocka_unit_test (test_rules),
    cmocka_unit_test (test_reduced_cycles),
  };
  return cmocka_run_group_tests_name ("report_rules", tests, NULL, NULL);
}
