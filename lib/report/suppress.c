/* suppress.c -- see suppress.h.
 *
 * Patterns are matched by going back to the last `*` only, which is enough where `*` is all there
 * is (Kurtz; "Matching wildcards", 2008): no recursion, at worst pattern times name.  A cycle has
 * no beginning: its types are compared from each of its steps on, at most as often as it has steps.
 */
#include <config.h>

#include "report/suppress.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/room.h"

#define MAX_BYTES (UINT64_C (64) << 20)
#define BLANKS    " \t\r"

static void
rule_fini (struct gcg__rule *rule)
{
  free (rule->names);
  free (rule->pieces);
  free (rule->from);
  free (rule->text);
}

void
gcg__rules_fini (struct gcg__rules *rules)
{
  for (uint32_t i = 0; i < rules->n; i++)
    rule_fini (&rules->list[i]);
  free (rules->list);
  *rules = (struct gcg__rules){ 0 };
}

bool
gcg__pattern_match (const char *pattern, const char *text, bool whole)
{
  const char *end = pattern + strlen (pattern);
  bool from_start = whole, to_end = whole;
  if (text[0] == '\0')
    return false;
  if (!whole && pattern < end && pattern[0] == '^')
    {
      from_start = true;
      pattern++;
    }
  if (!whole && pattern < end && end[-1] == '$')
    {
      to_end = true;
      end--;
    }
  const char *again = from_start ? NULL : pattern; /* after the last star, real or implied */
  const char *tried = text;                        /* where what follows it was last looked for */
  for (;;)
    {
      if (pattern < end && *pattern == '*')
        {
          again = ++pattern;
          tried = text;
        }
      else if (pattern == end && (!to_end || *text == '\0'))
        return true;
      else if (pattern < end && *text != '\0' && *pattern == *text)
        {
          pattern++;
          text++;
        }
      else if (again == NULL || *tried == '\0')
        return false;
      else
        {
          pattern = again;
          text = ++tried;
        }
    }
}

uint32_t
gcg__cycle_reduce (char **names, uint32_t n)
{
  uint32_t kept = 0;
  for (uint32_t i = 0; i < n; i++)
    if (kept == 0 || strcmp (names[kept - 1], names[i]) != 0)
      names[kept++] = names[i];
  while (kept > 1 && strcmp (names[0], names[kept - 1]) == 0)
    kept--;
  for (uint32_t period = 1; period < kept; period++)
    {
      uint32_t i = period;
      if (kept % period != 0)
        continue;
      while (i < kept && strcmp (names[i], names[i - period]) == 0)
        i++;
      if (i == kept)
        return period;
    }
  return kept;
}

bool
gcg__rule_cycle (const struct gcg__rule *rule, char *const *names, uint32_t n)
{
  if (n != rule->n_names)
    return false;
  for (uint32_t first = 0; first < n; first++)
    {
      uint32_t i = 0;
      while (i < n && gcg__pattern_match (rule->names[i], names[(first + i) % n], true))
        i++;
      if (i == n)
        return true;
    }
  return false;
}

/* Without the blanks around it; changes TEXT. */
static char *
trim (char *text)
{
  text += strspn (text, BLANKS);
  size_t n = strlen (text);
  while (n > 0 && strchr (BLANKS, text[n - 1]) != NULL)
    n--;
  text[n] = '\0';
  return text;
}

/* Fills in the names of RULE.  Errors: GCG_NO_MEMORY; GCG_INVALID: an empty one. */
static enum gcg_status
rule_split (struct gcg__rule *rule)
{
  uint32_t n = 1;
  for (const char *at = rule->pattern; (at = strstr (at, "->")) != NULL; at += 2)
    n++;
  rule->pieces = strdup (rule->pattern);
  rule->names = calloc (n, sizeof *rule->names);
  if (rule->pieces == NULL || rule->names == NULL)
    return GCG_NO_MEMORY;
  bool empty = false;
  char *at = rule->pieces;
  for (uint32_t i = 0; i < n; i++)
    {
      char *arrow = strstr (at, "->");
      if (arrow != NULL)
        *arrow = '\0';
      rule->names[i] = trim (at);
      empty |= rule->names[i][0] == '\0';
      at = arrow != NULL ? arrow + 2 : at;
    }
  /* Two that are alike need not stand for the same type. */
  rule->n_names = strchr (rule->pattern, '*') != NULL ? n : gcg__cycle_reduce (rule->names, n);
  return empty ? GCG_INVALID : GCG_OK;
}

/* Makes RULE of the line TEXT.  Errors: GCG_NO_MEMORY; GCG_INVALID. */
static enum gcg_status
rule_init (struct gcg__rule *rule, const char *text, const char *from, uint32_t line)
{
  enum gcg_status status = GCG_OK;
  *rule = (struct gcg__rule){ .text = strdup (text), .from = strdup (from), .line = line };
  if (rule->text == NULL || rule->from == NULL)
    status = GCG_NO_MEMORY;
  else if (strncmp (text, "leak:", 5) == 0)
    {
      rule->kind = GCG__RULE_LEAK;
      rule->pattern = rule->text + 5;
      status = rule->pattern[0] == '\0' ? GCG_INVALID : GCG_OK;
    }
  else if (strncmp (text, "cycle:", 6) == 0)
    {
      rule->kind = GCG__RULE_CYCLE;
      rule->pattern = rule->text + 6;
      status = rule_split (rule);
    }
  else
    status = GCG_INVALID;
  if (status != GCG_OK)
    rule_fini (rule);
  return status;
}

static enum gcg_status
rules_add (struct gcg__rules *rules, const char *text, const char *from, uint32_t line,
           struct gcg_error *error)
{
  if (!gcg__room_for_one (&rules->list, rules->n, &rules->size, sizeof *rules->list))
    return gcg__error_write (error, GCG_NO_MEMORY, "%s: out of memory", from);
  enum gcg_status status = rule_init (&rules->list[rules->n], text, from, line);
  if (status == GCG_INVALID)
    return gcg__error_write (error, status,
                             "%s:%u: \"%.80s\" is no rule: write leak:PATTERN or "
                             "cycle:TYPE->TYPE",
                             from, line, text);
  if (status != GCG_OK)
    return gcg__error_write (error, status, "%s: out of memory", from);
  rules->n++;
  return GCG_OK;
}

enum gcg_status
gcg__rules_parse (struct gcg__rules *rules, const char *text, const char *from,
                  struct gcg_error *error)
{
  char *copy = strdup (text), *next = copy;
  enum gcg_status status = GCG_OK;
  if (copy == NULL)
    return gcg__error_write (error, GCG_NO_MEMORY, "%s: out of memory", from);
  for (uint32_t line = 1; next != NULL && status == GCG_OK; line++)
    {
      char *rule = trim (strsep (&next, "\n"));
      if (rule[0] != '\0' && rule[0] != '#')
        status = rules_add (rules, rule, from, line, error);
    }
  free (copy);
  return status;
}

enum gcg_status
gcg__rules_add_all (struct gcg__rules *rules, const struct gcg__rules *from,
                    struct gcg_error *error)
{
  enum gcg_status status = GCG_OK;
  for (uint32_t i = 0; i < from->n && status == GCG_OK; i++)
    status = rules_add (rules, from->list[i].text, from->list[i].from, from->list[i].line, error);
  return status;
}

enum gcg_status
gcg__read_text (const char *path, char **text, struct gcg_error *error)
{
  enum gcg_status status = GCG_OK;
  size_t n = 0, size = 1 << 16;
  char *bytes = malloc (size + 1);
  FILE *file = fopen (path, "re");
  if (file == NULL)
    status = gcg__error_write (error, GCG_SYSTEM, "%s: %s", path, strerror (errno));
  else if (bytes == NULL)
    status = gcg__error_write (error, GCG_NO_MEMORY, "%s: out of memory", path);
  while (status == GCG_OK)
    {
      n += fread (bytes + n, 1, size - n, file);
      if (n < size)
        break;
      char *more = size < MAX_BYTES ? realloc (bytes, 2 * size + 1) : NULL;
      if (size >= MAX_BYTES)
        status = gcg__error_write (error, GCG_INVALID, "%s: longer than 64 MiB", path);
      else if (more == NULL)
        status = gcg__error_write (error, GCG_NO_MEMORY, "%s: out of memory", path);
      else
        {
          bytes = more;
          size *= 2;
        }
    }
  if (status == GCG_OK && ferror (file))
    status = gcg__error_write (error, GCG_SYSTEM, "%s: %s", path, strerror (errno));
  if (file != NULL)
    fclose (file);
  if (status != GCG_OK)
    {
      free (bytes);
      return status;
    }
  bytes[n] = '\0';
  *text = bytes;
  return GCG_OK;
}

enum gcg_status
gcg__rules_read (struct gcg__rules *rules, const char *path, struct gcg_error *error)
{
  char *text;
  enum gcg_status status = gcg__read_text (path, &text, error);
  if (status != GCG_OK)
    return status;
  status = gcg__rules_parse (rules, text, path, error);
  free (text);
  return status;
}
