/* baseline.c -- see baseline.h. */
#include <config.h>

#include "report/baseline.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/room.h"
#include "report/suppress.h"

static int
signature_compare (const void *a, const void *b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

/* false: out of memory. */
static bool
baseline_add (struct gcg__baseline *baseline, const char *signature)
{
  if (!gcg__room_for_one (&baseline->signatures, baseline->n, &baseline->size,
                          sizeof *baseline->signatures))
    return false;
  char *copy = strdup (signature);
  if (copy == NULL)
    return false;
  baseline->signatures[baseline->n++] = copy;
  return true;
}

/* Adds the signatures of the GROUPS of a report. */
static enum gcg_status
baseline_add_groups (struct gcg__baseline *baseline, const json_t *groups, const char *path,
                     struct gcg_error *error)
{
  size_t i;
  const json_t *group;
  json_array_foreach (groups, i, group)
  {
    const char *signature = json_string_value (json_object_get (group, "signature"));
    if (signature == NULL)
      return gcg__error_write (error, GCG_INVALID, "%s: group %zu has no signature", path, i + 1);
    if (!baseline_add (baseline, signature))
      return gcg__error_write (error, GCG_NO_MEMORY, "%s: out of memory", path);
  }
  return GCG_OK;
}

static enum gcg_status
baseline_read_json (struct gcg__baseline *baseline, const char *text, const char *path,
                    struct gcg_error *error)
{
  json_error_t wrong;
  json_t *report = json_loads (text, 0, &wrong);
  if (report == NULL)
    return gcg__error_write (error, GCG_INVALID, "%s:%d: not JSON: %s", path, wrong.line,
                             wrong.text);
  const json_t *groups = json_object_get (report, "groups");
  const json_t *known = json_object_get (report, "known_groups");
  enum gcg_status status;
  if (!json_is_array (groups))
    status = gcg__error_write (error, GCG_INVALID,
                               "%s: no report of leaks: write one with gcglass leaks --json", path);
  else
    status = baseline_add_groups (baseline, groups, path, error);
  if (status == GCG_OK && json_is_array (known))
    status = baseline_add_groups (baseline, known, path, error);
  json_decref (report);
  return status;
}

static enum gcg_status
baseline_read_lines (struct gcg__baseline *baseline, char *text, const char *path,
                     struct gcg_error *error)
{
  for (char *next = text, *line; (line = strsep (&next, "\n")) != NULL;)
    {
      line += strspn (line, " \t");
      size_t n = strlen (line);
      while (n > 0 && strchr (" \t\r", line[n - 1]) != NULL)
        line[--n] = '\0';
      if (n > 0 && line[0] != '#' && !baseline_add (baseline, line))
        return gcg__error_write (error, GCG_NO_MEMORY, "%s: out of memory", path);
    }
  return GCG_OK;
}

enum gcg_status
gcg__baseline_read (struct gcg__baseline *baseline, const char *path, struct gcg_error *error)
{
  char *text;
  struct gcg__baseline made = { 0 };
  enum gcg_status status = gcg__read_text (path, &text, error);
  if (status != GCG_OK)
    return status;
  if (text[strspn (text, " \t\r\n")] == '{')
    status = baseline_read_json (&made, text, path, error);
  else
    status = baseline_read_lines (&made, text, path, error);
  free (text);
  if (status != GCG_OK)
    {
      gcg__baseline_fini (&made);
      return status;
    }
  if (made.n > 0)
    qsort (made.signatures, made.n, sizeof *made.signatures, signature_compare);
  *baseline = made;
  return GCG_OK;
}

void
gcg__baseline_fini (struct gcg__baseline *baseline)
{
  for (uint32_t i = 0; i < baseline->n; i++)
    free (baseline->signatures[i]);
  free (baseline->signatures);
  *baseline = (struct gcg__baseline){ 0 };
}

bool
gcg__baseline_knows (const struct gcg__baseline *baseline, const char *signature)
{
  return baseline->n > 0
         && bsearch (&signature, baseline->signatures, baseline->n, sizeof *baseline->signatures,
                     signature_compare)
                != NULL;
}
