/* process.c -- see process.h; proc(5).  The texts come from a file: anything may stand there. */
#include <config.h>

#include "report/process.h"

#include <stdlib.h>
#include <string.h>

/* Fields of /proc/PID/stat, counted from 1 as in proc(5). */
#define STAT_MINOR_FAULTS 10
#define STAT_MAJOR_FAULTS 12

/* The number after "NAME:" at the start of a line of TEXT; false: not there. */
static bool
status_number (const char *text, const char *name, uint64_t *number)
{
  size_t n = strlen (name);
  for (const char *line = text; line != NULL; line = strchr (line, '\n'))
    {
      line += *line == '\n';
      if (strncmp (line, name, n) != 0 || line[n] != ':')
        continue;
      const char *digits = line + n + 1 + strspn (line + n + 1, " \t");
      if (*digits < '0' || *digits > '9')
        return false;
      *number = strtoull (digits, NULL, 10);
      return true;
    }
  return false;
}

/* Field FIELD (> 2) of the text of stat; the second one, in parentheses, may hold blanks. */
static bool
stat_number (const char *text, int field, uint64_t *number)
{
  const char *word = strrchr (text, ')');
  for (int i = 2; word != NULL && i < field; i++)
    {
      word = strchr (word, ' ');
      if (word != NULL)
        word++;
    }
  if (word == NULL || *word < '0' || *word > '9')
    return false;
  *number = strtoull (word, NULL, 10);
  return true;
}

void
gcg__process_write_smaps (const char *smaps, struct gcg__json *json)
{
  static const struct
  {
    const char *key, *name;
  } figures[] = {
    { "rss_bytes", "Rss" },
    { "pss_bytes", "Pss" },
    { "shared_clean_bytes", "Shared_Clean" },
    { "shared_dirty_bytes", "Shared_Dirty" },
    { "private_clean_bytes", "Private_Clean" },
    { "private_dirty_bytes", "Private_Dirty" },
    { "referenced_bytes", "Referenced" },
    { "anonymous_bytes", "Anonymous" },
    { "swap_bytes", "Swap" },
  };
  uint64_t number;
  if (smaps == NULL)
    {
      gcg__json_null (json, "smaps");
      return;
    }
  gcg__json_object (json, "smaps");
  for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
    if (status_number (smaps, figures[i].name, &number) && number <= INT64_MAX / 1024)
      gcg__json_unsigned (json, figures[i].key, number * 1024);
    else
      gcg__json_null (json, figures[i].key);
  gcg__json_end (json);
}

void
gcg__process_write (const char *status, const char *stat, struct gcg__json *json)
{
  static const struct
  {
    const char *key, *name;
    unsigned unit;
  } figures[] = {
    { "virtual_bytes", "VmSize", 1024 },
    { "peak_virtual_bytes", "VmPeak", 1024 },
    { "locked_bytes", "VmLck", 1024 },
    { "resident_bytes", "VmRSS", 1024 },
    { "peak_resident_bytes", "VmHWM", 1024 },
    { "anonymous_bytes", "RssAnon", 1024 },
    { "file_bytes", "RssFile", 1024 },
    { "shared_bytes", "RssShmem", 1024 },
    { "data_bytes", "VmData", 1024 },
    { "stack_bytes", "VmStk", 1024 },
    { "code_bytes", "VmExe", 1024 },
    { "library_bytes", "VmLib", 1024 },
    { "page_table_bytes", "VmPTE", 1024 },
    { "swap_bytes", "VmSwap", 1024 },
    { "threads", "Threads", 1 },
  };
  static const struct
  {
    const char *key;
    int field;
  } faults[] = { { "major_faults", STAT_MAJOR_FAULTS }, { "minor_faults", STAT_MINOR_FAULTS } };
  uint64_t number;
  gcg__json_object (json, "process");
  for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
    if (status != NULL && status_number (status, figures[i].name, &number)
        && number <= INT64_MAX / 1024)
      gcg__json_unsigned (json, figures[i].key, number * figures[i].unit);
    else
      gcg__json_null (json, figures[i].key);
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
    if (stat != NULL && stat_number (stat, faults[i].field, &number))
      gcg__json_unsigned (json, faults[i].key, number);
    else
      gcg__json_null (json, faults[i].key);
  gcg__json_end (json);
}
