/* words.c -- see words.h. */
#include "config.h"

#include "words.h"

#include <string.h>

#include "maps.h"
#include "peek.h"
#include "raw.h"
#include "site.h"
#include "snapshot/machine.h"

uint32_t
gcg__freeze_text_stopped (struct gcg__freeze *freeze, const char *text)
{
  struct column *strings = COLUMN (freeze, STRINGS);
  size_t n = strnlen (text, GCG__STRING_MAX) + 1; /* longer ones the checker refuses */
  char *copy;

  if (n == 1)
    return 0;
  copy = column_reserve_stopped (strings, 1, n, &freeze->error);
  if (!copy)
    return 0;
  memcpy (copy, text, n - 1);
  copy[n - 1] = 0;
  strings->n += n;
  return (uint32_t)(strings->n - n);
}

uint32_t
gcg__file_text_stopped (struct gcg__freeze *freeze, const char *path)
{
  struct column *strings = COLUMN (freeze, STRINGS);
  uint32_t start = (uint32_t)strings->n;
  int fd = raw_open (path, O_RDONLY);
  long n = 0;

  if (fd < 0)
    return 0;
  for (;;)
    {
      char *at = column_reserve_stopped (strings, 1, 4097, &freeze->error);
      n = at ? raw_read (fd, at, 4096) : -1;
      if (n <= 0)
        break;
      /* Arguments are separated by NUL; a string here ends at the first. */
      for (long i = 0; i < n; i++)
        if (!at[i])
          at[i] = ' ';
      strings->n += (uint64_t)n;
    }
  raw_close (fd);
  if (strings->n == start || n < 0)
    {
      strings->n = start;
      return 0;
    }
  ((char *)strings->data)[strings->n++] = 0;
  return start;
}

uint32_t
gcg__freeze_given_stopped (struct gcg__freeze *freeze, uint64_t address)
{
  const char *text = (const char *)(uintptr_t)address;
  struct column *strings = COLUMN (freeze, STRINGS);
  size_t n = strlen (text) + 1;
  char *copy = n > 1 ? column_reserve_stopped (strings, 1, n, &freeze->error) : NULL;

  if (!copy)
    return 0;
  memcpy (copy, text, n);
  strings->n += n;
  return (uint32_t)(strings->n - n);
}

void
gcg__freeze_site_stopped (struct gcg__freeze *freeze, uint32_t id, bool with_texts)
{
  const struct gcg__site_entry *entry = gcg__site_entry (id);
  bool is_stack = entry->n_frames && !entry->file[0];
  struct gcg__site site = { .kind = is_stack ? GCG__SITE_STACK : GCG__SITE_MACRO };
  struct column *frames = COLUMN (freeze, FRAMES);

  if (with_texts)
    {
      site.line = entry->line;
      site.file = gcg__freeze_text_stopped (freeze, entry->file);
      site.function = gcg__freeze_text_stopped (freeze, entry->function);
      site.expression = gcg__freeze_text_stopped (freeze, entry->expression);
      site.type = gcg__freeze_text_stopped (freeze, entry->type);
      site.first_frame = (uint32_t)frames->n;
      site.n_frames = entry->n_frames;
      for (uint32_t j = 0; j < entry->n_frames; j++)
        COLUMN_PUSH (frames, uint64_t, entry->frames[j], &freeze->error);
    }
  COLUMN_PUSH (COLUMN (freeze, SITES), struct gcg__site, site, &freeze->error);
}

void
gcg__freeze_program_stopped (struct gcg__freeze *freeze, struct gcg__info *info)
{
  char path[64], exe[4096];
  long n;

  info->pid = (uint32_t)freeze->pid;
  info->page_bytes = gcg__page_bytes ();
  info->machine = GCG__MACHINE;
#ifdef GCG_MALLOC
  info->flags |= GCG__INFO_PRELOADED | GCG__INFO_MALLOC;
#endif
#ifdef GCG_PRELOAD
  info->flags |= GCG__INFO_PRELOADED;
#endif
  info->agent_version = gcg__freeze_text_stopped (freeze, PACKAGE_VERSION);
  if (freeze->walk)
    {
      info->program = gcg__freeze_given_stopped (freeze, freeze->walk->exe);
      info->command_line = gcg__freeze_given_stopped (freeze, freeze->walk->command_line);
      return;
    }
  gcg__path (path, sizeof path, "/proc/", (uint64_t)freeze->pid, "/exe");
  n = syscall (SYS_readlinkat, AT_FDCWD, path, exe, sizeof exe - 1);
  exe[n > 0 ? n : 0] = 0;
  info->program = gcg__freeze_text_stopped (freeze, exe);
  gcg__path (path, sizeof path, "/proc/", (uint64_t)freeze->pid, "/cmdline");
  info->command_line = gcg__file_text_stopped (freeze, path);
}
